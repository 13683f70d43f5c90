"""Metrics of rows that are weighted in many ways: prepared once, then asked for any number of integer weightings.

One plain evaluation is the weighting with ones, a bootstrap is five hundred others; so there is one implementation of
each metric, and tests hold it to scikit-learn's. Rows are sorted once, not once a weighting; what depends on the rows
through sums only is summed up by cluster once, and a weighting is then one row of a matrix product.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

BINS = 10
MIN_TAIL = 8  # of so many values at least a tail is fitted
HEAVIEST = 1.05  # a heavier tail than this has no mean
CELLS = 500_000  # of an intermediate matrix: what fits a processor's cache
Values = dict[str, np.ndarray]


class Statistic(Protocol):
    """One or more metrics of prepared rows."""

    def by(self, codes: np.ndarray, count: int) -> "Statistic":
        """The same, weighted by cluster: row i takes the weight of cluster `codes[i]`, one of `count`."""
        ...

    def values(self, weights: np.ndarray) -> Values:
        """Each metric, length r, under weights of shape (r, rows or clusters); NaN where it is undefined."""
        ...


@dataclass(frozen=True)
class Sums:
    """Metrics that depend on the rows through weighted sums only.

    Attributes:
        terms: what is summed, shape (rows, m).
        finish: takes the sums, shape (m, r), and gives the metrics, each of length r.
        drawn: the same for the sums of a bootstrap's draws, where that must differ from `finish`.
        heavy: by metric, which term can have a heavy tail, as a squared error has; the first term then counts the rows.
    """

    terms: np.ndarray
    finish: Callable[[np.ndarray], Values]
    drawn: Callable[[np.ndarray], Values] | None = None
    heavy: Mapping[str, int] = field(default_factory=dict)

    def by(self, codes: np.ndarray, count: int) -> "Sums":
        """Summed up within clusters, once for all weightings."""
        sums = [np.bincount(codes, term, minlength=count) for term in self.terms.T]
        return replace(self, terms=np.stack(sums, axis=1))

    def values(self, weights: np.ndarray) -> Values:
        """See `Statistic`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.finish(self._sums(weights))

    def draws(self, weights: np.ndarray, random: np.random.Generator | None = None) -> Values:
        """The metrics under the weights of a bootstrap, as an interval of each needs them; `random`: draws the tails of what is heavy.

        A sample of a heavy tail hardly ever holds the rows that the mean depends on, and drawing from it again cannot bring
        them. So the largest values of a term, about the square root of their number, are drawn from a Pareto tail that is
        fitted to them (Hill 1975; the semi-parametric bootstrap of Davidson and Flachaire 2007).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = self._sums(weights)
            found = (self.drawn or self.finish)(sums)
            if random:
                for metric in self.heavy.keys() & found.keys():
                    tailed = sums.copy()
                    tailed[self.heavy[metric]] += self._beyond(self.heavy[metric], weights, random)
                    found |= {metric: self.finish(tailed)[metric]}
        return found

    def _sums(self, weights: np.ndarray) -> np.ndarray:
        return (weights.astype(np.float64, copy=False) @ self.terms).T

    def _beyond(self, term: int, weights: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """What the sums of a term gain, length r, where its largest values are drawn anew from a Pareto tail."""
        rows, value = self.terms[:, 0], np.where(self.terms[:, 0] > 0, self.terms[:, term] / self.terms[:, 0], 0.0)
        many = max(MIN_TAIL, round(len(value) ** 0.5))
        if len(value) <= 2 * many:
            return np.zeros(len(weights))
        order = np.argpartition(value, len(value) - many - 1)[-many - 1 :]
        top, edge = order[1:], value[order[0]]
        if edge <= 0:
            return np.zeros(len(weights))
        index = max(1 / max(float(np.log(value[top] / edge).mean()), 1e-9), HEAVIEST)
        counts = weights[:, top].astype(np.float64)
        # A row that is drawn twice is two rows: the tail is drawn for each, up to the largest count there is.
        drawn = np.zeros_like(counts)
        for copy in range(int(counts.max())):
            drawn += np.where(counts > copy, edge * (1 - random.random(counts.shape)) ** (-1 / index), 0.0)
        return ((drawn - counts * value[top]) * rows[top]).sum(axis=1)


@dataclass(frozen=True)
class Ranking:
    """`roc_auc` and `average_precision` of one score for a binary truth.

    Only the positives' scores are thresholds that matter. The rows are sorted once into runs of equally scored positives
    and the stretches of negatives between them; a weighting then needs their summed weights, which one product of a
    sparse matrix with the weights gives for all weightings at once.

    Attributes:
        positives, negatives: rows (or clusters) of the positives and negatives, by rising score.
        runs: where each run of equally scored positives starts.
        stretches: where each stretch of negatives starts; the first is below all thresholds.
        below, upto: for each run, how many stretches are below it, and not above it.
    """

    positives: np.ndarray
    negatives: np.ndarray
    runs: np.ndarray
    stretches: np.ndarray
    below: np.ndarray
    upto: np.ndarray

    @staticmethod
    def of(truth: np.ndarray, score: np.ndarray) -> "Ranking":
        """The ranking of rows with a truth (bool) by a score."""
        order = np.argsort(score, kind="stable")
        positive = truth[order]
        positives, negatives = order[positive], order[~positive]
        high, low = score[positives], score[negatives]
        runs = np.flatnonzero(np.diff(high, prepend=-np.inf))
        below, upto = (np.searchsorted(low, high[runs], side) for side in ("left", "right"))
        cuts = np.unique(np.concatenate([[0], below, upto]))
        return Ranking(positives, negatives, runs, cuts, np.searchsorted(cuts, below), np.searchsorted(cuts, upto))

    def by(self, codes: np.ndarray, count: int) -> "Ranking":
        """See `Statistic`."""
        return replace(self, positives=codes[self.positives], negatives=codes[self.negatives])

    def values(self, weights: np.ndarray) -> Values:
        """See `Statistic`."""
        if not len(self.positives) or not len(self.negatives):
            nothing = np.full(len(weights), np.nan)
            return {"roc_auc": nothing, "average_precision": nothing}
        step = max(1, CELLS // len(self.stretches))
        both = [self._values(weights[start : start + step]) for start in range(0, len(weights), step)]
        return {name: np.concatenate([part[i] for part in both]) for i, name in enumerate(("roc_auc", "average_precision"))}

    def _values(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turned = np.ascontiguousarray(weights.T, dtype=np.float64)
        gained = _summed(self.positives, self.runs, turned)
        passed = np.cumsum(np.vstack([np.zeros(len(weights)), _summed(self.negatives, self.stretches, turned)]), axis=0)
        below, upto, negatives = passed[self.below], passed[self.upto], passed[-1]
        positives = gained.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            area = (gained * (below + upto)).sum(axis=0) / 2 / (positives * negatives)
            # Average precision: at each threshold, the recall gained times the precision there.
            hits = positives - np.cumsum(gained, axis=0) + gained
            alarms = hits + negatives - below
            precision = np.divide(hits, alarms, out=np.zeros_like(hits), where=alarms > 0)
            average = (gained * precision).sum(axis=0) / positives
        defined = (positives > 0) & (negatives > 0)
        return np.where(defined, area, np.nan), np.where(defined, average, np.nan)


@dataclass(frozen=True)
class MedianError:
    """`median_ae`: the weighted median of the absolute errors, the mean of the middle two where two are in the middle."""

    order: np.ndarray
    errors: np.ndarray

    def by(self, codes: np.ndarray, count: int) -> "MedianError":
        """See `Statistic`."""
        return replace(self, order=codes[self.order])

    def values(self, weights: np.ndarray) -> Values:
        """See `Statistic`."""
        return {"median_ae": np.array([self._value(row) for row in weights])}

    def _value(self, weight: np.ndarray) -> float:
        total = _cumulative(weight.take(self.order))[1:]
        if not len(total) or not total[-1]:
            return np.nan
        half = total[-1] / 2
        return float(self.errors[np.searchsorted(total, half, "left")] + self.errors[np.searchsorted(total, half, "right")]) / 2


@dataclass(frozen=True)
class OneAgainstRest:
    """Multiclass `roc_auc`: the mean of each class against the rest, over the classes that are there."""

    rankings: tuple[Ranking, ...]

    def by(self, codes: np.ndarray, count: int) -> "OneAgainstRest":
        """See `Statistic`."""
        return OneAgainstRest(tuple(ranking.by(codes, count) for ranking in self.rankings))

    def values(self, weights: np.ndarray) -> Values:
        """See `Statistic`."""
        areas = np.array([ranking.values(weights)["roc_auc"] for ranking in self.rankings])
        there = np.isfinite(areas)
        with np.errstate(invalid="ignore"):
            return {"roc_auc": np.where(there, areas, 0.0).sum(axis=0) / there.sum(axis=0)}


def bins(probability: np.ndarray, weight: np.ndarray | None = None, count: int = BINS) -> np.ndarray:
    """The bin (0 to `count` - 1) of each probability: as equally filled as ties allow, equal ones together."""
    order = np.argsort(probability, kind="stable")
    total = np.cumsum(np.ones(len(order)) if weight is None else weight[order], dtype=np.float64)
    at = np.searchsorted(total, total[-1] * np.arange(1, count) / count, "left")
    return np.searchsorted(probability[order][at], probability, "left")


def expected_calibration_error(probability: np.ndarray, happened: np.ndarray, weight: np.ndarray | None = None) -> Sums:
    r"""The expected calibration error over ten equally filled bins, without what chance alone adds to it.

    $\sum_b \frac{n_b}{n} \, |\bar y_b - \bar p_b|$: in each bin, how far the mean probability is from the share of rows
    where it happened, weighted by the bin's rows (Naeini et al. 2015, with bins of equal count). A multiclass problem
    takes the probability of the predicted class, and whether it was the right one. The bins are those of the rows
    as they are: a resampling keeps them.

    A distance that is only noise is never below 0, so the sum is too large even where every probability is true (Broecker 2012,
    Kumar et al. 2019). What noise adds is taken away: with true distances of a standard deviation $\tau$ over the bins, which the
    observed ones exceed by their errors $s_b$, that is $\sqrt{2/\pi} \, (\sqrt{\tau^2 + s_b^2} - \tau)$ in each bin. A draw of
    a bootstrap has noise twice, that of the rows and its own, and both are taken away.
    """
    given, at = np.ones(len(probability)) if weight is None else weight, bins(probability, weight)
    away = happened - probability
    count, first, second = (np.bincount(at, given * term, minlength=BINS) for term in (np.ones(len(away)), away, away**2))
    there = count > 1
    mean = np.where(there, first / np.maximum(count, 1), 0.0)
    noise = np.where(there, np.maximum(second / np.maximum(count, 1) - mean**2, 0.0) / np.maximum(count - 1, 1), 0.0)
    share = np.where(there, count, 0.0) / max(count.sum(), 1)
    terms = np.hstack([np.ones((len(probability), 1)), np.eye(BINS)[at] * away[:, None]])
    return Sums(terms, lambda sums: _calibration_error(sums, share, noise), lambda sums: _calibration_error(sums, share, 2 * noise))


def _calibration_error(sums: np.ndarray, share: np.ndarray, noise: np.ndarray) -> Values:
    """The calibration error of sums over all rows and by bin, whose shares of the rows and variances of the mean are given."""
    mean = np.where(share[:, None] > 0, sums[1:] / (sums[0] * np.maximum(share, 1e-300)[:, None]), 0.0)
    apart = np.sqrt(np.maximum((share[:, None] * (mean**2 - noise[:, None])).sum(axis=0), 0.0))
    by_chance = np.sqrt(2 / np.pi) * (np.sqrt(apart**2 + noise[:, None]) - apart)
    found = np.maximum((share[:, None] * (np.abs(mean) - by_chance)).sum(axis=0), 0.0)
    return {"calibration_error": np.where(sums[0] > 0, found, np.nan)}


def share_of(name: str, happened: np.ndarray, counted: np.ndarray | None = None) -> Sums:
    """The share of rows for which something is so, of those that count: two arrays of length n, Boolean."""
    of = np.ones(len(happened), dtype=bool) if counted is None else counted
    return Sums(np.stack([of, happened & of], axis=1).astype(np.float64), lambda sums: {name: sums[1] / sums[0]})


def _summed(members: np.ndarray, starts: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """The weights, shape (rows or clusters, r), summed over consecutive groups of `members`: shape (groups, r)."""
    from scipy.sparse import csr_array

    ends = np.append(starts, len(members))
    return csr_array((np.ones(len(members)), members, ends), shape=(len(starts), len(turned))) @ turned


def _cumulative(weight: np.ndarray) -> np.ndarray:
    """Cumulative sums with a leading zero, length n + 1."""
    total = np.zeros(len(weight) + 1)
    np.cumsum(weight, out=total[1:], dtype=np.float64)
    return total
