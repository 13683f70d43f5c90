"""The page of one use case: what waits, the metric over time, drift, data, the champion, the history."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.overview.distributions import Distribution
from lifecycle.overview.story import Decided, DriftWindow, Story
from lifecycle.pages import card_page, charts
from lifecycle.pages.frame import Links, card, page, table
from lifecycle.pages.html import Html, joined, tag
from lifecycle.pages.overview_page import health, metric
from lifecycle.pages.verdict import checklist
from lifecycle.pages.words import ago, day, many, moment, number
from lifecycle.references import ModelVersion

COLUMNS = 14
WINDOWS = 60
BATCHES = 60
FIGURES = 240
"""So many columns, windows and batches are shown, and of so many cells both distributions."""
Distributions = Mapping[tuple[int, str], Distribution]


def story_page(found: Story, champion: ModelVersion | None, seen: Distributions, links: Links, now: dt.datetime) -> str:
    """The page of a use case, and `lifecycle report USE_CASE`."""
    state = found.state
    body = joined(
        tag("p", links.link("All use cases", "")) if links.up is not None else None,
        tag("h1", state.title or state.name),
        tag("p", f"{state.name}, {state.problem}" if state.problem else state.name, class_="dim"),
        _now(found, links, now),
        *(_waits(found, number_, links) for number_ in state.waiting),
        card(
            "How good it is",
            *_quality(found),
            note="The live metric on rows whose truth came later, with its interval, beside the promise of the version that answered."
            + (f" Of {state.promise.metric} {state.promise.better} is better." if state.promise else ""),
        ),
        card(
            "Drift", *_drift(found, seen), note="How far each column was from the training rows, window by window, in units of its limit.", id="drift"
        ),
        card("Data", *_data(found), note="The rows of each batch, and why some were kept out."),
        _champion(champion, links),
        card("History", _history(found, links), note="What was decided, the newest first.", class_="long"),
    )
    return page(state.title or state.name, body, links, foot=f"Lake version {found.lake_version}; read {day(now)}, {now:%H:%M} UTC.")


def _now(found: Story, links: Links, now: dt.datetime) -> Html:
    state = found.state
    champion = (
        f"version {state.champion} ({state.family}), for {ago(state.champion_since, now)}"
        if state.champion is not None
        else "none: nothing answers yet"
    )
    ask = joined(tag("p", links.link("Ask the model", "ask", class_="button")), "") if links.up is not None and state.champion is not None else None
    if ask is not None:
        ask = tag("p", tag("a", "Ask the model about a row", href=f"{links.to('ask')}#{state.name}"))
    cells = [
        tag("div", tag("small", "health"), tag("div", health(state.health, 6))),
        tag("div", tag("small", "champion"), tag("div", champion), ask),
        tag("div", tag("small", "promised, and live"), metric(state) or tag("div", "\u2013")),
        tag(
            "div",
            tag("small", "data"),
            tag("div", f"{state.rows or 0:,} rows, {state.quarantined:,} in quarantine"),
            tag("small", "last run ", moment(state.last_run), *((", next ", moment(state.next_run)) if state.next_run else ())),
        ),
    ]
    return tag("section", tag("div", *cells, class_="split"), class_="card")


def _waits(found: Story, version: int, links: Links) -> Html:
    """The evidence on a version that waits, and how to decide."""
    name = found.state.name
    judged = next((each for each in found.decisions if each.version == version and each.checks), None)
    more = [links.link(f"Card and plots of version {version}", name, "card", version)]
    if found.state.champion is not None:
        more += [" · ", links.link(f"beside version {found.state.champion}", name, "compare", found.state.champion, version)]
    said = (judged.reason.removeprefix("waits for approval: ") if judged else "") or "it passed the gate"
    return tag(
        "section",
        tag("h2", f"Version {version} waits for a person"),
        tag("p", said),
        checklist(judged.checks) if judged else None,
        tag("p", *more) if links.up is not None else None,
        _form(name, version, links),
        class_="card waits",
        id=f"waits-{version}",
    )


def _form(name: str, version: int, links: Links) -> Html:
    typed = tag(
        "p",
        "Decide with ",
        tag("code", f"lifecycle approve {name} {version}"),
        " or ",
        tag("code", f"lifecycle reject {name} {version}"),
        ".",
        class_="dim",
    )
    if links.up is None or not links.decide:
        return typed
    who = (
        tag(
            "div",
            tag("label", "your name", for_=f"by-{version}"),
            tag("input", id=f"by-{version}", name="by", required=True, autocomplete="name", maxlength=80),
        )
        if links.decide == "name"
        else None
    )
    why = tag(
        "div", tag("label", "why (for the ledger)", for_=f"why-{version}"), tag("input", id=f"why-{version}", name="reason", maxlength=500, size=40)
    )
    buttons = [
        tag("button", f"Approve version {version}", name="decision", value="approve", class_="primary"),
        tag("button", "Reject", name="decision", value="reject"),
    ]
    said = tag("span", role="status", class_="said")
    return tag("form", who, why, *buttons, said, class_="decide", data_to=links.to(name, "decisions"), data_version=version)


def _quality(found: Story) -> list[Any]:
    if not found.points:
        why = (
            "There is no champion yet."
            if found.state.champion is None
            else "No labels have come since the champion was trained."
            if found.state.problem != "clustering"
            else "A clustering has no truth to be held to; its drift is below."
        )
        return [tag("p", why)]
    name = found.state.live.metric if found.state.live else "metric"
    chart = quality_chart(found, name)
    key = tag(
        "ul",
        tag(
            "li",
            _swatch(tag("rect", x=0, y=6, width=18, height=2, class_="fill-live"), tag("circle", cx=9, cy=7, r=3.5, class_="live")),
            f"live {name}",
        ),
        tag("li", _swatch(tag("rect", x=5, y=3, width=8, height=8, class_="bad")), "worse than promised, or an alarm"),
        tag("li", _swatch(tag("rect", x=0, y=1, width=18, height=12, class_="band")), "the promise and its interval"),
        tag("li", "▲ promoted"),
        tag("li", "↺ rolled back"),
        class_="key",
    )
    newest = found.state.alarm
    alarm = (
        tag("p", tag("strong", f"■ Alarm since {day(newest.until or newest.raised_at)}. ", class_="bad"), _alarming(newest.reason))
        if newest
        else None
    )
    return [alarm, tag("div", chart, class_="scroll"), key]


def _alarming(reason: str) -> str:
    """Of what was said with an alarm that which it rests on."""
    clauses = reason.split("; ")
    return "; ".join([each for each in clauses if not each.startswith("no drift")] or clauses)


def quality_chart(found: Story, metric: str) -> Html | None:
    """The live metric over time; nothing where no labels have come."""
    if not found.points:
        return None
    return charts.timeline(found.points, [each for each in found.marks if each.what != "alarm" or each.at >= found.points[0].at], metric)


def drift_chart(found: Story) -> Html | None:
    """The heat map of drift, without links; nothing where no window was judged."""
    windows = found.windows[-WINDOWS:]
    return charts.heat_map(windows, _columns(windows), lambda *_: None) if windows else None


def _columns(windows: Sequence[DriftWindow]) -> list[str]:
    """The columns that were furthest off, those first."""
    furthest: dict[str, float] = {}
    for each in windows:
        for column, cell in each.columns.items():
            furthest[column] = max(furthest.get(column, 0.0), cell.excess)
    return sorted(furthest, key=lambda name: -furthest[name])[:COLUMNS]


def _swatch(*inside: Html) -> Html:
    return tag("svg", *inside, viewBox="0 0 18 14", aria_hidden="true")


def _drift(found: Story, seen: Distributions) -> list[Any]:
    windows = found.windows[-WINDOWS:]
    if not windows:
        return [tag("p", "No window of new rows has been judged yet.")]
    columns = _columns(windows)
    figures = _chosen(windows, columns, seen)
    ids = {key: f"d-{at}" for at, key in enumerate(figures)}
    chart = charts.heat_map(windows, columns, lambda window, column: f"#{ids[window.number, column]}" if (window.number, column) in ids else None)
    words = [("s0", "below half its limit"), ("s1", "within its limit"), ("s2", "beyond it"), ("s3", "twice"), ("s4", "five times")]
    key = [
        tag(
            "li",
            _swatch(
                tag("rect", x=0, y=0, width=18, height=14, rx=2, class_=name),
                *([tag("circle", cx=9, cy=7, r=2.6, class_="dot")] if name > "s1" else []),
            ),
            text,
        )
        for name, text in words
    ]
    hint = tag("p", "A cell leads to the column's distribution in that window and in training.", class_="dim noprint") if figures else None
    return [tag("div", chart, class_="scroll"), tag("ul", *key, class_="key"), hint, *(_figure(ids[one], found, seen[one]) for one in figures)]


def _chosen(windows: Sequence[DriftWindow], columns: Sequence[str], seen: Distributions) -> list[tuple[int, str]]:
    """Of which cells the distributions are in the page: those beyond their limit first, the newest before the older."""
    known = [
        (not cell.beyond, at, (each.number, name))
        for at, each in enumerate(reversed(windows))
        for name, cell in each.columns.items()
        if name in columns and (each.number, name) in seen
    ]
    return [one for *_, one in sorted(known)[:FIGURES]]


def _figure(id: str, found: Story, one: Distribution) -> Html:
    window = next(each for each in found.windows if each.number == one.window)
    cell = window.columns[one.column]
    said = f"{number(cell.excess)} times its limit{f': {cell.said}' if cell.said else ''}"
    span = f"{many(one.rows, 'row')}" + (f" from {day(window.start)} to {day(window.end)}" if window.start and window.end else "")
    key = tag(
        "ul",
        tag("li", _swatch(tag("rect", x=0, y=1, width=18, height=12, class_="then")), f"the rows that version {window.version} was trained on"),
        tag("li", _swatch(tag("rect", x=0, y=1, width=18, height=12, class_="now")), f"this window, {span}"),
        class_="key",
    )
    caption = tag("figcaption", tag("strong", f"{one.column}, then and now"), tag("a", "close", href="#drift", class_="noprint"))
    return tag(
        "figure",
        caption,
        tag("p", said, class_="dim"),
        key,
        tag("div", charts.two_distributions(one), class_="scroll"),
        class_="dist",
        id=id,
        tabindex="-1",
    )


def _data(found: Story) -> list[Any]:
    newest = found.batches[-BATCHES:]
    if not newest:
        return [tag("p", "No batch has come yet.")]
    rows = []
    for each in reversed([one for one in newest if one.batch.quarantined or one.batch.alarms or one.batch.notes][-12:]):
        one = each.batch
        why: list[Any] = [
            tag("div", f"{reason.column or 'line'}: {reason.check} ", tag("small", f"{many(reason.rows, 'row')}, e.g. {reason.example}"))
            for reason in each.reasons
        ]
        why += [tag("div", f"✕ refused: {one.refused}", class_="bad")] if one.refused else []
        why += [tag("div", f"! {said}", class_="warn") for said in one.alarms] + [tag("div", said, class_="dim") for said in one.notes]
        rows.append([f"batch {one.batch}", moment(one.loaded_at), f"{one.came:,}", f"{one.kept:,}", f"{one.quarantined:,}", joined(*why)])
    listed = table(["batch", "loaded", "came", "kept", "quarantined", "why"], rows, "cards") if rows else tag("p", "No row was kept out.")
    key = tag(
        "ul",
        tag("li", _swatch(tag("rect", x=0, y=1, width=18, height=12, class_="then")), "kept"),
        tag("li", _swatch(tag("rect", x=0, y=1, width=18, height=12, class_="now")), "quarantined"),
        tag("li", "✕ refused"),
        tag("li", "! unusual"),
        class_="key",
    )
    return [tag("div", charts.batches(newest), class_="scroll"), key, listed]


def _champion(champion: ModelVersion | None, links: Links) -> Html | None:
    if champion is None:
        return None
    whole = links.link("As a page of its own", champion.use_case, "card", champion.version) if links.up is not None else None
    return tag(
        "section",
        tag("h2", f"The champion: version {champion.version}"),
        tag("p", whole) if whole else None,
        card_page.plots(champion),
        tag("details", tag("summary", "Its model card"), tag("div", card_page.written(champion), class_="prose")),
        class_="card long",
        id="champion",
    )


def _history(found: Story, links: Links) -> Html:
    if not found.decisions:
        return tag("p", "Nothing has been decided yet.")
    rows = []
    for each in found.decisions:
        version = links.link(f"version {each.version}", found.state.name, "card", each.version)
        mark = tag("div", "champion", class_="word well") if each.champion else None
        rows.append([moment(each.at), joined(version, mark), _word(each), each.by, _reason(each)])
    return table(["when", "version", "decision", "by", "why"], rows, "history cards")


def _word(each: Decided) -> Html:
    class_ = (
        "good"
        if each.word in ("promoted", "approved", "promoted by hand")
        else "warn"
        if "wait" in each.word
        else "bad"
        if each.word in ("rejected", "rolled back")
        else "dim"
    )
    return tag("span", each.word, class_=class_)


def _reason(each: Decided) -> Html:
    listed = (
        tag(
            "details", tag("summary", f"the checklist: {sum(one.passed for one in each.checks)} of {len(each.checks)} passed"), checklist(each.checks)
        )
        if each.checks
        else None
    )
    return joined(tag("div", each.reason), listed)
