"""A page of a stranger makes nothing on the servers of this machine, whatever its origin, host name or method; nor does who has no login."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from app import login, prefect_server
from app.stack import link, parts
from app.stack.rest import Server
from lifecycle.store import postgres
from tests.app import browsers
from tests.app.conftest import surroundings
from tests.app.stack.attack import STRANGER, UNPROTECTED, page_of_a_stranger, tried
from tests.app.stack.conftest import Stack
from tests.app.test_prefect_server import USER
from tests.prepared import prepare

pytestmark = pytest.mark.system

EVENT = {
    "id": "11111111-0000-4000-8000-000000000001",
    "occurred": "2026-01-01T00:00:00+00:00",
    "event": f"{STRANGER}.event",
    "resource": {"prefect.resource.id": STRANGER},
    "related": [],
    "payload": {},
}
TRACE = Path(tempfile.gettempdir(), f"lifecycle-stranger-{uuid.uuid4().hex}")  # made if a stranger's step ran
STEP = [{"prefect.deployments.steps.run_shell_script": {"script": f"touch {TRACE}"}}]
KINDS = ("flows", "deployments", "variables", "flow_runs", "block_documents", "work_pools", "automations", "artifacts", "concurrency_limits")
SOCKETS = {"/api/events/in": EVENT, "/api/events/out": {"type": "filter", "filter": {}}, "/api/logs/out": {"type": "filter", "filter": {}}}


def on_prefect(flow: str) -> dict[str, Any]:
    """What a stranger would like to make on a Prefect server that knows a flow."""
    return {
        "/api/flows/": {"name": STRANGER},
        "/api/variables/": {"name": STRANGER, "value": "1"},
        "/api/work_pools/": {"name": STRANGER, "type": "process"},
        "/api/deployments/": {"name": STRANGER, "flow_id": flow, "entrypoint": "flows/train.py:train", "pull_steps": STEP},
        "/api/flow_runs/": {"name": STRANGER, "flow_id": flow},
        "/api/events": [EVENT],
        "/api/admin/settings": {},
    }


ON_MLFLOW = {
    f"/{api}/2.0/mlflow/{path}": {"name": STRANGER} for api in ("api", "ajax-api") for path in ("experiments/create", "registered-models/create")
}


ON_HTTP = {"/shop/labels": {"labels": [{"key": STRANGER, "target": True}]}, "/shop/predict": {"rows": [{}]}}


@pytest.fixture(scope="module")
def small() -> Iterator[Path]:
    """The home folder of a run's own server that is up, and has a flow."""
    home = prepare(Path(tempfile.mkdtemp(prefix="lifecycle-small-")))
    user = subprocess.Popen([sys.executable, "-c", USER], env=surroundings(home, home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdout
    assert user.stdout.readline().startswith("http")
    yield home
    user.communicate("")
    prefect_server.stop(home)
    postgres.stop(home / "postgres")
    shutil.rmtree(home, ignore_errors=True)


def the_small_one(home: Path) -> Server:
    found = prefect_server.running(home)
    assert found
    return Server(found["url"], login.auth(home))


def a_flow(server: Server) -> str:
    return server("POST", "/flows/", {"name": "ours"})["id"]


def made_on_prefect(server: Server) -> list[str]:
    """Of what bears the stranger's name, the kinds."""
    found = [kind for kind in KINDS if STRANGER in json.dumps(server.found(kind))]
    events = server("POST", "/events/filter", {"filter": {"event": {"prefix": [STRANGER]}, "occurred": {"since": "2025-12-01T00:00:00+00:00"}}})
    return found + ["events"] * bool(events["events"])


def made_on_mlflow(stack: Stack) -> list[str]:
    found = []
    for path in ("experiments/search", "registered-models/search"):
        request = urllib.request.Request(f"{stack.mlflow}/api/2.0/mlflow/{path}?max_results=1000")
        request.add_header("Authorization", login.header(login.auth(stack.home)))
        with urllib.request.urlopen(request, timeout=30) as answer:
            found += [path] * (STRANGER in answer.read().decode())
    return found


def labelled(stack: Stack) -> list[str]:
    return [line for line in parts.said(f"{stack.http}/metrics").splitlines() if line.startswith("lifecycle_labels_total")]


@browsers.needed
def test_a_page_of_another_makes_and_reads_nothing_also_in_a_browser_that_is_logged_in(stack: Stack, small: Path) -> None:
    run_server = the_small_one(small)
    targets = [
        (stack.prefect, on_prefect(a_flow(stack.server)), SOCKETS),
        (stack.mlflow, ON_MLFLOW, {"/": {}}),
        (run_server.api.removesuffix("/api"), on_prefect(a_flow(run_server)), SOCKETS),
        (stack.http, ON_HTTP, {}),
    ]
    labels = labelled(stack)
    with browsers.chromium(*UNPROTECTED) as browser, page_of_a_stranger() as port:
        context = browser.new_context()
        page = context.new_page()
        for address in (stack.prefect, stack.mlflow):
            page.goto(link.link(stack.home, address))
            page.wait_for_url(lambda url: not url.endswith("/open"))
        for address, posts, sockets in targets:
            found = tried(context, address, {"posts": posts, "sockets": sockets}, port)
            assert set(found) == {"another port", "another port of the same name", "another host", "another name of the server", "sandboxed"}
            assert not any(found.values()), (address, found)
    assert made_on_prefect(stack.server) == []
    assert made_on_prefect(run_server) == []
    assert made_on_mlflow(stack) == []
    assert labelled(stack) == labels
    assert not TRACE.exists()


FOREIGN = [
    {"Host": "stranger.example:{port}"},
    {"Host": "127.0.0.1:1"},
    {"Host": "127.0.0.1.stranger.example:{port}"},
    {"Host": "localhost:{port}@stranger.example"},
    {"Host": ""},
    {"Origin": "null"},
    {"Origin": "http://stranger.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1:{port}.stranger.example"},
    {"Origin": "file://"},
    {"Origin": "\u00e9"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]
NO_LOGIN = [
    {},
    {"Authorization": "Basic"},
    {"Authorization": "Basic \u00e9\u00e9"},
    {"Authorization": "Bearer x"},
    {"Authorization": "Basic bGlmZWN5Y2xlOng="},
]


@pytest.mark.parametrize("which", ["prefect", "mlflow", "small"])
def test_a_foreign_host_or_origin_is_turned_away_even_with_the_login_and_a_stranger_without(stack: Stack, small: Path, which: str) -> None:
    home = small if which == "small" else stack.home
    address = {"prefect": stack.prefect, "mlflow": stack.mlflow, "small": the_small_one(small).api.removesuffix("/api")}[which]
    path = "/api/2.0/mlflow/experiments/create" if which == "mlflow" else "/api/flows/"
    port = int(address.rpartition(":")[2])

    def asked(headers: dict[str, str], method: str = "POST") -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.putrequest(method, path, skip_host="Host" in headers)
        body = json.dumps({"name": STRANGER}).encode()
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
            connection.putheader(name, value.format(port=port).encode())
        connection.endheaders(body)
        status = connection.getresponse().status
        connection.close()
        return status

    known = {"Authorization": login.header(login.auth(home))}
    for headers in FOREIGN:
        for method in ("POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"):
            assert asked(headers | known, method) in (400, 403), (headers, method)
    for headers in NO_LOGIN:
        assert asked(headers) == 401, headers
    assert asked({**known, "Origin": f"http://localhost:{port}", "Host": f"localhost:{port}", "Sec-Fetch-Site": "same-origin"}) in (200, 201)
    name, value = login.cookie(login.auth(home))
    by_cookie = asked({"Cookie": f"other=1; {name}={value}"})
    assert by_cookie == (400 if which == "mlflow" else 401)  # it is made already; the cookie opens MLflow alone


def test_our_own_pages_are_not_shown_in_frames_of_others(stack: Stack) -> None:
    for address in (f"{stack.prefect}/dashboard", f"{stack.mlflow}/", f"{stack.prefect}/open"):
        request = urllib.request.Request(address, headers={"Accept": "text/html"})
        request.add_header("Authorization", login.header(login.auth(stack.home)))
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_the_login_is_the_owners_and_goes_to_no_server_of_somebody_else(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifecycle.settings import Settings

    assert login.file(small).stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv(login.LOGIN, login.auth(small))
    monkeypatch.setenv(login.KEY, "a key for the cloud")
    seen: list[str] = []
    with listening(seen) as theirs:
        monkeypatch.setenv(login.API, theirs)
        assert prefect_server.start(Settings(home=small)) == theirs
        assert login.LOGIN not in os.environ
        assert os.environ[login.KEY] == "a key for the cloud"
    assert login.secret(small) not in "".join(seen)
    ours = the_small_one(small).api
    monkeypatch.setenv(login.API, ours)
    assert prefect_server.start(Settings(home=small)) == ours
    assert os.environ[login.LOGIN] == login.auth(small)
    assert login.KEY not in os.environ


def listening(seen: list[str]) -> Any:
    """A Prefect server of somebody else, which remembers what it was told."""
    import threading
    from contextlib import contextmanager
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(str(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"true")

        def log_message(self, format: str, *_: object) -> None:
            pass

    @contextmanager
    def up() -> Iterator[str]:
        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        server.server_close()

    return up()
