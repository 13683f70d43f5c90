"""CSV: how a file is written is told by its first lines; cells arrive as trimmed text, lines that break the rules are kept apart."""

import csv
from collections import Counter
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import duckdb

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import level
from lifecycle.reading.plain_text import BAD, LONGEST_LINE, without_quotes
from lifecycle.reading.reader import Reader
from lifecycle.reading.rejects import ERRORS, SCANS
from lifecycle.source import File
from lifecycle.store.lake import literal, quoted

HEAD, LONGEST_SHOWN = 4 << 20, 1 << 16  # how much of a file tells how it is written, without its enormous lines
DELIMITERS = ",;\t|"
LOOKED_AT = 1_000  # rows that tell a header line from data


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    delimiter: str
    quote: str
    escape: str
    skip: int
    header: bool
    names: tuple[str, ...]


def part(reader: Reader, file: File, paths: list[Path]) -> str:
    """SQL over plain text files; files written the same way are read together."""
    reader.files = max(reader.files, len(paths))
    dialects = {path: _dialect(reader, file, path) for path in paths}
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    parts = []
    for dialect, group in groupby(paths, key=dialects.__getitem__):
        healed = [literal(str(_healed(reader, path))) for path in group]
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in dialect.names)
        shown = ", ".join(level.text(name, file.null) for name in dialect.names)
        parts.append(f"""SELECT {shown}{added} FROM read_csv([{", ".join(healed)}], header={dialect.header}, skip={dialect.skip},
            auto_detect=false, compression='none', columns={{{columns}}}, delim={literal(dialect.delimiter)}, quote={literal(dialect.quote)},
            escape={literal(dialect.escape)}, max_line_size={LONGEST_LINE}, store_rejects=true, rejects_table='{ERRORS}',
            rejects_scan='{SCANS}', rejects_limit=0)""")
    return " UNION ALL BY NAME ".join(parts)


def unnamed(reader: Reader) -> tuple[str, ...]:
    """The columns of the files that were read, where these have no header line and no definition names them."""
    dialects = [value for value in reader.ready.values() if isinstance(value, Dialect)]
    return dialects[0].names if dialects and not any(dialect.header for dialect in dialects) else ()


def delimiter(reader: Reader) -> str:
    """What parts the cells of a line in the files that were read; empty where they have no lines, or differ."""
    found = {value.delimiter for value in reader.ready.values() if isinstance(value, Dialect)}
    return found.pop() if len(found) == 1 else ""


def _healed(reader: Reader, path: Path) -> Path:
    lines = reader.unclosed.get(str(path))
    if not lines:
        return path
    found = reader.ready.get(("healed", path))
    if found is None or found[1] != len(lines):
        copy = without_quotes(path, lines, reader.copy(path.suffix))
        reader.original[str(copy)] = reader.healed[str(copy)] = str(path)
        reader.ready["healed", path] = found = (copy, len(lines))
    return found[0]


def _dialect(reader: Reader, file: File, path: Path) -> Dialect:
    key = ("dialect", path)
    if key not in reader.ready:
        reader.ready[key] = _sniffed(reader, file, path)
    return reader.ready[key]


def _sniffed(reader: Reader, file: File, path: Path) -> Dialect:
    """What DuckDB finds in the head of the file, where the definition does not say; then whether it has a header line."""
    head = reader.copy(".head")
    skipped = _write_head(path, head)
    given = {"delim": file.delimiter, "quote": file.quote, "header": file.header if isinstance(file.header, bool) else None}
    said = "".join(f", {key}={literal(value) if isinstance(value, str) else value}" for key, value in given.items() if value not in ("", None))
    try:
        delimiter, quote, escape, skip, header = reader.cursor.execute(f"""SELECT Delimiter, Quote, Escape, SkipRows, HasHeader
            FROM sniff_csv({literal(str(head))}, ignore_errors=true, strict_mode=true, comment='', max_line_size={LONGEST_LINE}{said})""").fetchall()[0]
    except duckdb.Error:
        delimiter, quote, escape, skip, header = _by_counting(head, file.delimiter), '"', '"', 0, True
    delimiter = file.delimiter or ("," if delimiter == "(empty)" else delimiter)
    quote = file.quote if file.quote is not None else ('"' if quote == "(empty)" else quote)
    escape = quote if escape == "(empty)" else escape
    rows = _rows(head, delimiter, quote, skip)
    if not rows:
        raise DataError(f"the file {reader.called(str(path))} has no line that can be read as CSV; check its delimiter and quotes")
    header, names = _header(reader, file, rows, header)
    return Dialect(delimiter, quote, escape, skip + skipped, header, tuple(names))


def _header(reader: Reader, file: File, rows: list[list[str]], guessed: bool) -> tuple[bool, list[str]]:
    """Whether there is a header line, and the names of the columns."""
    first = level.unique(rows[0])
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if isinstance(file.header, tuple):
        if width != len(file.header):
            raise LifecycleError(
                f"the file {file.path} has {width} columns and its definition names {len(file.header)} in header=; name each, in order"
            )
        return [name.lower() for name in first] == [name.strip().lower() for name in file.header], list(file.header)
    named = bool(reader.expects & {name.lower() for name in first})
    header = file.header if file.header is not None else named or (guessed and not _is_data(rows))
    return header, first if header else level.numbered(width)


def _write_head(path: Path, head: Path) -> int:
    """The first lines, without comments before them and without enormous ones; returns how many lines the table starts after."""
    before, written = 0, 0
    with path.open("rb") as stream, head.open("wb") as out:
        while written < HEAD and (line := stream.readline(LONGEST_LINE)):
            if not written and (not line.strip() or line.startswith(b"#")):
                before += 1
                continue
            if len(line) <= LONGEST_SHOWN:
                written += out.write(line.replace(b"\xff", b""))
            elif not written:
                written += 1
    return before


def _rows(head: Path, delimiter: str, quote: str, skip: int) -> list[list[str]]:
    """Some rows of the head, as they are parted."""
    if len(delimiter) != 1:
        with head.open(encoding="utf-8", errors="replace", newline="") as stream:
            return [line.rstrip("\r\n").split(delimiter) for line in islice(stream, skip, skip + LOOKED_AT) if line.strip()]
    csv.field_size_limit(LONGEST_LINE)
    with head.open(encoding="utf-8", errors="replace", newline="") as stream:
        quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        lines = (line.replace("\0", "") for line in islice(stream, skip, None))
        reading = csv.reader(lines, delimiter=delimiter, quotechar=quote or None, quoting=quoting)
        try:
            return [row for row in islice(reading, LOOKED_AT) if row]
        except csv.Error:
            return []


def _is_data(rows: list[list[str]]) -> bool:
    """Whether the first line is a row like the others: most of its cells come again below it, which names do not."""
    first, below = rows[0], rows[1:]
    if len(below) < 2:
        return False
    again = [bool(cell.strip()) and sum(place < len(row) and row[place] == cell for row in below) > 0 for place, cell in enumerate(first)]
    return sum(again) > len(first) / 2


def _by_counting(head: Path, delimiter: str) -> str:
    """The delimiter that comes equally often in most lines: for files that DuckDB makes nothing of."""
    with head.open(encoding="utf-8", errors="replace") as stream:
        lines = [line for line in islice(stream, 200) if line.strip() and BAD not in line]

    def steady(sign: str) -> tuple[int, int]:
        number, lines_with = (
            Counter(line.count(sign) for line in lines if sign in line).most_common(1)[0] if any(sign in x for x in lines) else (0, 0)
        )
        return lines_with, number

    return delimiter or max(DELIMITERS, key=steady)
