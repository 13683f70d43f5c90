import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.dataset import Rows
from lifecycle.evaluation.predictions import cross_validate, judge
from lifecycle.references import Recipe
from lifecycle.splits import HashSplit, TimeSplit
from tests.toys import toy, visit_features, visits

HASHED = toy("folded", split=HashSplit())
TIMED = toy("folded_in_time", split=TimeSplit(gap=dt.timedelta(minutes=30)))


def some_rows(count: int = 400) -> Rows:
    made = visits(count)
    info = made.select("customer", "gender", "bought", _time="at", _key=pl.col("visit").cast(pl.String))
    return Rows(visit_features(made), HASHED.kind.encode(HASHED, made["bought"]), info)


def test_no_row_is_on_two_sides_of_a_fold():
    rows = some_rows()
    for use_case in (HASHED, TIMED):
        for fitted, tuned, tested in use_case.split.folds(use_case, rows, 0):
            sides = [set(side.tolist()) for side in (fitted, tuned, tested)]
            assert all(sides)
            assert sum(map(len, sides)) == len(set.union(*sides))


def test_no_group_is_on_both_sides_of_a_fold():
    rows = some_rows()
    customer = rows.info["customer"].to_numpy()
    for fitted, tuned, tested in HASHED.split.folds(HASHED, rows, 0):
        assert not set(customer[fitted]) & set(customer[tested])
        assert not set(customer[tuned]) & set(customer[tested])
        assert not set(customer[fitted]) & set(customer[tuned])


def test_every_row_is_predicted_once_in_each_repeat():
    rows = some_rows()
    for repeat in range(3):
        tested = np.concatenate([fold[2] for fold in HASHED.split.folds(HASHED, rows, repeat)])
        assert sorted(tested) == list(range(len(rows)))


def test_repeats_are_different_divisions():
    rows = some_rows()
    one, two = (next(HASHED.split.folds(HASHED, rows, repeat))[2] for repeat in (0, 1))
    assert set(one) != set(two)


def test_a_fold_in_time_knows_nothing_of_its_test_rows_or_of_the_gap_before_them():
    rows = some_rows()
    time = rows.info["_time"].to_numpy()
    gap = np.timedelta64(30, "m")
    blocks = list(TIMED.split.folds(TIMED, rows, 0))
    assert len(blocks) == 5
    for fitted, tuned, tested in blocks:
        assert time[tuned].max() + gap < time[tested].min()
        assert time[fitted].max() + gap < time[tuned].min()
    assert sorted(np.concatenate([block[2] for block in blocks])) == list(range(200, 400))


class Nearest:
    """Says of a row what it was told of that very row, else 0.5: a model that only remembers."""

    classes_ = np.array([0, 1])

    def __init__(self, known: Rows) -> None:
        self.known = dict(zip(known.X["amount"].to_list(), known.y.tolist(), strict=True))

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        positive = np.array([self.known.get(amount, 0.5) for amount in X["amount"].to_list()])
        return np.stack([1 - positive, positive], axis=1)


def test_a_model_that_only_remembers_is_worth_nothing_out_of_fold():
    rows = some_rows()
    rows = rows.take(rows.X.with_row_index().unique("amount", keep="first")["index"].sort().to_numpy())
    judged = cross_validate(HASHED, lambda train, tune: Nearest(train), rows)
    assert judged.train["roc_auc"] == 1
    assert len(judged.predictions) == 3
    assert all((frame["probability"] == 0.5).all() for frame in judged.predictions)


def test_predictions_out_of_fold_are_in_the_order_of_the_rows():
    rows = some_rows()

    class Amount:
        classes_ = np.array([0, 1])

        def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
            share = X["amount"].to_numpy() / 10_000
            return np.stack([1 - share, share], axis=1)

    for use_case in (HASHED, TIMED):
        judged = cross_validate(use_case, lambda train, tune: Amount(), rows)
        for frame in judged.predictions:
            assert frame["probability"].to_list() == (judged.rows.X["amount"].to_numpy() / 10_000).tolist()


@pytest.mark.parametrize("use_case", [HASHED, TIMED], ids=["hash", "time"])
def test_two_recipes_are_judged_on_the_same_rows(use_case: Any):
    rows = some_rows()
    one, two = (judge(use_case, Recipe(candidate="linear", params={"alpha": alpha}), rows) for alpha in (0.1, 100.0))
    assert one.rows.info.equals(two.rows.info)
    assert not one.predictions[0].equals(two.predictions[0])


def test_a_class_too_rare_for_five_folds_still_gets_folds():
    rows = some_rows(60)
    few = Rows(rows.X, (np.arange(60) % 20 == 0).astype(np.int8), rows.info.drop("customer"))
    tested = [fold[2] for fold in HASHED.split.folds(HASHED, few, 0)]
    assert len(tested) == 3
    assert all(few.y[test].sum() == 1 for test in tested)
