"""Lines of a source that cannot be read: kept with their number and the reason, each once."""

from pathlib import Path

import duckdb

from lifecycle.errors import DataError
from lifecycle.reading.plain_text import AGAIN, BAD, FOOTER, LONGEST_LINE, QUOTE, SPOILT
from lifecycle.reading.reader import Reader
from lifecycle.store.lake import literal

REJECTS = "lifecycle_rejects"
ERRORS, SCANS = "lifecycle_errors", "lifecycle_scans"
"""Where DuckDB puts what it rejects while it reads CSV."""
CUT = 10_000  # characters of a rejected line that DuckDB keeps
EXAMPLE_LENGTH = 80  # and so many are an example of it
ROUNDS = 8


def begin(cursor: duckdb.DuckDBPyConnection) -> None:
    """An empty table of rejects."""
    cursor.execute(f'CREATE OR REPLACE TEMP TABLE {REJECTS} (row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR)')
    cursor.execute(f"DROP TABLE IF EXISTS {ERRORS}; DROP TABLE IF EXISTS {SCANS}")


def keep(reader: Reader) -> bool:
    """After the rows were read: move what DuckDB rejected to the table of rejects.

    Returns:
        Whether the source has to be read again: a quote that was never closed had swallowed the lines after it, and
        is now known, so that only its own line is rejected.

    Raises:
        DataError: there is no end of such quotes.
    """
    try:
        reader.cursor.execute(f"SELECT 1 FROM temp.{ERRORS} LIMIT 1").fetchall()
    except duckdb.CatalogException:
        return False  # no CSV was read
    reader.cursor.execute(f"""CREATE OR REPLACE TEMP TABLE lifecycle_lines AS
        SELECT file_path, line, any_value(column_name) AS "column", lower(any_value(error_type)::VARCHAR) AS reason,
            any_value(csv_line) AS record, min(line_byte_position) AS place,
            bool_or(error_type IN ('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM') AND contains(rtrim(csv_line, chr(10) || chr(13)), chr(10))) AS swallows
        FROM {ERRORS} JOIN {SCANS} USING (scan_id, file_id) GROUP BY file_path, line""")
    if _swallowed(reader):
        return True
    _move(reader)
    reader.cursor.execute(f"DROP TABLE {ERRORS}; DROP TABLE {SCANS}; DROP TABLE lifecycle_lines")
    return False


def _swallowed(reader: Reader) -> bool:
    found = reader.cursor.execute("SELECT file_path, line FROM lifecycle_lines WHERE swallows").fetchall()
    for path, line in found:
        lines = reader.unclosed.setdefault(str(reader.healed.get(path, path)), set())
        if line in lines or reader.rounds >= ROUNDS:
            raise DataError(
                f"the file {reader.called(path)} opens a quote in line {line} and never closes it, as in {len(lines)} lines before;"
                " fix them, or say quote='' in its definition"
            )
        lines.add(line)
    reader.rounds += bool(found)
    return bool(found)


def _move(reader: Reader) -> None:
    several = f"|| {_names(reader)}" if reader.files > 1 else ""
    mark, quote, again, footer = map(literal, (BAD, QUOTE, AGAIN, FOOTER))
    signs = "".join((BAD, QUOTE, AGAIN, FOOTER))
    shown = f"CASE WHEN regexp_matches(record, {literal(f'[{signs}]')}) THEN rtrim(record, '?') ELSE record END"
    shown = f"trim(replace(translate({shown}, {literal(BAD + AGAIN + FOOTER)}, ''), {quote}, '\"'), chr(10) || chr(13))"
    reader.cursor.execute(f"""INSERT INTO {REJECTS} SELECT line, "column", CASE WHEN contains(record, {mark} || '\\x00') THEN 'null byte'
        WHEN contains(record, {again}) THEN 'repeated header' WHEN contains(record, {footer}) THEN 'footer' WHEN contains(record, {mark}) THEN 'invalid encoding' WHEN contains(record, {quote}) THEN 'unclosed quote' ELSE reason END {several},
        left({shown}, {EXAMPLE_LENGTH}), {shown} FROM lifecycle_lines WHERE length(record) < {CUT}""")
    for path, line, column, reason, place in reader.cursor.execute(
        f"""SELECT file_path, line, "column", reason {several}, place FROM lifecycle_lines WHERE length(record) >= {CUT}"""
    ).fetchall():
        record = _whole(path, place)
        reader.cursor.execute(f"INSERT INTO {REJECTS} VALUES (?, ?, ?, ?, ?)", [line, column, reason, record[:EXAMPLE_LENGTH], record])


def _names(reader: Reader) -> str:
    """SQL for the name of a line's file, in brackets."""
    paths = [path for (path,) in reader.cursor.execute("SELECT DISTINCT file_path FROM lifecycle_lines").fetchall()]
    named = " ".join(f"WHEN {literal(path)} THEN {literal(f' ({Path(reader.called(path)).name})')}" for path in paths)
    return f"CASE file_path {named} ELSE '' END" if named else "''"


def _whole(path: str, place: int) -> str:
    """A line of which DuckDB keeps the beginning only."""
    with Path(path).open("rb") as stream:
        stream.seek(before := max(place - 1_024, 0))  # of an enormous line the place is only roughly its beginning
        stream.seek(before + stream.read(place - before).rfind(b"\n") + 1)
        line = stream.readline(8 * LONGEST_LINE)
    return line.rstrip(b"\r\n" + SPOILT).decode("utf-8", "replace").translate(dict.fromkeys(map(ord, BAD + AGAIN + FOOTER))).replace(QUOTE, '"')
