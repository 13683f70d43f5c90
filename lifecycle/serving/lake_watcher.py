"""Watch the lake: new batches and labels reach the recent rows of the predictors a second after they were committed."""

import datetime as dt
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.serving.entity_index import EntityIndex
from lifecycle.serving.feature_window import earlier
from lifecycle.serving.ledger_watcher import Tell, quiet, said
from lifecycle.serving.log_replay import LogReplay, logged, take
from lifecycle.serving.predictor import Predictor
from lifecycle.settings import Settings
from lifecycle.store import database, tables
from lifecycle.store.lake import Lake, lake, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

PAUSE_SECONDS = 0.5
"""Seconds between two looks at the lake's version."""
MAX_ROWS = 2_000_000
"""So many rows of a use case are kept in memory, the newest; what windows need of older ones is read when it is asked for."""
MAX_BYTES = 1_000_000_000
"""The same for the memory that they take, by the size of the newest thousand."""
SIZED_ROWS = 1_000
SPANS = 2
"""So many times the use case's `history` is kept, so that rows which come late find their windows in memory too."""


class LakeWatcher(threading.Thread):
    """Keeps the recent rows of predictors in step with the lake."""

    def __init__(self, predictors: Iterable[Predictor], at: Settings, tell: Tell) -> None:
        super().__init__(name="watch", daemon=True)
        self._desks = [predictor for predictor in predictors if predictor.recent is not None or predictor.looks_itself]
        self._at, self._tell = at, tell
        self._stop = threading.Event()
        self._batches: dict[str, int] = {}
        self._erased: dict[str, int] = {}
        self._labelled: dict[str, dt.datetime] = {}
        self._wrong: dict[str, str] = {}
        self._told = {predictor.use_case.name: LogReplay(at.home, predictor) for predictor in self._desks if predictor.recent is not None}

    def run(self) -> None:
        """Look, read, replace; until `stop`."""
        seen = (-1, -1)
        while self._desks and not self._stop.is_set():
            try:
                newest = _newest(self._at)
                if newest != seen and all([self._read_well(predictor) for predictor in self._desks]):
                    seen = newest
                for told in self._told.values():
                    told.look()
            except Exception as error:  # an outage: what is in memory stays, and is refreshed when the lake is back
                self._tell("lake unreachable", error=said(error))
                self._stop.wait(1)
            self._stop.wait(PAUSE_SECONDS)

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def _read_well(self, predictor: Predictor) -> bool:
        """Bring one predictor up to date. What is wrong with one use case does not keep the others waiting."""
        try:
            if predictor.looks_itself:
                return predictor.look(lake(self._at))
            self.look(predictor)
        except Exception as error:
            if (message := said(error)) != self._wrong.get(predictor.use_case.name):
                self._tell("recent rows not read", use_case=predictor.use_case.name, error=message)
            self._wrong[predictor.use_case.name] = message
            return False
        self._wrong.pop(predictor.use_case.name, None)
        return True

    def look(self, predictor: Predictor) -> None:
        """Take in what the lake has of one predictor's use case and was not seen yet."""
        store, name = lake(self._at), predictor.use_case.name
        batch = int(store.value(f"SELECT max(batch) FROM {name}.batches") or 0) if tables.exists(store, name, "batches") else 0
        erased = _erasures(self._at, name)
        if batch != self._batches.get(name) or not predictor.warmed_up or erased != self._erased.get(name, erased):
            self._read(store, predictor, anew=erased != self._erased.get(name, erased))
            self._erased[name] = erased
            self._batches[name] = batch
            self._labelled.pop(name, None)
            self._tell("recent rows read", use_case=name, rows=len(predictor.recent or ()), batch=batch)
        if tables.exists(store, name, "labels"):
            labels, newest = read_labels(store, predictor.use_case, self._labelled.get(name))
            predictor.learn(labels)
            if newest:
                self._labelled[name] = newest

    def _read(self, store: Lake, predictor: Predictor, anew: bool = False) -> None:
        """The lake's rows; at the start, and after somebody was erased, also those that were asked about and are in the log alone."""
        block, floor = read(store, predictor.use_case)
        first = not predictor.warmed_up or anew
        if anew:
            self._told[predictor.use_case.name] = LogReplay(self._at.home, predictor)
            predictor.begin_anew(block, floor)
        else:
            predictor.refresh(block, floor, ready=not first)
        if first:
            self._told[predictor.use_case.name].look()
            take(predictor, logged(store, predictor.use_case, floor))
            predictor.warmed_up = True


def warmed_up(predictor: Predictor, at: Settings) -> None:
    """Let a predictor see once what a service sees: the lake's recent rows, their labels, and what was asked and is in the log alone."""
    LakeWatcher([predictor], at, quiet).look(predictor)


def read(store: Lake, use_case: "UseCase") -> tuple[EntityIndex, dt.datetime | None]:
    """The recent rows of the lake, and from when on they are all of them (`None`: they are all there are)."""
    if not tables.exists(store, use_case.name, "raw"):
        return EntityIndex(use_case, pl.DataFrame(schema={column.name: column.dtype for column in use_case.columns.all})), None
    time, table = quoted(use_case.columns.one("time") or ""), f"{use_case.name}.raw"
    newest = store.value(f"SELECT max({time})::TIMESTAMP FROM {table}")
    floor = earlier(newest, SPANS * (use_case.history or dt.timedelta(0))) if newest else None
    most = _room(store, use_case)
    if floor and int(store.value(f"SELECT count(*) FROM {table} WHERE {time} >= ?", [floor]) or 0) > most:
        newest = f"SELECT {time} AS moment FROM {table} ORDER BY moment DESC LIMIT {most}"
        floor = store.value(f"SELECT min(moment)::TIMESTAMP FROM ({newest})") + dt.timedelta(microseconds=1)  # all of one moment, or none
    frame = _rows(store, use_case, f"{time} >= ?" if floor else "true", [floor] if floor else [])
    return EntityIndex(use_case, frame), floor


def _room(store: Lake, use_case: "UseCase") -> int:
    """How many rows of a use case memory has room for."""
    time = quoted(use_case.columns.one("time") or "")
    some = store.frame(f"SELECT * FROM {use_case.name}.raw ORDER BY {time} DESC LIMIT {SIZED_ROWS}")
    return MAX_ROWS if some.is_empty() else min(MAX_ROWS, max(SIZED_ROWS, int(MAX_BYTES / max(some.estimated_size() / some.height, 1))))


def older(at: Settings, use_case: "UseCase", entities: Mapping[str, set[Any]], since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
    """The rows of some entities from a time before that which is kept in memory, read from the lake."""
    time = quoted(use_case.columns.one("time") or "")
    any_of = " OR ".join(f"{quoted(name)} IN (SELECT unnest(?))" for name in entities)
    values = [list(each) for each in entities.values()]
    return _rows(lake(at), use_case, f"{time} >= ? AND {time} < ? AND ({any_of})", [max(since, dt.datetime(1, 1, 1)), until, *values])


def older_of(at: Settings, use_case: "UseCase") -> Any:
    """`older` for one use case."""
    return partial(older, at, use_case)


def read_labels(store: Lake, use_case: "UseCase", after: dt.datetime | None) -> tuple[dict[str, tuple[Any, dt.datetime | None]], dt.datetime | None]:
    """The labels that were received since: by key the last target and when it became known; and when the newest came."""
    where = "WHERE received_at > ?" if after else ""
    found = store.frame(
        f"""SELECT key, target, coalesce(label_time, received_at AT TIME ZONE 'UTC') AS known, received_at
        FROM {use_case.name}.labels {where} ORDER BY received_at""",
        [after] if after else [],
    )
    if found.is_empty():
        return {}, None
    targets = found["target"].cast(use_case.columns[use_case.target].dtype, strict=False) if use_case.columns[use_case.target].dtype != pl.Boolean else (
        found["target"].str.to_lowercase().replace_strict({"true": True, "1": True, "false": False, "0": False}, default=None, return_dtype=pl.Boolean)
    )  # fmt: skip
    labels = {key: (target, known) for key, target, known in zip(found["key"], targets, found["known"], strict=True) if target is not None}
    return labels, found["received_at"].max()  # pyright: ignore[reportReturnType]


def _rows(store: Lake, use_case: "UseCase", where: str, values: list[Any]) -> pl.DataFrame:
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    frame = store.frame(f"SELECT {names} FROM {use_case.name}.raw WHERE {where}", values)
    return frame.cast({column.name: column.dtype for column in use_case.columns.all})  # pyright: ignore[reportArgumentType]


def _newest(at: Settings) -> tuple[int, int]:
    """The lake's version, and how many erasures are done, asked of its catalogue directly: a fiftieth of what DuckDB takes to ask."""
    import psycopg

    with psycopg.connect(database.connect(at).conninfo("lake"), autocommit=True, connect_timeout=5) as connection:
        made = connection.execute("SELECT to_regclass('ducklake_snapshot') IS NOT NULL").fetchone()
        row = connection.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone() if made and made[0] else None
        noted = connection.execute("SELECT to_regclass('lifecycle_erasures') IS NOT NULL").fetchone()
        done = connection.execute("SELECT count(ended_at) FROM lifecycle_erasures").fetchone() if noted and noted[0] else None
        return (int(row[0]) if row and row[0] is not None else 0), (int(done[0]) if done else 0)


def _erasures(at: Settings, use_case: str) -> int:
    """How many people of a use case were erased so far."""
    import psycopg

    with psycopg.connect(database.connect(at).conninfo("lake"), autocommit=True, connect_timeout=5) as connection:
        noted = connection.execute("SELECT to_regclass('lifecycle_erasures') IS NOT NULL").fetchone()
        done = (
            connection.execute("SELECT count(ended_at) FROM lifecycle_erasures WHERE use_case = %s", [use_case]).fetchone()
            if noted and noted[0]
            else None
        )
        return int(done[0]) if done else 0
