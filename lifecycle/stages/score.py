"""Score: the champion's predictions for the rows it was not fitted on and has not scored yet."""

import os
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle import answer_schema
from lifecycle.champion import chosen
from lifecycle.compiled.load import load
from lifecycle.dataset import Rows
from lifecycle.dependencies import clock
from lifecycle.predict import inputs, predict
from lifecycle.references import Features, ModelVersion, Scored
from lifecycle.store.lake import Lake, lake
from lifecycle.table import feature_table
from lifecycle.table.membership import fitted, parts_then

if TYPE_CHECKING:
    import duckdb

    from lifecycle.usecase import UseCase

CHUNK_ROWS = 100_000  # rows that a model is given at a time
ORIGIN = "batch"
PENDING = "predictions_pending"


def score(use_case: "UseCase", features: Features, model_version: ModelVersion | None = None) -> Scored:
    """Write the predictions of a model (of the champion where none is given) to the lake's table `predictions`.

    Scored is every row of the feature table, with a label or without, but those the model was fitted on (of a kind of
    problem whose models remember), those whose look-back windows are not full, and those it has scored before. All are written in one transaction; scoring
    again writes nothing. Without a champion nothing is scored, and the version in the answer is 0.

    Raises:
        LifecycleError: the features that the model was trained with are not there any more.
        Lost: nor is the champion, or it is not what was registered.
    """
    store = lake()
    model_version = chosen(use_case, features, model_version)
    if model_version is None:
        return Scored(use_case=use_case.name, version=0, rows=0, total=0)
    with store.lock(f"score {use_case.name} {model_version.version}"):
        found, model = [], None
        done = _done(store, use_case, model_version)
        for rows in use_case.kind.asked(use_case, feature_table.pieces(use_case, features)):
            wanted = _unscored(use_case, model_version, rows.info, done)
            if len(wanted):
                model = model or _fastest(model_version)
                found += _predictions(use_case, model, model_version, rows, wanted)
        if found:
            _write(store, use_case, model_version, pl.concat(found))
    total = store.value(f"SELECT count(*) FROM {use_case.name}.predictions WHERE model_version = ?", [model_version.version])
    return Scored(use_case=use_case.name, version=model_version.version, rows=sum(map(len, found)), total=int(total))


def _done(store: Lake, use_case: "UseCase", model_version: ModelVersion) -> pl.DataFrame:
    """The keys (`_key`) of the rows that the model has scored, or remembers; with their time, where they are asked for again."""
    query = f"SELECT key AS _key{', time AS _time' if use_case.kind.asked_again else ''} FROM {use_case.name}.predictions WHERE model_version = ? AND origin = ?"
    done = store.frame(query, [model_version.version, ORIGIN])
    return pl.concat([fitted(use_case, model_version), done]) if use_case.kind.remembers else done


def _unscored(use_case: "UseCase", model_version: ModelVersion, info: pl.DataFrame, done: pl.DataFrame) -> pl.Series:
    """The positions of the rows to be scored."""
    again = ["_time"] if use_case.kind.asked_again else []
    candidates = info.lazy().select("_key", *again).with_row_index("at")
    if not again:
        candidates = candidates.filter(parts_then(use_case, model_version, info) != "warm_up")
    return candidates.join(done.lazy(), on=["_key", *again], how="anti", maintain_order="left", nulls_equal=True).select("at").collect().to_series()


def _predictions(use_case: "UseCase", model: Any, model_version: ModelVersion, rows: Rows, wanted: pl.Series) -> list[pl.DataFrame]:
    """`key`, `time` and the columns that hold an answer, for the rows at these positions."""
    found = []
    for start in range(0, len(wanted), CHUNK_ROWS):
        at = wanted.slice(start, CHUNK_ROWS)
        said = predict(use_case, model, inputs(use_case, model_version, rows.X[at]))
        time = rows.info["_time"][at] if "_time" in rows.info.columns else pl.repeat(None, len(at), dtype=pl.Datetime("us"), eager=True)
        answers = answer_schema.store(use_case.kind.answer_schema, said)
        found.append(answers.select(rows.info["_key"][at].alias("key"), time.alias("time"), pl.all()))
    return found


def _fastest(model_version: ModelVersion) -> Any:
    """The compiled model where there is one, as the HTTP service uses it; else the pipeline."""
    return load(model_version, threads=os.cpu_count() or 1)[0]


def _write(store: Lake, use_case: "UseCase", model_version: ModelVersion, found: pl.DataFrame) -> None:
    """One transaction. An id is a hash of version and key: whoever scores a row again gives it the same."""
    identity = f"{use_case.name}/{model_version.version}/"
    what = "key || '@' || coalesce(time, TIMESTAMP 'epoch')::VARCHAR" if use_case.kind.asked_again else "key"

    def insert(transaction: "duckdb.DuckDBPyConnection") -> None:
        transaction.execute(
            f"""INSERT INTO {use_case.name}.predictions BY NAME
            SELECT md5(? || {what}) AS id, *, ? AS model_version, ? AS origin, ?::TIMESTAMPTZ AS scored_at FROM {PENDING}""",
            [identity, model_version.version, ORIGIN, clock.now()],
        )

    with store.registered(PENDING, found.to_arrow()):
        store.write(insert)
