"""What is best for a metric without a look at the inputs."""

import numpy as np
import polars as pl
import pytest

from lifecycle.dataset import Rows
from lifecycle.evaluation.evidence import blind, shuffled
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import Predictions
from lifecycle.kind import find
from tests.toys import toy


def constant(y: np.ndarray, names: list[str]) -> Predictions:
    """What the classes' shares say of every row."""
    kind = find("binary" if len(names) == 2 else "multiclass")
    share = np.array([(y.astype(str) == name).mean() for name in names])
    frame = kind.frame(np.tile(share, (len(y), 1)), names)
    return Predictions(Rows(pl.DataFrame({"x": np.zeros(len(y))}), y, pl.DataFrame({"_key": range(len(y))})), (frame,), {})


@pytest.mark.parametrize(
    ("metric", "share", "best"), [("f1", 0.3, 0.6 / 1.3), ("precision", 0.3, 0.3), ("f1_macro", 0.5, 0.5), ("accuracy", 0.3, 0.7)]
)
def test_of_two_classes_the_best_guess_depends_on_the_metric(metric: str, share: float, best: float) -> None:
    y = (np.random.default_rng(1).random(20_000) < share).astype(np.int8)
    found = blind(toy("blind"), constant(y, ["0", "1"]), metric)
    assert compute("binary", y, found.predictions[0])[metric] == pytest.approx(best, abs=0.015)


def test_of_balanced_classes_a_random_one_is_the_best_guess_for_f1_macro() -> None:
    y = np.random.default_rng(1).choice(list("abcd"), 20_000).astype(object)
    flat = constant(y, list("abcd"))
    guessed = find("multiclass").blind("f1_macro", flat.predictions[0], 1)
    assert compute("multiclass", y, guessed)["f1_macro"] == pytest.approx(0.25, abs=0.01)
    assert compute("multiclass", y, flat.predictions[0])["f1_macro"] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("metric", ["rmse", "mae", "median_ae", "mape"])
def test_no_other_number_is_better_for_the_metric_than_the_blind_one(metric: str) -> None:
    y = np.random.default_rng(2).lognormal(1, 0.8, 4_001)
    number = find("regression").constant(metric).fit(np.zeros((len(y), 1)), y).predict(np.zeros((1, 1)))[0]

    def error(guess: float) -> float:
        return compute("regression", y, pl.DataFrame({"prediction": np.full(len(y), guess)}), names=[metric])[metric]

    assert error(number) <= min(error(other) for other in np.quantile(y, np.linspace(0.02, 0.98, 97))) + 1e-3


def test_shuffled_answers_are_the_same_answers_for_other_rows() -> None:
    y = (np.random.default_rng(1).random(500) < 0.3).astype(np.int8)
    own = Predictions(constant(y, ["0", "1"]).rows, (pl.DataFrame({"prediction": y, "probability": y * 0.8}),), {})
    mixed = shuffled(toy("shuffled"), own).predictions[0]
    assert mixed["prediction"].sort().to_list() == sorted(y.tolist())
    assert compute("binary", y, mixed)["roc_auc"] == pytest.approx(0.5, abs=0.1)
