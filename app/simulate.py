"""`lifecycle simulate`: the loop over the days of a simulated world, by the flows' own steps, each day with a clock of its own."""

import argparse
import dataclasses
import datetime as dt
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import known, untouched
from app.summary import called
from lifecycle import extras, registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings

if TYPE_CHECKING:
    from prefect import Task

    from lifecycle.references import DriftReport, Verdict
    from lifecycle.usecase import UseCase
    from lifecycle.world import World

MOST_DAYS, WEEK = 3_650, 7


def simulate(options: argparse.Namespace) -> Answer:
    """Play the days, a line each on stderr; what became of the models at the end."""
    known(options.use_case)
    if not 1 <= options.days <= MOST_DAYS:
        raise LifecycleError(f"--days must be from 1 to {MOST_DAYS}, found {options.days}")
    definition = registry.find(options.use_case)
    extras.check(definition)
    today = dt.datetime.now(dt.UTC).date()
    world = definition.source.world(options.days, today - dt.timedelta(days=1))
    if world is None:
        raise LifecycleError(
            f"use case '{definition.name}': its source {definition.source.name} cannot play a world; give it 'simulation' as in usecases/fraud.py"
        )
    environment.prepare(settings(), debug=options.debug)
    if not untouched(settings()):
        _refuse_used(definition.name)
    began = time.monotonic()
    days = [_play(definition, world, day) for day in range(options.days + 1)]
    return _answer(definition, days, time.monotonic() - began)


class Here:
    """Runs stages in this process, without Prefect: a world has no server."""

    def __init__(self, definition: "UseCase") -> None:
        self.definition = definition
        self.use_case = definition.name

    def __call__(self, stage: "Task[..., Any]", *inputs: Any) -> Any:
        """Run the plain stage behind a task."""
        return getattr(import_module(f"lifecycle.stages.{stage.name}"), stage.name)(self.definition, *inputs)


def _play(definition: "UseCase", world: "World", day: int) -> dict[str, Any]:
    """One day: its rows, their answers, a look at the world, and a training where an alarm asks for one; without a champion one a week."""
    from flows import steps
    from lifecycle.dependencies import clock
    from tasks import stages

    began = time.monotonic()
    go = Here(dataclasses.replace(definition, source=world.delivered(day)))
    with clock.at(world.end(day)):
        snapshot = steps.bring(go, None)
        features = go(stages.featurize, snapshot)
        verdict = steps.learn(go, features)[2] if day == 0 else None
        scored = go(stages.score, features)
        report, watched = steps.look(go, features)
        if day and ((scored.version == 0 and day % WEEK == 0) or (report.drifted and definition.monitoring.policy.trains)):
            verdict = steps.learn(go, features)[2]
    told = {
        "day": day, "date": world.date(day).isoformat(), "came": snapshot.came, "kept": snapshot.kept, "quarantined": snapshot.quarantined,
        "rows": snapshot.rows, "scored": scored.rows, "champion": scored.version, "drift": report.max, "drifted": report.drifted,
        "drift_reason": report.reason, "live": _live(report), "trained": verdict.version if verdict else None,
        "promoted": verdict.promoted if verdict else None, "reason": verdict.reason if verdict else "", "rolled_back": watched.rolled_back,
        "change": world.changes.get(day, ""), "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    print(_line(told, verdict), file=sys.stderr, flush=True)
    return told


def _live(report: "DriftReport") -> dict[str, float | str | int] | None:
    truth = report.performance
    return {"metric": truth.metric, "value": truth.live, "promised": truth.promised, "rows": truth.rows} if truth else None


def _line(told: dict[str, Any], verdict: "Verdict | None") -> str:
    """A day as a sentence."""
    said = [f"{told['kept']:,} of {told['came']:,} rows came in"]
    if told["quarantined"]:
        said[0] += f" ({told['quarantined']:,} to quarantine)"
    said.append(f"{told['scored']:,} were scored by version {told['champion']}" if told["champion"] else "there is no champion to score them")
    if live := told["live"]:
        said.append(f"live {live['metric']} {live['value']:.3f}, promised {live['promised']:.3f}")
    if told["drifted"]:
        said.append(f"ALARM: {told['drift_reason'].split(';')[0]}")
    if verdict:
        word = "is champion now" if verdict.promoted else "waits for a person" if verdict.waiting else "was not promoted"
        said.append(f"version {verdict.version} was trained and {word}: {verdict.reason}")
    if told["rolled_back"]:
        said.append("the champion before is champion again")
    changed = f" (the world changes: {told['change']})" if told["change"] else ""
    return f"day {told['day']:>3}  {told['date']}{changed}  {'; '.join(said)}"


def _answer(definition: "UseCase", days: list[dict[str, Any]], seconds: float) -> Answer:
    from lifecycle.history import ledger, standing

    stands = standing(ledger(definition.name))
    alarms = [day["day"] for day in days if day["drifted"]]
    trained = [day for day in days if day["trained"]]
    data = {
        "use_case": definition.name, "days": days, "champion": stands.champion, "previous": stands.previous, "alarms": alarms,
        "promotions": [day["day"] for day in days if day["promoted"]], "seconds": round(seconds, 1),
    }  # fmt: skip
    text = (
        f"  {len(days) - 1:,} days played in {seconds:,.0f} s: {sum(day['kept'] for day in days):,} rows, "
        f"{sum(day['quarantined'] for day in days):,} to quarantine, {sum(day['scored'] for day in days):,} predictions, "
        f"{len(alarms)} alarms, {len(trained)} trainings, {len(data['promotions'])} promotions; champion: "
        f"{f'version {stands.champion}' if stands.champion else 'none'}\n"
    )
    us = called()
    return Answer(
        data, Text.assemble((definition.name, "bold"), text, (f"next: {us} history {definition.name}, {us} report {definition.name}", "cyan"))
    )


def _refuse_used(name: str) -> None:
    from lifecycle.store.lake import lake
    from lifecycle.store.tables import exists

    if exists(lake(), name, "raw"):
        raise LifecycleError(
            f"{name} has rows already, and a world begins with none; choose another home (LIFECYCLE_HOME=/tmp/world {called()} simulate {name}), "
            f"or delete what there is with '{called()} delete {name}'"
        )
