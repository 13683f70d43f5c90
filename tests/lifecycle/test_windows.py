"""Look-back windows against a naive loop, the future, and rows computed alone."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from lifecycle.errors import DataError, DefinitionError
from lifecycle.windows import GRAIN, lookback

START = dt.datetime(1969, 12, 31, 23, 59)  # moments around zero: a null must not be taken for one of them
SPANS = {"10s": dt.timedelta(seconds=10), "1m": dt.timedelta(minutes=1)}
LONGEST = max(SPANS.values())
SCHEMA = {"who": pl.Int64, "at": pl.Datetime("us"), "amount": pl.Float64, "known_at": pl.Datetime("us")}

seconds = st.integers(0, 120).map(lambda second: START + dt.timedelta(seconds=second))
row = st.tuples(
    st.one_of(st.none(), st.integers(-2, 2)),
    st.one_of(st.none(), seconds),
    st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(0.1)),
    st.one_of(st.none(), seconds),
)
tables = st.lists(row, max_size=40).map(lambda rows: pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def windows(rows: pl.DataFrame, known: str | None = None) -> pl.DataFrame:
    return lookback(rows, by="who", time="at", spans=SPANS, value="amount", known=known, prefix="w")


def naive(rows: pl.DataFrame, known: str | None) -> pl.DataFrame:
    """The definition, row by row."""
    records = rows.to_dicts()
    answers: list[dict[str, Any]] = []
    for one in records:
        answer: dict[str, Any] = {}
        for name, span in SPANS.items():
            events = [
                round(other["amount"] * GRAIN)
                for other in records
                if None not in (one["at"], *(other[name] for name in ("who", "at", "amount", known or "at")))
                and other["who"] == one["who"]
                and one["at"] - span <= other[known or "at"] < one["at"]
            ]
            answer[f"w_count_{name}"] = len(events)
            answer[f"w_sum_{name}"] = sum(events) / GRAIN
            answer[f"w_mean_{name}"] = sum(events) / GRAIN / len(events) if events else None
        answers.append(answer)
    kinds = {"count": pl.Int32, "sum": pl.Float64, "mean": pl.Float64}
    return pl.DataFrame(answers, schema={f"w_{kind}_{name}": kinds[kind] for name in SPANS for kind in kinds})


@given(tables, st.sampled_from([None, "known_at"]))
@settings(max_examples=200, deadline=None)
def test_windows_are_what_a_naive_loop_finds(rows: pl.DataFrame, known: str | None) -> None:
    assert_frame_equal(windows(rows, known), naive(rows, known), check_exact=True)


@given(tables, tables, seconds, st.sampled_from([None, "known_at"]))
@settings(max_examples=200, deadline=None)
def test_what_comes_later_changes_nothing(rows: pl.DataFrame, others: pl.DataFrame, now: dt.datetime, known: str | None) -> None:
    """Whatever happens, or becomes known, at `now` or after it: rows up to `now` keep their features."""
    asked = rows.filter(pl.col("at") <= now)
    if known:  # an outcome known later is still open: it may come out in any way, at any later moment
        late = pl.col("known_at") >= now
        future = asked.with_columns(
            amount=pl.when(late).then(-pl.col("amount") - 1).otherwise("amount"),
            known_at=pl.when(late).then(pl.col("known_at") + dt.timedelta(seconds=1)).otherwise("known_at"),
        )
        more = others.filter(late)
    else:
        future = asked.with_columns(amount=pl.when(pl.col("at") == now).then(-pl.col("amount") - 1).otherwise("amount"))
        more = others.filter(pl.col("at") >= now)
    assert_frame_equal(windows(pl.concat([future, more]), known).head(asked.height), windows(asked, known), check_exact=True)


@given(tables.filter(lambda rows: rows.height > 0), st.data(), st.sampled_from([None, "known_at"]))
@settings(max_examples=200, deadline=None)
def test_a_row_with_only_its_history_has_the_bits_it_has_in_the_full_table(rows: pl.DataFrame, data: st.DataObject, known: str | None) -> None:
    position = data.draw(st.integers(0, rows.height - 1))
    full = windows(rows, known)[position]
    one = rows[position]
    at = one["at"][0] or START
    others = rows.with_row_index().filter(pl.col("index") != position).drop("index")
    history = others.filter(pl.col("who").eq_missing(one["who"][0]), pl.col(known or "at").is_between(at - LONGEST, at, closed="left"))
    assert_frame_equal(windows(pl.concat([history, one]), known).tail(1), full, check_exact=True)


@given(tables, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows: pl.DataFrame, random: Any) -> None:
    order = random.sample(range(rows.height), rows.height)
    assert_frame_equal(windows(rows[order]), windows(rows)[order], check_exact=True)


def test_entities_may_have_names() -> None:
    rows = pl.DataFrame({"who": [1, None, 2, 1], "at": [START + dt.timedelta(seconds=s) for s in (0, 1, 2, 3)], "amount": [1.5, 9, 9, 2]})
    named = rows.with_columns(pl.format("customer {}", "who").alias("who"))
    assert_frame_equal(windows(named), windows(rows), check_exact=True)
    assert windows(named)["w_sum_10s"].to_list() == [0, 0, 0, 1.5]


def test_dates_and_time_zones_are_times_too() -> None:
    rows = pl.DataFrame({"who": [1, 1, 1], "at": [dt.date(2026, 1, day) for day in (1, 2, 4)]})
    for times in (rows, rows.with_columns(pl.col("at").cast(pl.Datetime("ms")).dt.replace_time_zone("Europe/Vienna"))):
        found = lookback(times, by="who", time="at", spans={"2d": dt.timedelta(days=2)}, prefix="w")
        assert found.to_dict(as_series=False) == {"w_count_2d": [0, 1, 1]}


def test_many_entities_over_thousands_of_years_are_told_apart() -> None:
    years = [dt.datetime(year, 1, 1) for year in (1, 5_000, 9_999)]
    rows = pl.DataFrame({"who": [who for who in range(200) for _ in years], "at": years * 200, "amount": 1.0}).sample(
        fraction=1, shuffle=True, seed=1
    )
    found = lookback(rows, by="who", time="at", spans={"all": dt.timedelta(days=4_000_000)}, value="amount", prefix="w")
    assert found["w_sum_all"].to_list() == [float(years.index(at)) for at in rows["at"]]


def test_booleans_are_counted_and_shared() -> None:
    rows = pl.DataFrame({"who": [1, 1, 1], "at": [START, START, START + dt.timedelta(seconds=5)], "amount": [True, False, None]})
    assert windows(rows).row(2, named=True) == {
        "w_count_10s": 2, "w_sum_10s": 1.0, "w_mean_10s": 0.5, "w_count_1m": 2, "w_sum_1m": 1.0, "w_mean_1m": 0.5
    }  # fmt: skip


def test_a_value_that_is_not_a_number_is_no_event() -> None:
    rows = pl.DataFrame({"who": [1, 1], "at": [START, START + dt.timedelta(seconds=5)], "amount": [float("nan"), 1.0]})
    assert windows(rows)["w_count_10s"].to_list() == [0, 0]


@pytest.mark.parametrize("amount", [float("inf"), 1e13, -6e12])
def test_sums_that_would_not_be_exact_are_refused(amount: float) -> None:
    rows = pl.DataFrame({"who": [1, 1], "at": [START, START], "amount": [amount, 1.0]})
    with pytest.raises(DataError, match=r"column 'amount': sums over a window must stay below 8.8e\+12"):
        windows(rows)


def test_a_window_of_no_length_is_refused() -> None:
    with pytest.raises(DefinitionError, match="'now' of 'w'"):
        lookback(pl.DataFrame(schema=SCHEMA), by="who", time="at", spans={"now": dt.timedelta(0)}, prefix="w")
