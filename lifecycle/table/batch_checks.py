"""Refusal: what is unusual about a batch as a whole, and whether it is let in at all."""

import dataclasses
import json
from typing import TYPE_CHECKING

import duckdb

from lifecycle.errors import DataError
from lifecycle.store.lake import Lake, literal
from lifecycle.table import freshness
from lifecycle.table.load import FAILURES, REFUSED, ValidatedBatch
from lifecycle.table.shown import shown

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

TOO_MANY = "too many of its rows failed"


def whole(store: Lake, cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", judged: ValidatedBatch) -> ValidatedBatch:
    """What is to be said of the batch as a whole, and whether it is refused."""
    batch = judged.batch
    alarms = freshness.alarms(use_case, freshness.Arrival(batch.rows, judged.newest), freshness.before(store, use_case, batch.source))
    changed = changed_types(cursor)
    refused = TOO_MANY if judged.bad > use_case.bad_rows * batch.rows else ""
    if changed and use_case.surprises.changed == "refuse":
        refused = f"{'; '.join(changed)}, and surprises.changed is 'refuse'"
    elif alarms and use_case.arrivals.refuse:
        refused = refused or "; ".join(alarms)
    new = f"the new column{'s' * (len(batch.new_columns) > 1)} {', '.join(batch.new_columns)} "
    fate = {"ignore": "left out", "keep": "kept in _extra"}.get(use_case.surprises.new, "refused")
    columns = [f"{new}{'were' if len(batch.new_columns) > 1 else 'was'} {fate}"] if batch.new_columns else []
    return dataclasses.replace(judged, refused=refused, alarms=tuple(alarms), notes=(*columns, *changed))


def changed_types(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """The columns that have cells without their declared type, one clause each."""
    found = cursor.execute(
        f"""SELECT "column", "check"[6:], count(*), min_by(value, row) FROM {FAILURES} WHERE starts_with("check", 'type ') GROUP BY ALL ORDER BY 3 DESC"""
    ).fetchall()
    return [
        f"{count:,} cell{'s' * (count > 1)} of {column} {'are' if count > 1 else 'is'} no {kind}, e.g. {value!r}"
        for column, kind, count, value in found
    ]


def stop_if_refused(store: Lake, use_case: "UseCase", number: int) -> None:
    """Raise the error for a batch that was refused, now or when the same one came before."""
    came, report = store.rows(f"SELECT came, report FROM {use_case.name}.batches WHERE batch = ?", [number])[0]
    why = json.loads(report or "{}").get("refused")
    if not why:
        return
    look = f"see: lifecycle quarantine {use_case.name}"
    if why != TOO_MANY:
        raise DataError(f"use case '{use_case.name}': the batch of {came:,} rows was refused: {why}. It is in quarantine, whole; {look}")
    failed = f"""FROM {use_case.name}.quarantine WHERE batch = ? AND NOT starts_with("check", {literal(REFUSED)})"""
    checks = store.rows(f"""SELECT "column", "check", count(*), any_value(value) {failed} GROUP BY ALL ORDER BY 3 DESC""", [number])
    listed = "; ".join(f"{column or 'line'}: {check} failed {count:,} times, e.g. {shown(value)!r}" for column, check, count, value in checks)
    raise DataError(
        f"use case '{use_case.name}': {store.value(f'SELECT count(DISTINCT row) {failed}', [number]):,} of {came:,} rows failed, the limit is"
        f" {use_case.bad_rows:.0%}, so the batch was refused: {listed}. Fix the source or schemas/{use_case.name}.py; {look}"
    )
