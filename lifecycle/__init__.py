"""Lifecycle keeps machine-learning models alive. What the file of a use case needs comes from here: `from lifecycle import UseCase, ...`.

A name is looked up when it is asked for, so that importing the package loads nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle.behaviours import Behaviour, Direction, Invariance, KnownAnswers
    from lifecycle.candidates import Candidate, als, boosting, ease, forest, hybrid, kmeans, linear, mixture, neighbours, popularity
    from lifecycle.expectations import Arrivals, Surprises
    from lifecycle.gate.rule import Check, Rule
    from lifecycle.kind import Kind
    from lifecycle.models.blueprint import Blueprint
    from lifecycle.monitoring.statistic import DriftStatistic
    from lifecycle.operating_points import Capacity, Costs
    from lifecycle.rest import fetched
    from lifecycle.role import Role
    from lifecycle.source import ByColumn, ByFile, File, Source
    from lifecycle.sources import Files, Generated, Joined, Postgres, Query, SQLite
    from lifecycle.splits import Boundaries, ColumnSplit, GroupSplit, HashSplit, OrderSplit, Split, StratifiedSplit, TimeSplit, UserTimeSplit
    from lifecycle.usecase import Gate, Monitoring, Tuning, UseCase
    from lifecycle.windows import lookback
    from schemas.roles import column

_NAMES = {
    "lifecycle.behaviours": ("Behaviour", "Direction", "Invariance", "KnownAnswers"),
    "lifecycle.candidates": ("Candidate", "als", "boosting", "ease", "forest", "hybrid", "kmeans", "linear", "mixture", "neighbours", "popularity"),
    "lifecycle.expectations": ("Arrivals", "Surprises"),
    "lifecycle.gate.rule": ("Check", "Rule"),
    "lifecycle.kind": ("Kind",),
    "lifecycle.models.blueprint": ("Blueprint",),
    "lifecycle.monitoring.statistic": ("DriftStatistic",),
    "lifecycle.operating_points": ("Capacity", "Costs"),
    "lifecycle.rest": ("fetched",),
    "lifecycle.role": ("Role",),
    "lifecycle.source": ("ByColumn", "ByFile", "File", "Source"),
    "lifecycle.sources": ("Files", "Generated", "Joined", "Postgres", "Query", "SQLite"),
    "lifecycle.splits": (
        "Boundaries",
        "ColumnSplit",
        "GroupSplit",
        "HashSplit",
        "OrderSplit",
        "Split",
        "StratifiedSplit",
        "TimeSplit",
        "UserTimeSplit",
    ),
    "lifecycle.usecase": ("Gate", "Monitoring", "Tuning", "UseCase"),
    "lifecycle.windows": ("lookback",),
    "schemas.roles": ("column",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "Arrivals", "Behaviour", "Blueprint", "Boundaries", "ByColumn", "ByFile", "Candidate", "Capacity", "Check", "ColumnSplit", "Costs", "Direction", "DriftStatistic", "File", "Files", "Gate", "Generated", "GroupSplit", "HashSplit",
    "Invariance", "Joined", "Kind", "KnownAnswers", "Monitoring", "OrderSplit", "Postgres", "Query", "Role", "Rule", "SQLite", "Source", "Split", "StratifiedSplit", "Surprises", "TimeSplit", "Tuning",
    "UseCase", "UserTimeSplit", "als", "boosting", "column", "ease", "fetched", "forest", "hybrid", "kmeans", "linear", "lookback", "mixture", "neighbours", "popularity",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
