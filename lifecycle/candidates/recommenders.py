"""What the families that recommend have in common: where the columns of events are."""

from typing import TYPE_CHECKING

from lifecycle.errors import DefinitionError

if TYPE_CHECKING:
    from lifecycle.models.blueprint import Blueprint


def events(plan: "Blueprint") -> dict[str, str]:
    """The names of the columns with the users' and the items' ids, as a recommender takes them.

    Raises:
        DefinitionError: `features()` does not return one of them.
    """
    found = {role.name: name for name, role in plan.encoded}
    missing = [role for role in ("user", "item") if role not in found]
    if missing:
        raise DefinitionError(f"a recommender learns from the columns with the roles user and item, found no {missing[0]} in what features() returns")
    return {"user": found["user"], "item": found["item"]}


def described(plan: "Blueprint") -> tuple[str, ...]:
    """The other inputs that are texts or Booleans: what an item is."""
    return tuple(name for name in (*plan.categorical, *plan.wide))
