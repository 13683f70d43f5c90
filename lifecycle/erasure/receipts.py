"""Receipts: that a person was erased, when, and which versions had learnt from them; of whom is a salted hash."""

import datetime as dt
import hashlib
import json
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from pydantic import Field

from lifecycle.erasure.person import Person
from lifecycle.json_model import JsonModel
from lifecycle.store import records
from lifecycle.store.records import Reader

COLUMNS = "id, use_case, what, column_name, salt, hash, began_at, ended_at, counts, versions"
ALL = f"SELECT {COLUMNS} FROM lifecycle_erasures WHERE use_case = %s ORDER BY began_at"


class Receipt(JsonModel):
    """What is kept of an erasure: nothing of the person.

    Attributes:
        id: its name.
        use_case: where.
        what: `key` or `entity`.
        column_name: the column by which rows were named.
        salt, hash: SHA-256 of salt, use case, column and value: who knows the value can tell that it is this receipt's, nobody else who was meant.
        began_at, ended_at: when; without an end it was cut off, and the same command goes on with it.
        counts: how many rows went, by where they lay.
        versions: the model versions that were trained on some of them.
    """

    id: str
    use_case: str
    what: str
    column_name: str
    salt: str
    hash: str
    began_at: dt.datetime
    ended_at: dt.datetime | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    versions: tuple[int, ...] = ()


def begun(person: Person) -> Receipt:
    """The receipt of a person, made now where there is none: asked again, it is the same."""
    for receipt in every(person.use_case):
        if is_of(receipt, person.column, person.values[0]):
            return receipt
    salt = secrets.token_hex(16)
    made = Receipt(
        id=str(uuid.uuid4()), use_case=person.use_case, what="key" if person.is_key else "entity", column_name=person.column, salt=salt,
        hash=_hash(salt, person.use_case, person.column, person.values[0]), began_at=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    with records.opened() as connection:
        connection.execute(
            "INSERT INTO lifecycle_erasures (id, use_case, what, column_name, salt, hash, began_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [made.id, made.use_case, made.what, made.column_name, made.salt, made.hash, made.began_at],
        )
    return made


def learnt(receipt: Receipt, versions: Iterable[int]) -> Receipt:
    """Note, before anything goes, which versions were trained on it."""
    found = tuple(sorted({*receipt.versions, *versions}))
    with records.opened() as connection:
        connection.execute("UPDATE lifecycle_erasures SET versions = %s, ended_at = NULL WHERE id = %s", [json.dumps(found), receipt.id])
    return receipt.model_copy(update={"versions": found, "ended_at": None})


def ended(receipt: Receipt, counts: dict[str, int]) -> Receipt:
    """Note that all is done; what went before, when it was cut off, counts too."""
    total = {name: counts.get(name, 0) + receipt.counts.get(name, 0) for name in {*counts, *receipt.counts}}
    now = dt.datetime.now(dt.UTC)
    with records.opened() as connection:
        connection.execute("UPDATE lifecycle_erasures SET counts = %s, ended_at = %s WHERE id = %s", [json.dumps(total), now, receipt.id])
    return receipt.model_copy(update={"counts": total, "ended_at": now})


def every(use_case: str, at: Reader | None = None) -> list[Receipt]:
    """The receipts of a use case, oldest first."""
    if at is not None:
        rows = at.rows(ALL, use_case)
    else:
        with records.opened() as connection:
            rows = connection.execute(ALL, [use_case]).fetchall()
    return [_receipt(row) for row in rows]


def is_of(receipt: Receipt, column: str, value: str) -> bool:
    """Whether a receipt is of this value."""
    return receipt.column_name == column and receipt.hash == _hash(receipt.salt, receipt.use_case, column, value)


def why_not(use_case: str, version: int) -> str:
    """Why a version cannot be made again, where rows that it was trained on were erased; else empty."""
    found = [receipt for receipt in every(use_case) if version in receipt.versions]
    if not found:
        return ""
    last = found[-1]
    rows = "rows" if len(found) == 1 else f"rows of {len(found)} people"
    return (
        f"use case '{use_case}': version {version} cannot be made again: {rows} that it was trained on were erased on {last.began_at:%Y-%m-%d}"
        f" (receipt {last.id}); train a new version without them with 'lifecycle train {use_case}'"
    )


def _receipt(row: tuple[Any, ...]) -> Receipt:
    id, use_case, what, column, salt, hashed, began, end, counts, versions = row
    return Receipt(
        id=str(id), use_case=use_case, what=what, column_name=column, salt=salt, hash=hashed, began_at=began, ended_at=end,
        counts=counts if isinstance(counts, dict) else json.loads(counts or "{}"),
        versions=tuple(versions if isinstance(versions, list) else json.loads(versions or "[]")),
    )  # fmt: skip


def _hash(salt: str, use_case: str, column: str, value: str) -> str:
    return hashlib.sha256("\0".join((salt, use_case, column, value)).encode()).hexdigest()
