"""What passes between stages: small frozen values that say where things are. Rows stay in the lake."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from lifecycle.gate.numbers import Gain, VerdictNumbers
from lifecycle.json_model import JsonModel


class Reference(BaseModel):
    """A frozen value; `key` names what it refers to: two references with one key mean the same thing."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")  # a metric can be undefined

    use_case: str
    key: str = ""


class Batch(Reference):
    """Rows read from a source, typed and staged as Parquet, not yet judged."""

    source: str
    """Where they came from, without secrets."""
    content: str
    """A hash of what came: the same content has the same hash."""
    folder: str
    """Holds `rows.parquet` (typed) and `rejects.parquet` (what could not be read)."""
    given: str | None = None
    """What was asked for in place of the definition's own source."""
    rows: int
    """All rows that came: those staged and those rejected."""
    new_columns: tuple[str, ...] = ()
    """Columns of the source that the schema does not know."""
    reached: str | None = None
    """Of an incremental source: the newest value of its cursor that came."""
    files: str | None = None
    """Of a source that is read by new files: what was read, as JSON, each with what tells its content."""
    adds: bool = False
    """Whether rows without a key join those that came from this source before, instead of taking their place."""
    after: int = 0
    """The newest batch of the same source that the ledger had when this one was read; 0: none. What it says of the source is true after that."""


class Snapshot(Reference):
    """The valid rows of a use case at one version of the lake."""

    table: str = "raw"
    version: int
    fingerprint: str
    """A hash of the rows themselves, whatever their order."""
    rows: int
    batch: int
    came: int
    kept: int
    quarantined: int
    duplicates: int
    """Of the newest batch: `came = kept + quarantined + duplicates`."""
    alarms: tuple[str, ...] = ()
    """What is unusual about the newest batch, one sentence each."""
    notes: tuple[str, ...] = ()
    """What its columns were that the schema does not say, one sentence each."""


class Features(Reference):
    """The feature table made from a snapshot."""

    snapshot: Snapshot
    version: int
    rows: int
    names: tuple[str, ...]
    """The columns that a model may see, in order."""


class Parts(Reference):
    """Where a split drew its lines. With the definition's `split` it gives every row, old or new, its part."""

    features: Features
    bounds: dict[str, Any]
    """The split's `Boundaries`, as JSON can hold them: which these are, only the split can tell (`Split.drawn`)."""
    counts: dict[str, int]
    """Rows by part: `train`, `tune`, `gate`, and `gap`, `warm_up`, `unlabelled` where there are some."""
    labelled: int = 0
    """Rows whose label was known when the lines were drawn, whatever their part: the deployed model is fitted on these."""
    sample: dict[str, float] = {}
    """Of the parts of which a sample is used: the draw (`lifecycle.table.sample`) below which a row is in it."""
    used: dict[str, int] = {}
    """How many rows these samples have."""


class Recipe(BaseModel):
    """How to make a model again: a candidate of the definition and its hyperparameters."""

    model_config = ConfigDict(frozen=True)

    candidate: str
    """`average` for the weighted average of `parts`, whose weights `params` then has, by candidate."""
    params: dict[str, Any] = {}
    parts: tuple["Recipe", ...] = ()


class Alternative(BaseModel):
    """A recipe of a search that was not chosen, with its score on the tune part."""

    model_config = ConfigDict(frozen=True)

    recipe: Recipe
    score: float


class Tuned(Reference):
    """The recipe that did best on rows the gate never sees."""

    parts: Parts
    recipe: Recipe
    run_id: str
    """The MLflow run that holds the trials, and will hold the model."""
    score: float
    trials: int
    stopped: str = ""
    """Why the search ended early, if it did."""
    plainer: tuple[Alternative, ...] = ()
    """The best recipe of each family that is plainer than the chosen one, the best first."""
    files: dict[str, str] = {}
    """The SHA-256 of what was written beside the model so far, by its path in the run."""


class Trained(Reference):
    """A recipe fitted twice (`lifecycle.fit.Fits`); both models are kept as artifacts of their MLflow run."""

    parts: Parts
    recipe: Recipe
    run_id: str
    sha256: str
    """Of the deployed model's files."""
    judged_sha256: str = ""
    """The same of the judged model; empty where one model is both, as before there were two."""
    files: dict[str, str] = {}
    """As in `Tuned`."""


class Evaluated(Reference):
    """A trained model with its evaluation, kept as `evaluation.json` and plots in its MLflow run."""

    trained: Trained
    metric: str
    mode: Literal["holdout", "cross-validation"]
    holdout: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    train: dict[str, float]
    baseline: dict[str, float]
    linear: dict[str, float]
    last: dict[str, float] = {}
    """Of the last known label, where rows have an order."""
    files: dict[str, str] = {}
    """As in `Tuned`; with all that evaluation wrote."""


class ModelVersion(Reference):
    """A registered model (the deployed fit of its recipe), as it was when it was registered: kept in PostgreSQL, where MLflow's writers do not reach."""

    version: int
    run_id: str
    sha256: str
    """Of the model's files (`lifecycle.store.models.fingerprint`)."""
    evaluated: Evaluated
    division: str = ""
    """By what rule rows were given their parts: where the definition has another now, its lines say nothing of today's rows."""
    location: str = ""
    """Where the model's files lie: a folder, or an address such as `s3://...`."""
    judged_location: str = ""
    """The same of the judged fit, which the promise is of; empty where one model is both."""
    run_location: str = ""
    """The same of what its run keeps beside the model."""
    files: dict[str, str] = {}
    """The SHA-256 of each of these, by its path: nothing is read whose hash is another."""
    tags: dict[str, str] = {}
    """The SHA-256 of each tag that MLflow's registry was given: tags are for whoever looks there, and nothing is read from them."""
    commit: str = ""
    dirty: bool = False
    lock: str = ""
    seed: int = 0
    """The code, the libraries and the seed that it was made with."""

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of all that is loaded of it: of each model's files together, and of each file beside them."""
        judged = self.evaluated.trained.judged_sha256
        return {"model": self.sha256, **({"judged": judged} if judged else {}), **self.files}

    @property
    def judged(self) -> tuple[str, str, str]:
        """The judged fit, as `lifecycle.store.models.load` takes it: its run, its SHA-256, its location."""
        sha256 = self.evaluated.trained.judged_sha256
        return (self.run_id, sha256, self.judged_location) if sha256 else (self.run_id, self.sha256, self.location)


class Verdict(Reference):
    """What the gate said of a challenger, with its numbers."""

    version: int
    promoted: bool
    waiting: bool = False
    """Whether a person has to approve it."""
    reason: str
    champion: int | None
    """The champion it was compared with."""
    numbers: VerdictNumbers = VerdictNumbers()

    @property
    def asks_plainer(self) -> bool:
        """Whether it was refused for something that a plainer model of the same search may do better."""
        return not self.promoted and not self.waiting and any(each.plainer and not each.passed for each in self.numbers.checks)


class Watched(Reference):
    """What follows an alarm, and how a new champion does beside the one before it."""

    version: int
    """The champion that was looked at; 0: there is none."""
    previous: int | None = None
    """The one before it, which it was compared with."""
    rolled_back: bool = False
    """Whether the one before is champion again because of that."""
    reason: str = ""
    """One or two clauses; empty where there was no alarm and nobody is watched."""
    windows: int = 0
    rows: int = 0
    """Of rows labelled since the promotion: how many whole windows, and rows in these."""
    gain: Gain | None = None
    """What the champion gains over the one before in the deciding metric on these rows."""
    confidence: float | None = None
    """Of the interval of the gain."""


class Scored(Reference):
    """A batch of predictions in the lake."""

    version: int
    rows: int
    total: int
    """All predictions of this model version so far."""


class LiveWindow(JsonModel):
    """A window of labelled rows: how many, until when, and the metric on them; `None` where it is undefined."""

    rows: int
    until: str | None
    live: float | None


class LabelAge(JsonModel):
    """Live performance on rows whose labels came after at most so many days: quick labels are often of other rows than slow ones."""

    days: float
    rows: int
    live: float | None


class LiveCoverage(JsonModel):
    """In which share of `rows` labelled rows the interval or set of an answer held the truth, with its interval, beside what is stated."""

    rows: int
    stated: float
    observed: float
    low: float | None
    high: float | None

    @property
    def short(self) -> bool:
        """Whether it is shown to fall short of what is stated."""
        return self.high is not None and self.high < self.stated


class LiveCalibration(JsonModel):
    """Whether what happened is as frequent as the probabilities say.

    Attributes:
        of: what the probabilities are of, in words.
        rows: on how many labelled rows.
        probability: the mean probability.
        observed, low, high: the share of rows where it happened, with its interval.
        error: the expected calibration error.
    """

    of: str
    rows: int
    probability: float
    observed: float
    low: float | None
    high: float | None
    error: float | None

    @property
    def off(self) -> bool:
        """Whether the mean probability is outside what was observed, by more than chance explains."""
        return self.low is not None and self.high is not None and not self.low <= self.probability <= self.high


class PerformanceEstimate(JsonModel):
    """What a metric is expected to be where no label has come yet, if the probabilities are right.

    Attributes:
        metric, expected: which metric, and what it should be.
        rows, since, until: of how many rows without a label, from when to when (ISO 8601).
        error: the same estimate less the truth on the newest rows with labels; `None` where there are none.
    """

    metric: str
    expected: float
    rows: int
    since: str | None = None
    until: str | None = None
    error: float | None = None


class Finding(JsonModel):
    """Something that is not as it was.

    Attributes:
        kind: where: in the `inputs`, the `predictions`, how inputs go together (`joint`), the `labels` (the share of the target), or the
            `performance`.
        name: the column, the pair of columns (`a ~ b`), or the metric.
        said: what was found, in words, with its numbers.
    """

    kind: Literal["inputs", "predictions", "joint", "labels", "performance"]
    name: str
    said: str


class LivePerformance(JsonModel):
    """A model's metric on rows whose truth became known after it was judged, beside what the gate promised.

    Attributes:
        metric, live, interval: which metric, what it is, and its interval where the rows can give one.
        promised: what it was on the gate's rows.
        rows, since, until: of how many labelled rows, from when to when (ISO 8601).
        worse: whether it falls short of the promise by more than chance explains.
        drifted: whether that is an alarm: it is worse, and was below the promise in as many of the newest windows as the policy asks for.
        windows: the newest ones.
        selective_labels: as the definition says it.
        enough: whether there were as many windows as the policy asks for; where not, it is worse only so far.
        ages: by how long the labels took.
        coverage: of the same rows, where answers have intervals or sets.
        calibration: of the same rows, where there are probabilities.
    """

    metric: str
    live: float
    interval: tuple[float, float] | None
    promised: float
    rows: int
    worse: bool
    drifted: bool
    since: str | None
    until: str | None
    windows: tuple[LiveWindow, ...] = ()
    selective_labels: str = ""
    enough: bool = True
    ages: tuple[LabelAge, ...] = ()
    coverage: LiveCoverage | None = None
    calibration: LiveCalibration | None = None


def _or_none(given: Any) -> Any:
    return given or None


def _or_empty(found: LivePerformance | None) -> dict[str, Any]:
    return found.as_json() if found else {}


class DriftReport(Reference):
    """How far the newest rows are from what the champion was trained on."""

    version: int
    max: float
    """The PSI of the column furthest beyond, or nearest to, its limit."""
    limit: float
    drifted: bool
    reason: str
    columns: dict[str, float] = {}
    """The PSI of the columns furthest beyond, or nearest to, their limits."""
    limits: dict[str, float] = {}
    windows: int = 0
    bad_windows: int = 0
    performance: Annotated[LivePerformance | None, BeforeValidator(_or_none), PlainSerializer(_or_empty)] = None
    """Where labels have come; in JSON `{}` where none have."""
    since: dt.datetime | None = None
    found: tuple[Finding, ...] = ()
    """What is not as it was: what an alarm rests on, or what the newest window shows where that is no alarm (yet)."""
    kinds: tuple[str, ...] = ()
    """Of an alarm: what it is about (`Finding.kind`), each once."""
    estimate: PerformanceEstimate | None = None
    """Of rows whose labels have not come."""
    unscored: int = 0
    """Rows since training that have no prediction yet."""
    unknown_keys: int = 0
    """Keys that have a label, and were never loaded nor asked about."""
