"""Columns and types that the schema does not expect: ignored, kept, quarantined or refused, and always said."""

from pathlib import Path

import polars as pl
import pytest

from lifecycle.errors import DataError
from lifecycle.expectations import Surprises
from lifecycle.store.lake import Lake
from lifecycle.table import quarantine
from lifecycle.table.release import release
from schemas.roles import column
from tests.lifecycle.test_ingestion import csv, load, spoilt
from tests.toys import Visit, toy, visits


def wider(rows: int = 300) -> pl.DataFrame:
    return visits(rows).with_columns(channel=pl.lit("web"), score=pl.int_range(rows))


def test_a_new_column_is_left_out_and_said(tmp_path: Path, the_lake: Lake) -> None:
    snapshot = load(toy("ignores"), csv(tmp_path / "a.csv", wider()))
    assert snapshot.notes == ("the new columns channel, score were left out",)
    assert the_lake.rows("SELECT DISTINCT _extra FROM ignores.raw") == [(None,)]


def test_a_new_column_that_comes_with_old_rows_is_said_too(tmp_path: Path) -> None:
    load(toy("widens"), csv(tmp_path / "a.csv", visits(300)))
    snapshot = load(toy("widens"), csv(tmp_path / "a.csv", wider()))
    assert (snapshot.duplicates, len(snapshot.notes)) == (300, 1)


def test_a_new_column_can_be_kept_with_its_row(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("keeps", surprises=Surprises(new="keep"))
    narrow = load(use_case, csv(tmp_path / "a.csv", visits(300)))
    snapshot = load(use_case, csv(tmp_path / "a.csv", wider()))
    assert (snapshot.kept, snapshot.notes) == (300, ("the new columns channel, score were kept in _extra",))
    assert snapshot.fingerprint == narrow.fingerprint, "what the schema does not know is no part of the snapshot's content"
    assert the_lake.rows("SELECT _extra->>'channel', (_extra->>'score')::INT FROM keeps.raw WHERE visit = 7") == [("web", 7)]
    assert load(use_case, csv(tmp_path / "b.csv", wider())).duplicates == 300


def test_a_kept_column_comes_back_from_quarantine(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = toy("keeps_bad", surprises=Surprises(new="keep")), wider().with_columns(pl.col("amount").cast(pl.String))
    rows[7, "amount"] = "abc"
    load(use_case, csv(tmp_path / "a.csv", rows))
    file = tmp_path / "bad.csv"
    quarantine.export("keeps_bad", file)
    pl.read_csv(file, infer_schema=False).with_columns(amount=pl.lit("5")).write_csv(file)
    assert release(use_case, file).kept == 1
    assert the_lake.rows("SELECT amount, _extra->>'channel' FROM keeps_bad.raw WHERE visit = 7") == [(5.0, "web")]


def test_a_new_column_can_be_refused_and_nothing_is_loaded(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("refuses_new", surprises=Surprises(new="refuse"))
    load(use_case, csv(tmp_path / "a.csv", visits(300)))
    with pytest.raises(DataError, match=r"new columns channel, score.*surprises\.new is 'refuse'"):
        load(use_case, csv(tmp_path / "b.csv", wider(400)))
    assert the_lake.value("SELECT count(*) FROM refuses_new.raw") == 300


def test_a_missing_column_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks the column amount"):
        load(toy("lacks"), csv(tmp_path / "a.csv", visits(300).drop("amount")))


def test_cells_of_another_type_are_quarantined_and_said(tmp_path: Path) -> None:
    rows = spoilt()
    rows[4, "amount"] = "12 EUR"
    snapshot = load(toy("retyped"), csv(tmp_path / "a.csv", rows))
    assert snapshot.notes == ("1 cell of amount is no DOUBLE, e.g. '12 EUR'",)
    assert (snapshot.kept, snapshot.quarantined) == (299, 1)


def test_a_typed_file_whose_type_changed_is_judged_cell_by_cell(tmp_path: Path, the_lake: Lake) -> None:
    rows = spoilt().with_columns(pl.col("visit").cast(pl.Float64))
    rows[4, "amount"], rows[5, "visit"] = "n/a", 5.5
    rows.write_parquet(tmp_path / "a.parquet")
    snapshot = load(toy("retyped_file"), tmp_path / "a.parquet")
    assert (snapshot.kept, snapshot.quarantined) == (298, 2)
    assert {row["column"] for row in quarantine.reasons("retyped_file")} == {"amount", "visit"}


def test_cells_of_another_type_can_refuse_the_batch_until_they_are_mended(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = toy("refuses_types", surprises=Surprises(changed="refuse")), spoilt()
    rows[4, "amount"] = "12 EUR"
    with pytest.raises(DataError, match=r"300 rows was refused: 1 cell of amount is no DOUBLE.*surprises\.changed"):
        load(use_case, csv(tmp_path / "a.csv", rows))
    assert quarantine.counts("refuses_types")["quarantined"] == 300
    assert release(use_case).kept == 0
    file = tmp_path / "bad.csv"
    quarantine.export("refuses_types", file)
    pl.read_csv(file, infer_schema=False).with_columns(pl.col("amount").str.strip_suffix(" EUR")).write_csv(file)
    assert release(use_case, file).kept == 300
    assert the_lake.value("SELECT amount FROM refuses_types.raw WHERE visit = 4") == 12.0


def test_a_column_named_as_the_query_names_its_rows_is_a_column(tmp_path: Path, the_lake: Lake) -> None:
    rows = spoilt().with_columns(came=pl.lit("early"))
    rows[4, "amount"] = "abc"
    load(toy("named_came"), csv(tmp_path / "a.csv", rows))
    assert '"came":"early"' in the_lake.value("SELECT record FROM named_came.quarantine")


class Channelled(Visit):
    """A visit with its channel."""

    channel: str = column(nullable=True)


def test_an_edited_schema_hashes_the_old_rows_anew(tmp_path: Path, the_lake: Lake) -> None:
    rows = wider(310).with_columns(channel=pl.when(pl.col("visit") >= 300).then("channel"))
    load(toy("edited"), csv(tmp_path / "a.csv", rows[:300]))
    grown = load(toy("edited", schema=Channelled), csv(tmp_path / "b.csv", rows[300:]))
    whole = load(toy("edited_whole", schema=Channelled), csv(tmp_path / "c.csv", rows))
    assert grown.rows == whole.rows == 310
    assert grown.fingerprint == whole.fingerprint
