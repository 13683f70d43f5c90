"""The form of the page: values that can be sent as they are, and that take no row's place."""

import datetime as dt
from typing import Any

import polars as pl

from app.http.form import form
from lifecycle.columns import Column
from lifecycle.monitoring.typical_values import _of
from lifecycle.serving.requests import Reader
from tests.toys import toy, visit_features

READER = Reader(toy("formed", history=dt.timedelta(hours=1), features=visit_features))


def starts(typical: dict[str, Any]) -> dict[str, Any]:
    return {field["name"]: field["example"] for field in form(READER, {"columns": {}, "typical": typical})["fields"]}


def test_a_row_that_is_tried_takes_no_row_s_place() -> None:
    assert starts({"visit": {"example": 1}})["visit"] > 10**12


def test_what_is_usual_is_where_the_form_starts_unless_the_schema_refuses_it() -> None:
    found = starts({"amount": {"example": 42.5}, "kind": {"example": "z"}, "at": {"example": "2026-03-01T10:00:00"}})
    assert (found["amount"], found["kind"], found["at"]) == (42.5, "a", "2026-03-01T10:00:00")


def test_without_a_profile_the_values_are_of_the_schema_and_are_accepted() -> None:
    row = {field["name"]: field["example"] for field in form(READER, None)["fields"]}
    assert READER.cells([row])["amount"] == [row["amount"]]


def test_a_role_may_say_how_a_cell_is_asked_for() -> None:
    from usecases.sentiment import use_case

    found = {field["name"]: field["input"] for field in form(Reader(use_case), None)["fields"]}
    assert found == {"id": "", "text": "area"}


def test_a_column_with_few_values_offers_them_and_one_whose_values_are_somebody_s_own_does_not() -> None:
    assert typical_of(pl.Series("doors", [1, 2, 3] * 100)) == {"example": 2, "few": [1, 2, 3]}
    assert "few" not in typical_of(pl.Series("doors", [*[1, 2] * 100, 3]))
    assert "few" not in typical_of(pl.Series("age", range(300)))
    found = form(READER, {"columns": {}, "typical": {"kind": {"example": "a", "few": ["a", "b"]}}})["fields"]
    assert next(field["few"] for field in found if field["name"] == "kind") == ["a", "b"]


def test_a_form_speaks_to_its_reader() -> None:
    found = form(READER, None)
    assert found["about"] == "Predicts the probability that `bought` is `True`."
    assert {field["name"]: field["words"] for field in found["fields"]}["gender"] == ["compared for fairness"]


def typical_of(values: pl.Series) -> dict[str, Any]:
    return _of(values, Column(values.name, values.dtype, (), False))
