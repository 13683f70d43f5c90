"""Diagnosis: whether a breast mass is malignant, from the table that comes with scikit-learn (Wisconsin, 1995)."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from lifecycle import Generated, StratifiedSplit, UseCase
from schemas.diagnosis import Sample


def wisconsin() -> Iterator[pl.DataFrame]:
    """The 569 rows of the bundled table, numbered: it needs no file and no network."""
    from sklearn.datasets import load_breast_cancer

    table: Any = load_breast_cancer()
    names = [name.replace(" ", "_") for name in table.feature_names]
    rows = pl.DataFrame(table.data, schema=names)
    yield rows.with_row_index("sample").select(
        pl.col("sample").cast(pl.Int64), *names, diagnosis=pl.Series([table.target_names[value] for value in table.target], dtype=pl.String)
    )


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """All thirty measures as they are."""
    return rows.select(pl.col("^(mean|worst)_.*$|^.*_error$"))


use_case = UseCase(
    name="diagnosis",
    title="Malignant breast masses (Wisconsin, bundled with scikit-learn)",
    problem="binary",
    positive="malignant",
    schema=Sample,
    source=Generated(wisconsin, deterministic=True),
    features=features,
    split=StratifiedSplit(),
)
