"""Pictures of predicted numbers, as PNG bytes: what was missed, by how much, and where."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lifecycle.evaluation.statistics import bins
from lifecycle.reports.canvas import MAIN, SOFT, WARM, blues, colours, legend, png, sheet
from lifecycle.reports.plots import rows_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLOUD = 20_000
"""A cloud shows at most so many rows."""


def actual_against_predicted(y: np.ndarray, predicted: np.ndarray, target: str, r2: float) -> bytes:
    """The truth over the prediction, with the line where they agree."""
    figure, axes = sheet(f"Predicted and true {target}", f"{rows_in_words(y)}, R² {r2:.3f}; on the line both agree", (6.6, 5.9))
    low, high = _span(np.append(y, predicted))
    _cloud(figure, axes, predicted, y, (low, high), (low, high))
    axes.plot([low, high], [low, high], color=WARM, linewidth=1.2)
    axes.set(xlabel=f"predicted {target}", ylabel=f"true {target}", aspect="equal")
    return png(figure)


def residuals(y: np.ndarray, predicted: np.ndarray, target: str, mae: float) -> bytes:
    """What was missed (true less predicted) over the prediction, with its median and middle 80 % in ten bins."""
    missed = y - predicted
    figure, axes = sheet(f"Residuals: where {target} is missed, and by how much", f"{rows_in_words(y)}, missed by {mae:.4g} on average")
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


def error_by_size(y: np.ndarray, predictions: Mapping[str, np.ndarray], target: str) -> bytes:
    """The mean absolute error in ten equally filled bins of the truth, of each model: the one in question first."""
    given = bins(y)
    figure, axes = sheet(f"Error by the size of {target}", f"{rows_in_words(y)}, in ten bins of equally many")
    numbers = np.unique(given)
    width = 0.8 / len(predictions)
    for i, (colour, (name, guess)) in enumerate(zip(colours(len(predictions))[::-1], predictions.items(), strict=True)):
        errors = [float(np.abs(y - guess)[given == number].mean()) for number in numbers]
        axes.bar(np.arange(len(numbers)) + (i - (len(predictions) - 1) / 2) * width, errors, width=width * 0.92, color=colour, label=name)
    axes.set_xticks(range(len(numbers)), [f"{y[given == number].mean():.3g}" for number in numbers])
    axes.set(xlabel=f"mean true {target} of the bin", ylabel=f"mean absolute error in {target}")
    axes.grid(False, axis="x")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles, names, loc="upper left", frameon=True, fontsize=9, framealpha=0.9)
    return png(figure)


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
