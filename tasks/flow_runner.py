"""A flow's way through the stages: runs each, keeps the time, remembers which were answered from the cache."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from prefect import Task, get_client
from prefect.context import FlowRunContext, get_run_context
from prefect.utilities.urls import url_for

from lifecycle import extras, registry
from lifecycle.dependencies import answers
from lifecycle.progress import emit
from lifecycle.sources.spelling import chosen
from lifecycle.store import tracking
from tasks import limits, secrets
from tasks.outcome import outcome, tell


def start(use_case: str | None) -> None:
    """First thing in a flow: refuse a wrong name at once, and tag the run with a right one.

    Raises:
        LifecycleError: there is no such use case, its definition is wrong, or it needs what is not installed.
    """
    if use_case is None:
        return
    extras.check(registry.find(use_case))
    run = get_run_context()
    if isinstance(run, FlowRunContext) and run.flow_run and use_case not in run.flow_run.tags:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.flow_run.id, tags=[*run.flow_run.tags, use_case])


def _page() -> str:
    """The address of this flow run's page; empty where nothing shows it."""
    run = get_run_context()
    return (isinstance(run, FlowRunContext) and run.flow_run and url_for(run.flow_run)) or ""


class FlowRunner:
    """The stages of one flow run, in the order they are called."""

    def __init__(self, use_case: str, fresh: bool = False, prefetch: Callable[[], object] | None = None) -> None:
        """`prefetch` is called once a first stage has really run: what later stages will need can be made ready meanwhile."""
        start(use_case)
        tracking.origin.set(_page())
        secrets.register_resolver()
        self.use_case = use_case
        self.outcome = ""
        """What the last stage said."""
        self.prefetch = prefetch
        self.fresh = fresh
        self.seconds: dict[str, float] = {}
        self.cached: list[str] = []
        self.answered: list[dt.datetime] = []
        """When the answers that were found in the cache were given."""

    def given(self, source: str) -> str | None:
        """A source as it was typed, `None` for the use case's own; refused before any stage runs where it may not be read, or holds a secret.

        Raises:
            LifecycleError: it is refused.
        """
        limits.begin()
        if source:
            secrets.keep_out(source)
            chosen(registry.find(self.use_case), source)
        return source or None

    def __call__(self, stage: Task[..., Any], *inputs: Any) -> Any:
        """Run a stage; `fresh` lets no cached answer stand for it."""
        name = stage.name
        began = time.perf_counter()
        chosen = stage.with_options(refresh_cache=True) if self.fresh else stage
        state = chosen(self.use_case, *inputs, return_state=True)
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - began, 3)
        if not state.is_completed():
            emit(name, "failed")
            state.result()
        result = state.result()
        if state.name == "Cached":
            self.cached += [name] if name not in self.cached else []
        elif self.prefetch:
            self.prefetch()
            self.prefetch = None
        told = outcome(result)
        self.outcome = told
        if state.name == "Cached":
            given = answers.given(state.state_details.cache_key or "")
            self.answered += [given] if given else []
            self.outcome = f"nothing has changed since{f' {clocked(given)}' if given else ''}: {told}"
            tell(f"{name}: {self.outcome}")
        emit(name, "cached" if state.name == "Cached" else "done", told)
        return result

    def summary(self) -> dict[str, Any]:
        """What every flow says of its way."""
        unchanged = max(self.answered).isoformat() if self.answered and set(self.seconds) == set(self.cached) else None
        return {"use_case": self.use_case, "cached": self.cached, "seconds": self.seconds, "unchanged_since": unchanged}


def clocked(moment: dt.datetime) -> str:
    """A moment as it is said: of today its clock alone."""
    here = moment.astimezone()
    return f"{here:%H:%M}" if here.date() == dt.datetime.now().astimezone().date() else f"{here:%Y-%m-%d %H:%M}"
