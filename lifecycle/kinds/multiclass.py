"""Classification with more than two classes: which one it is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.answer_schema import NUMBER, NUMBER_BY_NAME, TEXT, Field, lists
from lifecycle.kind import PROBABILITY, prediction
from lifecycle.kinds.classification import FEW_OF_A_CLASS, HOLDS, Classification, clipped, covered, mean

if TYPE_CHECKING:
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.draft.problem import GuessedProblem
    from lifecycle.evaluation.evaluation_set import EvaluationSet
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.fairness import Measure
    from lifecycle.evaluation.predictions import Predictions
    from lifecycle.evaluation.report import ClassReport
    from lifecycle.evaluation.statistics import Statistic, Values
    from lifecycle.usecase import UseCase

CLASSES_SHOWN = 20
"""A confusion matrix shows the most frequent classes, the others together."""
CURVES = 10
"""So many classes, the most frequent, have a curve."""
CLASSES = 10
"""Whole numbers of at most so many values are classes; of more, quantities."""
MOST_CLASSES = 100
"""Classes that `lifecycle new` takes on."""
CLASSES_TOLD = 12
"""So many classes, the most frequent, are looked at for columns that tell them."""
NEEDS_ALL_CLASSES = ("roc_auc", "log_loss", "brier")
"""Metrics that the log of predictions, which has the predicted class's probability only, cannot give."""


class Multiclass(Classification):
    """Classes are encoded as texts."""

    name = "multiclass"
    metric = "f1_macro"
    metrics = (
        "accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "precision_macro", "recall_macro", "roc_auc", "log_loss", "brier",
        "calibration_error",
    )  # fmt: skip
    target_type = "multiclass"
    answer_schema = (
        prediction(TEXT, "the class that {use_case.target} most probably is"),
        Field("probability", NUMBER, "the probability of that class", bounds=PROBABILITY),
        Field("probabilities", NUMBER_BY_NAME, "the probability of each class", optional=True, stored={}, prefix="p_"),
        Field("set", lists(TEXT), f"the classes {HOLDS}", optional=True, derived=True),
    )

    def encode(self, use_case: "UseCase", target: pl.Series) -> np.ndarray:
        """The classes as texts."""
        return target.cast(pl.String).to_numpy().astype(object)

    def strata(self, y: np.ndarray, folds: int) -> tuple[int, bool]:
        """Stratified as far as the largest class reaches; a class of fewer rows than folds is in some of them alone."""
        sizes = np.unique(y, return_counts=True)[1]
        if sizes.min() >= 2:
            folds = min(folds, int(sizes.max()))
        return folds, bool(sizes.max() >= folds)

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
        """`prediction` (the class as String), its `probability`, and `p_<class>` for each class."""
        outputs = np.asarray(outputs, dtype=np.float64).clip(0.0, 1.0)  # a sum of shares may miss 1 by a rounding
        names = np.asarray(classes).astype(str)
        frame = pl.DataFrame({"prediction": names[outputs.argmax(axis=1)], "probability": outputs.max(axis=1)})
        return frame.with_columns([pl.Series(f"p_{name}", outputs[:, i]) for i, name in enumerate(names)])

    several = True

    def measured(self, said: pl.DataFrame, of: str = "") -> np.ndarray:
        """The probability of each class, or of one; of one that the model has not met 0."""
        if of:
            return said[f"p_{of}"].to_numpy()[:, None] if f"p_{of}" in said.columns else np.zeros((said.height, 1))
        return said.select(name for name in said.columns if name.startswith("p_")).to_numpy()

    def blind(self, metric: str, said: pl.DataFrame, seed: int) -> pl.DataFrame:
        """At random, each class as often as it is so, for the macro means of F1 and precision, and for f1_weighted where that is better than the largest class."""
        names = [name for name in said.columns if name.startswith("p_")]
        share = said.select(names).row(0)
        largest = max(share)
        better = sum(each**2 for each in share) > 2 * largest**2 / (1 + largest)
        if metric not in ("f1_macro", "precision_macro") and not (metric == "f1_weighted" and better):
            return said
        drawn = np.random.default_rng(seed).random(said.height)
        codes = np.searchsorted(np.cumsum(share)[:-1], drawn, "right")
        return said.with_columns(prediction=pl.Series(np.array([name.removeprefix("p_") for name in names])[codes]))

    def statistics(self, y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> "list[Statistic]":
        """Each class against the rest, calibration of the predicted class, and what counts by class give."""
        from lifecycle.evaluation.statistics import OneAgainstRest, Ranking, Sums, expected_calibration_error

        truth, chosen = np.asarray(y).astype(str), predictions["prediction"].to_numpy().astype(str)
        given = {name.removeprefix("p_"): predictions[name].to_numpy() for name in predictions.columns if name.startswith("p_")}
        classes = np.array(sorted({*given, *np.unique(truth), *np.unique(chosen)}))
        truths, choices = np.searchsorted(classes, truth), np.searchsorted(classes, chosen)
        nothing = np.zeros(len(truth))
        probability = np.stack([given.get(name, nothing) for name in classes], axis=1)
        found: list[Statistic] = []
        if "coverage" in wanted and "set" in predictions.columns:
            found.append(covered(predictions["set"], pl.Series(truth.tolist(), dtype=pl.String)))
        if "roc_auc" in wanted:
            found.append(OneAgainstRest(tuple(Ranking.of(truths == i, probability[:, i]) for i in range(len(classes)))))
        if "calibration_error" in wanted:
            found.append(expected_calibration_error(predictions["probability"].to_numpy(), truth == chosen, weight))
        if wanted - {"roc_auc", "calibration_error", "coverage"}:
            one = np.eye(len(classes))
            own = probability[np.arange(len(truth)), truths]
            square = (probability**2).sum(axis=1) - 2 * own + 1
            single = np.stack([np.ones(len(truth)), square, -np.log(clipped(own))], axis=1)
            hits = one[truths] * (truths == choices)[:, None]
            found.append(Sums(np.hstack([single, one[truths], one[choices], hits]), _from_counts))
        return found

    def per_class(self, unseen: "EvaluationSet") -> "tuple[ClassReport, ...]":
        """Precision, recall and area of each class."""
        from lifecycle.evaluation.per_class import by_class

        return by_class(unseen)

    def calibration(self, judged: "Predictions") -> tuple[str, np.ndarray, np.ndarray] | None:
        """Of the predicted class."""
        y, said = judged.stacked
        return "the predicted class", y.astype(str) == said["prediction"].to_numpy().astype(str), said["probability"].to_numpy()

    def fairness(self, judged: "Predictions") -> "list[Measure]":
        """Accuracy, and calibration of the predicted class."""
        from lifecycle.evaluation.fairness import Measure

        y, one = judged.rows.y.astype(str), np.ones(len(judged.rows))
        probability = np.mean([frame["probability"].to_numpy() for frame in judged.predictions], axis=0)
        right = np.mean([frame["prediction"].to_numpy().astype(str) == y for frame in judged.predictions], axis=0)
        return [Measure("accuracy", right, one), Measure("calibration", probability - right, one)]

    def live_metric(self, metric: str) -> str:
        """The macro F1 in place of metrics that need every class's probability."""
        return "f1_macro" if metric in NEEDS_ALL_CLASSES else metric

    def estimated(self, use_case: "UseCase", metric: str, predictions: pl.DataFrame) -> tuple[str, float] | None:
        """The accuracy: the mean probability of the predicted class, which is all that the log of predictions has."""
        return "accuracy", float(predictions["probability"].mean())  # pyright: ignore[reportArgumentType]

    def plots(self, use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
        """Curves and scores of the classes, confusion matrix, calibration."""
        from lifecycle.reports import class_plots, plots

        y, said = evidence.model.stacked
        truth, chosen = y.astype(str), said["prediction"].to_numpy().astype(str)
        values, counts = np.unique(np.concatenate([truth, chosen]), return_counts=True)
        shown = set(values[np.argsort(-counts, kind="stable")][:CLASSES_SHOWN].tolist())
        rest = "(others)"
        truth, chosen = (np.array([value if value in shown else rest for value in side.tolist()]) for side in (truth, chosen))
        names = {value: value for value in [*sorted(shown), *([rest] if len(values) > CLASSES_SHOWN else [])]}
        repeats = len(evidence.model.predictions)
        right = y.astype(str) == said["prediction"].to_numpy().astype(str)
        return _curves(evidence, metrics) | {
            "confusion": class_plots.confusion(truth, chosen, names, f", accuracy {metrics['accuracy']:.3f}"),
            "calibration": plots.calibration(
                right, said["probability"].to_numpy(), metrics["calibration_error"], "the predicted class is right", repeats
            ),
        }

    def says(self, use_case: "UseCase") -> str:
        """A class."""
        from lifecycle.reports.markdown import code

        return f"Predicts which class {code(use_case.target)} is, with a probability for each"

    guessed = 20

    def looks_like(self, target: "ColumnProfile") -> str:
        """Texts, or few whole numbers that come again and again."""
        few = target.type == "int" and target.distinct <= CLASSES and target.distinct < 0.05 * target.rows
        return f"has {target.distinct} values" if target.type == "str" or few else ""

    def refusal(self, target: "ColumnProfile") -> str:
        """Not of so many values that a class has hardly a row."""
        most = min(MOST_CLASSES, (target.rows - target.nulls) // 10)
        if target.distinct <= most:
            return ""
        return (
            f"the target '{target.came}' has {target.distinct:,} values, as classes at most {most} can be learned from {target.rows:,} rows;"
            " choose another column, or put values together"
        )

    def question(self, target: "ColumnProfile", why: str) -> "GuessedProblem":
        """With the classes and their counts."""
        from lifecycle.draft.problem import GuessedProblem

        return GuessedProblem(self.name, why, "", None, tuple(target.tops))

    def title(self, question: "GuessedProblem", target: "ColumnProfile | None") -> str:
        """Which one it is."""
        return f"Which {target.came if target else 'one'} a row has"

    def truth(self, question: "GuessedProblem", target: pl.Series) -> np.ndarray:
        """A column for each of the most frequent classes."""
        return np.stack([(target == value).to_numpy().astype(np.float64) for value, _ in question.classes[:CLASSES_TOLD]], axis=1)

    def rare(self, question: "GuessedProblem") -> Iterator[str]:
        """Classes with few rows."""
        rare = [f"{value} ({count})" for value, count in question.classes if count < FEW_OF_A_CLASS]
        if rare:
            listed = f"{', '.join(rare[:8])}{' and more' if len(rare) > 8 else ''}"
            yield f"rare classes: {listed} have fewer than {FEW_OF_A_CLASS} rows each; their numbers will be unsure"


def _from_counts(sums: np.ndarray) -> "Values":
    rows, square, loss = sums[:3]
    truth, chosen, hits = np.split(sums[3:], 3)
    there = truth + chosen > 0
    f1 = np.where(there, 2 * hits / (truth + chosen), np.nan)
    recall, precision = hits / truth, hits / chosen
    return {
        "accuracy": hits.sum(axis=0) / rows,
        "balanced_accuracy": mean(recall),
        "f1_macro": mean(f1),
        "f1_weighted": np.nansum(f1 * truth, axis=0) / rows,
        "precision_macro": mean(np.where(there, np.where(chosen > 0, precision, 0.0), np.nan)),
        "recall_macro": mean(np.where(there, np.where(truth > 0, recall, 0.0), np.nan)),
        "brier": square / rows,
        "log_loss": loss / rows,
    }


def _curves(evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    """The curves of the most frequent classes, and precision and recall of all."""
    from lifecycle.reports import class_plots

    y, said = evidence.model.stacked
    table = [row for row in evidence.classes if row.rows]
    shown = [row for row in table if row.roc_auc is not None][:CURVES]
    scores = {row.name: said[f"p_{row.name}"].to_numpy() for row in shown}
    drawn = {"classes": class_plots.by_class(table[:CLASSES_SHOWN], len(evidence.model.rows))}
    if scores:
        areas = {row.name: row.roc_auc for row in shown if row.roc_auc is not None}
        drawn["roc"] = class_plots.one_against_rest(y.astype(str), scores, areas, metrics.get("roc_auc", np.nan))
    return drawn


kind = Multiclass()
