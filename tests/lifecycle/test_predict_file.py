"""Answers for the rows of a file."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lifecycle.errors import LifecycleError
from lifecycle.predict import inputs, predict
from lifecycle.predict_file import predict_file
from lifecycle.references import ModelVersion
from lifecycle.sources import Files
from lifecycle.store.lake import lake
from lifecycle.store.models import load
from lifecycle.table.feature_table import compute
from lifecycle.usecase import UseCase
from tests.challengers import parts_of
from tests.served import champion
from tests.toys import toy, visits

NAME = "asked_by_file"


def shop() -> UseCase:
    return toy(NAME)


@pytest.fixture(scope="module")
def version() -> ModelVersion:
    return champion(shop(), parts_of(shop()))


@pytest.fixture
def rows() -> pl.DataFrame:
    """Visits that the lake has not, as somebody has them who does not know how they end."""
    return visits(300, seed=8).with_columns(pl.col("visit") + 50_000).drop("bought")


def expected(version: ModelVersion, rows: pl.DataFrame) -> pl.DataFrame:
    whole = rows.with_columns(bought=pl.lit(None, pl.Boolean))
    return predict(shop(), load(version.run_id, version.sha256), inputs(shop(), version, compute(shop(), whole)))


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_rows_of_any_file_get_what_the_model_says_in_their_order_and_the_lake_stays_as_it_was(
    ending: str, version: ModelVersion, rows: pl.DataFrame, tmp_path: Path
) -> None:
    file, out = tmp_path / f"rows.{ending}", tmp_path / f"answers.{ending}"
    {"csv": rows.write_csv, "parquet": rows.write_parquet, "jsonl": rows.write_ndjson}[ending](file)
    before = lake().version()
    done, answers = predict_file(shop(), str(file), out)
    assert (done.rows, done.answered, done.refused, done.version) == (300, 300, 0, version.version)
    said = expected(version, rows)
    assert answers["visit"].to_list() == rows["visit"].to_list()
    assert answers["_row"].to_list() == list(range(1, 301))
    assert answers["probability"].to_list() == pytest.approx(said["probability"].to_list(), abs=1e-6)
    assert answers["prediction"].cast(pl.Int8).to_list() == said["prediction"].to_list()
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}[ending](out)
    assert read["probability"].to_list() == answers["probability"].to_list()
    assert lake().version() == before
    assert [path.name for path in tmp_path.iterdir() if path not in (file, out)] == []


@pytest.mark.usefixtures("version")
def test_what_cannot_be_answered_is_beside_the_answers_with_its_line_and_reason(rows: pl.DataFrame, tmp_path: Path) -> None:
    file, out = tmp_path / "rows.csv", tmp_path / "answers.csv"
    lines = rows.head(6).write_csv().splitlines()
    lines[2] = lines[2].replace(",a,", ",?,").replace(",b,", ",?,").replace(",c,", ",?,")
    lines[4] = "many" + lines[4][lines[4].index(",") :]
    lines.insert(6, "only,three,cells")
    file.write_text("\n".join(lines) + "\n")
    done, answers = predict_file(shop(), str(file), out)
    assert (done.rows, done.answered, done.refused) == (7, 4, 3)
    assert answers["_row"].to_list() == [1, 3, 5, 6]
    refused = pl.read_csv(done.refused_file)
    assert Path(done.refused_file) == tmp_path / "answers.refused.csv"
    assert refused["_line"].to_list() == [3, 5, 7]
    assert refused["_column"].to_list()[:2] == ["kind", "visit"]
    assert refused["_check"].to_list()[1] == "type BIGINT"
    assert refused["_value"].to_list() == ["?", "many", "only,three,cells"]
    assert refused["customer"].to_list()[:2] == [rows["customer"][1], rows["customer"][3]]
    assert {reason.split(":")[0] for reason in done.reasons} == {"line 3", "line 5", "line 7"}
    repaired = refused.head(1).with_columns(kind=pl.lit("a"))
    repaired.write_csv(tmp_path / "repaired.csv")
    assert predict_file(shop(), str(tmp_path / "repaired.csv"))[0].answered == 1


@pytest.mark.usefixtures("version")
def test_what_came_of_a_row_may_stand_in_the_file_and_is_not_looked_at(rows: pl.DataFrame, tmp_path: Path) -> None:
    rows.write_csv(tmp_path / "without.csv")
    rows.with_columns(bought=pl.lit("nobody knows"), more=pl.lit(1)).write_csv(tmp_path / "with.csv")
    _, without = predict_file(shop(), str(tmp_path / "without.csv"))
    done, with_it = predict_file(shop(), str(tmp_path / "with.csv"))
    assert done.refused == 0
    assert_frame_equal(without, with_it)


@pytest.mark.usefixtures("version")
def test_a_select_that_reads_the_target_does_without_it(rows: pl.DataFrame, tmp_path: Path) -> None:
    use_case = toy(NAME, source=Files((), select="SELECT * REPLACE (bought = 'yes' AS bought) FROM rows"))
    rows.write_csv(tmp_path / "rows.csv")
    assert predict_file(use_case, str(tmp_path / "rows.csv"))[0].answered == 300


@pytest.mark.usefixtures("version")
def test_a_file_without_a_column_is_refused_as_a_whole_and_so_is_one_that_cannot_be_written(rows: pl.DataFrame, tmp_path: Path) -> None:
    rows.drop("amount").write_csv(tmp_path / "rows.csv")
    with pytest.raises(LifecycleError, match="lacks the column amount"):
        predict_file(shop(), str(tmp_path / "rows.csv"))
    with pytest.raises(LifecycleError, match=r"ends in \.csv, \.parquet"):
        predict_file(shop(), str(tmp_path / "rows.csv"), tmp_path / "answers.xls")
    with pytest.raises(LifecycleError, match="found no"):
        predict_file(shop(), str(tmp_path / "rows.csv"), tmp_path / "nowhere" / "answers.csv")
    with pytest.raises(LifecycleError, match=r"written over .*rows\.csv itself"):
        predict_file(shop(), str(tmp_path / "rows.csv"), tmp_path / "rows.csv")


def test_nobody_answers_before_there_is_a_champion(tmp_path: Path) -> None:
    visits(5).write_csv(tmp_path / "rows.csv")
    with pytest.raises(LifecycleError, match="has no champion yet"):
        predict_file(toy("asked_nobody"), str(tmp_path / "rows.csv"))


def test_moments_are_read_as_everywhere(version: ModelVersion, rows: pl.DataFrame, tmp_path: Path) -> None:
    one = rows.head(1).with_columns(at=pl.lit("2026-02-01T11:00:00+01:00"), amount=pl.lit(" 12.50 "))
    one.write_csv(tmp_path / "rows.csv")
    _, answers = predict_file(shop(), str(tmp_path / "rows.csv"))
    assert (answers["at"][0], answers["amount"][0]) == (dt.datetime(2026, 2, 1, 10), 12.5)
