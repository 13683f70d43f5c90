"""The kinds of problem: which metrics make sense, which of them are errors, whether there is a target.

A new kind is one entry here, its metrics in `lifecycle.evaluation.metrics`, its families in `lifecycle.candidates`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A kind of problem."""

    name: str
    metric: str
    """The metric that decides where a definition names none."""
    metrics: tuple[str, ...]
    """All that make sense, by scikit-learn's names; errors are positive numbers."""
    target: bool = True
    probabilities: bool = False
    """Whether its models choose among known classes, with probabilities."""
    besides: tuple[str, ...] = ()
    """Metrics that an evaluation measures once: the gate may ask for them, and they decide nothing else."""
    knows_nothing: str = "a constant"
    """The baseline that knows nothing, in words."""
    plain: str = "a plain linear model"
    """The baseline that anybody would try first, in words."""

    def greater_is_better(self, metric: str) -> bool:
        """Whether a larger value of the metric is a better one."""
        return metric not in ERRORS

    def gain(self, metric: str, value: float, over: float) -> float:
        """How much better `value` is than `over`: positive is better, for scores and for errors."""
        return value - over if self.greater_is_better(metric) else over - value


ERRORS = frozenset({"brier", "log_loss", "rmse", "mae", "median_ae", "mape", "calibration_error", "davies_bouldin"})

PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem(
            "binary",
            "roc_auc",
            (
                "roc_auc",
                "average_precision",
                "accuracy",
                "balanced_accuracy",
                "f1",
                "f1_macro",
                "precision",
                "recall",
                "brier",
                "log_loss",
                "calibration_error",
            ),
            probabilities=True,
        ),
        Problem(
            "multiclass",
            "f1_macro",
            (
                "accuracy",
                "balanced_accuracy",
                "f1_macro",
                "f1_weighted",
                "precision_macro",
                "recall_macro",
                "roc_auc",
                "log_loss",
                "brier",
                "calibration_error",
            ),
            probabilities=True,
        ),
        Problem("regression", "rmse", ("rmse", "mae", "median_ae", "r2", "mape")),
        Problem(
            "clustering",
            "silhouette",
            ("silhouette", "davies_bouldin", "calinski_harabasz"),
            target=False,
            besides=("stability",),
            knows_nothing="the same recipe on shuffled columns",
            plain="k-means with 8 clusters",
        ),
    )
}
