"""A challenger from the rows that are there, and the gate's verdict on it."""

from typing import Any

from prefect import flow

from flows.summary import of_snapshot, of_training
from tasks import stages
from tasks.journey import Journey


@flow(name="train", flow_run_name="train {use_case}")
def train(use_case: str, fresh: bool = False) -> dict[str, Any]:
    """Make features, search for the best model, train it, judge it, and promote it if it is shown to be better.

    Args:
        use_case: Whose model to train.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = Journey(use_case, fresh, ahead=stages.preload)
    snapshot = stages.ingested(use_case)
    parts = go(stages.split, go(stages.featurize, snapshot))
    evaluated = go(stages.evaluate, go(stages.train, go(stages.tune, parts)))
    version = go(stages.register, evaluated)
    verdict = go(stages.promote, version)
    return {**go.summary(), **of_snapshot(snapshot), **of_training(evaluated, version, verdict)}
