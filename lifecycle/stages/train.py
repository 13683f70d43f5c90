"""Train: fit a recipe on its rows, and keep the model in the run that found the recipe."""

from typing import TYPE_CHECKING, Any

from lifecycle.fit import fit
from lifecycle.predict import predict
from lifecycle.references import Recipe, Trained, Tuned
from lifecycle.store import models, tracking
from lifecycle.table.parts import rows as part_of

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

HEAD = 20


def train(use_case: "UseCase", tuned: Tuned) -> Trained:
    """Fit the recipe that tuning found, and log the model into the same MLflow run.

    Raises:
        DataError: the training rows have one class, or a value that is no number.
        LifecycleError: the run was deleted.
    """
    tracking.active(use_case.name, tuned.run_id)
    train, tune = part_of(use_case, tuned.parts, "train"), part_of(use_case, tuned.parts, "tune")
    model = fit(use_case, tuned.recipe, train, tune)
    head = train.X.head(HEAD)
    sha256 = models.save(tuned.run_id, use_case, model, head, predict(use_case, model, head))
    tracking.log(tuned.run_id, params=_facts(use_case, tuned.recipe, model, train, tune), tags={"lifecycle.model_sha256": sha256})
    return Trained(
        use_case=use_case.name, key=sha256, parts=tuned.parts, recipe=tuned.recipe, run_id=tuned.run_id, sha256=sha256, files=tuned.files
    )  # fmt: skip


def _facts(use_case: "UseCase", recipe: Recipe, model: Any, train: "Rows", tune: "Rows") -> dict[str, Any]:
    """What the run shows of how its model was made."""
    parts = {f"{part.candidate}_{name}": value for part in recipe.parts for name, value in part.params.items()}
    facts: dict[str, Any] = {"candidate": recipe.candidate, **recipe.params, **parts, "inputs": train.X.width, "seed": use_case.seed}
    facts |= {"train_rows": len(train), "tune_rows": len(tune)}
    for name in ("threshold", "slope", "intercept"):
        if hasattr(model, name):
            facts[f"calibration_{name}" if name != "threshold" else name] = round(getattr(model, name), 6)
    return facts
