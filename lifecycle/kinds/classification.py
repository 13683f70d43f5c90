"""What kinds whose models choose among known classes, with probabilities, have in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.errors import DataError, NotEnoughData
from lifecycle.kinds.supervised import Supervised
from lifecycle.models.conformal import surrounded

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.evaluation.statistics import Sums
    from lifecycle.kind import Unseen
    from lifecycle.usecase import UseCase

RARE = 0.1
"""Below this share of positives the order at the top matters, which the area under the ROC curve hardly sees."""
SHARES = frozenset(
    [
        "roc_auc",
        "average_precision",
        "accuracy",
        "balanced_accuracy",
        "f1",
        "f1_macro",
        "f1_weighted",
        "precision",
        "recall",
        "precision_macro",
        "recall_macro",
        "calibration_error",
    ]
)
"""Metrics between 0 and 1."""
FEW_OF_A_CLASS = 50
"""Rows of a class below which `lifecycle new` warns of it."""
HOLDS = "that cannot be ruled out: of the rows of each class, a share of {use_case.coverage:.4g} have the truth among them"
"""What a set of classes is, in words."""


class Classification(Supervised):
    """Models with `predict_proba` and `classes_`, calibrated on rows that they were not fitted on."""

    besides = ("coverage",)
    remedy = "check the target, or bring more rows"

    def check_part(self, use_case: "UseCase", part: str, values: Callable[[], Sequence[Any]]) -> None:
        """Two classes must be there, the positive one among them where there is one."""
        positive, there = self.positive(use_case), list(values())
        wanted = positive is None or positive in there
        if len(there) < 2 or not wanted:
            raise NotEnoughData(
                f"use case '{use_case.name}': the target '{use_case.target}' needs at least two classes"
                f"{'' if wanted else f', {positive!r} among them,'} in the part '{part}', found {there}; check the target, or bring more rows"
            )

    def check_target(self, use_case: "UseCase", y: np.ndarray) -> None:
        """Two classes must be there."""
        different = np.unique(y)
        if len(different) < 2:
            raise DataError(
                f"use case '{use_case.name}': the target '{use_case.target}' needs at least two classes in the {len(y):,} training rows,"
                f" found {self.only(use_case, different)}; {self.remedy}"
            )

    def only(self, use_case: "UseCase", different: np.ndarray) -> str:
        """The classes that are there, in words."""
        return ", ".join(map(str, different)) or "none"

    def sample(self, y: np.ndarray, most: int, seed: int) -> np.ndarray:
        """Every class keeps its share."""
        random = np.random.default_rng(seed)
        chosen = []
        for value in np.unique(y):
            where = np.flatnonzero(y == value)
            chosen.append(random.choice(where, min(len(where), max(1, round(len(where) * most / len(y)))), replace=False))
        return np.sort(np.concatenate(chosen))

    def linear(self, params: Mapping[str, Any], seed: int) -> Any:
        """Logistic regression."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=1 / params["alpha"], solver="newton-cholesky", max_iter=100, random_state=seed)

    def forest(self, trees: int, **given: Any) -> Any:
        """A forest that votes."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(trees, **given)

    def boosting(self, **given: Any) -> Any:
        """Boosting on the log loss."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(**given)

    def constant(self, metric: str = "") -> Any:
        """The classes' shares."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior")

    def repeated(self, last: np.ndarray, known: np.ndarray, seen: tuple[np.ndarray, np.ndarray]) -> "pl.DataFrame | None":
        """The last label, with the shares of what followed it; the commonest where none is known."""
        import polars as pl

        classes = self.classes(seen[1])
        if len(classes) < 2:
            return None
        followed = np.bincount(np.searchsorted(classes, seen[1]), minlength=len(classes))
        shares = followed / followed.sum()
        before = np.isin(seen[0], classes)
        pairs = np.searchsorted(classes, seen[0][before]) * len(classes) + np.searchsorted(classes, seen[1][before])
        table = np.bincount(pairs, minlength=len(classes) ** 2).reshape(len(classes), -1)
        table = np.vstack([(table + shares) / (table.sum(axis=1, keepdims=True) + 1), shares])
        there = known & np.isin(last, classes)
        said = np.where(known, last, classes[followed.argmax()])
        frame = self.frame(table[np.where(there, np.searchsorted(classes, said).clip(max=len(classes) - 1), len(classes))], classes)
        return frame.with_columns(pl.Series("prediction", said).cast(frame["prediction"].dtype))

    def bounds(self, metric: str) -> tuple[float, float]:
        """Shares of rows, of classes and of pairs."""
        return (0.0, 1.0) if metric in SHARES else super().bounds(metric)

    short = "the second largest class"

    def minority(self, y: np.ndarray) -> int | None:
        """Of the second largest class: of the others, rare ones may have hardly a row."""
        counts = np.sort(np.unique(y, return_counts=True)[1])
        return int(counts[-2]) if len(counts) > 1 else 0

    def text_model(self, seed: int) -> Any:
        """Logistic regression."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=8.0, solver="lbfgs", max_iter=200, tol=1e-3)

    def outputs(self, model: Any, X: Any) -> np.ndarray:
        """Probabilities of shape (n, classes)."""
        return np.asarray(model.predict_proba(X))

    def staged_outputs(self, model: Any, X: Any) -> Iterator[np.ndarray]:
        """Probabilities after each iteration."""
        return model.staged_predict_proba(X)

    def classes(self, y: np.ndarray) -> np.ndarray:
        """The classes of an encoded target."""
        return np.unique(y)

    def aligned(self, outputs: np.ndarray, model: Any, classes: np.ndarray) -> np.ndarray:
        """A class that the model has not met has the probability 0."""
        found = np.zeros((len(outputs), len(classes)))
        found[:, np.searchsorted(classes, model.classes_)] = outputs
        return found

    def loss(self, metric: str, outputs: np.ndarray, y: np.ndarray, classes: np.ndarray) -> Callable[[np.ndarray], float]:
        """The log loss of the weighted probabilities."""
        known = np.isin(y, classes)
        own = outputs[:, known][:, np.arange(known.sum()), np.searchsorted(classes, y[known])] if known.any() else outputs
        return lambda weights: float(-np.log(np.clip(weights @ own, 1e-9, None)).mean())

    def finish(self, use_case: "UseCase", model: Any, unseen: "Unseen") -> Any:
        """Probabilities corrected where that is shown to help, the threshold chosen, and sets of classes with the stated coverage."""
        from lifecycle.models.calibrate import calibrate

        return calibrate(use_case, model, *unseen())

    def spread(self, said: "pl.DataFrame") -> "tuple[float | None, str]":
        """The classes in a set."""
        return (float(said["set"].list.len().mean()) if "set" in said.columns else None), "mean number of classes in a set"  # pyright: ignore[reportArgumentType]

    def predict(self, model: Any, X: "pl.DataFrame") -> "pl.DataFrame":
        """The answers by the model's own threshold."""
        probabilities = model.predict_proba(X)
        return surrounded(self.frame(probabilities, model.classes_, getattr(model, "threshold_", 0.5)), model, probabilities)

    def apart(self, first: "pl.DataFrame", second: "pl.DataFrame") -> tuple[np.ndarray, bool]:
        """A set that differs is a decision that does."""
        numbers, decides = super().apart(first, second)
        return numbers, decides or ("set" in first.columns and not first["set"].equals(second["set"]))

    def explained(self, use_case: "UseCase", answer: "pl.DataFrame") -> "tuple[Callable[[pl.DataFrame], pl.Series], str]":
        """The probability of the predicted class."""
        import polars as pl

        value = answer["prediction"].item()
        return lambda answers: answers[f"p_{value}"].cast(pl.Float64), f"probability of {use_case.target} = {value}"


def covered(sets: "pl.Series", truth: "pl.Series") -> "Sums":
    """The share of rows whose set holds the truth, of those that have one."""
    import polars as pl

    from lifecycle.evaluation.statistics import share_of

    inside = sets.to_frame("set").with_columns(truth.alias("truth")).select(pl.col("set").list.contains(pl.col("truth"))).to_series()
    return share_of("coverage", inside.fill_null(False).to_numpy(), sets.is_not_null().to_numpy())


def clipped(probability: np.ndarray) -> np.ndarray:
    """Probabilities whose logarithm is finite, as scikit-learn's `log_loss` clips them."""
    eps = np.finfo(np.float64).eps
    return np.clip(probability, eps, 1 - eps)


def mean(parts: "np.ndarray | list[np.ndarray]") -> np.ndarray:
    """The mean over the first axis of what is defined."""
    stacked = np.asarray(parts)
    defined = ~np.isnan(stacked)
    return np.where(defined, stacked, 0.0).sum(axis=0) / defined.sum(axis=0)
