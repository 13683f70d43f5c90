"""Every stage as a task: which parts of a definition each depends on, and what it shows."""

from typing import TYPE_CHECKING

from lifecycle import collect as collecting
from lifecycle import evaluate as evaluating
from lifecycle import featurize as featurizing
from lifecycle import history, registry
from lifecycle import monitor as monitoring
from lifecycle import promote as promoting
from lifecycle import register as registering
from lifecycle import score as scoring
from lifecycle import split as splitting
from lifecycle import train as training
from lifecycle import tune as tuning
from lifecycle import validate as validating
from lifecycle.errors import Lost
from lifecycle.journal import intake
from lifecycle.references import Snapshot
from lifecycle.rows.raw import current
from lifecycle.store import tracking, versions
from lifecycle.store.lake import lake
from tasks import artifacts, events
from tasks.policies import stage

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MODEL = ("problem", "schema", "metric", "positive", "threshold", "seed")


def _source(use_case: "UseCase", source: str | None = None) -> str | None:
    return collecting.content_key(use_case, source)


def _champion(use_case: "UseCase", *inputs: object) -> str:
    """Scoring and monitoring depend on who is champion, and on what has come over HTTP: what waits here is taken in first."""
    intake.take(use_case)
    labels = lake().value(f"SELECT count(*) FROM {use_case.name}.labels")
    served = lake().value(f"SELECT count(*) FROM {use_case.name}.predictions WHERE origin <> 'batch'")
    try:
        champion = history.champion(use_case.name)
    except Lost:
        return f"lost/{labels}/{served}"
    return f"{champion and champion.version}/{labels}/{served}"


def _registered(use_case: "UseCase", *inputs: object) -> str:
    """A registration stands as long as its version does: one that somebody deleted in MLflow is made again."""
    gone = sorted({*versions.recorded(use_case.name)} - {*versions.numbers(use_case.name)})
    return f"{gone or ''}"


def _decided(use_case: "UseCase", *inputs: object) -> str:
    """A verdict stands until a person decides otherwise."""
    return str(sum(row["action"] != history.JUDGED for row in history.ledger(use_case.name)))


def _refused(use_case: str, reason: str) -> None:
    """Tell whoever listens, and whoever looks."""
    events.refused(use_case, reason)
    artifacts.refused(use_case, reason)


collect = stage(collecting.collect, reads=("source", "schema", "bad_rows", "surprises"), also=_source, refused=_refused)
validate = stage(
    validating.validate,
    reads=("schema", "bad_rows", "surprises", "arrivals"),
    also=validating.others,
    show=[artifacts.quality, events.quarantined],
    refused=_refused,
)
featurize = stage(featurizing.featurize, reads=("features", "schema", "history", "split", "slices", "seed"))
split = stage(splitting.split, reads=("split", "most_rows", "schema", "history", "problem", "positive", "seed"))
tune = stage(tuning.tune, reads=("candidates", "tuning", *MODEL), show=[artifacts.leaderboard])
train = stage(training.train, reads=("candidates", *MODEL))
evaluate = stage(evaluating.evaluate, reads=("slices", "gate", "selective_labels", "monitoring", *MODEL), show=[artifacts.evaluation])
register = stage(registering.register, reads=("title", *MODEL), also=_registered, show=[artifacts.mlflow_run, artifacts.card])
promote = stage(promoting.promote, reads=("gate", "approval", *MODEL), also=_decided, show=[artifacts.verdict, events.judged])
score = stage(scoring.score, reads=MODEL, also=_champion)
monitor = stage(monitoring.monitor, reads=("monitoring", *MODEL), also=_champion, show=[artifacts.drift, events.alarms])


def preload() -> None:
    """Import MLflow and scikit-learn in a thread while DuckDB and Polars work."""
    tracking.preload()


def ingested(use_case: str) -> Snapshot:
    """The rows that are there, whoever brought them."""
    return current(registry.find(use_case))
