"""The steps that flows are made of, each a few stages in their order, run by whoever goes through them (`go`)."""

from flows.challenge import Goes, Judged, challenge
from lifecycle.references import DriftReport, Features, Snapshot, Watched
from tasks import stages


def bring(go: Goes, source: str | None) -> Snapshot:
    """New rows into the lake: those of a source, and of the further sources of the kind of problem; the numbers are those of the first."""
    snapshot = go(stages.validate, go(stages.collect, source))
    own = {name: getattr(snapshot, name) for name in ("came", "kept", "quarantined", "duplicates")}
    for name in stages.further(go.use_case):
        snapshot = go(stages.validate, go(stages.collect, name)).model_copy(update=own)
    return snapshot


def learn(go: Goes, features: Features) -> Judged:
    """A challenger, and the verdict on it."""
    return challenge(go, go(stages.tune, go(stages.split, features)))


def look(go: Goes, features: Features) -> tuple[DriftReport, Watched]:
    """Whether the world is still the champion's, and what follows if it is not."""
    report = go(stages.monitor, features)
    return report, go(stages.watch, report, features)
