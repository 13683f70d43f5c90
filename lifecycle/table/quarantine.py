"""Quarantine: the rows that were kept out, why, and as they came; to be looked at, exported, repaired and loaded again."""

from pathlib import Path
from typing import Any

from lifecycle.errors import LifecycleError
from lifecycle.store import private
from lifecycle.store.lake import Lake, lake, literal, quoted
from lifecycle.store.tables import exists, prepare
from lifecycle.table import formulas

UNREADABLE = "readable line: "
"""How the check begins that a line failed which is no row at all."""
OPEN = "released_at IS NULL"
FORMATS = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}


def reasons(use_case: str, at: Lake | None = None) -> list[dict[str, Any]]:
    """Why rows are in quarantine: by batch, column and check, with the first such row and its value, and how many there are."""
    return _dicts(
        at or lake(),
        use_case,
        f"""SELECT batch, min(row) AS row, "column", "check", min_by(value, row) AS value, count(DISTINCT row) AS rows
        FROM {quoted(use_case)}.quarantine WHERE {OPEN} GROUP BY batch, "column", "check" ORDER BY batch DESC, rows DESC, "column", "check" """,
    )


def rows(use_case: str, most: int, at: Lake | None = None) -> list[dict[str, Any]]:
    """The first rows in quarantine, one entry for each failing check, with the record as it came."""
    return _dicts(
        at or lake(),
        use_case,
        f"""SELECT batch, row, "column", "check", value, record FROM {quoted(use_case)}.quarantine WHERE {OPEN}
        ORDER BY batch DESC, row, "column", "check" LIMIT {most}""",
    )


def counts(use_case: str, at: Lake | None = None) -> dict[str, int]:
    """How many rows are in quarantine (`quarantined`), and how many have left it since (`released`)."""
    found = _dicts(
        at or lake(),
        use_case,
        f"""SELECT count(*) FILTER ({OPEN}) AS quarantined, count(*) FILTER (NOT {OPEN}) AS released
        FROM (SELECT DISTINCT batch, row, released_at FROM {quoted(use_case)}.quarantine)""",
    )
    return found[0] if found else {"quarantined": 0, "released": 0}


def export(use_case: str, file: Path) -> int:
    """Write the rows in quarantine to a CSV or Parquet file; returns how many.

    A record is as it came, in the columns of the source, every cell as text. Beside it are `_batch` and `_row`, which name
    the row, `_column`, `_check` and `_value`, which say why it was kept out, and `_line`: the text of a line that is no row.

    Raises:
        LifecycleError: the file has another ending, or cannot be written.
    """
    if file.suffix.lower() not in FORMATS:
        raise LifecycleError(f"the rows in quarantine are written to a file that ends in {' or '.join(FORMATS)}, found '{file.name}'; name another")
    store = lake()
    prepare(store, use_case)
    arriving = file.with_name(f".{file.name}.arriving")
    try:
        store.rows(f"COPY ({_exported(store, use_case)}) TO {literal(str(arriving))} ({FORMATS[file.suffix.lower()]})")
        private.handed_over(arriving).replace(file)
    except Exception as error:
        arriving.unlink(missing_ok=True)
        raise LifecycleError(f"the file {file} cannot be written ({' '.join(str(error).split())}); name another") from error
    return counts(use_case)["quarantined"]


def runnable(use_case: str) -> str:
    """What is said of a CSV export whose cells a spreadsheet would run as formulas; empty where it has none."""
    query = _exported(lake(), use_case)
    names = [name for name, *_ in lake().rows(f"DESCRIBE ({query})")]
    return formulas.note(names, formulas.found(lake().cursor(), query))


def _exported(store: Lake, use_case: str) -> str:
    names = known_columns(store, use_case)
    cells = "".join(f"CASE WHEN NOT unreadable THEN {cell('record', name)} END AS {quoted(name)}, " for name in names)
    return f"""SELECT {cells}batch AS _batch, row AS _row, columns AS _column, checks AS _check, failed AS _value,
        CASE WHEN unreadable THEN record END AS _line FROM ({waiting(use_case)}) ORDER BY batch, row"""


def waiting(use_case: str) -> str:
    """SQL for the rows in quarantine, one each: `batch`, `row`, `source`, `record`, `unreadable`, and what failed as text."""
    return f"""SELECT batch, row, max(source) AS source, max(record) AS record, bool_or(starts_with("check", {literal(UNREADABLE)})) AS unreadable,
        string_agg("column", '; ' ORDER BY "column", "check") AS columns, string_agg("check", '; ' ORDER BY "column", "check") AS checks,
        string_agg(value, '; ' ORDER BY "column", "check") AS failed, min(quarantined_at) AS quarantined_at
        FROM {quoted(use_case)}.quarantine WHERE {OPEN} GROUP BY batch, row"""


def known_columns(store: Lake, use_case: str) -> list[str]:
    """The columns that the records in quarantine have, in the order of the fullest one."""
    record = "CASE WHEN NOT unreadable THEN record END"  # in every expression: a filter need not come before a cast
    found = store.rows(f"SELECT DISTINCT json_keys({record}) AS names FROM ({waiting(use_case)}) WHERE NOT unreadable")
    return list(dict.fromkeys(name for (names,) in sorted(found, key=lambda row: -len(row[0])) for name in names))


def cell(record: str, name: str) -> str:
    """SQL for one cell of a JSON record, as text."""
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string({record}, {literal(pointer)})"


def _dicts(store: Lake, use_case: str, query: str) -> list[dict[str, Any]]:
    """The rows of a query over the quarantine; none where nothing was ever put there."""
    if not exists(store, use_case, "quarantine"):
        return []
    prepare(store, use_case)
    return store.frame(query).to_dicts()
