import datetime as dt

import numpy as np
import polars as pl
import pytest

from lifecycle.dataset import Rows
from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.report import SliceReport
from lifecycle.evaluation.resample import clusters
from lifecycle.evaluation.slices import labels, slices
from lifecycle.gate.findings import WorstSlice
from tests.toys import toy

UC = toy("sliced", slices=("kind",), metric="roc_auc")


def unseen(share_weak: float, rows: int = 3_000) -> EvaluationSet:
    """Scores that are good everywhere but in the slice `kind = c`, where `share_weak` of them are noise."""
    random = np.random.default_rng(4)
    kind = random.choice(["a", "b", "c"], rows)
    y = (random.random(rows) < 0.4).astype(np.int8)
    noise = (kind == "c") & (random.random(rows) < share_weak)
    score = np.where(noise, random.random(rows), np.clip(0.3 * y + 0.7 * random.random(rows), 0, 1))
    info = pl.DataFrame({"kind": kind, "gender": random.choice(["f", "m"], rows), "_key": np.arange(rows).astype(str)})
    table = Rows(info.select("kind"), y, info)
    said = pl.DataFrame({"prediction": (score > 0.5).astype(np.int8), "probability": score})
    constant = pl.DataFrame({"prediction": np.zeros(rows, np.int8), "probability": np.full(rows, 0.4)})
    return EvaluationSet(UC, Predictions(table, (said,), {}), Predictions(table, (constant,), {}), clusters(UC, info))


def worst(found: SliceReport) -> WorstSlice:
    assert found.worst
    return found.worst


def test_the_weak_slice_is_found_and_shown_to_be_weak():
    found = slices(unseen(1.0))
    assert (worst(found).column, worst(found).slice) == ("kind", "c")
    assert (worst(found).kept_at_best or 0) < 0.5


def test_skill_is_the_share_of_the_possible_gain_over_the_constant():
    of = unseen(0.0)
    area = compute(UC, of.y, of.model.predictions[0])["roc_auc"]
    assert slices(of).skill == pytest.approx((area - 0.5) / 0.5)


def test_the_worst_of_equal_slices_is_not_shown_to_be_weak():
    found = slices(unseen(0.0))
    assert (worst(found).kept_at_best or 0) > 0.95


def test_slice_rows_add_up_and_sensitive_columns_are_slices():
    table = slices(unseen(0.0)).table
    for column in ("kind", "gender"):
        assert sum(row.rows for row in table if row.column == column) == 3_000


def test_the_interval_of_the_worst_is_wider_than_its_own():
    found = slices(unseen(1.0))
    own = next(row for row in found.table if row.slice == "c")
    limits = [worst(found).low, own.low, own.high, worst(found).high]
    assert None not in limits
    assert limits == sorted(set(limits), key=lambda limit: limit or 0)


def test_a_small_slice_is_not_judged():
    found = slices(unseen(0.0, rows=120))
    assert {row.enough for row in found.table if row.column == "kind"} == {False}
    assert all(row.low is None for row in found.table if not row.enough)


def test_a_slice_that_is_easy_for_a_constant_is_not_weak_for_it():
    use_case = toy("sliced_errors", problem="binary", metric="log_loss", slices=("kind",))
    random = np.random.default_rng(1)
    kind = np.repeat(["a", "b"], 1_000)
    chance = np.where(kind == "a", 0.5, 0.05)
    y = (random.random(2_000) < chance).astype(np.int8)
    info = pl.DataFrame({"kind": kind, "gender": "f", "_key": np.arange(2_000).astype(str)})
    table = Rows(info.select("kind"), y, info)
    good = pl.DataFrame({"prediction": y, "probability": np.where(y == 1, 0.9, 0.1)})
    flat = pl.DataFrame({"prediction": y * 0, "probability": np.full(2_000, y.mean())})
    found = slices(EvaluationSet(use_case, Predictions(table, (good,), {}), Predictions(table, (flat,), {}), clusters(use_case, info)))
    assert all((row.kept or 0) > 0.7 for row in found.table)


def test_numbers_are_cut_into_quarters_in_order():
    column = pl.Series("amount", [*range(100), None])
    given = labels(column)
    assert given.value_counts().sort("slice")["count"].to_list() == [25, 25, 25, 25, 1]
    assert given[0] == "1: up to 24"
    assert given[99] == "4: over 74"
    assert given[100] == "missing"


def test_times_are_cut_into_quarters_that_can_be_read():
    days = pl.Series("day", [dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in range(40)])
    assert labels(days)[0] == "1: up to 2026-01-10"


@pytest.mark.parametrize("values", [[1, 2, 1, 2], [True, False], ["x", "y"]], ids=["numbers", "booleans", "texts"])
def test_few_values_are_slices_of_their_own(values):
    column = pl.Series("few", values)
    assert set(labels(column)) == set(column.cast(pl.String))


def test_rare_categories_are_put_together():
    column = pl.Series("town", [f"town {i % 12}" for i in range(120)] + [f"hamlet {i}" for i in range(30)])
    given = labels(column)
    assert given.n_unique() == 13
    assert (given == "other").sum() == 30
