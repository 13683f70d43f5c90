"""A transformer that is trained further on the problem's own texts; retraining goes on from the champion's weights."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint
    from lifecycle.models.fine_tuned import Transformer

NAME = "fine_tuned"


def fine_tuned(transformer: "Transformer | None" = None) -> Candidate:
    """A classifier of one text whose transformer learns too. It needs the extra `transformers`.

    Args:
        transformer: where the first training begins; `None`: all-MiniLM-L6-v2 of the extra `text`, which knows English.
    """

    def space(trial: "Trial") -> dict[str, Any]:
        return {"learning_rate": trial.suggest_float("learning_rate", 2e-5, 3e-4, log=True), "epochs": trial.suggest_int("epochs", 1, 4)}

    def build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
        from sklearn.pipeline import make_pipeline

        from lifecycle.models.fine_tuned import MINILM_WEIGHTS, FineTuned, only_text

        only_text([*plan.numeric, *plan.categorical, *plan.wide, *(name for name, _ in plan.encoded)])
        start = tuple(params.get("start", ()))
        rate, epochs = params["learning_rate"], params["epochs"]
        return make_pipeline(FineTuned(transformer or MINILM_WEIGHTS, learning_rate=rate, epochs=epochs, seed=plan.seed, start=start))

    return Candidate(NAME, build, space, {"learning_rate": 1e-4, "epochs": 3}, extra="transformers")
