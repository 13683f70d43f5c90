"""What a recommender is asked: a user, or a list of items, and how many are wanted; read and judged as rows of a request are."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from lifecycle.models.answers import LONGEST, USUAL
from lifecycle.serving.requests import RequestField, RowsError

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MOST_ITEMS = 1_000
"""So many items a list may have that is asked by."""


@dataclass(frozen=True)
class QuestionField:
    """A field of a question, with what documentation and forms read of it."""

    name: str
    dtype: Any
    described: Mapping[str, Any]
    roles: tuple[str, ...] = ()
    optional: bool = True
    nullable: bool = True
    checks: tuple[Any, ...] = ()
    rules: tuple[Any, ...] = ()


class QuestionReader:
    """Reads questions of one use case: `user`, `items` and `k`, whatever the columns are called in its schema."""

    def __init__(self, use_case: "UseCase") -> None:
        self.use_case = use_case
        user, item = (use_case.columns[use_case.columns.one(role) or ""] for role in ("user", "item"))
        self.key, self.time = "user", "_asked_at"
        self._user, self._item = (RequestField(use_case, each) for each in (user, item))
        kinds = [{"type": "integer" if each.dtype.is_integer() else "string"} for each in (user, item)]
        self.columns = (
            QuestionField("user", user.dtype, {**kinds[0], "description": "Who is asked for. Somebody without a history gets what most users liked."}, ("user",)),
            QuestionField(
                "items", pl.List(item.dtype),
                {"type": "array", "items": kinds[1], "maxItems": MOST_ITEMS, "description": "What somebody liked of late, in place of a user's history; in a form with commas between."},
            ),
            QuestionField("k", pl.Int64, {"type": "integer", "minimum": 1, "maximum": LONGEST, "default": USUAL, "description": "How many items are wanted."}),
        )  # fmt: skip

    def examples(self) -> list[dict[str, Any]]:
        """A question that nobody is known by."""
        return [{"user": 1 if self.columns[0].dtype.is_integer() else "somebody", "k": USUAL}]

    def alone(self, body: bytes) -> dict[str, Any] | None:
        """The question of a body that is one, and no list of rows."""
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return found if type(found) is dict and "rows" not in found else None

    def cells(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Questions as lists of typed cells.

        Raises:
            RowsError: one is no object, asks for nobody and by nothing, or has a cell that breaks a rule.
        """
        failures: list[dict[str, Any]] = []
        users: list[Any] = []
        lists: list[Any] = []
        many: list[int] = []
        for at, row in enumerate(rows):
            if type(row) is not dict:
                failures.append({"row": at, "column": None, "rule": "a question is an object", "value": row})
                continue
            user, items, k = row.get("user"), row.get("items"), row.get("k")
            k = USUAL if k is None else k
            if user is None and items is None:
                failures.append({"row": at, "column": "user", "rule": "a question has a user, or a list of items", "value": None})
            if type(k) is not int or not 1 <= k <= LONGEST:
                failures.append({"row": at, "column": "k", "rule": f"a whole number from 1 to {LONGEST}", "value": k})
            if items is not None and (type(items) is not list or len(items) > MOST_ITEMS or any(each is None for each in items)):
                found = f"{len(items):,} items" if type(items) is list and len(items) > MOST_ITEMS else items
                failures.append({"row": at, "column": "items", "rule": f"a list of at most {MOST_ITEMS:,} items", "value": found})
                items = None
            users.append(self._one(at, "user", self._user, user, failures) if user is not None else None)
            lists.append([self._one(at, "items", self._item, each, failures) for each in items] if items is not None else None)
            many.append(k)
        if failures:
            raise RowsError(self.use_case.name, failures)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        return {"user": users, "items": lists, "k": many, self.time: [now] * len(users)}

    def native(self, predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answers with ids as the schema has them: whole numbers as numbers."""
        if not self._item.dtype.is_integer():
            return predictions
        return [
            {
                **said,
                "prediction": None if said["prediction"] is None else int(said["prediction"]),
                "items": [{**each, "item": int(each["item"])} for each in said["items"]],
            }
            for said in predictions
        ]

    @staticmethod
    def _one(at: int, name: str, field: RequestField, cell: Any, failures: list[dict[str, Any]]) -> Any:
        wrong: list[dict[str, Any]] = []
        value = field.read([{field.name: cell}], wrong)[0]
        failures += [{**each, "row": at, "column": name} for each in wrong]
        return value
