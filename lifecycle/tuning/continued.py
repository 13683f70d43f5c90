"""Where a search goes on from what the champion has learnt already: a family that can says so (`Candidate.continues`)."""

from typing import TYPE_CHECKING, Any

from lifecycle import history
from lifecycle.candidates import Candidate
from lifecycle.table.membership import seen
from lifecycle.table.parts import rows

if TYPE_CHECKING:
    from lifecycle.references import Parts
    from lifecycle.usecase import UseCase

START = "start"
"""The hyperparameter that names the model which a training goes on from, as `lifecycle.store.models.load` takes it."""


def begun(use_case: "UseCase", parts: "Parts", family: Candidate) -> dict[str, Any]:
    """The hyperparameter of a family whose training goes on from the champion's judged fit; nothing where it begins anew.

    It begins anew where the champion is of another family, and where its judged fit has seen one of the rows that the gate is about to
    judge by: what it had learnt of these would be a gain that is none.
    """
    version = history.champion(use_case.name) if family.continues else None
    if version is None or version.evaluated.trained.recipe.candidate != family.name:
        return {}
    return {} if seen(use_case, version, rows(use_case, parts, "gate").info).any() else {START: list(version.judged)}
