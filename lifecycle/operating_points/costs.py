"""Decisions by what wrong answers cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lifecycle.operating_points.operating_point import OperatingPoint
from lifecycle.operating_points.threshold import at_threshold, best_cut

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.evaluation.evaluation_set import EvaluationSet
    from lifecycle.evaluation.report import DecisionReport
    from lifecycle.evaluation.statistics import Statistic
    from lifecycle.usecase import UseCase

COST = "cost"
MISS, FALSE_ALARM = "_miss", "_false_alarm"


@dataclass(frozen=True, kw_only=True)
class Costs(OperatingPoint):
    """What a miss and a false alarm cost: a number each, or the name of a column of the schema that has it, row by row.

    The threshold is the one that costs these least on rows that the model has not seen (the same for all rows), and `cost`, the mean cost a
    row, decides. A right answer costs nothing: what a case costs anyway (the payment that is stopped rightly has to be looked at, too) is
    no part of it.
    """

    knows_nothing: ClassVar[str] = "yes to all rows or to none"

    miss: float | str
    """What it costs to say no where yes is true."""
    false_alarm: float | str
    """What it costs to say yes where no is true."""
    currency: str = ""
    """The unit of both, for reports."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The mean cost a row."""
        return (COST,)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that have a cost."""
        return tuple(dict.fromkeys(each for each in (self.miss, self.false_alarm) if isinstance(each, str)))

    def check(self, use_case: "UseCase") -> None:
        """Costs are not negative, not both nothing, and columns are numbers of the schema."""
        for name, cost in (("miss", self.miss), ("false_alarm", self.false_alarm)):
            if isinstance(cost, str):
                if cost not in use_case.columns:
                    raise use_case.wrong(f"costs={name} names a column of schema {use_case.schema.__name__}, found '{cost}'")
                if not use_case.columns[cost].dtype.is_numeric():
                    raise use_case.wrong(f"costs={name} names a column of numbers, '{cost}' is {use_case.columns[cost].sql_type}")
            elif isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < float("inf"):
                raise use_case.wrong(f"costs={name} is a number that is not negative, or the name of a column, found {cost!r}")
        if self.miss == 0 == self.false_alarm:
            raise use_case.wrong("costs say what a wrong answer costs, found 0 for a miss and for a false alarm; name one, or leave costs away")

    def threshold(self, y: np.ndarray, probability: np.ndarray, info: "pl.DataFrame | None") -> float:
        """The one that costs least, halfway between two probabilities that occur."""
        miss, alarm = self._of(info, len(y))
        known = np.isfinite(miss) & np.isfinite(alarm)
        return best_cut(probability[known], np.where(y[known] == 1, miss[known], -alarm[known]))

    def beside(self, said: "pl.DataFrame", info: "pl.DataFrame") -> "pl.DataFrame":
        """With `_miss` and `_false_alarm`, NaN where the amount of a row is not known."""
        import polars as pl

        miss, alarm = self._of(info, said.height)
        return said.with_columns(pl.Series(MISS, miss), pl.Series(FALSE_ALARM, alarm))

    def statistics(self, y: np.ndarray, said: "pl.DataFrame", wanted: set[str]) -> "list[Statistic]":
        """`cost`, over rows whose costs are known."""
        from lifecycle.evaluation.statistics import Sums

        if COST not in wanted or MISS not in said.columns:
            return []
        cost, known = _costs(y, said)
        return [Sums(np.stack([known, cost], axis=1).astype(np.float64), lambda sums: {COST: sums[1] / sums[0]})]

    def baseline(self, model: Any, y: np.ndarray, probability: np.ndarray, info: "pl.DataFrame") -> Any:
        """At the threshold that costs least: what knows nothing says yes to all rows or to none, whichever is cheaper."""
        return at_threshold(model, self.threshold(y, probability, info))

    def plots(self, y: np.ndarray, said: "pl.DataFrame") -> dict[str, bytes]:
        """The cost a row over the share of rows that get a yes."""
        from lifecycle.reports import plots

        miss, alarm = (said[name].to_numpy() for name in (MISS, FALSE_ALARM))
        known = np.isfinite(miss) & np.isfinite(alarm)
        if not known.any():
            return {}
        y, probability, worth = y[known], said["probability"].to_numpy()[known], np.where(y == 1, miss, -alarm)[known]
        order = np.argsort(-probability, kind="stable")
        cost = (miss[known][y == 1].sum() - np.concatenate([[0.0], np.cumsum(worth[order])])) / len(y)
        yes = said["prediction"].to_numpy()[known] == 1
        reached = float(yes.mean()), float((miss[known] * ((y == 1) & ~yes) + alarm[known] * ((y == 0) & yes)).mean())
        return {"costs": plots.costs(np.arange(len(y) + 1) / len(y), cost, reached, self.words(), self.currency)}

    def report(self, use_case: "UseCase", unseen: "EvaluationSet", threshold: float | None) -> "DecisionReport | None":
        """The cost a row beside that of saying yes to all rows, and to none."""
        from lifecycle.evaluation.report import DecisionReport

        y, said = unseen.model.stacked
        yes = said["prediction"].to_numpy().astype(bool)
        cost, known = _costs(y, said)
        miss, alarm = (said[name].to_numpy() for name in (MISS, FALSE_ALARM))
        count = max(int(known.sum()), 1)
        return DecisionReport(
            rule=self.words(),
            metric=COST,
            unit=self.currency,
            threshold=threshold,
            flagged=float(yes.mean()),
            found=float(yes[y == 1].mean()) if (y == 1).any() else None,
            right=float((y[yes] == 1).mean()) if yes.any() else None,
            value=float(cost[known].sum() / count),
            all=float(np.where(y == 1, 0, alarm)[known].sum() / count),
            none=float(np.where(y == 1, miss, 0)[known].sum() / count),
            unknown=len(y) - int(known.sum()),
        )

    def words(self) -> str:
        """The costs in words."""
        shown = [f"`{each}`" if isinstance(each, str) else f"{each:g}" for each in (self.miss, self.false_alarm)]
        return f"a miss costs {shown[0]}, a false alarm {shown[1]}{f' ({self.currency})' if self.currency else ''}"

    def _of(self, info: "pl.DataFrame | None", rows: int) -> tuple[np.ndarray, np.ndarray]:
        """The cost of a miss and of a false alarm for each row; a missing amount is NaN, a negative one (a refund) costs nothing."""
        found = []
        for cost in (self.miss, self.false_alarm):
            if not isinstance(cost, str):
                found.append(np.full(rows, float(cost)))
            elif info is None:
                raise ValueError(f"the cost of a row is in its column '{cost}', which is not given")
            else:
                found.append(np.maximum(info[cost].cast(float).fill_null(float("nan")).to_numpy(), 0.0))
        return found[0], found[1]


def _costs(y: np.ndarray, said: "pl.DataFrame") -> tuple[np.ndarray, np.ndarray]:
    """What each decision cost, 0 where it is not known, and where it is."""
    yes = said["prediction"].to_numpy().astype(bool)
    miss, alarm = (said[name].to_numpy() for name in (MISS, FALSE_ALARM))
    known = np.isfinite(miss) & np.isfinite(alarm)
    cost = np.where(y == 1, np.where(yes, 0.0, miss), np.where(yes, alarm, 0.0))
    return np.where(known, cost, 0.0), known
