"""Quarantine: what was kept out can be looked at, exported, repaired and loaded again, once."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle.errors import DataError, LifecycleError
from lifecycle.store.lake import Lake
from lifecycle.table import quarantine
from lifecycle.table.release import release
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.lifecycle.test_ingestion import csv, load, spoilt
from tests.toys import Visit, toy, visits

pytestmark = pytest.mark.usefixtures("emptied")


class Free(Visit):
    """A visit of any kind, as a fixed schema has it."""

    kind: str = column()


class Keyless(Visit):
    """A visit without a key."""

    visit: int = column("ignored", ge=0)


class KeylessFree(Keyless):
    """The same with any kind."""

    kind: str = column()


def bad_kinds(path: Path, *positions: int, rows: int = 300) -> Path:
    frame = visits(rows)
    for position in positions:
        frame[position, "kind"] = "z"
    return csv(path, frame)


def raw(the_lake: Lake, name: str, what: str = "count(*)") -> Any:
    return the_lake.value(f"SELECT {what} FROM {name}.raw")


def again(use_case: UseCase, file: Path | None = None) -> tuple[int, int, int, int]:
    done = release(use_case, file)
    assert done.tried == done.kept + done.duplicates + done.quarantined
    return done.tried, done.kept, done.duplicates, done.quarantined


def test_rows_that_pass_a_mended_schema_leave_the_quarantine_once(tmp_path: Path, the_lake: Lake) -> None:
    load(toy("fixed"), bad_kinds(tmp_path / "a.csv", 3, 4))
    assert again(toy("fixed")) == (2, 0, 0, 2)
    assert the_lake.value("SELECT count(*) FROM fixed.batches") == 1, "nothing changed, so the ledger says nothing"
    fixed = toy("fixed", schema=Free)
    assert again(fixed) == (2, 2, 0, 0)
    assert raw(the_lake, "fixed") == 300
    assert raw(the_lake, "fixed", "count(*) FILTER (kind = 'z' AND _batch = 1)") == 2
    assert quarantine.counts("fixed") == {"quarantined": 0, "released": 2}
    assert the_lake.rows("SELECT DISTINCT released_by, released_at IS NOT NULL FROM fixed.quarantine") == [(2, True)]
    assert the_lake.rows("SELECT came, kept, quarantined, duplicates, retry FROM fixed.batches WHERE batch = 2") == [(2, 2, 0, 0, True)]
    before = the_lake.version()
    assert again(fixed) == (0, 0, 0, 0)
    assert the_lake.version() == before, "a second retry writes nothing"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_exported_file_that_was_repaired_is_loaded_once(tmp_path: Path, the_lake: Lake, suffix: str) -> None:
    use_case, rows = toy(f"repaired_{suffix[1:]}"), spoilt()
    rows[4, "amount"], rows[6, "kind"] = "abc", "z"
    load(use_case, csv(tmp_path / "a.csv", rows, "1,2,3"))
    file = tmp_path / f"bad{suffix}"
    assert quarantine.export(use_case.name, file) == 3
    found = pl.read_csv(file, infer_schema=False) if suffix == ".csv" else pl.read_parquet(file)
    assert found.columns[:8] == list(visits(1).columns)
    assert found["amount"].to_list()[0] == "abc"
    assert (found["_row"].cast(pl.Int64).to_list(), found["_check"][1], found["_line"][2]) == ([5, 7, 302], "isin(['a', 'b', 'c'])", "1,2,3")
    fixed = found.with_columns(
        amount=pl.when(pl.col("amount") == "abc").then(pl.lit("12.5")).otherwise("amount"),
        kind=pl.when(pl.col("kind") == "z").then(pl.lit("q")).otherwise("kind"),
    )
    fixed.write_csv(file) if suffix == ".csv" else fixed.write_parquet(file)
    assert again(use_case, file) == (3, 1, 0, 2)
    assert raw(the_lake, use_case.name, "any_value(amount) FILTER (visit = 4)") == 12.5
    assert {(row["row"], row["value"]) for row in quarantine.rows(use_case.name, 10) if row["column"] == "kind" and row["row"] == 7} == {(7, "q")}
    assert the_lake.rows(f"SELECT record FROM {use_case.name}.quarantine WHERE row = 302 LIMIT 1") == [("1,2,3",)], "the line stays as it came"
    done = release(use_case, file)
    assert (done.batch, done.kept, done.before) == (0, 0, 1)
    assert quarantine.export(use_case.name, tmp_path / "again.csv") == 2
    assert release(use_case).unreadable == 1, "a line that is no row is still known as one"
    assert raw(the_lake, use_case.name) == 299


def test_a_file_that_names_other_rows_changes_nothing(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("other_rows")
    load(use_case, bad_kinds(tmp_path / "a.csv", 3))
    quarantine.export("other_rows", tmp_path / "bad.csv")
    found = pl.read_csv(tmp_path / "bad.csv", infer_schema=False)
    for frame, says in (
        (found.with_columns(_row=pl.lit("77")), "_row=77 is not in quarantine"),
        (pl.concat([found, found]), "comes twice"),
        (found.drop("_row"), "lacks the column _row"),
        (found.drop("kind"), "lacks the column kind"),
    ):
        frame.write_csv(tmp_path / "wrong.csv")
        with pytest.raises(LifecycleError, match=says):
            release(use_case, tmp_path / "wrong.csv")
    assert (raw(the_lake, "other_rows"), quarantine.counts("other_rows")["quarantined"]) == (299, 1)


def test_an_older_row_does_not_replace_the_newer_one_of_its_key(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("superseded")
    load(use_case, bad_kinds(tmp_path / "a.csv", 3, 4))
    frame = visits(300)
    frame[3, "amount"], frame[4, "kind"], frame[4, "amount"] = 7.0, "y", 8.0
    load(use_case, csv(tmp_path / "a.csv", frame))
    assert again(toy("superseded", schema=Free)) == (3, 1, 2, 0)
    assert the_lake.rows("SELECT visit, amount, kind, _batch FROM superseded.raw WHERE visit IN (3, 4) ORDER BY 1") == [
        (3, 7.0, frame[3, "kind"], 2),
        (4, 8.0, "y", 2),
    ]


def test_of_two_rows_with_one_key_the_second_stays(tmp_path: Path, the_lake: Lake) -> None:
    rows = visits(300)
    rows[20, "visit"] = 19
    load(toy("still_twice"), csv(tmp_path / "a.csv", rows))
    assert again(toy("still_twice", schema=Free)) == (1, 0, 0, 1)
    assert quarantine.reasons("still_twice")[0]["check"] == "unique key (differs from the row that was kept)"
    assert raw(the_lake, "still_twice", "any_value(amount) FILTER (visit = 19)") == rows[19, "amount"]


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without"])
def test_a_refused_batch_is_let_in_once_few_of_its_rows_are_bad(tmp_path: Path, the_lake: Lake, keyed: bool) -> None:
    name = "let_in" if keyed else "let_in_keyless"
    strict, free = (toy(name, schema=schema) for schema in ((Visit, Free) if keyed else (Keyless, KeylessFree)))
    load(strict, csv(tmp_path / "a.csv", visits(200)))
    with pytest.raises(DataError, match="lifecycle quarantine"):
        load(strict, bad_kinds(tmp_path / "a.csv", *range(100, 150)))
    assert again(strict) == (300, 0, 0, 300)
    assert raw(the_lake, name) == 200
    assert again(free)[3] == 0
    assert raw(the_lake, name) == 300
    assert raw(the_lake, name, "count(*) FILTER (kind = 'z')") == 50
    assert quarantine.counts(name)["quarantined"] == 0
    assert again(free)[0] == 0
    assert load(free, csv(tmp_path / "a.csv", visits(300))).rows == 300


def test_a_row_without_a_key_joins_its_source_and_is_replaced_with_it(tmp_path: Path, the_lake: Lake) -> None:
    strict, free = toy("joins", schema=Keyless), toy("joins", schema=KeylessFree)
    frame = pl.concat([visits(300), visits(2).with_columns(kind=pl.lit("z")), visits(2).with_columns(kind=pl.lit("z"))])
    load(strict, csv(tmp_path / "a.csv", frame))
    assert again(free) == (4, 4, 0, 0)
    assert raw(the_lake, "joins", "(count(*), count(DISTINCT _key))") == (304, 304)
    assert load(free, csv(tmp_path / "a.csv", visits(250))).rows == 250


def test_nothing_in_quarantine_is_no_mistake() -> None:
    assert quarantine.reasons("never_seen") == []
    assert quarantine.counts("never_seen") == {"quarantined": 0, "released": 0}
    assert again(toy("never_seen")) == (0, 0, 0, 0)


def test_an_export_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match=r"\.csv or \.parquet"):
        quarantine.export("never_seen", tmp_path / "bad.xlsx")
    with pytest.raises(LifecycleError, match="cannot be written"):
        quarantine.export("never_seen", tmp_path / "nowhere" / "bad.csv")
