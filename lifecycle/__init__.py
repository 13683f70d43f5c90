"""Lifecycle keeps machine-learning models alive. What the file of a use case needs comes from here: `from lifecycle import UseCase, ...`.

A name is looked up when it is asked for, so that importing the package loads nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle.behaviours import Behaviour, Direction, Invariance, KnownAnswers, Pairs
    from lifecycle.candidates import (
        Candidate,
        als,
        boosting,
        ease,
        fine_tuned,
        forest,
        hybrid,
        kmeans,
        linear,
        mixture,
        neighbours,
        network,
        popularity,
        read_as,
    )
    from lifecycle.expectations import Arrivals, Surprises
    from lifecycle.gate.rule import Check, Rule
    from lifecycle.images import image_points
    from lifecycle.kind import Kind
    from lifecycle.models.blueprint import Blueprint
    from lifecycle.monitoring.statistic import DriftStatistic
    from lifecycle.operating_points import Capacity, Costs
    from lifecycle.rest import fetched
    from lifecycle.role import Role
    from lifecycle.source import ByColumn, ByFile, File, Source
    from lifecycle.sources import Files, Generated, Images, Joined, Postgres, Query, SQLite
    from lifecycle.splits import (
        Boundaries,
        ColumnSplit,
        GroupSplit,
        HashSplit,
        OrderSplit,
        PublishedSplit,
        Split,
        StratifiedSplit,
        TimeSplit,
        UserTimeSplit,
    )
    from lifecycle.usecase import Gate, Monitoring, Tuning, UseCase
    from lifecycle.windows import lookback
    from lifecycle.world import World
    from schemas.roles import column

_NAMES = {
    "lifecycle.behaviours": "Behaviour Direction Invariance KnownAnswers Pairs",
    "lifecycle.candidates": "Candidate als boosting ease fine_tuned forest hybrid kmeans linear mixture neighbours network popularity read_as",
    "lifecycle.expectations": "Arrivals Surprises",
    "lifecycle.gate.rule": "Check Rule",
    "lifecycle.images": "image_points",
    "lifecycle.kind": "Kind",
    "lifecycle.models.blueprint": "Blueprint",
    "lifecycle.monitoring.statistic": "DriftStatistic",
    "lifecycle.operating_points": "Capacity Costs",
    "lifecycle.rest": "fetched",
    "lifecycle.role": "Role",
    "lifecycle.source": "ByColumn ByFile File Source",
    "lifecycle.sources": "Files Generated Images Joined Postgres Query SQLite",
    "lifecycle.splits": "Boundaries ColumnSplit GroupSplit HashSplit OrderSplit PublishedSplit Split StratifiedSplit TimeSplit UserTimeSplit",
    "lifecycle.usecase": "Gate Monitoring Tuning UseCase",
    "lifecycle.windows": "lookback",
    "lifecycle.world": "World",
    "schemas.roles": "column",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "Arrivals", "Behaviour", "Blueprint", "Boundaries", "ByColumn", "ByFile", "Candidate", "Capacity", "Check", "ColumnSplit", "Costs", "Direction",
    "DriftStatistic", "File", "Files", "Gate", "Generated", "GroupSplit", "HashSplit", "Images", "Invariance", "Joined", "Kind", "KnownAnswers",
    "Monitoring", "OrderSplit", "Pairs", "Postgres", "PublishedSplit", "Query", "Role", "Rule", "SQLite", "Source", "Split", "StratifiedSplit",
    "Surprises", "TimeSplit", "Tuning", "UseCase", "UserTimeSplit", "World", "als", "boosting", "column", "ease", "fetched", "fine_tuned", "forest",
    "hybrid", "image_points", "kmeans", "linear", "lookback", "mixture", "neighbours", "network", "popularity", "read_as",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
