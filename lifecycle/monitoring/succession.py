"""A new champion beside the one before it: both asked about the rows whose truth has become known since, which neither has seen."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.dataset import Rows, joined
from lifecycle.dependencies import clock
from lifecycle.evaluation.predictions import answers
from lifecycle.evaluation.resample import Interval, clusters, paired
from lifecycle.monitoring import live_rows
from lifecycle.monitoring.live_labels import sent
from lifecycle.predict import inputs
from lifecycle.references import Features, ModelVersion
from lifecycle.store import models
from lifecycle.store.lake import lake, quoted
from lifecycle.table import feature_table
from lifecycle.table.raw import key_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MAX_ROWS = 20_000
"""So many rows are compared at most: an interval of more takes long, and tells little more."""
STRETCHES = 2


@dataclass(frozen=True)
class Succession:
    """What a champion gains over the one before it.

    Attributes:
        metric: the deciding one.
        windows, rows: how many whole windows of the monitoring policy the rows fill, and how many rows these are.
        gain: the paired difference, positive where the new champion does better; `None` where it is not defined (yet).
        obstacle: why they cannot be compared, a clause; empty where they can.
    """

    metric: str
    windows: int
    rows: int
    gain: Interval | None = None
    obstacle: str = ""

    @property
    def worse(self) -> bool:
        """Whether the new champion is shown to do worse than the one before would have done."""
        return self.gain is not None and self.gain.high is not None and self.gain.high < 0

    @property
    def better(self) -> bool:
        """Whether it is shown to do better."""
        return self.gain is not None and self.gain.low is not None and self.gain.low > 0


def looked(use_case: "UseCase", champion: int, previous: int) -> Succession | None:
    """The last look at these two, from the lake's table `watched`; `None` where nobody has looked."""
    found = lake().rows(
        f"""SELECT metric, windows, rows, gain, low, high, confidence FROM {use_case.name}.watched
        WHERE model_version = ? AND previous = ? ORDER BY looked_at DESC LIMIT 1""",
        [champion, previous],
    )
    if not found:
        return None
    metric, windows, rows, gain, low, high, confidence = found[0]
    return Succession(metric, windows, rows, None if gain is None else Interval(gain, low, high, confidence, 0))


def keep(use_case: "UseCase", champion: int, previous: int, look: Succession) -> None:
    """Note a look: the same windows are not looked at again."""
    gain = look.gain
    numbers = [gain.value, gain.low, gain.high, gain.confidence] if gain else [None] * 4
    row = [champion, previous, look.windows, look.rows, look.metric, *numbers, clock.now()]
    lake().write(lambda transaction: transaction.execute(f"INSERT INTO {use_case.name}.watched VALUES ({', '.join('?' * len(row))})", row))


def compare(
    use_case: "UseCase", champion: ModelVersion, previous: ModelVersion, features: Features, since: dt.datetime, before: int = 0
) -> Succession:
    """Both on the same rows: those labelled since the promotion, in as many whole windows as `monitoring.probation` says at most.

    What the world does to one it does to the other, so a world that has become harder is no reason to go back. At each look two stretches
    are judged: the newest `monitoring.bad_windows` windows, for the world may have changed after the promotion, and all of them (the newest
    20,000 rows). There are as many looks as windows, and each interval is at its share of the policy's rate of false alarms (Bonferroni), so that
    all of them together raise it so often.

    Args:
        use_case: the definition.
        champion, previous: the two versions.
        features: the feature table of now.
        since: when the champion was promoted.
        before: how many windows were looked at before: with no more of them than that, they are only counted.

    Returns:
        The stretch on which the champion is worse, if there is one, else the newest.
    """
    policy, metric = use_case.monitoring, use_case.metric
    rows = labelled_since(use_case, champion, previous, features, since)
    newest = rows.time.max() if rows.time is not None and len(rows) else None
    windows = live_rows.cut(use_case, len(rows), rows.time, newest, first=False)[: policy.probation]  # pyright: ignore[reportArgumentType]
    if len(windows) <= before:
        return Succession(metric, len(windows), len(rows))
    for version in (champion, previous):
        if missing := [name for name in version.evaluated.trained.parts.features.names if name not in rows.X.columns]:
            why = f"version {version.version} needs {', '.join(missing)}, which features() gives no more"
            return Succession(metric, len(windows), len(rows), obstacle=why)
    models_of = [(each, models.load(each.run_id, each.sha256, each.location)) for each in (champion, previous)]
    end = windows[-1].stop
    starts = dict.fromkeys((windows[-policy.bad_windows :][0].start, max(windows[0].start, end - MAX_ROWS)))
    confidence, found = 1 - 2 * policy.false_alarms / (policy.probation * STRETCHES), []
    for start in starts:
        part = rows.take(np.arange(start, end))
        new, old = (answers(use_case, model, replace(part, X=inputs(use_case, each, part.X))) for each, model in models_of)
        gain = paired(use_case, metric, part.y, new, old, clusters(use_case, part.info), confidence)
        found.append(Succession(metric, len(windows), len(part), gain))
    return next((each for each in found if each.worse), found[0])


def labelled_since(use_case: "UseCase", champion: ModelVersion, previous: ModelVersion, features: Features, since: dt.datetime) -> Rows:
    """The rows whose truth has become known since a moment, and was not known when either version was trained, oldest first.

    `y` is the truth as it is known now. What was known at that moment is for whoever decided then to have looked at.
    """
    came = _came(use_case, features, since)
    then = came.filter("before")["_time"].max() if use_case.columns.one("time") else None
    known = pl.concat([_known_then(use_case, each.evaluated.trained.parts.features) for each in (champion, previous)])
    newest = _newest(use_case, features)
    early = pl.col("_first_received_at") <= since.astimezone(dt.UTC).replace(tzinfo=None)
    labels = sent(use_case).select("_key", _later="_target", _early=early)
    rows = joined([_fresh(use_case, piece, known, came, labels, newest, then) for piece in feature_table.pieces(use_case, features)])
    if rows.time is not None:
        return rows.take(rows.time.arg_sort().to_numpy())
    batch = rows.info.select("_key").join(came, on="_key", how="left", maintain_order="left")["_batch"]
    return rows.take(np.argsort(batch.fill_null(0).to_numpy(), kind="stable"))


def _came(use_case: "UseCase", features: Features, since: dt.datetime) -> pl.DataFrame:
    """Of each row of `raw` the batch that brought it, whether that was `before` a moment, and where rows have a time, that (`_time`)."""
    time = use_case.columns.one("time")
    more = f", {quoted(time)} AS _time" if time else ""
    return lake().frame(
        f"""SELECT {key_sql(use_case)}::VARCHAR AS _key, _batch, coalesce(loaded_at <= ?, true) AS before{more}
        FROM {use_case.name}.raw AT (VERSION => {features.snapshot.version}) LEFT JOIN {use_case.name}.batches ON _batch = batch""",
        [since],
    )


def _fresh(use_case: "UseCase", rows: Rows, known: pl.DataFrame, came: pl.DataFrame, labels: pl.DataFrame, newest: Any, then: Any) -> Rows:
    own = rows.info.with_columns(_target=_gated(use_case, newest), _then=_gated(use_case, then), _place=pl.int_range(pl.len()))
    told = own.join(labels, on="_key", how="left", maintain_order="left").join(
        came.select("_key", "before"), on="_key", how="left", maintain_order="left"
    )
    known_before = (pl.col("before").fill_null(True) & pl.col("_then").is_not_null()) | pl.col("_early").fill_null(False)
    fresh = told.with_columns(_target=pl.coalesce("_later", "_target")).filter(pl.col("_target").is_not_null() & ~known_before)
    fresh = fresh.join(known, on="_key", how="anti", maintain_order="left")
    taken = rows.take(fresh["_place"].to_numpy())
    return Rows(taken.X, use_case.kind.encode(use_case, fresh["_target"]), taken.info)


def _gated(use_case: "UseCase", newest: Any) -> pl.Expr:
    """The truth, where its time has come."""
    label_time = use_case.columns.one("label_time")
    truth = pl.col(use_case.target)
    return pl.when(pl.col(label_time) <= newest).then(truth) if label_time and newest is not None else truth


def _known_then(use_case: "UseCase", features: Features) -> pl.DataFrame:
    """The keys (`_key`) of a feature table whose truth was known when it was made."""
    label_time = use_case.columns.one("label_time")
    info = {name: feature_table.INFO + name for name in (use_case.target, *([label_time] if label_time else []))}
    chosen = ", ".join(["_key", *(f"{quoted(column)} AS {quoted(name)}" for name, column in info.items())])
    table = lake().frame(f"SELECT {chosen} FROM {use_case.name}.features AT (VERSION => {features.version})")
    return table.filter(_gated(use_case, _newest(use_case, features)).is_not_null()).select("_key")


def _newest(use_case: "UseCase", features: Features) -> Any:
    """The time that the rows of a feature table have reached; `None` where they have none."""
    if not use_case.columns.one("time"):
        return None
    return lake().value(f"SELECT max(_time) FROM {use_case.name}.features AT (VERSION => {features.version})")
