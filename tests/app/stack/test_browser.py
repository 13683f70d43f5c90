"""The Prefect interface in a real browser: the form is opened, a run is started, its plots are seen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app import browsers
from tests.app.browsers import SCREENSHOTS
from tests.app.stack.conftest import ROOT, Stack

pytestmark = [browsers.needed, pytest.mark.system]


@pytest.fixture(scope="module")
def page(stack: Stack) -> Iterator[Page]:
    """A page of a headless browser that was opened with the link."""
    with browsers.chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(60_000)
        page.goto(stack.command("open").stdout.split()[0])
        page.wait_for_url(re.compile("/dashboard"))
        yield page


def test_somebody_who_does_not_program_runs_the_loop_and_sees_the_plots(stack: Stack, page: Page) -> None:
    deployment = stack.server("GET", "/deployments/name/lifecycle/lifecycle")["id"]
    page.goto(f"http://127.0.0.1:{4200 + stack.offset}/deployments/deployment/{deployment}/run")
    expect(page.get_by_text("Whose loop to run.")).to_be_visible()
    expect(page.get_by_text("Run every stage anew, whatever the cache says.")).to_be_visible()
    _choose(page, "viewed")
    picture(page, "form")
    page.get_by_role("button", name="Submit").click()
    runs = stack.until(lambda: stack.server.found("flow_runs", {"flow_runs": {"name": {"any_": ["lifecycle viewed"]}}}))
    ended = stack.wait(runs[0]["id"])
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    assert ended["parameters"]["use_case"] == "viewed"
    stack.until(
        lambda: _logged(stack, ended["id"], "promoted version 1")
    )  # the last lines come seconds after the state, and the page does not ask again
    page.goto(f"http://127.0.0.1:{4200 + stack.offset}/runs/flow-run/{ended['id']}")
    expect(page.get_by_text(re.compile("promoted version 1")).first).to_be_visible()
    page.get_by_text("Artifacts", exact=True).last.click()
    expect(page.get_by_text("viewed-verdict")).to_be_visible()
    picture(page, "run")
    artifact = stack.server.found("artifacts", {"artifacts": {"key": {"any_": ["viewed-evaluation"]}}})[0]
    page.goto(f"http://127.0.0.1:{4200 + stack.offset}/artifacts/artifact/{artifact['id']}")
    plots = page.locator("img[src^='data:image/png']")
    expect(plots.first).to_be_visible()
    page.wait_for_timeout(500)
    widths = [plot.evaluate("plot => plot.naturalWidth") for plot in plots.all()]
    assert len(widths) >= 3
    assert min(widths) > 300
    plots.first.scroll_into_view_if_needed()
    picture(page, "evaluation")


def test_the_link_opens_both_interfaces_and_nobody_is_asked_for_a_password(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.prefect}/deployments")
    expect(page.get_by_role("link", name="lifecycle").first).to_be_visible()
    page.goto(f"{stack.prefect}/runs")
    expect(page.get_by_text("lifecycle viewed").first).to_be_visible()
    assert page.locator("input[type=password]").count() == 0
    page.goto(f"{stack.mlflow}/#/models")
    expect(page.get_by_text("viewed").first).to_be_visible()
    assert "open" not in page.evaluate("JSON.stringify(performance.getEntriesByType('navigation')[0].name)")


def test_an_artifact_of_a_run_is_seen_in_mlflow(stack: Stack, page: Page) -> None:
    page.goto(stack.mlflow)
    asked = {"order_by": ["attributes.start_time DESC"], "experiment_ids": [str(number) for number in range(20)], "max_results": 50}
    runs = page.evaluate(
        "async (asked) => (await (await fetch('/ajax-api/2.0/mlflow/runs/search', {method: 'POST', headers: {'content-type': "
        "'application/json'}, body: JSON.stringify(asked)})).json()).runs",
        asked,
    )
    seen = page.evaluate(
        """async (runs) => {
          for (const run of runs) {
            const id = run.info.run_id;
            const listed = await (await fetch(`/ajax-api/2.0/mlflow/artifacts/list?run_id=${id}`)).json();
            const file = (listed.files || []).find((one) => !one.is_dir);
            if (file) return [(await fetch(`/get-artifact?path=${encodeURIComponent(file.path)}&run_uuid=${id}`)).status, file.path];
          }
        }""",
        runs,
    )
    assert seen[0] == 200
    put = "async () => (await fetch('/ajax-api/2.0/mlflow-artifacts/artifacts/x', {method: 'PUT', body: 'x'})).status"
    assert page.evaluate(put) >= 400
    assert not (ROOT / "mlartifacts").exists()


def _logged(stack: Stack, run: str, text: str) -> bool:
    """Whether the server has a log line of a run that says this."""
    return any(text in line["message"] for line in stack.server.found("logs", {"logs": {"flow_run_id": {"any_": [run]}}}))


def _choose(page: Page, wanted: str) -> None:
    """Choose another use case in the form's list."""
    chosen = page.locator(".p-select-button__control").first
    chosen.focus()
    page.keyboard.press("ArrowDown")
    page.locator("[class*=p-select-option]").get_by_text(wanted, exact=True).first.click()
    expect(chosen).to_have_text(wanted)


def picture(page: Page, name: str) -> None:
    """Take a picture for the README."""
    if SCREENSHOTS:
        page.wait_for_timeout(3_000)  # for what fades in
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"))
