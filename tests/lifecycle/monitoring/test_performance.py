"""Late labels beside logged predictions: what was promised, and what it has become."""

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest

from lifecycle.references import DriftReport, LivePerformance
from lifecycle.stages import score
from lifecycle.store.lake import lake
from lifecycle.usecase import Monitoring
from tests.lifecycle.stages.test_monitor import FIRST, Shop
from tests.toys import START


def watched(name: str, **policy: Any) -> Shop:
    return Shop(name, {"monitoring": Monitoring(window=400, **policy)}).open()


def label(shop: Shop, labels: pl.DataFrame, label_time: dt.datetime | None = None) -> None:
    """Labels, `key` and `target`, as they come over HTTP."""
    cursor = lake().cursor()
    cursor.register("labels_come", labels.to_arrow())
    lake().write(
        lambda transaction: transaction.execute(f"INSERT INTO {shop.name}.labels SELECT key, target, ?, now() FROM labels_come", [label_time])
    )
    cursor.unregister("labels_come")


def test_the_rows_that_the_gate_judged_on_are_the_promise_and_no_news():
    shop = watched("performing_alone")
    assert shop.watch().performance is None


def test_what_was_promised_is_kept_where_nothing_changed():
    shop = watched("performing_well")
    assert shop.model
    said = shop.watch({"rows": 1_600})
    found = said.performance
    assert found
    assert (found.metric, found.rows, found.worse, said.drifted) == ("roc_auc", 1_200, False, False)
    assert found.interval
    assert found.interval[0] < found.live < found.interval[1]
    assert found.promised == shop.model.evaluated.holdout["roc_auc"]
    assert "as good as" in said.reason
    assert (found.since or "") >= (START + dt.timedelta(minutes=FIRST + 400)).isoformat()
    assert [window.rows for window in found.windows] == [400] * 3
    assert found.coverage
    assert (found.coverage.rows, found.coverage.stated, found.coverage.short) == (1_200, 0.9, False)


def test_a_change_that_only_the_outcomes_show_is_an_alarm_and_raised_once():
    """The inputs are as ever, what they say of the target is not."""
    shop = watched("performing_badly")
    assert not shop.watch({"rows": 400}).drifted
    said = shop.watch({"rows": 1_200, "signal": 0.0})
    assert said.performance
    assert said.performance.worse
    assert said.drifted
    assert "performance" in said.kinds
    assert said.performance.coverage
    assert said.performance.coverage.short
    assert "hold the truth in" in said.reason
    assert "inputs" not in said.kinds
    assert "worse than" in said.reason
    again = shop.watch()
    assert again.performance
    assert again.performance.worse
    assert not again.drifted


def test_outcomes_count_when_they_have_come():
    shop = watched("performing_late")
    assert shop.watch({"rows": 1_200, "late": True}).performance is None
    assert shop.table().height > 0
    shop.batches[-1] = {"rows": 1_200, "seed": 2}  # the truth came in with the next load
    found = shop.watch()
    assert found.performance
    assert (found.performance.rows, found.performance.worse) == (1_200, False)


def test_labels_that_came_over_http_are_joined_by_key_and_the_last_label_and_answer_count():
    shop = watched("performing_http")
    shop.watch({"rows": 1_200, "late": True})
    keys = f"SELECT key, probability > 0.5 AS yes FROM {shop.name}.predictions WHERE CAST(key AS BIGINT) >= {FIRST}"
    said = lake().frame(keys).sort("key")
    earlier = f"SELECT * REPLACE ('h' || id AS id, 0.5 AS probability, 'http' AS origin, scored_at - INTERVAL 1 DAY AS scored_at) FROM {shop.name}.predictions"
    lake().write(lambda transaction: transaction.execute(f"INSERT INTO {shop.name}.predictions {earlier}"))
    label(shop, said.select("key", target=(~pl.col("yes")).cast(pl.String)))
    label(shop, said.select("key", target=pl.col("yes").cast(pl.String)))
    found = shop.watch().performance
    assert found
    assert found.rows == 1_200
    assert found.live > 0.99


def test_a_label_from_the_future_is_not_known_yet():
    shop = watched("performing_future")
    shop.watch({"rows": 1_200, "late": True})
    keys = pl.Series("key", range(FIRST, FIRST + 1_200, 2)).cast(pl.String)
    both = keys.to_frame().with_columns(target=(pl.int_range(pl.len()) % 2 == 0).cast(pl.String))
    label(shop, both, dt.datetime(2126, 1, 1))
    assert shop.watch().performance is None
    label(shop, both, dt.datetime(2026, 1, 1))
    found = shop.watch().performance
    assert found
    assert [window.rows for window in found.windows] == [400]  # a whole window of the 600


def test_answers_to_rows_that_were_never_loaded_count_too():
    shop = watched("performing_elsewhere")
    features = shop.features()
    score.score(shop.use_case, features, shop.model)
    lake().write(
        lambda transaction: transaction.execute(
            f"""INSERT INTO {shop.name}.predictions (id, key, time, model_version, prediction, probability, origin, scored_at)
            SELECT 'h' || i, 'h' || i, TIMESTAMP '2026-01-09' + INTERVAL (i) MINUTE, 1, i % 2, (i % 2) * 0.8 + 0.1, 'http', now() FROM range(1200) r(i)"""
        )
    )
    right = [str(i % 2 == 1 if i % 5 == 0 else i % 2 == 0) for i in range(1_200)]
    label(shop, pl.DataFrame({"key": [f"h{i}" for i in range(1_200)], "target": right}))
    found = shop.watch(scored=False)
    assert found.performance
    assert (found.performance.rows, found.performance.worse) == (1_200, True)
    assert found.performance.live == pytest.approx(0.2)


def test_hidden_outcomes_are_said_to_be_hidden():
    shop = watched("performing_selected")
    shop.changes["selective_labels"] = "nobody knows what those would have bought who were turned away"
    found = shop.watch({"rows": 1_200})
    assert found.performance
    assert found.performance.selective_labels.startswith("nobody knows")
    assert "turned away" in found.reason


def test_the_table_keeps_what_was_found():
    shop = watched("performing_kept")
    found = shop.watch({"rows": 1_200})
    last = shop.table().row(-1, named=True)
    assert LivePerformance.from_json(last["performance"]) == found.performance
    assert DriftReport.model_validate_json(found.model_dump_json()) == found
    assert json.loads(found.model_copy(update={"performance": None}).model_dump_json())["performance"] == {}


def test_few_rows_that_break_the_promise_raise_the_alarm_and_say_that_it_is_not_the_inputs():
    shop = Shop("performing_small", {"monitoring": Monitoring()}).open()
    found = shop.watch({"rows": 600, "signal": -2.0})  # less than a third of a window
    assert found.drifted
    assert "performance" in found.kinds
    assert "inputs" not in found.kinds
    assert "worse so far than" in found.reason
