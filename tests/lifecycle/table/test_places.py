"""Places: a row that has none is given the next when it first comes in, and keeps it whatever comes later."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle.errors import DefinitionError
from lifecycle.source import ByFile, File
from lifecycle.sources import Files, Generated
from lifecycle.splits import OrderSplit
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.store.lake import Lake
from lifecycle.table import feature_table
from lifecycle.table.membership import assign
from lifecycle.table.parts import rows as part_of
from lifecycle.table.release import release
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import Reading, chain, readings

pytestmark = pytest.mark.usefixtures("emptied")


class Numbered(Reading):
    """A reading that has a number of its own, whose order says nothing."""

    number: int = column("key")


def load(use_case: UseCase, source: Path | str | None = None) -> Any:
    return validate(use_case, collect(use_case, str(source) if source else None))


def placed(lake: Lake, use_case: UseCase) -> pl.DataFrame:
    return lake.frame(f"SELECT * FROM {use_case.name}.raw ORDER BY place")


def written(path: Path, rows: pl.DataFrame) -> Path:
    rows.write_csv(path)
    return path


def test_rows_take_the_places_of_their_lines_also_through_a_select(tmp_path: Path, the_lake: Lake) -> None:
    rows = readings(300_000)
    path = written(tmp_path / "readings.csv", rows)
    source = Files((File(str(path)),), select="SELECT * REPLACE (CAST(heat AS DOUBLE) + 1 AS heat) FROM rows")
    use_case = chain("lines_in_order", source=source)
    load(use_case)
    found = placed(the_lake, use_case)
    assert found["place"].to_list() == list(range(1, 300_001))
    assert (found["heat"] - rows["heat"] - 1).abs().max() < 1e-9  # type: ignore[operator]


def test_the_same_file_again_and_a_longer_one_move_no_row(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = chain("grows_in_order"), readings(900)
    path = written(tmp_path / "readings.csv", rows.head(600))
    first = load(use_case, path)
    before = placed(the_lake, use_case)
    assert load(use_case, path) == first
    load(use_case, written(path, rows))
    after = placed(the_lake, use_case)
    assert after.head(600).select("_key", "place").equals(before.select("_key", "place"))
    assert after["heat"].equals(rows["heat"])
    assert after["place"].to_list() == list(range(1, 901))


def test_a_file_that_forgets_its_first_lines_goes_on_where_it_was(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = chain("slides_in_order"), readings(900)
    path = written(tmp_path / "readings.csv", rows.head(600))
    load(use_case, path)
    before = placed(the_lake, use_case)
    load(use_case, written(path, rows.slice(200, 600)))
    after = placed(the_lake, use_case)
    assert after["heat"].equals(rows["heat"].slice(200, 600))
    assert after.head(400).select("_key", "place").equals(before.slice(200).select("_key", "place"))
    assert after["place"].to_list()[400:] == list(range(601, 801))


def test_rows_of_a_later_file_come_after_those_of_an_earlier_one(tmp_path: Path, the_lake: Lake) -> None:
    rows = readings(900)
    use_case = chain("files_in_order", source=Files((File(f"{tmp_path}/*.csv"),), incremental=ByFile()))
    written(tmp_path / "b.csv", rows.head(600))
    load(use_case)
    written(tmp_path / "a.csv", rows.tail(300))
    load(use_case)
    assert placed(the_lake, use_case)["heat"].equals(rows["heat"])


def test_a_changed_row_with_a_key_keeps_its_place(tmp_path: Path, the_lake: Lake) -> None:
    use_case, rows = chain("keys_in_order", schema=Numbered), readings(300).with_columns(number=pl.Series(range(300)).reverse())
    load(use_case, written(tmp_path / "readings.csv", rows))
    changed = pl.concat([readings(5, seed=9).with_columns(number=pl.lit(1_000) + pl.int_range(5)), rows[[7]].with_columns(heat=pl.lit(99.0))])
    load(use_case, written(tmp_path / "more.csv", changed))
    found = placed(the_lake, use_case)
    assert found["number"].to_list() == [*rows["number"], 1_000, 1_001, 1_002, 1_003, 1_004]
    assert found["heat"][7] == 99.0


def test_a_place_that_the_source_has_is_taken_as_it_is(tmp_path: Path, the_lake: Lake) -> None:
    class Weekly(Reading):
        """A reading of a week."""

        place: int = column("order")

    use_case, rows = chain("weeks_in_order", schema=Weekly), readings(400).with_columns(place=(400 - pl.int_range(400)) // 4)
    load(use_case, written(tmp_path / "readings.csv", rows))
    assert sorted(placed(the_lake, use_case)["place"]) == sorted(rows["place"])


def test_the_first_places_train_and_the_last_judge(tmp_path: Path) -> None:
    use_case = chain("parts_in_order", split=OrderSplit(gap=10))
    parts = split(use_case, featurize(use_case, load(use_case)))
    train, tune, gate = (part_of(use_case, parts, part).info["place"] for part in ("train", "tune", "gate"))
    assert train.min() == 1
    assert train.max() + 10 <= tune.min()  # type: ignore[operator]
    assert tune.max() + 10 <= gate.min()  # type: ignore[operator]
    assert gate.max() == 2_000
    assert abs(len(train) / 1_980 - 0.6) < 0.01


def test_a_row_keeps_its_part_when_more_rows_come(tmp_path: Path) -> None:
    use_case, rows = chain("stays_in_order"), readings(1_500)
    path = written(tmp_path / "readings.csv", rows.head(1_000))
    features = featurize(use_case, load(use_case, path))
    parts = split(use_case, features)
    before = feature_table.read(use_case, features).info
    then = dict(zip(before["_key"], assign(use_case, parts, before), strict=True))
    after = feature_table.read(use_case, featurize(use_case, load(use_case, written(path, rows)))).info
    now = dict(zip(after["_key"], assign(use_case, parts, after), strict=True))
    assert all(now[key] == part for key, part in then.items())
    assert {now[key] for key in now.keys() - then.keys()} == {"unlabelled"}  # nobody has judged them yet


def test_a_place_is_no_input_and_a_whole_number() -> None:
    use_case = chain("place_as_input", features=lambda rows: rows.select("heat", "place"))
    with pytest.raises(DefinitionError, match="must not return the target or its time, nor the place of a row, found place"):
        featurize(use_case, load(use_case))

    class Worded(Reading):
        """A place in words."""

        place: str = column("order", nullable=True)  # pyright: ignore[reportIncompatibleVariableOverride]

    with pytest.raises(DefinitionError, match="place"):
        chain("place_in_words", schema=Worded)


def test_rows_out_of_quarantine_come_where_they_belong(tmp_path: Path, the_lake: Lake) -> None:
    rows = readings(300).with_columns(pl.when(pl.int_range(300) == 7).then(-99.0).otherwise("heat").alias("heat"))
    use_case = chain("released_in_order", source=Generated(lambda: iter([rows]), {}, True))
    load(use_case)

    class Colder(Reading):
        """A reading that may be colder."""

        heat: float = column()

    wider = chain("released_in_order", schema=Colder, source=use_case.source)
    assert release(wider).kept == 1
    found = placed(the_lake, wider)
    assert found.filter(pl.col("heat") == -99.0)["place"].to_list() == [7]
    assert found.filter(pl.col("heat") != -99.0)["heat"].equals(rows.filter(pl.col("heat") != -99.0)["heat"])
