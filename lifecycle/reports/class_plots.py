"""Pictures of classes, as PNG bytes: what was taken for what, and how well each is found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lifecycle.evaluation.report import ClassReport
from lifecycle.reports.canvas import INK, MAIN, PALETTE, SOFT, WARM, blues, legend, png, sheet
from lifecycle.reports.plots import counts_above, rows_in_words, thinned


def confusion(y: np.ndarray, predicted: np.ndarray, names: Mapping[Any, str], note: str = "") -> bytes:
    """How many rows of each class were predicted as each, with shares of the row."""
    keys = list(names)
    place = {key: i for i, key in enumerate(keys)}
    counts = np.zeros((len(keys), len(keys)), dtype=np.int64)
    np.add.at(counts, ([place[value] for value in y.tolist()], [place[value] for value in predicted.tolist()]), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.4, 0.55 * len(keys) + 2.6)
    figure, axes = sheet("Confusion: what was taken for what", f"{rows_in_words(y)}{note}", (side + 0.9, side + 0.5))
    axes.imshow(share, cmap=blues(), vmin=0, vmax=1)
    size = 11 if len(keys) < 5 else 8 if len(keys) < 12 else 5
    for i, j in np.ndindex(counts.shape):
        text = f"{counts[i, j]:,}\n{share[i, j]:.1%}" if len(keys) < 12 else f"{share[i, j]:.0%}"
        axes.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if share[i, j] > 0.5 else INK)
    shown = [_short(label) for label in names.values()]
    tilt = 0 if len(keys) < 4 else 40
    axes.set_xticks(range(len(keys)), shown, rotation=tilt, ha="center" if not tilt else "right")
    axes.set_yticks(range(len(keys)), shown)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(False)
    return png(figure)


def one_against_rest(y: np.ndarray, scores: Mapping[str, np.ndarray], area: Mapping[str, float], mean: float) -> bytes:
    """The ROC curve of each class against all others, for a truth of class names; a class that is not there has none."""
    figure, axes = sheet("ROC: each class against the rest", f"{rows_in_words(y)}; mean area over all classes: {mean:.3f}", (6.4, 6.3))
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    for colour, (name, score) in zip(PALETTE, scores.items(), strict=False):
        found, alarms = counts_above(y == name, score)
        x, height = thinned(np.append(0, alarms / alarms[-1]), np.append(0, found / found[-1]))
        axes.plot(x, height, color=colour, linewidth=1.7, label=f"{_short(name)}: {area.get(name, math.nan):.3f}", solid_joinstyle="round")
    axes.set(xlabel="false alarms: share of the other classes above the threshold", ylabel="found: share of the class above the threshold")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    legend(axes, "area under the curve", "lower right")
    return png(figure)


def by_class(table: Sequence[ClassReport], rows: int) -> bytes:
    """Precision and recall of each class, and how many rows it has."""
    figure, axes = sheet(
        "Class by class: what is found, and what is rightly called so", f"{rows:,} held-out rows", (7.2, 1.9 + 0.42 * max(len(table), 3))
    )
    place = np.arange(len(table))
    found = {"precision": [row.precision for row in table], "recall": [row.recall for row in table]}
    for shift, name, colour in ((-0.19, "precision", MAIN), (0.19, "recall", WARM)):
        values = np.array([value if value is not None else 0.0 for value in found[name]])
        axes.barh(place + shift, values, height=0.34, color=colour, label=name)
    axes.set_yticks(place, [f"{_short(row.name)} ({row.rows:,})" for row in table])
    axes.set(xlim=(0, 1.02), xlabel="precision: share of those called so that are; recall: share of the class that is found")
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles, names, loc="lower right", bbox_to_anchor=(1.02, 0.985), ncols=2, frameon=False, fontsize=9)
    return png(figure)


def _short(label: str) -> str:
    return label if len(label) < 24 else label[:22] + ".."
