"""Who is to be erased: a row by its key, or all rows of an entity; and how such rows are found, wherever rows lie."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError
from lifecycle.store.lake import lake, literal, quoted
from lifecycle.table.feature_table import INFO

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

LEAST_TEXT, LEAST_DIGITS = 4, 6
"""A text of so many signs, or a number of so many digits, is nobody else's word: it is looked for in texts, too."""


@dataclass(frozen=True)
class Person:
    """Who is meant, in the words of the lake.

    Attributes:
        use_case: the use case.
        column: of the schema; empty where a row is named by a key that no column has.
        is_key: whether the column is the key; else it is an entity's.
        values: the value as it was typed, and as the lake writes it.
        key_column: the column that is the key, if one is.
        keys: the keys (texts) of the rows to be erased, as far as they are known.
    """

    use_case: str
    column: str
    is_key: bool
    values: tuple[str, ...]
    key_column: str
    keys: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What the receipt says was asked for, without the value."""
        return "a key" if self.is_key else f"an entity by its column '{self.column}'"

    @property
    def words(self) -> tuple[str, ...]:
        """The values and keys that can be looked for in a text without meaning anybody else."""
        return tuple(dict.fromkeys(value for value in (*self.values, *self.keys) if _telling(value)))

    def with_keys(self, keys: Sequence[str]) -> "Person":
        """The same with more keys known."""
        return replace(self, keys=tuple(dict.fromkeys((*self.keys, *keys))))

    def rows(self, table: str, there: set[str]) -> str:
        """SQL for the condition that a row of a table, which has these columns, is one to be erased; empty where none can be."""
        keys, values = _listed(self.keys), _listed(self.values)
        found: list[str] = []
        if table == "quarantine":
            return self._quarantined()
        if table in ("predictions", "labels") and self.keys:
            found.append(f"CAST(key AS VARCHAR) IN {keys}")
        if "_key" in there and self.keys:
            found.append(f"CAST(_key AS VARCHAR) IN {keys}")
        if table == "raw" and self.key_column in there and self.keys:
            found.append(f"CAST({quoted(self.key_column)} AS VARCHAR) IN {keys}")
        if self.column and table in ("raw", "features"):
            found += [f"CAST({quoted(name)} AS VARCHAR) IN {values}" for name in (self.column, INFO + self.column) if name in there]
        if table == "predictions" and self.column and "inputs" in there:
            found.append(f"{cell('inputs', self.column)} IN {values}")
        return " OR ".join(f"coalesce({each}, false)" for each in found)

    def _quarantined(self) -> str:
        """A row in quarantine is JSON text under the names of its source; a line that is no row is any text."""
        found = []
        for name, known in ((self.key_column, self.keys), (self.column, self.values)):
            if name and known:
                found.append(f"{cell('record', name)} IN {_listed(known)}")
                found.append(f'("column" = {literal(name)} AND value IN {_listed(known)})')
        if self.words:
            found.append(f"regexp_matches(coalesce(record, '') || ' ' || coalesce(value, ''), {literal(pattern(self.words))})")
        return " OR ".join(f"coalesce({each}, false)" for each in found)


def person(use_case: "UseCase", key: str | None, entity: str | None) -> Person:
    """Who is meant by a key, or by `COLUMN=VALUE`.

    Raises:
        LifecycleError: the column is none of the schema, or there is no value.
    """
    own = use_case.columns.one("key") or ""
    if key is not None:
        if not key.strip():
            raise LifecycleError("--key needs the key of a row, found nothing")
        values = _spelled(use_case, own, key.strip())
        return Person(use_case.name, own, True, values, own, values)
    column, sign, value = (entity or "").partition("=")
    if not sign or not column.strip() or not value.strip():
        raise LifecycleError(f"--entity is COLUMN=VALUE, as in CUSTOMER_ID=4711, found '{column}{sign}'")
    column = column.strip()
    if column not in use_case.columns:
        raise LifecycleError(f"use case '{use_case.name}' has no column '{column}'; it has {', '.join(use_case.columns.names)}")
    values = _spelled(use_case, column, value.strip())
    return Person(use_case.name, column, column == own, values, own, values if column == own else ())


def cell(record: str, name: str) -> str:
    """SQL for a cell of JSON text, as text; null where it is no JSON."""
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return f"CASE WHEN json_valid({record}) THEN json_extract_string({record}, {literal(pointer)}) END"


def pattern(words: Sequence[str]) -> str:
    """A regular expression, for DuckDB and Python alike, for any of some words where no letter or digit is beside it."""
    return f"(?:^|[^0-9A-Za-z_])(?:{'|'.join(map(_escaped, words))})(?:$|[^0-9A-Za-z_])"


def _escaped(word: str) -> str:
    return re.sub(r"([^0-9A-Za-z_ ])", r"\\\1", word) if word.isascii() else re.escape(word)


def _telling(value: str) -> bool:
    digits = value.replace("-", "").replace(".", "")
    return len(digits) >= LEAST_DIGITS if digits.isdigit() else len(value) >= LEAST_TEXT


def _spelled(use_case: "UseCase", column: str, value: str) -> tuple[str, ...]:
    """A value as it was typed, and as the lake writes it as text."""
    if not column:
        return (value,)
    as_text = lake().value(f"SELECT CAST(TRY_CAST(? AS {use_case.columns[column].sql_type}) AS VARCHAR)", [value])
    return tuple(dict.fromkeys([each for each in (as_text, value) if each]))


def _listed(values: Sequence[str]) -> str:
    return f"({', '.join(map(literal, values))})"
