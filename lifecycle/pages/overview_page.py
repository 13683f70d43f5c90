"""The overview: one row a use case."""

import datetime as dt
from collections import Counter
from typing import Any

from lifecycle.overview.state import SIGNS, Health, Overview, UseCaseState
from lifecycle.pages.charts import sparkline
from lifecycle.pages.frame import Links, page, table
from lifecycle.pages.html import Html, joined, tag
from lifecycle.pages.words import ago, day, interval, many, moment, number

MOST_WHY = 3
HEAD = ["use case", "health", "champion", "promised, and live", "drift now", "last batch", "runs"]


def overview_page(found: Overview, links: Links) -> str:
    """The page at `/`, and `lifecycle report`."""
    counts = Counter(each.health.word for each in found.use_cases)
    chips = tag("ul", *(tag("li", f"{counts[word]} ", word_of(word)) for word in SIGNS if counts[word]), class_="chips")
    waiting = sum(len(each.waiting) for each in found.use_cases)
    says = [f"{many(len(found.use_cases), 'use case')}, as of {day(found.read_at)}, {found.read_at:%H:%M} UTC."]
    says += [f"{many(waiting, 'version')} {'waits' if waiting == 1 else 'wait'} for a person."] if waiting else []
    rows = [_row(each, found.read_at, links) for each in found.use_cases]
    empty = tag("p", "There is no use case yet: ", tag("code", "lifecycle new NAME SOURCE --target COL"), " writes one.")
    body = joined(
        tag("h1", "All use cases"),
        tag("p", " ".join(says), class_="dim"),
        chips,
        tag("section", table(HEAD, rows, "overview cards") if rows else empty, class_="card long"),
    )
    return page("Lifecycle", body, links, foot=f"Lake version {found.lake_version}. Drift is in units of its limit; a dashed line is the promise.")


def word_of(word: str) -> Html:
    """A word of health with its sign, in its colour."""
    return tag("span", f"{SIGNS[word]} {word}", class_=f"word {'none' if word == 'no model' else word}")  # pyright: ignore[reportArgumentType]


def health(found: Health, most: int = MOST_WHY) -> Html:
    """The word, and why."""
    more = [f"and {many(len(found.why) - most, 'more reason')}"] if len(found.why) > most else []
    why = [each if len(each) <= 160 else f"{each[:159]}…" for each in found.why[:most]] + more
    return joined(word_of(found.word), tag("ul", *(tag("li", each) for each in why), class_="why") if why else None)


def _row(each: UseCaseState, now: dt.datetime, links: Links) -> list[Any]:
    name = links.link(each.name, each.name, class_="name")
    return [
        joined(name, tag("div", each.title, class_="dim small")),
        health(each.health),
        joined(f"version {each.champion}", tag("small", f"{each.family}, {ago(each.champion_since, now)}"))
        if each.champion is not None
        else tag("span", "none", class_="dim"),
        metric(each),
        _drift(each),
        _batch(each),
        joined(tag("div", "last ", moment(each.last_run)), tag("small", "next ", moment(each.next_run)) if each.next_run else None),
    ]


def metric(each: UseCaseState) -> Html | str:
    """What was promised, what is, and how it went."""
    promised, live = each.promise, each.live
    if promised is None:
        return ""
    numbers: list[Any] = [tag("small", f"{promised.metric} "), number(promised.value)]
    if live is None:
        return joined(tag("div", *numbers, class_="numbers"), tag("small", "no labels yet", class_="dim"))
    same = live.metric == promised.metric
    word = tag("span", " ■ worse", class_="bad") if live.worse else ""
    numbers += [" → ", tag("strong", number(live.value)), word]
    around = interval(live.low, live.high)
    said = f"live {live.metric} {number(live.value)}, {number(live.promised)} promised"
    spark = sparkline(live.recent, live.promised, live.worse, said)
    detail = f"{'' if same else f'{live.metric}, '}{around + ', ' if around else ''}{many(live.rows, 'row')}"
    return tag("div", spark, tag("div", tag("div", *numbers, class_="numbers"), tag("small", detail)), class_="metric")


def _drift(each: UseCaseState) -> Html | str:
    found = each.drift
    if found is None:
        return "" if each.champion is None else tag("span", "no window yet", class_="dim")
    share = min(found.excess / 2, 1) * 108
    fill = tag("rect", x=0, y=0, width=round(share, 1), height=6, class_="fill over" if found.bad else "fill")
    bar = tag(
        "svg",
        tag("rect", x=0, y=0, width=108, height=6, class_="back"),
        fill,
        tag("rect", x=53, y=0, width=2, height=6, class_="limit"),
        viewBox="0 0 110 6",
        class_="gauge",
        aria_hidden="true",
    )
    word = f"■ {number(found.excess)} \u00d7 limit" if found.bad else f"{number(found.excess)} \u00d7 limit"
    return joined(tag("span", word, class_="bad" if found.bad else None), bar, tag("small", found.column))


def _batch(each: UseCaseState) -> Html | str:
    found = each.batch
    if found is None:
        return ""
    out = f"{found.quarantined:,} quarantined" if found.quarantined else "none quarantined"
    if found.refused:
        out = "✕ refused whole"
    return joined(
        many(found.came, "row"),
        tag("small", tag("span", out, class_="warn" if found.quarantined else None), f", {day(found.loaded_at)}" if found.loaded_at else ""),
    )
