"""A transformer that is trained further on the problem's own texts; retraining goes on from the champion's weights."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.models.transformer import MINILM_WEIGHTS, Transformer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint


def fine_tuned(transformer: Transformer = MINILM_WEIGHTS) -> Candidate:
    """A classifier of one text whose transformer learns too. It needs the extra `transformers`.

    Args:
        transformer: where the first training begins: all-MiniLM-L6-v2 of the extra `text`, which knows English.
    """

    def space(trial: "Trial") -> dict[str, Any]:
        return {"learning_rate": trial.suggest_float("learning_rate", 2e-5, 3e-4, log=True), "epochs": trial.suggest_int("epochs", 1, 4)}

    def build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
        from sklearn.pipeline import make_pipeline

        from lifecycle.models.fine_tuned import FineTuned, only_text

        only_text([*plan.numeric, *plan.categorical, *plan.wide, *(name for name, _ in plan.encoded)])
        rate, epochs, start = params["learning_rate"], params["epochs"], tuple(params.get("start", ()))
        return make_pipeline(FineTuned(transformer, learning_rate=rate, epochs=epochs, seed=plan.seed, start=start))

    files = (transformer.weights, transformer.tokenizer)
    return Candidate("fine_tuned", build, space, {"learning_rate": 1e-4, "epochs": 3}, extra="transformers", continues=True, artifacts=files)
