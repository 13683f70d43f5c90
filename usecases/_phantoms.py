"""Made-up scans: phantoms, no people. Patients with several images each, from three sites whose devices differ in brightness, contrast and noise.

Each image is a grey disc of tissue with a texture of its own for the patient. `nodule`: a small bright spot lies in it. `effusion`: its lower part is
veiled. `clear`: neither. Some spots are faint and some clear images have a bright vessel, so that nobody is always right.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

SIZE = 32
SITES = {"north": (1.0, 0, 6.0), "harbour": (0.85, 18, 9.0), "hill": (1.1, -10, 7.0)}
"""By site: contrast, brightness (of 255) and noise (a standard deviation, of 255)."""
FINDINGS = ("clear", "nodule", "effusion")
SHARES = (0.5, 0.28, 0.22)


def phantoms(patients: int = 600, seed: int = 7, brighter: float = 0.0, since: int = 0) -> "Iterator[pl.DataFrame]":
    """Rows with the columns of any source of images.

    Args:
        patients: how many; each has one to five images.
        seed: of everything.
        brighter: by how much, of 255, all images are brighter: what a new device could do.
        since: the number of the first patient.
    """
    import polars as pl

    from lifecycle.models import images

    for first in range(since, since + patients, 200):
        rows: list[dict[str, Any]] = []
        for patient in range(first, min(first + 200, since + patients)):
            random = np.random.default_rng([seed, patient])
            site = str(random.choice(list(SITES)))
            build = _build(random)
            for number in range(int(random.integers(1, 6))):
                finding = str(random.choice(FINDINGS, p=SHARES))
                points = _scan(random, build, finding, site, brighter)
                rows.append(
                    {
                        "file": f"p{patient:06}/{number}",
                        "image": images.png(points),
                        "label": finding,
                        "split": None,
                        "patient": f"p{patient:06}",
                        "site": site,
                    }
                )
        yield pl.DataFrame(rows, schema_overrides={"split": pl.String})


def _build(random: np.random.Generator) -> np.ndarray:
    """A patient's tissue, without noise: values around 0 to 1."""
    down, across = np.mgrid[0:SIZE, 0:SIZE] - (SIZE - 1) / 2
    round_ = (down / random.uniform(12, 15)) ** 2 + (across / random.uniform(11, 14)) ** 2
    inside = 1 / (1 + np.exp(8 * (round_ - 1)))
    waves = sum(np.sin(random.uniform(0.15, 0.5) * down + random.uniform(0.15, 0.5) * across + random.uniform(0, 6)) for _ in range(3))
    return inside * (0.42 + 0.05 * waves)


def _scan(random: np.random.Generator, build: np.ndarray, finding: str, site: str, brighter: float) -> np.ndarray:
    down, across = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    points = build.copy()
    if finding == "nodule":
        centre, wide = random.uniform(9, 22, 2), random.uniform(1.3, 2.4)
        points += random.uniform(0.08, 0.32) * np.exp(-((down - centre[0]) ** 2 + (across - centre[1]) ** 2) / (2 * wide**2))
    elif finding == "effusion":
        points += random.uniform(0.07, 0.24) * (build > 0.1) / (1 + np.exp(-(down - random.uniform(19, 24)) / 1.2))
    elif random.random() < 0.25:
        angle, place = random.uniform(0, np.pi), random.uniform(-5, 5)
        away = (down - 15.5) * np.cos(angle) + (across - 15.5) * np.sin(angle) - place
        points += 0.18 * (build > 0.1) * np.exp(-(away**2) / 2)
    contrast, bright, noise = SITES[site]
    return np.clip(255 * contrast * points + bright + 20 + brighter + random.normal(0, noise, points.shape), 0, 255).round().astype(np.uint8)
