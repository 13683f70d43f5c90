"""What came of a task, as one sentence: in its log, in the list of stages, in the run's own end."""

from contextlib import suppress
from typing import Any

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from lifecycle.reading.secrets_in_text import masked


def outcome(result: Any) -> str:
    """A reference as a line for a person."""
    from lifecycle import maintain
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
        case maintain.Freed():
            return result.told()
        case kinds.Scored():
            return f"{result.rows:,} new predictions by version {result.version}" if result.version else "no champion yet"
        case _:
            return ""


def tell(text: str) -> None:
    """Log a sentence at INFO where a run is there to have it."""
    with suppress(MissingContextError):
        get_run_logger().info(text)
