"""Wine: which kinds of wine there are, from the table that comes with scikit-learn (Forina, 1991), without being told the grape."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from lifecycle import Generated, HashSplit, UseCase
from schemas.wine import Wine


def forina() -> Iterator[pl.DataFrame]:
    """The 178 rows of the bundled table, numbered: it needs no file and no network."""
    from sklearn.datasets import load_wine

    table: Any = load_wine()
    names = [name.replace("od280/od315_of_diluted_wines", "od280_od315") for name in table.feature_names]
    rows = pl.DataFrame(table.data, schema=names).with_row_index("bottle")
    cultivar = pl.Series("cultivar", [str(table.target_names[value]) for value in table.target])
    yield rows.with_columns(pl.col("bottle").cast(pl.Int64), cultivar)


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """All thirteen measures as they are."""
    return rows.select(
        "alcohol",
        "malic_acid",
        "ash",
        "alcalinity_of_ash",
        "magnesium",
        "^.*phenols$",
        "flavanoids",
        "proanthocyanins",
        "color_intensity",
        "hue",
        "od280_od315",
        "proline",
    )


use_case = UseCase(
    name="wine",
    title="Kinds of wine (Forina, bundled with scikit-learn)",
    problem="clustering",
    schema=Wine,
    source=Generated(forina, deterministic=True),
    features=features,
    split=HashSplit(),
)
