"""Run a flow here: a Prefect server beside it, its stages shown as they go."""

import argparse
import importlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

from app import environment, prefect_server, server_watch
from app.answer import Answer
from app.listing import known
from app.progress import watch
from app.summary import summary
from lifecycle import extras, registry
from lifecycle.reading import relations
from lifecycle.settings import settings
from lifecycle.sources import spelling

MODULES = {"lifecycle": "loop"}
"""Flows whose file has another name: Prefect puts the folder of a flow's file first on the path, where a `lifecycle.py` would hide the package."""


def whole_loop(options: argparse.Namespace) -> Answer:
    """`lifecycle run`: collect to monitor."""
    return _answer(options, "lifecycle", source=options.source or "", fresh=options.fresh)


def ingest(options: argparse.Namespace) -> Answer:
    """`lifecycle ingest`."""
    return _answer(options, "ingest", source=options.source or "")


def train(options: argparse.Namespace) -> Answer:
    """`lifecycle train`."""
    return _answer(options, "train", fresh=options.fresh)


def score(options: argparse.Namespace) -> Answer:
    """`lifecycle score`."""
    return _answer(options, "score")


def monitor(options: argparse.Namespace) -> Answer:
    """`lifecycle monitor`."""
    return _answer(options, "monitor")


def _answer(options: argparse.Namespace, flow: str, **parameters: Any) -> Answer:
    began = time.monotonic()
    known(options.use_case)
    environment.prepare(settings(), debug=options.debug)
    with watch():
        data = run(flow, options.use_case, **parameters)
    if "promoted" in data:
        from app.report import beside

        data["card"] = beside(options.use_case, data["model_version"], settings())
    return Answer(data, summary(data, time.monotonic() - began))


def run(flow: str, use_case: str, **parameters: Any) -> dict[str, Any]:
    """Run `flows.FLOW` for a use case in this process.

    The server starts while Prefect, the flow and the definition are imported; a wrong definition fails before it is up.
    """
    at, source = settings(), parameters.get("source") or None
    if source:  # what was typed is looked at before a server is started for it
        relations.there(spelling.chosen(registry.find(use_case), source))
    url = prefect_server.start(at)
    ready = _meanwhile(lambda: prefect_server.wait(at, url))
    definition = registry.find(use_case)
    extras.check(definition)
    if "source" in parameters:
        relations.there(spelling.chosen(definition, source))
    function = getattr(importlib.import_module(f"flows.{MODULES.get(flow, flow)}"), flow)
    _warm_up()
    ready.result()
    with server_watch.watched(at, url), _without_heartbeat() if prefect_server.shared(at, url) else nullcontext():
        return function(use_case=use_case, **parameters)


def _meanwhile(work: Callable[[], None]) -> "Future[None]":
    """Do some work in a thread that nobody has to wait for."""
    future: Future[None] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return future


def _warm_up() -> None:
    """Import what Prefect itself imports late, while the server is still starting."""
    for name in ("prefect.flow_engine", "prefect.task_engine"):
        importlib.import_module(name)


def _without_heartbeat() -> Any:
    """A server of our own has nobody who listens for heartbeats, and ending their thread takes a second."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
