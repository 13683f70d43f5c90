"""What a model meets after its training: the rows it has not seen, cut into windows, and what it said of them."""

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle import answer_schema
from lifecycle.dataset import Rows, joined
from lifecycle.monitoring.profile import watch
from lifecycle.predict import inputs, predict
from lifecycle.references import Features, ModelVersion
from lifecycle.store import models
from lifecycle.store.lake import lake, quoted
from lifecycle.table import feature_table
from lifecycle.table.membership import fitted, parts_then
from lifecycle.table.raw import key_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_WINDOW_ROWS = 100
"""Windows of fewer rows are merged into the next."""
EPOCH = dt.datetime(1970, 1, 1)


def met(use_case: "UseCase", model: ModelVersion, features: Features) -> Rows:
    """The feature table; of a large one the rows alone that a model was not fitted on."""
    if features.rows <= feature_table.WHOLE:
        return feature_table.read(use_case, features)
    pieces = feature_table.pieces(use_case, features)
    return joined([piece.take(np.sort(unseen(use_case, model, features, piece))) for piece in pieces])


def unseen(use_case: "UseCase", model: ModelVersion, features: Features, rows: Rows) -> np.ndarray:
    """The positions of the rows that a model was not fitted on, oldest first: what has come since, and what had no label then.

    Divided by time or by order, of these the ones from the beginning of the gate's part on: what comes late and is older was no news.
    """
    fresh = ~rows.info["_key"].is_in(fitted(use_case, model)["_key"].implode()).to_numpy()
    bounds = use_case.split.drawn(model.evaluated.trained.parts.bounds)
    if bounds is not None and (beyond := use_case.split.unseen(use_case, bounds)) is not None:
        return np.flatnonzero(fresh & rows.info.select(beyond.fill_null(False)).to_series().to_numpy())
    came = _came(use_case, model, features, rows.info)
    position = np.flatnonzero(fresh & (parts_then(use_case, model, rows.info) != "warm_up").to_numpy())
    return position if rows.time is not None else position[np.argsort(came[position], kind="stable")]


def _came(use_case: "UseCase", model: ModelVersion, features: Features, info: pl.DataFrame) -> np.ndarray:
    """For each row the batch it came with, or 0 if it was there when the model was trained."""
    trained = model.evaluated.trained.parts.features
    if trained.version == features.version:
        return np.zeros(info.height, np.int64)
    batches = lake().frame(
        f"""SELECT {key_sql(use_case)} AS _key, _batch FROM {use_case.name}.raw AT (VERSION => {features.snapshot.version})
        WHERE {key_sql(use_case)} NOT IN (SELECT _key FROM {use_case.name}.features AT (VERSION => {trained.version}))"""
    )
    found = info.select("_key").join(batches, on="_key", how="left", maintain_order="left")["_batch"]
    return found.fill_null(0).to_numpy()


def cut(
    use_case: "UseCase", rows: int, time: pl.Series | None, newest: dt.datetime | None, first: bool, window: "dt.timedelta | int | None" = None
) -> list[slice]:
    """Rows, oldest first, in whole windows of the use case's monitoring policy; what does not fill one yet is left.

    Rows of one moment stay together.

    Args:
        use_case: the definition.
        rows: how many.
        time: their times, where there are.
        newest: the time that the data has reached: a span is whole when it is over.
        first: whether what is there is a window if it fills none: where there has been no window at all.
        window: another one than the policy's.
    """
    window = use_case.monitoring.window if window is None else window
    if isinstance(window, dt.timedelta) and time is not None:
        ends = _ends_by_time(time, window, newest)
    else:
        size = max(window if isinstance(window, int) else MIN_WINDOW_ROWS, MIN_WINDOW_ROWS)
        ends = _unsplit(list(range(size, rows + 1, size)), time)
    found, start = [], 0
    for end in ends:
        if end - start >= MIN_WINDOW_ROWS:
            found.append(slice(start, end))
            start = end
    return found or ([slice(0, rows)] if first and rows >= MIN_WINDOW_ROWS else [])


def _ends_by_time(time: pl.Series, window: dt.timedelta, newest: dt.datetime | None) -> list[int]:
    span = window // dt.timedelta(microseconds=1)
    number = time.cast(pl.Datetime("us")).to_physical().to_numpy() // span
    ends = (np.flatnonzero(np.diff(number)) + 1).tolist()
    over = newest is not None and len(number) > 0 and EPOCH + (int(number[-1]) + 1) * window <= newest
    return [*ends, len(number)] if over else ends


def _unsplit(ends: list[int], time: pl.Series | None) -> list[int]:
    """Ends moved on until no moment is on both sides."""
    if time is None or not ends:
        return ends
    moments = time.to_numpy()
    moved = np.searchsorted(moments, moments[np.asarray(ends) - 1], side="right")
    return sorted(set(moved.tolist()))


def said(use_case: "UseCase", model: ModelVersion, rows: Rows) -> pl.DataFrame:
    """What is said of rows that a version was not fitted on, in their order, as it is watched.

    It is the judged fit that is asked, since the reference is what that said of rows it had not seen: two fits of one recipe say different
    things of the same rows, above all where trees make a model, and that is no drift. Of a version whose one model is both: as logged.
    """
    names = answer_schema.watched(use_case.kind.answer_schema)
    if not names:
        return pl.DataFrame()
    if model.judged_location:
        judged, deployed = models.load(*model.judged), models.load(model.run_id, model.sha256, model.location)
        answers = use_case.kind.decided(predict(use_case, judged, inputs(use_case, model, rows.X)), deployed)
        return watch(answers.select(name for name in names if name in answers.columns))
    return _logged_or_asked(use_case, model, rows, names)


def _logged_or_asked(use_case: "UseCase", model: ModelVersion, rows: Rows, names: list[str]) -> pl.DataFrame:
    """Answers as they were logged; what is not logged (yet) is asked for now."""
    log = logged(use_case, model).select("key", *names)
    found = rows.info.select("_key").join(log, left_on="_key", right_on="key", how="left", maintain_order="left").select(names)
    missing = (~rows.info["_key"].is_in(log["key"].implode())).arg_true()
    if len(missing):
        fitted = models.load(model.run_id, model.sha256, model.location)
        now = predict(use_case, fitted, inputs(use_case, model, rows.X[missing]))
        for name in (name for name in names if name in now.columns):
            found = found.with_columns(found[name].scatter(missing, now[name].cast(found[name].dtype)))
    return watch(found)


def heard(use_case: str) -> str:
    """What tells that no prediction and no label has come or gone: how many of each there are, and sums over them."""
    said = lake().rows(f"SELECT model_version, count(*), max(scored_at) FROM {use_case}.predictions GROUP BY 1 ORDER BY 1")
    labels = lake().rows(f"SELECT count(*), sum(hash(key, target, label_time, received_at)::HUGEINT) FROM {use_case}.labels")
    return repr([said, labels])


def logged(use_case: "UseCase", model: ModelVersion) -> pl.DataFrame:
    """A model's logged predictions: `key`, `time`, and the fields of its answers that the lake keeps, typed as `predict` gives them; the last of each key."""
    fields = use_case.kind.answer_schema
    answers = "".join(f", {quoted(each.read_from)} AS {quoted(each.name)}" for each in fields if each.columns)
    found = lake().frame(
        f"""SELECT key, time{answers}, scored_at, id FROM {use_case.name}.predictions
        WHERE model_version = ? AND key IS NOT NULL""",
        [model.version],
    )
    if found["key"].n_unique() < found.height:
        found = found.sort("scored_at", "id", descending=[False, True]).unique("key", keep="last", maintain_order=True)
    return answer_schema.read(fields, found.drop("scored_at", "id"))
