"""Commands that only look: the use cases, the ledger, the lake."""

import argparse
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from app import environment
from app.answer import Answer
from app.summary import called
from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings, settings

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.history import Decision

STYLES = {"well": "green", "look": "yellow", "alarm": "red", "broken": "red", "no model": "dim"}
"""The colour of each word of health."""
MAX_ROWS_SHOWN = 100
"""Rows of a query that a terminal shows."""


def use_cases(options: argparse.Namespace) -> Answer:
    """`lifecycle list`."""
    environment.prepare(settings(), debug=options.debug)
    names = registry.names()
    states = _states(names)
    rows = [{**(found := _defined(name)), **(states.get(name) or _nothing(found["error"]))} for name in names]
    table = heads("use case", "problem", "health", "champion", "last run", "data", "")
    for row in rows:
        champion = f"version {row['champion']}" if row["champion"] else "none"
        note = Text(row["error"], style="red") if row["error"] else Text(row["title"], style="dim")
        note = Text("; ".join(row["registry"]), style="yellow") if row["registry"] and not row["error"] else note
        word = Text(row["health"]["word"], style=STYLES[row["health"]["word"]])
        table.add_row(Text(row["name"], style="bold"), row["problem"] or "?", word, champion, moment(row["last_run"]), _told(row), note)
    return Answer({"use_cases": rows}, table)


def _defined(name: str) -> dict[str, Any]:
    """What the definition says; a wrong one does not hide the others."""
    try:
        found = registry.find(name)
    except LifecycleError as error:
        return {"name": name, "title": "", "problem": None, "error": str(error)}
    return {"name": name, "title": found.title, "problem": found.kind.name, "error": None}


def _told(row: dict[str, Any]) -> Text:
    """The data of a use case in a few words, its alarms first."""
    if row["rows"] is None:
        return Text("none", style="dim")
    kept = f"{row['rows']:,} rows" + (f", {row['quarantined']:,} in quarantine" if row["quarantined"] else "")
    return Text("; ".join([*row["alarms"], kept]), style="yellow" if row["alarms"] else "")


def _nothing(error: str | None) -> dict[str, Any]:
    """Where nothing was ever done."""
    health = {"word": "broken", "why": (error,)} if error else {"word": "no model", "why": ("no data yet",)}
    nothing = {"champion": None, "health": health, "waiting": [], "last_run": None, "rows": None, "quarantined": 0}
    return {**nothing, "alarms": [], "notes": [], "registry": []}


def _states(names: list[str]) -> dict[str, dict[str, Any]]:
    """How use cases stand, by the one reading of it that the overview shows too."""
    if untouched(settings()):
        return {}
    from lifecycle.overview.overview import overview

    found = {}
    for each in overview(names).use_cases:
        newest = each.batch
        alarms = [f"the newest batch was refused: {newest.refused}"] if newest and newest.refused else list(newest.alarms) if newest else []
        found[each.name] = {
            "champion": each.champion,
            "health": each.health.as_json(),
            "waiting": list(each.waiting),
            "last_run": each.last_run,
            "rows": each.rows,
            "quarantined": each.quarantined,
            "alarms": alarms,
            "notes": list(newest.notes) if newest else [],
            "registry": list(each.registry),
        }
    return found


def history(options: argparse.Namespace) -> Answer:
    """`lifecycle history`."""
    from lifecycle.history import differing, ledger, standing
    from lifecycle.overview.story import decided

    environment.prepare(settings(), debug=options.debug)
    known(options.use_case)
    rows = [] if untouched(settings()) else ledger(options.use_case)
    if options.at is not None:
        from app.champion_at import champion_at

        return champion_at(options.use_case, options.at, rows)
    stands = standing(rows)
    data = {
        "use_case": options.use_case,
        "champion": stands.champion,
        "previous": stands.previous,
        "waiting": sorted(stands.waiting),
        "decisions": [row.as_json() for row in rows],
        "registry": differing(options.use_case, stands) if rows else [],
    }
    if not rows:
        return Answer(data, f"nothing has been decided about {options.use_case} yet; run '{called()} run {options.use_case}'")
    table = heads("when", "version", "decision", "by", "reason")
    for row in rows:
        told = decided(row, stands)
        version = f"{told.version} (champion)" if told.champion else str(told.version)
        table.add_row(moment(told.at), version, Text(told.word, style="green" if row.promoted else "yellow"), told.by, told.reason)
    judged = [row for row in rows if row.numbers.checks]
    view = Group(table, "", f"What the gate looked at, of version {judged[-1].model_version}:", checklist(judged[-1])) if judged else table
    return Answer(data, view, notes=tuple(f"lifecycle: {each}" for each in data["registry"]))


def checklist(decision: "Decision") -> Table:
    """A verdict of the gate: a row a rule."""
    from lifecycle.gate.checklist import HEAD, lines

    table = heads(*HEAD)
    for check, found, allowed, passed in lines(decision.numbers.checks):
        table.add_row(check, found, allowed, Text(passed, style="green" if passed == "passed" else "yellow"))
    return table


def sql(options: argparse.Namespace) -> Answer:
    """`lifecycle sql`: read-only. A table on a terminal, CSV elsewhere."""
    import duckdb

    from lifecycle.store import readable
    from lifecycle.store.lake import read_only

    readable.check(options.query)
    at = settings()
    environment.prepare(at, debug=options.debug)
    if untouched(at):
        raise LifecycleError(f"the lake under {at.home} is empty; run '{called()} run USE_CASE' first")
    store = read_only(at)
    try:
        frame = store.cursor().execute(options.query).pl()
    except duckdb.Error as error:
        raise LifecycleError(f"the query cannot be run: {store.server.hidden(' '.join(str(error).split()))}") from None
    data = {"columns": frame.columns, "rows": frame.to_dicts()}
    notes = (f"{MAX_ROWS_SHOWN:,} of {frame.height:,} rows; redirect to a file for all of them, as CSV",) if frame.height > MAX_ROWS_SHOWN else ()
    return Answer(data, grid(frame.head(MAX_ROWS_SHOWN)), plain=as_csv(frame), notes=notes, beside=_formulas(frame))


def known(use_case: str) -> None:
    """Refuse a name that no use case has, without loading one.

    Raises:
        UnknownUseCase: there is none; it names those there are.
    """
    if use_case not in registry.names():
        registry.find(use_case)


def untouched(at: Settings) -> bool:
    """Whether nothing was ever done here: a question need not start a database to learn that it is empty."""
    return not at.database_url and not (Path(at.home) / "postgres" / "data").exists()


def heads(*names: str) -> Table:
    """An empty table with these heads."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in names:
        table.add_column(name)
    return table


def grid(frame: "pl.DataFrame") -> Table:
    """Rows as a table for people."""
    table = heads(*frame.columns)
    for column, dtype in zip(table.columns, frame.dtypes, strict=True):
        column.justify = "right" if dtype.is_numeric() else "left"
    for row in frame.iter_rows():
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    return table


def as_csv(frame: "pl.DataFrame") -> str:
    """Rows as the text of a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(frame.iter_rows())
    return out.getvalue()


def _formulas(frame: "pl.DataFrame") -> tuple[str, ...]:
    """What is said beside a CSV whose cells a spreadsheet would run."""
    import duckdb

    from lifecycle.table import formulas

    connection = duckdb.connect()
    connection.register("found", frame)
    said = formulas.note(frame.columns, formulas.found(connection, "FROM found"))
    return (f"note: {said}",) if said else ()


def moment(time: Any) -> str:
    """A moment for people, in the time of their machine."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M") if time else "never"
