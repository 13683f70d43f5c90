"""Decisions by how many cases can be looked at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lifecycle.operating_points.operating_point import OperatingPoint
from lifecycle.operating_points.threshold import above, halfway

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.evaluation.evaluation_set import EvaluationSet
    from lifecycle.evaluation.report import DecisionReport
    from lifecycle.evaluation.statistics import Statistic
    from lifecycle.usecase import UseCase

LISTED = "_listed"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Capacity(OperatingPoint):
    """So many cases can be looked at, those with the highest probabilities: of each day, or of each so many rows.

    The threshold is the one above which as many rows lie as can be looked at, on average; `precision@k`, the share of true cases among those
    looked at, decides. Rows of equal probability share the places that are left for them.
    """

    knows_nothing: ClassVar[str] = "any rows"

    cases: int
    """How many can be looked at."""
    per: timedelta | int = DAY
    """Of which rows: those of each such span of the time column, or each so many rows, whichever come together."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Precision and recall of what is looked at."""
        return (f"precision@{self.cases}", f"recall@{self.cases}")

    def check(self, use_case: "UseCase") -> None:
        """Whole spans must be judged, or a share of rows."""
        if not isinstance(self.cases, int) or isinstance(self.cases, bool) or self.cases < 1:
            raise use_case.wrong(f"capacity says how many cases can be looked at, 1 or more, found {self.cases!r}")
        if isinstance(self.per, timedelta):
            if self.per <= timedelta(0):
                raise use_case.wrong(f"capacity is for a span of time that is positive, found per={self.per}")
            if use_case.split.role != "time":
                raise use_case.wrong(
                    f"capacity={self.cases} a span of time needs whole spans to judge on, found split={type(use_case.split).__name__};"
                    " split by time, or say capacity=Capacity(20, per=1_000) for so many cases of each so many rows"
                )
        elif not isinstance(self.per, int) or self.per <= self.cases:
            raise use_case.wrong(f"capacity is for a span of time, or for more rows than the {self.cases} cases, found per={self.per!r}")

    def threshold(self, y: np.ndarray, probability: np.ndarray, info: "pl.DataFrame | None") -> float:
        """The one above which as many of these rows lie as there are places."""
        if not len(probability):
            return 0.5
        places = min(round(float(self._spans(info, len(probability))[1].sum())), len(probability))
        falling = -np.sort(-probability)
        return halfway(falling, places - 1) if places else above(float(falling[0]))

    def beside(self, said: "pl.DataFrame", info: "pl.DataFrame") -> "pl.DataFrame":
        """With `_listed`: 1 for a row among those that are looked at, 0 for others, between for some of equal probability."""
        import polars as pl

        if "probability" not in said.columns:
            return said
        return said.with_columns(pl.Series(LISTED, _listed(said["probability"].to_numpy(), *self._spans(info, said.height))))

    def statistics(self, y: np.ndarray, said: "pl.DataFrame", wanted: set[str]) -> "list[Statistic]":
        """Precision and recall of the list. A resampling weights rows, and keeps the list as it was made."""
        from lifecycle.evaluation.statistics import Sums

        precision, recall = self.metrics
        if not wanted & {precision, recall} or LISTED not in said.columns:
            return []
        listed, truth = said[LISTED].to_numpy(), np.asarray(y) == 1

        def finish(sums: np.ndarray) -> dict[str, np.ndarray]:
            return {precision: sums[1] / sums[0], recall: sums[1] / sums[2]}

        return [Sums(np.stack([listed, listed * truth, truth], axis=1).astype(np.float64), finish)]

    def report(self, use_case: "UseCase", unseen: "EvaluationSet", threshold: float | None) -> "DecisionReport | None":
        """The share of true cases among those looked at, and among all."""
        from lifecycle.evaluation.report import DecisionReport

        y, said = unseen.model.stacked
        listed, yes = said[LISTED].to_numpy(), said["prediction"].to_numpy().astype(bool)
        hits, places, cases = float(listed[y == 1].sum()), float(listed.sum()), int((y == 1).sum())
        return DecisionReport(
            rule=self.words(),
            metric=self.metrics[0],
            threshold=threshold,
            flagged=float(yes.mean()),
            found=hits / cases if cases else None,
            right=hits / places if places else None,
            value=hits / places if places else None,
            all=float((y == 1).mean()),
        )

    def words(self) -> str:
        """The capacity in words."""
        span = "day" if self.per == DAY else str(self.per)
        each = f"{self.per:,} rows" if isinstance(self.per, int) else span
        return f"{self.cases:,} cases can be looked at of each {each}"

    def _spans(self, info: "pl.DataFrame | None", rows: int) -> tuple[np.ndarray, np.ndarray]:
        """The span of each row, from 0 on, and how many rows of each span can be looked at: of a span that is cut off, a part."""
        import polars as pl

        if isinstance(self.per, int):
            return np.zeros(rows, dtype=np.int64), np.array([rows * self.cases / self.per])
        if info is None:
            raise ValueError("the day of a row is in its time, which is not given")
        length = self.per // timedelta(microseconds=1)
        moment = info["_time"].cast(pl.Datetime("us")).to_physical().to_numpy()
        spans, codes = np.unique(moment // length, return_inverse=True)
        begins = spans * length
        whole = not (moment % length).any()  # times that are dates say nothing of where a day is cut off
        seen = np.minimum(begins + length, moment.max() + 1) - np.maximum(begins, moment.min()) if rows and not whole else np.full(len(spans), length)
        return codes, np.minimum(np.bincount(codes, minlength=len(spans)), self.cases * seen / length)


def _listed(score: np.ndarray, codes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How much of each row is looked at, length n: of rows that share a score and a span, an equal part each."""
    order = np.lexsort((-score, codes))
    group, falling = codes[order], score[order]
    new = np.flatnonzero((np.diff(group, prepend=-1) != 0) | (np.diff(falling, prepend=np.inf) != 0))
    length = np.diff(np.append(new, len(order)))
    before = new - np.searchsorted(group, group[new])
    listed = np.empty(len(order))
    listed[order] = np.repeat(np.clip((places[group[new]] - before) / length, 0.0, 1.0), length)
    return listed
