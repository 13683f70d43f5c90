"""The page in a real browser: a form is filled in, the answer and its reasons are read, a truth is told."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from lifecycle.references import ModelVersion
from lifecycle.store import keys
from lifecycle.store.lake import lake
from tests.app import browsers
from tests.app.browsers import SCREENSHOTS
from tests.app.http.conftest import NAME, running
from tests.app.http.test_operations import until

pytestmark = [browsers.needed, pytest.mark.system]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, port: int) -> Iterator[Page]:
    """The page of the shop; nothing in it may fail, and nothing may come from elsewhere."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "ontent Security" in message.text else None)
    page.on("request", lambda request: wrong.append(request.url) if f"127.0.0.1:{port}" not in request.url else None)
    page.goto(f"http://127.0.0.1:{port}/ask#{NAME}")
    expect(page.get_by_role("heading", name="a shop's visits")).to_be_visible()
    yield page
    assert wrong == []
    page.close()


def number(text: Any) -> float:
    """A percentage of the page as a share."""
    return float(re.sub(r"[^\d.\-]", "", str(text).replace("\u2212", "-"))) / 100


def test_somebody_asks_and_is_told_why_in_numbers_that_add_up(page: Page) -> None:
    page.get_by_label("amount", exact=True).fill("240.5")
    page.get_by_label("kind", exact=True).select_option(label="a")
    page.get_by_label("age", exact=True).fill("")
    page.keyboard.press("Enter")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("bought: true")
    rows = page.locator("#parts tr")
    expect(rows.first).to_contain_text("average")
    values = [number(rows.nth(i).locator("td").last.inner_text()) for i in range(rows.count())]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.004)  # each is rounded
    shown = re.search(r"probability of ([\d.]+ %)", verdict.inner_text())
    assert shown
    assert number(shown[1]) == pytest.approx(values[-1], abs=0.001)
    if SCREENSHOTS:
        page.wait_for_timeout(2_500)
        page.screenshot(path=str(Path(SCREENSHOTS) / "page.png"), full_page=True)


def test_a_wrong_value_is_named_where_it_is_and_the_reader_is_taken_there(page: Page) -> None:
    amount = page.get_by_label("amount", exact=True)
    amount.fill("-5")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#problem")).to_contain_text("amount")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_be_focused()
    expect(page.locator("#f-amount-note")).to_contain_text("must be 0 to 10,000")
    amount.fill("5")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#verdict")).to_be_visible()
    expect(page.locator("#problem")).to_be_hidden()


def test_what_the_page_cannot_read_is_refused_and_no_old_answer_stays(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#verdict")).to_be_visible()
    amount = page.get_by_label("amount", exact=True)
    amount.fill("")
    amount.press_sequentially("1e")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#f-amount-note")).to_contain_text("that this page can read")
    expect(page.locator("#verdict")).to_be_hidden()


def test_the_link_to_the_form_stays_with_the_use_case(page: Page) -> None:
    page.get_by_label("amount", exact=True).fill("7")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("amount", exact=True)).to_have_value("7")
    assert page.url.endswith(f"#{NAME}")


def test_the_truth_that_is_told_is_kept(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()
    page.get_by_label("What was the truth?").select_option(label="false")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#thanks")).to_have_text("Kept.")
    query = f"SELECT count(*) FROM {NAME}.predictions p JOIN {NAME}.labels l USING (key) WHERE p.origin = 'http' AND l.target = 'false'"
    until(lambda: lake().value(query))


def test_rows_of_a_csv_come_back_with_their_answers(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    head = "visit;at;customer;gender;amount;kind;age;remark"
    file.write_text(
        f'{head}\n81001;2026-02-01 10:00:00;3;f;120.5;a;33;"a; ""quoted"" one"\n81002;2026-02-01 11:00:00;4;m;12;b;;\n', encoding="utf-8-sig"
    )
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.locator("#csvsaid")).to_have_text("visits.csv: 2 rows are answered.")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Answers as CSV").click()
    assert downloaded.value.suggested_filename == "visits-answers.csv"
    rows = list(csv.DictReader(downloaded.value.path().open(newline=""), delimiter=";"))
    assert [row["visit"] for row in rows] == ["81001", "81002"]
    assert rows[0]["remark"] == 'a; "quoted" one'
    assert [(row["prediction"], float(row["probability"]) > 0.5, row["model_version"]) for row in rows] == [("1", True, "1"), ("0", False, "1")]


def test_a_row_of_a_csv_that_the_schema_refuses_is_named(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("visit,at,customer,gender,amount,kind,age\n1,2026-02-01,3,f,12,a,33\n2,2026-02-01,3,f,-12,a,33\n")
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.locator("#csvsaid")).to_contain_text("Row 2, column amount")
    expect(page.locator("#answers")).to_be_hidden()
    file.write_text("visit,at\n1,2026-02-01\n")
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.locator("#csvsaid")).to_contain_text("lacks customer, gender")


def test_percentiles_and_drift_wait_for_a_hundred_rows(page: Page) -> None:
    expect(page.locator("#tiles")).to_contain_text("from 100 requests on")
    expect(page.locator("#driftnote")).to_contain_text("from 100 rows on")


def test_the_live_numbers_move_and_the_card_is_there_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()
    tile = page.locator("#tiles div").filter(has_text="rows predicted").locator("dd")
    expect(tile).not_to_have_text("0")
    rows = [[80_000 + i, "2026-02-01T10:00:00", 3, "f", 120.5, "a", 33] for i in range(100)]
    columns = ("visit", "at", "customer", "gender", "amount", "kind", "age")
    page.request.post("/".join([*page.url.split("/")[:3], NAME, "predict"]), data={"rows": [dict(zip(columns, row, strict=True)) for row in rows]})
    expect(page.locator("#drift tbody tr").first).to_be_visible()
    page.get_by_role("tab", name="Live").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Model card")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Model card")).to_contain_text("How good it is")


def test_every_field_has_a_label_and_dark_is_dark(browser: Browser, port: int) -> None:
    page = browser.new_page(color_scheme="dark", viewport={"width": 390, "height": 800})
    page.goto(f"http://127.0.0.1:{port}/ask#{NAME}")
    expect(page.locator("#fields input").first).to_be_visible()
    bare = page.evaluate("[...document.querySelectorAll('input, select')].filter(e => e.offsetParent && !e.labels.length).length")
    assert bare == 0
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(dark) < 60
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing sticks out on a telephone
    page.close()


def test_where_keys_are_set_the_page_asks_for_one(browser: Browser, version: ModelVersion) -> None:
    key = keys.add("reader")
    try:
        with running() as (_, port):
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{port}/ask")
            expect(page.locator("#notice")).to_contain_text("API key")
            page.get_by_label("API key").fill(key)
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Predict").click()
            expect(page.locator("#verdict")).to_contain_text("version")
            page.close()
    finally:
        keys.revoke("reader")
        keys.forget()
