"""Split: draw the lines between train, tune and gate once; then every row, old or new, has its part."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle import featurize
from lifecycle.dataset import Rows, joined
from lifecycle.errors import NotEnoughData
from lifecycle.references import Features, Parts
from lifecycle.rows.lines import LEAST, time_bounds
from lifecycle.rows.sample import draws, sampled
from lifecycle.splits import ColumnSplit, StratifiedSplit, TimeSplit

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

PARTS = ("train", "tune", "gate")


def split(use_case: "UseCase", features: Features) -> Parts:
    """Where the definition's split draws its lines on these features.

    Raises:
        NotEnoughData: a part would be left with fewer than 20 labelled rows, or with one class.
    """
    info = featurize.columns(use_case, features, _needed(use_case))
    drawn = Parts(use_case=use_case.name, features=features, bounds=_bounds(use_case, info), counts={})
    given = assign(use_case, drawn, info)
    counts = {str(part): int(count) for part, count in given.value_counts().sort("part").iter_rows()}
    for part in PARTS:
        if counts.get(part, 0) < LEAST:
            raise NotEnoughData(
                f"use case '{use_case.name}': the part '{part}' needs {LEAST} labelled rows, found {counts.get(part, 0)}"
                f" ({', '.join(f'{name} {count:,}' for name, count in counts.items())}); bring more rows, or change the split"
            )
    if use_case.target:
        for part in ("train", "gate"):
            use_case.kind.check_part(use_case, part, lambda part=part: info.filter(given == part)[use_case.target].unique().to_list())
    return drawn.model_copy(update={"counts": counts, **sampled(use_case, features, given, counts)})


def _needed(use_case: "UseCase") -> list[str]:
    """The columns that lines are drawn by."""
    time = ["_time"] if use_case.columns.one("time") else []
    return ["_hash", *time, *(name for role in ("target", "label_time", "split") if (name := use_case.columns.one(role)))]


def assign(use_case: "UseCase", parts: Parts, info: pl.DataFrame) -> pl.Series:
    """The part of each row by the lines of `parts`: `train`, `tune`, `gate`, or a reason for none of them.

    `warm_up`: look-back windows are not full yet. `gap`: between two parts, or its label was not known when the next
    part began. `unlabelled`: the truth is not known (yet).

    Args:
        info: `_hash` and the columns that the split needs, as in `Rows.info`.

    Returns:
        A String series named `part`.
    """
    part = _by_time(use_case, parts.bounds) if isinstance(use_case.split, TimeSplit) else _by_hash(use_case, parts.bounds)
    if use_case.target:
        part = pl.when(pl.col(use_case.target).is_null()).then(pl.lit("unlabelled")).otherwise(part)
    return info.select(part.alias("part")).to_series()


def rows(use_case: "UseCase", parts: Parts, part: str) -> Rows:
    """The rows of one part, or its sample; without a target, `y` is where they lie in the space that the train part spans."""
    found = pick(use_case, parts, part, featurize.pieces(use_case, parts.features))

    def train() -> Rows:
        return found if part == "train" else pick(use_case, parts, "train", featurize.pieces(use_case, parts.features))

    return use_case.kind.placed(use_case, found, train)


def pick(use_case: "UseCase", parts: Parts, part: str, pieces: Iterable[Rows]) -> Rows:
    """The rows of a part, or its sample, out of all rows, which come in pieces."""
    return joined([piece.take(_chosen(use_case, parts, part, piece.info)) for piece in pieces])


def _chosen(use_case: "UseCase", parts: Parts, part: str, info: pl.DataFrame) -> np.ndarray:
    chosen = (assign(use_case, parts, info) == part).to_numpy()
    if part in parts.sample:
        chosen[chosen] = draws(use_case, info["_key"].filter(pl.Series(chosen))) < parts.sample[part]
    return chosen


def _bounds(use_case: "UseCase", info: pl.DataFrame) -> dict[str, Any]:
    chosen = use_case.split
    if isinstance(chosen, TimeSplit):
        return time_bounds(use_case, chosen, info)
    if isinstance(chosen, ColumnSplit):
        _known_values(use_case, chosen, info)
        return {"train_until": 1 - chosen.tune}
    if isinstance(chosen, StratifiedSplit):
        labelled = info.filter(pl.col(use_case.target).is_not_null())
        quantiles = labelled.group_by(pl.col(use_case.target).cast(pl.String).alias("class")).agg(
            pl.col("_hash").quantile(chosen.train, "higher").alias("a"), pl.col("_hash").quantile(chosen.train + chosen.tune, "higher").alias("b")
        )
        return {"classes": {row["class"]: [row["a"], row["b"]] for row in quantiles.sort("class").iter_rows(named=True)}}
    return {"train_until": chosen.train, "tune_until": chosen.train + chosen.tune}


def _by_hash(use_case: "UseCase", bounds: dict[str, Any]) -> pl.Expr:
    uniform, chosen = pl.col("_hash"), use_case.split
    if isinstance(chosen, ColumnSplit):
        given = pl.col(use_case.columns.one("split") or "")
        fitted = pl.when(uniform < bounds["train_until"]).then(pl.lit("train")).otherwise(pl.lit("tune"))
        return pl.when(given == chosen.gate).then(pl.lit("gate")).when(given == chosen.train).then(fitted).otherwise(pl.lit("unlabelled"))
    first, second = pl.lit(bounds.get("train_until", 0.6)), pl.lit(bounds.get("tune_until", 0.8))
    if isinstance(chosen, StratifiedSplit):
        name, classes = pl.col(use_case.target).cast(pl.String), bounds["classes"]
        first = name.replace_strict({key: value[0] for key, value in classes.items()}, default=chosen.train, return_dtype=pl.Float64)
        second = name.replace_strict({key: value[1] for key, value in classes.items()}, default=chosen.train + chosen.tune, return_dtype=pl.Float64)
    return pl.when(uniform < first).then(pl.lit("train")).when(uniform < second).then(pl.lit("tune")).otherwise(pl.lit("gate"))


def _by_time(use_case: "UseCase", bounds: dict[str, Any]) -> pl.Expr:
    """A row's part by its time; in train and tune only rows whose label was known when the next part began."""
    at = {name: pl.lit(datetime.fromisoformat(line)).cast(pl.Datetime("us")) for name, line in bounds.items()}
    time = pl.col("_time")
    label_time = use_case.columns.one("label_time")
    known = pl.col(label_time) if label_time else time
    return (
        pl.when(time < at["train_from"]).then(pl.lit("warm_up"))
        .when(time < at["train_until"]).then(pl.when(known <= at["tune_from"]).then(pl.lit("train")).otherwise(pl.lit("gap")))
        .when(time < at["tune_from"]).then(pl.lit("gap"))
        .when(time < at["tune_until"]).then(pl.when(known <= at["gate_from"]).then(pl.lit("tune")).otherwise(pl.lit("gap")))
        .when(time < at["gate_from"]).then(pl.lit("gap"))
        .when((time <= at["known_until"]) & (known <= at["as_of"])).then(pl.lit("gate"))
        .otherwise(pl.lit("unlabelled"))
    )  # fmt: skip


def _known_values(use_case: "UseCase", chosen: ColumnSplit, info: pl.DataFrame) -> None:
    name = use_case.columns.one("split") or ""
    found = set(info[name].unique().to_list())
    if not {chosen.train, chosen.gate} <= found:
        raise use_case.wrong(
            f"split=ColumnSplit needs the values '{chosen.train}' and '{chosen.gate}' in column '{name}', found {sorted(map(str, found))}"
        )
