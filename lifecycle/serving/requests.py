"""Rows of a request: from JSON to a typed frame, judged by the schema; what is wrong is named by row, column and rule."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.columns import Column, broken, parsed
from lifecycle.errors import DataError
from lifecycle.serving import compiled_checks
from lifecycle.table.json_cells import WRONG, Cells, missing
from lifecycle.table.shown import shown

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MAX_FAILURES_LISTED = 100
"""So many failures of a request are listed; more tell nobody more."""
MISSING = object()


class RowsError(DataError):
    """Rows that the schema refuses.

    Attributes:
        failures: `row` (from 0), `column`, `rule` and the `value` found, of the first 100.
        counts: how many cells break each rule, by column and rule; all of them.
    """

    def __init__(self, use_case: str, failures: list[dict[str, Any]]) -> None:
        self.counts = Counter((failure["column"], str(failure["rule"])) for failure in failures)
        first = sorted(failures, key=lambda failure: failure["row"])[:MAX_FAILURES_LISTED]
        self.failures = [{**failure, "value": shown(failure["value"])} for failure in first]
        first = self.failures[0]
        where = f"row {first['row']}" + (f", column '{first['column']}'" if first["column"] else "")
        super().__init__(f"use case '{use_case}': {where} must satisfy '{first['rule']}', found {first['value']!r}; see /docs for what a row holds")


class Reader:
    """Reads rows of one use case. Columns that are not asked for are null in the frame; columns unknown to the schema are left out."""

    def __init__(self, use_case: "UseCase") -> None:
        self.use_case = use_case
        self.columns = tuple(RequestField(use_case, column) for column in use_case.columns.all if column.requested)
        self._schema = [(column.name, column.dtype) for column in use_case.columns.all]
        self._whole = _left_to_pandera(use_case, self.columns)
        self.key, self.time = use_case.columns.one("key"), use_case.columns.one("time")

    def examples(self) -> list[dict[str, Any]] | None:
        """Requests to start from, where they do not follow from the columns."""
        return None

    def alone(self, body: bytes) -> dict[str, Any] | None:
        """The one row of a body that is not a list of rows, where a kind of problem takes such; `None`: it must be a list."""
        return None

    def native(self, predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answers as a client reads them."""
        return predictions

    def cells(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The columns asked for, as lists of typed cells.

        Raises:
            RowsError: a row is no object, or a cell breaks a rule of the schema.
        """
        failures: list[dict[str, Any]] = []
        for at, row in enumerate(rows):
            if type(row) is not dict:
                failures.append({"row": at, "column": None, "rule": "a row is an object", "value": row})
        if failures:
            raise RowsError(self.use_case.name, failures)
        found = {column.name: column.read(rows, failures) for column in self.columns}
        if not failures and self._whole is not None:
            failures = [
                {"row": case["index"] or 0, "column": case["column"], "rule": case["check"], "value": case["failure_case"]}
                for case in broken(self._whole, self.frame(found)).iter_rows(named=True)
            ]
        if failures:
            raise RowsError(self.use_case.name, failures)
        return found

    def frame(self, cells: Mapping[str, list[Any]]) -> pl.DataFrame:
        """Cells as a frame with all columns of the schema."""
        nothing = [None] * len(cells[self.columns[0].name])
        return pl.DataFrame([pl.Series(name, cells.get(name, nothing), dtype, strict=False) for name, dtype in self._schema])


class RequestField:
    """A column that a request has to bring."""

    described: "Mapping[str, Any] | None" = None
    """Its JSON Schema, where that does not follow from its type and checks."""

    def __init__(self, use_case: "UseCase", column: Column) -> None:
        self.roles = column.role_names
        self.name, self.dtype, self.sql_type = column.name, column.dtype, column.sql_type
        self.optional = any(role.optional for role in column.roles) or (column.role_names == ("key",) and use_case.history is None)
        self.nullable = column.nullable or self.optional
        self.checks = [check for check in parsed(use_case.schema).columns[column.name].checks if not check.raise_warning]
        compiled = [(compiled_checks.name(check), compiled_checks.rule(column, check)) for check in self.checks]
        self.rules = tuple((name, holds) for name, holds in compiled if holds is not None)
        self.left = [check for check in self.checks if compiled_checks.rule(column, check) is None]
        self._wrong = column.wrong if column.judged else None
        self._cells = Cells(column, missing(use_case))

    def read(self, rows: Sequence[Mapping[str, Any]], failures: list[dict[str, Any]]) -> list[Any]:
        """The cells of this column; what is wrong with them is added to `failures`."""
        plain = self._cells.plain
        found, odd = [], []
        for at, row in enumerate(rows):
            cell = row.get(self.name, MISSING)
            if cell is None or cell is MISSING:
                if rule := self._absent(cell):
                    failures.append({"row": at, "column": self.name, "rule": rule, "value": None})
                found.append(None)
                continue
            try:
                value = plain(cell)
            except WRONG:
                odd.append(at)
                found.append(None)
                continue
            found.append(value)
            self._judge(at, cell, value, failures)
        if odd:
            self._read_odd(rows, odd, found, failures)
        return found

    def _read_odd(self, rows: Sequence[Mapping[str, Any]], places: list[int], found: list[Any], failures: list[dict[str, Any]]) -> None:
        """The cells that are not plainly of the type, all of them at once."""
        given = [rows[at][self.name] for at in places]
        for at, cell, (holds, value) in zip(places, given, self._cells.odd(given), strict=True):
            if not holds:
                failures.append({"row": at, "column": self.name, "rule": f"type {self.sql_type}", "value": cell})
                continue
            found[at] = value
            self._judge(at, cell, value, failures)

    def _judge(self, at: int, cell: Any, value: Any, failures: list[dict[str, Any]]) -> None:
        """What the schema says of a cell that was read."""
        if value is None:
            if not self.nullable:
                failures.append({"row": at, "column": self.name, "rule": "not_nullable", "value": cell})
            return
        for name, holds in self.rules:
            if not holds(value):
                failures.append({"row": at, "column": self.name, "rule": name, "value": cell})
        if self._wrong is not None and (why := self._wrong(value)):
            failures.append({"row": at, "column": self.name, "rule": why, "value": cell})

    def _absent(self, cell: Any) -> str:
        if cell is MISSING:
            return "" if self.optional else "the column is there"
        return "" if self.nullable else "not_nullable"


def _left_to_pandera(use_case: "UseCase", columns: Sequence[RequestField]) -> Any:
    """A Pandera schema of the checks that have no plain function; `None` where there is no such check."""
    whole = parsed(use_case.schema)
    left = [column for column in columns if column.left]
    if not left and not whole.checks:
        return None
    import pandera.polars as pa

    return pa.DataFrameSchema({each.name: pa.Column(each.dtype, each.left, nullable=True) for each in left}, checks=whole.checks)
