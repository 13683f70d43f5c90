"""What a fitted model says of rows: the one function that evaluation, batch scoring and HTTP share."""

from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle import answer_schema
from lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from lifecycle.references import ModelVersion
    from lifecycle.usecase import UseCase


def predict(use_case: "UseCase", model: Any, X: pl.DataFrame) -> pl.DataFrame:
    """The predictions for rows of model inputs, in their order.

    Returns:
        The fields that the kind declares (`Kind.answer_schema`), one column each; of a field with a prefix (`p_<class>` of
        `multiclass`) one for each name. `prediction` of `binary` is Int8 0/1.
    """
    return use_case.kind.predict(model, X)


def columns(use_case: "UseCase", said: pl.DataFrame) -> pl.DataFrame:
    """Predictions as the columns of a file: each field with its own type, a list as JSON text."""
    return answer_schema.table(use_case.kind.answer_schema, said)


def inputs(use_case: "UseCase", model_version: "ModelVersion", X: pl.DataFrame) -> pl.DataFrame:
    """The columns that a model was trained with, in its order."""
    return use_case.kind.inputs(X, model_version.evaluated.trained.parts.features.names)


def check_inputs(use_case: "UseCase", model_version: "ModelVersion", there: list[str]) -> None:
    """Raise the error for a model whose inputs the definition does not give any more."""
    missing = use_case.kind.lacking(there, model_version.evaluated.trained.parts.features.names)
    if missing:
        raise LifecycleError(
            f"use case '{use_case.name}': version {model_version.version} needs the features it was trained with, found no "
            f"{', '.join(missing)}; bring them back in features(), or train and promote a new version"
        )
