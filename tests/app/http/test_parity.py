"""What HTTP answers is what the batch path says: a held-back part of a small simulated fraud, row by row."""

import dataclasses
import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.http.application import Options, create
from lifecycle import registry
from lifecycle.predict import inputs, predict
from lifecycle.predict_file import predict_file
from lifecycle.references import ModelVersion
from lifecycle.sources import Generated
from lifecycle.splits import TimeSplit
from lifecycle.stages.collect import collect
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.store.models import load
from lifecycle.table.feature_table import compute
from lifecycle.table.feature_table import read as table_of
from lifecycle.table.raw import current
from lifecycle.usecase import UseCase
from tests.served import Client, champion, serving

DAYS = 100
UNTIL = dt.datetime(2026, 1, 1) + dt.timedelta(days=DAYS - 7)


def transactions(until: str = "") -> Iterator[pl.DataFrame]:
    """Simulated card transactions, those before a moment where one is given."""
    from usecases._card_simulator import simulate

    whole = pl.concat(simulate(rows=10_000, days=DAYS))
    yield whole.filter(pl.col("TX_DATETIME") < dt.datetime.fromisoformat(until)) if until else whole


def fraud(until: str = "") -> UseCase:
    return dataclasses.replace(
        registry.find("fraud"), name="small_fraud", source=Generated(transactions, {"until": until}, deterministic=True),
        split=TimeSplit(gap=dt.timedelta(days=7)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def version() -> ModelVersion:
    """A champion trained on what came before the last week; the lake has no row of that week."""
    from lifecycle.stages.featurize import featurize

    use_case = fraud(UNTIL.isoformat())
    validate(use_case, collect(use_case))
    return champion(use_case, split(use_case, featurize(use_case, current(use_case))), "boosting", max_iter=30)


@pytest.fixture(scope="module")
def application(version: ModelVersion) -> Any:
    return create(Options(use_cases=(fraud(),)))


@pytest.fixture(scope="module")
def client(application: Any) -> Iterator[Client]:
    with serving(application) as port:
        asking = Client(port)
        asking.until("/ready", lambda status, _: status == 200)
        yield asking


@pytest.fixture(scope="module")
def whole() -> pl.DataFrame:
    return next(transactions()).sort("TX_DATETIME", "TRANSACTION_ID")


def asked(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as a request has them: without what nobody knows yet."""
    return rows.drop("TX_FRAUD", "LABEL_TIME").with_columns(pl.col("TX_DATETIME").dt.to_string("iso")).to_dicts()


def numbers(frame: pl.DataFrame) -> np.ndarray:
    return frame.select(pl.all().cast(pl.Float64)).to_numpy()


def test_a_held_back_week_row_by_row_gives_the_features_and_scores_of_the_batch_path(
    application: Any, client: Client, whole: pl.DataFrame, version: ModelVersion
) -> None:
    late = pl.col("TX_DATETIME") >= UNTIL
    known = whole.with_columns(pl.when(~late).then(name).alias(name) for name in ("TX_FRAUD", "LABEL_TIME"))
    batch = inputs(fraud(), version, compute(fraud(), known)).filter(whole.select(late).to_series())
    week = whole.filter(late)
    expected = predict(fraud(), load(version.run_id, version.sha256), batch)
    predictor, found, scores = application.state.predictors["small_fraud"], [], []
    for row in asked(week):
        found.append(predictor.features(predictor.reader.cells([row])))
        status, answer = client.post("/small_fraud/predict", {"rows": [row]})
        assert (status, answer["model_version"]) == (200, str(version.version))
        scores.append(answer["predictions"][0])
    assert numbers(inputs(fraud(), version, pl.concat(found))) == pytest.approx(numbers(batch), abs=1e-6, nan_ok=True)
    assert [said["probability"] for said in scores] == pytest.approx(expected["probability"].to_list(), abs=1e-6)
    assert [said["prediction"] for said in scores] == expected["prediction"].to_list()
    assert len({said["id"] for said in scores}) == week.height
    assert client.get("/small_fraud/model")[1]["answers_by"] == "onnx"


def test_what_the_lake_learns_reaches_the_windows(application: Any, client: Client, whole: pl.DataFrame) -> None:
    """The week is ingested with its outcomes: asked again, its rows get the features of the new feature table."""
    from lifecycle.stages.featurize import featurize

    use_case = fraud()
    table = featurize(use_case, validate(use_case, collect(use_case)))
    batch = table_of(use_case, table)
    predictor = application.state.predictors["small_fraud"]
    end = time.monotonic() + 60
    while predictor.recent.block.frame["TX_DATETIME"].max() != whole["TX_DATETIME"].max():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert not predictor.recent.asked
    some = whole.filter(pl.col("TX_DATETIME") >= UNTIL)[::7]
    expected = batch.X[[batch.info["_key"].to_list().index(str(key)) for key in some["TRANSACTION_ID"]]]
    found = pl.concat([predictor.features(predictor.reader.cells([row])) for row in asked(some)])
    assert numbers(found) == pytest.approx(numbers(expected), abs=1e-6, nan_ok=True)
    assert found["terminal_fraud_count_7d"].sum() > 0
    assert client.post("/small_fraud/predict", {"rows": asked(some)})[0] == 200
    assert not predictor.recent.asked


@pytest.mark.usefixtures("application")
def test_many_at_once_get_what_each_gets_alone(client: Client, whole: pl.DataFrame) -> None:
    rows = asked(whole.tail(300))
    together = client.post("/small_fraud/predict", {"rows": rows})[1]["predictions"]
    alone = [client.post("/small_fraud/predict", {"rows": [row]})[1]["predictions"][0] for row in rows[::10]]
    assert [said["probability"] for said in together[::10]] == pytest.approx([said["probability"] for said in alone], abs=1e-12)


@pytest.mark.usefixtures("application")
def test_a_file_gets_the_answers_of_a_request_with_its_rows(client: Client, whole: pl.DataFrame, tmp_path: Path) -> None:
    some = whole.tail(400)
    some.drop("TX_FRAUD", "LABEL_TIME").write_csv(tmp_path / "week.csv")
    said = client.post("/small_fraud/predict", {"rows": asked(some)})[1]["predictions"]
    answers = predict_file(fraud(), str(tmp_path / "week.csv"))[1]
    assert answers["probability"].to_list() == pytest.approx([each["probability"] for each in said], abs=1e-9)
    assert answers["TRANSACTION_ID"].to_list() == some["TRANSACTION_ID"].to_list()


def test_rows_that_cannot_be_are_refused_and_leave_no_trace(application: Any, client: Client, whole: pl.DataFrame) -> None:
    good = asked(whole.tail(1))[0] | {"TRANSACTION_ID": 10**9}
    status, answer = client.post("/small_fraud/predict", {"rows": [good, {**good, "TX_AMOUNT": -1}]})
    assert status == 422
    assert answer["detail"] == [{"row": 1, "column": "TX_AMOUNT", "rule": "greater_than_or_equal_to(0)", "value": -1}]
    assert not application.state.predictors["small_fraud"].recent.asked
