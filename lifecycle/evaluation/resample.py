"""How sure a number is: the bootstrap over whole clusters of rows that belong together.

Rows of one customer, one group or one day are not so many independent witnesses. Each replicate weights every *cluster*
by an independent Poisson(1) count (Hanley and MacGibbon 2006; for large data the same as drawing clusters with
replacement), and the metric is computed anew. The limits are percentiles, moved outwards by two things:

- *Few clusters*: Student's t in place of the normal distribution (Hesterberg 2015, "expanded percentile"). Fewer than thirty have no
  percentiles worth the name: there the limits are the value and so many standard errors to each side, which the jackknife over
  clusters gives (Cameron, Gelbach and Miller 2008; MacKinnon, Nielsen and Webb 2023, "CV3").
- *Several ways to belong together*: rows of one customer on many days depend on each other in both ways, and the errors add up:
  that of the rows, and what each way adds to it (Cameron, Gelbach and Miller 2011, where nothing is subtracted twice).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute, statistics
from lifecycle.evaluation.statistics import Statistic
from lifecycle.splits.folds import group_codes

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_DAYS = 5  # rows of fewer days cannot say how far days differ
MIN_TIME_SPANS = 20  # so many shorter spans of time at least, or they are no basis for an interval
MIN_BLOCKS = 20  # and so many blocks of an order
FEW = 30  # clusters below which percentiles are of no use
BEYOND = 12  # so many replicates at least lie beyond a percentile
POWER = 0.8416  # the 80 % quantile of the normal distribution
ERROR_REPLICATES = 200  # for a standard error alone
MAX_BUNDLES = 2_000  # of rows
WEIGHTS_AT_ONCE = 2_000_000  # weights held at a time
SHORT_SPANS = {"hour": "1h", "minute": "1m"}
UNDEFINED = 0.1  # of the replicates: with more the metric has no interval

Predictions = pl.DataFrame | Sequence[pl.DataFrame]
"""Of the same rows: one frame, or one for each repeat of a cross-validation, over which a metric is averaged."""


@dataclass(frozen=True)
class ResampleGroups:
    """Which rows belong together: row i to cluster `codes[i]`, one of `count`, made by the values of `by`.

    Attributes:
        others: the other ways in which the same rows belong together, which have as many clusters or more.
    """

    by: str
    codes: np.ndarray
    count: int
    others: "tuple[ResampleGroups, ...]" = ()

    @property
    def named(self) -> str:
        """By what rows belong together, in all ways."""
        return " and ".join(each.by for each in (self, *self.others))

    def take(self, which: np.ndarray) -> "ResampleGroups":
        """The clusters of some of the rows."""
        return _widest([_numbered(each.by, each.codes[which]) for each in (self, *self.others)])


@dataclass(frozen=True)
class Interval:
    """A number with its confidence interval; `low` and `high` are `None` where the data cannot give one.

    Attributes:
        clusters: on so many clusters of rows it rests.
        error: its standard error.
    """

    value: float
    low: float | None
    high: float | None
    confidence: float
    clusters: int
    error: float | None = None

    @property
    def visible(self) -> float | None:
        """The smallest true value that such an interval would lie above zero for in four of five cases; `None`: no interval.

        What the lower limit is below the value, and 0.84 standard errors (the 80 % quantile of the normal distribution).
        """
        return None if self.low is None or self.error is None else self.value - self.low + POWER * self.error


@dataclass(frozen=True)
class Spread:
    """How far a number may be off: its bootstrap draws, its standard error, and on how many degrees of freedom that rests."""

    draws: np.ndarray
    error: float
    freedom: float


def clusters(use_case: "UseCase", info: pl.DataFrame) -> ResampleGroups:
    """Which rows are not independent: those of one group, those of one entity, and those of one day, each as far as there are such columns.

    Rows of fewer than five days cannot tell days apart: where they have no group and no entity, the span is an hour there, or a
    minute where they cover fewer than twenty hours. Without time, neighbours in an order belong together. A missing group or
    entity is a cluster of its own. Without any of these each row stands for itself.

    Args:
        use_case: the definition.
        info: `Rows.info` of the rows to be judged.

    Returns:
        The way with the fewest clusters, with the others as its `others`. A way whose clusters lie within those of another is left out.
    """
    columns, found = use_case.columns, []
    for name in dict.fromkeys([*columns.having("group"), *columns.having("entity")]):
        if name in info.columns and info[name].n_unique() > 1:
            codes = group_codes(info[name])
            found.append(ResampleGroups(name, codes, int(codes.max()) + 1))
    if "_time" in info.columns:
        found += _spans(info["_time"].cast(pl.Datetime("us")), alone=not found)
    elif place := columns.one("order"):
        found.append(blocks(info[place]))
    return _widest(found) if found else ResampleGroups("row", np.arange(info.height), info.height)


def days(info: pl.DataFrame) -> int | None:
    """How many days rows are from; `None` where they have no time."""
    return info["_time"].cast(pl.Datetime("us")).dt.truncate("1d").n_unique() if "_time" in info.columns else None


def _spans(moment: pl.Series, *, alone: bool) -> list[ResampleGroups]:
    day = _numbered("day", moment.dt.truncate("1d").to_physical().to_numpy())
    if day.count >= MIN_DAYS:
        return [day]
    for name, span in SHORT_SPANS.items() if alone else ():
        found = _numbered(name, moment.dt.truncate(span).to_physical().to_numpy())
        if found.count >= MIN_TIME_SPANS:
            return [found]
    return []


def _widest(ways: "Sequence[ResampleGroups]") -> ResampleGroups:
    """The way with the fewest clusters, beside those others that are not within it or within each other."""
    kept: list[ResampleGroups] = []
    for way in sorted(ways, key=lambda each: each.count):
        pairs = [np.unique(np.stack([way.codes, each.codes]), axis=1).shape[1] for each in kept]
        if way.count > 1 and all(pair > way.count for pair in pairs):
            kept.append(way)
    first, *others = kept or list(ways[:1])
    return replace(first, others=tuple(others))


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
    prepared = [statistics(use_case, y, frame, names=names) for frame in frames]

    def draw(way: ResampleGroups, many: int | None) -> dict[str, np.ndarray]:
        drawn = _distributions(prepared, way, many, use_case.seed, tails=True)
        return {name: np.mean([one[name] for one in drawn], axis=0) for name in names}

    spreads = _spreads(draw, groups, replicates(confidence))
    return {name: limits(found[name], spreads[name], groups.count, confidence, use_case.kind.bounds(name)) for name in names}


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
    prepared = [statistics(use_case, truth, frame, names=[metric]) for truth, frames in sides for frame in frames]
    first = len(sides[0][1])
    sign = 1 if use_case.kind.greater_is_better(metric) else -1

    def draw(way: ResampleGroups, many: int | None) -> dict[str, np.ndarray]:
        drawn = [each[metric] for each in _distributions(prepared, way, many, use_case.seed)]
        return {metric: sign * (np.mean(drawn[:first], axis=0) - np.mean(drawn[first:], axis=0))}

    spread = _spreads(draw, groups, replicates(confidence))[metric]
    return limits(sign * (values[0] - values[1]), spread, groups.count, confidence)


def interval(value: float, draws: np.ndarray, count: int, confidence: float) -> Interval:
    """The interval of a value from its bootstrap draws (NaN: undefined) over `count` clusters."""
    return limits(value, _spread(draws, count), count, confidence)


def limits(value: float, spread: Spread | None, count: int, confidence: float, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """The interval of a value that may be so far off; `bounds`: what the value can be at all."""
    if spread is None:
        return Interval(value, None, None, confidence, count)
    from scipy.special import ndtri, stdtrit

    far = float(-stdtrit(spread.freedom, (1 - confidence) / 2))
    if count < FEW:
        low, high = value - far * spread.error, value + far * spread.error
    else:
        # A percentile needs replicates beyond it: what lies farther out is as far from it as in a t distribution.
        tail = min(max((1 - confidence) / 2, BEYOND / len(spread.draws)), 0.5)
        low, middle, high = np.quantile(spread.draws, [tail, 0.5, 1 - tail])
        width = float(spread.draws.std())
        stretch = far / -float(ndtri(tail)) * (spread.error / width if width > 0 else 1.0) if tail < 0.5 else 1.0
        low, high = middle - stretch * (middle - low), middle + stretch * (high - middle)
    low, high = (float(np.clip(each, *bounds)) for each in (min(low, value), max(high, value)))
    return Interval(value, low, high, confidence, count, spread.error)


def _spreads(draw: "Callable[[ResampleGroups, int | None], dict[str, np.ndarray]]", groups: ResampleGroups, many: int) -> dict[str, Spread | None]:
    """How far each metric may be off, in all ways in which rows belong together.

    Args:
        draw: gives the metrics under so many weightings of a way's clusters; `None`: with each cluster left out once.
    """
    first = draw(groups, many if groups.count >= FEW else None)
    found = {name: _spread(draws, groups.count) for name, draws in first.items()}
    if not groups.others:
        return found
    rows = _bundles(len(groups.codes))
    further = [(way.count, draw(way, ERROR_REPLICATES if way.count >= FEW else None)) for way in (rows, *groups.others)]
    return {name: _together(spread, [_spread(draws[name], count) for count, draws in further]) for name, spread in found.items()}


def _bundles(rows: int) -> ResampleGroups:
    """Rows on their own; of many rows bundles that are drawn by lot: they give the same standard error, and fewer weights."""
    count = min(rows, MAX_BUNDLES)
    return ResampleGroups("row", np.random.default_rng(rows).permutation(rows) % count if count < rows else np.arange(rows), count)


def _spread(draws: np.ndarray, count: int) -> Spread | None:
    """The spread of bootstrap draws over `count` clusters; of as few draws as clusters by the jackknife."""
    defined = draws[np.isfinite(draws)]
    if count < 2 or len(defined) < (1 - UNDEFINED) * len(draws) or len(defined) < 2:
        return None
    left_out = count < FEW and len(draws) == count
    error = defined.std() * ((len(defined) - 1) ** 0.5 if left_out else (count / (count - 1)) ** 0.5)
    return Spread(defined, float(error), count - 1.0)


def _together(first: Spread | None, others: "Sequence[Spread | None]") -> Spread | None:
    """The error of the rows (the first of `others`) and what each way of belonging together adds to it.

    The degrees of freedom are those of the ways that add something (Satterthwaite 1946).
    """
    rows = others[0]
    if first is None or rows is None:
        return first
    ways = [way for way in (first, *others[1:]) if way is not None]
    square = rows.error**2 + sum(max(way.error**2 - rows.error**2, 0.0) for way in ways)
    unsure = sum(way.error**4 / way.freedom for way in (rows, *(way for way in ways if way.error > rows.error)))
    freedom = square**2 / unsure if unsure > 0 else first.freedom
    return Spread(first.draws, square**0.5, max(freedom, 1.0))


def distribution(prepared: Sequence[Statistic], groups: ResampleGroups, replicates: int | None, seed: int) -> dict[str, np.ndarray]:
    """Each metric's values over the replicates. The same clusters and seed give the same weightings; `None` replicates: each cluster is left out once."""
    return _distributions([prepared], groups, replicates, seed)[0]


def _distributions(
    prepared: Sequence[Sequence[Statistic]], groups: ResampleGroups, replicates: int | None, seed: int, *, tails: bool = False
) -> list[dict[str, np.ndarray]]:
    """The same for several models of the same rows, under the same weightings; `tails`: heavy tails are drawn (`Sums.draws`)."""
    clustered = [[statistic.by(groups.codes, groups.count) for statistic in each] for each in prepared]
    random = np.random.default_rng([seed, 1]) if tails else None
    found: list[dict[str, list[np.ndarray]]] = [{} for _ in clustered]
    for weights in [1 - np.eye(groups.count)] if replicates is None else weightings(groups.count, replicates, seed):
        for own, each in zip(found, clustered, strict=True):
            for statistic in each:
                draws = getattr(statistic, "draws", None) if replicates else None
                for name, values in (draws(weights, random) if draws else statistic.values(weights)).items():
                    own.setdefault(name, []).append(values)
    return [{name: np.concatenate(values) for name, values in own.items()} for own in found]


def weightings(count: int, replicates: int, seed: int) -> Iterator[np.ndarray]:
    """Poisson(1) counts of `count` clusters, in chunks of shape (r, count), `replicates` rows in all."""
    random = np.random.default_rng(seed)
    table = _poisson()
    step = max(1, WEIGHTS_AT_ONCE // max(count, 1))
    for start in range(0, replicates, step):
        yield table.take(random.integers(0, 1 << 16, (min(step, replicates - start), count), dtype=np.uint16))


def replicates(confidence: float) -> int:
    """How many replicates an interval needs: about a dozen beyond each limit, from 500 to 2000; what lies farther out is extrapolated."""
    return int(np.clip(np.ceil(2 * BEYOND / (1 - confidence)), 500, 2000))


def average(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric that all repeats have."""
    return {name: float(np.mean([one[name] for one in found])) for name in found[0] if all(name in one for one in found)}


def _frames(predictions: Predictions) -> Sequence[pl.DataFrame]:
    return [predictions] if isinstance(predictions, pl.DataFrame) else predictions


def _numbered(by: str, values: np.ndarray) -> ResampleGroups:
    distinct, codes = np.unique(values, return_inverse=True)
    return ResampleGroups(by, codes, len(distinct))


def _poisson() -> np.ndarray:
    """A table from a uniform 16-bit number to a Poisson(1) count: several times faster than drawing them."""
    chance = np.exp(-1) / np.cumprod([1, *range(1, 10)])
    return np.searchsorted(np.cumsum(chance), (np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.uint8)
