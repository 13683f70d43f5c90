"""Commands that only look: the use cases, the ledger, the lake."""

import argparse
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

MAX_ROWS_SHOWN = 100
"""Rows of a query that a terminal shows."""


def use_cases(options: argparse.Namespace) -> Answer:
    """`lifecycle list`."""
    environment.prepare(settings(), debug=options.debug)
    rows = [{**_defined(name), **_state(name)} for name in registry.names()]
    table = heads("use case", "problem", "champion", "last run", "data", "")
    for row in rows:
        champion = f"version {row['champion']}" if row["champion"] else "none"
        note = Text(row["error"], style="red") if row["error"] else Text(row["title"], style="dim")
        note = Text("; ".join(row["registry"]), style="yellow") if row["registry"] and not row["error"] else note
        table.add_row(Text(row["name"], style="bold"), row["problem"] or "?", champion, moment(row["last_run"]), _told(row), note)
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


def _state(name: str) -> dict[str, Any]:
    nothing = {"champion": None, "last_run": None, "rows": None, "quarantined": 0, "alarms": [], "notes": [], "registry": []}
    if untouched(settings()):
        return nothing
    from lifecycle.history import differing, ledger, standing
    from lifecycle.store.lake import lake, quoted
    from lifecycle.store.tables import exists

    rows = ledger(name)
    times = [row.decided_at for row in rows]
    for table, column in (("batches", "loaded_at"), ("drift", "judged_at")):
        if exists(lake(), name, table):
            times.append(lake().value(f"SELECT max({quoted(column)}) FROM {quoted(name)}.{table}"))
    known = [time for time in times if time]
    data = _data(name) if exists(lake(), name, "batches") else {}
    stands = standing(rows)
    differ = differing(name, stands) if rows else []
    return {**nothing, **data, "champion": stands.champion, "last_run": max(known) if known else None, "registry": differ}


def _data(name: str) -> dict[str, Any]:
    """What the newest batch left: the rows there are, those in quarantine, and what was unusual about it."""
    from lifecycle.store.lake import lake, quoted
    from lifecycle.store.tables import prepare
    from lifecycle.table import quarantine

    prepare(lake(), name)
    newest = lake().rows(f"SELECT rows_after, report, newest FROM {quoted(name)}.batches ORDER BY batch DESC LIMIT 1")
    if not newest:
        return {}
    rows, report, reached = newest[0]
    said = json.loads(report or "{}")
    refused = [f"the newest batch was refused: {said['refused']}"] if said.get("refused") else []
    alarms = refused or list(said.get("alarms", ())) or _too_old(name, reached)
    return {"rows": rows, "quarantined": quarantine.counts(name)["quarantined"], "alarms": alarms, "notes": list(said.get("notes", ()))}


def _too_old(name: str, newest: Any) -> list[str]:
    """The alarm for data that has grown too old since it was loaded."""
    from lifecycle.table import freshness

    try:
        return freshness.too_old(registry.find(name), newest)
    except LifecycleError:  # a wrong definition is told beside its name
        return []


def history(options: argparse.Namespace) -> Answer:
    """`lifecycle history`."""
    from lifecycle.history import differing, ledger, standing

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
        version = f"{row.model_version} (champion)" if row.model_version == stands.champion else str(row.model_version)
        word = Text("promoted", style="green") if row.promoted else Text("not promoted" if row.action == "judged" else row.action, style="yellow")
        table.add_row(moment(row.decided_at), version, word, row.actor or "", row.reason or "")
    return Answer(data, table, notes=tuple(f"lifecycle: {each}" for each in data["registry"]))


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
