"""A draft that is good to read: for those who see its page, and for its author."""

import ast
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lifecycle.draft.draft import Options, draft
from lifecycle.reading import files
from lifecycle.settings import settings
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, table

RANDOM = np.random.default_rng(12)


def kinds(made) -> dict[str, tuple[str, ...]]:
    return {warning.kind: warning.columns for warning in made.warnings}


def test_advice_is_a_comment_and_readers_see_a_title_and_one_line(drafted: Drafted) -> None:
    made = drafted(table(), title='Will it "hold"?\nYes')
    use_case, schema = code(made)
    assert "title='Will it \"hold\"? Yes'" in use_case
    for text in (
        ast.get_docstring(ast.parse(use_case)) or "",
        *(ast.get_docstring(node) or "" for node in ast.parse(schema).body if isinstance(node, ast.ClassDef)),
    ):
        assert len(text.splitlines()) == 1
        assert "rows.csv" in text
        assert "change what you know" not in text
        assert "tighten" not in text
    assert "# Drafted from 1,000 rows" in use_case
    assert use_case.index("# What can make this model lie:") < use_case.index("# What was found:") < use_case.index("import polars")


def test_values_of_categories_are_listed_however_long_and_noughts_and_ones_are_checked(drafted: Drafted) -> None:
    long = [f"a rather long name of the {word} one of all the categories that there are" for word in ("first", "second", "third")]
    schema = code(drafted(table(flag=RANDOM.integers(0, 2, ROWS), plan=RANDOM.choice(long, ROWS))))[1]
    assert "flag: int = column(isin=[0, 1])" in schema
    assert all(f'"{name}"' in schema for name in long)


def test_a_column_that_others_give_is_remarked(drafted: Drafted) -> None:
    months, price = RANDOM.integers(1, 70, ROWS), RANDOM.uniform(20, 120, ROWS).round(2)
    schema = code(drafted(table(months=months, price=price, total=(months * price).round(2), left_=(300 - price + months * 3).round(2))))[1]
    assert "months * price" in next(line for line in schema.splitlines() if "total" in line or "months *" in line)
    assert schema.count(" * ") == 1


def test_cells_that_are_lost_where_the_target_is_another_are_a_warning(drafted: Drafted) -> None:
    amounts = RANDOM.uniform(0, 100, ROWS)
    spoilt = [f"{value:.2f}" if value < 95 else "over" for value in amounts]
    yes = np.where((amounts >= 95) | (RANDOM.random(ROWS) < 0.2), "yes", "no")
    assert kinds(drafted(table(amount=spoilt, y=yes)))["missing-not-at-random"] == ("amount",)
    by_chance = [f"{value:.2f}" if chance < 0.95 else "over" for value, chance in zip(amounts, RANDOM.random(ROWS), strict=True)]
    assert "missing-not-at-random" not in kinds(drafted(table(amount=by_chance, y=yes)))


def test_a_mark_for_what_is_missing_in_the_target_is_said(drafted: Drafted) -> None:
    made = drafted(table(y=["n/a" if place % 9 == 0 else value for place, value in enumerate(table()["y"])]))
    assert kinds(made)["missing-mark"] == ("y",)
    signs = drafted(table(y=np.where(table()["y"] == "yes", "+", "-")))
    assert {value for value, _ in signs.question.classes} == {"+", "-"}
    assert "missing-mark" not in kinds(signs)


@pytest.mark.parametrize("where", ["beside", "below", "data"])
def test_a_path_holds_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    (tmp_path / "own").mkdir()
    pl.DataFrame(table(), strict=False).write_csv(tmp_path / "own" / "rows.csv")
    if where == "data":
        monkeypatch.setenv("LIFECYCLE_DATA", str(tmp_path))
        settings.cache_clear()
    monkeypatch.chdir(tmp_path / "own" if where == "beside" else tmp_path)
    made = draft("drafted", "rows.csv" if where == "beside" else "own/rows.csv", Options(target="y"))
    monkeypatch.chdir("/")
    (file,) = made.table.sample.source.named_files()
    assert files.found(file) == [str(tmp_path / "own" / "rows.csv")]
    assert Path(file.path).is_absolute() is (where != "data")
    settings.cache_clear()
