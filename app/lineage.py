"""`lifecycle lineage`: from an answer back to the source batches; from a batch forward (`app.reached`)."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import known, moment, untouched
from app.summary import called
from lifecycle import registry
from lifecycle.answer_schema import Fields
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings

Found = Mapping[str, Any]
Line = tuple[str, RenderableType]
WAYS = {"batch": "by batch scoring", "http": "over HTTP", "shadow": "beside the champion, unseen by the client"}
MOST_CELLS, MOST_BATCHES = 12, 20
"""So many cells of a row and so many batches, the newest, are shown one by one; `--json` has all."""
PARTS = ("train", "tune", "gate")


def lineage(options: argparse.Namespace) -> Answer:
    """Where a model version, or the answer that it gave, comes from; or what a batch reached."""
    environment.prepare(settings(), debug=options.debug)
    known(options.use_case)
    if untouched(settings()):
        raise LifecycleError(f"{options.use_case} has no models yet; run '{called()} run {options.use_case}' first")
    from lifecycle.lineage import of_prediction, of_version

    use_case = registry.find(options.use_case)
    if options.batch is not None:
        from app import reached
        from lifecycle.reached import of_batch

        forward = of_batch(use_case, options.batch)
        return Answer(forward, reached.view(forward))
    found = of_version(use_case, options.version) if options.prediction is None else of_prediction(use_case, options.prediction)
    return Answer(found, _view(found, use_case.kind.answer_schema))


def _view(found: Found, fields: Fields) -> RenderableType:
    """The way back, top down."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    answer = [_prediction(found["prediction"], fields)] if found["prediction"] else []
    for number, lines in enumerate([*answer, _model(found), _data(found), _batches(found["batches"])]):
        if number:
            table.add_row(Text("    ↓", style="dim"), "")
        for name, text in lines:
            table.add_row(name, text)
    return Group(Text(found["use_case"], style="bold"), "", table, "", _next(found))


def _fields(said: Found, fields: Fields) -> str:
    """The fields of an answer that the lake keeps."""
    found = []
    for each in fields:
        value = next((said[name] for name in each.columns if said.get(name) is not None), None)
        if value is not None:
            shown = f"{value:.4f}" if isinstance(value, float) else str(value)
            found.append(shown if each.name == "prediction" else f"{each.name} {shown}")
    return ", ".join(found)


def _prediction(said: Found, fields: Fields) -> list[Line]:
    """What was answered, to what, and the row that it was about."""
    took = f", in {said['latency'] * 1e3:.1f} ms" if said["latency"] is not None else ""
    waits = "; not in the lake yet" if said["where"] == "journal" else ""
    lines: list[Line] = [
        ("answer", Text.assemble((_fields(said, fields), "bold"), "" if said["key"] == said["id"] else f"  for key {said['key']}")),
        ("", Text(f"{said['id']}, {moment(said['scored_at'])} {WAYS.get(said['origin'], said['origin'])}{took}{waits}", style="dim")),
    ]
    if said["inputs"]:
        lines.append(("inputs", Text(_cells(said["inputs"]))))
    row = said["row"]
    if row is None:
        why = "it came without a key" if said["key"] == said["id"] else "the lake has no row of this key"
        return [*lines, ("row", Text(why, style="dim"))]
    batch = row["batch"]
    came = f"batch {batch['batch']} of {moment(batch['loaded_at'])}, {batch['source']}" if batch else "a batch without a line in the ledger"
    when = "" if row["then"] else "; as it is now: when it was asked about, it was not there, or that version of the lake is expired"
    where = ("row", Text(f"in {came}; lake version {row['lake_version']}{when}"))
    return [*lines, where] if said["inputs"] else [*lines, where, ("", Text(_cells(row["record"]), style="dim"))]


def _model(found: Found) -> list[Line]:
    """The version, what made it, and what was decided about it."""
    code, metric = found["code"], found["metric"]
    stands = " (champion)" if found["champion"] == found["model_version"] else ""
    commit = f"commit {code['commit'][:12]}" if code["commit"] else "no commit"
    dirty = ", with changes" if code["dirty"] else ""
    recipe = _cells(found["params"])
    lines: list[Line] = [
        ("model", Text.assemble((f"version {found['model_version']}", "bold"), f"{stands}  {found['candidate']}{f' ({recipe})' if recipe else ''}")),
        ("", Text(f"{metric['name']} {_short(metric['holdout'])}, MLflow run {found['mlflow_run_id']}", style="dim")),
        ("", Text(f"{commit}{dirty}; {_kept(code)}; lock {found['lock'][:12]}; seed {found['seed']}", style="dim")),
    ]
    for row in found["decisions"]:
        word = "promoted" if row["promoted"] else "not promoted" if row["action"] == "judged" else row["action"]
        lines.append(("decided", Text(f"{moment(row['decided_at'])} {word} by {row['actor']}: {row['reason']}")))
    wrong = [found[name] for name in ("blocked", "registry") if found[name]]
    return [*lines, *(("", Text(each, style="yellow")) for each in wrong)]


def _kept(code: Found) -> str:
    """Whether what made the version can be had again."""
    return "its code is stored with it" if code["stored"] else "its code is not stored with it"


def _data(found: Found) -> list[Line]:
    """The rows that it learnt from, and how they were divided."""
    snapshot, features, split = found["snapshot"], found["features"], found["split"]
    counts = split["rows"]
    parts = ", ".join(f"{counts[name]:,} {name}" for name in dict.fromkeys([*PARTS, *counts]) if name in counts)
    return [
        ("data", Text(f"{snapshot['rows']:,} rows, lake version {snapshot['version']} of {moment(snapshot['taken_at'])}")),
        ("", Text(f"fingerprint {snapshot['fingerprint']}; {len(features['names'])} inputs, lake version {features['version']}", style="dim")),
        ("split", Text(parts)),
        ("", Text(_cells(split["lines"]), style="dim")),
    ]


def _batches(batches: Sequence[Found]) -> list[Line]:
    """The batches that the rows came in: two lines each, for a source can be long and a terminal narrow."""
    lines: list[Line] = []
    for batch in batches[-MOST_BATCHES:]:
        counts = ", ".join(f"{batch[name]:,} {name}" for name in ("kept", "quarantined", "duplicates"))
        lines.append(("" if lines else "batches", Text(f"{batch['batch']}  {moment(batch['loaded_at'])}  {batch['source']}")))
        told = f"{batch['rows']:,} rows of it; {batch['came']:,} came: {counts}; content {(batch['content'] or 'unknown')[:12]}"
        lines.append(("", Text(told, style="dim")))
        for load in batch["released"]:
            told = f"{load['rows']:,} let out of quarantine by batch {load['batch']} of {moment(load['loaded_at'])}, {load['source']}"
            lines.append(("", Text(told, style="dim")))
    older = len(batches) - MOST_BATCHES
    return [*lines, ("", Text(f"and {older:,} older ones: see --json", style="dim"))] if older > 0 else lines


def _next(found: Found) -> RenderableType:
    name, us = found["use_case"], called()
    steps = [
        (f"{us} reproduce {name} {found['model_version']}", "train it again, and compare"),
        (f'{us} sql "FROM {name}.raw AT (VERSION => {found["snapshot"]["version"]})"', "the rows that it learnt from"),
    ]
    table = Table.grid(padding=(0, 2))
    for command, why in steps:
        table.add_row(Text(command, style="cyan"), Text(why, style="dim"))
    return table


def _cells(cells: Mapping[str, Any]) -> str:
    """Names with their values, the first of them."""
    shown = [f"{name} {_short(value)}" for name, value in list(cells.items())[:MOST_CELLS]]
    return " · ".join([*shown, *([f"and {len(cells) - MOST_CELLS} more"] if len(cells) > MOST_CELLS else [])])


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return _cells(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    text = f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
