"""How far a column is from the reference, in one window: the numbers of drift."""

from typing import Any, Self

from pydantic import Field, model_serializer, model_validator

from lifecycle.json_model import JsonModel

PSI = "psi"
"""The statistic whose limit stands beside the numbers as `limit`."""
LATER = ("limits", "found", "excess", "sure", "said")
"""What is not kept of windows that were judged when the PSI was all that was held to limits."""
BESIDE = ("rows", "limit", *LATER)
"""What stands beside the statistics in JSON."""


class Effect(JsonModel):
    """The effect sizes of one column, or of a pair of columns, in one window. In JSON, as in the table `drift`, the statistics stand beside the rest.

    Attributes:
        statistics: what each statistic of drift says, by its name (`psi`, `js`, `wasserstein`, ...).
        rows: how many rows the window has.
        limit: what the PSI may be in a window of so many rows.
        limits: what the statistics that are held to limits may be, by name.
        found: those that are beyond their limit, and large enough to matter. `None`: kept before there were others than the PSI.
        excess: the largest effect in units of its limit, whatever its statistic; above 1: one is beyond it.
        sure: whether one is so far beyond its limit that chance alone would do it with a tenth of the rate of false alarms.
        said: what was found, in words.
    """

    statistics: dict[str, float]
    rows: float
    limit: float
    limits: dict[str, float] = Field(default_factory=dict)
    found: tuple[str, ...] | None = None
    excess: float = 0.0
    sure: bool = False
    said: str = ""

    @property
    def psi(self) -> float:
        """The population stability index; 0 of a pair of columns, which has none."""
        return self.statistics.get(PSI, 0.0)

    @property
    def pair(self) -> bool:
        """Whether it is of a pair of columns."""
        return PSI not in self.statistics

    @property
    def beyond(self) -> bool:
        """Whether a statistic is beyond its limit, and matters."""
        return self.psi > self.limit if self.found is None else bool(self.found)

    def rounded(self, digits: int) -> Self:
        """The same to so many significant digits."""
        statistics, limits = ({name: _rounded(value, digits) for name, value in each.items()} for each in (self.statistics, self.limits))
        update = {name: _rounded(getattr(self, name), digits) for name in ("rows", "limit", "excess")}
        return self.model_copy(update={"statistics": statistics, "limits": limits, **update})

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "statistics" in given:
            return given
        named = {name: given[name] for name in BESIDE if name in given}
        return {"statistics": {name: value for name, value in given.items() if name not in named}, **named}

    @model_serializer
    def _given(self) -> dict[str, Any]:
        later = {name: getattr(self, name) for name in BESIDE if name in self.model_fields_set}
        return {**self.statistics, **later, "rows": self.rows, "limit": self.limit}


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
