"""What a column is: how its cells are read, with what its file's writer does elsewhere."""

from dataclasses import dataclass, replace

import duckdb

from lifecycle.draft import vocabulary
from lifecycle.draft.cells import date_choice, missing, number_format
from lifecycle.draft.cells.cells import MAX_SHARE_QUARANTINED, MOSTLY, Cells, Extra, Odd, judged, listed
from lifecycle.draft.cells.convention import Convention, Votes
from lifecycle.draft.cells.date_choice import DateEvidence
from lifecycle.draft.cells.number_format import SYNONYMS, NumberEvidence, NumberFormat
from lifecycle.draft.cells.text_column import TextColumn, text_columns
from lifecycle.draft.names import words
from lifecycle.reading.cells import LARGEST, bounded
from lifecycle.store.lake import literal, quoted

TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
TYPES = {"VARCHAR": "str", "BOOLEAN": "bool", "DATE": "date", "UUID": "str", "BLOB": "bytes"}
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
FLOATS = ("FLOAT", "DOUBLE", "HUGEINT", "UHUGEINT", "BIGNUM")
ISO = {
    "date": "TRY_CAST(v AS DATE) IS NOT NULL AND length(v) <= 10 AND regexp_matches(v, '^\\d{4}-\\d')",
    "datetime": "TRY_CAST(v AS TIMESTAMP) IS NOT NULL AND regexp_matches(v, '^\\d{4}-\\d')",
}
COMPACT = frozenset({6, 8, 12, 14})
"""Digits of moments that are written without any sign between them: month, day, minute, second."""
UNREAD = 0.5
"""The share of cells that must look like numbers or moments for a column that is neither to be spoken of."""
MIN_DISTINCT_DAYS = 10
NEARLY_ALL = 0.995
OWN = 0.9
"""A column of whole numbers of which nearly every row has its own, a few of them with a leading zero, holds codes."""
ROUNDS = 3


@dataclass(frozen=True)
class Evidence:
    """What the cells of a column of texts say, before it is known what the file's writer does elsewhere."""

    column: TextColumn
    numbers: NumberEvidence
    dates: DateEvidence


def read(
    connection: duckdb.DuckDBPyConnection,
    types: dict[str, str],
    rows: int,
    usual_decimal: str = "",
    identifiers: frozenset[str] = frozenset(),
    value: str = "{}",
) -> dict[str, Cells]:
    """How to read every column of the table `came`.

    Args:
        connection: where the table is.
        types: DuckDB's type of each column.
        rows: of the table.
        usual_decimal: the sign before a fraction in sources of this form; empty: there is none.
        identifiers: columns that the caller says are keys or groups.
        value: SQL that takes the spaces away around a text, where the source has not done so.
    """
    votes, looked = Votes(), []
    texts = {name: value.format(quoted(name)) for name, sql_type in types.items() if sql_type == "VARCHAR"}
    for column in text_columns(connection, texts, rows):
        column.missing = (*column.marks,)  # of numbers and moments; of texts it is asked again
        values = column.sampled()
        looked.append(Evidence(column, number_format.evidence(values), date_choice.evidence(values)))
        votes.count(looked[-1].numbers, looked[-1].dates)
    writer = votes.convention(usual_decimal)
    found = {each.column.name: _text(each, writer, each.column.name in identifiers) for each in looked}
    found |= {column.name: _compact_moment(column) or Cells("int") for column in _compact_integers(connection, types, rows)}
    return {name: found[name] if name in found else _typed(connection, name, sql_type) for name, sql_type in types.items()}


def _typed(connection: duckdb.DuckDBPyConnection, name: str, sql_type: str) -> Cells:
    """How to read a column that has a type."""
    column = quoted(name)
    if sql_type == "UBIGINT":  # the upper half of these numbers is no int64
        large = connection.execute(f"SELECT coalesce(max({column}), 0) > 9223372036854775807 FROM came").fetchall()[0][0]
        return Cells("float" if large else "int")
    if sql_type in INTEGERS:
        return Cells("int")
    if sql_type in FLOATS or sql_type.startswith("DECIMAL"):
        return _bounded(connection, column)
    if sql_type.startswith("TIMESTAMP"):
        zoned = sql_type == "TIMESTAMP WITH TIME ZONE"
        return Cells("datetime", f"{column} AT TIME ZONE 'UTC'", ("in UTC",)) if zoned else Cells("datetime")
    if sql_type.startswith(("TIME", "INTERVAL")):
        return Cells("float", f"epoch({column})", ("in seconds",))
    return Cells("str" if sql_type.startswith("ENUM") else TYPES.get(sql_type, ""))


def _bounded(connection: duckdb.DuckDBPyConnection, column: str) -> Cells:
    """A column of numbers, of which infinite ones are none."""
    number = f"{column}::DOUBLE"
    beyond = connection.execute(f"SELECT count(*) FILTER (abs({number}) >= {LARGEST} AND NOT isnan({number})) FROM came").fetchall()[0][0]
    if not beyond:
        return Cells("float")
    said = f"{beyond:,} numbers are infinite or beyond {LARGEST}: they count as missing"
    return Cells("float", bounded(column), (said,), {}, beyond, ("inf",), True)


def _text(evidence: Evidence, writer: Convention, asked: bool) -> Cells:
    """How to read a column of texts."""
    column = evidence.column
    identifying = asked or bool(words(column.name) & vocabulary.IDENTIFYING)
    found = None
    if column.total:  # else there are marks alone
        found = _boolean(column) or _compact_moment(column) or _number(evidence, writer, identifying) or _moment(evidence, writer)
    if found is None or found.type in ("str", "bool"):
        column.missing, kept = missing.of_texts(column.marks, column.values)
        said = (f"{listed(kept)} is kept as a value" if len(kept) == 1 else f"{listed(kept)} are kept as values",) if kept else ()
        found = found or Cells("str", doubts=_unread(evidence))
        return replace(found, missing={mark: column.marks[mark] for mark in column.missing}, kept=kept, said=(*found.said, *said))
    said = (f"{column.blank:,} blank cells, text in the source, are read as missing",) if column.blank else ()
    return replace(found, missing=dict(column.marks), said=(*found.said, *said))


def _unread(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """That a column of texts looks as if it were meant to be something else."""
    numbers, dates = evidence.numbers, evidence.dates
    what, count = ("numbers", numbers.numbers) if numbers.numbers >= dates.moments else ("dates or times", dates.moments)
    if not UNREAD * numbers.total <= count < numbers.total:
        return ()
    read = {text for text, _, _ in dates.read} if what != "numbers" else set()
    others = [text for text, _ in evidence.column.sampled() if text not in read and (what != "numbers" or number_format.taken_apart(text) is None)]
    return (
        (
            "unread",
            f"{count / numbers.total:.0%} of its cells are {what}, the others such as {listed([text[:40] for text in others[:3]])}: it is taken as text;"
            " if it is none, clean it in `select`",
        ),
    )


def _boolean(column: TextColumn) -> Cells | None:
    """Where yes and no are written in more than one way; in one way each they stay what they are."""
    values = sorted(text for text, _ in column.sampled())
    if not 2 <= len(values) <= len(TRUE) + len(FALSE) + 6:
        return None
    found = {value.lower() for value in values}
    if not found <= {*TRUE, *FALSE} or not found & {*TRUE} or not found & {*FALSE}:
        return None
    if found == {"true", "false"}:
        return Cells("bool")
    if len(values) == 2:
        return None
    sides = [", ".join(literal(each) for each in side if each in found) for side in (TRUE, FALSE)]
    lower = f"lower(trim({column.column}))"
    sql = f"CASE WHEN {lower} IN ({sides[0]}) THEN true WHEN {lower} IN ({sides[1]}) THEN false END"
    return Cells("bool", sql, (f"written as {listed(values)}",))


def _number(evidence: Evidence, writer: Convention, identifying: bool) -> Cells | None:
    """A number, plain or with what people write around it; codes with leading zeros and very long ones stay text."""
    column, found = evidence.column, evidence.numbers
    if found.numbers < MOSTLY * found.total:
        return None
    decimal, doubts = _decimal(found, writer)
    found, count = _complete(column, found, decimal)
    written = found.format(decimal)
    if count < MOSTLY * column.total:
        return None
    whole, zeros, long = (False, 0, 0) if found.fractions(decimal) else _whole(column, written)
    long = 0 if words(column.name) & vocabulary.COUNTED_WHEN else long  # billionths of a second since 1970 have 19 digits
    if _codes(column, zeros, long, identifying):
        return None
    said = written.said()
    if zeros:
        said += [f"{zeros:,} cells begin with a zero, which a number does not keep"]
    sql = written.sql(column.column)
    kind = "int" if whole and not long and not written.thousands else "float"  # who parts thousands measures: tomorrow's may have a fraction
    made = judged(kind, column.column, sql, tuple(said), column.total, _odd(column, count, written))
    if made.dropped and kind == "float":  # an infinite number is one to SQL
        made = replace(made, sql=bounded(made.sql))
    extras, more = _extras(column, found, written)
    return replace(made, doubts=(*doubts, *more), extras=extras)


def _complete(column: TextColumn, found: NumberEvidence, decimal: str) -> tuple[NumberEvidence, int]:
    """The evidence with that of rare cells, which the sample has not (a handful of negative ones among a million), and how many cells it reads."""
    count = 0
    for _ in range(ROUNDS):
        fits = _fits(found.format(decimal).sql("v"))
        count = int(column.ask(f"count(*) FILTER ({fits})")[0])
        if count == column.total:
            break
        others = column.others(f"NOT {fits}", 2_000)
        if column.mark(text for text, _ in others):
            column.missing = (*column.marks,)
        known = {text for text, _ in column.values}
        more = number_format.evidence([(text, number) for text, number in others if text not in known and text not in column.missing])
        if not more.numbers:
            break
        found = number_format.joined(found, more)
    return found, count


def _whole(column: TextColumn, written: NumberFormat) -> tuple[bool, int, int]:
    """Whether all numbers are whole; how many begin with a zero, and how many are too long to be counted with."""
    text = written.sql("v")
    whole, zeros, long = column.ask(
        f"coalesce(bool_and(NOT contains({text}, '.') AND NOT contains(lower({text}), 'e')) FILTER ({_fits(text)}), false)",
        "count(*) FILTER (starts_with(v, '0') AND length(v) > 1 AND regexp_full_match(v, '0\\d+'))",
        "count(*) FILTER (length(v) >= 19 AND regexp_full_match(v, '\\d{19,}'))",
    )
    return bool(whole), int(zeros), int(long)


def _odd(column: TextColumn, count: int, written: NumberFormat) -> Odd:
    return column.odd(f"NOT {_fits(written.sql('v'))}") if count < column.total else Odd(0, ())


def _fits(text: str) -> str:
    """SQL for whether a text is a number that something can be computed of."""
    return f"coalesce(abs(TRY_CAST({text} AS DOUBLE)) < {LARGEST}, false)"


def _codes(column: TextColumn, zeros: int, long: int, identifying: bool) -> bool:
    """Whether whole numbers are names: some begin with a zero, or are too long to be counted with."""
    if max(zeros, long) > MAX_SHARE_QUARANTINED * column.total:
        return True
    if not zeros and not long:
        return False
    looked = sum(count for _, count in column.sampled())
    own = len(column.sampled()) >= OWN * looked
    return identifying or own or len({len(text) for text, _ in column.sampled()}) == 1


def _decimal(found: NumberEvidence, writer: Convention) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The sign before a fraction, and what else the cells could mean."""
    if found.own:
        return found.own, ()
    proven = max(found.only, key=lambda sign: found.only[sign]) if any(found.only.values()) else ""
    decimal = proven or writer.decimal or writer.usual or "."
    if not found.both or found.example is None or (not proven and writer.decimal):
        return decimal, ()
    comma = "," in found.example.body
    unparted = any(not written.parted for written, _ in found.written)
    if not proven and writer.usual == "." and (not comma or unparted):
        return decimal, ()  # as nearly everybody writes whose lines have commas
    other = "," if decimal == "." else "."
    why = "its cells contradict each other" if proven else "no cell of the file can be read in one way only"
    shown = f"'{found.example.body}' is read as {found.example.value(decimal)}; it could also be {found.example.value(other)}"
    return decimal, (("ambiguous", f"{shown} ({why}); where that is wrong, change its line in `select`"),)


def _extras(column: TextColumn, found: NumberEvidence, written: NumberFormat) -> tuple[tuple[Extra, ...], tuple[tuple[str, str], ...]]:
    """Columns beside the number: its unit where there are several, and that it lies beyond a limit."""
    extras, doubts = [], []
    units = {SYNONYMS.get(unit, unit): count for unit, count in sorted(found.units.items(), key=lambda each: each[1]) if unit}
    if len(units) > 1:
        pattern = number_format.any_of(written.units)
        listing = ", ".join(f"{unit} {count:,}" for unit, count in sorted(units.items(), key=lambda each: -each[1]))
        extras.append(
            Extra("unit", "str", f"nullif(regexp_extract({column.column}, {literal(f'({pattern})')}, 1), '')", f"the unit of {column.name}")
        )
        doubts.append(
            ("units", f"its cells have more than one unit ({listing}): the unit is a column of its own; to compare them, convert them in `select`")
        )
    elif units and found.units.get("") and "%" in units:
        doubts.append(
            ("units", f"{found.units['']:,} cells have no % and {units['%']:,} have: 0.5 and 50% may mean the same; convert them in `select`")
        )
    if written.limits:
        limited = sum(count for each, count in found.written if each.limit)
        example = next(each for each, _ in found.written if each.limit)
        first = f"left({column.column}, 1)"
        sql = f"CASE WHEN {first} IN ('<', chr(8804)) THEN 'below' WHEN {first} IN ('>', chr(8805)) THEN 'above' WHEN {column.column} <> '' THEN 'within' END"
        extras.append(Extra("limit", "str", sql, f"whether {column.name} lies beyond what could be measured"))
        shown = f"'{example.limit}{example.body}'"
        doubts.append(
            (
                "limits",
                f"{limited:,} cells such as {shown} lie beyond what could be measured: they are read as the limit, and a column beside says which",
            )
        )
    return tuple(extras), tuple(doubts)


def _moment(evidence: Evidence, writer: Convention) -> Cells | None:
    """A date or time, as ISO 8601 says, or in whatever formats people have written them."""
    column, found = evidence.column, evidence.dates
    if found.moments < MOSTLY * found.total:
        return None
    clocked = any(each.clock for _, _, possible in found.read for each in possible)
    for kind, condition in [*ISO.items()][clocked:]:
        others = column.odd(f"NOT ({condition})")
        if others.count <= MAX_SHARE_QUARANTINED * column.total:
            return judged(kind, column.column, column.column, (), column.total, others)
    chosen = date_choice.choose(found, writer.order, column.first(2_000))
    return _chosen(column, chosen) if chosen else None


def _chosen(column: TextColumn, chosen: date_choice.DateChoice) -> Cells | None:
    """The cells of a column in the formats that were chosen."""
    others = column.odd(f"({date_choice.sql('v', chosen.formats)}) IS NULL")
    if others.count > (1 - MOSTLY) * column.total:
        return None
    kind = "datetime" if any(each.clock for each in chosen.formats) else "date"
    sql = date_choice.sql(f"trim({column.column})", chosen.formats)
    if any(each.short_year for each in chosen.formats) and not words(column.name) & date_choice.FUTURE:
        ahead = column.ask(f"count(*) FILTER ({date_choice.sql('v', chosen.formats)} > current_date + 1)")[0]
        sql = date_choice.past(sql) if ahead else sql
    said = (f"written as {listed([each.said for each in chosen.formats])}{', ' * bool(chosen.why)}{chosen.why}",)
    doubts = (("ambiguous", f"{chosen.doubt} ({chosen.why}); where that is wrong, change its line in `select`"),) if chosen.doubt else ()
    return replace(judged(kind, column.column, sql, said, column.total, others), doubts=doubts)


def _compact_moment(column: TextColumn) -> Cells | None:
    """Whole numbers that are all moments: 20240305, 202403, 20240305143000."""
    values = column.sampled()
    looked = sum(count for _, count in values)
    fitting = [(text, count) for text, count in values if len(text) in COMPACT and text.isdecimal()]
    if len(fitting) < MIN_DISTINCT_DAYS or sum(count for _, count in fitting) < NEARLY_ALL * looked:
        return None
    found = date_choice.evidence(fitting)
    if found.moments < NEARLY_ALL * looked:
        return None
    chosen = date_choice.choose(found, "", [])
    made = _chosen(column, chosen) if chosen else None
    if made is None or not column.value.startswith("CAST"):
        return made
    return replace(made, sql=made.sql.replace(f"trim({column.column})", f"{column.column}::VARCHAR"))


def _compact_integers(connection: duckdb.DuckDBPyConnection, types: dict[str, str], rows: int) -> list[TextColumn]:
    """The columns of typed whole numbers that may be moments."""
    whole = [name for name, sql_type in types.items() if sql_type in INTEGERS]
    if not whole:
        return []
    ends = connection.execute("SELECT " + ", ".join(f"min({quoted(name)}), max({quoted(name)})" for name in whole) + " FROM came").fetchall()[0]
    likely = [name for place, name in enumerate(whole) if ends[2 * place] is not None and _within(ends[2 * place], ends[2 * place + 1])]
    return text_columns(connection, {name: f"CAST({quoted(name)} AS VARCHAR)" for name in likely}, rows)


def _within(least: int, most: int) -> bool:
    return any(1900 * 10 ** (digits - 4) < least <= most < 2101 * 10 ** (digits - 4) for digits in COMPACT)
