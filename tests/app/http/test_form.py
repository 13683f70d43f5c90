"""The form of the page: values that can be sent as they are, and that take no row's place."""

import datetime as dt
from typing import Any

from app.http.form import form
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
