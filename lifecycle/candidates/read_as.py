"""Any family, on texts that are read in a way of its choice."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

EXTRAS = {"sentences": "text"}
"""The extra that a way of reading needs."""


def read_as(family: Candidate, *ways: str) -> Candidate:
    """A family that has texts read in these ways, one beside the other.

    `words`: how a linear model of words and parts of words reads them, and their topics (the way of every family that says none).
    `sentences`: as the vectors of a frozen sentence encoder; this needs the extra `text`.
    What way a column knows is its role's to say: a column that knows none of these is read as ever.
    """

    def build(plan: "Blueprint", params: Mapping[str, Any]) -> "BaseEstimator":
        return family.build(plan.read_as(ways), params)

    extra = next((EXTRAS[way] for way in ways if way in EXTRAS), family.extra)
    return replace(family, name="_".join((family.name, *ways)), build=build, ways=ways, extra=extra)
