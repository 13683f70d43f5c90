"""What a search found, fitted, judged and registered; where it is refused for what a plainer model may do better, that one too, once."""

from lifecycle.references import Evaluated, ModelVersion, Tuned, Verdict
from tasks import stages
from tasks.flow_runner import FlowRunner

Judged = tuple[Evaluated, ModelVersion, Verdict]


def challenge(go: FlowRunner, tuned: Tuned) -> Judged:
    """The challenger of a search and the verdict on it; those of the plainer one where only that passed. Both verdicts are in the ledger."""
    found = _judged(go, tuned)
    if not (tuned.plainer and found[-1].asks_plainer):
        return found
    second = _judged(go, go(stages.plainer, tuned))
    return second if second[-1].promoted or second[-1].waiting else found


def _judged(go: FlowRunner, tuned: Tuned) -> Judged:
    evaluated = go(stages.evaluate, go(stages.train, tuned))
    version = go(stages.register, evaluated)
    return evaluated, version, go(stages.promote, version)
