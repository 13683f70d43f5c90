"""The network: trained with Keras, answering without it, the same for the same seed."""

import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lifecycle import extras
from lifecycle.models import images

pytestmark = pytest.mark.skipif(not extras.installed("imaging"), reason="the extra 'imaging' is not installed")
ROOT = Path(__file__).parents[3]


def scans(rows: int = 260, seed: int = 1, channels: int = 1) -> tuple[pl.DataFrame, np.ndarray]:
    """Noise, in half of which the left side is brighter."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows)
    points = random.normal(100, 20, (rows, 12, 12, channels))
    points[:, :, :6] += 70 * y[:, None, None, None]
    first = images.header(12, 12, channels)
    cells = [first + each.clip(0, 255).astype(np.uint8).tobytes() for each in points]
    return pl.DataFrame({"scan": cells}), np.array(["dark", "bright"], dtype=object)[y]


@pytest.fixture(scope="module")
def fitted():
    from lifecycle.networks.image_network import ImageNetwork

    X, y = scans()
    return ImageNetwork("scan", width=8, epochs=6, seed=5).fit(X, y)


def test_it_learns_and_its_classes_are_in_order(fitted):
    X, y = scans(300, 2)
    assert fitted.classes_.tolist() == ["bright", "dark"]
    assert (fitted.predict(X) == y).mean() > 0.9
    assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1)


def test_the_same_seed_gives_the_same_weights_whatever_was_trained_in_between(fitted):
    from lifecycle.networks.image_network import ImageNetwork

    X, y = scans()
    ImageNetwork("scan", width=8, epochs=2, seed=5).fit(*scans(230, 9))
    again = ImageNetwork("scan", width=8, epochs=6, seed=5).fit(X, y)
    assert all((again.weights_[name] == value).all() for name, value in fitted.weights_.items())


def test_the_graph_says_what_keras_says(fitted):
    from lifecycle.networks import training

    X, _ = scans(64, 3)
    (model, _) = next(iter(training._compiled.values()))
    points = images.points(X["scan"], (12, 12, 1))
    warnings.simplefilter("ignore", DeprecationWarning)  # of Keras' own
    weights = training._weights(model, fitted.layout_) | {name: value for name, value in fitted.weights_.items() if name.startswith("scale/")}
    from lifecycle.networks.image_network import ImageNetwork

    other = ImageNetwork("scan")
    other.classes_, other.layout_, other.weights_ = fitted.classes_, fitted.layout_, weights
    logits = np.asarray(model.predict_on_batch(training._scaled(points, (weights["scale/mean"], weights["scale/spread"]))), np.float64)
    said = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.abs(other.predict_proba(X) - said / said.sum(axis=1, keepdims=True)).max() < 1e-4


def test_one_image_is_answered_as_among_others(fitted):
    X, _ = scans(50, 4)
    alone = np.concatenate([fitted.predict_proba(X[at : at + 1]) for at in range(50)])
    assert np.abs(alone - fitted.predict_proba(X)).max() < 1e-9


def test_it_answers_where_keras_is_not_loaded(fitted, tmp_path: Path):
    kept = tmp_path / "model.pkl"
    kept.write_bytes(pickle.dumps(fitted))
    X, _ = scans(4, 5)
    X.write_parquet(tmp_path / "x.parquet")
    code = (
        "import pickle, sys, polars as pl; model = pickle.load(open(sys.argv[1], 'rb'));"
        "print(model.predict_proba(pl.read_parquet(sys.argv[2])).shape, 'keras' in sys.modules, 'jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, kept, tmp_path / "x.parquet"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(4, 2) False False"


def test_images_are_moved_but_never_turned_over_where_that_is_not_allowed():
    from lifecycle.networks.training import Schedule, moved

    wedge = np.tile(np.arange(12, dtype=np.float32), (200, 12, 1))[..., None]
    found = moved(wedge.copy(), Schedule(1, 1e-3, 0, 1, 2, ()), np.random.default_rng(1))
    assert (np.diff(found[:, :, :, 0], axis=2) >= 0).all()
    found = moved(wedge.copy(), Schedule(1, 1e-3, 0, 1, 0, ("horizontal",)), np.random.default_rng(1))
    assert 0.3 < (np.diff(found[:, 0, :, 0], axis=1) < 0).all(axis=1).mean() < 0.7
