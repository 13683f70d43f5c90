"""Every table of benchmarks/traps.py, and what is said and written of a trap."""

import ast
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks import traps
from lifecycle.draft import sample
from lifecycle.draft.draft import Options, looked_at
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, roles, table

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "your-data.md").read_text()


def seen(columns: traps.Columns, folder: Path) -> tuple[dict[str, list[str]], set[str], str]:
    """The columns of each kind of warning, the inputs, and the split."""
    target = traps.write(columns, file := folder / "rows.csv")
    made, _, choices, warnings = looked_at(sample.take(str(file)), Options(target=target))
    named: dict[str, list[str]] = {}
    for warning in warnings:
        named.setdefault(warning.kind, []).extend(warning.columns)
    return named, {column.name for column in made.columns if column.feature}, choices.split


@pytest.mark.parametrize("name", traps.TRAPS)
def test_a_trap_is_named_and_acted_upon(name: str, tmp_path: Path) -> None:
    trap = traps.TRAPS[name]
    named, inputs, split = seen(traps.tables(name)[0], tmp_path)
    assert set(trap.columns) <= set(named[trap.kind])
    assert inputs.isdisjoint(trap.columns)
    assert trap.split in ("", split)


@pytest.mark.parametrize("name", traps.TRAPS)
def test_an_honest_table_of_the_same_shape_keeps_its_inputs(name: str, tmp_path: Path) -> None:
    named, inputs, _ = seen(traps.tables(name)[1], tmp_path)
    assert set(named).isdisjoint(traps.KINDS)
    assert inputs >= set(traps.TRAPS[name].kept)


def test_in_a_large_honest_table_no_trap_is_seen(tmp_path: Path) -> None:
    random = np.random.default_rng(12)
    rows = 40_000
    columns, score = traps.base(random, rows)
    whose = random.integers(0, 2_000, rows)
    seconds = np.sort(random.uniform(0, 500 * 86_400, rows))
    columns |= {
        "order_id": np.arange(rows) + 17,
        "customer_id": whose,
        "ordered_at": traps.moments(seconds),
        "deliver_until": traps.moments(seconds + random.gamma(2, 86_400, rows)),
        "income_cents": random.lognormal(15, 0.6, rows).astype(int),
        "metres": random.integers(1_000_000, 90_000_000, rows),
        "credit_limit": random.gamma(3, 500, 2_000).round(-1)[whose],
        "note": [f"please ring {i} times at the red door" if i % 5 < 2 else None for i in range(rows)],
        "net": (net := random.gamma(3, 30, rows).round(2)),
        "tax": (net * 0.19).round(2),
        "gross": (net * 1.19).round(2),
        "bought": traps.chance(random, score - 0.8),
    }
    named, inputs, split = seen(columns, tmp_path)
    assert set(named).isdisjoint(traps.KINDS), named
    assert inputs >= {"income_cents", "metres", "credit_limit", "net", "tax", "gross", "deliver_until", "size_cm"}
    assert split == "TimeSplit"


def test_what_is_left_out_has_its_line_to_be_put_back_and_what_it_would_add(drafted: Drafted) -> None:
    made = drafted(table(duration=np.where(table()["y"] == "yes", 300, 100) * np.random.default_rng(1).gamma(4, 0.3, ROWS)))
    said = next(warning.text for warning in made.warnings if warning.kind == "late")
    assert 'put it back: add "duration" in features()' in said
    assert "a quick model: ROC AUC 0." in said
    use_case = code(made)[0]
    assert 'to put them back: "duration"' in use_case
    assert '"duration"' not in use_case.split("return rows.select")[1]


def test_near_duplicates_without_a_column_that_tells_them_apart_have_a_group_in_the_code(drafted: Drafted) -> None:
    made = drafted(traps.tables("readings with noise alone")[0], target="bought")
    assert roles(made)["clump"] == ("group", "ignored")
    use_case, schema = code(made)
    assert "AS clump" in use_case or 'AS "clump"' in use_case
    assert "split=GroupSplit()" in use_case
    assert 'clump: int = column("group", "ignored"' in schema
    units = made.table.sample.connection.sql("SELECT clump, round(band_0, 0) AS near FROM clean").pl()
    assert 20 <= units["clump"].n_unique() <= 40


def test_near_duplicates_of_a_table_with_a_group_or_a_time_are_none_of_its_troubles(drafted: Drafted) -> None:
    columns = traps.tables("readings of a plot")[0]
    named = drafted({**columns, "patient_id": pl.Series(columns["area"]).rank("dense").to_numpy()}, target="bought")
    assert "near-duplicates" not in {warning.kind for warning in named.warnings}
    assert roles(named)["patient_id"] == ("group",)


def test_every_kind_of_warning_is_on_the_page_with_what_is_done() -> None:
    kinds = set()
    for file in (ROOT / "lifecycle" / "draft").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("DraftWarning", "trap.left_out"):
                first = node.args[0]
                kinds |= {first.value} if isinstance(first, ast.Constant) else set()
    assert kinds > {"leak", "late", "joint-leak", "near-unique"}
    for kind in kinds:
        assert f"\n| `{kind}` | " in PAGE, kind
