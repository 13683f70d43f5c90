"""The steps that flows are made of, each a few stages in their order, run by whoever goes through them (`go`)."""

from flows.challenge import Goes, Judged, challenge
from lifecycle.references import DriftReport, Features, Snapshot, Watched
from tasks import stages


def bring(go: Goes, source: str | None) -> Snapshot:
    """New rows into the lake."""
    return go(stages.validate, go(stages.collect, source))


def learn(go: Goes, features: Features) -> Judged:
    """A challenger, and the verdict on it."""
    return challenge(go, go(stages.tune, go(stages.split, features)))


def look(go: Goes, features: Features) -> tuple[DriftReport, Watched]:
    """Whether the world is still the champion's, and what follows if it is not."""
    report = go(stages.monitor, features)
    return report, go(stages.watch, report, features)
