"""Which columns of a new table say who had what, when, and how it was liked."""

from dataclasses import dataclass

from lifecycle.draft import roles
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.names import words
from lifecycle.errors import DataError
from lifecycle.store.lake import quoted

USERS = frozenset({"user", "users", "customer", "client", "member", "visitor", "reader", "listener", "viewer", "session", "uid", "userid"})
ITEMS = frozenset(
    {"item", "items", "movie", "film", "product", "article", "book", "song", "track", "artist", "video", "sku", "asin", "isbn", "game", "recipe"}
    | {"iid", "itemid", "movieid", "productid"}
)
RATINGS = frozenset({"rating", "ratings", "stars", "score", "grade"})
TIMES = 1.5
"""So often a user, or an item, comes at least."""


@dataclass(frozen=True)
class Found:
    """The columns of events."""

    user: ColumnProfile
    item: ColumnProfile
    rating: ColumnProfile | None
    time: ColumnProfile | None


def found(table: Table) -> Found | None:
    """The columns of events, by their names and by how often their values come; `None`: there is no user, or no item."""
    free = roles.open_to(table, "")
    user, item = (_ids(free, names) for names in (USERS, ITEMS))
    if user is None or item is None or user is item:
        return None
    rating = next((each for each in free if each.number and words(each.came) & RATINGS and 2 <= each.distinct <= 101), None)
    time = next((each for each in table.columns if each.moment and (each in free or "time" in each.roles)), None)
    return Found(user, item, rating, time)


def give(table: Table) -> None:
    """Give the columns their roles, and leave out what is not told of items.

    Raises:
        DataError: there is no user, or no item.
    """
    events = found(table)
    if events is None:
        raise DataError(
            "a ranking needs a column that says who (such as user_id) and one that says what (such as item_id), whose values come again and again, "
            f"found {', '.join(each.came for each in table.columns if each.came)}; rename them so in the source, or write the schema by hand"
        )
    roles.give(events.user, "user", why=f"{events.user.distinct:,} of them in {events.user.rows:,} rows: who had something")
    roles.give(events.item, "item", why=f"{events.item.distinct:,} of them: what is recommended")
    if events.rating:
        roles.give(events.rating, "rating", why="how it was liked: from four fifths of its scale on an event is liked")
    for column in roles.open_to(table, ""):
        if column is not events.time and not (column.type in ("str", "bool") and _of_item(table, column, events.item)):
            roles.give(column, "ignored", why="left out: it is no text or yes-or-no that says what an item is")


def _ids(free: list[ColumnProfile], names: frozenset[str]) -> ColumnProfile | None:
    likely = [
        each
        for each in free
        if each.type in ("int", "str") and words(each.came) & names and each.rows - each.nulls >= TIMES * each.distinct >= TIMES * 2
    ]
    return min(likely, key=lambda each: (not words(each.came) & {"id"}, each.words), default=None)


def _of_item(table: Table, column: ColumnProfile, item: ColumnProfile) -> bool:
    """Whether each item has one value of a column, but for a few."""
    name, of = quoted(column.name), quoted(item.name)
    query = f"SELECT avg((n = 1)::INT) FROM (SELECT count(DISTINCT {name}) AS n FROM clean WHERE {name} IS NOT NULL GROUP BY {of})"
    share = table.sample.connection.execute(query).fetchall()[0][0]
    return share is not None and share > 0.95
