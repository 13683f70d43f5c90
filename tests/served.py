"""Registered models for tests of what serves them, and a real service to ask over HTTP."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lifecycle.decisions import promote_by_hand
from lifecycle.evaluation import shapley
from lifecycle.evaluation.metrics import compute
from lifecycle.fit import fit
from lifecycle.monitoring import profile
from lifecycle.monitoring.typical_values import typical
from lifecycle.predict import predict
from lifecycle.references import Evaluated, ModelVersion, Parts, Recipe, Trained
from lifecycle.stages.register import register
from lifecycle.store import models, tracking
from lifecycle.table.parts import rows
from lifecycle.usecase import UseCase
from tests.challengers import report

WAIT = 60


Beside = Callable[[UseCase, Parts, str, Any], dict[str, str]]


def registered(use_case: UseCase, parts: Parts, candidate: str = "linear", beside: Beside | None = None, **params: Any) -> ModelVersion:
    """A version with a model of one of the use case's families, trained, calibrated and compiled as usual, evaluated in a hurry.

    `beside` writes what else evaluation keeps into the run (use case, parts, run, model), and gives the hashes.
    """
    train, tune, gate = (rows(use_case, parts, part) for part in ("train", "tune", "gate"))
    family = next(each for each in use_case.candidates if each.name == candidate)
    recipe = Recipe(candidate=candidate, params={**family.defaults, **params})
    model = fit(use_case, recipe, train, tune)
    run = tracking.begin(use_case.name, "test", "")
    sha256 = models.save(run, use_case, model, train.X.head(5), predict(use_case, model, train.X.head(5)))
    files = tracking.write(run, "evaluation.json", report()) | (beside(use_case, parts, run, model) if beside else {})
    numbers = compute(use_case, gate.y, predict(use_case, model, gate.X))
    evaluated = Evaluated(
        use_case=use_case.name, trained=Trained(use_case=use_case.name, parts=parts, recipe=recipe, run_id=run, sha256=sha256),
        metric=use_case.metric, mode="holdout", holdout=numbers, intervals={}, train=numbers, baseline=numbers, linear={}, files=files,
    )  # fmt: skip
    return register(use_case, evaluated)


def beside(use_case: UseCase, parts: Parts, run: str, model: Any) -> dict[str, str]:
    """The profile and the background, as evaluation writes them."""
    train, gate = (rows(use_case, parts, part) for part in ("train", "gate"))
    reference = profile.reference(use_case, train, predict(use_case, model, gate.X)) | {"typical": typical(use_case, parts.features.snapshot.version)}
    files = tracking.write(run, "profile.json", json.dumps(reference))
    return files | tracking.write(run, shapley.FILE, shapley.background(train.X, use_case.seed))


def champion(use_case: UseCase, parts: Parts, candidate: str = "linear", beside: Beside | None = None, **params: Any) -> ModelVersion:
    """The same, made champion."""
    version = registered(use_case, parts, candidate, beside, **params)
    promote_by_hand(use_case, version.version, "test")
    return version


class Client:
    """One connection to a service."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
        self._last = 0.0

    def get(self, path: str) -> tuple[int, Any]:
        """The status and the decoded answer."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """The same for JSON, or for bytes as they are."""
        return self._ask("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode())

    def until(self, path: str, holds: Callable[[int, Any], bool]) -> Any:
        """The first answer for which something holds."""
        end, answer = time.monotonic() + WAIT, None
        while time.monotonic() < end:
            status, answer = self.get(path)
            if holds(status, answer):
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{path} still says {answer}")

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        if self._last < time.monotonic() - 3:
            self._connection.close()  # the service closes what has been idle for 5 s
        self._last = time.monotonic()
        self._connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


@contextmanager
def serving(application: Any, http: str = "httptools") -> Iterator[int]:
    """A service in a thread of this process. Gives its port."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, port=0, loop="uvloop", http=http, ws="none", log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(WAIT)
