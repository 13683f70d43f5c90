"""`lifecycle lineage --batch N` as text: from a batch to the versions, the champions and the predictions that it reached."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.listing import moment
from app.summary import called

Found = Mapping[str, Any]
Line = tuple[str, RenderableType]
LEARNT, JUDGED = ("train", "tune"), "gate"


def view(found: Found) -> RenderableType:
    """The way forward, top down."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    for number, lines in enumerate([_batch(found), _versions(found), _predictions(found)]):
        if number:
            table.add_row(Text("    ↓", style="dim"), "")
        for name, text in lines:
            table.add_row(name, text)
    for why in found["untold"]:
        table.add_row("unknown", Text(why, style="yellow"))
    return Group(Text(found["use_case"], style="bold"), "", table, "", _next(found))


def _batch(found: Found) -> list[Line]:
    batch = found["batch"]
    counts = ", ".join(f"{batch[name]:,} {name}" for name in ("kept", "quarantined", "duplicates"))
    lines: list[Line] = [
        ("batch", Text(f"{batch['batch']}  {moment(batch['loaded_at'])}  {batch['source']}")),
        ("", Text(f"{batch['came']:,} came: {counts}; {batch['rows_now']:,} rows of the lake are of it now", style="dim")),
    ]
    for load in batch["released"]:
        lines.append(("", Text(f"let {load['rows']:,} rows of batch {load['batch']} out of quarantine: see that batch", style="dim")))
    if found["looks_back"]:
        lines.append(("", Text(f"inputs look back: rows up to {found['looks_back']} after its rows may rest on them too", style="dim")))
    return lines


def _versions(found: Found) -> list[Line]:
    lines: list[Line] = []
    for each in found["versions"]:
        parts = each["parts"]
        learnt = each["fitted"]
        others = ", ".join(f"{rows:,} {name}" for name, rows in parts.items() if name not in (*LEARNT, JUDGED))
        told = [f"learnt from {learnt:,} rows of it" if learnt else "learnt from none of it"]
        told += [f"was judged on {parts[JUDGED]:,}"] if JUDGED in parts else []
        told += [f"others {others}"] if others else []
        lines.append(("" if lines else "versions", Text(f"version {each['model_version']} {'; '.join(told)}")))
        for reign in each["champion"]:
            told_of = f"from {moment(reign['since'])} until {moment(reign['until'])}" if reign["until"] else f"since {moment(reign['since'])}"
            lines.append(("", Text(f"champion {told_of}", style="yellow")))
        said = each["predicted"]
        if said["predictions"]:
            told_of = f"{said['predictions']:,} predictions by it, {moment(said['first'])} to {moment(said['last'])}"
            lines.append(("", Text(told_of, style="dim")))
    return lines or [("versions", Text("no version was trained or judged on rows of it", style="dim"))]


def _predictions(found: Found) -> list[Line]:
    lines: list[Line] = []
    for each in found["predictions"]:
        before = f", {each['before']:,} of them before it came" if each["before"] else ""
        told = f"{each['predictions']:,} by version {each['model_version']} ({each['origin']}){before}"
        lines.append(("" if lines else "its rows", Text(f"{told}, {moment(each['first'])} to {moment(each['last'])}")))
    return lines or [("its rows", Text("nobody has predicted them", style="dim"))]


def _next(found: Found) -> RenderableType:
    name, us, batch = found["use_case"], called(), found["batch"]["batch"]
    steps = [(f'{us} sql "FROM {name}.raw WHERE _batch = {batch}"', "its rows")]
    if reached := ", ".join(str(each["model_version"]) for each in found["versions"]):
        steps.append((f'{us} sql "FROM {name}.predictions WHERE model_version IN ({reached})"', "what these versions said"))
    if any(each["champion"] and each["champion"][-1]["until"] is None for each in found["versions"]):
        steps.append((f"{us} history {name}", "the champions before, to which 'rollback' returns"))
    table = Table.grid(padding=(0, 2))
    for command, why in steps:
        table.add_row(Text(command, style="cyan"), Text(why, style="dim"))
    return table
