"""A person's words in texts: in the columns of databases, in the files that are kept with models, in results that were cached."""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.erasure.person import Person, pattern
from lifecycle.store import objects, records, tracking
from lifecycle.store.database import Database, Purpose
from lifecycle.store.lake import quoted

if TYPE_CHECKING:
    import psycopg

AT_ONCE = 200
"""So many words are looked for together."""
TEXTS = (".json", ".jsonl", ".md", ".html", ".txt", ".csv", ".yaml", ".diff", ".svg")
COLUMNS = """SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying', 'json', 'jsonb')
    AND table_name NOT LIKE 'ducklake%%' AND table_name NOT LIKE 'lifecycle_erasures%%' ORDER BY 1, 2"""
ERASED = "erased"


def blanked(text: str, words: Sequence[str]) -> str:
    """A text without any of some words; a number becomes 0, so that JSON stays JSON."""
    for some in _lots(words):
        text = _pattern(some).sub(_instead, text)
    return text


def in_databases(server: Database, purposes: Sequence[Purpose], words: Sequence[str]) -> int:
    """Blank a person's words in all texts of some databases. Returns how many cells changed."""
    import psycopg

    count = 0
    for purpose in purposes if words else ():
        with psycopg.connect(server.conninfo(purpose), autocommit=True) as connection:
            changed = {}
            for table, column, kind in connection.execute(COLUMNS).fetchall():
                if found := sum(_in_column(connection, table, column, kind, some) for some in _lots(words)):
                    changed[table] = changed.get(table, 0) + found
            for table in changed:
                connection.execute(f"VACUUM FULL {quoted(table)}")  # pyright: ignore[reportArgumentType, reportCallIssue]
            count += sum(changed.values())
    return count


def in_artifacts(use_case: str, person: Person) -> tuple[int, list[str]]:
    """Blank a person's words, and drop their rows, in what is kept with runs and models.

    Returns:
        How many files changed, and the addresses of files that hold a word and cannot be written again: models.
    """
    count, left = 0, []
    for address in objects.below(f"{tracking.artifacts()}/{use_case}"):
        name = address.rpartition("/")[2]
        if not name.endswith((*TEXTS, ".parquet")):
            if person.words and any(word.encode() in (objects.read(address) or b"") for word in person.words):
                left.append(address)
            continue
        before = objects.read(address)
        if before is None:
            continue
        after = _rows_out(before, person) if name.endswith(".parquet") else _text_out(before, person.words)
        if after != before:
            _put(address, before, after)
            count += 1
    return count, left


def results(folder: Path, use_case: str) -> int:
    """Delete the cached results of a use case. Returns how many."""
    count = 0
    for file in folder.rglob("*") if folder.is_dir() else ():
        if file.is_file() and _is_of(file, use_case):
            file.unlink(missing_ok=True)
            count += 1
    return count


def _in_column(connection: "psycopg.Connection[Any]", table: str, column: str, kind: str, words: Sequence[str]) -> int:
    """Cells with a word are read, blanked and written one by one: there are few."""
    name, own = quoted(column), quoted(table)
    found = connection.execute(f"SELECT ctid::text, {name}::text FROM {own} WHERE {name}::text ~ %s", [pattern(words)]).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
    for place, text in found:
        query = f"UPDATE {own} SET {name} = %s::{kind} WHERE ctid = %s::tid"
        connection.execute(query, [blanked(text, words), place])  # pyright: ignore[reportArgumentType, reportCallIssue]
    return len(found)


def _put(address: str, before: bytes, after: bytes) -> None:
    """Write an artifact again, and note its new hash where its old one was noted, first: cut off in between, the file is found again."""
    old, new = (hashlib.sha256(content).hexdigest() for content in (before, after))
    with records.opened() as connection:
        connection.execute("UPDATE lifecycle_versions SET reference = replace(reference, %s, %s) WHERE strpos(reference, %s) > 0", [old, new, old])
    kept_earlier = f"/{tracking.EARLIER}/{old}/"
    if kept_earlier in address:
        objects.write(address.replace(kept_earlier, f"/{tracking.EARLIER}/{new}/"), after)
        objects.remove(address)
    else:
        objects.write(address, after)


def _text_out(content: bytes, words: Sequence[str]) -> bytes:
    if not words:
        return content
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    return blanked(text, words).encode()


def _rows_out(content: bytes, person: Person) -> bytes:
    """A Parquet file without the rows that have the person's value in the column of its name, or one of their words in any text."""
    frame = pl.read_parquet(io.BytesIO(content))
    found = pl.lit(False)
    for name, dtype in frame.schema.items():
        if dtype.is_nested() or dtype == pl.Binary:
            continue
        cells = pl.col(name).cast(pl.String, strict=False)
        if name == person.column or name.removeprefix("_info_") == person.column:
            found = found | cells.is_in(person.values).fill_null(False)
        if name in ("_key", "key", person.key_column):
            found = found | cells.is_in(person.keys).fill_null(False)
        if dtype == pl.String and person.words:
            found = found | cells.is_in(person.words).fill_null(False)
    left = frame.filter(~found)
    if left.height == frame.height:
        return content
    out = io.BytesIO()
    left.write_parquet(out)
    return out.getvalue()


def _is_of(file: Path, use_case: str) -> bool:
    try:
        record = json.loads(file.read_bytes())
        value = record["result"]
        found = json.loads(value) if isinstance(value, str) else value
        return isinstance(found, dict) and found.get("use_case") == use_case
    except (ValueError, KeyError, TypeError, OSError):
        return False


def _lots(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(words), AT_ONCE):
        yield words[start : start + AT_ONCE]


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z_])(?:{'|'.join(map(re.escape, words))})(?![0-9A-Za-z_])")


def _instead(found: re.Match[str]) -> str:
    return "0" if found[0].isdigit() else ERASED
