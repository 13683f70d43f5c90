"""Made-up sales of 20 columns, as files to load and as a use case."""

from pathlib import Path
from typing import Any

COLUMNS = {
    "id": "BIGINT", "sold_at": "TIMESTAMP", "customer": "BIGINT", "terminal": "BIGINT", "amount": "DOUBLE", "fee": "DOUBLE", "items": "BIGINT",
    "kind": "VARCHAR", "channel": "VARCHAR", "country": "VARCHAR", "age": "BIGINT", "score": "DOUBLE", "balance": "DOUBLE", "limit_": "DOUBLE",
    "visits": "BIGINT", "distance": "DOUBLE", "night": "BOOLEAN", "device": "VARCHAR", "note": "VARCHAR", "bought": "BOOLEAN",
}  # fmt: skip


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    """The base file and the increment."""
    import duckdb

    base, more = folder / f"base{rows}.csv", folder / f"more{rows}.csv"
    made = """SELECT i AS id, TIMESTAMP '2025-01-01' + INTERVAL 1 SECOND * (i % 10_000_000) AS sold_at, hash(i) % 50_000 AS customer,
        hash(i + 1) % 10_000 AS terminal, round((hash(i + 2) % 1_000_000) / 100, 2) AS amount, round((hash(i + 3) % 1000) / 100, 2) AS fee,
        hash(i + 4) % 20 AS items, ['food', 'travel', 'home', 'other'][1 + (hash(i + 5) % 4)::INT] AS kind,
        ['web', 'shop', 'phone'][1 + (hash(i + 6) % 3)::INT] AS channel, ['DE', 'FR', 'IT', 'ES', 'PL'][1 + (hash(i + 7) % 5)::INT] AS country,
        18 + hash(i + 8) % 80 AS age, round((hash(i + 9) % 10_000) / 10_000, 4) AS score, round((hash(i + 10) % 10_000_000) / 100, 2) AS balance,
        round((hash(i + 11) % 100_000) / 10, 1) AS limit_, hash(i + 12) % 300 AS visits, round((hash(i + 13) % 100_000) / 100, 2) AS distance,
        hash(i + 14) % 4 = 0 AS night, 'device-' || hash(i + 15) % 5000 AS device,
        CASE WHEN hash(i + 16) % 3 = 0 THEN 'note ' || hash(i + 17) % 100_000 END AS note, hash(i + 18) % 10 = 0 AS bought FROM"""
    once = rows - rows // 100
    for file, source in (
        (base, f"(SELECT CASE WHEN n < {once} THEN n ELSE (n - {once}) * 50 END AS i FROM range({rows}) t(n))"),
        (more, f"(SELECT CASE WHEN n % 2 = 0 THEN n * 40 ELSE {once} + n END AS i FROM range({rows // 100}) t(n))"),
    ):
        if not file.exists():
            duckdb.sql(f"COPY ({made} {source}) TO '{file}' (HEADER)")
    return base, more


def use_case() -> Any:
    """Sales with the checks that such a table has."""
    import datetime as dt

    import pandera.polars as pa
    import polars as pl

    from lifecycle import File, Files, HashSplit, UseCase, column

    class Sale(pa.DataFrameModel):
        """A made-up sale, with the checks that such a table has."""

        id: int = column("key", ge=0)
        sold_at: dt.datetime = column("time", ge=dt.datetime(2000, 1, 1))
        customer: int = column("entity", ge=0)
        terminal: int = column("entity", ge=0)
        amount: float = column(ge=0, le=1e6)
        fee: float = column(ge=0)
        items: int = column(ge=0, le=1_000)
        kind: str = column(isin=["food", "travel", "home", "other"])
        channel: str = column(isin=["web", "shop", "phone"])
        country: str = column()
        age: int = column(ge=0, le=120)
        score: float = column(ge=0, le=1)
        balance: float = column()
        limit_: float = column(ge=0)
        visits: int = column(ge=0)
        distance: float = column(ge=0)
        night: bool = column()
        device: str = column()
        note: str = column(nullable=True)
        bought: bool = column("target", nullable=True)

    def features(rows: pl.DataFrame) -> pl.DataFrame:
        """Every plain column."""
        return rows.select(pl.exclude("id", "sold_at", "bought", "note", "customer", "terminal", "_key", "_hash"))

    return UseCase(
        name="sales",
        title="a benchmark",
        problem="binary",
        schema=Sale,
        source=Files((File("sales.csv"),)),
        features=features,
        split=HashSplit(),
    )
