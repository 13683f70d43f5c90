"""What a valid card transaction is."""

import datetime as dt

import pandera.polars as pa

from schemas.roles import column


class Transaction(pa.DataFrameModel):
    """A payment with a card at a terminal, by the column names of the Fraud Detection Handbook."""

    TRANSACTION_ID: int = column("key", ge=0)
    TX_DATETIME: dt.datetime = column("time", ge=dt.datetime(1990, 1, 1))
    CUSTOMER_ID: int = column("entity", ge=0)
    TERMINAL_ID: int = column("entity", ge=0)
    TX_AMOUNT: float = column(ge=0, le=1_000_000)
    TX_FRAUD: bool = column("target", nullable=True)
    LABEL_TIME: dt.datetime = column("label_time", nullable=True, ge=dt.datetime(1990, 1, 1))
