"""How a CSV file is written is told by its content: header lines, delimiters, quotes, names, what lies before the table."""

from pathlib import Path
from typing import Any

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.reading.rejects import REJECTS, keep
from lifecycle.reading.relations import opened, relation
from lifecycle.sources import File, Files
from lifecycle.sources.spelling import placed
from lifecycle.store.lake import Lake


def read(lake: Lake, path: Path | str, expects: frozenset[str] = frozenset(), **options: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of a file, without what the use case makes of them."""
    source = placed(str(path)) if not options else Files((File(str(path), **options),))
    cursor = lake.cursor()
    with opened(cursor, expects=expects) as reader:
        while True:
            result = cursor.execute(relation(cursor, source, reader))
            names, rows = [column[0] for column in result.description or ()], result.fetchall()
            if not keep(reader):
                return names, rows


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(("file", "width"), [("adult_census/adult-train.csv", 15), ("german_credit/german.csv", 21)])
def test_real_files_without_a_header_line_are_recognised(the_lake: Lake, shared: Path, file: str, width: int) -> None:
    names, rows = read(the_lake, shared / file)
    assert names == [f"column{place:02}" for place in range(width)]
    assert len(rows) == sum(1 for line in (shared / file).read_text().splitlines() if line.strip())


@pytest.mark.parametrize("file", ["telco_churn_ibm/Telco-Customer-Churn.csv", "weather_noaa/weather.csv", "nyc_taxi_fare_dotnet/taxi-fare-test.csv"])
def test_real_files_with_a_header_line_keep_its_names(the_lake: Lake, shared: Path, file: str) -> None:
    assert read(the_lake, shared / file)[0] == (shared / file).read_text(encoding="utf-8-sig").splitlines()[0].split(",")


LETTERS = "\n".join(f"{a},{b},{c}" for a in "pe" for b in "xyz" for c in "wuv")


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        (LETTERS, ["column0", "column1", "column2"], 18),
        ("colour,form,odour\n" + LETTERS, ["colour", "form", "odour"], 18),
        ("a,b\n1,2\n", ["a", "b"], 1),
        (" a , b\n1,2\n", ["a", "b"], 1),
        ("a,a,A\n1,2,3\n", ["a", "a_1", "A_2"], 1),
        ("# made by a machine\n#\n\na;b\n1;2\n3;4\n", ["a", "b"], 2),
        ("a|b\n1|x\n2|y\n", ["a", "b"], 2),
        ("a\tb\n1\tx, y\n2\ty\n", ["a", "b"], 2),
        ("name\nann\nbob\n", ["name"], 2),
        ("a,b\r1,2\r3,4\r", ["a", "b"], 2),
        ('a,b\n1,"x\ny"\n2,"z ""q"""\n', ["a", "b"], 2),
        ("a,b\n1,2\n3,4", ["a", "b"], 2),
    ],
)
def test_how_a_file_is_written_is_recognised(tmp_path: Path, the_lake: Lake, content: str, names: list[str], rows: int) -> None:
    found = read(the_lake, text(tmp_path / "file.csv", content))
    assert (found[0], len(found[1])) == (names, rows)


def test_a_column_of_the_schema_tells_a_header_line_that_looks_like_data(tmp_path: Path, the_lake: Lake) -> None:
    file = text(tmp_path / "years.csv", "2019,2020\n1,2\n1,2\n2019,2020\n")
    assert read(the_lake, file)[0] == ["column0", "column1"]
    assert read(the_lake, file, frozenset({"2020"}))[0] == ["2019", "2020"]


def test_the_definition_overrules_what_is_recognised(tmp_path: Path, the_lake: Lake) -> None:
    file = text(tmp_path / "file.csv", "a;b,c\n1;2,3\n")
    assert read(the_lake, file, header=False, delimiter=",")[1] == [("a;b", "c"), ("1;2", "3")]
    assert read(the_lake, file, header=("x", "y"), delimiter=";") == (["x", "y"], [("a", "b,c"), ("1", "2,3")])
    assert read(the_lake, f"{file}?delimiter=,&header=no")[0] == ["column0", "column1"]
    assert read(the_lake, text(tmp_path / "quotes.csv", 'a,b\n"1,2\n'), quote="")[1] == [('"1', "2")]
    with pytest.raises(LifecycleError, match="has 2 columns and its definition names 3"):
        read(the_lake, file, header=("x", "y", "z"), delimiter=";")


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "utf-16-be", "mac-roman"])
def test_any_encoding_can_be_named(tmp_path: Path, the_lake: Lake, encoding: str) -> None:
    word = {"cp1251": "Москва", "shift_jis": "東京", "utf-16-be": "Zoë"}.get(encoding, "Zoë")
    file = text(tmp_path / "file.csv", f"a,b\n{word},1\n".encode(encoding))
    assert read(the_lake, file, encoding=encoding)[1] == [(word, "1")]
    with pytest.raises(LifecycleError, match="encoding='klingon', which Python does not know"):
        read(the_lake, file, encoding="klingon")


def test_lines_that_break_the_rules_of_one_of_many_files_name_it(tmp_path: Path, the_lake: Lake) -> None:
    for number in (1, 2):
        text(tmp_path / f"part{number}.csv", "a,b\n1,2\n" + "3\n" * (number - 1))
    assert len(read(the_lake, tmp_path / "part*.csv")[1]) == 2
    assert the_lake.rows(f'SELECT row, "check", record FROM {REJECTS}') == [(3, "missing columns (part2.csv)", "3")]
