"""What stands around a table is no row of it: titles, headers of two rows, headers that come again, footers, hidden files, JSON around a list."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import files
from lifecycle.reading.rejects import REJECTS
from lifecycle.source import File
from lifecycle.sources import Files
from lifecycle.sources.spelling import placed
from lifecycle.store.lake import Lake
from tests.lifecycle.reading.test_csv import read, text
from tests.lifecycle.servers import storage
from tests.lifecycle.test_ingestion import load
from tests.toys import toy, visits

NAMES = ["branch", "day", "amount"]
ROWS = [("north", "2026-01-01", "12.5"), ("south", "2026-01-02", "3.25"), ("north", "2026-01-03", "7")]
TABLE = "".join(",".join(row) + "\n" for row in (NAMES, *ROWS))


def kept_apart(lake: Lake) -> list[tuple[Any, ...]]:
    """The lines that are no rows, with the reason."""
    return lake.rows(f'SELECT row, "check", record FROM {REJECTS} ORDER BY row')


def book(path: Path, rows: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> Path:
    """An Excel book with these cells; texts stand in them, as some programs write them."""

    def cell(row: int, place: int, value: Any) -> str:
        at = f"{'ABCDEFGH'[place]}{row}"
        if value is None:
            return f'<c r="{at}" s="0"/>'
        return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>' if isinstance(value, str) else f'<c r="{at}"><v>{value}</v></c>'

    lines = [f'<row r="{at}">{"".join(cell(at, place, value) for place, value in enumerate(row))}</row>' for at, row in enumerate(rows, 1) if row]
    joined = f"<mergeCells>{''.join(f'<mergeCell ref={chr(34)}{each}{chr(34)}/>' for each in merged)}</mergeCells>" if merged else ""
    main, kinds = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "application/vnd.openxmlformats-officedocument.spreadsheetml"
    of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        )
        to = f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" Type="{of}/'
        archive.writestr("_rels/.rels", f'{to}officeDocument" Target="xl/workbook.xml"/></Relationships>')
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{of}"><sheets><sheet name="One" sheetId="1" r:id="a"/></sheets></workbook>'
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'{to}worksheet" Target="worksheets/sheet1.xml"/></Relationships>')
        archive.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData>{joined}</worksheet>')
    return path


@pytest.mark.parametrize(
    "over",
    [
        "Sales of the branches\n", "Sales of the branches\n\nas of 2026-02-01\n\n", '"Sales, in thousands"\n', "Sales of the branches,,\nas of,2026-02-01,\n,,\n",
        "\ufeffSales of the branches\n", "sep=,\n", "\ufeffsep=,\nSales of the branches\n", "# a comment\nSales of the branches\n",
    ],
)  # fmt: skip
def test_a_title_over_a_table_is_no_line_of_it(tmp_path: Path, the_lake: Lake, over: str) -> None:
    assert read(the_lake, text(tmp_path / "file.csv", over + TABLE)) == (NAMES, ROWS)
    assert read(the_lake, text(tmp_path / "crlf.csv", (over + TABLE).replace("\n", "\r\n"))) == (NAMES, ROWS)


def test_years_as_names_stand_under_a_title(tmp_path: Path, the_lake: Lake) -> None:
    content = "Data Source,Indicators,,,\n\nLast Updated,2026-01-01,,,\n\nCountry,Code,2019,2020,2021\n" + "".join(
        f"C{n},{n},1.5,,{n}\n" for n in range(9)
    )
    names, rows = read(the_lake, text(tmp_path / "years.csv", content))
    assert (names, len(rows)) == (["Country", "Code", "2019", "2020", "2021"], 9)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (";Q1;;Q2;\nBranch;Jan;Feb;Apr;May\nnorth;1;2;3;4\nsouth;5;6;7;8\nwest;1;1;1;1\n", ["Branch", "Q1 Jan", "Q1 Feb", "Q2 Apr", "Q2 May"]),
        ("Branch;Q1;;Q2;\n;Jan;Feb;Apr;May\nnorth;1;2;3;4\nsouth;5;6;7;8\nwest;1;1;1;1\n", ["Branch", "Q1 Jan", "Q1 Feb", "Q2 Apr", "Q2 May"]),
        (
            "Report;;;;\n\n;2025;;2026;\nname;in;out;in;out\nnorth;1;2;3;4\nsouth;5;6;7;8\nwest;1;1;1;1\n",
            ["name", "2025 in", "2025 out", "2026 in", "2026 out"],
        ),
    ],
)
def test_a_header_of_two_rows_is_one_name_a_column(tmp_path: Path, the_lake: Lake, content: str, names: list[str]) -> None:
    found, rows = read(the_lake, text(tmp_path / "file.csv", content))
    assert (found, [row[0] for row in rows]) == (names, ["north", "south", "west"])


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("name\nann\nbob\ncid\n", ["name"], 3),  # one column
        ("a,b,c\n1,2\n3\n1,2,3\n4,5,6\n7,8,9\n", ["a", "b", "c"], 3),  # ragged: its first lines are short, and are quarantined
        ("1,a,\n2,,\n3,b,7\n4,c,8\n", ["column0", "column1", "column2"], 4),  # no header line, and nothing at the end of its first rows
        ("a,,\na,,\nb,x,\nb,x,y\na,x,y\nb,x,y\na,x,y\n", ["column0", "column1", "column2"], 7),
        (",x,y\n0,1,2\n1,3,4\n", ["column0", "x", "y"], 2),  # an index without a name, as pandas writes one
        ("id,v,\n1,2,\n2,3,\n", ["id", "v", "column2"], 2),  # a delimiter at the end of each line
        ("note\nred, white\nblue\ngreen, or so\n", ["note"], 1),
        ("title,text\nSales report,a\nRent,b\n", ["title", "text"], 2),
        ("a b c d\n1,2\n1,2\n", ["a b c d"], 0),  # nothing tells a title from a name here: the lines go to quarantine
    ],
)  # fmt: skip
def test_honest_tables_lose_no_line(tmp_path: Path, the_lake: Lake, content: str, names: list[str], rows: int) -> None:
    found = read(the_lake, text(tmp_path / "file.csv", content))
    assert (found[0], len(found[1])) == (names, rows)


def test_nothing_is_seen_around_a_large_honest_table(tmp_path: Path, the_lake: Lake) -> None:
    """Its rows look like titles, totals, remarks and header lines, and are none."""
    odd = ["Total,,1", "Source: a,,2", "branch,day,3", "north,,", ",,4", "sum,2026-01-01,5"]
    lines = [f"{'north' if at % 2 else 'south'},2026-01-{at % 28 + 1:02},{at}" if at % 1_000 else odd[at // 1_000 % len(odd)] for at in range(60_001)]
    file = text(tmp_path / "large.csv", "branch,day,amount\n" + "\n".join([*lines, "Total,,9"]) + "\n")
    names, rows = read(the_lake, file)
    assert (names, len(rows), kept_apart(the_lake)) == (NAMES, 60_002, [])
    read(the_lake, text(tmp_path / "without.csv", "\n".join(lines) + "\n"))
    assert kept_apart(the_lake) == []


def test_a_header_line_that_comes_again_is_kept_apart_with_its_number(tmp_path: Path, the_lake: Lake) -> None:
    for number, content in enumerate([TABLE + TABLE, (TABLE + TABLE).replace("\n", "\r\n"), "Title\n" + TABLE + TABLE + ",".join(NAMES)]):
        names, rows = read(the_lake, text(tmp_path / f"{number}.csv", content))
        assert (names, rows) == (NAMES, ROWS + ROWS)
        assert kept_apart(the_lake)[0] == (5 + (number == 2), "repeated header", "branch,day,amount")


def test_a_header_line_of_an_all_text_table_that_comes_again_is_no_reason_to_take_it_for_data(tmp_path: Path, the_lake: Lake) -> None:
    table = "colour,form\nred,round\nblue,flat\nred,flat\n"
    assert read(the_lake, text(tmp_path / "file.csv", table * 3)) == (["colour", "form"], [("red", "round"), ("blue", "flat"), ("red", "flat")] * 3)


@pytest.mark.parametrize(
    "footer", ["Total,,22.75", "Source: the branches,,", "rows: 3,,", "\nGrand total:,,22.75\nNote: in thousands,,", '"Summe",,"22,75"']
)
def test_a_footer_is_kept_apart_with_its_number(tmp_path: Path, the_lake: Lake, footer: str) -> None:
    assert read(the_lake, text(tmp_path / "file.csv", TABLE + footer + "\n")) == (NAMES, ROWS)
    found = kept_apart(the_lake)
    assert [(check, record) for _, check, record in found] == [("footer", line) for line in footer.splitlines() if line]
    assert found[0][0] == 5 + footer.startswith("\n")


def test_what_may_be_a_row_is_no_footer(tmp_path: Path, the_lake: Lake) -> None:
    for number, last in enumerate(["Total,2026-01-04,22.75", "Totally,,1", "west,,"]):
        assert len(read(the_lake, text(tmp_path / f"{number}.csv", TABLE + last + "\n"))[1]) == 4
    assert len(read(the_lake, text(tmp_path / "several.csv", TABLE + "Total,,1\n" * 9 + "Total,,2\n"))[1]) == 13


def test_the_books_count_what_stands_around_a_table_and_the_next_file_may_have_another_title(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("titled")
    csv = visits(300).write_csv()
    header, first = csv.partition("\n")[0], csv
    snapshot = load(use_case, text(tmp_path / "a.csv", "Visits\n\n" + first + header + "\nTotal,,,,123,,,\n"))
    assert (snapshot.came, snapshot.kept, snapshot.quarantined) == (302, 300, 2)
    assert the_lake.rows('SELECT row, "check" FROM titled.quarantine ORDER BY row') == [
        (304, "readable line: repeated header"),
        (305, "readable line: footer"),
    ]
    words = "Visits,of,the,shop,in,2026,by,day\n"  # as wide as the table: only the names tell
    assert load(use_case, text(tmp_path / "b.csv", words + visits(400).write_csv())).rows == 400


def test_the_definition_says_where_the_table_begins(tmp_path: Path, the_lake: Lake) -> None:
    file = text(tmp_path / "file.csv", "a,b\nc,d\ne,f\ng,h\n")
    assert read(the_lake, file, skip=1) == (["c", "d"], [("e", "f"), ("g", "h")])
    assert read(the_lake, f"{file}?skip=2") == (["e", "f"], [("g", "h")])
    assert read(the_lake, file, skip=0)[0] == ["a", "b"]
    assert read(the_lake, file, skip=1, header=False)[1] == [("c", "d"), ("e", "f"), ("g", "h")]
    assert read(the_lake, text(tmp_path / "title.csv", "Title\n" + TABLE), skip=0)[0] != NAMES, "explicit wins over what is recognised"
    with pytest.raises(LifecycleError, match="skip=two must be a number of lines; write skip=3"):
        placed(f"{file}?skip=two")


CELLS = [["north", 1, 12.5], ["south", 2, 3.25], ["west", 3, 7.75], ["east", 4, 1.0]]


@pytest.mark.parametrize(
    "over",
    [[], [["Sales of the branches"]], [["Sales of the branches"], ["as of", 46000], []], [["Sales of the branches", None, None, None, None], [], []]],
)
def test_an_excel_table_begins_under_its_titles_and_ends_over_its_total(tmp_path: Path, the_lake: Lake, over: list[list[Any]]) -> None:
    path = book(tmp_path / "book.xlsx", [*over, ["branch", "day", "amount"], *CELLS, ["Total", None, 24.5]], ["A1:C1"])
    assert read(the_lake, path) == (NAMES, [("north", "1", "12.5"), ("south", "2", "3.25"), ("west", "3", "7.75"), ("east", "4", "1")])
    assert kept_apart(the_lake) == [(len(over) + 6, "footer", "Total, 24.5")]


def test_merged_names_of_an_excel_table_are_joined_and_its_range_can_be_said(tmp_path: Path, the_lake: Lake) -> None:
    rows = [
        ["Report"],
        ["branch", "Q1", None, "Q2", None],
        [None, "Jan", "Feb", "Apr", "May"],
        *[[each[0], 1, 2, 3, 4] for each in CELLS],
        ["branch", 1, 2, 3, 4],
    ]
    path = book(tmp_path / "book.xlsx", rows, ["A2:A3", "B2:C2", "D2:E2"])
    assert read(the_lake, path)[0] == ["branch", "Q1 Jan", "Q1 Feb", "Q2 Apr", "Q2 May"]
    assert read(the_lake, f"{path}?range=A3:C5") == (["column0", "Jan", "Feb"], [("north", "1", "2"), ("south", "1", "2")])
    assert read(the_lake, path, skip=2)[0] == ["column0", "Jan", "Feb", "Apr", "May"]
    with pytest.raises(LifecycleError, match="range='A3'; name the first and the last cell of the table, as in 'A4:H200'"):
        read(the_lake, path, range="A3")


def test_an_honest_excel_table_loses_no_row(tmp_path: Path, the_lake: Lake) -> None:
    rows = [
        ["name", "kind", "amount"],
        ["Total", None, 1],
        *[[f"n{at}" if at % 50 else "Sum", None if at % 3 else "k", at] for at in range(2_000)],
        ["Total", None, 7],
    ]
    assert len(read(the_lake, book(tmp_path / "book.xlsx", rows))[1]) == 2_002
    assert kept_apart(the_lake) == []
    assert read(the_lake, book(tmp_path / "bare.xlsx", CELLS), header=False)[0] == ["column0", "column1", "column2"]
    remark = [["branch", "day", "amount", None, "as of May"], *[[*each, None] for each in CELLS]]
    assert read(the_lake, book(tmp_path / "remark.xlsx", remark))[0] == [*NAMES, "column3", "as of May"]


ITEMS = [{"id": 2**53 + at, "ok": at % 2 == 0, "name": f"n{at}\n,"} for at in range(5)]


@pytest.mark.parametrize(
    ("around", "rows"),
    [
        ({"meta": {"page": 1}, "data": ITEMS, "links": ["a"]}, ""), ({"data": ITEMS, "errors": []}, ""), ({"count": 5, "results": ITEMS}, ""),
        ({"result": {"items": ITEMS}}, "result.items"), ({"a": ITEMS, "b": ITEMS[:2]}, "a"), ({"v1.items": ITEMS, "other": [{"x": 1}]}, "v1.items"),
    ],
)  # fmt: skip
def test_the_rows_of_a_json_object_are_the_list_in_it(tmp_path: Path, the_lake: Lake, around: dict[str, Any], rows: str) -> None:
    for number, indent in enumerate((None, 2)):
        path = text(tmp_path / f"{number}.json", json.dumps(around, indent=indent))
        names, found = read(the_lake, path if not rows else f"{path}?rows={rows}")
        assert sorted(zip(names, found[4], strict=True)) == [("id", str(2**53 + 4)), ("name", "n4\n,"), ("ok", "true")]
        assert len(found) == 5


@pytest.mark.parametrize(
    ("around", "says"),
    [
        ({"result": {"items": ITEMS}}, r"rows inside; the lists of objects inside are result.items \(5\): say which is the table, as in File\('.*', rows='result.items'\)"),
        ({"a": ITEMS, "b": ITEMS[:2]}, r"are a \(5\), b \(2\): say which"),
    ],
)  # fmt: skip
def test_a_json_object_with_several_lists_or_a_deeper_one_says_how_to_name_it(
    tmp_path: Path, the_lake: Lake, around: dict[str, Any], says: str
) -> None:
    path = text(tmp_path / "a.json", json.dumps(around))
    with pytest.raises(DataError, match=says):
        read(the_lake, path)
    with pytest.raises(DataError, match="has no list of objects at rows='data'; the lists of objects inside are"):
        read(the_lake, path, rows="data")


def test_a_json_object_that_is_a_row_stays_one(tmp_path: Path, the_lake: Lake) -> None:
    row = {"id": 1, "tags": [{"t": 1}, {"t": 2}]}
    assert read(the_lake, text(tmp_path / "a.json", json.dumps(row)), frozenset({"id"}))[0] == ["id", "tags"]
    assert len(read(the_lake, text(tmp_path / "b.json", "\n".join([json.dumps(row)] * 500)))[1]) == 500
    assert len(read(the_lake, text(tmp_path / "c.json", json.dumps([row] * 500, indent=1)))[1]) == 500
    with pytest.raises(DataError, match="has no rows at rows='data'"):
        read(the_lake, text(tmp_path / "d.json", '{"data": [], "page": 9}'), rows="data")


HIDDEN = (
    "._feb.csv",
    ".~lock.jan.csv#",
    ".hidden.csv",
    "~$jan.csv",
    "_SUCCESS",
    ".part.csv.crc",
    "part.csv.crc",
    "_delta_log/0.csv",
    ".git/x.csv",
    "desktop.ini",
)
PLAIN = ("feb.csv", "jan.csv", "_jan.csv", "deep/mar.csv")


def test_a_pattern_passes_over_hidden_files_unless_it_asks_for_them(tmp_path: Path) -> None:
    for name in (*HIDDEN, *PLAIN):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text(tmp_path / name, TABLE)

    def found(pattern: str) -> list[str]:
        return sorted(Path(each).relative_to(tmp_path).as_posix() for each in files.there(File(str(tmp_path / pattern))))

    assert found("*") == ["_jan.csv", "feb.csv", "jan.csv"]
    assert found("**/*.csv") == ["_jan.csv", "deep/mar.csv", "feb.csv", "jan.csv"]
    assert found(".*.csv") == ["._feb.csv", ".hidden.csv"]
    assert found("~$*.csv") == ["~$jan.csv"]
    assert found("_delta_log/*") == ["_delta_log/0.csv"]
    assert found(".git/*.csv") == [".git/x.csv"]
    assert found("*.crc") == ["part.csv.crc"]


def test_a_folder_that_is_hidden_itself_is_no_reason_to_pass_over_its_files(tmp_path: Path) -> None:
    folder = tmp_path / ".lifecycle" / "_temporary"
    folder.mkdir(parents=True)
    text(folder / "jan.csv", TABLE)
    assert len(files.there(File(str(folder / "*.csv")))) == 1


def test_a_pattern_on_s3_passes_over_hidden_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    with storage() as known:
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        client: Any = boto3.client("s3", endpoint_url=known["AWS_ENDPOINT_URL"])
        for name in (*HIDDEN, *PLAIN):
            client.put_object(Bucket="data", Key=f"hidden/{name}", Body=TABLE.encode())
        found = files.found(File("s3://data/hidden/**/*"))
        assert [each.removeprefix("s3://data/hidden/") for each in found] == sorted(PLAIN)


def test_what_is_told_of_a_table_is_part_of_its_name_in_the_ledger() -> None:
    assert placed("book.xlsx?sheet=May&range=A4:H200").place() == "book.xlsx?sheet=May?range=A4:H200"
    assert placed("a.json?rows=result.items") == Files((File("a.json", rows="result.items"),))
    assert placed("a.csv?skip=3") == Files((File("a.csv", skip=3),))
    assert placed("https://host/orders?rows=100&skip=5") == Files((File("https://host/orders?rows=100&skip=5"),)), "that is the server's own"


def test_a_draft_spells_out_where_the_table_is(tmp_path: Path) -> None:
    from lifecycle.draft import python
    from lifecycle.draft.sample import take

    rows = pl.DataFrame({"x": range(50), "y": [at % 2 for at in range(50)]}).write_csv()
    sample = take(f"{text(tmp_path / 'a.csv', 'p,q' + chr(10) + rows)}?skip=1")
    assert (list(sample.columns), sample.rows) == (["x", "y"], 50)
    assert "skip=1" in python.made(sample.source, {}, 4)
