"""Binary classification: whether something is so."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.answer_schema import INTEGER, NUMBER, Field, lists
from lifecycle.kind import PROBABILITY, prediction
from lifecycle.kinds.classification import FEW_OF_A_CLASS, HOLDS, RARE, Classification, clipped, covered, mean

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.draft.problem import GuessedProblem, Level
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.fairness import Measure
    from lifecycle.evaluation.predictions import Predictions
    from lifecycle.evaluation.statistics import Statistic, Values
    from lifecycle.usecase import UseCase

VERY_RARE = 0.05
"""Below this share of positives `lifecycle new` warns."""
EVEN = 0.3
"""From this share of positives on, a row of one class is worth as much as one of the other."""
YES = ("true", "yes", "y", "t", "1", "positive", "pos", "bad", "fraud", "churn", "churned", "default", "malignant", "spam", "failure", "fail", "sick", "dead", "ja", "oui", "si", "да")  # fmt: skip
"""Words that are the positive of two values, the surest first."""


class Binary(Classification):
    """The target is encoded as 1 where it has the definition's `positive` value, else 0."""

    name = "binary"
    metric = "roc_auc"
    metrics = (
        "roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "f1_macro", "precision", "recall", "brier", "log_loss",
        "calibration_error",
    )  # fmt: skip
    target_type = "binary"
    decides = True
    calibrates_intercept = True
    answer_schema = (
        prediction(INTEGER, "1 stands for {use_case.target} = {use_case.positive}", bounds={"enum": [0, 1]}),
        Field("probability", NUMBER, "the probability of {use_case.target} = {use_case.positive}", bounds=PROBABILITY),
        Field("set", lists(INTEGER), f"the predictions {HOLDS}", optional=True, derived=True),
    )
    remedy = "check the target and `positive`, or bring more rows"
    short = "the rarer class"

    def check(self, use_case: "UseCase") -> None:
        """The positive value must be one that the target can have."""
        super().check(use_case)
        target = use_case.columns[use_case.target]
        positive = use_case.positive
        if isinstance(positive, str) != (target.sql_type == "VARCHAR") or isinstance(positive, bool) != (target.sql_type == "BOOLEAN"):
            raise use_case.wrong(f"positive={positive!r} is no value of the target '{use_case.target}', which is {target.sql_type}")

    def only(self, use_case: "UseCase", different: np.ndarray) -> str:
        """Said by the positive value, since the encoded ones are ours."""
        if not len(different):
            return "none"
        return f"only {'' if different[0] else 'others than '}{use_case.positive!r}"

    def encode(self, use_case: "UseCase", target: pl.Series) -> np.ndarray:
        """0 or 1; -1 where it is not known, so that what is known stays whole numbers."""
        return (target == use_case.positive).cast(pl.Int8).fill_null(-1).to_numpy()

    def strata(self, y: np.ndarray, folds: int) -> tuple[int, bool]:
        """Each fold gets both classes, where there are two rows of each."""
        sizes = np.unique(y, return_counts=True)[1]
        if sizes.min() >= 2:
            folds = min(folds, int(sizes.min()))
        return folds, bool(sizes.max() >= folds and sizes.min() >= 2)

    def threshold(self, use_case: "UseCase", y: np.ndarray, outputs: np.ndarray, info: pl.DataFrame | None = None) -> float:
        """The one that is best for these rows by what the definition says of decisions."""
        return use_case.operating_point.threshold(y, outputs[:, 1], info)

    def baseline(self, use_case: "UseCase", model: Any, rows: "Rows") -> Any:
        """At a threshold of its own, where the definition says what decisions are worth."""
        return use_case.operating_point.baseline(model, rows.y, self.outputs(model, rows.X)[:, 1], rows.info)

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
        """`prediction` (Int8 0/1) and `probability` of 1."""
        positive = np.asarray(outputs, dtype=np.float64)[:, 1].clip(0.0, 1.0)  # a sum of shares may miss 1 by a rounding
        return pl.DataFrame({"prediction": (positive >= threshold).astype(np.int8), "probability": positive})

    def decided(self, said: pl.DataFrame, model: Any) -> pl.DataFrame:
        """By the model's threshold."""
        return said.with_columns(prediction=(pl.col("probability") >= getattr(model, "threshold_", 0.5)).cast(pl.Int8))

    def measured(self, said: pl.DataFrame, of: str = "") -> np.ndarray:
        """The probability."""
        return said.select("probability").to_numpy()

    def blind(self, metric: str, said: pl.DataFrame, seed: int) -> pl.DataFrame:
        """Always yes for f1 and for precision (Lipton, Elkan and Naryanaswamy 2014), at random as often as it is so for f1_macro."""
        if metric in ("f1", "precision"):
            return said.with_columns(prediction=pl.lit(1, pl.Int8))
        if metric == "f1_macro":
            yes = np.random.default_rng(seed).random(said.height) < said["probability"].to_numpy()
            return said.with_columns(prediction=pl.Series(yes.astype(np.int8)))
        return said

    def statistics(self, y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> "list[Statistic]":
        """Ranking, calibration, and what the counts of a confusion matrix give."""
        from lifecycle.evaluation.statistics import Ranking, Sums, expected_calibration_error

        truth = np.asarray(y).astype(bool)
        score = predictions["probability"].to_numpy().astype(np.float64, copy=False)
        found: list[Statistic] = []
        if "coverage" in wanted and "set" in predictions.columns:
            found.append(covered(predictions["set"], pl.Series(np.asarray(y), dtype=pl.Int64)))
        if wanted & {"roc_auc", "average_precision"}:
            found.append(Ranking.of(truth, score))
        if "calibration_error" in wanted:
            found.append(expected_calibration_error(score, truth, weight))
        if wanted - {"roc_auc", "average_precision", "calibration_error", "coverage"}:
            called = predictions["prediction"].to_numpy().astype(bool)
            loss = -np.log(clipped(np.where(truth, score, 1 - score)))
            terms = [np.ones(len(truth)), truth, called, truth & called, (score - truth) ** 2, loss]
            found.append(Sums(np.stack(terms, axis=1).astype(np.float64), _from_counts))
        return found

    def calibration(self, judged: "Predictions") -> tuple[str, np.ndarray, np.ndarray] | None:
        """Of the positive class."""
        y, said = judged.stacked
        return "the positive class", y, said["probability"].to_numpy()

    def estimated(self, use_case: "UseCase", metric: str, predictions: pl.DataFrame) -> tuple[str, float] | None:
        """Each row counts as a positive with its probability and as a negative with the rest: confidence-based estimation (Garg et al. 2022)."""
        from lifecycle.evaluation.metrics import compute

        if metric == "calibration_error":  # what is taken for granted
            return None
        probability = predictions["probability"].to_numpy()
        truth = np.repeat([1, 0], len(probability)).astype(np.int8)
        found = compute(self, truth, pl.concat([predictions, predictions]), np.concatenate([probability, 1 - probability]), [metric])
        return (metric, found[metric]) if metric in found else None

    def enough(self, y: np.ndarray, least: int) -> bool:
        """Positives and negatives."""
        return min(int(y.sum()), int(len(y) - y.sum())) >= least

    def fairness(self, judged: "Predictions") -> "list[Measure]":
        """Selection rate, true-positive rate (equal opportunity, Hardt et al. 2016), calibration (mean probability less the share of positives)."""
        from lifecycle.evaluation.fairness import LEAST_POSITIVES, Measure

        one = np.ones(len(judged.rows))
        called = np.mean([frame["prediction"].to_numpy() for frame in judged.predictions], axis=0)
        probability = np.mean([frame["probability"].to_numpy() for frame in judged.predictions], axis=0)
        truth = judged.rows.y.astype(np.float64)
        return [
            Measure("selection_rate", called, one),
            Measure("true_positive_rate", called * truth, truth, LEAST_POSITIVES),
            Measure("calibration", probability - truth, one),
        ]

    def explained(self, use_case: "UseCase", answer: pl.DataFrame) -> tuple[Callable[[pl.DataFrame], pl.Series], str]:
        """The probability of the positive class."""
        return lambda answers: answers["probability"].cast(pl.Float64), f"probability of {use_case.target} = {use_case.positive}"

    def plots(self, use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
        """Curves beside the plain linear model's, calibration, confusion matrix."""
        from lifecycle.evaluation.metrics import compute
        from lifecycle.reports import class_plots, plots

        y, said = evidence.model.stacked
        other_y, other = evidence.linear.stacked
        positive = use_case.target if use_case.positive is True else f"{use_case.target} = {use_case.positive}"
        scores = {"model": said["probability"].to_numpy(), "plain linear model": other["probability"].to_numpy()}
        linear = compute(self, other_y, other)
        areas = {
            metric: {"model": metrics.get(metric, np.nan), "plain linear model": linear.get(metric, np.nan)}
            for metric in ("roc_auc", "average_precision")
        }
        drawn = {}
        if 0 < y.sum() < len(y):
            drawn["roc"] = plots.roc(y, scores, areas["roc_auc"], positive)
            drawn["precision_recall"] = plots.precision_recall(y, scores, areas["average_precision"], positive)
            drawn["thresholds"] = plots.thresholds(y, scores["model"], _threshold(evidence), positive)
        drawn |= use_case.operating_point.plots(y, said)
        drawn["calibration"] = plots.calibration(y, scores["model"], metrics["calibration_error"], positive, len(evidence.model.predictions))
        names = {0: f"not {positive}", 1: positive}
        drawn["confusion"] = class_plots.confusion(y, said["prediction"].to_numpy(), names, f", accuracy {metrics['accuracy']:.3f}")
        return drawn

    def says(self, use_case: "UseCase") -> str:
        """A probability."""
        from lifecycle.reports.markdown import code

        return f"Predicts the probability that {code(use_case.target)} is {code(use_case.positive)}"

    def positive(self, use_case: "UseCase") -> Any:
        """As the definition says."""
        return use_case.positive

    def threshold_of(self, model: Any) -> float | None:
        """Chosen when the model was calibrated."""
        return getattr(model, "threshold_", None)

    guessed = 30

    def looks_like(self, target: "ColumnProfile") -> str:
        """Two values."""
        return "has two values" if target.distinct == 2 else ""

    def refusal(self, target: "ColumnProfile") -> str:
        """Not of more or fewer values."""
        if target.distinct == 2:
            return ""
        return f"a binary problem needs a target of two values, '{target.came}' has {target.distinct:,}; leave --problem away, or make two of them"

    def question(self, target: "ColumnProfile", why: str) -> "GuessedProblem":
        """Where positives are rare, average precision decides."""
        from lifecycle.draft.problem import GuessedProblem

        classes = tuple(target.tops)
        positive = _positive(classes)
        share = dict(classes)[positive] / sum(count for _, count in classes)
        return GuessedProblem(self.name, why, "average_precision" if share < RARE else "", positive, classes)

    def title(self, question: "GuessedProblem", target: "ColumnProfile | None") -> str:
        """Whether it is so."""
        word = "true" if question.positive is True else str(question.positive)
        return f"Whether {target.came if target else 'it'} is {word}"

    def arguments(self, question: "GuessedProblem") -> dict[str, Any]:
        """The positive value, where it is none that a definition has anyway."""
        return {} if question.positive is True else {"positive": question.positive}

    def choices(self, question: "GuessedProblem") -> dict[str, tuple[Any, str]]:
        """The threshold, where classes are about even."""
        even = EVEN <= question.share <= 1 - EVEN
        return {"threshold": ("accuracy", "both classes are common: a mistake counts as much as any other")} if even else {}

    def truth(self, question: "GuessedProblem", target: pl.Series) -> np.ndarray:
        """1 for the positive value."""
        return (target == question.positive).to_numpy().astype(np.float64).reshape(-1, 1)

    def level(self, question: "GuessedProblem", target: "ColumnProfile") -> "Level | None":
        """The share of positives."""
        from lifecycle.draft.problem import Level
        from lifecycle.store.lake import quoted

        words = f"the share of {target.came} = {question.positive}"
        return Level(f"({quoted(target.name)} = $1)::DOUBLE", (question.positive,), words, share=True)

    def rare(self, question: "GuessedProblem") -> Iterator[str]:
        """Few positives, by their share or their number."""
        total = sum(count for _, count in question.classes)
        if question.share < VERY_RARE or question.smallest < FEW_OF_A_CLASS:
            yield (
                f"rare class: {question.smallest:,} of {total:,} rows ({question.share:.2%}) are {question.positive};"
                " judge by average_precision, not by accuracy"
            )


def _from_counts(sums: np.ndarray) -> "Values":
    rows, positives, called, hits, square, loss = sums
    negatives, rejected = rows - positives, rows - positives - called + hits
    f1, f1_negative = 2 * hits / (positives + called), 2 * rejected / (negatives + rows - called)
    recall, specificity = hits / positives, rejected / negatives
    return {
        "accuracy": (hits + rejected) / rows,
        "balanced_accuracy": mean([recall, specificity]),
        "f1": f1,
        "f1_macro": mean([f1, f1_negative]),
        "precision": np.where(called > 0, hits / called, np.where(rows > 0, 0.0, np.nan)),
        "recall": recall,
        "brier": square / rows,
        "log_loss": loss / rows,
    }


def _threshold(evidence: "Evidence") -> float | None:
    """The threshold of one model, as its predictions show it; the models of a cross-validation have one each."""
    said = evidence.model.predictions[0]
    above, below = (said.filter(pl.col("prediction") == called)["probability"] for called in (1, 0))
    if len(evidence.model.predictions) > 1 or not len(above) or not len(below):
        return None
    return (above.min() + below.max()) / 2  # pyright: ignore[reportOperatorIssue, reportReturnType, reportOptionalOperand]


def _positive(classes: tuple[tuple[Any, int], ...]) -> Any:
    """True, yes, the 1 beside a 0, ...; else the rarer one."""
    if {str(value) for value, _ in classes} == {"1", "2"}:
        return classes[-1][0]
    for word in YES:
        for value, _ in classes:
            if str(value).strip().lower() == word:
                return value
    return classes[-1][0]


kind = Binary()
