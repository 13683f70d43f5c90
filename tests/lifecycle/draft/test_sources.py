"""A draft is made of any source that `--source` takes, and finds the same in each."""

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from lifecycle.draft.draft import Draft, Options, draft
from tests.lifecycle.draft.conftest import code, table


def found(made: Draft) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {column.name: (column.type, column.roles) for column in made.table.columns}


@pytest.fixture
def rows() -> pl.DataFrame:
    return pl.DataFrame(table(order=[f"o{i}" for i in range(1_000)]))


def test_the_same_is_found_in_every_kind_of_source(rows: pl.DataFrame, tmp_path: Path) -> None:
    rows.write_csv(tmp_path / "rows.csv")
    rows.write_csv(tmp_path / "rows.tsv", separator="\t")
    rows.write_parquet(tmp_path / "rows.parquet")
    rows.write_ndjson(tmp_path / "rows.ndjson")
    rows.head(400).write_csv(tmp_path / "part-1.csv")
    rows.tail(600).write_csv(tmp_path / "part-2.csv")
    with sqlite3.connect(tmp_path / "rows.db") as database:
        database.execute('CREATE TABLE orders (first, second, kind, y, "order")')
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows.rows())
    places = ["rows.csv", "rows.tsv", "rows.parquet", "rows.ndjson", "part-*.csv", "rows.db?table=orders"]
    drafts = [draft("drafted", f"{tmp_path}/{place}", Options(target="y")) for place in places]
    assert all(found(made) == found(drafts[0]) for made in drafts)
    assert all(made.table.sample.total == 1_000 for made in drafts)
    assert 'table="orders"' in code(drafts[-1])[0]


def test_lists_and_structs_are_taken_apart(rows: pl.DataFrame, tmp_path: Path) -> None:
    nested = rows.with_columns(
        tags=pl.Series([["a", "b"][: i % 3] for i in range(1_000)]),
        place=pl.Series([{"city": "cd"[i % 2], "at": {"x": i % 7}} for i in range(1_000)]),
    )
    nested.write_parquet(tmp_path / "rows.parquet")
    nested.write_ndjson(tmp_path / "rows.ndjson")
    for place in ("rows.parquet", "rows.ndjson"):
        columns = found(draft("drafted", str(tmp_path / place), Options(target="y")))
        assert {"tags_count", "place_city", "place_at_x"} <= set(columns), place
