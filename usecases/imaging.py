"""Findings in medical images. As it comes it runs on made-up scans (usecases/_phantoms.py); bring a folder, a zip or an .npz with `--source`."""

import polars as pl

from lifecycle import Gate, Generated, Monitoring, PublishedSplit, Tuning, UseCase, boosting, image_points, linear, network
from schemas.imaging import Scan
from usecases._phantoms import phantoms


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """The image in grey, 28 points a side: no name of a site, by which a model would guess instead of looking."""
    return rows.select(image_points("image", size=28))


use_case = UseCase(
    name="imaging",
    title="What does a medical image show?",
    problem="multiclass",
    schema=Scan,
    source=Generated(phantoms, {"patients": 600}, deterministic=True),
    features=features,
    metric="log_loss",  # how right the probabilities are: where nearly all is right, nothing else tells models apart
    split=PublishedSplit(train=0.55, tune=0.2, gate=0.25),
    candidates=(linear(), boosting(), network()),  # the first two see coarse points by their main directions: what the network must beat
    tuning=Tuning(trials=4, average=False),
    gate=Gate(too_good="allow"),  # some findings are plain to see
    monitoring=Monitoring(window=500),
    slices=("site",),
    approval="human",  # a change of this model needs a person
)
"""Not for the diagnosis of anybody: see docs/imaging.md."""
