"""A flow's way through the stages: runs each, keeps the time, remembers which were answered from the cache."""

import time
from collections.abc import Callable
from typing import Any

from prefect import Task, get_client
from prefect.context import FlowRunContext, get_run_context
from prefect.utilities.urls import url_for

from lifecycle import extras, registry
from lifecycle.progress import emit
from lifecycle.reading.secrets_in_text import masked
from lifecycle.sources.spelling import chosen
from lifecycle.store import tracking
from tasks import limits, secrets


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
        self.outcome = f"nothing has changed since: {told}" if state.name == "Cached" else told
        emit(name, "cached" if state.name == "Cached" else "done", told)
        return result

    def summary(self) -> dict[str, Any]:
        """What every flow says of its way."""
        return {"use_case": self.use_case, "cached": self.cached, "seconds": self.seconds}


def outcome(result: Any) -> str:
    """A reference as a line for a person."""
    from lifecycle import references as kinds

    match result:
        case kinds.Batch():
            return f"{result.rows:,} rows from {masked(result.source)}"
        case kinds.Snapshot():
            counts = f"{result.kept:,} kept, {result.quarantined:,} quarantined, {result.duplicates:,} duplicates; {result.rows:,} rows in all"
            return "; ".join([counts, *(f"ALARM {alarm}" for alarm in result.alarms)])
        case kinds.Features():
            return f"{len(result.names)} inputs for {result.rows:,} rows"
        case kinds.Parts():
            sampled = f"; a sample of {', '.join(f'{name} {rows:,}' for name, rows in result.used.items())} is used" if result.used else ""
            return ", ".join(f"{name} {count:,}" for name, count in result.counts.items()) + sampled
        case kinds.Tuned():
            return f"{result.recipe.candidate} is the best of {result.trials} trials ({result.score:.4f})"
        case kinds.Trained():
            return f"{result.recipe.candidate} fitted"
        case kinds.Evaluated():
            low, high = result.intervals.get(result.metric, (float("nan"), float("nan")))
            base = result.baseline.get(result.metric, float("nan"))
            return f"{result.metric} {result.holdout[result.metric]:.4f} [{low:.4f}, {high:.4f}], constant baseline {base:.4f}"
        case kinds.ModelVersion():
            return f"version {result.version}"
        case kinds.Verdict() | kinds.DriftReport() | kinds.Watched():
            return result.reason
        case kinds.Scored():
            return f"{result.rows:,} new predictions by version {result.version}" if result.version else "no champion yet"
        case _:
            return ""
