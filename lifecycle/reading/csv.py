"""CSV: how a file is written is told by its first lines; cells arrive as trimmed text, lines that break the rules are kept apart."""

import csv
import mmap
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import duckdb

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import level, surroundings
from lifecycle.reading.plain_text import AGAIN, BAD, BLOCK, FOOTER, LONGEST_LINE, marked
from lifecycle.reading.reader import Reader
from lifecycle.reading.rejects import ERRORS, SCANS
from lifecycle.source import File
from lifecycle.store.lake import literal, quoted

HEAD, LONGEST_SHOWN = 4 << 20, 1 << 16  # how much of a file tells how it is written, without its enormous lines
DELIMITERS = ",;\t|"
LOOKED_AT = 1_000  # rows that tell a header line from data
SNIFFED = 300  # lines that tell where the table begins
TAIL = 1 << 16  # bytes at the end in which footers are looked for
SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)


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
        healed = [literal(str(_healed(reader, path, dialect))) for path in group]
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


def _healed(reader: Reader, path: Path, dialect: Dialect) -> Path:
    """The file, or a copy in which DuckDB rejects what is no row of the table."""
    lines = reader.unclosed.get(str(path), set())
    if ("none of it", path) not in reader.ready:
        reader.ready["none of it", path] = _none_of_it(path, dialect)
    others = reader.ready["none of it", path]
    if not lines and not others:
        return path
    found = reader.ready.get(("healed", path))
    if found is None or found[1] != len(lines):
        copy = marked(path, lines, others, reader.copy(path.suffix))
        reader.original[str(copy)] = reader.healed[str(copy)] = str(path)
        reader.ready["healed", path] = found = (copy, len(lines))
    return found[0]


def _none_of_it(path: Path, dialect: Dialect) -> dict[int, str]:
    """The lines (from 1) that are the header once more, or stand under the table, each with its mark."""
    wide = len(dialect.names)
    if wide < 2 or len(dialect.delimiter) != 1:
        return {}
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = dict.fromkeys(_again(content, dialect.skip), AGAIN) if dialect.header else {}
        begin = max(len(content) - TAIL, 0)
        begin = content.find(b"\n", begin) + 1 if begin else 0
        lines = content[begin:].split(b"\n")
        given = [at for at, line in enumerate(lines) if line.strip() and (begin or at > dialect.skip)]
        under = surroundings.ends([_cells(lines[at], dialect) for at in given], wide)
        if under:
            before = _lines_before(content, begin)
            found |= {before + given[place] + 1: FOOTER for place in under}
    return found


def _again(content: mmap.mmap, skip: int) -> Iterator[int]:
    """The lines (from 1) that are equal to the header line, which comes after so many: of files that were put together."""
    begin = 0
    for _ in range(skip):
        begin = content.find(b"\n", begin) + 1
    end = content.find(b"\n", begin)
    header, at = content[begin:end], end
    while end > 0 and header.strip() and (at := content.find(b"\n" + header, at)) >= 0:
        at += 1
        if content[at + len(header) : at + len(header) + 1] in (b"\n", b""):
            yield _lines_before(content, at) + 1


def _lines_before(content: mmap.mmap, place: int) -> int:
    return sum(content[at : min(at + BLOCK, place)].count(b"\n") for at in range(0, place, BLOCK))


def _cells(line: bytes, dialect: Dialect) -> list[str]:
    quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
    text = line.decode("utf-8", "replace").replace("\0", "")
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=dialect.delimiter, quotechar=dialect.quote or None, quoting=quoting), [])]
    except csv.Error:
        return []


def _dialect(reader: Reader, file: File, path: Path) -> Dialect:
    key = ("dialect", path)
    if key not in reader.ready:
        reader.ready[key] = _sniffed(reader, file, path)
    return reader.ready[key]


def _sniffed(reader: Reader, file: File, path: Path) -> Dialect:
    """What DuckDB finds in the head of the file, where the definition does not say; then whether it has a header line."""
    found = _beginning(reader, file, path)
    head = reader.copy(".head")
    skipped = _write_head(path, head, found.lines)
    given = {
        "delim": file.delimiter or found.delimiter,
        "quote": file.quote,
        "header": file.header if isinstance(file.header, bool) else True if found.names else None,
    }
    said = "".join(f", {key}={literal(value) if isinstance(value, str) else value}" for key, value in given.items() if value not in ("", None))
    try:
        delimiter, quote, escape, skip, header = reader.cursor.execute(f"""SELECT Delimiter, Quote, Escape, SkipRows, HasHeader
            FROM sniff_csv({literal(str(head))}, ignore_errors=true, strict_mode=true, comment='', max_line_size={LONGEST_LINE}{said})""").fetchall()[0]
    except duckdb.Error:
        delimiter, quote, escape, skip, header = _by_counting(head, file.delimiter or found.delimiter), '"', '"', 0, True
    delimiter = file.delimiter or found.delimiter or ("," if delimiter == "(empty)" else delimiter)
    quote = file.quote if file.quote is not None else ('"' if quote == "(empty)" else quote)
    escape = quote if escape == "(empty)" else escape
    rows = _rows(head, delimiter, quote, skip)
    if not rows:
        raise DataError(f"the file {reader.called(str(path))} has no line that can be read as CSV; check its delimiter and quotes")
    if found.names and isinstance(file.header, bool | None):
        header, names = True, level.unique(found.names)
    else:
        header, names = _header(reader, file, rows, header)
    return Dialect(delimiter, quote, escape, skip + skipped, header, tuple(names))


@dataclass(frozen=True)
class Beginning:
    """Where the table begins in a file: after so many lines. `names`: those of its header, where it stands under titles."""

    lines: int = 0
    delimiter: str = ""
    names: tuple[str, ...] = ()


def _beginning(reader: Reader, file: File, path: Path) -> Beginning:
    """Where the definition says, else where titles end; the line `sep=;`, which Excel writes and reads, says how cells are parted."""
    lines = _first_lines(path)
    if file.skip is not None:
        return Beginning(file.skip)
    told = SEPARATOR.fullmatch(lines[0].strip()) if lines else None
    before = 1 if told else next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    delimiter = told[1] if told else file.delimiter
    best = Beginning(before if told else 0, delimiter)
    if file.header is False or (file.quote or '"') != '"':
        return best
    wide = 0
    for sign in [delimiter] if delimiter else DELIMITERS:
        if len(sign) != 1:
            continue
        rows, places = _parted(lines, before, sign)
        most = surroundings.width(rows)
        counted = sum(len(row) == most for row in rows)
        if counted <= wide:
            continue
        wide, found = counted, surroundings.start(rows, reader.expects)
        best = Beginning(places[found.last], sign, found.names) if found else Beginning(before if told else 0, delimiter)
    return best


def _first_lines(path: Path) -> list[str]:
    """The first lines, up to an enormous one."""
    lines: list[str] = []
    with path.open("rb") as stream:
        while len(lines) < SNIFFED and stream.tell() < HEAD and (line := stream.readline(LONGEST_SHOWN)):
            lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            if not line.endswith(b"\n"):
                break
    return lines


def _parted(lines: list[str], before: int, sign: str) -> tuple[list[list[str]], list[int]]:
    """The rows of these lines, and the line at which each begins. Where a quote is open at the end, what follows it is none."""
    rows: list[list[str]] = []
    places: list[int] = []
    csv.field_size_limit(LONGEST_LINE)
    reading, at = csv.reader((line.replace("\0", "") + "\n" for line in lines[before:]), delimiter=sign), 0
    try:
        for row in reading:
            rows.append([cell.strip() for cell in row])
            places.append(before + at)
            at = reading.line_num
    except csv.Error:
        pass  # what was read so far tells enough
    return rows, places


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


def _write_head(path: Path, head: Path, lines: int) -> int:
    """The first lines after so many, without comments before them and without enormous ones; returns how many lines the table starts after."""
    before, written = 0, 0
    with path.open("rb") as stream, head.open("wb") as out:
        while written < HEAD and (line := stream.readline(LONGEST_LINE)):
            if not written and (before < lines or not line.strip() or line.startswith(b"#")):
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
    first, below = rows[0], [row for row in rows[1:] if row != rows[0]]  # a header line may come again
    if len(below) < 2:
        return False
    again = [bool(cell.strip()) and sum(place < len(row) and row[place] == cell for row in below) > 0 for place, cell in enumerate(first)]
    return sum(again) > sum(bool(cell.strip()) for cell in first) / 2


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
