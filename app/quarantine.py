"""`lifecycle quarantine`: the rows that were kept out; export them, load them again."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import heads, known, untouched
from app.summary import called
from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings

MAX_ROWS_LISTED = 1_000
"""Rows that `--json` lists one by one; an export has all."""


def quarantine(options: argparse.Namespace) -> Answer:
    """Which rows are in quarantine and why; with `--export` or `--retry`, what became of them."""
    environment.prepare(settings(), debug=options.debug)
    known(options.use_case)
    if options.export and options.retry is not None:
        raise LifecycleError("--export and --retry are two steps, with the repair between them; give one of them")
    if untouched(settings()):
        return _nothing(options.use_case)
    if options.export:
        return _exported(options.use_case, Path(options.export).expanduser())
    if options.retry is not None:
        return _retried(options.use_case, Path(options.retry).expanduser() if options.retry else None)
    return _listed(options.use_case)


def _listed(name: str) -> Answer:
    from lifecycle.table import quarantine

    reasons = quarantine.reasons(name)
    counts = quarantine.counts(name)
    data = {"use_case": name, **counts, "reasons": reasons, "rows": quarantine.rows(name, MAX_ROWS_LISTED)}
    if not reasons:
        return _nothing(name, counts["released"])
    table = heads("batch", "row", "column", "check", "value", "how many")
    for reason in reasons:
        table.add_row(
            str(reason["batch"]),
            f"{reason['row']:,}",
            Text(reason["column"] or ""),
            Text(reason["check"]),
            Text(_short(reason["value"])),
            f"{reason['rows']:,}",
        )
    return Answer(data, Group(table, "", Text(f"{counts['quarantined']:,} rows; row and value are those of the first", style="dim"), *_next(name)))


def _nothing(name: str, released: int = 0) -> Answer:
    data = {"use_case": name, "quarantined": 0, "released": released, "reasons": [], "rows": []}
    return Answer(data, f"{name} has no rows in quarantine" + (f"; {released:,} have left it" if released else ""))


def _exported(name: str, file: Path) -> Answer:
    from lifecycle.table import quarantine

    rows = quarantine.export(name, file)
    command = f"{called()} quarantine {name} --retry {file}"
    text = f"{rows:,} rows written to {file}; repair their cells, leave _batch and _row as they are, then: {command}"
    formulas = quarantine.runnable(name) if file.suffix.lower() == ".csv" else ""
    return Answer({"use_case": name, "file": str(file), "rows": rows, "formulas": formulas}, text, notes=(f"note: {formulas}",) if formulas else ())


def _retried(name: str, file: Path | None) -> Answer:
    from lifecycle.table.release import release

    done = release(registry.find(name), file)
    data: dict[str, Any] = done.model_dump(exclude={"key"})
    told = [f"{done.tried:,} rows tried", f"{done.kept:,} loaded", f"{done.duplicates:,} that were there already", f"{done.quarantined:,} stay"]
    if done.before:
        told.append(f"{done.before:,} of the file had left the quarantine before")
    if done.unreadable and not file:
        told.append(f"{done.unreadable:,} lines are no rows: only a repaired export can bring them")
    word = f" as batch {done.batch}" if done.batch else "; nothing has changed"
    return Answer(data, Text.assemble((name, "bold"), f"  {', '.join(told)}{word}"))


def _next(name: str) -> list[Text]:
    us = called()
    steps = [
        (f"{us} quarantine {name} --export bad.csv", "to repair them"),
        (f"{us} quarantine {name} --retry bad.csv", "the repaired rows into the lake"),
        (f"{us} quarantine {name} --retry", "all of them as they are, after the schema was fixed"),
    ]
    return [Text.assemble((command, "cyan"), (f"  {why}", "dim")) for command, why in steps]


def _short(value: str | None) -> str:
    text = "" if value is None else value
    return text if len(text) <= 60 else text[:59] + "…"
