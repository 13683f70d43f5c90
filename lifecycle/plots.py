"""Pictures of an evaluation, as PNG bytes, with plain words on the axes."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.canvas import INK, MAIN, SOFT, WARM, blues, colours, legend, png, sheet, stacked, widths
from lifecycle.statistics import BINS, bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 1_000
"""A curve is drawn through at most so many points."""
FINDINGS = 10
"""The precision of fewer findings than these is left out: it jumps between 0 and 1."""
CLOUD = 20_000
"""A cloud shows at most so many rows."""
Curves = Mapping[str, np.ndarray]
"""Scores by model, the one in question first; the others are drawn as company."""


def roc(y: np.ndarray, scores: Curves, area: Mapping[str, float], positive: str) -> bytes:
    """The ROC curve of each score for a truth of 0 and 1."""
    figure, axes = sheet("ROC: what each false alarm buys", f"{_rows(y)}; positives: {positive}", (6.0, 6.1))
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (2, 3)), label="chance: 0.500")
    for colour, width, (name, score) in zip(colours(len(scores)), widths(len(scores)), reversed(list(scores.items())), strict=True):
        found, alarms = _counts(y, score)
        x, height = _thinned(np.append(0, alarms / alarms[-1]), np.append(0, found / found[-1]))
        axes.plot(x, height, color=colour, linewidth=width, label=f"{name}: {area.get(name, math.nan):.3f}", solid_joinstyle="round")
    axes.set(xlabel="false alarms: share of negatives above the threshold", ylabel="found: share of positives above the threshold")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    legend(axes, "area under the curve", "lower right")
    return png(figure)


def precision_recall(y: np.ndarray, scores: Curves, area: Mapping[str, float], positive: str) -> bytes:
    """The precision-recall curve of each score, with the share of positives: what guessing would give."""
    figure, axes = sheet("Precision and recall: how clean the findings are", f"{_rows(y)}; positives: {positive}")
    share, top = float(np.mean(y)), float(np.mean(y))
    axes.axhline(share, color=SOFT, linewidth=1, linestyle=(0, (2, 3)), label=f"share of positives: {share:.3f}")
    for colour, width, (name, score) in zip(colours(len(scores)), widths(len(scores)), reversed(list(scores.items())), strict=True):
        found, alarms = _counts(y, score)
        settled = found + alarms >= min(FINDINGS, len(y))
        recall, precision = _thinned(found[settled] / found[-1], (found / (found + alarms))[settled])
        top = max(top, float(precision.max()))
        axes.plot(recall, precision, color=colour, linewidth=width, label=f"{name}: {area.get(name, math.nan):.3f}", solid_joinstyle="round")
    axes.set(xlabel="recall: share of positives that are found", ylabel="precision: share of findings that are positive")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03) if top > 0.5 else (-0.01 * top, 1.3 * top))
    legend(axes, "average precision", "best")
    return png(figure)


def calibration(happened: np.ndarray, probability: np.ndarray, error: float, what: str, repeats: int = 1) -> bytes:
    """Predicted probabilities against how often it happened, in ten equally filled bins, over a histogram of them."""
    table = reliability(happened, probability, repeats)
    figure, (axes, below) = stacked("Calibration: do the probabilities come true?", f"{_rows(happened)}, calibration error {error:.3f}")
    said = np.array([row["probability"] for row in table])
    seen = np.array([row["share"] for row in table])
    spread = np.abs(np.array([[row["low"], row["high"]] for row in table]).T - seen)
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


def reliability(happened: np.ndarray, probability: np.ndarray, repeats: int = 1) -> list[dict[str, float]]:
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
        table.append({"rows": round(rows), "probability": float(probability[inside].mean()), "share": share, "low": max(low, 0.0), "high": high})
    return table


def confusion(y: np.ndarray, predicted: np.ndarray, names: Mapping[Any, str], note: str = "") -> bytes:
    """How many rows of each class were predicted as each, with shares of the row."""
    keys = list(names)
    place = {key: i for i, key in enumerate(keys)}
    counts = np.zeros((len(keys), len(keys)), dtype=np.int64)
    np.add.at(counts, ([place[value] for value in y.tolist()], [place[value] for value in predicted.tolist()]), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.4, 0.55 * len(keys) + 2.6)
    figure, axes = sheet("Confusion: what was taken for what", f"{_rows(y)}{note}", (side + 0.9, side + 0.5))
    axes.imshow(share, cmap=blues(), vmin=0, vmax=1)
    size = 11 if len(keys) < 5 else 8 if len(keys) < 12 else 5
    for i, j in np.ndindex(counts.shape):
        text = f"{counts[i, j]:,}\n{share[i, j]:.1%}" if len(keys) < 12 else f"{share[i, j]:.0%}"
        axes.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if share[i, j] > 0.5 else INK)
    shown = [label if len(label) < 24 else label[:22] + ".." for label in names.values()]
    tilt = 0 if len(keys) < 4 else 40
    axes.set_xticks(range(len(keys)), shown, rotation=tilt, ha="center" if not tilt else "right")
    axes.set_yticks(range(len(keys)), shown)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(False)
    return png(figure)


def actual_against_predicted(y: np.ndarray, predicted: np.ndarray, target: str, r2: float) -> bytes:
    """The truth over the prediction, with the line where they agree."""
    figure, axes = sheet(f"Predicted and true {target}", f"{_rows(y)}, R² {r2:.3f}; on the line both agree", (6.6, 5.9))
    low, high = _span(np.append(y, predicted))
    _cloud(figure, axes, predicted, y, (low, high), (low, high))
    axes.plot([low, high], [low, high], color=WARM, linewidth=1.2)
    axes.set(xlabel=f"predicted {target}", ylabel=f"true {target}", aspect="equal")
    return png(figure)


def residuals(y: np.ndarray, predicted: np.ndarray, target: str, mae: float) -> bytes:
    """What was missed (true less predicted) over the prediction, with its median and middle 80 % in ten bins."""
    missed = y - predicted
    figure, axes = sheet(f"Residuals: where {target} is missed, and by how much", f"{_rows(y)}, missed by {mae:.4g} on average")
    _cloud(figure, axes, predicted, missed, _span(predicted), _span(missed))
    axes.axhline(0, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    given = bins(predicted)
    middle = [(predicted[given == b].mean(), *np.quantile(missed[given == b], [0.1, 0.5, 0.9])) for b in np.unique(given)]
    x, low, half, high = np.array(middle).T
    axes.plot(x, half, color=WARM, linewidth=1.6, marker="o", markersize=3.5, label="median")
    axes.plot(x, low, color=WARM, linewidth=0.9, linestyle="--", label="middle 80 %")
    axes.plot(x, high, color=WARM, linewidth=0.9, linestyle="--")
    axes.set(xlabel=f"predicted {target}", ylabel=f"true less predicted {target}")
    legend(axes, None, "best")
    return png(figure)


def importances(table: Sequence[Mapping[str, Any]], metric: str, rows: int) -> bytes:
    """The inputs that the model leans on most: how much worse `metric` gets when one is shuffled."""
    shown = list(reversed(table[:20]))
    note = f"{rows:,} held-out rows; bars: mean, whiskers: least and most of the shuffles"
    figure, axes = sheet("What the model leans on", note, (7.2, 1.9 + 0.27 * max(len(shown), 4)))
    names = [str(row["feature"]) if len(str(row["feature"])) < 36 else str(row["feature"])[:34] + ".." for row in shown]
    values = np.array([row["importance"] for row in shown])
    around = np.abs(np.array([[row["least"], row["most"]] for row in shown]).T - values)
    axes.barh(names, values, xerr=around, color=MAIN, height=0.66, error_kw={"ecolor": INK, "elinewidth": 1})
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=f"how much worse {metric} gets when the input is shuffled")
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.grid(False, axis="y")
    return png(figure)


def _counts(y: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives at or above each distinct score, from the highest on."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    found = np.cumsum(y[order], dtype=np.float64)[last]
    return found, last + 1 - found


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= POINTS:
        return x, y
    way = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)).clip(0, len(x) - 1))
    return x[kept], y[kept]


def _cloud(figure: "Figure", axes: "Axes", x: np.ndarray, y: np.ndarray, across: tuple[float, float], up: tuple[float, float]) -> None:
    """Points where they are few, a density where they are many."""
    if len(x) <= 2_000:
        axes.scatter(x, y, s=10, color=MAIN, alpha=0.35, linewidths=0)
    else:
        some = slice(None) if len(x) <= CLOUD else np.linspace(0, len(x) - 1, CLOUD).astype(int)
        inside = axes.hexbin(x[some], y[some], gridsize=45, bins="log", mincnt=1, cmap=blues(0.15), extent=(*across, *up), linewidths=0.1)
        bar = figure.colorbar(inside, ax=axes, shrink=0.8, pad=0.02)
        bar.set_label(f"rows in a cell, of {min(len(x), CLOUD):,} shown", color=SOFT, fontsize=9)
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
        bar.ax.tick_params(colors=SOFT, labelsize=8, length=0, which="both")
    axes.set(xlim=across, ylim=up)


def _span(values: np.ndarray) -> tuple[float, float]:
    """The range that holds all but the outermost 0.5 % on each side, with a margin."""
    low, high = np.quantile(values, [0.005, 0.995])
    margin = 0.05 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _rows(y: np.ndarray) -> str:
    return f"{len(y):,} held-out predictions"
