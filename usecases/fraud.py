"""Card fraud: which transactions are fraudulent, judged by what the customer and the terminal did before.

The rows come from a simulator unless a file is given: `lifecycle run fraud --source transactions.csv` reads
TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT and TX_FRAUD (0 or 1) from it. Models are compared by what their
decisions cost.
"""

from datetime import timedelta

import polars as pl

from lifecycle import Costs, Gate, Generated, Monitoring, TimeSplit, Tuning, UseCase, lookback
from schemas.fraud import Transaction
from usecases._card_simulator import simulate, world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LABEL_DELAY = 7 * DAY
"""It takes at most so long until the truth about a transaction is known."""
HABITS = {"1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
OUTCOMES = {"1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """The transaction, its customer's habits, its terminal's traffic, and the frauds at its terminal known by then."""
    time = pl.col("TX_DATETIME")
    transaction = rows.select(
        amount="TX_AMOUNT",
        hour=time.dt.hour(),
        night=time.dt.hour() < 6,
        weekend=time.dt.weekday() > 5,
    )
    customer = lookback(rows, by="CUSTOMER_ID", time="TX_DATETIME", spans=HABITS, value="TX_AMOUNT", prefix="customer_amount")
    terminal = lookback(rows, by="TERMINAL_ID", time="TX_DATETIME", spans=HABITS, prefix="terminal")
    risk = lookback(rows, by="TERMINAL_ID", time="TX_DATETIME", spans=OUTCOMES, value="TX_FRAUD", known="LABEL_TIME", prefix="terminal_fraud")
    unusual = pl.col("amount") / pl.col("customer_amount_mean_30d")
    return pl.concat([transaction, customer, terminal, risk], how="horizontal").with_columns(amount_to_usual=unusual)


use_case = UseCase(
    name="fraud",
    title="Which card transactions are fraudulent?",
    problem="binary",
    schema=Transaction,
    source=Generated(
        simulate,
        {"rows": 200_000, "days": 150, "bad": 12},
        deterministic=True,
        simulation=world,
        select="SELECT COLUMNS(name -> name <> 'LABEL_TIME'), TRY_CAST(TX_DATETIME AS TIMESTAMP) + INTERVAL 7 DAY AS LABEL_TIME FROM rows",
    ),
    features=features,
    costs=Costs(miss="TX_AMOUNT", false_alarm=5, currency="EUR"),  # what is not stopped is lost; what is stopped wrongly costs a call
    split=TimeSplit(gap=LABEL_DELAY, longest=14 * DAY),
    history=30 * DAY + LABEL_DELAY,  # an outcome that became known 30 days ago is of a transaction from before that
    tuning=Tuning(trials=8, average=False),  # a payment waits for the answer: one family answers sooner than three
    gate=Gate(minimum={"average_precision": 0.3}),
    monitoring=Monitoring(window=DAY, cooldown=LABEL_DELAY),  # before the truth is known another training would learn nothing new
    slices=("TX_AMOUNT",),
    selective_labels="",  # no payment is declined here, so every outcome is seen; where some are, say whose outcome is not
)
