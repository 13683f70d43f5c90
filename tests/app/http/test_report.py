"""The pages of the service over a use case with a story: in a browser from the overview to a bad column; who may decide; what is escaped."""

import datetime as dt
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle.history import ledger, standing
from lifecycle.settings import Settings, settings
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.monitor import monitor
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.stages.validate import validate
from lifecycle.store import keys
from lifecycle.usecase import Gate, Monitoring, UseCase
from tests.app import browsers
from tests.challengers import evaluated, parts_of
from tests.served import Client, beside, champion, serving
from tests.toys import toy

NAME, EVIL = "told_shop", "<script>alert(1)</script>"


CASE = toy(
    NAME,
    title=f"visits {EVIL}",
    parameters={"rows": 6_000},
    approval="human",
    gate=Gate(rows=200, days=1, fairness=1.0),
    monitoring=Monitoring(window=dt.timedelta(hours=8)),
)


@cache
def told() -> UseCase:
    """A shop with a poor champion, rows after it whose amounts have grown, and a better version that waits for a person."""
    parts = parts_of(CASE)
    champion(CASE, parts, beside=beside, alpha=1e7)
    verdict = promote(CASE, register(CASE, evaluated(CASE, parts)))
    assert verdict.waiting, verdict.reason
    features = featurize(CASE, validate(CASE, collect(CASE, "rows=9000,shift=2.0")))
    score(CASE, features)
    monitor(CASE, features)
    return CASE


@contextmanager
def service(**changes: Any) -> Iterator[int]:
    """The port of a service of the shop."""
    told()
    at = Settings(**{**settings().model_dump(), "intake_seconds": 0.5, **changes})
    with serving(create(Options(use_cases=(CASE,), at=at, place=Place())), "app.http.timeouts:TimeoutProtocol") as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        yield port


def ask(port: int, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST" if body is not None else "GET", path, None if body is None else json.dumps(body), given)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with service() as port:
        yield port


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


def test_pages_say_how_a_use_case_stands_and_no_word_of_it_is_markup(port: int) -> None:
    for path in ("/", f"/{NAME}", f"/{NAME}/card/2", f"/{NAME}/compare/1/2"):
        status, text = ask(port, path)
        assert (status, EVIL in text, "visits" in text) == (200, False, True), path
    state = json.loads(ask(port, "/overview.json")[1])["use_cases"][0]
    assert (state["name"], state["champion"], state["waiting"]) == (NAME, 1, [2])
    assert state["health"]["word"] in ("look", "alarm")
    windows = json.loads(ask(port, f"/{NAME}/overview.json")[1])["windows"]
    assert any(window["columns"]["amount"]["beyond"] for window in windows)


def test_what_is_not_there_is_said_on_a_page(port: int) -> None:
    status, text = ask(port, f"/{NAME}/card/77")
    assert (status, "version 77 must be a registered model version" in text) == (404, True)
    assert ask(port, f"/{NAME}/card/x")[0] == 422
    assert "it is one version" in ask(port, f"/{NAME}/compare/1/1")[1]


def test_a_decision_needs_a_name_and_is_json(port: int) -> None:
    path, asked = f"/{NAME}/decisions", {"version": 2, "decision": "approve"}
    assert "needs a name" in ask(port, path, asked)[1]
    assert ask(port, path, {**asked, "by": "anna"}, Content_Type="text/plain")[0] == 415
    assert ask(port, path, {**asked, "by": "anna"}, Origin="http://elsewhere.example")[0] == 403
    assert ask(port, path, {**asked, "by": "anna", "decision": "promote"})[0] == 422
    assert ask(port, path, {**asked, "by": "anna", "version": 1})[0] == 409
    assert standing(ledger(NAME)).champion == 1


def test_with_keys_pages_are_empty_without_one_and_only_named_keys_decide() -> None:
    asked = {"version": 2, "decision": "approve", "by": "somebody else"}
    reader, boss = keys.add("reader"), keys.add("boss")
    try:
        with service(approvers="boss, other") as port:
            for path in ("/", f"/{NAME}", f"/{NAME}/card/1"):
                status, text = ask(port, path)
                assert (status, "API key" in text, "visits" in text, NAME in text.replace(path, "")) == (200, True, False, False), path
            assert ask(port, "/overview.json")[0] == ask(port, f"/{NAME}/overview.json")[0] == ask(port, f"/{NAME}/decisions", asked)[0] == 401
            assert "visits" in ask(port, "/", X_API_Key=reader)[1]
            assert ask(port, f"/{NAME}/decisions", asked, X_API_Key=reader)[0] == 403
            assert "data-version" not in ask(port, f"/{NAME}", X_API_Key=reader)[1]
            assert "data-version" in ask(port, f"/{NAME}", X_API_Key=boss)[1]
            assert ask(port, f"/{NAME}/decisions", {**asked, "version": 1}, X_API_Key=boss)[0] == 409
    finally:
        for name in ("reader", "boss"):
            keys.revoke(name)
        keys.forget()


def test_a_service_that_others_reach_without_a_key_takes_no_decision() -> None:
    at = Settings(**settings().model_dump())
    with serving(create(Options(use_cases=(told(),), at=at, place=Place(host="0.0.0.0"))), "app.http.timeouts:TimeoutProtocol") as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        assert ask(port, f"/{NAME}/decisions", {"version": 2, "decision": "approve", "by": "eve"})[0] == 403
        assert "data-version" not in ask(port, f"/{NAME}")[1]


@browsers.needed
@pytest.mark.system
def test_from_the_overview_to_a_bad_column_then_and_now_and_a_version_is_approved_from_its_evidence(browser: Browser, port: int) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda request: wrong.append(request.url) if f"127.0.0.1:{port}" not in request.url and not request.url.startswith("data:") else None,
    )
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("link", name=NAME, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"visits {EVIL}")
    cell = page.locator("svg.heat a[aria-label^='amount,']").last
    cell.focus()
    page.keyboard.press("Enter")
    figure = page.locator("figure.dist:target")
    expect(figure).to_be_visible()
    expect(figure).to_contain_text("amount, then and now")
    assert figure.locator("rect.now").count() == figure.locator("rect.then").count() > 3
    panel = page.locator("section.waits")
    expect(panel.locator("tbody tr").first).to_contain_text("passed")
    page.get_by_role("link", name="beside version 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("version 2 beside version 1")
    expect(page.locator("#flips tbody tr").first).to_be_visible()
    page.go_back()
    page.get_by_label("your name").fill("anna")
    page.get_by_label("why").fill("seen beside the champion")
    page.get_by_role("button", name="Approve version 2").click()
    expect(page.locator("table.history tbody tr").first).to_contain_text("approved")
    newest = ledger(NAME)[-1]
    assert (newest.model_version, newest.actor, newest.reason, newest.promoted) == (2, "anna", "seen beside the champion", True)
    assert wrong == []
    page.close()


@browsers.needed
@pytest.mark.system
@pytest.mark.parametrize("path", ["", NAME, f"{NAME}/compare/1/2"])
def test_nothing_sticks_out_on_a_telephone_and_dark_is_dark(browser: Browser, port: int, path: str) -> None:
    page = browser.new_page(color_scheme="dark", viewport={"width": 390, "height": 800})
    page.goto(f"http://127.0.0.1:{port}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wide = "[...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > innerWidth && !each.closest('.scroll'))"
    beyond = page.evaluate(f"{wide}.slice(0, 5).map(each => each.outerHTML.slice(0, 200))")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), beyond
    assert max(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")) < 60
    page.close()
