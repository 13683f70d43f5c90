"""Nothing that comes from data becomes code: names, values, titles and file names that would like to, and honest ones that look like it."""

import ast
import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle.draft import allowed, python
from lifecycle.draft.draft import Wishes, draft
from lifecycle.errors import LifecycleError
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, table

CALL = "__import__('os').system('touch PWNED')"
ATTACKS = [
    f'x"""" ; {CALL} ; Z = """"y',
    f'x""" ; {CALL} ; Z = """y',
    f'""" + str({CALL}) + """',
    f"''' + str({CALL}) + '''",
    f'\\""" ; {CALL} #',
    f'x\\\\""""; {CALL}; """',
    f"a\n{CALL}\nb",
    f"a\r\n{CALL}\r\nb",
    f"a\x0c{CALL}",
    f"a\u2028{CALL}\u2029b",
    f"{{{CALL}}}",
    f"{{0.__class__}} {{{CALL}!r}}",
    f"%({CALL})s",
    f"\\N{{DIGIT ONE}} {CALL}",
    f'"); {CALL}; ("',
    f"'); {CALL}; ('",
    f"\" AS x); COPY (SELECT 1) TO 'PWNED'; -- {CALL}",
    f"# noqa\n{CALL}",
    f"x  # {CALL}",
    f'lambda: {CALL}, "',
    "\U0001d41e\U0001d431\U0001d41e\U0001d41c('1')",
]
HONEST = [
    'size 5"',
    "it's",
    "100 %",
    "{count}",
    "a\\b",
    'say "hi"',
    '"""',
    "\\",
    '\\"',
    "price (€)",
    "größe",
    "年齢",
    "😀",
    "select",
    "class",
    "a.b",
    "x  # y",
    " x ",
    "-1",
    "=1+1",
]
ODD = st.text(
    st.sampled_from(["'", '"', "\\", "\n", "\r", "\t", "\0", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u2029", "{", "}", "%", "#", ";", "(", ")", "N", "a", "é", "😀", "\U00010ffff"[0], " "])
    | st.characters(exclude_categories=("Cs",)),
    max_size=60,
)  # fmt: skip


@given(ODD | st.integers() | st.booleans() | st.none() | st.lists(ODD, max_size=4) | st.tuples(ODD, ODD) | st.dictionaries(ODD, ODD, max_size=3))
@example('x"""" ; Z = """"y')
def test_a_literal_is_read_as_the_value_that_it_was_made_of(value: Any) -> None:
    assert ast.literal_eval(python.literal(value)) == value


@given(ODD)
@example('"""')
@example('""""')
@example("\\")
@example('\\"')
@example("a\rb")
def test_a_block_is_read_as_the_text_that_it_was_made_of(value: str) -> None:
    assert ast.literal_eval(python.block(value)) == value


@given(ODD, st.lists(ODD, max_size=3))
def test_a_docstring_is_one_text_and_nothing_else(first: str, more: list[str]) -> None:
    body = ast.parse(python.docstring(first, *(python.prose(each) for each in more))).body
    assert [type(each) for each in body] == [ast.Expr]
    assert isinstance(ast.literal_eval(body[0].value), str)  # pyright: ignore[reportAttributeAccessIssue]


@given(ODD)
def test_a_comment_is_no_code(text: str) -> None:
    lines = python.comment(text)
    assert ast.parse("\n".join(lines)).body == []
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize("payloads", [ATTACKS[::2], ATTACKS[1::2]])
def test_headers_that_are_code_are_names(payloads: list[str], drafted: Drafted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = {payload: pl.Series(range(ROWS)).hash() % 1000 for payload in payloads}
    words = {f"{payload} too": ["a", "b"] * (ROWS // 2) for payload in payloads}
    _harmless(drafted({**table(), **numbers, **words}), tmp_path)


@pytest.mark.parametrize("payload", [ATTACKS[0], ATTACKS[5], ATTACKS[16]])
def test_values_classes_and_a_target_that_are_code_are_texts(payload: str, drafted: Drafted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    columns = table(some=(ATTACKS[:8] * ROWS)[:ROWS], others=(ATTACKS[8:] * ROWS)[:ROWS])
    columns[payload] = [payload if each == "yes" else "no" for each in columns.pop("y")]
    _harmless(drafted(columns, target=payload), tmp_path)


@pytest.mark.parametrize(("name", "suffix"), [('a\'b "c" {d} %e;', ".csv"), ('"""', ".parquet"), (CALL, ".json")])
def test_a_file_whose_name_is_code_is_a_file(name: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / f"{name}{suffix}"
    write = {".csv": pl.DataFrame.write_csv, ".parquet": pl.DataFrame.write_parquet, ".json": pl.DataFrame.write_json}[suffix]
    write(pl.DataFrame(table()), file)
    _harmless(draft("drafted", str(file), Wishes(target="y")), tmp_path)


def test_a_table_of_a_database_whose_columns_are_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    monkeypatch.chdir(tmp_path)
    columns = {**table(), **{payload: ["a", "b"] * (ROWS // 2) for payload in ATTACKS[:4] if "\n" not in payload}}
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        connection.execute(f"CREATE TABLE odd ({quoted})")
        rows = zip(*(list(map(lambda cell: cell.item() if hasattr(cell, "item") else cell, column)) for column in columns.values()), strict=True)
        connection.executemany(f"INSERT INTO odd VALUES ({', '.join('?' * len(columns))})", list(rows))
    _harmless(draft("drafted", f"sqlite://{tmp_path / 'rows.db'}?table=odd", Wishes(target="y")), tmp_path)


def _harmless(made: Any, folder: Path) -> None:
    use_case, schema = code(made)
    allowed.check("drafted", use_case, schema, "Drafted")
    assert not (folder / "PWNED").exists()
    assert not Path("PWNED").exists()


def test_honest_names_are_written_and_read_as_they_are(drafted: Drafted) -> None:
    numbers = {name: (pl.Series(range(ROWS)).hash(at).cast(pl.Float64) / 2**64 * 100).round(2) for at, name in enumerate(HONEST)}
    made = drafted({**table(), **numbers})
    features = {column.came.strip() for column in made.table.columns if column.roles == ("feature",)}
    assert {name.strip() for name in HONEST} <= features


@settings(max_examples=3, deadline=None)
@given(
    st.lists(ODD.filter(lambda text: text.strip() and "\0" not in text), min_size=1, max_size=3, unique=True),
    ODD.filter(lambda text: "\0" not in text and text.strip() not in ("", "b")),
)
def test_drafts_of_any_names_and_values_hold_nothing_but_what_drafts_hold(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], value: str
) -> None:
    file = tmp_path_factory.mktemp("odd") / "rows.csv"
    columns = {**table(), **{name: [value, "b"] * (ROWS // 2) for name in names}}
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    try:
        made = draft("drafted", str(file), Wishes(target="y"))
    except LifecycleError:  # two names that are one where blanks do not count, say: refused in one sentence
        return
    allowed.check("drafted", *code(made), "Drafted")


STRANGE = [
    ("import polars as pl", "import polars as pl\nimport os"),
    ("import polars as pl", "import polars as pl\nfrom lifecycle.sources import urlopen"),
    ("    return rows.select", f"    {CALL}\n    return rows.select"),
    ("    return rows.select", "    return rows.__class__ and rows.select"),
    ("features=features", f"features=[features, {CALL}][0]"),
    ("features=features", "features=(lambda rows: rows)"),
    ("use_case = UseCase(", "open('x')\nuse_case = UseCase("),
    ("def features", "@print\ndef features"),
    ("features=features", "features=pl.read_csv('/etc/passwd')"),
    ("features=features", "features=f'{1}'"),
]


def test_what_no_draft_holds_is_refused_before_it_runs(drafted: Drafted) -> None:
    use_case, schema = code(drafted(table()))
    allowed.check("drafted", use_case, schema, "Drafted")
    for old, new in STRANGE:
        assert old in use_case
        with pytest.raises(LifecycleError, match="nothing was run or written"):
            allowed.check("drafted", use_case.replace(old, new, 1), schema, "Drafted")


def test_the_attack_as_it_was_made_from_the_command_line(tmp_path: Path) -> None:
    import os

    columns = {**table(), ATTACKS[0]: ["a", "b"] * (ROWS // 2)}
    pl.DataFrame(columns).write_csv(tmp_path / "rows.csv")
    (tmp_path / "cases").mkdir()
    environment = {
        **os.environ,
        "LIFECYCLE_HOME": str(tmp_path / "home"),
        "LIFECYCLE_USECASES": str(tmp_path / "cases"),
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    command = [sys.executable, "-m", "app.cli", "new", "attacked", "rows.csv", "--target", "y"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"cases", "home", "rows.csv"}
    check = "from lifecycle import registry; print(registry.find('attacked').name)"
    loaded = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert loaded.stdout.strip() == "attacked", loaded.stderr
    assert not (tmp_path / "PWNED").exists()
