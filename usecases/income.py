"""Income: who earns more than 50,000 dollars a year, from the Adult census extract of 1994."""

import polars as pl

from lifecycle import ColumnSplit, File, Files, UseCase
from schemas.income import Person

PUBLISHED = "https://raw.githubusercontent.com/jbrownlee/Datasets/d20fcb6402ae34e653d4513b00f39257bb37ed7f"
HEADER = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
    "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
)  # fmt: skip


def census(name: str, split: str, sha256: str) -> File:
    """One of the two published files: no header line, `?` for what is missing."""
    path, url = f"adult_census/{name}", f"{PUBLISHED}/{name}"
    return File(path, header=HEADER, null=("?",), add={"split": split}, url=url, sha256=sha256)


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """Work, education and family; neither sex nor race, nor what gives sex away: husbands and wives are spouses."""
    spouse = pl.col("relationship").replace({"Husband": "Spouse", "Wife": "Spouse"})
    return rows.select(
        "age", "education_num", "hours_per_week", "capital_gain", "capital_loss",
        "workclass", "occupation", "marital_status", "native_country", relationship=spouse,
    )  # fmt: skip


use_case = UseCase(
    name="income",
    title="Income above 50,000 dollars (Adult census, 1994)",
    problem="binary",
    positive=">50K",
    schema=Person,
    source=Files(
        files=(
            census("adult-train.csv", "train", "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"),
            census("adult-test.csv", "test", "72567b94f5c1a6f8501377dd80f93892c3848ff071cf91ba47e00b0785a28074"),
        ),
        select="SELECT * REPLACE (rtrim(income, '.') AS income) FROM rows",  # the labels of the test file end in a dot
    ),
    features=features,
    split=ColumnSplit(tune=0.15),
    slices=("sex", "race", "education"),
)
