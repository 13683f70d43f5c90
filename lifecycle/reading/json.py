"""JSON: values arrive as the text they have in the file; of one object a line, lines that are none are kept apart."""

import json
import re
from pathlib import Path

import duckdb

from lifecycle.errors import DataError
from lifecycle.reading import json_lists, level
from lifecycle.reading.plain_text import LONGEST_LINE
from lifecycle.reading.reader import Reader
from lifecycle.reading.rejects import REJECTS
from lifecycle.source import File
from lifecycle.store.lake import literal, quoted

LOOKED_AT = 100  # lines that tell whether each is an object


def part(reader: Reader, file: File, path: Path) -> str:
    """SQL over one plain text file."""
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    path = _table(reader, file, path)
    return (_by_line if _is_lines(path) else _whole)(reader, file, path, added)


def _table(reader: Reader, file: File, path: Path) -> Path:
    """The file, or a copy of the list in it that is the table, one object a line."""
    key = ("table", path, file.rows)
    if key not in reader.ready:
        reader.ready[key] = json_lists.lines(path, file, reader.expects, lambda: reader.copy(".json"))
        if reader.ready[key] != path:
            reader.original[str(reader.ready[key])] = str(path)
    return reader.ready[key]


def _is_lines(path: Path) -> bool:
    """Whether most lines hold an object of their own."""
    with path.open("rb") as stream:
        lines = [line for _, line in zip(range(LOOKED_AT), iter(lambda: stream.readline(LONGEST_LINE), b""), strict=False) if line.strip()]
    return sum(_is_object(line) for line in lines) > len(lines) / 2


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _by_line(reader: Reader, file: File, path: Path, added: str) -> str:
    lines = f"""SELECT row_number() OVER () AS number, line FROM read_csv({literal(str(path))}, columns={{'line': 'VARCHAR'}}, auto_detect=false, compression='none',
        delim='\\x01', quote='', escape='', header=false, max_line_size={LONGEST_LINE}, ignore_errors=true)"""
    good = "json_valid(line) AND json_type(line) = 'OBJECT'"
    reader.cursor.execute(f"""INSERT INTO {REJECTS} SELECT number, NULL, 'json object', NULL, line
        FROM ({lines}) WHERE trim(line) <> '' AND NOT coalesce(try({good}), false)""")
    nested = _nested(reader, path, "format='newline_delimited', ignore_errors=true")
    keys = reader.cursor.execute(f"""SELECT key FROM (SELECT number, unnest(json_keys(line)) AS key FROM ({lines}) WHERE coalesce(try({good}), false))
        GROUP BY key ORDER BY min(number), key""").fetchall()
    names = [key for (key,) in keys]
    kinds = literal(json.dumps({name: "VARCHAR" for name in names}))
    fields = ", ".join(_field(alias, file, f"held.{quoted(name)}", nested.get(name)) for name, alias in zip(names, level.unique(names), strict=True))
    return f"SELECT {fields}{added} FROM (SELECT from_json(line, {kinds}) AS held FROM ({lines}) WHERE coalesce(try({good}), false))"


def _whole(reader: Reader, file: File, path: Path, added: str) -> str:
    """A list of objects, or objects over many lines: read as one, so that a broken one is an error."""
    with path.open("rb") as stream:
        form = "array" if re.match(rb"\s*\[", stream.read(1 << 12)) else "unstructured"
    options = f"format='{form}', compression='uncompressed', maximum_object_size={LONGEST_LINE}"
    try:
        described = reader.cursor.execute(f"DESCRIBE FROM read_json({literal(str(path))}, {options}, sample_size=-1)").fetchall()
    except duckdb.Error as error:
        said = " ".join(str(error).partition("LINE 1:")[0].split()).partition(": ")[2].replace(str(path), file.path)
        raise DataError(f"the file {file.path} is no JSON that can be read ({said}); give a list of objects, or one object a line") from None
    names = [name for name, *_ in described]
    if not names or (names == ["json"] and described[0][1] != "VARCHAR"):
        raise DataError(f"the file {file.path} holds JSON without objects in it; give a list of objects, or one object a line")
    columns = ", ".join(f"{literal(name)}: 'JSON'" for name in names)
    nested = {name: kind for name, kind, *_ in described if _is_nested(kind)}
    fields = ", ".join(
        _field(alias, file, f"({quoted(name)}->>'$')", nested.get(name)) for name, alias in zip(names, level.unique(names), strict=True)
    )
    return f"SELECT {fields}{added} FROM read_json({literal(str(path))}, {options}, columns={{{columns}}})"


def _field(alias: str, file: File, value: str, nested: str | None) -> str:
    """A value as text, or as the list or struct that it is."""
    return f"TRY_CAST({value}::JSON AS {nested}) AS {quoted(alias)}" if nested else level.text(alias, file.null, value)


def _nested(reader: Reader, path: Path, options: str) -> dict[str, str]:
    """The columns that hold lists or structs, with their types."""
    try:
        described = reader.cursor.execute(
            f"DESCRIBE FROM read_json({literal(str(path))}, {options}, compression='uncompressed', sample_size=-1)"
        ).fetchall()
    except duckdb.Error:
        return {}  # broken lines: each is told of by itself
    return {name: kind for name, kind, *_ in described if _is_nested(kind)}


def _is_nested(kind: str) -> bool:
    return kind.startswith("STRUCT(") or kind.endswith("[]")
