"""What comes from data never becomes code: names, values, titles, files and addresses stay what they are."""

import ast
import json
import os
import sqlite3
import subprocess
import sys
import tokenize
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from lifecycle.draft import allowed, columns, problem, python, roles, schema, use_case
from lifecycle.draft.defaults import choose
from lifecycle.draft.draft import Draft, Options, draft
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import identifiers
from lifecycle.draft.sample import Sample
from lifecycle.draft.traps.order import Order
from lifecycle.errors import LifecycleError
from lifecycle.sources import File, Files, Query, Source
from lifecycle.store.lake import literal, quoted
from tests.lifecycle.draft.conftest import ROWS, table

ROOT = Path(__file__).parents[3]
QUOTES = '"' * 3
CALL = "__import__('os').system('touch PWNED')"
ATTACK = f'x"" ; {CALL} ; Z = ""y'
BREAKS = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"]
PIECES = ['"', '""', QUOTES, "'", "'''", "\\", "\\N{DOLLAR SIGN}", "\\\n", "{", "}", "{0}", "%s", "%", "#", "  # ", ";", ")", "]", "/*", "--", "$$", "=",
          "\t", "\x1b[31m", "\x7f", "\x9b", "\u202e", "\u0430", "\u2019", "\U0001d4cd", "😀", CALL, "x", "é", " ", *BREAKS]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=7).map("".join)
ENCODED = TEXTS.filter(lambda text: "\0" not in text and text.encode("utf-8", "ignore").decode() == text)
ENGINE = duckdb.connect()
QUICK = settings(max_examples=200, deadline=None)
SLOW = settings(
    max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@QUICK
@given(TEXTS)
@example(ATTACK)
@example('ends in "')
@example("ends in \\")
@example("\udc80\0\x0c")
def test_a_value_is_a_literal_of_itself(text: str) -> None:
    for value in (text, (text, 1, None), [text, True], {text: text}):
        assert ast.literal_eval(python.literal(value)) == value
        assert isinstance(ast.parse(python.literal(value), mode="eval").body, ast.Constant | ast.Tuple | ast.List | ast.Dict)
    assert "\n" not in python.literal(text)


@QUICK
@given(TEXTS)
@example(f'\nSELECT "x{QUOTES}"\n')
@example('"')
@example('\\"')
def test_sql_of_several_lines_is_one_literal(text: str) -> None:
    for value in (text, f"\nSELECT {quoted(text)}\nFROM rows\n"):
        written = f"A = {python.block(value)}\nB = 1\n"
        first, second = ast.parse(written.encode("utf-8").decode()).body
        assert isinstance(first, ast.Assign)
        assert isinstance(second, ast.Assign)
        assert ast.literal_eval(first.value) == value


@QUICK
@given(TEXTS)
@example("-*- coding: utf-7 -*-")
def test_prose_stays_in_its_comment_or_docstring(text: str) -> None:
    said = python.clean(text)
    assert said.isprintable()
    assert QUOTES not in said
    assert "\\" not in said
    lines = "\n".join([*python.comment(text), f"a = 1  # {said}", ""])
    kinds = [token.type for token in tokenize.generate_tokens(iter(lines.splitlines(keepends=True)).__next__)]
    assert len(ast.parse(lines).body) == 1
    assert set(kinds) <= {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.ENDMARKER}
    for doc in (python.docstring(text), python.docstring(text, "", python.prose(text))):
        (only,) = ast.parse(doc).body
        assert isinstance(only, ast.Expr)
        assert isinstance(ast.literal_eval(doc), str)


@QUICK
@given(st.lists(TEXTS, max_size=6, unique=True))
def test_names_become_identifiers_that_differ(names: list[str]) -> None:
    found = identifiers(names)
    assert list(found) == names
    assert len({name.lower() for name in found.values()}) == len(names)
    for name in found.values():
        assert isinstance(ast.parse(name, mode="eval").body, ast.Name)
        assert not name.startswith("_")


@QUICK
@given(ENCODED)
def test_sql_takes_names_and_texts_for_what_they_are(text: str) -> None:
    assert ENGINE.execute(f"SELECT {literal(text)}").fetchall() == [(text,)]
    if text:
        asked = ENGINE.execute(f"SELECT 1 AS {quoted(text)}")
        assert [each[0] for each in asked.description or ()] == [text]


@SLOW
@given(st.lists(ENCODED.map(lambda text: text[:60] or "x"), min_size=2, max_size=3, unique_by=str.lower), ENCODED, ENCODED, ENCODED)
@example([ATTACK, "y"], ATTACK, QUOTES, f"{QUOTES}\n{CALL}")
@example(["a\nb", 'size 5"'], "a  #b", "\\", "\r")
@example(["Order!", "group "], "\u202e", "'", "x.csv")
def test_both_files_say_what_was_found_and_nothing_else_whatever_it_is_called(names: list[str], value: str, other: str, path: str) -> None:
    for source in (Files((File(path, header=tuple(names), sheet=other, null=("", value)),)), Query(f"FROM {quoted(path)}")):
        made, definition, schema_code = _written(names, f"a{value}", f"b{other}", source)
        allowed.check("drafted", definition, schema_code, "Drafted")
        tree = ast.parse(definition)
        given = {
            target.id: node.value for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)
        }
        call = given["use_case"]
        assert isinstance(call, ast.Call)
        arguments = {each.arg: each.value for each in call.keywords}
        assert ast.literal_eval(arguments["positive"]).strip() in (f"a{value}".strip(), f"b{other}".strip(), "b")
        assert isinstance(ast.literal_eval(arguments["title"]), str)
        assert _evaluated(given, arguments["source"]) == use_case.source(made)


def _written(names: list[str], first: str, second: str, source: Source) -> tuple[columns.Table, str, str]:
    """A table of such columns, of which the last is the target with these two values, and the two files that are made of it."""
    connection = duckdb.connect()
    rows = {name: [str(i % 7) for i in range(600)] for name in names} | {names[-1]: [(first, second)[i % 3 == 0] for i in range(600)]}
    connection.register("frame", pl.DataFrame(rows))
    connection.execute("CREATE TABLE came AS FROM frame")
    found = columns.read(Sample(connection, source, dict.fromkeys(names, "VARCHAR"), 600, 600))
    target = found.columns[-1]
    if target.type != "str" or target.distinct != 2:  # these two happen to be numbers, or one word
        target.cells, target.tops, target.distinct = columns.Cells("str"), [("a", 1), ("b", 1)], 2
    question = problem.ask(target, "binary")
    roles.give(target, "target", why="what is predicted")
    chosen = choose(found, question, Order())
    definition = use_case.write(found, question, chosen, "drafted", "Drafted", first, [DraftWarning("leak", (second,), f"a warning of {second}")])
    connection.close()
    return found, definition, schema.write(found, question, "drafted", "Drafted", first)


def _evaluated(constants: dict[str, ast.expr], node: ast.expr) -> Any:
    """A source as the file says it, without running the file."""
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        kind = {"Files": Files, "File": File, "Query": Query}[node.func.id]
        return kind(
            *(_evaluated(constants, each) for each in node.args), **{each.arg or "": _evaluated(constants, each.value) for each in node.keywords}
        )
    if isinstance(node, ast.Tuple):
        return tuple(_evaluated(constants, each) for each in node.elts)
    if isinstance(node, ast.Name):
        value = constants[node.id]  # `packed` writes a tuple as a call without a name
        return _evaluated(constants, value) if isinstance(value, ast.Tuple) else ast.literal_eval(value)
    return ast.literal_eval(node)


GOOD = 'import polars as pl\nfrom lifecycle import UseCase\nfrom schemas.drafted import Drafted\n\n\ndef features(rows: pl.DataFrame):\n    return rows.select("a")\n\n\nuse_case = UseCase(name="a", features=features, schema=Drafted)\n'  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        CALL, "import os", "import polars as os", "from os import system", "from lifecycle.store import lake", "from .x import y",
        "from lifecycle import fetched", "from lifecycle import import_module", "from lifecycle.usecase import UseCase", "from schemas.roles import Any", "COLUMNS = open('x')", "COLUMNS = UseCase.__init__",
        "COLUMNS = f'{1}'", "COLUMNS = [x for x in rows]", "COLUMNS = lambda: 1", "COLUMNS = pl.read_csv('x')", "other = 1", "HEADER = exec('1')",
        "use_case.name = 'x'", "use_case: pl.os = 1", "@pl.col\ndef features(rows):\n    return rows", "def features(rows):\n    exec('1')",
        "class Drafted(pl.DataFrame):\n    def x(self):\n        return 1", "class Other(pl.DataFrame):\n    'x'", "if 1:\n    pass",
        "COLUMNS = rows.select(**rows)", "COLUMNS = rows.select(*rows)", "COLUMNS = int('1')", "COLUMNS = pl.col.__class__", "COLUMNS = 1\0",
    ],
)  # fmt: skip
def test_a_draft_that_holds_more_than_a_draft_may_is_not_run(code: str) -> None:
    allowed.check("drafted", GOOD, "", "Drafted")
    with pytest.raises(LifecycleError, match="cannot be written safely"):
        allowed.check("drafted", GOOD + code, "", "Drafted")
    with pytest.raises(LifecycleError, match="cannot be written safely"):
        allowed.check("drafted", GOOD, code, "Drafted")


Place = Callable[[Path, dict[str, Any]], str]


def _csv(folder: Path, rows: dict[str, Any]) -> str:
    pl.DataFrame(rows).write_csv(folder / "rows.csv")
    return str(folder / "rows.csv")


def _headerless(folder: Path, rows: dict[str, Any]) -> str:
    frame = pl.DataFrame({f"c{place}": values for place, values in enumerate(rows.values())})
    frame.write_csv(folder / "rows.csv", include_header=False)
    return f"{folder}/rows.csv?header=no"


def _parquet(folder: Path, rows: dict[str, Any]) -> str:
    pl.DataFrame(rows).write_parquet(folder / "rows.parquet")
    return str(folder / "rows.parquet")


def _json(folder: Path, rows: dict[str, Any]) -> str:
    pl.DataFrame(rows).write_ndjson(folder / "rows.ndjson")
    return str(folder / "rows.ndjson")


def _nested(folder: Path, rows: dict[str, Any]) -> str:
    frame = pl.DataFrame(rows)
    inside = frame.drop("y").rename({name: f"{name}\n{name}" for name in frame.columns if name != "y"})
    frame.select("y", pl.Series(ATTACK, inside.to_dicts())).write_parquet(folder / "nested.parquet")
    return str(folder / "nested.parquet")


def _database(folder: Path, rows: dict[str, Any]) -> str:
    frame = pl.DataFrame(rows)
    with sqlite3.connect(folder / "rows.db") as database:
        database.execute(f"CREATE TABLE {quoted(ATTACK)} ({', '.join(map(quoted, frame.columns))})")
        database.executemany(f"INSERT INTO {quoted(ATTACK)} VALUES ({', '.join('?' * frame.width)})", frame.rows())
    return str(folder / "rows.db")


def _strangely_named(folder: Path, rows: dict[str, Any]) -> str:
    place = folder / f'"{QUOTES} ; {CALL.replace("/", "")} #\n'
    place.mkdir()
    return str(Path(_csv(place, rows)).rename(place / f"{ATTACK}.csv"))


def _query(folder: Path, rows: dict[str, Any]) -> str:
    return f"SELECT *, {literal(QUOTES + CALL)} AS {quoted(QUOTES)} FROM read_csv({literal(_csv(folder, rows))}) -- {QUOTES}\n WHERE true"


def _book(folder: Path, rows: dict[str, Any]) -> str:
    """An Excel book whose sheet and columns have such names."""
    frame = pl.DataFrame({name.replace("\x1b", "").replace("\x07", ""): values for name, values in rows.items()}).head(300)  # XML has no such signs
    sheet = ATTACK[:20]
    lines = [frame.columns, *frame.rows()]
    cells = "".join(
        f'<row r="{i + 1}">'
        + "".join(f'<c r="{chr(65 + j)}{i + 1}" t="inlineStr"><is><t>{quoteattr(str(cell))[1:-1]}</t></is></c>' for j, cell in enumerate(line))
        + "</row>"
        for i, line in enumerate(lines)
    )
    office, main = "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(folder / "rows.xlsx", "w") as book:
        book.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>')  # fmt: skip
        book.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name={quoteattr(sheet)} sheetId="1" r:id="r1"/></sheets></workbook>')  # fmt: skip
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>')  # fmt: skip
        book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>')
    return f"{folder}/rows.xlsx?sheet={sheet}"


HEADERS = [
    ATTACK,
    'size 5"',
    f"{QUOTES}; {CALL}",
    "it's {0} %s \\",
    "a\n  # b",
    "Order!",
    "\x1b]0;x\x07[red]",
    "😀 \u043e",
    f'"; {CALL} #',
    "\\",
    "y  #",
]


@pytest.mark.parametrize("place", [_csv, _headerless, _parquet, _json, _nested, _database, _book, _query, _strangely_named])
def test_no_source_brings_code_by_its_names_and_cells(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = table()["first"]
    values = [f'{QUOTES}; {CALL}; "', f"'); {CALL}#", "\\N{X}", "plain"]
    rows = {name: [f"{value + i % 5:.2f}" for i, value in enumerate(first)] for name in HEADERS[:6]} | {
        HEADERS[6]: [values[i % 4] for i in range(ROWS)],
        HEADERS[7]: [["1", "2", "?", "\\N"][i % 4] for i in range(ROWS)],
        **{name: list(range(i, ROWS + i)) for i, name in enumerate(HEADERS[8:])},
        "y": [f"{QUOTES}{CALL}" if value > 0 else "no'" for value in first],
    }
    wishes = Options(target="column11" if place is _headerless else "y")
    made = draft("drafted", place(tmp_path, rows), wishes)
    _holds(made, tmp_path)


@pytest.mark.parametrize("headers", [HEADERS, [f"x{sign}y" for sign in BREAKS], ["{x}", "%d", "$1", "'", '"', f"{QUOTES}{QUOTES}"]])
def test_a_column_may_be_called_anything(headers: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = table()
    second = rows.pop("second")
    for at, header in enumerate(headers):
        rows[header] = [f"{value:.1f} %" for value in np.roll(second, at)]  # read as a number, by SQL that names it
    file = tmp_path / "rows.parquet"
    pl.DataFrame(rows).write_parquet(file)
    made = draft("drafted", str(file), Options(target="y"))
    _holds(made, tmp_path)
    for header in headers:
        column = next(each for each in made.table.columns if each.came == header.strip())
        assert column.type == "float"
        assert made.table.sample.connection.execute(f"SELECT round(sum({quoted(column.name)})) FROM clean").fetchall()[0][0] > 0


def _holds(made: Draft, folder: Path) -> None:
    """The draft holds what a draft may, its source reads the rows, and nothing else has happened."""
    from lifecycle.reading import relations

    definition, schema_code = made.files.values()
    allowed.check("drafted", definition, schema_code, "Drafted")
    source = use_case.source(made.table)
    with relations.opened(connection := duckdb.connect()) as reader:
        names = [row[0] for row in connection.execute(f"DESCRIBE ({relations.relation(connection, source, reader)})").fetchall()]
    assert names == [column.name for column in made.table.columns if column.type] or set(names) == {c.name for c in made.table.columns if c.type}
    assert not list(folder.rglob("PWNED"))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (f'x"; {CALL}; "', "rows.csv"), (f"x\n{CALL}", "rows.csv"), ("../../shop", "rows.csv"), ("x;y", "rows.csv"), ("class", "rows.csv"),
        ("order", "rows.csv"), ("roles", "rows.csv"), ("random", "rows.csv"), ("shop", f'https://127.0.0.1:9/"{QUOTES};{CALL}'),
        ("shop", f"postgresql://127.0.0.1:9/x?table={QUOTES}{CALL}"), ("shop", "no such\x1b[2J\x9b31m.csv"), ("shop", os.fsdecode(b"b\xff.csv")),
    ],
)  # fmt: skip
def test_a_name_or_an_address_that_is_code_is_refused_in_a_sentence(name: str, source: str, tmp_path: Path) -> None:
    pl.DataFrame(table()).write_csv(tmp_path / "rows.csv")
    with open(os.fsencode(tmp_path) + b"/b\xff.csv", "wb") as odd:  # noqa: PTH123 (no path has such a name)
        odd.write((tmp_path / "rows.csv").read_bytes())
    done = _new(tmp_path, name, source, "--target", "y")
    assert done.returncode == 1, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "unexpected" not in done.stderr, done.stderr
    assert all(sign.isprintable() for sign in done.stderr.strip()), done.stderr
    assert sorted(place.name for place in tmp_path.rglob("*.py")) == []
    assert not list(tmp_path.rglob("PWNED"))


def test_the_attack_and_what_is_said_of_it(tmp_path: Path) -> None:
    rows = table()
    rows[f"\x1b]0;owned\x07\x9b2J [red]{ATTACK}"] = rows.pop("second")
    rows[f'"{ATTACK}'] = rows.pop("first")
    pl.DataFrame({name: rows[name] for name in [*[each for each in rows if each != "y"], "y"]}).write_csv(tmp_path / "rows.csv")
    done = _new(tmp_path, "shop", "rows.csv", "--target", "y")
    assert done.returncode == 0, done.stderr
    assert all(sign.isprintable() for sign in done.stdout.replace("\n", "")), [sign for sign in done.stdout if not sign.isprintable()]
    assert not list(tmp_path.rglob("PWNED"))
    told = json.loads(_new(tmp_path, "shop", "rows.csv", "--target", "y", "--force", "--json").stdout)
    assert f'"{ATTACK}' in json.dumps(told, ensure_ascii=False).replace('\\"', '"')


def test_a_draft_is_run_in_no_process_of_ours_and_with_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the check let something through: it runs elsewhere, knows nothing, and its end is one sentence."""
    from lifecycle.draft import smoke_test

    monkeypatch.setattr(allowed, "check", lambda *_: None)
    monkeypatch.setenv("LIFECYCLE_DATABASE_URL", "postgresql://u:secret@h/x")
    place = tmp_path / "seen"
    told = f"import os\nopen({str(place)!r}, 'w').write(str(os.getpid()) + repr(dict(os.environ)))\n"
    made = draft("drafted", _csv(tmp_path, table()), Options(target="y"))
    definition, schema_code = made.files.values()
    with smoke_test.opened() as stage:
        assert stage.rehearse(made.table, "drafted", (definition + told, schema_code)) == []
    assert not place.read_text().startswith(str(os.getpid()))
    assert "secret" not in place.read_text()
    for ends in ("raise SystemExit(3)", "os.kill(os.getpid(), 9)", "raise ValueError('so it is')", "x = bytearray(1 << 40)"):
        with smoke_test.opened() as stage, pytest.raises(LifecycleError, match="does not hold"):
            stage.rehearse(made.table, "drafted", (f"{definition}import os\n{ends}\n", schema_code))


def _new(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (folder / "usecases").mkdir(exist_ok=True)
    more = {"LIFECYCLE_USECASES": str(folder / "usecases"), "LIFECYCLE_DATA": str(folder), "LIFECYCLE_HOME": str(folder / "home")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "new", *arguments], env=os.environ | more | {"PYTHONPATH": str(ROOT)}, cwd=folder,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
