"""How sure a number is: the bootstrap over whole clusters of rows that belong together.

Rows of one customer, one group or one day are not so many independent witnesses. Each replicate weights every *cluster*
by an independent Poisson(1) count (Hanley and MacGibbon 2006; for large data the same as drawing clusters with
replacement), and the metric is computed anew. The limits are percentiles, moved outwards where clusters are few
(Hesterberg 2015, "expanded percentile": the plain ones are too narrow by a factor that Student's t corrects).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute, statistics
from lifecycle.evaluation.statistics import Statistic
from lifecycle.splits.folds import group_codes

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_TIME_SPANS = 20  # so many spans of time at least, or they are no basis for an interval
MIN_BLOCKS = 20  # and so many blocks of an order
WEIGHTS_AT_ONCE = 2_000_000  # weights held at a time
SPANS = {"day": "1d", "hour": "1h", "minute": "1m"}
UNDEFINED = 0.1  # of the replicates: with more the metric has no interval

Predictions = pl.DataFrame | Sequence[pl.DataFrame]
"""Of the same rows: one frame, or one for each repeat of a cross-validation, over which a metric is averaged."""


@dataclass(frozen=True)
class ResampleGroups:
    """Which rows belong together: row i to cluster `codes[i]`, one of `count`, made by the values of `by`."""

    by: str
    codes: np.ndarray
    count: int

    def take(self, which: np.ndarray) -> "ResampleGroups":
        """The clusters of some of the rows."""
        return _numbered(self.by, self.codes[which])


@dataclass(frozen=True)
class Interval:
    """A number with its confidence interval; `low` and `high` are `None` where the data cannot give one."""

    value: float
    low: float | None
    high: float | None
    confidence: float
    clusters: int


def clusters(use_case: "UseCase", info: pl.DataFrame) -> ResampleGroups:
    """Which rows are not independent: those of one group, else of one entity (the first), else of one span of time, else neighbours in an order.

    The span is a day, or an hour or a minute where the rows cover fewer than twenty days or hours. A missing group or
    entity is a cluster of its own. Without any of these each row stands for itself.

    Args:
        use_case: the definition.
        info: `Rows.info` of the rows to be judged.
    """
    columns = use_case.columns
    for name in [*columns.having("group"), *columns.having("entity")]:
        if name in info.columns and info[name].n_unique() > 1:
            codes = group_codes(info[name])
            return ResampleGroups(name, codes, int(codes.max()) + 1)
    if "_time" in info.columns:
        moment = info["_time"].cast(pl.Datetime("us"))
        for name, span in SPANS.items():
            found = _numbered(name, moment.dt.truncate(span).to_physical().to_numpy())
            if found.count >= MIN_TIME_SPANS:
                return found
    if place := columns.one("order"):
        return blocks(info[place])
    return ResampleGroups("row", np.arange(info.height), info.height)


def blocks(place: pl.Series) -> ResampleGroups:
    """Blocks of neighbours in an order, about as many as each has rows (Kunsch 1989: blocks must grow with their number).

    Rows with the same place are in one block, unless that would leave too few blocks.
    """
    length = max(1, min(round(len(place) ** 0.5), len(place) // MIN_BLOCKS))
    for method in ("min", "ordinal"):
        found = _numbered("block", (place.rank(method).to_numpy() - 1) // length)
        if found.count >= MIN_BLOCKS:
            break
    return found


def intervals(
    use_case: "UseCase",
    y: np.ndarray,
    predictions: Predictions,
    groups: ResampleGroups,
    names: Sequence[str] = (),
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Each metric (of `names`, or all) that is defined on these rows, with its interval."""
    frames = _frames(predictions)
    found = average([compute(use_case, y, frame, names=names) for frame in frames])
    names = [name for name in names or use_case.metrics if name in found]
    draws = _draws(use_case, names, y, frames, groups, confidence)
    return {name: interval(found[name], draws[name], groups.count, confidence) for name in names}


def paired(
    use_case: "UseCase",
    metric: str,
    y: np.ndarray,
    challenger: Predictions,
    champion: Predictions,
    groups: ResampleGroups,
    confidence: float = 0.95,
    other_y: np.ndarray | None = None,
) -> Interval | None:
    """What the challenger gains over the champion on the same rows, under the same weightings.

    Positive is better, for scores and for errors. `None` where the metric is undefined on these rows.

    Args:
        other_y: what the champion is judged against, where that is not `y`.
    """
    sides = [(y, _frames(challenger)), (y if other_y is None else other_y, _frames(champion))]
    values = [average([compute(use_case, truth, frame, names=[metric]) for frame in frames]).get(metric) for truth, frames in sides]
    if values[0] is None or values[1] is None:
        return None
    new, old = (_draws(use_case, [metric], truth, frames, groups, confidence)[metric] for truth, frames in sides)
    sign = 1 if use_case.kind.greater_is_better(metric) else -1
    return interval(sign * (values[0] - values[1]), sign * (new - old), groups.count, confidence)


def interval(value: float, draws: np.ndarray, count: int, confidence: float) -> Interval:
    """The expanded percentile interval of a value from its bootstrap draws (NaN: undefined) over `count` clusters."""
    defined = draws[np.isfinite(draws)]
    if count < 2 or len(defined) < (1 - UNDEFINED) * len(draws):
        return Interval(value, None, None, confidence, count)
    from scipy.special import ndtr, stdtrit

    tail = float(ndtr(np.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 - confidence) / 2)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(value, float(low), float(high), confidence, count)


def distribution(prepared: Sequence[Statistic], groups: ResampleGroups, replicates: int, seed: int) -> dict[str, np.ndarray]:
    """Each metric's values over the replicates. The same clusters and seed give the same weightings."""
    clustered = [statistic.by(groups.codes, groups.count) for statistic in prepared]
    found: dict[str, list[np.ndarray]] = {}
    for weights in weightings(groups.count, replicates, seed):
        for statistic in clustered:
            for name, values in statistic.values(weights).items():
                found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def weightings(count: int, replicates: int, seed: int) -> Iterator[np.ndarray]:
    """Poisson(1) counts of `count` clusters, in chunks of shape (r, count), `replicates` rows in all."""
    random = np.random.default_rng(seed)
    table = _poisson()
    step = max(1, WEIGHTS_AT_ONCE // max(count, 1))
    for start in range(0, replicates, step):
        yield table.take(random.integers(0, 1 << 16, (min(step, replicates - start), count), dtype=np.uint16))


def replicates(confidence: float) -> int:
    """How many replicates an interval needs: about a dozen beyond each limit, from 500 to 4000."""
    return int(np.clip(np.ceil(25 / (1 - confidence)), 500, 4000))


def average(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric that all repeats have."""
    return {name: float(np.mean([one[name] for one in found])) for name in found[0] if all(name in one for one in found)}


def _draws(
    use_case: "UseCase", names: Sequence[str], y: np.ndarray, frames: Sequence[pl.DataFrame], groups: ResampleGroups, confidence: float
) -> dict[str, np.ndarray]:
    each = [distribution(statistics(use_case, y, frame, names=names), groups, replicates(confidence), use_case.seed) for frame in frames]
    return {name: np.mean([one[name] for one in each], axis=0) for name in names}


def _frames(predictions: Predictions) -> Sequence[pl.DataFrame]:
    return [predictions] if isinstance(predictions, pl.DataFrame) else predictions


def _numbered(by: str, values: np.ndarray) -> ResampleGroups:
    distinct, codes = np.unique(values, return_inverse=True)
    return ResampleGroups(by, codes, len(distinct))


def _poisson() -> np.ndarray:
    """A table from a uniform 16-bit number to a Poisson(1) count: several times faster than drawing them."""
    chance = np.exp(-1) / np.cumprod([1, *range(1, 10)])
    return np.searchsorted(np.cumsum(chance), (np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.uint8)
