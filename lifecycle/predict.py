"""What a fitted model says of rows: the one function that evaluation, batch scoring and HTTP share."""

from typing import TYPE_CHECKING, Any

import numpy as np
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
    if use_case.problem == "clustering":
        from lifecycle.models.clusterings import certainty

        found, sure = as_frame(use_case, model.predict(X)), certainty(model, X)
        return found if sure is None else found.with_columns(probability=pl.Series(sure))
    if use_case.problem == "regression":
        return as_frame(use_case, model.predict(X))
    return as_frame(use_case, model.predict_proba(X), model.classes_, getattr(model, "threshold_", 0.5))


def as_frame(use_case: "UseCase", outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
    """What an estimator gave, as `predict` returns it.

    Args:
        use_case: its problem decides the columns.
        outputs: predicted values or clusters, length n, or probabilities of shape (n, classes).
        classes: in the order of the probabilities' columns.
        threshold: from which probability of its second class a row of a binary problem is predicted to be 1.
    """
    if use_case.problem == "clustering":
        return pl.DataFrame({"prediction": np.asarray(outputs).astype(str)}, schema={"prediction": pl.String})
    outputs = np.asarray(outputs, dtype=np.float64)
    if use_case.problem == "regression":
        return pl.DataFrame({"prediction": outputs})
    if use_case.problem == "binary":
        positive = outputs[:, 1]
        return pl.DataFrame({"prediction": (positive >= threshold).astype(np.int8), "probability": positive})
    names = np.asarray(classes).astype(str)
    frame = pl.DataFrame({"prediction": names[outputs.argmax(axis=1)], "probability": outputs.max(axis=1)})
    return frame.with_columns([pl.Series(f"p_{name}", outputs[:, i]) for i, name in enumerate(names)])
