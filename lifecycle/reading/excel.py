"""Excel: cells arrive as the text they are stored as; days and times, which are stored as numbers, as what they mean."""

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import excel_book, level
from lifecycle.reading.reader import Reader
from lifecycle.source import File
from lifecycle.store.lake import literal, load, quoted


def part(reader: Reader, file: File, path: Path) -> str:
    """SQL over one sheet."""
    load(reader.cursor, "excel")
    try:
        books = excel_book.sheets(path)
        if file.sheet and file.sheet not in books:
            raise LifecycleError(f"the file {file.path} has no sheet '{file.sheet}'; it has {', '.join(books)}; name one of them")
        moments = excel_book.moments(path, books[file.sheet or next(iter(books))])
        epoch = "1904-01-01" if excel_book.from_1904(path) else "1899-12-30"
    except (KeyError, ValueError, StopIteration, ElementTree.ParseError, zipfile.BadZipFile) as error:
        raise DataError(f"the file {file.path} is a damaged Excel book ({type(error).__name__}: {error}); save it again") from None
    book = f"read_xlsx({literal(str(path))}, stop_at_empty=false, all_varchar=true" + (f", sheet={literal(file.sheet)}" if file.sheet else "")
    places = [name for name, *_ in reader.cursor.execute(f"DESCRIBE FROM {book}, header=false)").fetchall()]
    headed = file.header if isinstance(file.header, bool) else not isinstance(file.header, tuple)
    columns = [name for name, *_ in reader.cursor.execute(f"DESCRIBE FROM {book}, header={headed})").fetchall()]
    names = level.unique(file.header if isinstance(file.header, tuple) else columns if headed else level.numbered(len(columns)))
    if len(names) != len(columns):
        raise LifecycleError(f"the file {file.path} has {len(columns)} columns and its definition names {len(names)} in header=; name each, in order")
    kinds: list[excel_book.Moment | None] = [moments.get(re.sub(r"\d", "", place)) for place in places]
    fields = ", ".join(
        level.text(name, file.null, _stored(found, shown_as, epoch)) for name, found, shown_as in zip(names, columns, kinds, strict=True)
    )
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    filled = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
    return f"SELECT {fields}{added} FROM {book}, header={headed}) WHERE {filled}"


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
