"""How far a column is from the reference, in one window: the numbers of drift."""

from typing import Any, Self

from pydantic import model_serializer, model_validator

from lifecycle.json_model import JsonModel

PSI = "psi"
"""The statistic that is held to a limit."""


class Effect(JsonModel):
    """The effect sizes of one column in one window. In JSON, as in the table `drift`, the statistics stand beside `rows` and `limit`.

    Attributes:
        statistics: what each statistic of drift says, by its name (`psi`, `js`, `wasserstein`, ...).
        rows: how many rows the window has.
        limit: what the PSI may be in a window of so many rows.
    """

    statistics: dict[str, float]
    rows: float
    limit: float

    @property
    def psi(self) -> float:
        """The population stability index."""
        return self.statistics[PSI]

    @property
    def beyond(self) -> bool:
        """Whether the PSI is beyond its limit."""
        return self.psi > self.limit

    def rounded(self, digits: int) -> Self:
        """The same to so many significant digits."""
        statistics = {name: _rounded(value, digits) for name, value in self.statistics.items()}
        return self.model_copy(update={"statistics": statistics, "rows": _rounded(self.rows, digits), "limit": _rounded(self.limit, digits)})

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "statistics" in given:
            return given
        named = {"rows": given.get("rows"), "limit": given.get("limit")}
        return {"statistics": {name: value for name, value in given.items() if name not in named}, **named}

    @model_serializer
    def _given(self) -> dict[str, Any]:
        return {**self.statistics, "rows": self.rows, "limit": self.limit}


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
