"""One reading of a cell: the same cell is the same value, or the same refusal, in a file, a database, a request and a label."""

import csv
import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lifecycle.prediction_log.labels import Refused, judged
from lifecycle.reading import level, relations
from lifecycle.serving.requests import RequestField
from lifecycle.source import File, Source
from lifecycle.sources import Files, Postgres, SQLite
from lifecycle.store.lake import lake, quoted
from lifecycle.table import casting
from lifecycle.table.json_cells import bare
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.lifecycle.servers import PASSWORD, Shop, shop
from tests.toys import toy


class Cells(pa.DataFrameModel):
    """A column of every type."""

    n: int = column("key")
    whole: int = column(nullable=True)
    small: pl.Int8 = column(nullable=True)
    number: float = column(nullable=True)
    open: bool = column(nullable=True)
    words: str = column(nullable=True)
    day: dt.date = column(nullable=True)
    at: dt.datetime = column(nullable=True)
    bought: bool = column("target", nullable=True)


PROBLEMS = {"whole": "regression", "small": "regression", "number": "regression", "open": "binary", "words": "multiclass"}
NAMES = ("whole", "small", "number", "open", "words", "day", "at")
MARK = "n/a"
REFUSED = "refused"
use_case = toy("cells", schema=Cells, features=lambda rows: rows.select("number"), source=Files((File("cells.csv", null=("", MARK)),)))
fields = {name: RequestField(use_case, use_case.columns[name]) for name in NAMES}

Rows = list[dict[str, Any]]
"""For each cell what it is in a column of each type: a value, `None`: missing, or `REFUSED`."""

WRITTEN = (
    "", " ", "\t", "\u00a0", "\ufeff", "Köln", "Köln ", "\u00a0Köln\u2003", "Ko\u0308ln", " \u1112\u1161\u11ab", "か\u3099", "a b", "\ta\n", MARK, f" {MARK} ", "N/A",
    "0", "1", "12", " 12 ", "+12", "-3", "12.0", "1.5", "1e3", "1E3", ".5", "1.", "007", "1_000", "1,5", "127", "128", "1e400", "9007199254740993", "9223372036854775808",
    "nan", "NaN", "-nan", "inf", "0x1F", "true", "True", "FALSE", "t", "yes", "No", "on", "1.0", "0.0", "2", "2022-05-01", "2022-5-1", "2022/05/01", "20220501", "2022-02-30",
    "2022-05-01T00:00:00", "2022-05-01T00:00:00.000Z", "2022-05-01 00:00:00", "2022-05-01T00:00", "2022-05-01T13:45:00", "2022-05-01T00:00:00+02:00",
    "2022-05-01T23:30:00-05:00", "2022-05-01 10:00", "2022-05-01T10:00:00,5", "2022-05-01x10:00:00", "2022-05-01T10:00:00.123456789", "2022-05-01T24:00:00", "2022-W01-1",
    "0001-01-01", "0001-01-01T00:00Z", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59.999999", "10000-01-01", "infinity", "epoch", "2022-05-01 BC", "2022-05-01x", "null", "None",
)  # fmt: skip
SIGNS = st.characters(codec="utf-8", exclude_characters="\0\r\ue5e0\ue5e1\ue5e2\ue5e3", exclude_categories=("Cs", "Cn"))
TEXTS = st.one_of(
    st.sampled_from(WRITTEN),
    st.text(SIGNS, max_size=8),
    st.builds(lambda before, text, after: before + text + after, st.text(" \t\u00a0\u2003\ufeff", max_size=2), st.sampled_from(WRITTEN), st.text(" \n\u3000", max_size=2)),
    st.from_regex(r"[-+]?[0-9]{0,4}[._]?[0-9]{0,4}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,7})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?", fullmatch=True),
    st.datetimes().map(dt.datetime.isoformat), st.dates().map(dt.date.isoformat),
)  # fmt: skip
VALUES = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(-200, 200), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([3.0, -0.0, 1e15, 1e16, 1e-5, 0.1]), TEXTS
)  # fmt: skip


def batch(source: Source) -> Rows:
    """As a batch reads them, in order."""
    cursor = lake().cursor()
    with relations.opened(cursor, expects=frozenset(use_case.columns.names)) as reader:
        query = relations.relation(cursor, source, reader)
        there = {name: kind for name, kind, *_ in cursor.execute(f"DESCRIBE ({query})").fetchall()}
        typed = casting.typed(use_case, there, level.spelled(query, there, use_case.columns))
        columns = ", ".join(map(quoted, NAMES))
        rows = cursor.execute(f'SELECT {columns}, [bad."column" FOR bad IN _bad] FROM ({typed}) ORDER BY n').fetchall()
    return [{name: REFUSED if name in (bad or ()) else value for name, value in zip(NAMES, values, strict=True)} for *values, bad in rows]


def request(cells: Sequence[Any]) -> Rows:
    """As a request reads them."""
    found: Rows = [{} for _ in cells]
    for name, field in fields.items():
        failures: list[dict[str, Any]] = []
        for row, value in zip(found, field.read([{name: cell} for cell in cells], failures), strict=True):
            row[name] = value
        for failure in failures:
            found[failure["row"]][name] = REFUSED
    return found


def labels(cells: Sequence[Any]) -> Rows:
    """As labels are read, whose target is a column of each type in turn; what is missing is no label."""
    found: Rows = [{} for _ in cells]
    for name in NAMES:
        if name in ("at", "day"):
            for row, asked in zip(found, request(cells), strict=True):  # no target is a moment
                row[name] = asked[name]
            continue
        own = toy("labelled", problem=PROBLEMS[name], schema=_targeting(name), features=lambda rows: rows.select("n"), source=use_case.source)
        for row, cell in zip(found, cells, strict=True):
            row[name] = _label(own, name, cell)
    return found


def _label(own: UseCase, name: str, cell: Any) -> Any:
    try:
        target = judged(own, [{"key": 1, "target": cell}])["target"]
    except Refused:
        return REFUSED
    dtype = own.columns[name].dtype
    return {"true": True, "false": False}[target[0]] if dtype == pl.Boolean else target.cast(dtype)[0]


def _targeting(name: str) -> type[pa.DataFrameModel]:
    own = {"n": column("key"), name: column("target", nullable=True)}
    annotations = {each: Cells.__annotations__[each] for each in own}
    return type("Labelled", (pa.DataFrameModel,), {**own, "__annotations__": annotations, "__doc__": "A label."})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cells")


@pytest.fixture(scope="module")
def database() -> Iterator[Shop]:
    with shop() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", PASSWORD)
        yield server


def in_csv(place: Path, texts: Sequence[str]) -> Rows:
    with (place / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("n", *NAMES), *((number, *[text] * len(NAMES)) for number, text in enumerate(texts))])
    return batch(Files((File(str(place / "cells.csv"), null=("", MARK)),)))


def in_json(place: Path, cells: Sequence[Any]) -> Rows:
    lines = (json.dumps({"n": number, **dict.fromkeys(NAMES, cell)}) for number, cell in enumerate(cells))
    (place / "cells.json").write_text("\n".join(lines) + "\n")
    return batch(Files((File(str(place / "cells.json"), null=("", MARK)),)))


def in_parquet(place: Path, cells: pl.Series) -> Rows:
    path = place / f"{uuid.uuid4().hex}.parquet"  # DuckDB would not see within a second that another file has the name
    pl.DataFrame({"n": range(len(cells)), **{name: cells for name in NAMES}}).write_parquet(path)
    return batch(Files((File(str(path), null=("", MARK)),)))


def in_sqlite(place: Path, texts: Sequence[str]) -> Rows:
    (place / "cells.db").unlink(missing_ok=True)
    connection = sqlite3.connect(place / "cells.db")
    connection.execute(f"CREATE TABLE cells (n INTEGER, {', '.join(f'{name} TEXT' for name in NAMES)})")
    marks = ", ".join("?" * (1 + len(NAMES)))
    connection.executemany(f"INSERT INTO cells VALUES ({marks})", [(number, *[text] * len(NAMES)) for number, text in enumerate(texts)])
    connection.commit()
    connection.close()
    return batch(SQLite(str(place / "cells.db"), "cells"))


def in_postgres(database: Shop, texts: Sequence[str]) -> Rows:
    import psycopg

    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS cells")
        connection.execute(f"CREATE TABLE cells (n int, {', '.join(f'{name} text' for name in NAMES)})".encode())
        marks = ", ".join(["%s"] * (1 + len(NAMES)))
        connection.cursor().executemany(
            f"INSERT INTO cells VALUES ({marks})".encode(), [(number, *[text] * len(NAMES)) for number, text in enumerate(texts)]
        )
    return batch(Postgres(database.address, "cells"))


def same(cells: Sequence[Any], one: Rows, other: Rows, *, refused_if_missing: bool = False) -> None:
    for cell, first, second in zip(cells, one, other, strict=True):
        for name in NAMES:
            value = REFUSED if refused_if_missing and first[name] is None else first[name]
            assert (type(value), value) == (type(second[name]), second[name]), f"{cell!r} as {name}"


def marked(rows: Rows, texts: Sequence[str]) -> Rows:
    """What a source without marks of its own makes of the others."""
    return [row if bare(text) != MARK else {**row, **{name: None for name in NAMES}} for row, text in zip(rows, texts, strict=True)]


SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large, HealthCheck.too_slow]
)


@given(texts=st.lists(TEXTS, min_size=40, max_size=60))
@example(texts=list(WRITTEN))
@SLOW
def test_a_text_is_the_same_value_or_the_same_refusal_every_way(texts: list[str], place: Path, database: Shop) -> None:
    asked = request(texts)
    ways: list[Callable[[], Rows]] = [
        lambda: in_csv(place, texts),
        lambda: in_json(place, texts),
        lambda: in_parquet(place, pl.Series(texts)),
        lambda: marked(in_sqlite(place, texts), texts),
        lambda: marked(in_postgres(database, texts), texts),
    ]
    for way in ways:
        same(texts, asked, way())


@given(cells=st.lists(VALUES, min_size=30, max_size=40))
@SLOW
def test_a_json_value_is_the_same_in_a_file_and_in_a_request(cells: list[Any], place: Path) -> None:
    same(cells, in_json(place, cells), request(cells))


@pytest.mark.parametrize(
    "cells", [st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3), st.floats(allow_infinity=False, allow_nan=False), st.sampled_from([0.0, 1.0, 2.5, -3.0, 1e300])]
)  # fmt: skip
def test_a_typed_column_is_read_as_the_values_of_a_request(cells: st.SearchStrategy[Any], place: Path) -> None:
    @given(st.lists(cells, min_size=20, max_size=30))
    @SLOW
    def holds(found: list[Any]) -> None:
        same(found, in_parquet(place, pl.Series(found)), request(found))

    holds()


@given(cells=st.lists(VALUES, min_size=15, max_size=20))
@example(cells=list(WRITTEN))
@settings(SLOW, max_examples=5)
def test_a_label_is_read_as_a_request_is_and_a_missing_one_is_none(cells: list[Any]) -> None:
    asked = [{name: REFUSED if isinstance(value, float) and abs(value) >= 1e300 else value for name, value in row.items()} for row in request(cells)]
    found = [{**row, **{name: asked[at][name] for name in ("at", "day")}} for at, row in enumerate(labels(cells))]
    for row in asked:
        row.update({name: REFUSED for name in NAMES if name not in ("at", "day") and row[name] is None})
    same(cells, asked, found)
