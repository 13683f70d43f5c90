"""The picture of a drift report: each column's effect beside its limit."""

from collections.abc import Mapping, Set

from lifecycle.reports import canvas


def chart(columns: Mapping[str, float], limits: Mapping[str, float], changed: Set[str] = frozenset()) -> bytes:
    """A PNG with one bar a column (its PSI) and a mark at its limit; bars beyond their limit, and of columns that changed otherwise, are warm."""
    names = list(columns)[::-1]
    beyond = [columns[name] > limits[name] or name in changed for name in names]
    note = f"{sum(beyond)} of {len(names)} columns shown have changed"
    figure, axes = canvas.sheet("Change since training, by column", note, (6.8, 1.6 + 0.32 * len(names)))
    axes.barh(names, [columns[name] for name in names], color=[canvas.WARM if bad else canvas.MAIN for bad in beyond], height=0.55)
    axes.scatter([limits[name] for name in names], names, marker="|", s=220, linewidths=2, color=canvas.INK, label="limit", zorder=3)
    axes.set_xlabel("population stability index")
    axes.set_xlim(left=0)
    canvas.legend(axes, None, "lower right")
    return canvas.png(figure)
