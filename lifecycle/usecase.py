"""The definition of a use case: what differs between problems, as one frozen value."""

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import kind as kinds
from lifecycle.alarm_policy import POLICIES, AlarmPolicy
from lifecycle.candidates import Candidate
from lifecycle.columns import Columns, columns
from lifecycle.errors import DefinitionError
from lifecycle.expectations import Arrivals, Surprises
from lifecycle.kind import Kind
from lifecycle.operating_points import BestScore, Capacity, Costs, OperatingPoint
from lifecycle.source import Source
from lifecycle.splits import Split

if TYPE_CHECKING:
    import polars as pl
    from pandera.polars import DataFrameModel

    from lifecycle.behaviours import Behaviour
    from lifecycle.gate.rule import Rule
    from lifecycle.monitoring.statistic import DriftStatistic


WORDS = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe
distinct do else end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit not null
offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning select show some summarize symmetric
table then to trailing true union unique unpivot using variadic when where window with information_schema lake main memory pg_catalog roles
system temp
"""
TAKEN = frozenset(WORDS.split())
"""Words of SQL (`SELECT * FROM order.raw` would be no query), the lake's own schemas, and `schemas/roles.py`."""


def misnamed(name: str) -> str:
    """Why this cannot be the name of a use case; empty where it can."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        return "a name is lower-case letters, digits and _, starting with a letter"
    return "a name is no word of SQL or Python, and none that the lake or the schemas keep" if name in TAKEN or keyword.iskeyword(name) else ""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How long to search. The number of trials decides; the seconds are a bound for slow machines."""

    trials: int = 12
    seconds: float = 300
    rows: int = 50_000
    """Trials fit on at most so many training rows, the final model on all."""
    average: bool = True
    """Whether the best of the families may be averaged, where that is shown to be better: it answers as slowly as all of them."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a challenger must show. Everything is on by default."""

    minimum: dict[str, float] = field(default_factory=dict)
    """The least (for errors: the most) that each metric must reach on the gate's rows."""
    overfit: float = 0.5
    """The largest gap between train and gate, as a share of what the model gains over the constant baseline in training."""
    slices: float = 0.5
    """How much of the gain over the baseline the worst slice must keep."""
    fairness: float = 0.2
    """The largest shown difference in true-positive rate between groups of a sensitive column."""
    stability: float = 0.6
    """How much clusterings of resampled rows must agree (the adjusted Rand index: 1 is the same, 0 is chance)."""
    rows: int = 400
    """The least number of rows to judge on; below it the verdict is 'not enough evidence'."""
    positives: int = 20
    """The least number of positives and of negatives to judge on (of several classes: of the two largest)."""
    days: int = 5
    """The least number of days that the rows are from, where they have a time and the table reaches over five times as many."""
    confidence: float = 0.95
    """Of the first interval on challenger minus champion. By `1 - confidence` all looks under one champion may err together (`lifecycle.gate.looks`)."""
    min_gain: float = 0.0
    """What the gain over the champion must be shown to exceed: less is not worth a change."""
    too_good: Literal["ask", "allow"] = "ask"
    """Whether a nearly perfect score on hundreds of rows waits for a person, or is known to be honest."""
    rules: tuple["Rule", ...] = ()
    """Rules of your own, beside those of `lifecycle/gate/rules/`."""


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """When a change in the data is called drift."""

    window: timedelta | int = 2_000
    """How much data is judged at a time: a span of the time column, or a number of rows."""
    false_alarms: float = 0.01
    """How often a window without drift may look bad, over all columns, pairs of columns and statistics together."""
    least_psi: float = 0.05
    """A smaller population stability index matters to nobody, however sure it is; 0.1 is commonly called a small one (Siddiqi 2006)."""
    least: dict[str, float] = field(default_factory=dict)
    """The same of the other statistics, by name, in place of their own: `shift` 0.03, `share` 1.3 (the ratio of a share to what it was),
    `correlation` 0.1."""
    bad_windows: int = 3
    """So many bad windows of the newest `of_windows` are a drift."""
    of_windows: int = 5
    """Among so many windows the bad ones are counted, and so many are looked at together."""
    cooldown: timedelta = timedelta(days=1)
    """After an alarm, none for so long."""
    follows: Literal["off", "alert", "retrain", "rollback"] = "retrain"
    """What follows an alarm. `off`: there is none, drift is only measured; `alert`: it is told, and a person decides; `retrain`: a training is
    started, and the gate decides; `rollback`: where live performance broke its promise, the champion before is champion again."""
    probation: int = 14
    """For so many windows of rows labelled since its promotion a new champion is compared with the one before; shown to be worse, it is
    rolled back by itself (with `off` and `alert` that is only said). 0: it is not watched."""
    statistics: tuple["DriftStatistic", ...] = ()
    """Effect sizes of your own, told beside those of `lifecycle/monitoring/statistics/`."""

    def least_of(self, statistic: str, own: float) -> float:
        """The least effect that matters of a statistic, whose own is given."""
        return self.least_psi if statistic == "psi" else self.least.get(statistic, own)

    @property
    def policy(self) -> AlarmPolicy:
        """What `follows` stands for."""
        return POLICIES[self.follows]


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """A problem, its data, and what is asked of its models. Stages take it as their first argument."""

    name: str
    """Also the name of its MLflow experiment, its registered model and its schema in the lake."""
    title: str
    problem: str | Kind
    """The kind of problem: `binary`, `multiclass`, `regression`, `clustering`, or an object that is a kind."""
    schema: "type[DataFrameModel]"
    source: Source
    allows: tuple[str, ...] = field(default=(), kw_only=True)
    """Folders, and beginnings of addresses, that a source typed into Prefect's form may name, beside those of `LIFECYCLE_SOURCES`."""
    features: "Callable[[pl.DataFrame], pl.DataFrame]"
    """Valid rows in, one row of model inputs out for each, in the same order; stateless."""
    split: Split
    metric: str = ""
    """The metric that decides; empty: the problem's own."""
    positive: Any = True
    """Of a binary target: the value that counts as 1."""
    threshold: Literal["f1", "accuracy", "balanced_accuracy"] = "f1"
    """Of a binary problem: the probability from which the answer is yes gives the tune rows the best of this."""
    costs: Costs | None = None
    """Of a binary problem: what a miss and a false alarm cost. They then decide, in place of `threshold` and of the problem's metric."""
    capacity: Capacity | int | None = None
    """Of a binary problem: how many cases can be looked at (a number: a day). The top of the list then decides, in place of the same."""
    coverage: float = 0.9
    """The share of rows for which the interval of a regression, or the set of classes, shall hold the truth."""
    history: timedelta | None = None
    """How far `features` looks back; rows of the first such span warm the windows up and train nothing."""
    candidates: tuple[Candidate, ...] = ()
    """Model families to choose from; empty: the problem's own."""
    tuning: Tuning = Tuning()
    gate: Gate = Gate()
    behaviours: "tuple[Behaviour, ...]" = ()
    """What a model's answers must show beside being right (`lifecycle.behaviours`); tried before the gate, whose verdict they can decide."""
    monitoring: Monitoring = Monitoring()
    slices: tuple[str, ...] = ()
    """Columns of the schema by whose values the evaluation is broken down."""
    bad_rows: float = 0.05
    """The share of a batch that may be quarantined; above it the run stops before training."""
    most_rows: int = 2_000_000
    """Of larger train and tune parts a sample of so many rows is used, the same every time, and every report says so."""
    surprises: Surprises = field(default_factory=Surprises)
    """What happens when the source has other columns, or other types, than the schema."""
    arrivals: Arrivals = field(default_factory=Arrivals)
    """When a batch has too few rows, or too old ones."""
    selective_labels: str = ""
    """Whose outcomes are never seen because a decision hid them; said in every report."""
    approval: Literal["automatic", "human"] = "automatic"
    seed: int = 20_26

    def __post_init__(self) -> None:
        if why := misnamed(self.name):
            raise DefinitionError(f"use case '{self.name}': {why}; rename it")
        if not isinstance(self.problem, Kind) and self.problem not in kinds.names():
            raise self.wrong(f"problem is one of {', '.join(kinds.names())}, found '{self.problem}'")
        if not self.candidates:
            object.__setattr__(self, "candidates", self.kind.families())
        self._check_decisions()
        object.__setattr__(self, "metric", self.metric or next(iter(self.operating_point.metrics), self.kind.metric))
        self._check_columns()
        self.operating_point.check(self)
        self._check_metrics()

    @property
    def kind(self) -> Kind:
        """The kind of problem: what differs between problems with and without a target, with classes and with numbers."""
        return self.problem if isinstance(self.problem, Kind) else kinds.find(self.problem)

    @property
    def columns(self) -> Columns:
        """The columns of its schema."""
        return columns(self.schema)

    @property
    def target(self) -> str:
        """The name of the target column."""
        return self.columns.one("target") or ""

    @property
    def operating_point(self) -> OperatingPoint:
        """How a binary problem decides: by costs, by a capacity, or by the threshold with the best score."""
        capacity = Capacity(self.capacity) if isinstance(self.capacity, int) else self.capacity
        return self.costs or capacity or BestScore(self.threshold)

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns of the schema that go with the rows beside the inputs, whatever their roles: slices, and what decisions cost."""
        return (*self.slices, *(self.costs.columns if self.costs else ()))

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that make sense: those of the kind of problem, and of what decisions are worth."""
        return (*self.kind.metrics, *self.operating_point.metrics)

    @property
    def knows_nothing(self) -> str:
        """The baseline that knows nothing, in words: by what decisions are worth, where that decides."""
        return (self.operating_point.knows_nothing if self.metric in self.operating_point.metrics else "") or self.kind.knows_nothing

    def wrong(self, what: str) -> DefinitionError:
        """The error for something in this definition that cannot be."""
        return DefinitionError(f"use case '{self.name}': {what}; fix usecases/{self.name}.py or schemas/{self.name}.py")

    def _check_columns(self) -> None:
        self.kind.check(self)
        self.split.check(self)
        if self.history and not self.columns.one("time"):
            raise self.wrong(f"history={self.history} needs a column with the role 'time' in schema {self.schema.__name__}, found none")
        for name in self.slices:
            if name not in self.columns:
                raise self.wrong(f"slices name columns of schema {self.schema.__name__}, found '{name}'")
        if not 0 < self.coverage < 1:
            raise self.wrong(f"coverage is a share between 0 and 1, such as 0.9, found {self.coverage}")
        if self.most_rows < 1_000:
            raise self.wrong(f"most_rows is 1,000 or more, found {self.most_rows:,}")
        if self.arrivals.age is not None and not self.columns.one("time"):
            raise self.wrong("a limit on the age of rows (arrivals.age) needs a column with the role 'time', found none")
        if self.monitoring.follows not in POLICIES:
            raise self.wrong(f"monitoring.follows is one of {', '.join(POLICIES)}, found '{self.monitoring.follows}'")
        if self.monitoring.probation < 0:
            raise self.wrong(f"monitoring.probation is a number of windows, 0 or more, found {self.monitoring.probation}")
        if isinstance(self.monitoring.window, timedelta) and not self.columns.one("time"):
            raise self.wrong("a monitoring window in time needs a column with the role 'time', found none")

    def _check_decisions(self) -> None:
        if self.costs is not None and not isinstance(self.costs, Costs):
            raise self.wrong(f"costs is Costs(miss=..., false_alarm=...), found {self.costs!r}")
        if self.capacity is not None and not isinstance(self.capacity, int | Capacity):
            raise self.wrong(f"capacity is a number of cases a day, or Capacity(20, per=1_000), found {self.capacity!r}")
        given = [name for name in ("costs", "capacity") if getattr(self, name) is not None]
        if given and not self.kind.decides:
            raise self.wrong(f"{given[0]} is for a problem whose answer is a yes or a no, found problem '{self.kind.name}'; leave it away")
        if len(given) > 1:
            raise self.wrong("costs or capacity says how decisions are made, found both; leave one away")

    def _check_metrics(self) -> None:
        asked = [(self.metric, self.metrics), *((metric, self.metrics + self.kind.besides) for metric in self.gate.minimum)]
        for metric, known in asked:
            if metric not in known:
                raise self.wrong(f"a metric of a {self.kind.name} problem is one of {', '.join(known)}, found '{metric}'")
        if self.threshold not in ("f1", "accuracy", "balanced_accuracy"):
            raise self.wrong(f"threshold is one of f1, accuracy, balanced_accuracy, found '{self.threshold}'")
        for behaviour in self.behaviours:
            behaviour.check(self)
        names = [candidate.name for candidate in self.candidates]
        if len(set(names)) < len(names):
            raise self.wrong(f"candidates need different names, found {', '.join(names)}")
        if "average" in names:
            raise self.wrong("a candidate cannot be called 'average': that is what the average of candidates is called")
