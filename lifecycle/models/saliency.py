"""Where a model looks: what becomes of its answer when a part of the image is covered (Zeiler and Fergus 2014, occlusion). It asks any model."""

from collections.abc import Callable

import numpy as np
import polars as pl

from lifecycle.models import images

SIDE = 7
"""Places along each side; a cover is twice as wide as their distance, so that each point is covered several times."""
SHOWN = 224
"""A side of a picture, in points."""


def occlusion(cell: bytes, ask: Callable[[pl.Series], np.ndarray]) -> np.ndarray:
    """How much each place of an image matters: by how much the answer falls when it is covered in the image's mean; shape (height, width).

    Args:
        cell: an image as `lifecycle.models.images.read` gives it.
        ask: the explained number for other images, length n.
    """
    shape = height, width, channels = images.shape(cell)
    whole = images.points([cell], shape)[0]
    middle = np.round(whole.reshape(-1, channels).mean(axis=0)).astype(np.uint8)
    first, covers, covered = images.header(*shape), [], [cell]
    for down in np.linspace(0, height, SIDE, endpoint=False):
        for across in np.linspace(0, width, SIDE, endpoint=False):
            top, left = int(down - height / SIDE / 2), int(across - width / SIDE / 2)
            place = np.s_[max(top, 0) : int(top + 2 * height / SIDE), max(left, 0) : int(left + 2 * width / SIDE)]
            other = whole.copy()
            other[place] = middle
            covers.append(place)
            covered.append(first + other.tobytes())
    said = ask(pl.Series(covered, dtype=pl.Binary))
    matters, times = np.zeros((height, width)), np.zeros((height, width))
    for place, value in zip(covers, said[1:], strict=True):
        matters[place] += said[0] - value
        times[place] += 1
    return matters / np.maximum(times, 1)


def picture(cell: bytes, matters: np.ndarray) -> bytes:
    """An image with what matters in it, as PNG: what speaks for the answer is red, what speaks against it blue."""
    return images.png(overlaid(cell, matters, SHOWN))


def overlaid(cell: bytes, matters: np.ndarray, side: int) -> np.ndarray:
    """The same as points, uint8 of shape (side, side, 3)."""
    from PIL import Image

    shape = images.shape(cell)
    points = images.points([cell], shape)[0]
    grey = Image.fromarray(points if shape[2] == 3 else points[:, :, 0]).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    strength = matters / max(float(np.abs(matters).max()), 1e-9)
    large = np.asarray(Image.fromarray(strength.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR))[:, :, None]
    colour = np.where(large > 0, np.array([214.0, 69.0, 48.0]), np.array([42.0, 111.0, 190.0]))
    share = 0.55 * np.abs(large)
    return ((1 - share) * np.asarray(grey, np.float64) + share * colour).round().astype(np.uint8)
