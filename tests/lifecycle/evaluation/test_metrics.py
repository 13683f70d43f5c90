from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from lifecycle.evaluation.metrics import compute
from lifecycle.kind import find

EXACT: dict[str, Any] = {"rel": 1e-12, "abs": 1e-12}


def binary(rows: int = 400, seed: int = 1, ties: int = 20) -> tuple[np.ndarray, pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(np.int8)
    score = np.round(np.clip(0.3 * y + random.random(rows) * 0.7, 0, 1) * ties) / ties
    frame = pl.DataFrame({"prediction": (score >= 0.5).astype(np.int8), "probability": score})
    return y, frame, random.integers(0, 4, rows).astype(float)


def multiclass(rows: int = 400, seed: int = 2) -> tuple[np.ndarray, pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    classes = np.array(["ant", "bee", "cat"])
    truth = random.integers(0, 3, rows)
    raw = np.round(random.random((rows, 3)) + np.eye(3)[truth] * 0.4, 1) + 0.01
    p = raw / raw.sum(axis=1, keepdims=True)
    frame = pl.DataFrame({"prediction": classes[p.argmax(axis=1)], "probability": p.max(axis=1)})
    frame = frame.with_columns([pl.Series(f"p_{name}", p[:, i]) for i, name in enumerate(classes)])
    return classes[truth].astype(object), frame, random.integers(1, 4, rows).astype(float)


def regression(rows: int = 401, seed: int = 3) -> tuple[np.ndarray, pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    y = 1000 + np.round(random.normal(0, 3, rows), 1)
    return y, pl.DataFrame({"prediction": y + np.round(random.normal(0, 1, rows), 1)}), random.integers(0, 4, rows).astype(float)


def by_scikit_learn(problem: str, y: np.ndarray, frame: pl.DataFrame, weight: np.ndarray | None) -> dict[str, float]:
    guess = frame["prediction"].to_numpy()
    w: dict[str, Any] = {"sample_weight": weight}
    if problem == "regression":
        return {
            "rmse": sk.root_mean_squared_error(y, guess, **w),
            "mae": sk.mean_absolute_error(y, guess, **w),
            "median_ae": sk.median_absolute_error(y, guess, **w),
            "r2": sk.r2_score(y, guess, **w),
            "mape": sk.mean_absolute_percentage_error(y, guess, **w),
        }
    both = {"accuracy": sk.accuracy_score(y, guess, **w), "balanced_accuracy": sk.balanced_accuracy_score(y, guess, **w)}
    both["f1_macro"] = sk.f1_score(y, guess, average="macro", **w)
    if problem == "binary":
        p = frame["probability"].to_numpy()
        return both | {
            "roc_auc": sk.roc_auc_score(y, p, **w),
            "average_precision": sk.average_precision_score(y, p, **w),
            "f1": sk.f1_score(y, guess, **w),
            "precision": sk.precision_score(y, guess, **w),
            "recall": sk.recall_score(y, guess, **w),
            "brier": sk.brier_score_loss(y, p, **w),
            "log_loss": sk.log_loss(y, y_proba=p, **w),
        }
    p = frame.select("^p_.*$").to_numpy()
    y, guess = y.astype(str), guess.astype(str)
    return both | {
        "f1_weighted": sk.f1_score(y, guess, average="weighted", **w),
        "precision_macro": sk.precision_score(y, guess, average="macro", **w),
        "recall_macro": sk.recall_score(y, guess, average="macro", **w),
        "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr", **w),
        "log_loss": sk.log_loss(y, y_proba=p, **w),
        "brier": sk.brier_score_loss(y, p, **w),
    }


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("made", [binary, multiclass, regression])
def test_metrics_are_those_of_scikit_learn(made, weighted):
    y, frame, weight = made()
    ours = compute(made.__name__, y, frame, weight if weighted else None)
    theirs = by_scikit_learn(made.__name__, y, frame, weight if weighted else None)
    assert {name: value for name, value in ours.items() if name != "calibration_error"} == pytest.approx(theirs, **EXACT)


@pytest.mark.parametrize("made", [binary, multiclass, regression])
def test_every_metric_of_the_problem_is_there_in_its_order(made):
    y, frame, _ = made()
    assert tuple(compute(made.__name__, y, frame)) == find(made.__name__).metrics


@pytest.mark.parametrize("made", [binary, multiclass, regression])
def test_a_weight_is_a_row_that_is_there_so_many_times(made):
    y, frame, weight = made()
    again = np.repeat(np.arange(len(y)), weight.astype(int))
    assert compute(made.__name__, y, frame, weight) == pytest.approx(compute(made.__name__, y[again], frame[again]), **EXACT)


@pytest.mark.parametrize("made", [binary, multiclass, regression])
def test_the_order_of_the_rows_does_not_matter(made):
    y, frame, _ = made()
    order = np.random.default_rng(9).permutation(len(y))
    assert compute(made.__name__, y, frame) == pytest.approx(compute(made.__name__, y[order], frame[order]), **EXACT)


def test_what_one_class_leaves_undefined_is_left_out():
    y, frame, _ = binary()
    found = compute("binary", np.zeros_like(y), frame)
    assert not {"roc_auc", "average_precision", "recall"} & set(found)
    assert found["log_loss"] > 0
    assert np.isfinite(list(found.values())).all()


def test_what_a_constant_target_leaves_undefined_is_left_out():
    _, frame, _ = regression()
    assert "r2" not in compute("regression", np.full(frame.height, 7.0), frame)


def test_the_median_of_an_even_number_of_errors_is_between_the_middle_two():
    assert compute("regression", np.zeros(4), pl.DataFrame({"prediction": [1.0, -2.0, 3.0, 10.0]}))["median_ae"] == 2.5


def test_no_rows_have_no_metrics():
    assert compute("binary", np.array([]), pl.DataFrame({"prediction": [], "probability": []})) == {}


def test_a_class_that_the_model_never_saw_costs_it_and_breaks_nothing():
    y, frame, _ = multiclass()
    y = y.copy()
    y[:5] = "dog"
    found = compute("multiclass", y, frame)
    assert found["accuracy"] == pytest.approx(np.mean(y == frame["prediction"].to_numpy()))
    assert found["log_loss"] > compute("multiclass", *multiclass()[:2])["log_loss"]


def test_calibration_error_is_nil_where_each_probability_comes_true_as_often_as_it_says():
    p = np.repeat(np.arange(1, 11) / 20, 20)
    y = np.concatenate([(np.arange(20) < share * 20).astype(int) for share in np.arange(1, 11) / 20])
    frame = pl.DataFrame({"prediction": np.zeros(200), "probability": p})
    assert compute("binary", y, frame)["calibration_error"] == pytest.approx(0, abs=1e-12)
    wrong = frame.with_columns(pl.col("probability") + 0.2)
    assert compute("binary", y, wrong)["calibration_error"] == pytest.approx(0.2, abs=0.02)


def test_calibration_error_of_a_constant_is_how_far_it_is_from_the_share_of_positives():
    y, frame, _ = binary()
    constant = frame.with_columns(probability=pl.lit(0.5))
    assert compute("binary", y, constant)["calibration_error"] == pytest.approx(abs(0.5 - y.mean()), abs=0.01)
