"""A flow's way through the stages: runs each, keeps the time, remembers which were answered from the cache."""

import time
from collections.abc import Callable
from typing import Any

from prefect import Task

from lifecycle.progress import say


class Journey:
    """The stages of one flow run, in the order they are called."""

    def __init__(self, use_case: str, fresh: bool = False, ahead: Callable[[], object] | None = None) -> None:
        """`ahead` is called once a first stage has really run: what later stages will need can be made ready meanwhile."""
        self.use_case = use_case
        self.ahead = ahead
        self.fresh = fresh
        self.seconds: dict[str, float] = {}
        self.cached: list[str] = []

    def __call__(self, stage: Task[..., Any], *inputs: Any) -> Any:
        """Run a stage; `fresh` lets no cached answer stand for it."""
        name = stage.name
        began = time.perf_counter()
        chosen = stage.with_options(refresh_cache=True) if self.fresh else stage
        state = chosen(self.use_case, *inputs, return_state=True)
        self.seconds[name] = round(time.perf_counter() - began, 3)
        if not state.is_completed():
            say(name, "failed")
            state.result()
        result = state.result()
        if state.name == "Cached":
            self.cached.append(name)
        elif self.ahead:
            self.ahead()
            self.ahead = None
        say(name, "cached" if state.name == "Cached" else "done", outcome(result))
        return result

    def summary(self) -> dict[str, Any]:
        """What every flow says of its way."""
        return {"use_case": self.use_case, "cached": self.cached, "seconds": self.seconds}


def outcome(result: Any) -> str:
    """A reference as a line for a person."""
    from lifecycle import references as kinds

    match result:
        case kinds.Batch():
            return f"{result.rows:,} rows from {result.source}"
        case kinds.Snapshot():
            return f"{result.kept:,} kept, {result.quarantined:,} quarantined, {result.duplicates:,} duplicates; {result.rows:,} rows in all"
        case kinds.Features():
            return f"{len(result.names)} inputs for {result.rows:,} rows"
        case kinds.Parts():
            return ", ".join(f"{name} {count:,}" for name, count in result.counts.items())
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
        case kinds.Verdict() | kinds.DriftReport():
            return result.reason
        case kinds.Scored():
            return f"{result.rows:,} new predictions by version {result.version}" if result.version else "no champion yet"
        case _:
            return ""
