"""What a role of a column answers for, and where roles are found.

The machinery asks a column's roles and never which they are, but for those that it reads by name: the key, the time, the target. A role is
one file of `lifecycle/roles/`, or one module outside the repository under the entry point `lifecycle.roles`, whose `role` is an object
with these methods; a schema may also hold one itself: `column(role)`.
"""

from typing import TYPE_CHECKING, Any

from lifecycle import variants
from lifecycle.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import polars as pl
    from sklearn.base import BaseEstimator

    from lifecycle.artifact import Artifact
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.kind import Kind
    from lifecycle.usecase import UseCase

FOLDER = "lifecycle.roles"


class Role:
    """What a column is to its row. What is here is right for most roles; a role overrides what differs.

    A role has no state: what it says depends on its arguments alone.
    """

    name: str
    """As a schema says it: `column("text")`."""
    extra: str = ""
    """The extra whose libraries it needs (`lifecycle.extras`)."""
    single: bool = False
    """Whether one column of a schema can have it, and no second."""
    feature: bool = False
    """Whether `lifecycle new` makes its columns inputs of the model."""
    beside: bool = True
    """Whether the stages carry its columns beside the inputs."""
    outcome: bool = False
    """Whether its cells become known after the row does: a source may lack it, and `features()` must not return it."""
    given: bool = False
    """Whether its cells count the rows: `features()` must not return them, and where the column is nullable, a row that comes without
    one is given the next when it is loaded, which is then no part of the row's content."""
    requested: bool = True
    """Whether a row of a request brings it."""
    optional: bool = False
    """Whether a row of a request may leave it out."""
    personal: bool = False
    """Whether its values belong to one row or one person, so that none of them is shown as typical."""
    example: Any = None
    """A cell that it takes, as JSON has it; `None`: one of the column's type."""
    input: str = ""
    """How a page asks for a cell: `area`, several lines of text; empty: as its type says."""
    place: int = 0
    """Where several could be drafted, the least is asked first."""

    def refuses(self, dtype: Any) -> str:
        """Why a column of this Polars type cannot have the role, after "it needs"; empty where it can."""
        return ""

    rows: int = 0
    """The most cells of it that are held at once where rows come in pieces; 0: as many as of any other."""

    def wrong(self, cell: Any) -> str:
        """What a cell of the right type must be and is not (`an image, found other bytes`); empty where nothing is wrong. Asked where it is overridden."""
        return ""

    @property
    def judges(self) -> bool:
        """Whether cells of the right type can be wrong all the same."""
        return type(self).wrong is not Role.wrong

    def encodes(self, dtype: Any) -> bool:
        """Whether `encoder` turns inputs of this Polars type into numbers; else they are taken for what their type says."""
        return False

    def encoder(self, kind: "Kind", seed: int) -> "BaseEstimator":
        """An unfitted transformer of one column, a Polars frame of shape (n, 1), into numbers of shape (n, m). It is fitted with the model.

        Args:
            kind: of the problem.
            seed: of everything random.
        """
        raise NotImplementedError

    def read_as(self, ways: tuple[str, ...]) -> "Role":
        """The same role with an `encoder` that reads in these ways, where it knows several and a family chooses; else itself."""
        return self

    @property
    def artifacts(self) -> "tuple[Artifact, ...]":
        """Weights of others that its `encoder` reads with; told in the model card."""
        return ()

    def prepare(self, use_case: "UseCase", inputs: "pl.Series") -> None:
        """Do what is worth doing once for all rows, before models read them: what is kept then is there for every trial, for scoring and HTTP."""

    def views(self, use_case: "UseCase", name: str, inputs: "pl.Series") -> "dict[str, tuple[dict[str, Any], pl.Series]] | None":
        """What is watched of an input whose own values say little: `None` where they are watched themselves.

        Args:
            use_case: the definition.
            name: of the input.
            inputs: of the reference rows, length n.

        Returns:
            By name: what is kept of a view, as JSON can hold it, and its values on these rows, length n.
        """
        return None

    def view(self, kept: "Mapping[str, Any]", inputs: "pl.Series") -> "pl.Series":
        """One of the views of other rows, by what was kept of it."""
        raise NotImplementedError

    def plots(self, use_case: "UseCase", name: str, evidence: "Evidence", model: Any) -> dict[str, bytes]:
        """Pictures that an evaluation shows of an input that this role reads, as PNG by name.

        Args:
            use_case: the definition.
            name: of the input.
            evidence: what was judged.
            model: the judged model, or the recipe of a cross-validation.
        """
        return {}

    def picture(self, cell: Any, ask: "Callable[[pl.Series], np.ndarray]") -> bytes | None:
        """One input with what matters in it, as PNG; `None` where it cannot be shown. `ask` gives the explained number for other values of it."""
        return None

    def coordinates(self, kind: "Kind", seed: int) -> "BaseEstimator":
        """The same for numbers in which distance means unlikeness, and without a target: what clusterings are made in."""
        return self.encoder(kind, seed)

    def drafted(self, column: "ColumnProfile") -> str:
        """Why a column of a new table has this role, as `lifecycle new` says it; empty where nothing tells."""
        return ""

    def drafts(self, name: str, cells: "list[Any]") -> str:
        """What `features()` of a draft makes of such a column, as code: a call of a function of `lifecycle`; empty: it stays as it is.

        Args:
            name: of the column, as a literal.
            cells: its first few values.
        """
        return ""

    def families(self) -> tuple[str, ...]:
        """What a draft with such a column lists beside the kind's own families, as calls of functions of `lifecycle`; the simplest first."""
        return ()

    def __repr__(self) -> str:
        return self.name


_roles = variants.Named(FOLDER, "role", Role)


def find(name: str) -> Role:
    """The role of this name.

    Raises:
        DefinitionError: there is none.
    """
    found = _roles.get(name)
    if found is None:
        raise DefinitionError(f"unknown role '{name}'; the roles are {', '.join(_roles.all())}")
    return found


def drafting() -> list[Role]:
    """All roles, in the order in which a draft asks them."""
    return sorted(_roles.all().values(), key=lambda role: role.place)
