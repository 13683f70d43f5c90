"""Excel: cells arrive as the text they are stored as; days and times, which are stored as numbers, as what they mean."""

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import excel_book, level, surroundings
from lifecycle.reading.reader import Reader
from lifecycle.reading.rejects import EXAMPLE_LENGTH, REJECTS
from lifecycle.source import File
from lifecycle.store.lake import literal, load, quoted

RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6}):\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6})")
SNIFFED, TAIL = 300, 60  # rows that tell where the table begins, and where it ends
PLACE = "lifecycle_place"


def part(reader: Reader, file: File, path: Path) -> str:
    """SQL over one sheet. It is read once, into a temporary table: where its table begins is seen only then."""
    sheet, places = _sheet(reader, file, path)
    try:
        books = excel_book.sheets(path)
        moments = excel_book.moments(path, books[file.sheet or next(iter(books))])
        epoch = "1904-01-01" if excel_book.from_1904(path) else "1899-12-30"
    except (KeyError, ValueError, StopIteration, ElementTree.ParseError, zipfile.BadZipFile) as error:
        raise _damaged(file, error) from None
    first, names = _header(reader, file, sheet, places)
    if not isinstance(file.header, tuple) and not file.range:
        while len(names) > 1 and not names[-1]:  # a remark beside the table
            names, places = names[:-1], places[:-1]
    names = level.unique(names)
    if len(names) != len(places):
        raise LifecycleError(f"the file {file.path} has {len(places)} columns and its definition names {len(names)} in header=; name each, in order")
    kinds: list[excel_book.Moment | None] = [moments.get(re.sub(r"\d", "", place)) for place in places]
    fields = ", ".join(
        level.text(name, file.null, _stored(place, shown_as, epoch)) for name, place, shown_as in zip(names, places, kinds, strict=True)
    )
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    filled = " OR ".join(f"{quoted(place)} IS NOT NULL" for place in places)
    left = _none_of_it(reader, sheet, places, first, names)
    without = f" AND {PLACE} NOT IN ({', '.join(map(str, left))})" if left else ""
    return f"SELECT {fields}{added} FROM {sheet} WHERE {PLACE} >= {first}{without} AND ({filled})"


def _sheet(reader: Reader, file: File, path: Path) -> tuple[str, list[str]]:
    """The cells of a sheet as a temporary table, its rows numbered from 0; and its columns, as letters with the number of their first row."""
    key = ("sheet", path, file.sheet, file.range)
    if key not in reader.ready:
        load(reader.cursor, "excel")
        try:
            books = excel_book.sheets(path)
        except (KeyError, ElementTree.ParseError, zipfile.BadZipFile) as error:
            raise _damaged(file, error) from None
        if file.sheet and file.sheet not in books:
            raise LifecycleError(f"the file {file.path} has no sheet '{file.sheet}'; it has {', '.join(books)}; name one of them")
        extent = _range(file) if file.range else excel_book.extent(path, books[file.sheet or next(iter(books))])
        named = (f", sheet={literal(file.sheet)}" if file.sheet else "") + (f", range={literal(extent)}" if extent else "")
        table = reader.table()
        reader.cursor.execute(f"""CREATE TEMP TABLE {table} AS SELECT row_number() OVER () - 1 AS {PLACE}, *
            FROM read_xlsx({literal(str(path))}, stop_at_empty=false, all_varchar=true, header=false{named})""")
        places = [name for name, *_ in reader.cursor.execute(f"DESCRIBE {table}").fetchall()][1:]
        reader.ready[key] = table, places if file.range else _filled(reader, table, places)
    return reader.ready[key]


def _filled(reader: Reader, table: str, places: list[str]) -> list[str]:
    """The columns from the first to the last that has a cell: formats alone make none."""
    counted = reader.cursor.execute(f"SELECT {', '.join(f'count({quoted(place)})' for place in places)} FROM {table}").fetchall()[0]
    there = [at for at, count in enumerate(counted) if count]
    return places[there[0] : there[-1] + 1] if there else places


def _range(file: File) -> str:
    found = RANGE.fullmatch(file.range.strip())
    if found is None:
        raise LifecycleError(f"the file {file.path} has range='{file.range}'; name the first and the last cell of the table, as in 'A4:H200'")
    return f"{found[1]}{found[2]}:{found[3]}{found[4]}".upper()


def _damaged(file: File, error: Exception) -> DataError:
    return DataError(f"the file {file.path} is a damaged Excel book ({type(error).__name__}: {error}); save it again")


def _header(reader: Reader, file: File, sheet: str, places: list[str]) -> tuple[int, list[str]]:
    """The place of the first row, and the names of the columns."""
    rows = _rows(reader, sheet, places, f"WHERE {PLACE} < {SNIFFED + (file.skip or 0)}")
    if isinstance(file.header, tuple):
        first = file.skip or 0
        given = [name.strip().lower() for name in file.header]
        top = next((at for at, row in enumerate(rows) if [cell.lower() for cell in row] == given), None)
        return (first if top is None or top < first else top + 1), list(file.header)
    if file.header is False:
        return file.skip or 0, level.numbered(len(places))
    if file.skip is None and not file.range and (found := surroundings.start(rows, reader.expects)):
        return found.last + 1, list(found.names)
    top = next((at for at, row in enumerate(rows) if at >= (file.skip or 0) and any(row)), 0)
    return top + 1, rows[top] if rows else [""] * len(places)


def _none_of_it(reader: Reader, sheet: str, places: list[str], first: int, names: list[str]) -> list[int]:
    """The places of rows that are the header once more, or stand under the table; each is kept apart with the reason."""
    if len(places) < 2:
        return []
    same = " AND ".join(f"trim({quoted(place)}) = {literal(name)}" for place, name in zip(places, names, strict=True))
    again = [at for (at,) in reader.cursor.execute(f"SELECT {PLACE} FROM {sheet} WHERE {PLACE} >= {first} AND {same}").fetchall()]
    filled = " OR ".join(f"{quoted(place)} IS NOT NULL" for place in places)
    last = reader.cursor.execute(f"SELECT {PLACE} FROM {sheet} WHERE {PLACE} >= {first} AND ({filled}) ORDER BY 1 DESC LIMIT {TAIL}").fetchall()
    given = sorted(at for (at,) in last)
    rows = _rows(reader, sheet, places, f"WHERE {PLACE} IN ({', '.join(map(str, given))})") if given else []
    under = [given[place] for place in surroundings.ends(rows, len(places))]
    for found, why in ((again, "repeated header"), (under, "footer")):
        for at in found:
            reader.cursor.execute(f"""INSERT INTO {REJECTS} SELECT {PLACE} + 1, NULL, {literal(why)}, left(record, {EXAMPLE_LENGTH}), record
                FROM (SELECT {PLACE}, concat_ws(', ', {", ".join(map(quoted, places))}) AS record FROM {sheet} WHERE {PLACE} = {at})""")
    return [*again, *under]


def _rows(reader: Reader, sheet: str, places: list[str], where: str) -> list[list[str]]:
    found = reader.cursor.execute(f"SELECT {', '.join(map(quoted, places))} FROM {sheet} {where} ORDER BY {PLACE}").fetchall()
    return [["" if cell is None else cell.strip() for cell in row] for row in found]


def _stored(name: str, shown_as: excel_book.Moment | None, epoch: str) -> str:
    """The text of a cell; a day is stored as the number of days since the epoch, a time as a share of a day."""
    cell = quoted(name)
    number = f"TRY_CAST({cell} AS DOUBLE)"
    if shown_as is None:
        return f"CASE WHEN ends_with({cell}, '.0') AND {number} IS NOT NULL THEN left({cell}, length({cell}) - 2) ELSE {cell} END"
    moment = f"(TIMESTAMP '{epoch}' + to_milliseconds(CAST(round({number} * 86400000) AS BIGINT)))"
    if shown_as == "time":
        return f"CASE WHEN {number} IS NULL THEN {cell} WHEN {number} < 1 THEN {moment}::TIME::VARCHAR ELSE {moment}::VARCHAR END"
    return f"CASE WHEN {number} IS NULL THEN {cell} WHEN {number} = floor({number}) THEN {moment}::DATE::VARCHAR ELSE {moment}::VARCHAR END"
