"""The numbers of a verdict, as the promotions ledger keeps them and as `history --json` shows them."""

from typing import Any

from pydantic import Field, model_serializer, model_validator

from lifecycle.gate.findings import GroupDifference, WorstSlice
from lifecycle.json_model import JsonModel


def short(value: Any) -> str:
    """A number to four digits, thousands apart; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


class Gain(JsonModel):
    """What is gained over something else on the same rows, with its interval; see `Difference`."""

    value: float
    low: float | None
    high: float | None


class CheckResult(JsonModel):
    """One thing that a rule looked at: what it found, what it may be, and whether the challenger passed; see `Check`.

    `asks`: it did not pass, and a person has to decide.
    """

    check: str
    found: Any
    allowed: Any
    passed: bool
    plainer: bool = False
    asks: bool = False


class VerdictNumbers(JsonModel):
    """What a verdict rests on; what a ledger of before does not have is empty.

    Attributes:
        metric, value: the deciding metric and what it is on unseen rows; in JSON the value stands under the metric's name.
        rows, rows_needed: the rows that were judged on.
        over_champion, over_constant, over_linear, over_last: what is gained in the deciding metric.
        over_previous: of a champion that was rolled back by the watch, over the one before it, on rows labelled since its promotion.
        confidence: of the interval of the gain over the champion, which is wider after `challengers_before` others on the same rows.
        look, rows_renewed: which look at a set of rows this is, and which set of rows under this champion (`lifecycle.gate.looks`).
        visible_gain: the smallest true gain over the champion that this look would have shown in four of five cases.
        min_gain: what a gain must exceed.
        minority, minority_needed: how many of the rows are of the class that is short, and how many there must be.
        overfit, overfit_most: the gap between training and unseen rows, as a share of the gain over the constant, and what it may be.
        worst_slice, worst_slice_least: the slice that keeps least, and what it must keep.
        fairness, fairness_most: by sensitive column the difference in true-positive rate, and what it may be.
        waiting: whether a person has to approve.
        reasons: why the version may not be promoted, a clause each.
        alone: why it was not compared with the champion there is.
        changed: of a version that waits for a person, what changed since the one that answers, a sentence each.
        checks: all that the rules looked at.
    """

    metric: str = ""
    value: float | None = None
    rows: int = 0
    rows_needed: int = 0
    over_champion: Gain | None = None
    confidence: float | None = None
    challengers_before: int = 0
    look: int | None = None
    rows_renewed: int | None = None
    visible_gain: float | None = None
    min_gain: float = 0.0
    minority: int | None = None
    minority_needed: int | None = None
    over_constant: Gain | None = None
    over_linear: Gain | None = None
    over_last: Gain | None = None
    over_previous: Gain | None = None
    overfit: float | None = None
    overfit_most: float | None = None
    worst_slice: WorstSlice | None = None
    worst_slice_least: float | None = None
    fairness: dict[str, GroupDifference] = Field(default_factory=dict)
    fairness_most: float | None = None
    waiting: bool = False
    reasons: tuple[str, ...] = ()
    alone: str = ""
    changed: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _under_its_name(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("metric") not in given:
            return given
        return {**given, "value": given[given["metric"]]}

    @model_serializer
    def _given(self) -> dict[str, Any]:
        return {self.metric if name == "value" else name: found for name, found in super()._given().items()}
