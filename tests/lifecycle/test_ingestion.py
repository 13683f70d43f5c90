"""Collect and validate: every row that comes is kept, quarantined or a duplicate, and a repeated load changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.errors import DataError, LifecycleError
from lifecycle.references import Snapshot
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import Lake
from lifecycle.table import raw
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import Visit, toy, visits

pytestmark = pytest.mark.usefixtures("emptied")


def load(use_case: UseCase, source: Path | str | None = None) -> Snapshot:
    return validate(use_case, collect(use_case, str(source) if source else None))


def csv(path: Path, rows: pl.DataFrame, *lines: str) -> Path:
    rows.write_csv(path)
    with path.open("a") as file:
        file.writelines(line + "\n" for line in lines)
    return path


def spoilt(rows: int = 300) -> pl.DataFrame:
    return visits(rows).with_columns(pl.col("amount").cast(pl.String), pl.col("visit").cast(pl.String))


def test_a_file_is_typed_by_the_schema_and_kept_whole(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("typed")
    snapshot = load(use_case, csv(tmp_path / "visits.csv", visits(300)))
    assert (snapshot.came, snapshot.kept, snapshot.quarantined, snapshot.duplicates) == (300, 300, 0, 0)
    back = the_lake.frame("SELECT * EXCLUDE (_key, _batch, _content, _extra) FROM typed.raw ORDER BY visit")
    assert back.equals(visits(300))


def test_csv_and_parquet_give_the_same_fingerprint(tmp_path: Path) -> None:
    visits(300).write_parquet(tmp_path / "visits.parquet")
    first = load(toy("visits_from_csv"), csv(tmp_path / "visits.csv", visits(300)))
    second = load(toy("visits_from_parquet"), tmp_path / "visits.parquet")
    assert first.fingerprint == second.fingerprint


def test_a_bad_row_is_quarantined_with_row_column_check_and_value(tmp_path: Path, the_lake: Lake) -> None:
    rows = spoilt()
    rows[4, "amount"], rows[5, "amount"], rows[6, "kind"], rows[7, "visit"] = "abc", "-3", "z", "7.5"
    snapshot = load(toy("bad_rows"), csv(tmp_path / "visits.csv", rows, "1,2,3", "9,9,9,9,9,9,9,9,9,9"))
    found = the_lake.rows('SELECT row, "column", "check", value FROM bad_rows.quarantine ORDER BY row')
    assert found[:4] == [
        (5, "amount", "type DOUBLE", "abc"),
        (6, "amount", "greater_than_or_equal_to(0)", "-3.0"),
        (7, "kind", "isin(['a', 'b', 'c'])", "z"),
        (8, "visit", "type BIGINT", "7.5"),
    ]
    assert [row for row, *_ in found[4:]] == [302, 303]
    assert (snapshot.came, snapshot.kept, snapshot.quarantined, snapshot.duplicates) == (302, 296, 6, 0)
    assert the_lake.value("SELECT record FROM bad_rows.quarantine WHERE row = 302") == "1,2,3"


def test_a_repeated_load_changes_nothing(tmp_path: Path, the_lake: Lake) -> None:
    use_case, path = toy("repeated"), csv(tmp_path / "visits.csv", visits(300))
    first = load(use_case, path)
    assert load(use_case, path) == first
    assert the_lake.value("SELECT count(*) FROM repeated.batches") == 1


def test_a_changed_row_is_merged_by_its_key(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = toy("merged"), visits(300)
    first = load(use_case, csv(tmp_path / "visits.csv", rows))
    rows[10, "amount"] = 9_999.0
    second = load(use_case, csv(tmp_path / "visits.csv", rows))
    assert (second.kept, second.duplicates, second.rows) == (1, 299, 300)
    assert second.fingerprint != first.fingerprint
    assert the_lake.value("SELECT amount FROM merged.raw WHERE visit = 10") == 9_999.0
    assert the_lake.value(f"SELECT amount FROM merged.raw AT (VERSION => {first.version}) WHERE visit = 10") != 9_999.0


def test_rows_without_a_key_replace_those_of_the_same_source(tmp_path: Path, the_lake: Lake) -> None:
    class Keyless(Visit):
        """A visit without a key."""

        visit: int = column("ignored")

    use_case = toy("keyless", schema=Keyless)
    rows = pl.concat([visits(300), visits(300)[:5]])
    first = load(use_case, csv(tmp_path / "visits.csv", rows))
    assert (first.rows, first.duplicates) == (305, 0)
    rows[0, "amount"] = 1.0
    assert load(use_case, csv(tmp_path / "visits.csv", rows)).rows == 305
    assert the_lake.value("SELECT count(DISTINCT _key) FROM keyless.raw") == 305


def test_one_key_with_two_contents_keeps_the_first_and_quarantines_the_other(tmp_path: Path, the_lake: Lake) -> None:
    rows = visits(300)
    rows[20, "visit"] = 19
    snapshot = load(toy("twice"), csv(tmp_path / "visits.csv", pl.concat([rows, rows[:3]])))
    assert (snapshot.kept, snapshot.quarantined, snapshot.duplicates) == (299, 1, 3)
    assert the_lake.rows('SELECT row, "column", "check" FROM twice.quarantine') == [(21, "visit", "unique key (differs from row 20)")]


def test_a_batch_above_the_limit_is_refused_whole_and_every_check_is_named(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = toy("refused"), spoilt()
    load(use_case, csv(tmp_path / "good.csv", visits(300)))
    bad = csv(tmp_path / "bad.csv", rows.with_columns(amount=pl.lit("-1"), kind=pl.lit("z")))
    for _ in range(2):  # the second time from the ledger
        with pytest.raises(DataError, match=r"300 of 300 rows failed, the limit is 5%.*amount: greater_than.*kind: isin"):
            load(use_case, bad)
    assert the_lake.value("SELECT count(*) FROM refused.raw") == 300
    assert the_lake.value("SELECT count(*) FROM refused.batches") == 2
    assert the_lake.rows("SELECT came, kept, quarantined, duplicates FROM refused.batches WHERE batch = 2") == [(300, 0, 300, 0)]


def test_an_older_source_loaded_again_after_its_staging_is_gone_is_read_anew(tmp_path: Path) -> None:
    use_case = toy("again")
    first = collect(use_case, str(csv(tmp_path / "one.csv", visits(300))))
    validate(use_case, first)
    rows = visits(300)
    rows[0, "amount"] = 5.0
    load(use_case, csv(tmp_path / "one.csv", rows))
    csv(tmp_path / "one.csv", visits(300))
    assert validate(use_case, first).kept == 1


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path / "absent.csv", r"absent\.csv does not exist.*LIFECYCLE_DATA"),
        (lambda path: _written(path / "empty.csv", ""), r"empty\.csv is empty"),
        (lambda path: _written(path / "header.csv", "visit,at,customer,gender,amount,kind,age,bought\n"), r"has no rows"),
        (lambda path: _written(path / "other.csv", "a,b\n1,2\n"), r"lacks the columns visit, at"),
        (lambda path: _written(path / "rows.xyz", "%PDF-1.7 and so on"), r"is a PDF document"),
        (lambda path: path, r"is a folder"),
    ],
    ids=["missing", "empty", "header only", "other columns", "unknown kind", "folder"],
)
def test_a_source_that_cannot_be_is_said_in_one_sentence(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(LifecycleError, match=says) as error:
        load(toy("nowhere"), make(tmp_path))
    assert "\n" not in str(error.value)


def test_nothing_ingested_is_said_with_the_command_to_run() -> None:
    with pytest.raises(DataError, match="lifecycle ingest untouched"):
        raw.current(toy("untouched"))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


CELLS = st.one_of(st.sampled_from(["", "1", "-5", "1.5", "abc", "1e400", "nan", "12,5", 'a"b', "9" * 30]), st.text(max_size=5))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=40))
def test_whatever_comes_is_kept_or_quarantined_or_a_duplicate(tmp_path: Path, the_lake: Lake, cells: list[tuple[Any, ...]]) -> None:
    rows = visits(len(cells)).with_columns(
        pl.Series("visit", [first for first, _, _ in cells]),
        pl.Series("amount", [second for _, second, _ in cells]),
        pl.Series("kind", [third for _, _, third in cells]),
    )
    use_case = toy("anything", bad_rows=1.0)
    snapshots = []
    try:
        snapshots.append(load(use_case, csv(tmp_path / "any.csv", rows)))
    except DataError:
        return
    for snapshot in snapshots:
        assert snapshot.came == snapshot.kept + snapshot.quarantined + snapshot.duplicates
        bad = the_lake.value("SELECT count(DISTINCT row) FROM anything.quarantine WHERE batch = ?", [snapshot.batch])
        assert bad == snapshot.quarantined
