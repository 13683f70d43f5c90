"""Every stage as a task: what each depends on beside its code, the definition and its inputs, and what it shows."""

from typing import TYPE_CHECKING

from lifecycle import history, registry
from lifecycle.errors import Lost
from lifecycle.monitoring import live_rows
from lifecycle.prediction_log import ingest
from lifecycle.references import Snapshot
from lifecycle.stages import collect as collecting
from lifecycle.stages import evaluate as evaluating
from lifecycle.stages import featurize as featurizing
from lifecycle.stages import monitor as monitoring
from lifecycle.stages import plainer as simplifying
from lifecycle.stages import promote as promoting
from lifecycle.stages import register as registering
from lifecycle.stages import score as scoring
from lifecycle.stages import split as splitting
from lifecycle.stages import train as training
from lifecycle.stages import tune as tuning
from lifecycle.stages import validate as validating
from lifecycle.stages import watch as watching
from lifecycle.store import tables, tracking, versions
from lifecycle.store.lake import lake
from lifecycle.table.raw import current
from tasks import artifacts, events
from tasks.policies import stage

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def further(name: str) -> list[str]:
    """The names of further sources that have something; what clients have told waits on this machine, and is taken into the lake first."""
    use_case = registry.find(name)
    if not (names := list(use_case.kind.sources(use_case))):
        return []
    ingest.take(use_case)
    tables.prepare(lake(), name)
    return names if lake().value(f"SELECT count(*) FROM {name}.labels") else []


def _source(use_case: "UseCase", source: str | None = None) -> str | None:
    return collecting.content_key(use_case, source)


def _champion(use_case: "UseCase", *inputs: object) -> str:
    """Scoring depends on who is champion, and counts what it has said over HTTP: what waits here is taken in first."""
    ingest.take(use_case)
    try:
        champion = history.champion(use_case.name)
    except Lost:
        return "lost"
    number = champion.version if champion else 0
    served = lake().value(f"SELECT count(*) FROM {use_case.name}.predictions WHERE model_version = ? AND origin <> 'batch'", [number])
    return f"{number}/{served}"


def _lived(use_case: "UseCase", *inputs: object) -> str:
    """Monitoring depends on everything that was said, and on the labels."""
    return f"{_champion(use_case)} {live_rows.heard(use_case.name)}"


def _stood(use_case: "UseCase", *inputs: object) -> str:
    """What follows depends on what was decided, too: a rollback that was undone by hand is no rollback any more."""
    return f"{_lived(use_case)} {len(history.ledger(use_case.name))}"


def _registered(use_case: "UseCase", *inputs: object) -> str:
    """A registration stands as long as its version does: one that somebody deleted in MLflow is made again."""
    gone = sorted({*versions.recorded(use_case.name)} - {*versions.numbers(use_case.name)})
    return f"{gone or ''}"


def _decided(use_case: "UseCase", *inputs: object) -> str:
    """A verdict stands until a person decides otherwise."""
    return str(sum(decision.action != history.JUDGED for decision in history.ledger(use_case.name)))


def _refused(use_case: str, reason: str) -> None:
    """Tell whoever listens, and whoever looks."""
    events.refused(use_case, reason)
    artifacts.refused(use_case, reason)


collect = stage(collecting.collect, also=_source, refused=_refused)
validate = stage(
    validating.validate,
    also=validating.others,
    show=[artifacts.quality, events.quarantined],
    refused=_refused,
)
featurize = stage(featurizing.featurize)
split = stage(splitting.split)
tune = stage(tuning.tune, show=[artifacts.leaderboard])
plainer = stage(simplifying.plainer)
train = stage(training.train)
evaluate = stage(evaluating.evaluate, show=[artifacts.evaluation])
register = stage(registering.register, also=_registered, show=[artifacts.mlflow_run, artifacts.card])
promote = stage(promoting.promote, also=_decided, show=[artifacts.verdict, events.judged])
score = stage(scoring.score, also=_champion)
monitor = stage(monitoring.monitor, also=_lived, show=[artifacts.drift, artifacts.story, events.alarms])
watch = stage(watching.watch, also=_stood, show=[artifacts.watched, events.taken_back])


def preload() -> None:
    """Import MLflow and scikit-learn in a thread while DuckDB and Polars work."""
    tracking.preload()


def ingested(use_case: str) -> Snapshot:
    """The rows that are there, whoever brought them."""
    return current(registry.find(use_case))
