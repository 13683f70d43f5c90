"""Two versions side by side."""

from typing import Any

from lifecycle.overview.beside import Beside, Flip, SliceBeside, TwoVersions
from lifecycle.pages.charts import bounds, whisker
from lifecycle.pages.frame import Links, card, page, table
from lifecycle.pages.html import Html, joined, tag
from lifecycle.pages.words import interval, many, number, signed


def beside_page(found: TwoVersions, title: str, links: Links) -> str:
    """The page of two versions of a use case."""
    old, new = (links.link(f"version {each}", found.use_case, "card", each) for each in (found.old, found.new))
    head = joined(
        tag("p", links.link("All use cases", ""), " / ", links.link(found.use_case, found.use_case)) if links.up is not None else None,
        tag("h1", f"{title}: version {found.new} beside version {found.old}"),
    )
    if found.obstacle:
        body = joined(head, card("Not compared", tag("p", f"{found.obstacle}.")))
        return page(f"{found.use_case}: {found.old} and {found.new}", body, links)
    said = tag(
        "p",
        f"Both were asked about the same {many(found.rows, 'row')}, which neither ",
        old,
        " nor ",
        new,
        " has been trained or tuned on.",
        class_="dim",
    )
    body = joined(
        head,
        said,
        card(
            "Metric by metric",
            _metrics(found),
            note="Gains are paired on the same rows: right of the line is better, for scores and for errors; 95 % intervals.",
        ),
        card("By slice", _slices(found), note=f"The gain in {found.metric}, and the rows whose decision flips.") if found.slices else None,
        card("Rows whose decision flips", *_flips(found), id="flips"),
    )
    return page(f"{found.use_case}: {found.old} and {found.new}", body, links)


def _gain(each: Beside | SliceBeside, around: tuple[float, float]) -> list[Any]:
    side = "good" if each.low is not None and each.low > 0 else "bad" if each.high is not None and each.high < 0 else None
    word = {"good": "better", "bad": "worse", None: "not shown to differ"}[side] if each.gain is not None else ""
    said = joined(tag("strong", signed(each.gain)), tag("small", f" {interval(each.low, each.high, signs=True)}")) if each.gain is not None else ""
    return [whisker(each.gain, each.low, each.high, around), said, tag("span", word, class_=side)]


def _metrics(found: TwoVersions) -> Html:
    rows = []
    for each in found.metrics:
        name = joined(each.metric, tag("small", " decides")) if each.metric == found.metric else each.metric
        one, other = (
            joined(number(value), tag("small", f" {interval(low, high)}"))
            for value, low, high in ((each.old, each.old_low, each.old_high), (each.new, each.new_low, each.new_high))
        )
        around = bounds([{"low": each.low, "high": each.high, "gain": each.gain}])
        rows.append([name, one, other, *_gain(each, around)])
    return table(["metric", f"version {found.old}", f"version {found.new}", "", "gain", ""], rows, "cards")


def _slices(found: TwoVersions) -> Html:
    around = bounds([{"low": each.low, "high": each.high} for each in found.slices])
    rows = [
        [
            f"{each.column} = {each.slice}",
            f"{each.rows:,}",
            f"{each.flips:,} ({each.flips / each.rows:.0%})" if each.rows else "0",
            *_gain(each, around),
        ]
        for each in found.slices
    ]
    return table(["rows with", "rows", "flips", "", "gain", ""], rows, "cards")


def _flips(found: TwoVersions) -> list[Html]:
    if not found.flipped:
        return [tag("p", "None: both decide alike about every row.")]
    said = f"{found.flipped:,} of {many(found.rows, 'row')} ({found.flipped / found.rows:.1%})."
    if found.corrected is not None and found.spoilt is not None:
        said += f" Of these version {found.new} alone has {found.corrected:,} right, and version {found.old} alone {found.spoilt:,}."
    rows = [
        [each.key, each.old, each.new, (None if each.truth == each.new else "dim", each.truth), number(each.moved), _why(each)]
        for each in found.flips
    ]
    note = (
        f"Those that moved most. The reasons are the inputs whose contributions differ most between the two ({found.scale})." if found.scale else ""
    )
    return [
        tag("p", said),
        tag("p", note, class_="dim"),
        table(["key", f"version {found.old}", f"version {found.new}", "truth", "moved by", "because of"], rows, "cards"),
    ]


def _why(each: Flip) -> Html | str:
    return joined(*(tag("div", f"{name} = {value} ", tag("small", signed(part))) for name, value, part in each.reasons)) if each.reasons else ""
