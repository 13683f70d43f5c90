"""Lineage forward: from a batch to the versions that its rows taught or judged, to what these answered, and to the answers about its rows."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from lifecycle.errors import LifecycleError
from lifecycle.history import Decision, ledger, reigns
from lifecycle.references import ModelVersion
from lifecycle.splits.split import PARTS
from lifecycle.store import tables, versions
from lifecycle.store.lake import Lake, lake, quoted
from lifecycle.table import batches, feature_table
from lifecycle.table.membership import fitted, parts_then
from lifecycle.table.raw import key_sql
from lifecycle.table.sample import draws

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

LOOKED_AT = 50
"""Versions of the lake after a load in which its rows are looked for: others write at the same time."""


def of_batch(use_case: "UseCase", number: int) -> dict[str, Any]:
    """What a batch reached.

    Rows of a later batch that merge into those of this one take their place: what was trained before that saw these, what was
    trained after it did not. Each version is asked for the rows that it was trained on.

    Returns:
        `batch`: its line in the ledger, with `rows_now`, how many rows are of it now, and `keys`, how many it is known to have had;
        `versions`: each version that had rows of it, with how many are in which `parts`, on how many of them its deployed fit was `fitted`, what it has `predicted` in all, and when it was
        `champion`; `predictions`: of the rows of the batch, by version and origin; `untold`: what cannot be told any more, one sentence each.

    Raises:
        LifecycleError: there is no such batch.
    """
    store, name = lake(), use_case.name
    tables.prepare(store, name)
    line = batches.line(store, name, number)
    if line is None:
        there = store.rows(f"SELECT min(batch), max(batch) FROM {name}.batches")[0]
        found = f"batches {there[0]} to {there[1]}" if there[0] is not None else f"none; run 'lifecycle ingest {name}' first"
        raise LifecycleError(f"use case '{name}': batch {number} must be in its ledger of batches, found {found}")
    untold: list[str] = []
    keys = [_keys(store, use_case, number, version) for version in _versions_after(store, use_case, number, line["loaded_at"])]
    if not keys and line["kept"]:
        untold.append("the rows as they were when the batch came: the versions of the lake of that time are expired")
    now = _keys(store, use_case, number, store.version())
    reached, decisions = [], ledger(name)
    for recorded in versions.recorded(name):
        version = versions.kept(name, recorded)
        if version is None:
            continue
        snapshot = version.evaluated.trained.parts.features.snapshot
        try:
            _there(store, version)
            its = _keys(store, use_case, number, snapshot.version)
            keys.append(its)
            if its.len():
                reached.append(_version(store, use_case, version, its, decisions))
        except LifecycleError as why:
            untold.append(str(why))
    known = pl.concat([now, *keys]).unique()
    return {
        "use_case": name,
        "batch": {**line, "rows_now": now.len(), "keys": known.len(), "released": _released(store, name, number)},
        "looks_back": None if use_case.history is None else str(use_case.history),
        "versions": reached,
        "predictions": _predictions(store, name, known, line["loaded_at"]),
        "untold": untold,
    }


def _version(store: Lake, use_case: "UseCase", version: ModelVersion, keys: pl.Series, decisions: list[Decision]) -> dict[str, Any]:
    said = store.rows(f"SELECT count(*), min(scored_at), max(scored_at) FROM {use_case.name}.predictions WHERE model_version = ?", [version.version])[
        0
    ]
    return {
        "model_version": version.version,
        "rows": keys.len(),
        "parts": _parts(use_case, version, keys),
        "fitted": fitted(use_case, version)["_key"].is_in(keys.implode()).sum(),
        "predicted": {"predictions": said[0], "first": said[1], "last": said[2]},
        "champion": [{"since": since, "until": until} for number, since, until in reigns(decisions) if number == version.version],
    }


def _parts(use_case: "UseCase", version: ModelVersion, keys: pl.Series) -> dict[str, int]:
    """How many rows of the batch were in each part of a version's rows."""
    parts = version.evaluated.trained.parts
    counts: dict[str, int] = {}
    for rows in feature_table.pieces(use_case, parts.features):
        info = rows.info.filter(pl.col("_key").is_in(keys.implode()))
        part = parts_then(use_case, version, info)
        for name, drawn in parts.sample.items():
            outside = pl.Series(draws(use_case, info["_key"]) >= drawn)
            part = pl.select(pl.when((part == name) & outside).then(pl.lit("not in the sample")).otherwise(part)).to_series()
        for name in part:
            counts[name] = counts.get(name, 0) + 1
    return {name: counts[name] for name in (*PARTS, *sorted(counts.keys() - {*PARTS})) if name in counts}


def _there(store: Lake, version: ModelVersion) -> None:
    """Refuse a version whose rows nobody has any more."""
    snapshot = version.evaluated.trained.parts.features.snapshot
    if not snapshot.key.startswith(f"{store.identity}/"):
        raise LifecycleError(f"whether version {version.version} had rows of it: it was trained on a snapshot of another lake")
    if store.value("SELECT count(*) FROM lake.snapshots() WHERE snapshot_id = ?", [snapshot.version]) == 0:
        raise LifecycleError(f"whether version {version.version} had rows of it: lake version {snapshot.version} is expired")


def _keys(store: Lake, use_case: "UseCase", number: int, version: int) -> pl.Series:
    """The keys of the rows that are of a batch at a version of the lake."""
    try:
        found = store.frame(f"SELECT {key_sql(use_case)} AS _key FROM {use_case.name}.raw AT (VERSION => {version}) WHERE _batch = ?", [number])
    except (duckdb.CatalogException, duckdb.BinderException):
        return pl.Series("_key", [], pl.String)  # at that version the table, or its key of today, was not there yet
    return found["_key"].cast(pl.String)


def _versions_after(store: Lake, use_case: "UseCase", number: int, loaded_at: dt.datetime) -> Iterator[int]:
    """The first version of the lake that has the rows of a batch; none where it has none, or where that version is expired."""
    after = store.rows("SELECT snapshot_id FROM lake.snapshots() WHERE snapshot_time >= ? ORDER BY 1 LIMIT ?", [loaded_at, LOOKED_AT])
    for (version,) in after:
        if _keys(store, use_case, number, version).len():
            yield version
            return


def _released(store: Lake, name: str, number: int) -> list[dict[str, Any]]:
    """Rows of other batches that this load let out of quarantine: they are rows of the batch that they came with."""
    return store.frame(
        f"SELECT batch, count(DISTINCT row) AS rows FROM {quoted(name)}.quarantine WHERE released_by = ? GROUP BY 1 ORDER BY 1", [number]
    ).to_dicts()


def _predictions(store: Lake, name: str, keys: pl.Series, came: dt.datetime) -> list[dict[str, Any]]:
    """The answers about rows of the batch; `before`: how many of them were given before it came."""
    pending = "reached_keys"
    with store.registered(pending, keys.to_frame().to_arrow()):
        return store.frame(
            f"""SELECT model_version, origin, count(*) AS predictions, count(*) FILTER (scored_at < ?) AS before, min(scored_at) AS first,
            max(scored_at) AS last FROM {quoted(name)}.predictions WHERE key IN (SELECT _key FROM {pending}) GROUP BY ALL ORDER BY 1, 2""",
            [came],
        ).to_dicts()
