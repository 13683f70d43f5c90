"""What a fitted model says of rows: the one function that evaluation, batch scoring and HTTP share."""

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def predict(use_case: "UseCase", model: Any, X: pl.DataFrame) -> pl.DataFrame:
    """The predictions for rows of model inputs, in their order.

    Returns:
        `prediction` (`binary`: Int8 0/1; `multiclass`: the class, `clustering`: the cluster, as String; `regression`:
        Float64) and, where the model has probabilities, `probability` (`binary`: of the positive class; else of the
        predicted one) and for `multiclass` one more column `p_<class>` for each class.
    """
    return use_case.kind.predict(model, X)
