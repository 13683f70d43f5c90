"""Pictures of an evaluation, as PNG bytes, with plain words on the axes."""

import math
from collections.abc import Mapping

import numpy as np

from lifecycle.evaluation.report import CalibrationBin, Importances
from lifecycle.evaluation.statistics import BINS, bins
from lifecycle.reports.canvas import INK, MAIN, SOFT, WARM, colours, legend, png, sheet, stacked, widths

POINTS = 1_000
"""A curve is drawn through at most so many points."""
FINDINGS = 10
"""The precision of fewer findings than these is left out: it jumps between 0 and 1."""
Curves = Mapping[str, np.ndarray]
"""Scores by model, the one in question first; the others are drawn as company."""


def roc(y: np.ndarray, scores: Curves, area: Mapping[str, float], positive: str) -> bytes:
    """The ROC curve of each score for a truth of 0 and 1."""
    figure, axes = sheet("ROC: what each false alarm buys", f"{rows_in_words(y)}; positives: {positive}", (6.0, 6.1))
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (2, 3)), label="chance: 0.500")
    for colour, width, (name, score) in zip(colours(len(scores)), widths(len(scores)), reversed(list(scores.items())), strict=True):
        found, alarms = counts_above(y, score)
        x, height = thinned(np.append(0, alarms / alarms[-1]), np.append(0, found / found[-1]))
        axes.plot(x, height, color=colour, linewidth=width, label=f"{name}: {area.get(name, math.nan):.3f}", solid_joinstyle="round")
    axes.set(xlabel="false alarms: share of negatives above the threshold", ylabel="found: share of positives above the threshold")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    legend(axes, "area under the curve", "lower right")
    return png(figure)


def precision_recall(y: np.ndarray, scores: Curves, area: Mapping[str, float], positive: str) -> bytes:
    """The precision-recall curve of each score, with the share of positives: what guessing would give."""
    figure, axes = sheet("Precision and recall: how clean the findings are", f"{rows_in_words(y)}; positives: {positive}")
    share, top = float(np.mean(y)), float(np.mean(y))
    axes.axhline(share, color=SOFT, linewidth=1, linestyle=(0, (2, 3)), label=f"share of positives: {share:.3f}")
    for colour, width, (name, score) in zip(colours(len(scores)), widths(len(scores)), reversed(list(scores.items())), strict=True):
        found, alarms = counts_above(y, score)
        settled = found + alarms >= min(FINDINGS, len(y))
        recall, precision = thinned(found[settled] / found[-1], (found / (found + alarms))[settled])
        top = max(top, float(precision.max()))
        axes.plot(recall, precision, color=colour, linewidth=width, label=f"{name}: {area.get(name, math.nan):.3f}", solid_joinstyle="round")
    axes.set(xlabel="recall: share of positives that are found", ylabel="precision: share of findings that are positive")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03) if top > 0.5 else (-0.01 * top, 1.3 * top))
    legend(axes, "average precision", "best")
    return png(figure)


def calibration(happened: np.ndarray, probability: np.ndarray, error: float, what: str, repeats: int = 1) -> bytes:
    """Predicted probabilities against how often it happened, in ten equally filled bins, over a histogram of them."""
    table = reliability(happened, probability, repeats)
    figure, (axes, below) = stacked("Calibration: do the probabilities come true?", f"{rows_in_words(happened)}, calibration error {error:.3f}")
    said = np.array([row.probability for row in table])
    seen = np.array([row.share for row in table])
    spread = np.abs(np.array([[row.low, row.high] for row in table]).T - seen)
    edge = min(1.0, 1.15 * max(said.max(), seen.max(), 0.01)) if max(said.max(), seen.max()) < 0.5 else 1.0
    axes.plot([0, edge], [0, edge], color=SOFT, linewidth=1, linestyle=(0, (2, 3)), label="perfect")
    axes.errorbar(
        said, seen, yerr=spread, color=MAIN, marker="o", markersize=5, linewidth=1.2, elinewidth=1, label="a tenth of the rows, 95 % interval"
    )
    axes.set(ylabel=f"observed share: {what}", xlim=(-0.02 * edge, 1.02 * edge), ylim=(-0.02 * edge, 1.05 * edge))
    legend(axes, None, "upper left")
    beyond = int((probability > edge).sum())
    below.hist(probability, bins=np.linspace(0, edge, 41).tolist(), color=MAIN, alpha=0.8)
    below.set(xlabel=f"predicted probability: {what}" + (f" ({beyond:,} are higher)" if beyond else ""), ylabel="predictions")
    if np.histogram(probability, bins=40)[0].max() > len(probability) / 2:
        below.set_yscale("log")
        below.set_ylabel("predictions (log)")
    return png(figure)


def reliability(happened: np.ndarray, probability: np.ndarray, repeats: int = 1) -> tuple[CalibrationBin, ...]:
    """The calibration table: by bin its rows, mean probability, share where it happened, and that share's Wilson interval.

    Each row is there `repeats` times, which makes no interval narrower.
    """
    given = bins(probability)
    table = []
    for number in range(BINS):
        inside = given == number
        rows = inside.sum() / repeats
        if not rows:
            continue
        share, z = float(np.mean(happened[inside])), 1.959964
        centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
        half = z / (1 + z**2 / rows) * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
        low, high = min(centre - half, share), max(centre + half, share)
        table.append(CalibrationBin(rows=round(rows), probability=float(probability[inside].mean()), share=share, low=max(low, 0.0), high=high))
    return tuple(table)


def thresholds(y: np.ndarray, score: np.ndarray, chosen: float | None, positive: str) -> bytes:
    """Precision, recall and f1 over the threshold, and the one that was chosen."""
    found, alarms = counts_above(y, score)
    at = -np.sort(-np.unique(score))
    precision, recall = found / (found + alarms), found / found[-1]
    f1 = 2 * found / (found + alarms + found[-1])
    figure, axes = sheet("Thresholds: what a stricter or a laxer decision buys", f"{rows_in_words(y)}; positives: {positive}")
    settled = found + alarms >= min(FINDINGS, len(y))
    for name, colour, values in (("precision", MAIN, precision), ("recall", WARM, recall), ("f1", INK, f1)):
        x, height = thinned(at[settled], values[settled])
        axes.plot(x, height, color=colour, linewidth=2.2 if name == "f1" else 1.5, label=name)
    if chosen is not None:
        axes.axvline(chosen, color=SOFT, linewidth=1.2, linestyle=(0, (2, 3)), label=f"chosen: {chosen:.3f}")
    axes.set(xlabel=f"threshold: probability from which a row is called {positive}", ylabel="precision, recall, f1", ylim=(-0.01, 1.03))
    legend(axes, None, "best")
    return png(figure)


def costs(flagged: np.ndarray, cost: np.ndarray, reached: tuple[float, float], rule: str, unit: str) -> bytes:
    """The cost a row over the share of rows with the answer yes, those with the highest probabilities first; `reached`: both at the model's threshold."""
    figure, axes = sheet("Costs: what a stricter or a laxer decision would cost", rule.replace("`", ""))
    x, height = thinned(flagged, cost)
    axes.plot(x, height, color=MAIN, linewidth=2.2, label=f"least: {cost.min():.4g}")
    axes.scatter([reached[0]], [reached[1]], color=WARM, zorder=3, label=f"at the threshold: {reached[1]:.4g}")
    axes.axhline(cost[0], color=SOFT, linewidth=1, linestyle=(0, (2, 3)), label=f"yes to none: {cost[0]:.4g}")
    axes.set_xscale("symlog", linthresh=max(float(flagged[np.argmin(cost)]), 1 / len(flagged)))
    axes.set(xlabel="share of rows with the answer yes", ylabel=f"cost a row{f', {unit}' if unit else ''}")
    axes.set(xlim=(0, 1), ylim=(0, 1.6 * max(cost[0], reached[1]) or 1))
    legend(axes, None, "best")
    return png(figure)


def importances(leaned: Importances, metric: str) -> bytes:
    """The inputs that the model leans on most: how much worse `metric` gets when one is shuffled."""
    shown = leaned.table[:20][::-1]
    note = f"{leaned.rows:,} held-out rows; bars: mean, whiskers: least and most of the shuffles"
    figure, axes = sheet("What the model leans on", note, (7.2, 1.9 + 0.27 * max(len(shown), 4)))
    names = [row.feature if len(row.feature) < 36 else row.feature[:34] + ".." for row in shown]
    values = np.array([row.importance for row in shown])
    around = np.abs(np.array([[row.least, row.most] for row in shown]).T - values)
    axes.barh(names, values, xerr=around, color=MAIN, height=0.66, error_kw={"ecolor": INK, "elinewidth": 1})
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=f"how much worse {metric} gets when the input is shuffled")
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.grid(False, axis="y")
    return png(figure)


def counts_above(y: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives at or above each distinct score, from the highest on."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    found = np.cumsum(y[order], dtype=np.float64)[last]
    return found, last + 1 - found


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve through at most 1,000 of its points, evenly spaced along it."""
    if len(x) <= POINTS:
        return x, y
    way = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)).clip(0, len(x) - 1))
    return x[kept], y[kept]


def rows_in_words(y: np.ndarray) -> str:
    """How many rows a picture is made of."""
    return f"{len(y):,} held-out predictions"
