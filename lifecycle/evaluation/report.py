"""The content of `evaluation.json`: what an evaluation found, as the gate, the model card and the plots read it."""

from typing import Any, Literal

from pydantic import Field, model_serializer, model_validator

from lifecycle.evaluation.resample import Interval
from lifecycle.gate.findings import BehaviourFound, GroupDifference, Slice, TooGood, WorstSlice
from lifecycle.json_model import JsonModel
from lifecycle.references import Recipe

FILE = "evaluation.json"


class DataReport(JsonModel):
    """The rows: those of each part, all `labelled` ones, of which of them a sample is used, and those of the snapshot (as in `Snapshot`)."""

    parts: dict[str, int]
    labelled: int = 0
    sampled: dict[str, int] = Field(default_factory=dict)
    lake_version: int
    inputs: tuple[str, ...]
    spans: dict[str, tuple[str, str]]
    """The oldest and the newest moment of the parts `train` and `gate`, where rows have a time."""
    rows: int
    came: int
    kept: int
    quarantined: int
    duplicates: int
    fingerprint: str


class JudgedRows(JsonModel):
    """How many rows were judged, in how many clusters of rows that belong together, and by what these are made.

    Attributes:
        minority: how many are of the class that is short (`Kind.minority`); `None`: there are no classes.
        days: how many days they are from; `None`: they have no time.
    """

    rows: int
    clusters: int
    clustered_by: str
    minority: int | None = None
    days: int | None = None


class MetricReport(JsonModel):
    """A metric on rows that the model has not seen, with its interval, beside what it is elsewhere.

    `gap`: how much better it is in training than on unseen rows. `None`: not defined there.
    """

    holdout: float
    low: float | None
    high: float | None
    train: float | None
    tune: float | None = None
    constant: float | None
    linear: float | None
    last: float | None = None
    gap: float | None


class DeployedReport(JsonModel):
    """The fit that is deployed: on how many rows it was fitted, and what it gains over the judged fit on the rows that this is judged by.

    It has been fitted on these, so the gain is no promise. A shown loss would be more than the added rows explain.
    """

    rows: int
    gain: Interval | None


class Gains(JsonModel):
    """How much better the deciding metric is than that of the baselines, on the same rows; `None` where it is undefined."""

    over_constant: Interval | None = None
    over_linear: Interval | None = None
    over_last: Interval | None = None


class CalibrationBin(JsonModel):
    """Rows of like probability: their mean probability, and the share of which it came true with its 95 % interval."""

    rows: int
    probability: float
    share: float
    low: float
    high: float


class Calibration(JsonModel):
    """Whether the probabilities, `of` what the words say, come true."""

    calibration_error: float | None
    of: str
    table: tuple[CalibrationBin, ...]


class DecisionReport(JsonModel):
    """What the decisions on the judged rows come to.

    Attributes:
        rule: what wrong answers cost, or how many cases can be looked at, in words.
        metric: the metric that says what the decisions are worth, and `value` what it is.
        unit: of costs.
        threshold: the probability from which on the answer is yes; `None`: the models of a cross-validation have one each.
        flagged: the share of rows with the answer yes.
        found: the share of true cases with the answer yes, or on the list.
        right: the share of true cases among these.
        all, none: what `metric` is where the answer is yes to all rows, or to none; `None`: undefined.
        unknown: rows left out of `value`, since what hangs on them is not known.
    """

    rule: str
    metric: str
    unit: str = ""
    threshold: float | None
    flagged: float
    found: float | None
    right: float | None
    value: float | None
    all: float | None = None
    none: float | None = None
    unknown: int = 0


class SliceCoverage(JsonModel):
    """The coverage on the rows with one value of a column, with its interval."""

    column: str
    slice: str
    rows: int
    value: float
    low: float | None
    high: float | None


class CoverageReport(JsonModel):
    """Whether intervals, or sets of classes, hold the truth as often as stated.

    Attributes:
        stated: the share of rows that the definition asks for.
        calibrated: how many rows the quantiles come from (of a cross-validation, of the first fold's model).
        reached: the share of the judged rows, with its interval.
        size: the mean width of an interval, in units of the target, or the mean number of classes in a set.
        unit: what `size` is, in words.
        slices: the share by slice, of slices with enough rows.
        classes: the share by class, of classes with enough rows.
    """

    stated: float
    calibrated: int
    reached: Interval | None
    size: float | None
    unit: str
    slices: tuple[SliceCoverage, ...] = ()
    classes: tuple[SliceCoverage, ...] = ()


class SliceReport(JsonModel):
    """The deciding metric by slice; the model's `skill` on all rows, and how many rows (and rows of a class) a slice needs."""

    metric: str
    least_rows: int
    least_of_a_class: int
    skill: float | None
    table: tuple[Slice, ...]
    worst: WorstSlice | None


class GroupMeasure(JsonModel):
    """A measure by group (`None`: too few rows), and its largest difference between two groups."""

    groups: dict[str, Interval | None]
    difference: GroupDifference


class ColumnFairness(JsonModel):
    """How the groups of a sensitive column fare: how many rows each has, and each measure. In JSON the measures stand beside `groups`."""

    groups: dict[str, int]
    measures: dict[str, GroupMeasure]

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "measures" in given:
            return given
        return {"groups": given.get("groups"), "measures": {name: found for name, found in given.items() if name != "groups"}}

    @model_serializer
    def _given(self) -> dict[str, Any]:
        return {"groups": self.groups, **self.measures}


class ClassReport(JsonModel):
    """One class of several.

    `None`: undefined, as the recall of a class that no row has, or the precision of one that is never predicted.

    Attributes:
        name: the class; `class` in JSON.
        rows: how many have it.
        precision, recall, f1: of the class.
        low, high: the interval of the recall.
        roc_auc: of the class against the rest.
    """

    name: str = Field(validation_alias="class", serialization_alias="class")
    rows: int
    precision: float | None
    recall: float | None
    f1: float | None
    low: float | None
    high: float | None
    roc_auc: float | None


class Apart(JsonModel):
    """Some of the judged rows by themselves, such as those of users without a history; it is told and decides nothing.

    Attributes:
        name: which rows, in words.
        rows, users: how many, and of how many users.
        metric, value, low, high: the deciding metric there, with its interval.
        constant: the same of the baseline that knows nothing.
    """

    name: str
    rows: int
    users: int
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    constant: float | None = None


class Trait(JsonModel):
    """A column in which a cluster differs from all rows.

    Attributes:
        column: its name.
        effect: the distance of the means in standard deviations; of a category the difference of the shares of `value`, in standard
            deviations of that share.
        value: of a category the value that sets the cluster apart.
        typical, all: the median in the cluster and of all rows; of a category the share of `value`.
    """

    column: str
    effect: float
    value: str | None = None
    typical: float
    all: float


class ClusterReport(JsonModel):
    """One cluster: its name, its rows, their share and mean silhouette, and what sets it apart most."""

    name: str = Field(validation_alias="cluster", serialization_alias="cluster")
    rows: int
    share: float
    silhouette: float | None
    apart: tuple[Trait, ...]


class Importance(JsonModel):
    """How much worse the deciding metric gets when one input is shuffled: the mean, the `least` and the `most` of the shuffles."""

    feature: str
    importance: float
    least: float
    most: float


class Importances(JsonModel):
    """Permutation importances, the largest first, and how many rows were shuffled."""

    rows: int
    table: tuple[Importance, ...]


class EvaluationReport(JsonModel):
    """What an evaluation found.

    Attributes:
        use_case, recipe, data: what was evaluated.
        problem, metric: the kind of problem, and the metric that decides.
        mode, how: by which rows, in a word and in a sentence.
        confidence: of the intervals.
        judged, metrics, gains, calibration, slices, importances: the findings.
        season: of which the last known label is the better baseline, such as `hour of the day`; empty: the last one of all is.
        fairness: by sensitive column.
        classes, clusters: a row each, where the kind of problem has some.
        apart: rows that are judged by themselves too, where the kind of problem has some.
        selective_labels: as the definition says it.
        plots: paths in the run.
        too_good: where the deciding metric is too good to be true.
        deployed: the fit that answers, beside the judged one, which all else is about; `None`: one model is both.
        behaviours: what the model shows of each behaviour that the definition expects.
    """

    use_case: str
    recipe: Recipe
    data: DataReport
    problem: str
    metric: str
    mode: Literal["holdout", "cross-validation"]
    how: str
    confidence: float
    judged: JudgedRows
    metrics: dict[str, MetricReport]
    gains: Gains
    season: str = ""
    calibration: Calibration | None = None
    coverage: CoverageReport | None = None
    decision: DecisionReport | None = None
    slices: SliceReport
    fairness: dict[str, ColumnFairness]
    classes: tuple[ClassReport, ...] = ()
    clusters: tuple[ClusterReport, ...] = ()
    apart: tuple[Apart, ...] = ()
    selective_labels: str = ""
    importances: Importances
    plots: tuple[str, ...] = ()
    too_good: TooGood | None = None
    deployed: DeployedReport | None = None
    behaviours: tuple[BehaviourFound, ...] = ()
