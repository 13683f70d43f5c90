"""Pictures of a clustering, as PNG bytes."""

import numpy as np

from lifecycle.evaluation import cluster_metrics
from lifecycle.reports.canvas import GRID, INK, PALETTE, SOFT, WARM, legend, png, sheet

CLOUD = 5_000
"""A cloud shows at most so many rows."""


def scatter(y: np.ndarray, labels: np.ndarray) -> bytes:
    """The rows on the plane in which they differ most (the first two principal components), coloured by cluster, named at its middle."""
    some = cluster_metrics.spaced(len(y), CLOUD)
    centred = y - y.mean(axis=0)
    _, values, axes_of = np.linalg.svd(centred[some], full_matrices=False)
    shares = values**2 / max((values**2).sum(), 1e-12)
    if len(shares) < 2:
        centred, axes_of, shares = np.hstack([centred, np.zeros((len(y), 1))]), np.eye(2), np.append(shares, 0.0)
    axes_of = axes_of * np.where(axes_of[np.arange(len(axes_of)), np.abs(axes_of).argmax(axis=1)] < 0, -1, 1)[:, None]  # a sign of its own
    flat = centred @ axes_of[:2].T
    note = f"{len(y):,} rows on the plane in which they differ most; it shows {shares[:2].sum():.0%} of their variance"
    figure, axes = sheet("Clusters, seen from the side on which they differ most", note, (6.8, 5.8))
    colour = dict(zip(_names(labels), PALETTE * 20, strict=False))
    for name, tint in colour.items():
        inside = some[labels[some] == name]
        axes.scatter(flat[inside, 0], flat[inside, 1], s=14, color=tint, alpha=0.55, linewidths=0)
    for name, tint in colour.items():
        x, height = flat[labels == name].mean(axis=0)
        axes.text(
            x,
            height,
            name,
            ha="center",
            va="center",
            fontsize=11,
            fontweight="bold",
            color="white",
            bbox={"boxstyle": "circle,pad=0.3", "fc": tint, "ec": "white", "lw": 1.5},
        )
    axes.set(xlabel=f"first principal component ({shares[0]:.0%} of the variance)", ylabel=f"second ({shares[1]:.0%})")
    return png(figure)


def silhouettes(y: np.ndarray, labels: np.ndarray, mean: float) -> bytes:
    """Each row's silhouette, sorted within its cluster: a wide blade is a cluster of its own, what is below 0 lies nearer to another."""
    values = cluster_metrics.silhouettes(y, np.unique(labels, return_inverse=True)[1])
    known = np.isfinite(values)
    wrong = float((values[known] < 0).mean()) if known.any() else 0.0
    figure, axes = sheet(
        "Silhouettes: how well each row fits its cluster", f"{known.sum():,} rows; {wrong:.0%} lie nearer to another cluster (below 0)", (6.8, 5.8)
    )
    start, gap, places = 0, max(known.sum() // 60, 1), []
    for name, tint in zip(_names(labels), PALETTE * 20, strict=False):
        blade = np.sort(values[known & (labels == name)])
        axes.fill_betweenx(np.arange(start, start + len(blade)), 0, blade, color=tint, alpha=0.85, linewidth=0)
        places.append(start + len(blade) / 2)
        start += len(blade) + gap
    axes.axvline(0, color=INK, linewidth=0.8)
    if np.isfinite(mean):
        axes.axvline(mean, color=WARM, linewidth=1.3, linestyle=(0, (4, 3)), label=f"mean: {mean:.3f}")
        legend(axes, None, "lower right")
    axes.set_yticks(places, _names(labels))
    axes.invert_yaxis()
    axes.set(xlabel="silhouette: 1 is far from every other cluster, 0 is between two", ylabel="cluster")
    axes.grid(False, axis="y")
    return png(figure)


def sizes(labels: np.ndarray) -> bytes:
    """How many rows each cluster holds."""
    names = _names(labels)
    counts = np.array([(labels == name).sum() for name in names])
    figure, axes = sheet(
        "Sizes: how the rows are shared out", f"{len(labels):,} rows in {len(names)} clusters", (6.8, 1.8 + 0.42 * max(len(names), 3))
    )
    axes.barh(names, counts, color=list((PALETTE * 20)[: len(names)]), height=0.66)
    for i, count in enumerate(counts):
        axes.text(count, i, f"  {count:,} ({count / len(labels):.0%})", va="center", fontsize=9, color=SOFT)
    axes.invert_yaxis()
    axes.set(xlabel="rows", ylabel="cluster", xlim=(0, counts.max() * 1.18))
    axes.grid(False, axis="y")
    axes.spines["left"].set_color(GRID)
    return png(figure)


def _names(labels: np.ndarray) -> list[str]:
    """The clusters by their number."""
    return sorted(np.unique(labels).tolist(), key=lambda name: (len(name), name))
