"""Dates and moments in texts: as ISO 8601 says, or in whatever formats people have written them."""

import duckdb

from lifecycle.draft.cells import MAX_SHARE_QUARANTINED, MOSTLY, Cells, judged, listed, odd
from lifecycle.store.lake import literal, quoted

DATES = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%y",
)  # fmt: skip
CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
ISO = {
    "date": "TRY_CAST(v AS DATE) IS NOT NULL AND length(v) <= 10 AND regexp_matches(v, '^\\d{4}-\\d')",
    "datetime": "TRY_CAST(v AS TIMESTAMP) IS NOT NULL AND regexp_matches(v, '^\\d{4}-\\d')",
}


def read(connection: duckdb.DuckDBPyConnection, name: str, total: int) -> Cells | None:
    """How the `total` cells of the table `texts` are read as dates; `None` where most are none."""
    for kind, written in ISO.items():
        others = odd(connection, f"NOT ({written})")
        if others.count <= MAX_SHARE_QUARANTINED * total:
            return judged(name, kind, quoted(name), "", total, others)
    formats = _formats(connection, total)
    listing = f"[{', '.join(literal(each) for each in formats)}]"
    if not formats or (others := odd(connection, f"try_strptime(v, {listing}) IS NULL")).count > (1 - MOSTLY) * total:
        return None
    kind = "datetime" if any("%H" in each or "%I" in each for each in formats) else "date"
    sql, said = f"try_strptime(trim({quoted(name)}), {listing})", f"written as {listed(formats)}"
    if not others.count:
        return Cells(kind, sql, (said,))
    if others.count <= MAX_SHARE_QUARANTINED * total:
        return Cells(kind, f"coalesce({sql}::VARCHAR, {quoted(name)})", (said, others.refused(kind)), {}, others.count, others.some)
    return Cells(kind, sql, (said, others.missed(kind)), {}, others.count, others.some, True)


def _formats(connection: duckdb.DuckDBPyConnection, total: int) -> list[str]:
    """The formats that together read the cells, the commonest first; each must read some that those before it do not."""
    tried = [*DATES, *(f"{date}{gap}{clock}" for date in DATES[:6] for gap in (" ", "T") for clock in CLOCKS)]
    some = _readable(connection, tried, "(FROM texts WHERE regexp_matches(v, '\\d.*\\d') LIMIT 2_000)")
    tried = [each for each, count in zip(tried, some, strict=True) if count]
    found: list[str] = []
    left = "true"
    while tried and len(found) < 4:
        counts = _readable(connection, tried, f"texts WHERE {left}")
        best = max(range(len(tried)), key=lambda place: (counts[place], -place))
        if counts[best] < (MAX_SHARE_QUARANTINED if found else 0.3) * total or counts[best] == 0:
            return found
        found.append(tried[best])
        left += f" AND try_strptime(v, {literal(tried[best])}) IS NULL"
    return found


def _readable(connection: duckdb.DuckDBPyConnection, formats: list[str], rows: str) -> tuple[int, ...]:
    """How many cells each format makes a date of that somebody may have lived on."""
    counted = (f"coalesce(sum(n) FILTER (year(try_strptime(v, {literal(each)})) BETWEEN 1900 AND 2100), 0)::BIGINT" for each in formats)
    return connection.execute(f"SELECT {', '.join(counted)} FROM {rows}").fetchall()[0]
