"""The overview: how every use case stands, read at once."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.history import Standing, differences, standing
from lifecycle.monitoring.effect import Effect
from lifecycle.overview.facts import Facts, facts
from lifecycle.overview.state import BatchNow, DriftNow, Health, Live, OpenAlarm, Overview, Promise, UseCaseState
from lifecycle.references import LivePerformance, ModelVersion
from lifecycle.store import mlflow_registry, records, versions
from lifecycle.table import freshness

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

SPARKS = 30
"""So many live values make a sparkline."""


def overview(use_cases: "Sequence[str | UseCase] | None" = None, next_runs: Mapping[str, dt.datetime] | None = None) -> Overview:
    """How these use cases stand (all, where none are given), those that need somebody first.

    Args:
        use_cases: by name, or as they are.
        next_runs: when each runs next, where somebody knows.
    """
    chosen = {each if isinstance(each, str) else each.name: each for each in (registry.names() if use_cases is None else use_cases)}
    version, found = facts(list(chosen))
    with closing(records.reader()) as ours, closing(mlflow_registry.reader()) as mlflow:
        states = []
        for name, each in chosen.items():
            stands = standing(found[name].decisions)
            champion = versions.kept(name, stands.champion, ours) if stands.champion is not None else None
            differ = differences(name, stands, ours, mlflow) if found[name].decisions else []
            states.append(state(each, found[name], stands, champion, differ, (next_runs or {}).get(name)))
    return Overview(lake_version=version, read_at=dt.datetime.now(dt.UTC), use_cases=tuple(sorted(states, key=_urgency)))


def _urgency(each: UseCaseState) -> tuple[int, str]:
    return ("broken", "alarm", "look", "no model", "well").index(each.health.word), each.name


def state(
    given: "str | UseCase",
    known: Facts,
    stands: Standing,
    champion: ModelVersion | None,
    differ: Sequence[str] = (),
    next_run: dt.datetime | None = None,
) -> UseCaseState:
    """How one use case stands, by what the lake says of it."""
    name, use_case, error = (given, None, "") if isinstance(given, str) else (given.name, given, "")
    try:
        use_case = use_case or registry.find(name)
    except LifecycleError as wrong:
        error = str(wrong)
    mine = [row for row in known.windows if row["model_version"] == stands.champion]
    made: dict[str, Any] = {
        "name": name,
        "title": use_case.title if use_case else "",
        "problem": use_case.kind.name if use_case else "",
        "error": error,
        "champion": stands.champion,
        "family": champion.evaluated.trained.recipe.candidate if champion else "",
        "champion_since": _since(known, stands),
        "promise": promise(use_case, champion) if champion else None,
        "live": live(mine),
        "drift": drift_now(mine),
        "batch": _aged(batch(known.batch), use_case),
        "rows": known.batch["rows_after"] if known.batch else None,
        "quarantined": known.quarantined,
        "alarm": open_alarm(mine),
        "waiting": tuple(sorted(stands.waiting)),
        "last_run": _last(known),
        "next_run": next_run,
        "registry": tuple(differ),
    }
    return UseCaseState(**made, health=health(made, stands))


def _aged(newest: BatchNow | None, use_case: "UseCase | None") -> BatchNow | None:
    """The newest batch with the alarm that its rows have grown too old since."""
    if newest is None or use_case is None or newest.refused or newest.alarms:
        return newest
    return newest.model_copy(update={"alarms": tuple(freshness.too_old(use_case, newest.newest))})


def health(made: Mapping[str, Any], stands: Standing) -> Health:
    """How a use case is: the worst thing that is known of it decides the word, all that is known stands beside it."""
    if made["error"]:
        return Health(word="broken", why=(made["error"],))
    now, shown, live_now, newest = made["alarm"], made["drift"], made["live"], made["batch"]
    bad = [f"alarm since {day(now.until or now.raised_at)}"] if now else []
    if live_now and live_now.worse and live_now.enough:
        bad.append(f"live {live_now.metric} {live_now.value:.3g} is worse than the {live_now.promised:.3g} promised")
    look = [f"version {number} waits for a person" for number in made["waiting"]]
    if newest and newest.refused:
        look.append(f"the newest batch was refused: {newest.refused}")
    look += list(newest.alarms) if newest and not newest.refused else []
    if shown and shown.bad and not now:
        look.append(f"the newest window is unlike the training rows, by {shown.column}")
    if live_now and live_now.worse and not live_now.enough:
        look.append(f"live {live_now.metric} is worse so far than promised")
    look += list(made["registry"])
    if made["champion"] is None:
        last = next(reversed(stands.judged.values()), None)
        why = [f"version {last.model_version} was not promoted: {last.reason}"] if last and not last.numbers.waiting else []
        nothing = [] if last else ["nothing was trained yet" if newest else "no data yet"]
        return Health(word="look" if made["waiting"] else "no model", why=(*look, *why, *nothing))
    return Health(word="alarm" if bad else "look" if look else "well", why=(*bad, *look))


def promise(use_case: "UseCase | None", champion: ModelVersion) -> Promise:
    """What the gate's rows promise of a version."""
    evaluated = champion.evaluated
    low, high = evaluated.intervals.get(evaluated.metric, (None, None))
    greater = use_case is None or use_case.kind.greater_is_better(evaluated.metric)
    return Promise(
        metric=evaluated.metric, value=evaluated.holdout.get(evaluated.metric), low=low, high=high, better="higher" if greater else "lower"
    )


def live(windows: Sequence[Mapping[str, Any]]) -> Live | None:
    """The newest judgement on labelled rows, and those before it."""
    judged = [LivePerformance.from_json(row["performance"]) for row in windows if row["performance"]]
    if not judged:
        return None
    newest = judged[-1]
    low, high = newest.interval or (None, None)
    return Live(
        metric=newest.metric,
        value=newest.live,
        low=low,
        high=high,
        promised=newest.promised,
        rows=newest.rows,
        worse=newest.worse,
        enough=newest.enough,
        until=dt.datetime.fromisoformat(newest.until) if newest.until else None,
        recent=tuple(each.live for each in judged[-SPARKS:] if each.metric == newest.metric),
    )


def drift_now(windows: Sequence[Mapping[str, Any]]) -> DriftNow | None:
    """The newest window of these, and the column furthest off in it."""
    judged = [row for row in windows if row["max"] is not None]
    if not judged:
        return None
    newest = judged[-1]
    effects = {name: Effect.model_validate(each) for name, each in json.loads(newest.get("effects") or "{}").items()}
    column = max(effects, key=lambda name: excess(effects[name]), default="")
    furthest = excess(effects[column]) if column else newest["max"] / newest["limit"] if newest["limit"] else 0.0
    said = effects[column].said if column else ""
    return DriftNow(column=column, excess=furthest, bad=bool(newest["bad"]), rows=newest["rows"], until=newest["window_end"], said=said)


def excess(effect: Effect) -> float:
    """How far a column is off, in units of its limit."""
    return effect.excess or (effect.psi / effect.limit if effect.limit else 0.0)


def open_alarm(windows: Sequence[Mapping[str, Any]]) -> OpenAlarm | None:
    """The first alarm of those after which no window was good again."""
    found = None
    for row in windows:
        if row["drifted"]:
            found = found or OpenAlarm(raised_at=row["judged_at"], until=row["window_end"], reason=row["reason"] or "")
        elif row["max"] is not None and not row["bad"] and not _worse(row):
            found = None
    return found


def _worse(row: Mapping[str, Any]) -> bool:
    return bool(row["performance"]) and bool(json.loads(row["performance"]).get("worse"))


def batch(row: Mapping[str, Any] | None) -> BatchNow | None:
    """A row of the table `batches`, read."""
    if row is None:
        return None
    said = json.loads(row["report"] or "{}")
    counts = {name: row[name] or 0 for name in ("batch", "came", "kept", "quarantined", "duplicates")}
    told = {"refused": said.get("refused") or "", "alarms": tuple(said.get("alarms", ())), "notes": tuple(said.get("notes", ()))}
    return BatchNow(loaded_at=row["loaded_at"], newest=row["newest"], **counts, **told)


def _since(known: Facts, stands: Standing) -> dt.datetime | None:
    """When the champion became champion, the last time."""
    made = [each.decided_at for each in known.decisions if each.promoted and each.model_version == stands.champion]
    return made[-1] if made else None


def _last(known: Facts) -> dt.datetime | None:
    times = [each.decided_at for each in known.decisions] + [row["judged_at"] for row in known.windows[-1:]]
    times += [known.batch["loaded_at"]] if known.batch else []
    return max((time for time in times if time), default=None)


def day(moment: dt.datetime) -> str:
    """A day as people write it."""
    return f"{moment:%-d %b %Y}"
