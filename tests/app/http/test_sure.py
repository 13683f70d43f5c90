"""How sure an answer is, the same wherever it is read: in batch, over HTTP, in OpenAPI and on the page."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle.references import ModelVersion
from lifecycle.settings import Settings, settings
from lifecycle.stages.score import score
from lifecycle.store import models
from lifecycle.store.lake import lake
from lifecycle.usecase import UseCase
from tests.app import browsers
from tests.app.http.conftest import ROW
from tests.challengers import parts_of
from tests.served import Client, beside, champion, serving
from tests.toys import toy

FIELDS = {"regression": ["low", "high"], "multiclass": ["set"], "binary": ["set"]}
LEFT = r"(Neither \S+ nor \S+ can be|All but \S+ is) ruled out: for 90 % of the rows of each class"
SAID = {"regression": r"The truth lies between \S+ and \S+ for 90 % of rows\.", "multiclass": LEFT, "binary": LEFT}


def of(problem: str) -> UseCase:
    return toy(f"sure_{problem}", problem=problem)


@pytest.fixture(scope="module", params=FIELDS)
def version(request: pytest.FixtureRequest) -> ModelVersion:
    use_case = of(request.param)
    return champion(use_case, parts_of(use_case), beside=beside)


@pytest.fixture(scope="module")
def port(version: ModelVersion) -> Iterator[int]:
    at = Settings(**{**settings().model_dump(), "flush_seconds": 0.05, "intake_seconds": 0.5})
    with serving(create(Options(use_cases=(of(version.use_case.removeprefix("sure_")),), at=at, place=Place()))) as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        yield port


def test_batch_and_http_give_the_same_interval_or_set(version: ModelVersion, port: int) -> None:
    problem = version.use_case.removeprefix("sure_")
    score(of(problem), version.evaluated.trained.parts.features)
    names = ", ".join(f"p.{name}" for name in FIELDS[problem])
    kept = lake().frame(
        f"""SELECT {names}, r.* EXCLUDE (bought) FROM {version.use_case}.predictions p JOIN {version.use_case}.raw r ON p.key = r.visit::VARCHAR
        WHERE p.origin = 'batch' ORDER BY r.visit LIMIT 40"""
    )
    rows = kept.select(list(ROW)).with_columns(kept["at"].dt.to_string("iso:strict")).to_dicts()
    status, answer = Client(port).post(f"/{version.use_case}/predict", {"rows": rows})
    assert status == 200, answer
    for one, row in zip(answer["predictions"], kept.to_dicts(), strict=True):
        for name in FIELDS[problem]:
            wanted = json.loads(row[name]) if name == "set" else pytest.approx(row[name])
            assert one[name] == wanted
    if problem == "regression":
        assert all(one["low"] < one["prediction"] < one["high"] for one in answer["predictions"])
    else:
        assert {len(one["set"]) for one in answer["predictions"]} == {1, 2}


def test_the_fields_are_documented_and_may_be_missing_and_the_model_says_the_coverage(version: ModelVersion, port: int) -> None:
    problem, client = version.use_case.removeprefix("sure_"), Client(port)
    operation = client.get("/openapi.json")[1]["paths"][f"/{version.use_case}/predict"]["post"]
    one: dict[str, Any] = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["predictions"]["items"]
    for name in FIELDS[problem]:
        assert name in one["properties"]
        assert name not in one["required"]
        assert "a share of 0.9" in one["properties"][name]["description"]
    assert client.get(f"/{version.use_case}/model")[1]["coverage"] == 0.9
    model = models.load(version.run_id, version.sha256, version.location)
    assert of(problem).kind.coverage_of(model) == 0.9


@browsers.needed
@pytest.mark.system
def test_the_page_says_how_sure_the_answer_is(version: ModelVersion, port: int) -> None:
    import re

    with browsers.chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"http://127.0.0.1:{port}/ask#{version.use_case}")
        page.get_by_role("button", name="Predict").click()
        expect(page.locator("#sure")).to_have_text(re.compile(SAID[version.use_case.removeprefix("sure_")]))
        if browsers.SCREENSHOTS:
            page.screenshot(path=f"{browsers.SCREENSHOTS}/{version.use_case}.png", full_page=True)
