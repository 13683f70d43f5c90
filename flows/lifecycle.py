"""The whole loop, once: from the source to a watched champion."""

from typing import Any

from prefect import flow

from flows.summary import of_loop
from tasks import stages
from tasks.journey import Journey


@flow(name="lifecycle", flow_run_name="lifecycle {use_case}", validate_parameters=True)
def lifecycle(use_case: str, source: str | None = None, fresh: bool = False) -> dict[str, Any]:
    """Collect, validate, train, judge, promote, score and monitor.

    Args:
        use_case: Whose loop to run.
        source: A file, a query, or a generator's parameters, in place of the use case's own source.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = Journey(use_case, fresh, ahead=stages.preload)
    batch = go(stages.collect, source)
    snapshot = go(stages.validate, batch)
    features = go(stages.featurize, snapshot)
    parts = go(stages.split, features)
    tuned = go(stages.tune, parts)
    trained = go(stages.train, tuned)
    evaluated = go(stages.evaluate, trained)
    version = go(stages.register, evaluated)
    verdict = go(stages.promote, version)
    scored = go(stages.score, features)
    drift = go(stages.monitor, features)
    return of_loop(go, snapshot, evaluated, version, verdict, scored, drift)
