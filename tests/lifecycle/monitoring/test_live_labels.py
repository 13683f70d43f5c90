"""Which label of a row holds, and which rows and keys are no part of live performance."""

import datetime as dt

import polars as pl

from lifecycle.monitoring import live_rows
from lifecycle.monitoring.live_labels import Live, live
from lifecycle.stages import score
from tests.lifecycle.monitoring.test_performance import label, watched
from tests.lifecycle.stages.test_monitor import FIRST, Shop

EARLY, LATE = dt.datetime(2026, 2, 1), dt.datetime(2026, 3, 1)


def known(shop: Shop) -> Live:
    features = shop.features()
    assert shop.model
    score.score(shop.use_case, features, shop.model)
    rows = live_rows.met(shop.use_case, shop.model, features)
    return live(shop.use_case, shop.model, rows, live_rows.unseen(shop.use_case, shop.model, features, rows))


def said(keys: range, truth: bool) -> pl.DataFrame:
    return pl.DataFrame({"key": [str(key) for key in keys], "target": [str(truth)] * len(keys)})


def test_of_two_labels_the_one_with_the_later_label_time_holds_whenever_it_arrives():
    shop = watched("labelled_twice")
    shop.batches.append({"rows": 300, "late": True})
    keys = range(FIRST, FIRST + 300)
    label(shop, said(keys, True), LATE)
    label(shop, said(keys, False), EARLY)  # a correction that was overtaken by the one it came after
    assert known(shop).known["_target"].to_list() == [True] * 300
    label(shop, said(keys, False))  # says nothing of its moment: it is known since it came
    assert known(shop).known["_target"].to_list() == [False] * 300


def test_a_label_of_the_source_and_one_over_http_are_held_to_one_rule():
    shop = watched("labelled_both_ways")
    shop.batches.append({"rows": 300})
    own = known(shop).known["_target"]
    keys = range(FIRST, FIRST + 300)
    label(shop, said(keys, True))
    assert known(shop).known["_target"].all()  # it came after the rows
    shop.batches[-1] = {"rows": 300, "seed": 2, "shift": 0.01}  # the rows come again, and their labels with them
    again = known(shop).known["_target"]
    assert (again == own).sum() > 150  # most are what the first load said


def test_rows_without_a_prediction_and_keys_that_nobody_knows_are_counted():
    shop = watched("labelled_nobody")
    shop.batches.append({"rows": 300})
    label(shop, pl.DataFrame({"key": ["nobody", "nobody", "no one"], "target": ["true"] * 3}))
    found = shop.watch(scored=False)
    assert (found.unscored, found.unknown_keys) == (300, 2)
    assert "300 rows since training have no prediction yet: run score" in found.reason
    assert "2 keys have a label and were never loaded nor asked about" in found.reason
    assert shop.watch().unscored == 0
