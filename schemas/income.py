"""What a valid row of the Adult census extract is."""

import pandera.polars as pa

from schemas.roles import column


class Person(pa.DataFrameModel):
    """An adult in the census bureau's population survey of 1994."""

    age: int = column(ge=16, le=120)
    workclass: str = column(nullable=True)
    fnlwgt: int = column("ignored", gt=0)
    """How many people the row stands for: the survey's weight, no trait of the person."""
    education: str = column("ignored")
    """In words what `education_num` says in order."""
    education_num: int = column(ge=1, le=16)
    marital_status: str = column()
    occupation: str = column(nullable=True)
    relationship: str = column()
    race: str = column("sensitive")
    sex: str = column("sensitive", isin=["Female", "Male"])
    capital_gain: int = column(ge=0, le=99_999)
    capital_loss: int = column(ge=0, le=99_999)
    hours_per_week: int = column(ge=1, le=168)
    native_country: str = column(nullable=True)
    income: str = column("target", nullable=True, isin=["<=50K", ">50K"])
    split: str = column("split", isin=["train", "test"])
