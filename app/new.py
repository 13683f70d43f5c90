"""Draft a use case from data: `lifecycle new`."""

import argparse
import os
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app import environment
from app.answer import Answer
from app.summary import called
from lifecycle.draft import writing
from lifecycle.draft.draft import Draft, Options, draft
from lifecycle.draft.report import report
from lifecycle.settings import settings

TYPES = {"str": "text", "int": "integer", "float": "number", "bool": "yes or no", "date": "date", "datetime": "time", "bytes": "bytes", "": "none"}


def new(options: argparse.Namespace) -> Answer:
    """`lifecycle new`."""
    from app.stack import schedules

    environment.prepare(settings(), debug=options.debug)
    chosen = Options(
        target=options.target or "", problem=options.problem or "", key=options.key or "", time=options.time or "",
        order=options.order or "", group=options.group or "", text=tuple(options.text or ()), title=options.title or "",
    )  # fmt: skip
    made = draft(options.name, options.source, chosen, force=options.force)
    writing.save(made.files)
    lines = schedules.lines(made.name)
    return Answer({**report(made), "next": [f"{called()} run {made.name}"], "schedules": lines}, _view(made, lines))


def _view(made: Draft, lines: str) -> RenderableType:
    said = report(made)
    parts: list[RenderableType] = [
        Text.assemble((made.name, "bold"), f"  {said['rows']:,} rows{_looked_at(said)}, {len(said['columns'])} columns"),
        "",
    ]
    parts += [_columns(said["columns"]), "", _listed("found", said["found"])]
    parts += ["", _listed("warning" + "s" * (len(made.warnings) > 1), [each.text for each in made.warnings], "yellow")] if made.warnings else []
    parts += ["", _listed("written", [_near(place) for place in said["files"]]), "", _next(made.name, lines)]
    return Padding(Group(*parts), (1, 0, 0, 0))


def _looked_at(said: dict[str, Any]) -> str:
    return f" ({said['looked_at']:,} looked at)" if said["looked_at"] < said["rows"] else ""


def _columns(columns: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("column", "type", "role", "what was found"):
        table.add_column(head, overflow="fold")
    for column in columns:
        style = "dim" if not {"feature", "text", "target"} & {*column["roles"]} else ""
        role = ", ".join(column["roles"]) or "left out"
        table.add_row(
            Text(column["name"], style=style if style else "bold"),
            TYPES[column["type"]],
            Text(role, style=style),
            Text(column["said"], style=style),
        )
    return table


def _listed(head: str, lines: list[str], style: str = "") -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", min_width=8)
    table.add_column(overflow="fold")
    for number, line in enumerate(lines):
        table.add_row(head if number == 0 else "", Text(line, style=style))
    return table


def _near(place: str) -> str:
    """A path as its reader would type it."""
    return os.path.relpath(place) if Path(place).is_relative_to(Path.cwd()) else place


def _next(name: str, lines: str) -> Table:
    us = called()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", min_width=8)
    table.add_row("next", Text(f"{us} run {name}", style="cyan"))
    table.add_row("", Text("and where it is good, to run by itself, add to prefect.yaml under 'schedules:' of", style="dim"))
    table.add_row("", Text(lines, style="dim"))
    return table
