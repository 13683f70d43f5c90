"""Whether a model behaves as its definition expects, on rows that it was not fitted on."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.gate.findings import BehaviourFound
from lifecycle.predict import predict
from lifecycle.references import Parts
from lifecycle.store.lake import lake
from lifecycle.table import chunks, feature_table

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

ROWS = 500
"""So many of the gate's rows are changed: where the definition looks back the newest, else rows spread evenly."""


def behaviours(use_case: "UseCase", model: Any, parts: Parts, gate: Rows) -> tuple[BehaviourFound, ...]:
    """What a model shows of each behaviour of the definition.

    Rows are changed as they are in the lake, before `features()`. Where that looks back, the rows before the changed ones stay
    as they are.
    """
    if not use_case.behaviours:
        return ()
    rows, around = _sample(use_case, parts, gate)
    names = list(parts.features.names)

    def answer(changed: pl.DataFrame) -> pl.DataFrame:
        marked = changed.with_columns(_asked=pl.int_range(pl.len()))
        if around.height:
            others = around.join(marked.select("_key"), on="_key", how="anti") if "_key" in marked.columns else around.clear()
            time = use_case.columns.one("time") or "_key"
            marked = pl.concat([others, marked], how="diagonal").sort(time, maintain_order=True)
        inputs = feature_table.compute(use_case, marked.drop("_asked")).select(names)
        wanted = marked["_asked"].arg_sort(nulls_last=True)[: changed.height]
        return predict(use_case, model, inputs[wanted])

    return tuple(each.found(use_case, rows, answer) for each in use_case.behaviours)


def _sample(use_case: "UseCase", parts: Parts, gate: Rows) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Valid rows of the gate, and those around them that `features()` may look back on."""
    order = np.arange(len(gate)) if gate.time is None else gate.time.arg_sort().to_numpy()
    some = order[-ROWS:] if use_case.history else order[np.linspace(0, len(order) - 1, min(ROWS, len(order))).astype(int)]
    found = chunks.of_keys(lake(), use_case, parts.features.snapshot, gate.info["_key"][some])
    if not use_case.history:
        return found, found.clear()
    time = use_case.columns.one("time") or ""
    return found, chunks.between(lake(), use_case, parts.features.snapshot, found[time].min(), found[time].max())  # pyright: ignore[reportArgumentType]
