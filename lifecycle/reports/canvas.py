"""The style of all pictures: a white sheet, a title and a note, quiet grids; no state outside the figure."""

import io
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, GRID = "#22313f", "#6b7a88", "#e4e8ec"
MAIN, OTHER, WARM = "#2a6f97", "#a3aab1", "#c8553d"
PALETTE = (MAIN, WARM, "#6a994e", "#e0a030", "#7b5ea7", "#3aa6a0", "#b5567d", "#8d7b5a", "#5b7fc7", OTHER, "#d98b73", "#4f5d67")
"""For classes or clusters beside each other."""


def colours(count: int) -> list[str]:
    """Of `count` curves: the last is the one in question, the others are company."""
    return [OTHER] * (count - 1) + [MAIN]


def widths(count: int) -> list[float]:
    """Their line widths, in points."""
    return [1.4] * (count - 1) + [2.2]


def blues(start: float = 0.0) -> Any:
    """A colour map from nearly white to dark blue, from `start` of the way on."""
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("calm", ["#f5f8fa", "#9fc3d8", MAIN, "#123a52"])
    return LinearSegmentedColormap.from_list("calmer", scale(np.linspace(start, 1, 64)))


def sheet(title: str, note: str, size: tuple[float, float] = (6.8, 5.2)) -> "tuple[Figure, Axes]":
    """A figure with one pair of axes, a title and a note under it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    axes = figure.subplots()
    _style(axes)
    _titled(axes, title, note)
    return figure, axes


def stacked(title: str, note: str) -> "tuple[Figure, tuple[Axes, Axes]]":
    """The same with a second, lower pair of axes that share the horizontal one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.8, 6.2), layout="constrained", facecolor="white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    for axes in (above, below):
        _style(axes)
    _titled(above, title, note)
    return figure, (above, below)


def _titled(axes: "Axes", title: str, note: str) -> None:
    axes.set_title(title, loc="left", fontsize=12.5, fontweight="bold", color=INK, pad=23)
    axes.annotate(note, (0, 1), xytext=(0, 7), xycoords="axes fraction", textcoords="offset points", fontsize=9, color=SOFT, va="bottom")


def _style(axes: "Axes") -> None:
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=9, length=0, which="both")
    axes.xaxis.label.set(color=INK, fontsize=10)
    axes.yaxis.label.set(color=INK, fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID)


def legend(axes: "Axes", title: str | None, place: Literal["best", "lower right", "upper left"]) -> None:
    """What is what, the last drawn first."""
    handles, names = axes.get_legend_handles_labels()
    box = axes.legend(handles[::-1], names[::-1], title=title, loc=place, frameon=True, fontsize=9, labelcolor=INK, edgecolor=GRID, framealpha=0.9)
    box.get_title().set(fontsize=9, color=SOFT)


def png(figure: "Figure") -> bytes:
    """The figure as it would be saved."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()
