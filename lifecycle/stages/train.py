"""Train: fit a recipe on its rows, once to be judged and once to be deployed, and keep both models in the run that found the recipe."""

from typing import TYPE_CHECKING, Any

from lifecycle.fit import two_fits
from lifecycle.predict import predict
from lifecycle.references import Recipe, Trained, Tuned
from lifecycle.splits.split import PARTS
from lifecycle.store import models, tracking
from lifecycle.table.parts import LABELLED
from lifecycle.table.parts import rows as part_of

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

HEAD = 20


def train(use_case: "UseCase", tuned: Tuned) -> Trained:
    """Fit the recipe that tuning found, on rows that leave the gate's out and on all that are labelled, and log both models into the same MLflow run.

    Raises:
        DataError: the training rows have one class, or a value that is no number.
        LifecycleError: the run was deleted.
    """
    tracking.active(use_case.name, tuned.run_id)
    train, tune, gate = (part_of(use_case, tuned.parts, part) for part in PARTS)
    labelled = part_of(use_case, tuned.parts, LABELLED)
    fits = two_fits(use_case, tuned.recipe, train, tune, gate, labelled)
    head = train.X.head(HEAD)
    judged, deployed = (
        models.save(tuned.run_id, use_case, model, head, predict(use_case, model, head), name)
        for model, name in ((fits.judged, "judged"), (fits.deployed, "model"))
    )
    facts = _facts(use_case, tuned.recipe, fits.deployed, {"train": train, "tune": tune, "deployed": labelled})
    tracking.log(tuned.run_id, params=facts, tags={"lifecycle.model_sha256": deployed, "lifecycle.judged_sha256": judged})
    return Trained(
        use_case=use_case.name, key=deployed, parts=tuned.parts, recipe=tuned.recipe, run_id=tuned.run_id, sha256=deployed, judged_sha256=judged,
        files=tuned.files,
    )  # fmt: skip


def _facts(use_case: "UseCase", recipe: Recipe, model: Any, rows: "dict[str, Rows]") -> dict[str, Any]:
    """What the run shows of how its deployed model was made."""
    parts = {f"{part.candidate}_{name}": value for part in recipe.parts for name, value in part.params.items()}
    facts: dict[str, Any] = {"candidate": recipe.candidate, **recipe.params, **parts, "seed": use_case.seed}
    facts |= {"data/inputs": rows["train"].X.width, **{f"data/{name}_rows": len(each) for name, each in rows.items()}}
    for name in ("threshold", "slope", "intercept"):
        if hasattr(model, name):
            facts[f"calibration/{name}" if name != "threshold" else name] = round(getattr(model, name), 6)
    return facts
