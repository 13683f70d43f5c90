"""The end of a run as a newcomer wants to read it: data, model, verdict, drift, time, and where to look next."""

import datetime as dt
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Line = tuple[str, str | Text]


def summary(data: Mapping[str, Any], seconds: float) -> RenderableType:
    """The view of what a flow returned (the fields of `lifecycle run --json`; those that are missing are not shown)."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", min_width=8)
    table.add_column()
    if data.get("unchanged_since"):
        since = dt.datetime.fromisoformat(data["unchanged_since"]).astimezone()
        today = since.date() == dt.datetime.now().astimezone().date()
        table.add_row(
            "", Text(f"nothing has changed since {since:%H:%M}" if today else f"nothing has changed since {since:%Y-%m-%d %H:%M}", style="bold")
        )
    for name, text in [*_data(data), *_model(data), *_verdict(data), *_use(data), *_time(data)]:
        table.add_row(name, text)
    head = Text.assemble((str(data.get("use_case", "")), "bold"), (f"  in {seconds:.1f} s", "dim"))
    return Padding(Group(head, "", table, "", next_steps(data)), (1, 0, 0, 0))


def _data(data: Mapping[str, Any]) -> list[Line]:
    snapshot = data.get("snapshot")
    if not snapshot:
        return []
    came = snapshot.get("came")
    kept = snapshot.get("kept", snapshot["rows"])
    parts = [f"{came:,} rows came" if came is not None else "", f"{kept:,} kept"]
    parts += [f"{snapshot[name]:,} {name}" for name in ("quarantined", "duplicates")]
    lines: list[Line] = [("data", " · ".join(filter(None, parts)))]
    lines += [("", Text(note, style="dim")) for note in data.get("notes") or ()]
    lines += [("alarm" if number == 0 else "", Text(alarm, style="yellow")) for number, alarm in enumerate(data.get("alarms") or ())]
    return [*lines, ("", Text(f"{snapshot['rows']:,} rows in the lake, version {snapshot['version']}", style="dim"))]


def _model(data: Mapping[str, Any]) -> list[Line]:
    metric, metrics = data.get("metric"), data.get("metrics")
    if not metric or not metrics:
        return []
    interval = metrics.get("intervals", {}).get(metric)
    number = f"{metric} {_number(metrics['holdout'].get(metric))}"
    text = Text.assemble(
        f"version {data.get('model_version')}  ", (number, "bold"), f"  ({_number(interval[0])} to {_number(interval[1])})" if interval else ""
    )
    beside = [
        ("constant baseline", metrics.get("baseline")),
        ("linear", metrics.get("linear")),
        ("last known label", metrics.get("last")),
        ("in training", metrics.get("train")),
    ]
    shown = [f"{name} {_number(values[metric])}" for name, values in beside if values and metric in values]
    family = f"{data['candidate']}; " if data.get("candidate") else ""
    sampled = [f"{rows:,} rows of {part}" for part, rows in (data.get("sampled") or {}).items()]
    more: list[Line] = [("", Text(f"from a sample: {', '.join(sampled)} (most_rows)", style="dim"))] if sampled else []
    return [("model", text), *more, ("", Text(family + " · ".join(shown), style="dim"))]


def _verdict(data: Mapping[str, Any]) -> list[Line]:
    if "promoted" not in data:
        return []
    waiting = bool(data.get("waiting"))
    word, style = ("promoted", "green") if data["promoted"] else ("waits for approval", "yellow") if waiting else ("not promoted", "yellow")
    return [("verdict", Text.assemble((word, style), f": {str(data.get('reason', '')).removeprefix(f'{word}: ')}"))]


def _use(data: Mapping[str, Any]) -> list[Line]:
    lines: list[Line] = []
    if data.get("scored") is not None:
        none = (
            "nothing: the champion was fitted on all rows that have a label, and no other is new"
            if data.get("model_version")
            else "nothing: there is no champion yet"
        )
        lines.append(("scored", f"{data['scored']:,} new rows" if data["scored"] else none))
    drift = data.get("drift")
    if drift:
        word, style = ("drift", "yellow") if drift.get("drifted") else ("no drift", "green")
        said = str(drift.get("reason") or f"the largest effect is {_number(drift.get('max'))}").removeprefix(f"{word}: ")
        lines.append(("watch", Text.assemble((word, style), f": {said}")))
    if follows := (data.get("watch") or {}).get("reason"):
        lines.append(("follows" if not data["watch"]["rolled_back"] else "rollback", Text(follows, style="yellow")))
    return lines


def _time(data: Mapping[str, Any]) -> list[Line]:
    seconds, cached = data.get("seconds") or {}, data.get("cached") or []
    ran = [f"{stage} {taken:.1f}" for stage, taken in seconds.items() if stage not in cached]
    lines: list[Line] = [("seconds", " · ".join(ran))] if ran else []
    return [*lines, ("unchanged", Text(", ".join(cached), style="dim"))] if cached else lines


def _number(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,.4f}" if abs(value) < 100 else f"{value:,.1f}"


def next_steps(data: Mapping[str, Any]) -> RenderableType:
    """Commands worth typing now."""
    name, us = data.get("use_case", ""), called()
    shown = [("card", str(data["card"]), "the model card, with its plots")] if data.get("card") else []
    steps = [(f"{us} history {name}", "what was decided, and why")]
    if data.get("waiting"):
        steps.insert(0, (f"{us} approve {name} {data.get('model_version')}", "let it answer from now on"))
    if (data.get("snapshot") or {}).get("quarantined"):
        steps.append((f"{us} quarantine {name}", "the rows that were kept out, and why"))
    if data.get("scored"):
        steps.append((f'{us} sql "FROM {name}.predictions LIMIT 10"', "what the champion says"))
    steps.append((f"{us} list", "all use cases"))
    table = Table.grid(padding=(0, 2))
    for what, place, why in shown:
        table.add_row(Text(what, style="bold"), Text(place, style="cyan"), Text(why, style="dim"))
    for number, (command, why) in enumerate(steps):
        table.add_row(Text("next" if number == 0 else "", style="bold"), Text(command, style="cyan"), Text(why, style="dim"))
    return table


def called() -> str:
    """This command as its reader can type it again."""
    program = Path(sys.argv[0])
    if program.name != "lifecycle":
        return "lifecycle"
    found = shutil.which("lifecycle")
    if found and Path(found).resolve() == program.resolve():
        return "lifecycle"
    return os.path.relpath(program) if program.is_relative_to(Path.cwd()) else str(program)
