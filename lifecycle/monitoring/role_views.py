"""What is watched in place of inputs whose own values say little: a role of their column says what (`Role.views`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.models.blueprint import encoding

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

OF, OF_BEFORE = "of", "text"
"""Where a profile says which input a view is of; profiles that were kept before say it as the other."""


def fit(use_case: "UseCase", X: pl.DataFrame) -> tuple[dict[str, dict[str, Any]], pl.DataFrame]:
    """What a profile keeps of each view (not yet its cells), and the inputs with the views in the place of those that they are of."""
    kept: dict[str, dict[str, Any]] = {}
    for name, dtype in X.schema.items():
        if (role := encoding(use_case, name, dtype)) and (found := role.views(use_case, name, X[name])) is not None:
            kept |= {f"{name}: {view}": {**facts, OF: name} for view, (facts, _) in found.items()}
            X = X.drop(name).with_columns(values.alias(f"{name}: {view}") for view, (_, values) in found.items())
    return kept, X


def beside(use_case: "UseCase", profile: Mapping[str, Any], X: pl.DataFrame) -> pl.DataFrame:
    """Inputs with the views that a profile has of them; a view of an input that is not there is null throughout."""
    made = []
    for name, view in profile["columns"].items():
        of = view.get(OF) or view.get(OF_BEFORE)
        if of in X.columns and (role := encoding(use_case, of, X.schema[of])):
            made.append(role.view(view, X[of]).alias(name))
    return X.with_columns(made)
