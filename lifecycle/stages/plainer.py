"""Plainer: where a challenger was refused that a plainer model may do better than, the best plainer recipe of the same search in its place."""

import hashlib
from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError
from lifecycle.references import Tuned
from lifecycle.store import tracking

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def plainer(use_case: "UseCase", tuned: Tuned) -> Tuned:
    """The best recipe of the search out of a plainer family than the one it chose, with an MLflow run of its own.

    Raises:
        LifecycleError: the search has none.
    """
    if not tuned.plainer:
        raise LifecycleError(f"use case '{use_case.name}': a plainer recipe needs a search with a plainer family, found none")
    best, *others = tuned.plainer
    key = hashlib.sha256(f"{tuned.key}\n{best.recipe.model_dump_json()}".encode()).hexdigest()[:24]
    run_id = tracking.begin(use_case.name, f"train {use_case.name}, plainer", key)
    board = "leaderboard.json"
    files = tracking.write(run_id, board, tracking.read(tuned.run_id, board, tuned.files)) if board in tuned.files else {}
    found = {"key": key, "recipe": best.recipe, "score": best.score, "run_id": run_id, "files": files, "plainer": tuple(others)}
    return tuned.model_copy(update=found)
