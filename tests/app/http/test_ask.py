"""The page that asks a model: it says first where none answers, and a picture is drawn into its fields."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle.settings import Settings, settings
from lifecycle.sources import Generated
from schemas.roles import column
from tests.app import browsers
from tests.challengers import parts_of
from tests.served import Client, beside, champion, serving
from tests.toys import toy

pytestmark = [browsers.needed, pytest.mark.system]
POINTS = ("point_0_0", "point_0_1", "point_1_0", "point_1_1")


class Drawn(pa.DataFrameModel):
    """A picture of 2 x 2 points, and whether its upper half is the darker one."""

    number: int = column("key", ge=0)
    point_0_0: int = column(ge=0, le=16)
    point_0_1: int = column(ge=0, le=16)
    point_1_0: int = column(ge=0, le=16)
    point_1_1: int = column(ge=0, le=16)
    upper: bool = column("target", nullable=True)


def drawn(**_: Any) -> Iterator[pl.DataFrame]:
    """Two thousand of them."""
    random = np.random.default_rng(3)
    points = random.integers(0, 17, (2_000, 4))
    upper = points[:, :2].sum(1) + random.normal(0, 4, 2_000) > points[:, 2:].sum(1)
    named = {name: points[:, at] for at, name in enumerate(POINTS)}
    yield pl.DataFrame({"number": np.arange(2_000), **named, "upper": upper})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    picture = toy("asked_picture", schema=Drawn, source=Generated(drawn, deterministic=True), features=lambda rows: rows.select(POINTS))
    champion(picture, parts_of(picture), beside=beside)
    silent = toy("asked_silent", title="nobody answers")
    application = create(Options(use_cases=(picture, silent), at=Settings(**settings().model_dump()), place=Place()))
    with serving(application, "app.http.timeouts:TimeoutProtocol") as port:
        Client(port).until("/ready", lambda _, said: said["use_cases"]["asked_picture"]["ready"])
        yield port


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


def test_where_no_model_answers_the_page_says_so_and_offers_no_form(browser: Browser, port: int) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/ask#asked_silent")
    expect(page.get_by_role("heading", name="Nothing answers yet")).to_be_visible()
    expect(page.locator("#nonewhy")).to_contain_text("has no champion yet")
    expect(page.locator("#form")).to_be_hidden()
    expect(page.locator("#several")).to_be_hidden()
    page.get_by_role("link", name="What was decided so far").click()
    expect(page.get_by_role("heading", name="nobody answers")).to_be_visible()
    page.close()


def test_a_picture_is_drawn_with_the_mouse_and_by_keyboard(browser: Browser, port: int) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/ask#asked_picture")
    board = page.get_by_role("grid")
    expect(board).to_be_visible()
    page.get_by_role("button", name="Empty").click()
    box = board.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 3 * box["width"] / 4, box["y"] + box["height"] / 4, steps=5)
    page.mouse.up()
    assert [page.locator(f"#f-{name}").input_value() for name in POINTS] == ["16", "16", "7", "7"]
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#verdict")).to_contain_text("upper: true")
    page.get_by_role("gridcell", name="row 1, column 1").focus()
    page.keyboard.press("Delete")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.locator("#f-point_1_0").input_value() == "16"
    page.close()


def test_a_column_with_few_values_is_a_choice_and_another_value_can_be_typed(browser: Browser, port: int) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/ask#asked_picture")
    expect(page.get_by_role("grid")).to_be_visible()
    field = {"name": "doors", "type": "integer", "few": [1, 2, 3], "choices": [], "nullable": True, "example": 2, "words": []}
    page.evaluate("each => at('asking').before(field(each, each.name))", field)
    doors = page.get_by_label("doors", exact=True)
    expect(doors).to_have_value("2")
    expect(doors.locator("option")).to_have_text(["—", "1", "2", "3", "another value …"])
    doors.select_option(label="another value …")
    page.get_by_label("doors", exact=True).fill("5")
    assert page.evaluate("value(at('f-doors'))") == 5
    page.close()
