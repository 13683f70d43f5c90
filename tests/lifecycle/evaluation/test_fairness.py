import numpy as np
import polars as pl
import pytest

from lifecycle.dataset import Rows
from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.fairness import NOT_ENOUGH, fairness
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.report import ColumnFairness
from lifecycle.evaluation.resample import clusters
from tests.toys import toy

UC = toy("fair")


def judged(rows: int = 2_000, found_of_m: float = 0.8, share_m: float = 0.5, use_case=UC) -> Predictions:
    """Positives are found with chance 0.8 among `f`, and `found_of_m` among `m`."""
    random = np.random.default_rng(2)
    gender = np.where(random.random(rows) < share_m, "m", "f")
    y = (random.random(rows) < 0.4).astype(np.int8)
    chance = np.where(y == 0, 0.1, np.where(gender == "m", found_of_m, 0.8))
    called = (random.random(rows) < chance).astype(np.int8)
    info = pl.DataFrame({"gender": gender, "_key": np.arange(rows).astype(str)})
    return Predictions(Rows(info.select("gender"), y, info), (pl.DataFrame({"prediction": called, "probability": np.full(rows, 0.4)}),), {})


def asked(of: Predictions, use_case=UC) -> ColumnFairness:
    return fairness(EvaluationSet(use_case, of, of, clusters(use_case, of.rows.info)))["gender"]


def test_a_planted_difference_is_shown_with_its_size_and_direction():
    found = asked(judged(found_of_m=0.5)).measures["true_positive_rate"].difference
    assert found.verdict == "different"
    assert found.between == ("f", "m")
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.3 < found.high
    assert found.low > 0.15


def test_equal_groups_are_not_shown_to_differ():
    found = asked(judged()).measures
    assert {name: measure.difference.verdict for name, measure in found.items()} == dict.fromkeys(
        ("selection_rate", "true_positive_rate", "calibration"), "no difference shown"
    )


def test_rates_are_those_of_the_groups():
    of = judged()
    found = asked(of)
    said = of.predictions[0]["prediction"].to_numpy()
    man, y = of.rows.info["gender"].to_numpy() == "m", of.rows.y
    assert found.groups == {"f": int((~man).sum()), "m": int(man.sum())}
    men = {name: one.value for name, measure in found.measures.items() if (one := measure.groups["m"])}
    assert men["selection_rate"] == pytest.approx(said[man].mean())
    assert men["true_positive_rate"] == pytest.approx(said[man & (y == 1)].mean())
    assert men["calibration"] == pytest.approx(0.4 - y[man].mean())


def test_a_small_group_is_not_enough_evidence():
    found = asked(judged(share_m=0.015))
    assert found.groups["m"] < 50
    assert found.measures["selection_rate"].groups["m"] is None
    assert found.measures["selection_rate"].difference.verdict == NOT_ENOUGH


def test_the_true_positive_rate_needs_thirty_positives():
    found = asked(judged(share_m=0.03))
    assert found.groups["m"] > 50
    assert found.measures["selection_rate"].groups["m"] is not None
    assert found.measures["true_positive_rate"].difference.verdict == NOT_ENOUGH


def test_thirty_positives_are_enough_for_the_true_positive_rate():
    of = judged(share_m=0.045)
    positives = of.rows.y[of.rows.info["gender"].to_numpy() == "m"].sum()
    assert 30 <= positives < 50
    assert asked(of).measures["true_positive_rate"].groups["m"] is not None


def test_more_groups_to_pick_from_ask_for_more_confidence():
    of = judged()
    info = of.rows.info.with_columns(gender=pl.Series(np.arange(len(of.rows)) % 4).cast(pl.String))
    four = Predictions(Rows(of.rows.X, of.rows.y, info), of.predictions, {})
    assert asked(of).measures["selection_rate"].difference.confidence == pytest.approx(0.95)
    assert asked(four).measures["selection_rate"].difference.confidence == pytest.approx(1 - 0.05 / 6)
