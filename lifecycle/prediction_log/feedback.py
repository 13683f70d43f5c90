"""What users did, as clients tell it: events that are judged by the schema, and kept in the log of labels until the next ingest takes them."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.columns import broken, parsed
from lifecycle.prediction_log.labels import LABEL_TIME, SCHEMA, Refused
from lifecycle.table.json_cells import WRONG, Cells, missing
from lifecycle.table.shown import shown

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

NAMES = ("user", "item", "rating", "time")
SHORT = {"key": "user", "target": "item", "label_time": "time"}
"""An event may be told as a label, too: its key is the user, its target the item."""
AHEAD = dt.timedelta(hours=1)
"""Clocks differ by so much at most."""


def judged(use_case: "UseCase", events: Sequence[Any]) -> pl.DataFrame:
    """Events as `key` (the user), `target` (the event as JSON) and `label_time`, in their order.

    Args:
        use_case: the definition; types and checks of its columns are the rules.
        events: mappings with `user`, `item`, and `rating` and `time` where they are known.

    Raises:
        Refused: some are not valid; none is kept then.
    """
    problems: list[dict[str, Any]] = []
    columns = {name: use_case.columns[column] for name in NAMES if (column := use_case.columns.one(name))}
    readers = {name: Cells(LABEL_TIME if name == "time" else column, missing(use_case)) for name, column in columns.items()}
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    found: list[dict[str, Any]] = []
    for at, given in enumerate(events):
        if not isinstance(given, dict):
            problems.append({"row": at, "column": "", "rule": "an event is an object with user and item", "value": shown(given)})
            continue
        event = {SHORT.get(name, name): cell for name, cell in given.items()}
        for name in event.keys() - columns.keys():
            problems.append(
                {"row": at, "column": str(shown(name)), "rule": f"an event has {', '.join(columns)}, nothing else", "value": shown(event[name])}
            )
        cells = {name: _cell(at, name, reader, event.get(name), problems) for name, reader in readers.items()}
        for name in ("user", "item"):
            if cells.get(name) is None and not any(each["row"] == at and each["column"] == name for each in problems):
                problems.append({"row": at, "column": name, "rule": "an event has one", "value": shown(event.get(name))})
        if cells.get("time") is not None and cells["time"] > now + AHEAD:
            problems.append({"row": at, "column": "time", "rule": "not in the future", "value": shown(event.get("time"))})
        found.append({**cells, "time": cells.get("time") or now})
    problems = problems or _failing(use_case, columns, found)
    if problems:
        raise Refused(problems)
    data = {
        "key": [str(each["user"]) for each in found],
        "target": [json.dumps({**each, "time": each["time"].isoformat()}, ensure_ascii=False) for each in found],
        "label_time": [each["time"] for each in found],
    }
    return pl.DataFrame(data, schema={name: SCHEMA[name] for name in data})


def _cell(at: int, name: str, reader: Cells, cell: Any, problems: list[dict[str, Any]]) -> Any:
    if cell is None:
        return None
    try:
        return reader.plain(cell)
    except WRONG:
        holds, value = reader.odd([cell])[0]
    if not holds:
        problems.append({"row": at, "column": name, "rule": f"a cell of the type of {name}", "value": shown(cell)})
    return value if holds else None


def _failing(use_case: "UseCase", columns: dict[str, Any], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the schema's checks say."""
    checked = {name: column for name, column in columns.items() if name != "time"}
    frame = pl.DataFrame(
        {column.name: pl.Series([each.get(name) for each in found], dtype=column.dtype, strict=False) for name, column in checked.items()}
    )
    by_column = {column.name: name for name, column in checked.items()}
    return [
        {
            "row": case["index"],
            "column": by_column.get(case["column"], case["column"]),
            "rule": str(case["check"]),
            "value": shown(case["failure_case"]),
        }
        for case in broken(parsed(use_case.schema).select_columns(list(by_column)), frame).iter_rows(named=True)
    ]
