"""Regression: how much it is."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.answer_schema import NUMBER, Field
from lifecycle.errors import DataError
from lifecycle.kinds.supervised import Supervised
from lifecycle.models.conformal import PredictionIntervals, surrounded

if TYPE_CHECKING:
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.draft.problem import GuessedProblem, Level
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.fairness import Measure
    from lifecycle.evaluation.predictions import Predictions
    from lifecycle.evaluation.statistics import Statistic, Values
    from lifecycle.kind import Unseen
    from lifecycle.usecase import UseCase

HOLDS = "that holds {use_case.target} for a share of {use_case.coverage:.4g} of the rows"
"""What an interval is, in words."""
SKEWED = 1.0
"""The skewness of a target from which its logarithm is tried."""
FAR_OUT = 10.0
"""The kurtosis of a target above which a few rows would decide a squared error."""
OF_THE_MEAN = ("rmse", "r2")
"""Metrics that a prediction of the mean serves best."""


class Regression(Supervised):
    """The target is a finite number."""

    name = "regression"
    metric = "rmse"
    last = "the last known value"
    nearly_perfect = 0.001
    metrics = ("rmse", "mae", "median_ae", "r2", "mape")
    besides = ("coverage",)
    answer_schema = (
        *Supervised.answer_schema,
        Field("low", NUMBER, f"the lower end of the interval {HOLDS}", optional=True, derived=True),
        Field("high", NUMBER, f"the upper end of the interval {HOLDS}", optional=True, derived=True),
    )

    def check(self, use_case: "UseCase") -> None:
        """The target must be a number."""
        super().check(use_case)
        target = use_case.columns[use_case.target]
        if not target.numeric:
            raise use_case.wrong(f"a regression needs a number as target, '{use_case.target}' is {target.sql_type}")

    def bounds(self, metric: str) -> tuple[float, float]:
        """What r2 can fall to has no end."""
        return (float("-inf"), 1.0) if metric == "r2" else super().bounds(metric)

    def left(self, metric: str, value: float, constant: float) -> float:
        """Of squares, whatever the metric, so that all errors count as they do in r2."""
        found = super().left(metric, value, constant)
        return found if self.greater_is_better(metric) else found**2

    def encode(self, use_case: "UseCase", target: pl.Series) -> np.ndarray:
        """The number."""
        return target.cast(pl.Float64).to_numpy()

    def check_target(self, use_case: "UseCase", y: np.ndarray) -> None:
        """Finite numbers, at least two different ones."""
        about = f"use case '{use_case.name}': the target '{use_case.target}'"
        if bad := int((~np.isfinite(y)).sum()):
            raise DataError(f"{about} must be a finite number, found {bad} rows where it is not; fix the source")
        different = np.unique(y)
        if len(different) < 2:
            shown = ", ".join(map(str, different)) or "none"
            raise DataError(f"{about} needs at least two values in the {len(y):,} training rows, found {shown}; check the target, or bring more rows")

    def linear(self, params: Mapping[str, Any], seed: int) -> Any:
        """Ridge regression."""
        from sklearn.linear_model import Ridge

        return Ridge(alpha=params["alpha"], random_state=seed)

    def forest(self, trees: int, **given: Any) -> Any:
        """A forest that averages."""
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(trees, **given)

    def boosting(self, **given: Any) -> Any:
        """Boosting on the squared error."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(**given)

    def constant(self, metric: str = "") -> Any:
        """The number that is best for the metric."""
        from lifecycle.models.blind_guess import BlindNumber

        return BlindNumber(metric)

    def repeated(self, last: np.ndarray, known: np.ndarray, seen: tuple[np.ndarray, np.ndarray]) -> pl.DataFrame | None:
        """The last value; the mean where none is known."""
        return self.frame(np.where(known, last, seen[1].mean())) if len(seen[1]) else None

    def text_model(self, seed: int) -> Any:
        """Ridge regression."""
        from sklearn.linear_model import Ridge

        return Ridge(alpha=1.0, solver="sparse_cg", random_state=seed)

    def bounded(self, y: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Numbers within the central 99.8 % of the truth y.

        A squared error is decided by its few largest terms: without a bound, a choice by it is a choice by a handful of absurd rows.
        What is reported has no bound.
        """
        if not len(y):
            return values
        low, high = np.quantile(y, [0.001, 0.999])
        return np.clip(values, low, high)

    def logarithm_helps(self, y: np.ndarray) -> bool:
        """Where the target is never negative and has a long tail to the right."""
        spread = y.std()
        return bool(y.min() >= 0 and spread > 0 and (((y - y.mean()) / spread) ** 3).mean() > SKEWED)

    def loss(self, metric: str, outputs: np.ndarray, y: np.ndarray, classes: np.ndarray) -> Callable[[np.ndarray], float]:
        """The squared error for metrics of the mean, else the absolute one, in units of the target's spread."""

        def of(weights: np.ndarray) -> float:
            missed = weights @ outputs - y
            return float((missed**2).mean() / y.var() if metric in OF_THE_MEAN else np.abs(missed).mean() / y.std())

        return of

    def finish(self, use_case: "UseCase", model: Any, unseen: "Unseen") -> Any:
        """With intervals of the stated coverage."""
        from lifecycle.models.conformal_regressor import ConformalRegressor

        y, outputs, _ = unseen()
        return ConformalRegressor(model, PredictionIntervals.of(y, outputs, use_case.coverage, use_case.columns[use_case.target].bounds))

    def predict(self, model: Any, X: pl.DataFrame) -> pl.DataFrame:
        """The numbers, with their intervals."""
        outputs = model.predict(X)
        return surrounded(self.frame(outputs), model, outputs)

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
        """`prediction` (Float64); `low` and `high` beside it are a finished model's to add."""
        return pl.DataFrame({"prediction": np.asarray(outputs, dtype=np.float64)})

    def apart(self, first: pl.DataFrame, second: pl.DataFrame) -> tuple[np.ndarray, bool]:
        """Relative to the numbers' size; no decision is made."""
        one, two = (frame.select("prediction").to_numpy() for frame in (first, second))
        return np.abs(one - two) / np.maximum(np.abs(one), 1.0), False

    def statistics(self, y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> "list[Statistic]":
        """The median error, and what sums of errors give."""
        from lifecycle.evaluation.statistics import MedianError, Sums, share_of

        guess = predictions["prediction"].to_numpy().astype(np.float64, copy=False)
        error = np.abs(y - guess)
        found: list[Statistic] = []
        if "coverage" in wanted and "low" in predictions.columns:
            low, high = (predictions[name].cast(pl.Float64).to_numpy() for name in ("low", "high"))
            found.append(share_of("coverage", (low <= y) & (y <= high), np.isfinite(low)))
        if "median_ae" in wanted:
            order = np.argsort(error, kind="stable")
            found.append(MedianError(order, error[order]))
        if wanted - {"median_ae", "coverage"}:
            centred = y - y.mean()  # so that the variance is not the difference of two large numbers
            share = error / np.maximum(np.abs(y), np.finfo(np.float64).eps)
            terms = np.stack([np.ones(len(y)), error**2, error, centred, centred**2, share], axis=1)
            found.append(Sums(terms, _from_sums, heavy={"rmse": 1, "mae": 2, "r2": 1, "mape": 5}))
        return found

    def spread(self, said: pl.DataFrame) -> tuple[float | None, str]:
        """The width of the intervals."""
        return (float((said["high"] - said["low"]).mean()) if "low" in said.columns else None), "mean width of an interval"  # pyright: ignore[reportArgumentType]

    def fairness(self, judged: "Predictions") -> "list[Measure]":
        """Mean error (prediction less truth) and mean absolute error."""
        from lifecycle.evaluation.fairness import Measure

        one = np.ones(len(judged.rows))
        errors = np.stack([frame["prediction"].to_numpy() for frame in judged.predictions]) - judged.rows.y
        return [Measure("mean_error", errors.mean(axis=0), one), Measure("mae", np.abs(errors).mean(axis=0), one)]

    def plots(self, use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
        """Truth beside prediction, and where the errors are."""
        from lifecycle.reports import number_plots

        y, said = evidence.model.stacked
        guess = said["prediction"].to_numpy()
        both = {"model": guess, "plain linear model": evidence.linear.stacked[1]["prediction"].to_numpy()}
        return {
            "actual_against_predicted": number_plots.actual_against_predicted(y, guess, use_case.target, metrics.get("r2", np.nan)),
            "residuals": number_plots.residuals(y, guess, use_case.target, metrics["mae"]),
            "error_by_size": number_plots.error_by_size(y, both, use_case.target),
        }

    def says(self, use_case: "UseCase") -> str:
        """A number."""
        from lifecycle.reports.markdown import code

        return f"Predicts the number {code(use_case.target)}"

    guessed = 10
    alone = "R2"

    def looks_like(self, target: "ColumnProfile") -> str:
        """Whatever else has many values."""
        return f"is a number of {target.distinct:,} values"

    def refusal(self, target: "ColumnProfile") -> str:
        """Not of texts."""
        if target.number or target.type == "bool":
            return ""
        return f"a regression needs a number as target, '{target.came}' holds texts such as {target.tops[0][0]!r}; leave --problem away"

    def question(self, target: "ColumnProfile", why: str) -> "GuessedProblem":
        """Where a few numbers lie far out, the absolute error decides."""
        from lifecycle.draft.problem import GuessedProblem

        far = target.tails > FAR_OUT
        return GuessedProblem(self.name, f"{why}, a few of them far out, which would decide a squared error" if far else why, "mae" if far else "")

    def title(self, question: "GuessedProblem", target: "ColumnProfile | None") -> str:
        """How much it is."""
        return f"How much {target.came if target else 'it'} is"

    def level(self, question: "GuessedProblem", target: "ColumnProfile") -> "Level | None":
        """The mean."""
        from lifecycle.draft.problem import Level
        from lifecycle.store.lake import quoted

        return Level(f"{quoted(target.name)}::DOUBLE", (), f"the mean of {target.came}")


def _from_sums(sums: np.ndarray) -> "Values":
    rows, square, absolute, first, second, share = sums
    spread = second - first**2 / rows
    spread = np.where(spread > 1e-12 * second, spread, np.nan)
    return {"rmse": np.sqrt(square / rows), "mae": absolute / rows, "r2": 1 - square / spread, "mape": share / rows}


kind = Regression()
