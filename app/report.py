"""`lifecycle report` and `lifecycle card`: pages in files of their own, which load nothing and can be sent."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import STYLES, heads, known, moment, untouched
from app.next_runs import next_runs
from app.summary import called
from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.pages import file
from lifecycle.settings import Settings, settings


def report(options: argparse.Namespace) -> Answer:
    """`lifecycle report`: the state of all use cases, or the story of one."""
    at = settings()
    environment.prepare(at, debug=options.debug)
    if options.use_case:
        known(options.use_case)
    if untouched(at):
        raise LifecycleError(f"there is nothing to report yet: no use case has run here; run '{called()} run USE_CASE' first")
    return _story(options, at) if options.use_case else _overview(options, at)


def _overview(options: argparse.Namespace, at: Settings) -> Answer:
    from lifecycle.overview.overview import overview
    from lifecycle.pages.frame import Links
    from lifecycle.pages.overview_page import overview_page

    found = overview(next_runs=next_runs(at))
    place = file.written(_place(options.out, at, "overview.html"), overview_page(found, Links()))
    return Answer({**found.model_dump(mode="json"), "file": str(place)}, _table(found.use_cases), notes=(f"lifecycle: the report is {place}",))


def _story(options: argparse.Namespace, at: Settings) -> Answer:
    from lifecycle.pages.frame import Links
    from lifecycle.pages.story_page import story_page
    from lifecycle.pages.whole import whole

    found, champion, seen = whole(registry.find(options.use_case), next_runs(at).get(options.use_case))
    place = file.written(_place(options.out, at, f"{options.use_case}.html"), story_page(found, champion, seen, Links(), dt.datetime.now(dt.UTC)))
    return Answer({**found.model_dump(mode="json"), "file": str(place)}, _table([found.state]), notes=(f"lifecycle: the report is {place}",))


def card(options: argparse.Namespace) -> Answer:
    """`lifecycle card`: of the champion, where no version is named; of the newest version, where there is no champion."""
    at = settings()
    environment.prepare(at, debug=options.debug)
    known(options.use_case)
    if untouched(at):
        raise LifecycleError(f"{options.use_case} has no models yet; run '{called()} run {options.use_case}' first")
    version = options.version or _shown(options.use_case)
    place = card_of(options.use_case, version, _place(options.out, at, f"{options.use_case}-{version}.html"))
    return Answer({"use_case": options.use_case, "model_version": version, "file": str(place)}, str(place))


def card_of(use_case: str, version: int, to: Path) -> Path:
    """Write the card of a version.

    Raises:
        LifecycleError: there is no such version, or the file cannot be written.
    """
    from lifecycle.overview.story import story
    from lifecycle.pages.card_page import card_page
    from lifecycle.pages.frame import Links
    from lifecycle.store import versions

    return file.written(to, card_page(versions.version(use_case, version), story(use_case).decisions, Links()))


def beside(use_case: str, version: Any, at: Settings) -> str:
    """Write the card of a version that was just made, where it is found later; empty where that cannot be."""
    try:
        return str(card_of(use_case, int(version), _place("", at, f"{use_case}-{version}.html")))
    except LifecycleError:  # a run is not to fail for what it shows
        return ""


def _shown(use_case: str) -> int:
    from lifecycle.history import ledger, standing

    stands = standing(ledger(use_case))
    number = stands.champion or stands.challenger
    if number is None:
        raise LifecycleError(f"{use_case} has no models yet; run '{called()} run {use_case}' first")
    return number


def _place(out: str, at: Settings, name: str) -> Path:
    return Path(out).expanduser().absolute() if out else file.folder(at) / name


def _table(states: Any) -> Table:
    table = heads("use case", "health", "champion", "promised", "live", "drift", "last run")
    for each in states:
        word = Text(f"{each.health.sign} {each.health.word}", style=STYLES[each.health.word])
        promised = f"{each.promise.metric} {_number(each.promise.value)}" if each.promise else ""
        live = _number(each.live.value) + (" (worse)" if each.live.worse else "") if each.live else ""
        drift = f"{each.drift.excess:.2g} x limit ({each.drift.column})" if each.drift else ""
        champion = f"version {each.champion}" if each.champion is not None else "none"
        table.add_row(Text(each.name, style="bold"), word, champion, promised, live, drift, moment(each.last_run))
        for why in each.health.why:
            table.add_row("", Text(why, style="dim", overflow="fold"))
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
