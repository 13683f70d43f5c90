"""What the text of a column is: a number, a date, a yes or no; and the SQL that makes it one."""

import duckdb

from lifecycle.draft import date_parsing
from lifecycle.draft.cells import MAX_SHARE_QUARANTINED, MOSTLY, Cells, judged, listed, odd
from lifecycle.draft.sample import cell
from lifecycle.store.lake import literal, quoted

MISSING = ("?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "Null", "-", "--", "\\N")
"""Texts that stand for a value that is not there."""
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
TYPES = {"VARCHAR": "str", "BOOLEAN": "bool", "DATE": "date", "UUID": "str", "BLOB": "bytes"}
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
FLOATS = ("FLOAT", "DOUBLE", "HUGEINT", "UHUGEINT", "BIGNUM")


def read(connection: duckdb.DuckDBPyConnection, name: str, sql_type: str) -> Cells:
    """How to read a column of the table `came`, which has this DuckDB type."""
    if sql_type == "VARCHAR":
        return _text(connection, name)
    if sql_type == "UBIGINT":  # the upper half of these numbers is no int64
        large = connection.execute(f"SELECT coalesce(max({quoted(name)}), 0) > 9223372036854775807 FROM came").fetchall()[0][0]
        return Cells("float" if large else "int")
    if sql_type in INTEGERS:
        return Cells("int")
    if sql_type in FLOATS or sql_type.startswith("DECIMAL"):
        return Cells("float")
    if sql_type.startswith("TIMESTAMP"):
        zoned = sql_type == "TIMESTAMP WITH TIME ZONE"
        return Cells("datetime", f"{quoted(name)} AT TIME ZONE 'UTC'", ("in UTC",)) if zoned else Cells("datetime")
    if sql_type.startswith(("TIME", "INTERVAL")):
        return Cells("float", f"epoch({quoted(name)})", ("in seconds",))
    return Cells("str" if sql_type.startswith("ENUM") else TYPES.get(sql_type, ""))


def _text(connection: duckdb.DuckDBPyConnection, name: str) -> Cells:
    value = cell(name)
    listed = ", ".join(literal(each) for each in MISSING)
    marks = {
        str(text): int(count)
        for text, count in connection.execute(
            f"SELECT trim({quoted(name)}), count(*) FROM came WHERE trim({quoted(name)}) IN ('', {listed}) GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall()
    }
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE texts AS SELECT {value} AS v, count(*) AS n FROM came WHERE {value} NOT IN ({listed}) GROUP BY 1"
    )
    total, distinct = connection.execute("SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM texts").fetchall()[0]
    blank = int(connection.execute(f"SELECT count(*) FROM came WHERE {value} IS NULL").fetchall()[0][0])
    if not total:
        return Cells("str", missing=marks)
    found = _boolean(connection, name, distinct) or _number(connection, name, total) or date_parsing.read(connection, name, total)
    if found is None:
        return Cells("str", missing=marks)
    said = (f"{blank:,} blank cells, text in the source, are read as missing",) if blank and found.type != "str" else ()
    return Cells(found.type, found.sql, (*found.said, *said), marks, found.lost, found.spoilt, found.dropped)


def _boolean(connection: duckdb.DuckDBPyConnection, name: str, distinct: int) -> Cells | None:
    """Where yes and no are written in more than one way; in one way each they stay what they are."""
    if not 2 <= distinct <= len(TRUE) + len(FALSE) + 6:
        return None
    values = [row[0] for row in connection.execute("SELECT v FROM texts ORDER BY v").fetchall()]
    words = {value.lower() for value in values}
    if not words <= {*TRUE, *FALSE} or not words & {*TRUE} or not words & {*FALSE}:
        return None
    if words == {"true", "false"}:
        return Cells("bool")
    if len(values) == 2:
        return None
    sides = [", ".join(literal(each) for each in side if each in words) for side in (TRUE, FALSE)]
    lower = f"lower(trim({quoted(name)}))"
    sql = f"CASE WHEN {lower} IN ({sides[0]}) THEN true WHEN {lower} IN ({sides[1]}) THEN false END"
    return Cells("bool", sql, (f"written as {listed(values)}",))


def _number(connection: duckdb.DuckDBPyConnection, name: str, total: int) -> Cells | None:
    """A number, plain or with what people write around it; codes with leading zeros and very long ones stay text."""
    coded = connection.execute(r"""SELECT coalesce(sum(n) FILTER (regexp_full_match(v, '0\d+')), 0), coalesce(sum(n) FILTER (regexp_full_match(v, '\d{19,}')), 0)
        FROM texts""").fetchall()[0]
    if max(coded) > MAX_SHARE_QUARANTINED * total:
        return None
    for sql, said in _ways(name):
        parsed = sql.replace(quoted(name), "v")
        number = f"TRY_CAST({parsed} AS DOUBLE)"
        counts = connection.execute(f"""SELECT sum(n) FILTER ({number} IS NOT NULL AND isfinite({number})),
            bool_and({number} = floor({number}) AND abs({number}) < 9e18 AND NOT contains({parsed}, '.') AND NOT contains(lower({parsed}), 'e'))
                FILTER ({number} IS NOT NULL AND isfinite({number})) FROM texts""").fetchall()[0]
        if int(counts[0] or 0) < MOSTLY * total:
            continue
        others = odd(connection, f"{number} IS NULL OR NOT isfinite({number})")
        sql_type = "int" if counts[1] else "float"
        return judged(name, sql_type, sql, said, total, others)
    return None


def _ways(name: str) -> list[tuple[str, str]]:
    """Ways to write a number, from the plainest on: SQL that leaves a plain one, and what it is called."""
    bare, column = quoted(name), quoted(name)
    money = rf"regexp_replace({column}, '[$€£¥\s]|USD|EUR|GBP', '', 'g')"
    return [
        (bare, ""),
        (f"CASE WHEN regexp_full_match(trim({column}), '[+-]?\\d{{1,3}}(,\\d{{3}})*(\\.\\d+)?|[+-]?\\d+(\\.\\d+)?') THEN replace({column}, ',', '') ELSE {column} END", "written with commas between thousands"),
        (f"CASE WHEN regexp_full_match(trim({column}), '[+-]?(\\d{{1,3}}(\\.\\d{{3}})+|\\d+)(,\\d+)?') THEN replace(replace({column}, '.', ''), ',', '.') ELSE {column} END", "written with a decimal comma"),
        (f"rtrim(trim({column}), ' %')", "written in per cent"),
        (f"replace({money}, ',', '')", "written as an amount of money, whose sign is taken off"),
        (f"replace(replace({money}, '.', ''), ',', '.')", "written as an amount of money with a decimal comma, whose sign is taken off"),
    ]  # fmt: skip
