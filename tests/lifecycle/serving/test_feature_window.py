"""The recent rows: what was asked, what the lake has, and every row once."""

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.serving.entity_index import EntityIndex
from lifecycle.serving.predictor import Predictor
from lifecycle.table.feature_table import compute
from lifecycle.usecase import UseCase
from lifecycle.windows import lookback
from tests.toys import START, toy

SPAN = dt.timedelta(minutes=10)


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """What a customer spent and bought in the last ten minutes, as far as it was known."""
    spent = lookback(rows, by="customer", time="at", spans={"10m": SPAN}, value="amount", prefix="spent")
    return pl.concat([rows.select("amount"), spent], how="horizontal")


use_case = toy("recent", features=features, history=SPAN)


def predictor(rows: pl.DataFrame | None = None, floor: dt.datetime | None = None, of: UseCase = use_case, older: Any = None) -> Predictor:
    made = Predictor(of, older or (lambda *_: pl.DataFrame(schema=SCHEMA)))
    made.refresh(EntityIndex(of, pl.DataFrame(schema=SCHEMA) if rows is None else rows), floor)
    return made


SCHEMA: Any = {column.name: column.dtype for column in use_case.columns.all}


def visit(number: int, minute: float, customer: int = 1, amount: float = 1.0, **more: Any) -> dict[str, Any]:
    at = (START + dt.timedelta(minutes=minute)).isoformat()
    return {"visit": number, "at": at, "customer": customer, "gender": "f", "amount": amount, "kind": "a", "age": None, **more}


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as the lake has them."""
    plain = predictor()
    return plain.reader.frame(plain.reader.cells(rows)) if rows else pl.DataFrame(schema=SCHEMA)


def ask(of: Predictor, *rows: dict[str, Any]) -> pl.DataFrame:
    return of.features(of.reader.cells(list(rows)), remember=True)


visits = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 25), st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=14
)  # key, minute, customer, amount


@given(visits, visits, st.lists(st.integers(1, 5), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_every_answer_is_what_the_batch_path_says_of_all_that_was_known(
    lake: list[tuple[int, ...]], asked: list[tuple[int, ...]], sizes: list[int]
) -> None:
    """In whatever order and whatever requests, with rows asked twice, changed, or in the lake already."""
    known = {key: visit(key, *rest) for key, *rest in lake}
    service = predictor(frame(list(known.values())))
    questions = [visit(key, *rest) for key, *rest in asked]
    at = 0
    while questions[at:]:
        size = sizes[at % len(sizes)]
        together = questions[at : at + size]
        at += size
        found = ask(service, *together)
        for row in _first_parts(together):
            known |= {each["visit"]: each for each in row}
            whole = frame(list(known.values()))
            expected = whole.with_columns(compute(use_case, whole).select("spent_count_10m", "spent_sum_10m"))
            for each in row:
                one, found = found.head(1), found.tail(-1)
                there = expected.filter(pl.col("visit") == each["visit"])
                assert one["spent_count_10m"].to_list() == there["spent_count_10m"].to_list()
                assert one["spent_sum_10m"].to_list() == there["spent_sum_10m"].to_list()


def _first_parts(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Consecutive rows without a key twice: what is one batch."""
    parts: list[list[dict[str, Any]]] = [[]]
    for row in rows:
        if row["visit"] in {each["visit"] for each in parts[-1]}:
            parts.append([])
        parts[-1].append(row)
    return parts


def test_rows_of_one_request_see_one_another_by_time_alone() -> None:
    found = ask(predictor(), visit(1, 0), visit(2, 5), visit(3, 5), visit(4, 3))
    assert found["spent_count_10m"].to_list() == [0, 2, 2, 1]


def test_a_row_that_the_lake_has_by_now_is_one_event() -> None:
    service = predictor()
    ask(service, visit(1, 0))
    service.refresh(EntityIndex(use_case, frame([visit(1, 0)])), None)
    assert ask(service, visit(2, 5))["spent_count_10m"].to_list() == [1]
    assert service.recent
    assert len(service.recent.asked) == 1


def test_what_is_asked_only_to_look_is_no_event() -> None:
    service = predictor()
    service.features(service.reader.cells([visit(1, 0)]))
    assert ask(service, visit(2, 5))["spent_count_10m"].to_list() == [0]


def test_windows_that_reach_below_what_is_in_memory_are_read_from_the_lake() -> None:
    rows = frame([visit(1, 0), visit(2, 8), visit(3, 15)])
    floor = START + dt.timedelta(minutes=10)
    asked: list[Any] = []

    def older(entities: Any, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        asked.append((entities, until))
        return rows.filter(pl.col("at").is_between(since, until, closed="left"))

    service = predictor(rows.filter(pl.col("at") >= floor), floor, older=older)
    assert ask(service, visit(4, 9))["spent_count_10m"].to_list() == [2]
    assert asked == [({"customer": {1}}, floor)]
    assert ask(service, visit(5, 21))["spent_count_10m"].to_list() == [1]
    assert len(asked) == 1


def outcomes(rows: pl.DataFrame) -> pl.DataFrame:
    """What the customer was known to have bought."""
    return lookback(rows, by="customer", time="at", spans={"10m": SPAN}, value="bought", prefix="bought")


@pytest.mark.parametrize("in_lake", [True, False], ids=["of a row in the lake", "of a row asked about"])
def test_a_label_that_arrives_is_known_from_then_on(in_lake: bool) -> None:
    judged = dataclasses.replace(use_case, features=outcomes)
    service = predictor(frame([visit(1, 0)]) if in_lake else None, of=judged)
    if not in_lake:
        ask(service, visit(1, 0))
    assert service.features(service.reader.cells([visit(2, 5)]))["bought_count_10m"].to_list() == [0]
    service.learn({"1": (True, None), "77": (False, None)})
    assert service.features(service.reader.cells([visit(2, 5)])).row(0) == (1, 1.0, 1.0)
    service.learn({"1": (False, None)})
    assert service.features(service.reader.cells([visit(2, 5)])).row(0) == (1, 1.0, 1.0)


def test_a_key_is_asked_for_where_windows_need_it() -> None:
    from lifecycle.serving.requests import RowsError

    without = {name: value for name, value in visit(1, 0).items() if name != "visit"}
    with pytest.raises(RowsError, match="'visit' must satisfy 'the column is there'"):
        predictor().reader.cells([without])
    plain = Predictor(toy("plain"), lambda *_: pl.DataFrame())
    assert plain.reader.cells([without])["visit"] == [None]


def test_a_block_finds_the_rows_of_entities() -> None:
    rows = frame([visit(number, number % 7, customer=number % 5) for number in range(50)])
    block = EntityIndex(use_case, rows)
    found = block.frame[block.positions({"customer": [1, 3, 99]}, 0)]
    assert found.sort("visit").equals(rows.filter(pl.col("customer").is_in([1, 3])).sort("visit"))
    since = (START + dt.timedelta(minutes=4) - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    assert block.frame[block.positions({"customer": [1]}, since)]["at"].min() == START + dt.timedelta(minutes=4)
    assert block.positions({"customer": []}, 0).tolist() == np.array([]).tolist()


@pytest.mark.parametrize("at", ["0001-01-01", "0001-01-01T00:00:00.000001", "9999-12-31T23:59:59.999999"])
def test_a_moment_at_either_end_of_the_calendar_is_answered(at: str) -> None:
    for number in (1, 2):
        assert ask(predictor(), {**visit(number, 0), "at": at})["spent_count_10m"].to_list() == [0]
