"""Rows of a request: the verdicts of Pandera, failure by failure, in the words of the quarantine."""

import datetime as dt
from typing import Any

import orjson
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.columns import parsed
from lifecycle.serving.examples import examples
from lifecycle.serving.requests import Reader, RowsError
from lifecycle.sources import File, Files
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import toy

MOMENT = dt.datetime(2020, 1, 1)


class Everything(pa.DataFrameModel):
    """Every type and every check that has a plain function, and one that has none."""

    visit: int = column("key", ge=0)
    at: dt.datetime = column("time", ge=MOMENT)
    small: pl.Int8 = column(gt=-5, lt=100)
    amount: float = column(ge=0, le=10)
    share: float = column(nullable=True, gt=0, lt=1)
    kind: str = column(isin=["a", "b"])
    word: str = column(nullable=True, str_length={"min_value": 2, "max_value": 4})
    code: str = column(str_matches=r"[A-Z]\d+$")
    open: bool = column()
    day: dt.date = column(nullable=True)
    note: str = column("ignored", nullable=True)
    bought: bool = column("target", nullable=True)


use_case = toy("everything", schema=Everything, features=lambda rows: rows.select("amount"))
reader = Reader(use_case)
GOOD: dict[str, Any] = {
    "visit": 1, "at": "2026-01-01T00:00:00", "small": 1, "amount": 1.5, "share": 0.5, "kind": "a", "word": "abc", "code": "A1", "open": True,
    "day": "2026-01-01",
}  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.integers(-10, 110), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 10, 10.0, 1e300, 5e-324, 0.1, 127, 128, -4, 99, 100, 3.0]),
    st.text(max_size=6), st.sampled_from(["a", "b", "A1", "A12", "Z", "12", "true", "2026-01-01", "2026-13-01", "2026-01-01T10:00:00+02:00",
    "2026-01-01 10:00", "2019-12-31T23:59:59.999999", "2026-01-01T00:00:00Z", "20260101", "2026-W01-1", "0", "NaN"]),
    st.lists(st.integers(0, 9), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(0, 9), max_size=1),
)  # fmt: skip


def pandera(row: dict[str, Any]) -> set[tuple[str, str]]:
    """What Pandera itself says of a row whose cells all have their types."""
    frame = reader.frame({each.name: [row.get(each.name)] for each in reader.columns})
    try:
        parsed(Everything).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases: Any = error.failure_cases
        return {(case["column"], case["check"]) for case in cases.iter_rows(named=True)}
    return set()


def said(rows: list[Any]) -> set[tuple[int, str, str]]:
    """What the reader says."""
    try:
        reader.cells(rows)
    except RowsError as error:
        return {(failure["row"], failure["column"], failure["rule"]) for failure in error.failures}
    return set()


@given(st.dictionaries(st.sampled_from(list(GOOD)), VALUES, max_size=3))
@settings(max_examples=600, deadline=None)
def test_the_verdicts_are_panderas(changes: dict[str, Any]) -> None:
    row = orjson.loads(orjson.dumps({**GOOD, **{name: value for name, value in changes.items() if not _huge(value)}}))
    found = said([row])
    typed = {}
    for each in reader.columns:
        read = None if row.get(each.name) is None else each.read([{each.name: row[each.name]}], [])[0]
        if (0, each.name, f"type {each.sql_type}") in found:
            read = reader.cells([GOOD])[each.name][0]
        typed[each.name] = read
    expected = {(0, name, rule) for name, rule in pandera(typed)} - {(0, "visit", "not_nullable")}  # a key is asked for where windows need it
    deferred = {(0, "code", rule) for _, _, rule in expected if "str_matches" in rule}
    plain = {failure for failure in found if not failure[2].startswith("type ")}
    assert plain == (expected - deferred if found - deferred else expected)


def _huge(value: Any) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**64


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("visit", True, "type BIGINT"), ("visit", 1.5, "type BIGINT"), ("visit", "1.5", "type BIGINT"), ("visit", 2**63, "type BIGINT"),
        ("visit", -1, "greater_than_or_equal_to(0)"), ("visit", [1], "type BIGINT"), ("small", 128, "type TINYINT"), ("small", 100, "less_than(100)"),
        ("amount", False, "type DOUBLE"), ("amount", "1,5", "type DOUBLE"), ("amount", None, "not_nullable"), ("amount", 1e20, "less_than_or_equal_to(10)"), ("amount", 1e300, "type DOUBLE"), ("amount", "inf", "type DOUBLE"),
        ("kind", "c", "isin(['a', 'b'])"), ("kind", 1, "isin(['a', 'b'])"), ("kind", ["a"], "type VARCHAR"), ("kind", "a a", "isin(['a', 'b'])"), ("open", 2, "type BOOLEAN"),
        ("open", "on", "type BOOLEAN"), ("amount", "", "not_nullable"), ("kind", " ", "not_nullable"),
        ("at", "2026-02-30", "type TIMESTAMP"), ("at", 1.7e9, "type TIMESTAMP"), ("at", "2026-01", "type TIMESTAMP"),
        ("at", "2019-12-31", "greater_than_or_equal_to(2020-01-01 00:00:00)"), ("day", "2026-01-01T13:00:00", "type DATE"),
        ("word", "x", "str_length(2, 4)"), ("code", "a1", "str_matches('[A-Z]\\d+$')"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_row_column_and_rule(name: str, value: Any, rule: str) -> None:
    assert said([GOOD, {**GOOD, name: value}]) == {(1, name, rule)}


def test_a_missing_column_is_named_and_an_unknown_one_left_out() -> None:
    assert said([{name: value for name, value in GOOD.items() if name != "share"}]) == {(0, "share", "the column is there")}
    assert reader.frame(reader.cells([{**GOOD, "more": 1}])).equals(reader.frame(reader.cells([GOOD])))
    assert said([GOOD, 3]) == {(1, None, "a row is an object")}


def test_one_moment_has_many_forms() -> None:
    forms = ["2026-01-01T08:00:00", "2026-01-01 08:00", "2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00.000000Z"]
    cells = reader.cells([{**GOOD, "at": form, "visit": 3.0} for form in forms])
    assert set(cells["at"]) == {dt.datetime(2026, 1, 1, 8)}
    assert cells["visit"] == [3, 3, 3, 3]


def test_what_clients_make_of_a_cell_is_that_cell() -> None:
    (plain,) = reader.frame(reader.cells([GOOD])).rows()
    for name, forms in {
        "visit": ["1", 1.0, " 1 "], "amount": ["1.5", "1.50 "], "kind": ["a ", "\u00a0a", "\ta\n"], "word": [" abc"], "open": ["true", "Yes", 1, "1.0"],
        "day": ["2026-01-01T00:00:00", "2026-01-01T00:00:00.000Z", "2026-01-01 00:00:00", "2026-1-1"], "at": ["2026-01-01", " 2026-01-01T00:00:00Z"],
    }.items():  # fmt: skip
        for form in forms:
            assert reader.frame(reader.cells([{**GOOD, name: form}])).rows() == [plain], f"{name}: {form!r}"


def test_an_empty_text_is_missing_where_that_is_allowed() -> None:
    assert reader.cells([{**GOOD, "word": " ", "share": "", "day": "\u2003"}]) == reader.cells([{**GOOD, "word": None, "share": None, "day": None}])


def test_what_a_definition_calls_missing_is_missing_in_a_request() -> None:
    files = Files((File("a.csv", null=("", "?", "-1")),))
    marked = Reader(toy("marked", schema=Everything, features=lambda rows: rows.select("amount"), source=files))
    assert marked.cells([{**GOOD, "word": "?", "share": "?", "day": " ? ", "note": "-1"}])["word"] == [None]
    assert said([{**GOOD, "day": "?"}]) == {(0, "day", "type DATE")}
    with pytest.raises(RowsError, match="not_nullable"):
        marked.cells([{**GOOD, "small": -1}])


def test_frames_have_the_schemas_columns_and_types() -> None:
    frame = reader.frame(reader.cells([GOOD]))
    assert dict(frame.schema) == {name: each.dtype.type for name, each in parsed(Everything).columns.items()}
    assert frame["bought"].to_list() == [None]


@pytest.mark.parametrize("name", ["fraud", "income", "diagnosis", "fare"])
def test_the_examples_of_every_schema_are_accepted(name: str) -> None:
    from lifecycle import registry

    own: UseCase = registry.find(name)
    its = Reader(own)
    assert its.frame(its.cells(examples(its, 5))).height == 5
