"""What splits along time, or along another order, have in common: the oldest rows train, the newest judge."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import polars as pl

from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.folds import FOLDS
from lifecycle.splits.split import MIN_PART_ROWS, Shares

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

B = TypeVar("B", bound=Boundaries)


@dataclass(frozen=True)
class Lines:
    """Where the parts begin and end, as whole numbers along the order."""

    train_until: int
    tune_from: int
    tune_until: int
    gate_from: int


@dataclass(frozen=True)
class ForwardSplit(Shares[B]):
    """Oldest rows train, then tune, then gate. What a row's place is, and how far apart the parts are, its variants say."""

    moving: bool = field(default=False, kw_only=True)
    """Whether models move on with the world: fitted on the newest half or quarter of the rows, where the tune part shows that this is better."""

    repeats: ClassVar[int | None] = 1

    def place(self, use_case: "UseCase") -> pl.Expr:
        """A row's place along the order, a whole number."""
        raise NotImplementedError

    def known(self, use_case: "UseCase") -> pl.Expr:
        """The place from which on a row's label is known."""
        return self.place(use_case)

    def spacing(self) -> int:
        """How much is left out between the parts."""
        raise NotImplementedError

    def windows(self) -> tuple[float, ...]:
        return (0.5, 0.25) if self.moving else ()

    def newest(self, use_case: "UseCase", info: pl.DataFrame, share: float) -> np.ndarray:
        place = info.select(self.place(use_case)).to_series().to_numpy()
        return place >= np.quantile(place, 1 - share, method="higher")

    def hashed(self, use_case: "UseCase") -> None:
        return None

    def last_known(self, use_case: "UseCase", info: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        label_time = use_case.columns.one("label_time")
        known = self.known(use_case) if label_time else self.place(use_case) + self.spacing()
        found = info.select(self.place(use_case).alias("place"), known.alias("known"))
        return found["place"].to_numpy(), found["known"].to_numpy()

    def folds(self, use_case: "UseCase", rows: "Rows", repeat: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Forward chaining: each block of the later half is predicted from the rows, and labels, that were there before it."""
        place, known = (rows.info.select(each(use_case)).to_series().to_numpy() for each in (self.place, self.known))
        gap = self.spacing()
        edges = np.quantile(place, np.linspace(0.5, 1, FOLDS + 1), method="higher").tolist()
        for start, end in zip(edges[:-1], [*edges[1:-1], np.inf], strict=True):
            tested = np.flatnonzero((place >= start) & (place < end))
            before = np.flatnonzero((place < start - gap) & (known <= start))
            if not len(tested) or not len(before):
                continue
            line = np.quantile(place[before], self.train / (self.train + self.tune), method="higher")
            early = (place[before] < line - gap) & (known[before] <= line)
            yield before[early], before[place[before] >= line], tested

    def said(self, predicted: int, total: int, repeats: int, rows: str) -> str:
        return f"forward-chained cross-validation: the later {predicted:,} of {total:,} {rows} in {FOLDS} blocks, each predicted from what came before it"


def parts(place: pl.Expr, known: pl.Expr, at: dict[str, Any]) -> pl.Expr:
    """A row's part by its place; in train and tune only rows whose label was known when the next part began.

    Args:
        place: of a row.
        known: from where on its label is known.
        at: the lines by name, as `TimeBoundaries` has them.
    """
    return (
        pl.when(place < at["train_from"]).then(pl.lit("warm_up"))
        .when(place < at["train_until"]).then(pl.when(known <= at["tune_from"]).then(pl.lit("train")).otherwise(pl.lit("gap")))
        .when(place < at["tune_from"]).then(pl.lit("gap"))
        .when(place < at["tune_until"]).then(pl.when(known <= at["gate_from"]).then(pl.lit("tune")).otherwise(pl.lit("gap")))
        .when(place < at["gate_from"]).then(pl.lit("gap"))
        .when((place <= at["known_until"]) & (known <= at["as_of"])).then(pl.lit("gate"))
        .otherwise(pl.lit("unlabelled"))
    )  # fmt: skip


def lines(chosen: Shares[Any], places: np.ndarray, gap: int) -> Lines | None:
    """Lines such that the parts have their shares of the rows that are left when the gaps are out; `None`: too few are.

    Found by bisection on the end of `train`: the later it is, the fewer rows are left for the gate.

    Args:
        chosen: the shares.
        places: of the rows between the warm-up and the unlabelled tail, sorted.
        gap: that is left out between two parts.
    """

    def drawn(count: int) -> tuple[Lines, int]:
        train_until = int(places[min(count, len(places) - 1)])
        tune_from = train_until + gap
        position = int(np.searchsorted(places, tune_from))
        position = min(position + round(count * chosen.tune / chosen.train), len(places) - 1)
        tune_until = int(places[position])
        gate_from = tune_until + gap
        return Lines(train_until, tune_from, tune_until, gate_from), len(places) - int(np.searchsorted(places, gate_from))

    low, high = 1, max(len(places) - 1, 1)
    while len(places) and low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if drawn(middle)[1] >= middle * chosen.gate / chosen.train else (low, middle - 1)
    if len(places) < 3 * MIN_PART_ROWS or drawn(low)[1] < MIN_PART_ROWS or low < MIN_PART_ROWS:
        return None
    return drawn(low)[0]


def recent(found: Lines, gap: int, longest: int | None, end: int) -> Lines:
    """The same lines with the tune and the gate part moved towards the end, where they span more than `longest`."""
    if longest is None:
        return found
    tuned = min(found.tune_until - found.tune_from, longest)
    gate_from = max(found.gate_from, end - longest)
    tune_until = gate_from - gap
    tune_from = tune_until - tuned
    return Lines(tune_from - gap, tune_from, tune_until, gate_from)
