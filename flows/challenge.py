"""What a search found, fitted, judged and registered; where it is refused for what a plainer model may do better, that one too, once."""

from typing import TYPE_CHECKING, Any, Protocol

from lifecycle.references import Evaluated, ModelVersion, Tuned, Verdict
from tasks import stages

if TYPE_CHECKING:
    from prefect import Task

Judged = tuple[Evaluated, ModelVersion, Verdict]


class Goes(Protocol):
    """Runs a stage with what it is given, and returns its answer."""

    @property
    def use_case(self) -> str:
        """The name of the use case that the stages are of."""
        ...

    def __call__(self, stage: "Task[..., Any]", *inputs: Any) -> Any:
        """Run it."""
        ...


def challenge(go: Goes, tuned: Tuned) -> Judged:
    """The challenger of a search and the verdict on it; those of the plainer one where only that passed. Both verdicts are in the ledger."""
    found = _judged(go, tuned)
    if not (tuned.plainer and found[-1].asks_plainer):
        return found
    second = _judged(go, go(stages.plainer, tuned))
    return second if second[-1].promoted or second[-1].waiting else found


def _judged(go: Goes, tuned: Tuned) -> Judged:
    evaluated = go(stages.evaluate, go(stages.train, tuned))
    version = go(stages.register, evaluated)
    return evaluated, version, go(stages.promote, version)
