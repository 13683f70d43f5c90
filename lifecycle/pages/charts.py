"""Inline SVG: sparklines, a metric over time, the heat map of drift, two distributions, batches. Colours come from the page's style by class."""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby, pairwise
from statistics import median

from lifecycle.overview.distributions import Distribution
from lifecycle.overview.story import BatchStory, Cell, DriftWindow, Mark, Point
from lifecycle.pages.html import Html, tag
from lifecycle.pages.words import day, many, number

WIDTH = 900
SIGNS = {"promoted": "▲", "rolled back": "↺", "alarm": "■"}
STEPS = (0.5, 1.0, 2.0, 5.0)
"""Where the shades of the heat map change, in units of a limit."""
TALL = 5
"""A batch of more than so many times the usual size is cut."""


class Scale:
    """From values to places along an axis."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = (low - 0.5, high + 0.5) if low == high else (low, high)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        """The place of a value, to a tenth."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, count: int = 4) -> list[float]:
        """Round values along it."""
        rough = (self.high - self.low) / count
        unit = 10 ** math.floor(math.log10(rough))
        step = unit * next(each for each in (1, 2, 2.5, 5, 10) if each * unit >= rough)
        first = math.ceil(self.low / step) * step
        return [round(first + i * step, 10) for i in range(int((self.high - first) / step + 1e-9) + 1)]


def sparkline(values: Sequence[float], promised: float | None, worse: bool, said: str) -> Html:
    """A line of values with the promise as a dashed one; the last value is a dot, a square where it is worse than promised."""
    known = [*values, *([promised] if promised is not None else [])]
    if not values:
        return Html("")
    x, y = Scale(0, max(len(values) - 1, 1), 3, 112), Scale(min(known), max(known), 27, 4)
    points = " ".join(f"{x(at):g},{y(value):g}" for at, value in enumerate(values))
    at, last = x(len(values) - 1), y(values[-1])
    dot = tag("rect", x=at - 3.5, y=last - 3.5, width=7, height=7, class_="bad") if worse else tag("circle", cx=at, cy=last, r=3, class_="live")
    line = tag("line", x1=3, x2=112, y1=y(promised), y2=y(promised), class_="promise") if promised is not None else None
    return tag("svg", tag("title", said), line, tag("polyline", points=points, class_="live"), dot, viewBox="0 0 118 31", class_="spark", role="img")


def timeline(points: Sequence[Point], marks: Sequence[Mark], metric: str) -> Html:
    """The live metric over time with its interval, the promise of the version that answered as a band, and what happened as marks."""
    moments = [each.at for each in points] + [each.at for each in marks if each.what != "alarm" or points]
    low, high = min(moments).timestamp(), max(moments).timestamp()
    x = Scale(low, high, 52, WIDTH - 14)
    bounds = [value for each in points for value in (each.value, each.low, each.high, each.promised, each.promised_low, each.promised_high)]
    known = sorted(value for value in bounds if value is not None) or [0.0, 1.0]
    margin = (known[-1] - known[0]) * 0.06
    y = Scale(known[0] - margin, known[-1] + margin, 232, 26)
    inside: list[Html] = [
        joined_line(52, WIDTH - 14, y(value), y(value), "grid", tag("text", number(value, 4), x=46, y=y(value) + 4, class_="tick end"))
        for value in y.ticks()
    ]
    inside += [tag("text", day(at), x=x(at.timestamp()), y=250, class_=f"tick {anchor}") for at, anchor in _days(moments)]
    inside += _promises(points, marks, x, y, high)
    for _, run in groupby(points, key=lambda each: each.version):
        several = list(run)
        around = [each for each in several if each.low is not None and each.high is not None]
        if len(around) > 1:
            edge = [(each.at, each.high) for each in around] + [(each.at, each.low) for each in reversed(around)]
            inside.append(tag("polygon", points=_path([(x(at.timestamp()), y(value or 0)) for at, value in edge]), class_="around"))
        inside.append(tag("polyline", points=_path([(x(each.at.timestamp()), y(each.value)) for each in several]), class_="live"))
        inside += [
            tag(
                "circle" if not each.worse else "rect",
                tag("title", _told(each, metric)),
                **(
                    {"cx": x(each.at.timestamp()), "cy": y(each.value), "r": 3}
                    if not each.worse
                    else {"x": x(each.at.timestamp()) - 3.2, "y": y(each.value) - 3.2, "width": 6.4, "height": 6.4}
                ),
                class_="bad" if each.worse else "live",
            )
            for each in several
        ]
    inside += _marks(marks, x)
    title = f"{metric} over time: {many(len(points), 'value')}, {many(sum(each.what == 'alarm' for each in marks), 'alarm')}"
    return tag("svg", tag("title", title), *inside, viewBox=f"0 0 {WIDTH} 258", class_="chart", role="img")


def joined_line(x1: float, x2: float, y1: float, y2: float, class_: str, *beside: Html) -> Html:
    """A line and what stands beside it."""
    return tag("g", tag("line", x1=x1, x2=x2, y1=y1, y2=y2, class_=class_), *beside)


def _promises(points: Sequence[Point], marks: Sequence[Mark], x: Scale, y: Scale, end: float) -> list[Html]:
    """The promise of each version from its first value (or its promotion) until the next version's."""
    found: list[Html] = []
    runs = [list(run) for _, run in groupby(points, key=lambda each: each.version)]
    began = {each.version: each.at for each in marks if each.what != "alarm"}
    starts = [min(run[0].at, began.get(run[0].version, run[0].at)).timestamp() for run in runs] + [end]
    for run, (start, until) in zip(runs, pairwise(starts), strict=True):
        one, left, right = run[-1], x(max(start, x.low)), x(max(until, run[-1].at.timestamp()))
        if one.promised_low is not None and one.promised_high is not None:
            top, bottom = sorted((y(one.promised_low), y(one.promised_high)))
            found.append(tag("rect", x=left, y=top, width=max(right - left, 2), height=bottom - top, class_="band"))
        if one.promised is not None:
            found.append(tag("line", x1=left, x2=max(right, left + 2), y1=y(one.promised), y2=y(one.promised), class_="promise"))
    return found


def _marks(marks: Sequence[Mark], x: Scale) -> list[Html]:
    found, taken = [], -100.0
    for each in marks:
        at, name = x(max(each.at.timestamp(), x.low)), f"v{each.version}"
        said = tag("title", f"{each.what}: version {each.version}, {day(each.at)}. {each.said}")
        if each.what == "alarm":
            found.append(tag("g", said, tag("rect", x=at - 3.5, y=233, width=7, height=7, class_="bad")))
            continue
        place = at if at - taken > 46 else taken + 46
        taken = place
        end = "end" if at > WIDTH - 70 else "start" if at < 90 else "middle"
        label = tag("text", f"{SIGNS[each.what]} {name}", x=place, y=15, class_=f"mark {end}")
        found.append(tag("g", said, tag("line", x1=at, x2=at, y1=20, y2=232, class_="mark"), label))
    return found


def _told(each: Point, metric: str) -> str:
    around = f" ({number(each.low)} to {number(each.high)})" if each.low is not None and each.high is not None else ""
    promised = f", {number(each.promised)} promised{'; worse' if each.worse else ''}" if each.promised is not None else ""
    return f"{day(each.at)}: {metric} {number(each.value)}{around} of version {each.version} on {many(each.rows, 'row')}{promised}"


def _days(moments: Sequence[dt.datetime]) -> list[tuple[dt.datetime, str]]:
    """A few moments to be named along the axis, and to which side of their place the name goes."""
    first, last = min(moments), max(moments)
    if first == last:
        return [(first, "middle")]
    step = (last - first) / 4
    return [(first + i * step, "start" if i == 0 else "end" if i == 4 else "middle") for i in range(5)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def shade(cell: Cell) -> int:
    """The shade of a cell: 0 and 1 within its limit, 2 to 4 beyond it."""
    if not cell.beyond:
        return 0 if cell.excess < STEPS[0] else 1
    return 2 if cell.excess < STEPS[2] else 3 if cell.excess < STEPS[3] else 4


def heat_map(windows: Sequence[DriftWindow], columns: Sequence[str], link: Callable[[DriftWindow, str], str | None]) -> Html:
    """Columns by windows. A cell beyond its limit has a dot in it, so that its shade is not all that tells; where `link` has one, a cell leads there."""
    side = 196
    step = min((WIDTH - side - 8) / max(len(windows), 1), 26)
    inside: list[Html] = []
    for row, column in enumerate(columns):
        top = 8 + row * 24
        inside.append(tag("text", tag("title", column), _cut(column), x=side - 8, y=top + 15, class_="label end"))
        for at, window in enumerate(windows):
            cell, left = window.columns.get(column), side + at * step
            box = {"x": round(left + 0.5, 1), "y": top, "width": round(step - 1, 1), "height": 22, "rx": 2}
            if cell is None:
                inside.append(tag("rect", **box, class_="none"))
                continue
            said = f"{column}, {_when(window)}: {number(cell.excess)} times its limit{f'; {cell.said}' if cell.said else ''}"
            parts = [tag("title", said), tag("rect", **box, class_=f"s{shade(cell)}")]
            if cell.beyond:
                parts.append(tag("circle", cx=round(left + step / 2, 1), cy=top + 11, r=min(2.6, step / 4), class_="dot"))
            where = link(window, column)
            inside.append(tag("a", *parts, href=where, aria_label=said) if where else tag("g", *parts))
    foot = 8 + len(columns) * 24
    for at, (before, after) in enumerate(pairwise(windows), 1):
        if before.version != after.version:
            inside.append(tag("line", x1=side + at * step, x2=side + at * step, y1=2, y2=foot + 4, class_="mark"))
            inside.append(tag("text", f"v{after.version}", x=side + at * step + 3, y=foot + 30, class_="mark start"))
    for at, window in enumerate(windows):
        if window.drifted:
            alarm = tag(
                "rect",
                tag("title", f"alarm: {window.reason}"),
                x=round(side + at * step + step / 2 - 3, 1),
                y=foot + 4,
                width=6,
                height=6,
                class_="bad",
            )
            inside.append(alarm)
    ends = [(0, "start"), (len(windows) - 1, "end")] if len(windows) > 1 else [(0, "start")]
    for at, anchor in ends:
        place = side + at * step if anchor == "start" else side + (at + 1) * step
        inside.append(
            tag("text", day(windows[at].at), x=round(max(place, side + 170) if anchor == "end" else place, 1), y=foot + 30, class_=f"tick {anchor}")
        )
    title = f"drift of {many(len(columns), 'column')} in {many(len(windows), 'window')}"
    return tag("svg", tag("title", title), *inside, viewBox=f"0 0 {WIDTH} {foot + 36}", class_="chart heat", role="group")


def _when(window: DriftWindow) -> str:
    return f"{many(window.rows, 'row')} until {day(window.at)}"


def _cut(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def two_distributions(found: Distribution) -> Html:
    """A pair of bars for each cell of a column: its share in training, and in the window."""
    top = max((share for each in found.bars for share in (each.then, each.now)), default=1.0) or 1.0
    wide = Scale(0, top, 0, WIDTH - 330)
    inside: list[Html] = []
    for row, each in enumerate(found.bars):
        y = 4 + row * 27
        said = f"{each.label}: {each.then:.1%} of the training rows, {each.now:.1%} of this window"
        inside.append(
            tag(
                "g",
                tag("title", said),
                tag("text", _cut(each.label, 30), x=208, y=y + 15, class_="label end"),
                tag("rect", x=216, y=y, width=max(wide(each.then), 0.5), height=10, class_="then"),
                tag("rect", x=216, y=y + 11, width=max(wide(each.now), 0.5), height=10, class_="now"),
                tag("text", f"{each.then:.1%} → {each.now:.1%}", x=round(224 + wide(max(each.then, each.now)), 1), y=y + 15, class_="tick start"),
            )
        )
    title = f"{found.column} in training and in a window of {many(found.rows, 'row')}"
    return tag("svg", tag("title", title), *inside, viewBox=f"0 0 {WIDTH} {8 + len(found.bars) * 27}", class_="chart", role="img")


def batches(found: Sequence[BatchStory]) -> Html:
    """A bar for each batch, as high as the rows that came; what was quarantined stands on top, and a refused batch has a cross under it.

    A batch of many times the usual size (the first one, mostly) is cut, and its number written on it.
    """
    most = max((each.batch.came for each in found), default=1) or 1
    usual = median(each.batch.came for each in found) or 1
    most = most if most <= TALL * usual else 2 * usual
    high, step = Scale(0, most, 0, 112), min((WIDTH - 70) / max(len(found), 1), 26)
    inside = [
        joined_line(
            52, WIDTH - 14, 124 - high(value), 124 - high(value), "grid", tag("text", number(value, 4), x=46, y=128 - high(value), class_="tick end")
        )
        for value in Scale(0, most, 0, 112).ticks(3)
    ]
    for at, each in enumerate(found):
        one, left = each.batch, 54 + at * step
        shown = min(most / (one.came or 1), 1.0)
        kept, out = high((one.came - one.quarantined) * shown), high(one.quarantined * shown)
        said = f"batch {one.batch}: {one.came:,} came, {one.kept:,} kept, {one.quarantined:,} quarantined, {one.duplicates:,} duplicates"
        parts = [tag("title", f"{said}{f'; refused: {one.refused}' if one.refused else ''}")]
        parts.append(tag("rect", x=round(left, 1), y=round(124 - kept, 1), width=round(step - 2, 1), height=kept, class_="then"))
        if one.quarantined:
            tall = max(out, 2)
            parts.append(tag("rect", x=round(left, 1), y=round(124 - kept - tall, 1), width=round(step - 2, 1), height=tall, class_="now"))
        if shown < 1:
            parts.append(tag("text", f"{one.came:,} ↑", x=round(left + step + 2, 1), y=22, class_="tick start"))
        if one.refused or one.alarms:
            parts.append(tag("text", "✕" if one.refused else "!", x=round(left + step / 2 - 1, 1), y=140, class_="mark middle"))
        inside.append(tag("g", *parts))
    return tag(
        "svg",
        tag("title", f"{many(len(found), 'batch').replace('batchs', 'batches')}"),
        *inside,
        viewBox=f"0 0 {WIDTH} 146",
        class_="chart",
        role="img",
    )


def whisker(value: float | None, low: float | None, high: float | None, bounds: tuple[float, float]) -> Html:
    """A gain with its interval around zero."""
    if value is None:
        return Html("")
    x = Scale(*bounds, 4, 156)
    ends = tag("line", x1=x(low), x2=x(high), y1=10, y2=10, class_="whisker") if low is not None and high is not None else None
    side = "good" if low is not None and low > 0 else "bad" if high is not None and high < 0 else "live"
    dot = tag("circle", cx=x(value), cy=10, r=4, class_=side)
    return tag(
        "svg", tag("line", x1=x(0), x2=x(0), y1=1, y2=19, class_="mark"), ends, dot, viewBox="0 0 160 20", class_="whiskers", aria_hidden="true"
    )


def bounds(gains: Sequence[Mapping[str, float | None]]) -> tuple[float, float]:
    """What a column of whiskers reaches over, 0 in its middle."""
    most = max((abs(value) for each in gains for value in each.values() if value is not None), default=1.0) or 1.0
    return -most, most
