"""The fraud features never see what was not known, and the definition reads the files it says it reads."""

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lifecycle.errors import LifecycleError
from lifecycle.stages.collect import collect
from lifecycle.store.lake import Lake
from schemas.fraud import Transaction
from usecases._card_simulator import simulate
from usecases.fraud import DAY, LABEL_DELAY, features, use_case

NOW = dt.datetime(2026, 2, 20, 12)


@cache
def transactions() -> pl.DataFrame:
    return pl.concat(simulate(rows=10_000, days=60))


@cache
def computed() -> pl.DataFrame:
    return features(transactions())


def happened() -> np.ndarray:
    return (transactions()["TX_DATETIME"] <= NOW).to_numpy()


def as_file(rows: pl.DataFrame, path: Path) -> str:
    """As others would keep them: 0 and 1 for the truth, no label time, columns that nobody asked for."""
    given = rows.drop("LABEL_TIME").with_columns(pl.col("TX_FRAUD").cast(pl.Int64), TX_FRAUD_SCENARIO=pl.lit(0), TX_TIME_DAYS=1)
    given.write_csv(path) if path.suffix == ".csv" else given.write_parquet(path)
    return str(path)


def test_simulated_transactions_are_valid() -> None:
    Transaction.validate(transactions())


def test_there_are_features_of_the_card_the_terminal_and_its_known_frauds() -> None:
    assert computed().height == transactions().height
    for name in ("amount", "night", "customer_amount_mean_30d", "terminal_count_1h", "terminal_fraud_mean_7d", "amount_to_usual"):
        assert computed()[name].drop_nulls().n_unique() > 1, name


def test_what_happens_later_changes_no_feature() -> None:
    """Rows after `NOW` vanish or come out otherwise, and so do truths that were not known at `NOW`."""
    before = transactions().filter(happened())
    late = pl.col("LABEL_TIME") >= NOW
    reversed_ = before.with_columns(TX_FRAUD=pl.when(late).then(~pl.col("TX_FRAUD")).otherwise("TX_FRAUD"))
    unknown = before.with_columns(pl.when(late).then(None).otherwise(pl.col(name)).alias(name) for name in ("TX_FRAUD", "LABEL_TIME"))
    expected = computed().filter(happened())
    assert before.filter(late).height > 100
    for other in (before, reversed_, unknown):
        assert_frame_equal(features(other), expected, check_exact=True)


def test_a_known_fraud_is_seen_and_only_then() -> None:
    start = dt.datetime(2026, 1, 1)
    days = [0, 3, 5, 6, 12, 40]
    rows = pl.DataFrame(
        {
            "TRANSACTION_ID": range(len(days)),
            "TX_DATETIME": [start + day * DAY for day in days],
            "CUSTOMER_ID": range(len(days)),
            "TERMINAL_ID": 1,
            "TX_AMOUNT": 10.0,
            "TX_FRAUD": [True, *[None] * 5],
            "LABEL_TIME": [start + 5 * DAY, *[None] * 5],
        },
        schema_overrides={"TX_FRAUD": pl.Boolean, "LABEL_TIME": pl.Datetime("us")},
    )
    found = features(rows)
    assert found["terminal_fraud_sum_1d"].to_list() == [0, 0, 0, 1, 0, 0]  # known on the fifth day: not yet at its first moment
    assert found["terminal_fraud_sum_7d"].to_list() == [0, 0, 0, 1, 1, 0]
    assert found["terminal_fraud_mean_30d"].to_list() == [None, None, None, 1, 1, None]
    assert found["terminal_count_7d"].to_list() == [0, 1, 2, 3, 2, 0]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_history_of_a_row_is_all_it_takes(ending: str, tmp_path: Path, the_lake: Lake) -> None:
    """The newest rows, each computed with its card's and its terminal's rows within `history` only: the same bits.

    In a file the truth is known a week later, which is as late as it can be.
    """
    source = as_file(transactions(), tmp_path / f"transactions{ending}")
    batch = collect(replace(use_case, name=f"fraud_history_{ending[1:]}"), source)
    rows = pl.read_parquet(Path(batch.folder) / "rows.parquet").select(transactions().columns)
    assert rows["LABEL_TIME"].equals(rows["TX_DATETIME"] + LABEL_DELAY)
    full = features(rows)
    assert use_case.history
    for position in range(rows.height - 1, 0, -rows.height // 100):
        one = rows[position]
        related = (pl.col("CUSTOMER_ID") == one["CUSTOMER_ID"][0]) | (pl.col("TERMINAL_ID") == one["TERMINAL_ID"][0])
        at = one["TX_DATETIME"][0]
        history = rows.filter(related, pl.col("TX_DATETIME").is_between(at - use_case.history, at, closed="left"))
        assert_frame_equal(features(pl.concat([history, one])).tail(1), full[position], check_exact=True)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_file_of_transactions_is_read(ending: str, tmp_path: Path, the_lake: Lake) -> None:
    rows = transactions().head(500)
    batch = collect(replace(use_case, name=f"fraud_file_{ending[1:]}"), as_file(rows, tmp_path / f"transactions{ending}"))
    staged = pl.read_parquet(Path(batch.folder) / "rows.parquet")
    expected = rows.with_columns(LABEL_TIME=pl.col("TX_DATETIME") + pl.duration(days=7))
    assert_frame_equal(staged.select(rows.columns), expected)
    assert staged["_bad"].null_count() == 500


def test_a_file_without_a_column_is_refused_with_its_name(tmp_path: Path, the_lake: Lake) -> None:
    source = as_file(transactions().head(5).drop("TERMINAL_ID"), tmp_path / "transactions.csv")
    with pytest.raises(LifecycleError, match="lacks the column TERMINAL_ID"):
        collect(replace(use_case, name="fraud_file_short"), source)


def test_after_the_drift_a_new_model_is_much_better_than_the_old_one() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import average_precision_score

    rows = pl.concat(simulate(rows=100_000, days=80, more_days=80, drift_day=80))
    X, y = features(rows).cast(pl.Float64).to_numpy(), rows["TX_FRAUD"].to_numpy()
    day = ((rows["TX_DATETIME"] - rows["TX_DATETIME"].min()).dt.total_days()).to_numpy()

    def precision(first: int, last: int) -> float:
        """Of a model of these days on the last 30 days."""
        fitted, judged = (day >= first) & (day < last), day >= 130
        model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(X[fitted], y[fitted])
        return float(average_precision_score(y[judged], model.predict_proba(X[judged])[:, 1]))

    old, new = precision(37, 73), precision(80, 123)
    assert new > 1.3 * old
    assert new > 0.3
