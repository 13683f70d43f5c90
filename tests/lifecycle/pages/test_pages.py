"""Pages: what comes from data is text in them, and a file of its own loads nothing."""

import re

import pytest

from lifecycle.overview.overview import overview
from lifecycle.overview.state import SIGNS, Health, Overview, UseCaseState
from lifecycle.pages.charts import Scale, sparkline
from lifecycle.pages.file import picture
from lifecycle.pages.frame import Links
from lifecycle.pages.html import address, tag
from lifecycle.pages.markdown import rendered
from lifecycle.pages.overview_page import overview_page
from lifecycle.reports.markdown import code, plain
from tests.toys import toy

NASTY = [
    "<script>alert(1)</script>",
    '" onmouseover="x',
    "</style><b>",
    "a & b",
    "`</code><i>`",
    "**<u>**",
    "\u202eesrever",
    "a\\|b",
    "[x](javascript:y)",
]


@pytest.mark.parametrize("text", NASTY)
def test_a_text_stays_a_text_wherever_it_stands(text: str) -> None:
    said = tag("p", text, title=text)
    assert said.count("<") == 2
    assert re.fullmatch(r'<p title="[^"<>]*">[^<>]*</p>', said)
    assert "\u202e" not in said


@pytest.mark.parametrize("text", NASTY)
def test_a_text_of_the_data_in_a_card_is_no_markup(text: str) -> None:
    html = rendered(f"# A {plain(text)}\n\n| {plain(text)} | b |\n|---|---|\n| {code(text)} | {plain(text)} |\n\n- {plain(text)}")
    assert set(re.findall(r"<(/?\w+)", html)) <= {
        name for each in ("h1", "div", "table", "thead", "tbody", "tr", "th", "td", "code", "ul", "li") for name in (each, f"/{each}")
    }
    assert "<div" not in re.sub(r'<div class="wide">', "", html)


def test_a_card_s_markdown_becomes_what_it_says() -> None:
    html = rendered("# T\n\n**b** and *e* and `c`\n\n```sh\nrun <x>\n```\n\n| | |\n|---|---|\n| a\\|b | 2 |")
    for piece in ("<h1>T</h1>", "<strong>b</strong>", "<em>e</em>", "<code>c</code>", "<pre>run &lt;x&gt;</pre>", "<td>a|b</td>"):
        assert piece in html


def test_an_address_leads_nowhere_else() -> None:
    assert address("../..", "//evil", up=1) == "../..%2F../%2F%2Fevil"


def test_a_file_of_its_own_loads_nothing_and_says_health_in_words_too() -> None:
    states = [UseCaseState(name=f"n{at}", title=NASTY[0], health=Health(word=word, why=(NASTY[1],))) for at, word in enumerate(SIGNS)]
    text = overview_page(Overview(lake_version=1, read_at=overview([toy("drawn")]).read_at, use_cases=tuple(states)), Links())
    assert not re.search(r"<script|<link|src=|href=\"(?!#)|url\(|@import", text)
    for word, sign in SIGNS.items():
        assert f"{sign} {word}" in text


def test_a_drawing_is_a_file_with_its_style_in_it() -> None:
    svg = picture(sparkline([0.8, 0.7], 0.9, True, "worse"))
    assert svg.startswith(b'<svg viewBox="0 0 118 31"')
    assert b'xmlns="http://www.w3.org/2000/svg"' in svg
    assert b"<style>" in svg


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.7812, 0.8533), (-3e4, 2e5), (5.0, 5.0), (1e-9, 2e-9)])
def test_an_axis_has_a_few_round_places(low: float, high: float) -> None:
    scale = Scale(low, high, 0, 100)
    assert 2 <= len(scale.ticks()) <= 7
    assert all(-0.1 <= scale(each) <= 100.1 for each in scale.ticks())
