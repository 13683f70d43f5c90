"""Pictures of an evaluation of images, as PNG bytes: the images that were taken most wrongly, where the model looks, what it can be set to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle.reports.canvas import INK, MAIN, SOFT, WARM, png, sheet

GOAL = 0.95
DRAWS = 300
COLUMNS = 6


@dataclass(frozen=True)
class Tile:
    """One image with its title: uint8 of shape (height, width) or (height, width, 3)."""

    points: np.ndarray
    title: str
    bad: bool = False


def tiles(title: str, note: str, shown: Sequence[Tile]) -> bytes:
    """Images beside each other."""
    rows = -(-len(shown) // COLUMNS)
    figure, axes = sheet(title, note, (1.55 * COLUMNS, 0.9 + 1.95 * rows))
    axes.set_axis_off()
    for at, each in enumerate(shown):
        down, across = divmod(at, COLUMNS)
        inset = axes.inset_axes((across / COLUMNS, 1 - (down + 0.84) / rows, 0.95 / COLUMNS, 0.8 / rows))
        inset.imshow(each.points, cmap="gray", vmin=0, vmax=255)
        inset.set_axis_off()
        inset.set_title(each.title, fontsize=7, color=WARM if each.bad else INK, pad=2)
    return png(figure)


@dataclass(frozen=True)
class OperatingPoint:
    """What is reached where the other side is held: a share with its 95 % interval, and the threshold."""

    name: str
    value: float
    low: float
    high: float
    threshold: float


def operating_points(truth: np.ndarray, score: np.ndarray, clumps: np.ndarray, random: np.random.Generator) -> tuple[OperatingPoint, OperatingPoint]:
    """The sensitivity where the specificity is 95 %, and the specificity where the sensitivity is.

    Intervals are percentiles of a bootstrap of clumps of rows (patients), the threshold chosen anew in each draw.

    Args:
        truth: whether each row is of the class, length n.
        score: its probability.
        clumps: the number of each row's clump.
        random: draws the clumps.
    """
    count = int(clumps.max()) + 1
    found = np.array([_reached(truth, score, np.ones(len(truth)))] + [
        _reached(truth, score, np.bincount(random.integers(0, count, count), minlength=count)[clumps].astype(float)) for _ in range(DRAWS)
    ])  # fmt: skip
    points = []
    for column, name in ((0, "sensitivity at 95 % specificity"), (2, "specificity at 95 % sensitivity")):
        drawn = found[1:, column]
        low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
        points.append(OperatingPoint(name, float(found[0, column]), float(low), float(high), float(found[0, column + 1])))
    return points[0], points[1]


def _reached(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float]:
    order = np.argsort(-score, kind="stable")
    found, alarms = np.cumsum(weight[order] * truth[order]), np.cumsum(weight[order] * ~truth[order])
    if not found[-1] or not alarms[-1]:
        return np.nan, np.nan, np.nan, np.nan
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)  # a threshold lies between two scores
    sensitivity, specificity, at = found[ends] / found[-1], 1 - alarms[ends] / alarms[-1], score[order][ends]
    fits = np.flatnonzero(specificity >= GOAL)
    first = int(np.argmax(sensitivity >= GOAL))
    one = (sensitivity[fits[-1]], at[fits[-1]]) if len(fits) else (0.0, 1.0)
    return float(one[0]), float(one[1]), float(specificity[first]), float(at[first])


def points(table: Mapping[str, tuple[OperatingPoint, OperatingPoint]], note: str) -> bytes:
    """Both operating points of each class, with their intervals."""
    figure, axes = sheet("Operating points: what is found at which price", note, (7.6, 1.8 + 0.62 * max(len(table), 2)))
    place = np.arange(len(table))
    for shift, at, colour in ((-0.17, 0, MAIN), (0.17, 1, WARM)):
        chosen = [pair[at] for pair in table.values()]
        values = np.array([each.value for each in chosen])
        around = np.abs(np.array([[each.low, each.high] for each in chosen]).T - values)
        axes.errorbar(values, place + shift, xerr=around, fmt="o", color=colour, markersize=5, elinewidth=1.4, label=chosen[0].name if chosen else "")
        for height, each in zip(place + shift, chosen, strict=True):
            words = f"{each.value:.1%} [{each.low:.1%}, {each.high:.1%}], from {each.threshold:.3f}"
            axes.annotate(words, (1.02, height), xycoords=("axes fraction", "data"), fontsize=7.5, color=colour, va="center")
    axes.set_yticks(place, [name if len(name) < 24 else name[:22] + ".." for name in table])
    lows = [each.low if np.isfinite(each.low) else each.value for pair in table.values() for each in pair]
    start = max(min([0.8, *(low - 0.05 for low in lows if np.isfinite(low))]), -0.02)
    axes.set(xlim=(start, 1.01), xlabel="share, with its 95 % interval; from which probability on", ylim=(len(table) - 0.4, -0.6))
    axes.axvline(GOAL, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    axes.legend(loc="lower left", fontsize=8, frameon=True, edgecolor="white")
    return png(figure)


def worst(own: np.ndarray, most: int) -> np.ndarray:
    """The rows whose own class was thought least probable."""
    return np.argsort(own, kind="stable")[:most]
