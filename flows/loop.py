"""The whole loop, once: from the source to a watched champion.

Not `lifecycle.py`: Prefect puts the folder of a flow's file first on the path, and that file would hide the package.
"""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import steps
from flows.parameters import SourceText, UseCaseName
from flows.summary import done, of_loop, of_watch, plainly, told
from tasks import stages
from tasks.flow_runner import FlowRunner


@flow(name="lifecycle", flow_run_name="lifecycle {use_case}")
@plainly
def lifecycle(use_case: UseCaseName, source: SourceText = "", fresh: bool = False) -> State[dict[str, Any]]:
    """Run the whole loop once: collect, validate, train, judge, promote what is proven better, score and monitor.

    What has not changed since the last run is not done again.

    Args:
        use_case: Whose loop to run.
        source: Empty for the use case's own source. Else a file or glob, an address (https, s3, postgresql, sqlite), SQL, a generator's
            parameters, or a range of its own source as in from=2024-01-01,until=2024-02-01.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = FlowRunner(use_case, fresh, prefetch=stages.preload)
    snapshot = steps.bring(go, go.given(source))
    features = go(stages.featurize, snapshot)
    evaluated, version, verdict = steps.learn(go, features)
    scored = go(stages.score, features)
    drift, watched = steps.look(go, features)
    return done({**of_loop(go, snapshot, evaluated, version, verdict, scored, drift), **of_watch(watched)}, told(verdict))
