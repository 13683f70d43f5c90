"""Labels that come over HTTP: judged by the schema's target column, safe on the disk before they are confirmed."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.columns import Column, broken, parsed
from lifecycle.errors import Outage
from lifecycle.prediction_log.segments import Writer
from lifecycle.table.json_cells import Cells, bare, missing
from lifecycle.table.shown import shown

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

LONGEST_KEY = 500
LABEL_TIME = Column("label_time", pl.Datetime("us"), (), nullable=True)
LARGEST = 1e300
"""A number beyond it is no label: what is computed from labels would not be finite."""
SCHEMA: dict[str, Any] = {"key": pl.String, "target": pl.String, "label_time": pl.Datetime("us"), "received_at": pl.Datetime("us", "UTC")}
log = logging.getLogger("lifecycle.labels")


class Refused(Exception):
    """Labels that are not valid: `problems`, each `row`, `column`, `rule` and `value`."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(problems)} labels are not valid")
        self.problems = problems


def judged(use_case: "UseCase", labels: Sequence[Any]) -> pl.DataFrame:
    """Labels as `key`, `target` (text) and `label_time`, in their order.

    Args:
        use_case: the definition; the target's type and checks in its schema are the rules.
        labels: mappings with `key` (text or a whole number), `target`, and `label_time` (ISO 8601) where it is known.

    Raises:
        Refused: some are not valid; none is kept then.
    """
    problems: list[dict[str, Any]] = []
    targets = Cells(use_case.columns[use_case.target], missing(use_case)).every([_of(label, "target") for label in labels])
    moments = Cells(LABEL_TIME).every([_of(label, "label_time") for label in labels])
    read = zip(labels, targets, moments, strict=True)
    rows = [_cells(use_case, row, label, target, known, problems) for row, (label, target, known) in enumerate(read)]
    if not problems:
        problems = _failing(use_case, [target for _, target, _ in rows])
    if problems:
        raise Refused(problems)
    found = pl.Series([target for _, target, _ in rows], dtype=use_case.columns[use_case.target].dtype, strict=True)
    data = {"key": [key for key, _, _ in rows], "target": found.cast(pl.String), "label_time": [known for _, _, known in rows]}
    return pl.DataFrame(data, schema={name: SCHEMA[name] for name in data})


def _of(label: Any, name: str) -> Any:
    return label.get(name) if isinstance(label, dict) else None


def _cells(
    use_case: "UseCase", row: int, label: Any, target: tuple[bool, Any], moment: tuple[bool, Any], problems: list[dict[str, Any]]
) -> tuple[str, Any, dt.datetime | None]:
    """The cells of a label; `target` and `moment`: whether each is one of its type, and its value."""

    def wrong(column: str, rule: str, value: Any) -> None:
        problems.append({"row": row, "column": column, "rule": rule, "value": shown(value)})

    if not isinstance(label, dict):
        wrong("", "a label is an object with key and target", label)
        return "", None, None
    for name in label.keys() - {"key", "target", "label_time"}:
        wrong(str(shown(name)), "a label has key, target and label_time, nothing else", label[name])
    key = _whole(label.get("key"))
    if isinstance(key, bool) or not isinstance(key, str | int) or not 0 < len(str(key)) <= LONGEST_KEY or "\0" in str(key):
        wrong("key", f"a text of 1 to {LONGEST_KEY} characters, or a whole number", key)
        key = ""  # a list can be nested deeper than Python prints it
    holds, truth = target
    if not holds or truth is None or (isinstance(truth, float) and not abs(truth) < LARGEST):
        wrong("target", f"{use_case.target} is {_named(use_case.columns[use_case.target].sql_type)}", label.get("target"))
    holds, known = moment
    if not holds and label.get("label_time") is not None:
        wrong("label_time", "a moment by ISO 8601, such as 2026-01-31T12:00:00", label["label_time"])
    return str(key), truth, known


def _whole(value: Any) -> Any:
    """`3.0` is the whole number 3: JSON has one kind of number. Nothing stands around a text."""
    if isinstance(value, str):
        return bare(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _named(sql_type: str) -> str:
    return {"BOOLEAN": "true or false", "VARCHAR": "a text", "DOUBLE": "a finite number", "FLOAT": "a finite number"}.get(sql_type, "a whole number")


def _failing(use_case: "UseCase", targets: list[Any]) -> list[dict[str, Any]]:
    """What the schema's checks of the target say."""
    name = use_case.target
    frame = pl.DataFrame({name: pl.Series(targets, dtype=use_case.columns[name].dtype, strict=True)})
    return [
        {"row": case["index"], "column": "target", "rule": f"{name}: {case['check']}", "value": shown(case["failure_case"])}
        for case in broken(parsed(use_case.schema).select_columns([name]), frame).iter_rows(named=True)
    ]


class LabelLog:
    """Where labels of one use case go in one process: several requests share one write to the disk."""

    def __init__(self, folder: Path, use_case: str) -> None:
        self.use_case, self.rows = use_case, 0
        self._writer = Writer(folder)
        self._queue: list[tuple[pl.DataFrame, Future[int]]] = []
        self._guard, self._wake, self._closed = threading.Lock(), threading.Event(), False
        self._last = 0
        self._thread = threading.Thread(target=self._run, name=f"labels {use_case}", daemon=True)
        self._thread.start()

    def add(self, labels: pl.DataFrame) -> "Future[int]":
        """Keep judged labels. The future is done when they are safe: with their number, or with an Outage where the disk refused."""
        done: Future[int] = Future()
        with self._guard:
            self._queue.append((labels.with_columns(received_at=self._moments(labels.height)), done))
        self._wake.set()
        return done

    def close(self) -> None:
        """Write what waits, and stop."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _moments(self, rows: int) -> pl.Series:
        """When they came, no two at once: the last word on a key counts, also within one request."""
        first = max(time.time_ns() // 1000, self._last + 1)
        self._last = first + rows - 1
        return pl.int_range(first, first + rows, eager=True).cast(SCHEMA["received_at"])

    def _run(self) -> None:
        while not self._closed or self._queue:
            self._wake.wait()
            self._wake.clear()
            with self._guard:
                taken, self._queue = self._queue, []
            if taken:
                self._write(taken)

    def _write(self, taken: "list[tuple[pl.DataFrame, Future[int]]]") -> None:
        try:
            self._writer.write(pl.concat([labels for labels, _ in taken]).select(*SCHEMA))
        except Exception as error:  # who sent them is told that they are not safe
            log.error("labels of %s could not be written: %s", self.use_case, type(error).__name__)
            for _, done in taken:
                done.set_exception(Outage("the labels could not be written to the disk and are not safe; send them again"))
            return
        for labels, done in taken:
            self.rows += labels.height
            done.set_result(labels.height)
