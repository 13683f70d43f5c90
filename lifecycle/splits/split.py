"""What a way to divide rows answers for. A definition may bring its own: a frozen dataclass that derives from `Split`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from lifecycle.splits import folds
from lifecycle.splits.boundaries import Boundaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import polars as pl

    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

PARTS = ("train", "tune", "gate")
MIN_PART_ROWS = 20
"""Labelled rows that each part needs at the very least."""


B = TypeVar("B", bound=Boundaries)


class Split(Generic[B]):
    """A way to divide rows into `train`, `tune` and `gate`.

    Lines are drawn once (`bounds`), kept with the model, and then say of every row, old or new, which part it has (`part`).
    Cross-validation, for small data, cuts the rows in the same spirit (`folds`).
    """

    role: ClassVar[str] = ""
    """The role of a column that the schema must have for it."""
    boundaries: ClassVar[type[Boundaries]] = Boundaries
    """What its lines are."""
    whole: ClassVar[bool] = False
    """Whether the part of a row follows from the other rows beside it, so that it is told by the whole table that the lines were drawn on."""
    repeats: ClassVar[int | None] = None
    """How often cross-validation can cut the rows in another way; `None`: as often as it likes."""

    def check(self, use_case: "UseCase") -> None:
        """Refuse a definition that cannot be divided like this.

        Raises:
            DefinitionError: what is missing, and the remedy.
        """
        if self.role and not use_case.columns.one(self.role):
            raise use_case.wrong(
                f"split={type(self).__name__} needs a column with the role '{self.role}' in schema {use_case.schema.__name__}, found none"
            )

    def reads(self, use_case: "UseCase") -> list[str]:
        """The columns that lines are drawn by, beside `_hash` and `_time`."""
        return [
            name for role in dict.fromkeys(("target", "label_time", self.role)) if role and role != "time" and (name := use_case.columns.one(role))
        ]

    def bounds(self, use_case: "UseCase", info: "pl.DataFrame") -> B:
        """The lines.

        Args:
            use_case: the definition.
            info: all rows: `_hash`, `_time` where there is time, and what `reads` names.

        Raises:
            NotEnoughData: the rows cannot be divided like this.
        """
        raise NotImplementedError

    def drawn(self, kept: "Mapping[str, Any]") -> B | None:
        """The lines that are kept with a model; `None` where another kind of split drew them."""
        return cast("B | None", self.boundaries.from_json(kept))

    def part(self, use_case: "UseCase", bounds: B) -> "pl.Expr":
        """The part of a row whose label is known: `train`, `tune`, `gate`, or a word for none of them."""
        raise NotImplementedError

    def labelled(self, use_case: "UseCase", bounds: B) -> "pl.Expr":
        """Whether a row that has a target, and so what it is, was known when the lines were drawn: the deployed model is fitted on these."""
        return self.part(use_case, bounds).is_in(PARTS)

    def rule(self, use_case: "UseCase") -> str:
        """The rule in words that change with it: under another rule the lines that were drawn before mean nothing."""
        return f"{self!r}, by {use_case.columns.one('group') or use_case.columns.one('key')}, seed {use_case.seed}"

    def hashed(self, use_case: "UseCase") -> str | None:
        """The column whose hash is a row's `_hash`, a number in [0, 1) that it always has; empty: the key, else the row's content; `None`: not needed."""
        return use_case.columns.one("group") or ""

    def unseen(self, use_case: "UseCase", bounds: B) -> "pl.Expr | None":
        """Whether a row is beyond all that was trained or tuned on, where the lines lie in time, or along another order."""
        return None

    def windows(self) -> tuple[float, ...]:
        """The shares of the rows, the newest, that a model may be fitted on in place of all: the tune part chooses."""
        return ()

    def newest(self, use_case: "UseCase", info: "pl.DataFrame", share: float) -> "np.ndarray":
        """Whether each row is among the newest; where rows have no order, all are."""
        import numpy as np

        return np.ones(info.height, dtype=bool)

    def last_known(self, use_case: "UseCase", info: "pl.DataFrame") -> "tuple[np.ndarray, np.ndarray] | None":
        """The place of each row along time or another order, and the place from which on its label is known, as whole numbers; `None`: rows have none."""
        return None

    def folds(self, use_case: "UseCase", rows: "Rows", repeat: int) -> "Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]":
        """Positions of the rows to fit on, to tune on, and to predict, fold by fold.

        Args:
            use_case: the definition.
            rows: all labelled rows.
            repeat: the number of this division; each cuts in another way.
        """
        return folds.shuffled(use_case, rows, use_case.seed + repeat, self.tuned)

    @property
    def tuned(self) -> float:
        """The share of the rows left to fit on that a fold tunes with."""
        return 0.25

    def said(self, predicted: int, total: int, repeats: int, rows: str) -> str:
        """How a cross-validation of these rows went, in words for a report."""
        return f"{folds.FOLDS}-fold cross-validation over all {total:,} {rows}, {repeats} times"


@dataclass(frozen=True)
class Shares(Split[B]):
    """How much of the data goes to each part."""

    train: float = 0.6
    tune: float = 0.2
    gate: float = 0.2

    @property
    def tuned(self) -> float:
        """As the shares say, where nothing is kept for the gate."""
        return self.tune / (self.train + self.tune)

    def check(self, use_case: "UseCase") -> None:
        """Refuse shares that are no division, too."""
        super().check(use_case)
        shares = [self.train, self.tune, self.gate]
        if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
            raise use_case.wrong(f"the shares of a split are positive and add up to 1, found {shares}")
