"""Two versions side by side: both asked about the same rows, which neither has seen, metric by metric and row by row."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.errors import LifecycleError
from lifecycle.evaluation import shapley
from lifecycle.evaluation.compare import unseen
from lifecycle.evaluation.predictions import judge
from lifecycle.evaluation.resample import Interval, clusters, intervals, paired
from lifecycle.evaluation.slices import labels
from lifecycle.json_model import JsonModel
from lifecycle.predict import inputs, predict
from lifecycle.store import models, versions

if TYPE_CHECKING:
    from lifecycle.references import ModelVersion
    from lifecycle.usecase import UseCase

FLIPS = 20
"""So many rows whose decision flips are shown,"""
EXPLAINED = 3
"""and of so many of them the inputs that speak for the change."""
REASONS = 3
MIN_SLICE = 30


class Beside(JsonModel):
    """A metric of both versions on the same rows, and what the newer one gains, with its interval."""

    metric: str
    old: float | None
    old_low: float | None = None
    old_high: float | None = None
    new: float | None
    new_low: float | None = None
    new_high: float | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None


class SliceBeside(JsonModel):
    """The rows with one value of a column: how many, how many flip, and what the newer version gains in the deciding metric there."""

    column: str
    slice: str
    rows: int
    flips: int
    gain: float | None = None
    low: float | None = None
    high: float | None = None


class Flip(JsonModel):
    """A row about which the two decide otherwise: its key, both answers, the truth, and which inputs moved the answer most (newer less older)."""

    key: str
    old: str
    new: str
    truth: str
    moved: float
    reasons: tuple[tuple[str, str, float], ...] = ()


class TwoVersions(JsonModel):
    """All of that. `rows`: on how many; `obstacle`: why nothing could be compared."""

    use_case: str
    old: int
    new: int
    rows: int = 0
    metric: str = ""
    metrics: tuple[Beside, ...] = ()
    slices: tuple[SliceBeside, ...] = ()
    flips: tuple[Flip, ...] = ()
    flipped: int = 0
    corrected: int | None = None
    spoilt: int | None = None
    scale: str = ""
    obstacle: str = ""


def two_versions(use_case: "UseCase", one: int, other: int) -> TwoVersions:
    """Compare two registered versions on the newest labelled rows that neither has been trained or tuned on.

    Both are the judged fits. `corrected`: of the rows that flip those that only the newer one has right; `spoilt`: those that only the older had.

    Raises:
        LifecycleError: there is no such version.
    """
    old, new = (versions.version(use_case.name, number) for number in sorted((one, other)))
    said = {"use_case": use_case.name, "old": old.version, "new": new.version, "metric": use_case.metric}
    if old.version == new.version:
        return TwoVersions(**said, obstacle="it is one version")
    if not use_case.target:
        return TwoVersions(**said, obstacle="without a target there is no truth that both could be held to")
    try:
        rows = unseen(use_case, new, old)
        if not len(rows):
            return TwoVersions(**said, obstacle=f"there is no labelled row that neither version {old.version} nor version {new.version} has seen")
        fits = [models.load(*each.judged) for each in (old, new)]
        asked = [_known(use_case, each, rows) for each in (old, new)]
    except (LifecycleError, pl.exceptions.ColumnNotFoundError) as error:
        return TwoVersions(**said, obstacle=str(error))
    judged = [judge(use_case, fit, known) for fit, known in zip(fits, asked, strict=True)]
    before, after = (each.predictions[0] for each in judged)
    groups = clusters(use_case, rows.info)
    found = [intervals(use_case, rows.y, each, groups) for each in (before, after)]
    metrics = tuple(
        _beside(use_case, metric, rows, before, after, groups, found) for metric in use_case.metrics if any(metric in each for each in found)
    )
    flips = _differs(before, after)
    right = [_right(each, rows.y) if "prediction" in each.columns else flips for each in (before, after)]
    return TwoVersions(
        **said,
        rows=len(rows),
        metrics=metrics,
        slices=tuple(_slices(use_case, rows, before, after, flips)),
        **_flips(use_case, (old, new), fits, rows, (before, after), flips),
        flipped=int(flips.sum()),
        corrected=int((flips & right[1] & ~right[0]).sum()),
        spoilt=int((flips & right[0] & ~right[1]).sum()),
    )


def _known(use_case: "UseCase", version: "ModelVersion", rows: Rows) -> Rows:
    return Rows(inputs(use_case, version, rows.X), rows.y, rows.info)


def _beside(use_case: "UseCase", metric: str, rows: Rows, before: Any, after: Any, groups: Any, found: list[dict[str, Interval]]) -> Beside:
    gain = paired(use_case, metric, rows.y, after, before, groups)
    one, other = (each.get(metric) for each in found)
    return Beside(
        metric=metric,
        old=one.value if one else None,
        old_low=one.low if one else None,
        old_high=one.high if one else None,
        new=other.value if other else None,
        new_low=other.low if other else None,
        new_high=other.high if other else None,
        gain=gain.value if gain else None,
        low=gain.low if gain else None,
        high=gain.high if gain else None,
    )


def _differs(before: pl.DataFrame, after: pl.DataFrame) -> np.ndarray:
    """Whether the two decide otherwise: another answer; of numbers one that is further off than nine in ten are; never, where there is no one answer."""
    if "prediction" not in before.columns or "prediction" not in after.columns:
        return np.zeros(before.height, bool)
    if before["prediction"].dtype.is_float():
        apart = np.abs((after["prediction"] - before["prediction"]).to_numpy())
        return apart > np.quantile(apart, 0.9) if apart.any() else np.zeros(len(apart), bool)
    return (before["prediction"] != after["prediction"]).to_numpy()


def _right(said: pl.DataFrame, y: np.ndarray) -> np.ndarray:
    """Whether an answer is right; of numbers, whether it is nearer than the median error of all."""
    if said["prediction"].dtype.is_float():
        off = np.abs(said["prediction"].to_numpy() - y.astype(float))
        return off <= np.median(off)
    return (said["prediction"].cast(pl.String) == pl.Series(y).cast(pl.String)).to_numpy()


def _slices(use_case: "UseCase", rows: Rows, before: pl.DataFrame, after: pl.DataFrame, flips: np.ndarray) -> "list[SliceBeside]":
    found = []
    for name in use_case.kind.compared_columns(use_case):
        if name not in rows.info.columns:
            continue
        given = labels(rows.info[name])
        for value in given.unique().sort().to_list():
            inside = (given == value).to_numpy()
            some = rows.take(inside)
            gain = None
            if inside.sum() >= MIN_SLICE:
                at = pl.Series(inside)
                gain = paired(use_case, use_case.metric, some.y, after.filter(at), before.filter(at), clusters(use_case, some.info))
            found.append(
                SliceBeside(
                    column=name,
                    slice=str(value),
                    rows=int(inside.sum()),
                    flips=int((inside & flips).sum()),
                    gain=gain.value if gain else None,
                    low=gain.low if gain else None,
                    high=gain.high if gain else None,
                )
            )
    return found


def _flips(
    use_case: "UseCase",
    pair: "tuple[ModelVersion, ModelVersion]",
    fits: list[Any],
    rows: Rows,
    said: tuple[pl.DataFrame, pl.DataFrame],
    flips: np.ndarray,
) -> dict[str, Any]:
    """The rows that flip, those that moved most first, with the inputs that moved them."""
    if not flips.any():
        return {"flips": (), "scale": ""}
    moved = use_case.kind.moved(*said)
    chosen = sorted(np.flatnonzero(flips).tolist(), key=lambda at: -abs(moved[at]))[:FLIPS]
    known = _background(pair[1])
    found, scale = [], ""
    for place, at in enumerate(chosen):
        why: tuple[tuple[str, str, float], ...] = ()
        if place < EXPLAINED and known is not None:
            why, scale = _reasons(use_case, pair, fits, rows, at, known)
        answers = [_word(use_case, each["prediction"][at]) for each in said]
        found.append(
            Flip(
                key=str(rows.info["_key"][at]), old=answers[0], new=answers[1], truth=_word(use_case, rows.y[at]), moved=float(moved[at]), reasons=why
            )
        )
    return {"flips": tuple(found), "scale": scale}


def _word(use_case: "UseCase", value: Any) -> str:
    """An answer, or a truth, as a person says it."""
    positive = use_case.kind.positive(use_case)
    if positive is not None:
        return str(positive) if int(value) == 1 else f"not {positive}" if not isinstance(positive, bool) else str(not positive)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _background(version: "ModelVersion") -> pl.DataFrame | None:
    try:
        return pl.read_parquet(versions.artifact(version, shapley.FILE))
    except LifecycleError:
        return None


def _reasons(
    use_case: "UseCase", pair: "tuple[ModelVersion, ModelVersion]", fits: list[Any], rows: Rows, at: int, known: pl.DataFrame
) -> tuple[tuple[tuple[str, str, float], ...], str]:
    """The inputs whose contributions differ most between the two models, for one row: name, value, difference; and what these are of."""
    parts, scale = [], ""
    for version, fit in zip(pair, fits, strict=True):
        names = version.evaluated.trained.parts.features.names
        if not set(names) <= set(known.columns):
            return (), ""
        row = rows.X[[at]].select(names)
        found = shapley.explain(use_case, lambda X, fit=fit: predict(use_case, fit, X), row, known.select(names))
        parts.append(found.parts)
        scale = found.scale
    names = {*parts[0], *parts[1]}
    differ = {name: parts[1].get(name, 0.0) - parts[0].get(name, 0.0) for name in names}
    first = sorted(differ, key=lambda name: -abs(differ[name]))[:REASONS]
    return tuple((name, _cell(rows.X[name][at]) if name in rows.X.columns else "", differ[name]) for name in first), scale


def _cell(value: Any) -> str:
    return "missing" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)[:40]
