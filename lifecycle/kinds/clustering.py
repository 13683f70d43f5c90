"""Clustering: which rows are alike, without a target."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.answer_schema import NUMBER, TEXT, Field
from lifecycle.kind import PROBABILITY, Kind, prediction

if TYPE_CHECKING:
    from lifecycle.candidates import Candidate
    from lifecycle.dataset import Rows
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.draft.problem import GuessedProblem
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.report import ClusterReport, EvaluationReport
    from lifecycle.evaluation.statistics import Statistic
    from lifecycle.references import Recipe
    from lifecycle.usecase import UseCase


class Clustering(Kind):
    """What clusters are judged against is where rows lie in the space that the training rows span."""

    name = "clustering"
    remembers = False
    metric = "silhouette"
    metrics = ("silhouette", "davies_bouldin", "calinski_harabasz")
    besides = ("stability",)
    knows_nothing = "the same recipe on shuffled columns"
    plain = "k-means with 8 clusters"
    averages = False
    target_type = ""
    answer_schema = (
        prediction(TEXT, "the cluster that the row belongs to"),
        Field("probability", NUMBER, "the probability of that cluster, where the model has one", optional=True, bounds=PROBABILITY),
    )

    def check(self, use_case: "UseCase") -> None:
        """There must be no target, and no split that needs one."""
        if use_case.target:
            raise use_case.wrong(
                f"a {self.name} has no target, found '{use_case.target}' with that role in schema {use_case.schema.__name__}; it may be 'ignored'"
            )

    def bounds(self, metric: str) -> tuple[float, float]:
        """A silhouette falls to -1, and the ratio of variances has no upper end."""
        return {"silhouette": (-1.0, 1.0), "calinski_harabasz": (0.0, float("inf"))}.get(metric, super().bounds(metric))

    def families(self) -> "tuple[Candidate, ...]":
        """K-means and a mixture."""
        from lifecycle.candidates import kmeans, mixture

        return kmeans(), mixture()

    def placed(self, use_case: "UseCase", rows: "Rows", train: "Callable[[], Rows]") -> "Rows":
        """Coordinates, shape (n, m)."""
        from lifecycle.models.cluster_embedding import embed, reference_space

        return embed(reference_space(use_case, train().X), rows)

    def defined(self, outputs: np.ndarray) -> bool:
        """Not where a cluster holds so few rows that it is no group."""
        from lifecycle.evaluation.cluster_metrics import too_small

        return not too_small(outputs)

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
        """`prediction` (the cluster as String)."""
        return pl.DataFrame({"prediction": np.asarray(outputs).astype(str)}, schema={"prediction": pl.String})

    def predict(self, model: Any, X: pl.DataFrame) -> pl.DataFrame:
        """With the `probability` of the cluster, where the model has one."""
        from lifecycle.models.clusterings import certainty

        found, sure = self.frame(model.predict(X)), certainty(model, X)
        return found if sure is None else found.with_columns(probability=pl.Series(sure))

    def statistics(self, y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> "list[Statistic]":
        """Closeness to the own cluster and distance from the others."""
        from lifecycle.evaluation.cluster_metrics import statistics

        return statistics(y, predictions, weight, wanted)

    def evidence(self, use_case: "UseCase", model: Any, recipe: "Recipe", train: "Rows", tune: "Rows", gate: "Rows") -> "Evidence":
        """Beside what the same recipe finds where there is nothing."""
        from lifecycle.evaluation.cluster_evidence import gather

        return gather(use_case, model, recipe, train, tune, gate)

    several = True

    def measured(self, said: pl.DataFrame, of: str = "") -> np.ndarray:
        """Whether a row is in a cluster."""
        return said.select((pl.col("prediction") == of).cast(pl.Float64)).to_numpy()

    def moved(self, before: pl.DataFrame, after: pl.DataFrame) -> np.ndarray:
        """1 where a row is in another cluster."""
        return (before["prediction"] != after["prediction"]).cast(pl.Float64).to_numpy()

    def same_names(self, model: Any, known: np.ndarray | None, rows: "Rows") -> tuple[Any, np.ndarray | None]:
        """A fold's clustering under the names of the first one's clusters, and those names for all rows."""
        from lifecycle.models.clusterings import renamed

        names: np.ndarray = model.predict(rows.X) if known is None else known
        return renamed(model, names, rows.X), names

    def clusters(self, use_case: "UseCase", evidence: "Evidence") -> "tuple[ClusterReport, ...]":
        """Size, what is typical, what sets it apart."""
        from lifecycle.evaluation.cluster_profile import profile

        return profile(use_case, evidence.model.rows, evidence.model.predictions[0])

    def compared_columns(self, use_case: "UseCase") -> list[str]:
        """None: there is no truth to be right about; which groups a cluster holds is in its profile."""
        return []

    def explained(self, use_case: "UseCase", answer: pl.DataFrame) -> tuple[Callable[[pl.DataFrame], pl.Series], str]:
        """Whether the row stays in its cluster."""
        value = answer["prediction"].item()
        return lambda answers: (answers["prediction"] == value).cast(pl.Float64), f"1 in cluster {value}, 0 outside"

    def plots(self, use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
        """The clusters in two directions, their silhouettes and sizes."""
        from lifecycle.reports import cluster_plots

        y, labels = evidence.model.rows.y, evidence.model.predictions[0]["prediction"].to_numpy().astype(str)
        return {
            "clusters": cluster_plots.scatter(y, labels),
            "silhouettes": cluster_plots.silhouettes(y, labels, metrics.get("silhouette", np.nan)),
            "sizes": cluster_plots.sizes(labels),
        }

    def says(self, use_case: "UseCase") -> str:
        """A cluster."""
        return "Says which of the clusters it found a row belongs to"

    def weaknesses(self, use_case: "UseCase", evaluation: "EvaluationReport") -> list[str]:
        """None without a truth."""
        return []

    def limits(self) -> list[str]:
        """Clusters are a view."""
        return ["Clusters are a way to look at the rows, not a truth about them: other columns or scales would give others. Judge them by their use."]

    def title(self, question: "GuessedProblem", target: "ColumnProfile | None") -> str:
        """There is no target to name."""
        return "Groups of rows that are alike"


kind = Clustering()
