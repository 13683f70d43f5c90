"""A model version that answers: loaded, its hash verified, its first predictions made."""

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.answer_schema import Writer, writer
from lifecycle.compiled import load as loading
from lifecycle.predict import check_inputs, inputs, predict
from lifecycle.references import ModelVersion

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class LoadedModel:
    """One loaded version of a use case's model. Whoever holds the reference may ask it, also after another took its place."""

    use_case: "UseCase"
    version: ModelVersion
    model: Any
    """What predicts: the pipeline, or its compiled form."""
    how: str
    """`onnx` or `pipeline`."""
    write: Writer
    """Writes what it says as HTTP gives it; made for the columns of its own answers."""
    loaded_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def number(self) -> int:
        """The version's number."""
        return self.version.version

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """The predictions for rows of features, as `lifecycle.predict.predict` gives them."""
        own = features if self.how == loading.ONNX else inputs(self.use_case, self.version, features)  # a compiled model picks its inputs itself
        return predict(self.use_case, self.model, own)


def load(use_case: "UseCase", version: ModelVersion, rows: pl.DataFrame) -> LoadedModel:
    """A version ready to answer: its files checked and loaded, and warmed up on some rows of features.

    Raises:
        LifecycleError: its files are missing or changed, or the definition does not give its inputs any more.
    """
    check_inputs(use_case, version, rows.columns)
    model, how = loading.load(version)
    own = rows if how == loading.ONNX else inputs(use_case, version, rows)
    write = writer(use_case.kind.name, use_case.kind.answer_schema, predict(use_case, model, own).columns)
    served = LoadedModel(use_case, version, model, how, write)
    for _ in range(3):
        served.predict(rows)
    served.predict(rows.head(1))
    return served
