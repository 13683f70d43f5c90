"""An answer is declared once: a kind with an interval and a list of items goes every way that the four kinds go."""

import datetime as dt
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest

from app.http.application import Options, create
from app.http.operations import Place
from app.http.responses import as_json
from lifecycle import answer_schema
from lifecycle import predict as predicting
from lifecycle.answer_schema import BOOLEAN, INTEGER, NUMBER, TEXT, Field, lists, records, writer
from lifecycle.errors import DefinitionError, LifecycleError
from lifecycle.evaluation.report import EvaluationReport, MetricReport
from lifecycle.evaluation.statistics import Statistic, Sums
from lifecycle.kind import find, prediction
from lifecycle.kinds.regression import Regression
from lifecycle.monitoring import live_rows
from lifecycle.predict import predict
from lifecycle.prediction_log import segments
from lifecycle.references import Features, ModelVersion
from lifecycle.reports.card import card
from lifecycle.settings import Settings, settings
from lifecycle.sources import Generated
from lifecycle.splits import TimeSplit
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.monitor import monitor
from lifecycle.stages.score import score
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.store import models
from lifecycle.store.lake import lake
from lifecycle.table.parts import rows
from lifecycle.usecase import Monitoring, UseCase
from schemas.roles import column
from tests.challengers import report
from tests.served import Client, beside, champion, serving

NAME = "intervals"
OLD = """id VARCHAR, key VARCHAR, time TIMESTAMP, model_version BIGINT, prediction VARCHAR, probability DOUBLE,
    number DOUBLE, origin VARCHAR, scored_at TIMESTAMPTZ, inputs VARCHAR, latency DOUBLE"""
"""The table of predictions as it was made before answers were declared."""
START = dt.datetime(2026, 1, 1)


class Interval(Regression):
    """A number between two others, and the two as a list."""

    name = "interval"
    metric = "coverage"
    metrics = ("coverage", "rmse")
    answer_schema = (
        prediction(NUMBER, "the middle of {use_case.target}"),
        Field("low", NUMBER, "what is rarely below"),
        Field("high", NUMBER, "what is rarely above", nullable=True),
        Field("items", records(item=TEXT, score=NUMBER), "both ends"),
    )

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
        middle = np.asarray(outputs, dtype=np.float64)
        found = pl.DataFrame({"prediction": middle, "low": middle - 4, "high": middle + 4})
        ends = [pl.struct(item=pl.lit(name), score=pl.col(name)) for name in ("low", "high")]
        return found.with_columns(items=pl.concat_list(ends))

    def statistics(self, y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> list[Statistic]:
        inside = (predictions["low"].to_numpy() <= y) & (y <= predictions["high"].to_numpy())
        covered = Sums(np.stack([np.ones(len(y)), inside], axis=1), lambda sums: {"coverage": sums[1] / sums[0]})
        return [covered, *super().statistics(y, predictions, weight, wanted - {"coverage"})]


class Trip(pa.DataFrameModel):
    """A made-up trip."""

    trip: int = column("key", ge=0)
    at: dt.datetime = column("time")
    miles: float = column(ge=0)
    minutes: float = column("target", nullable=True)


def trips(count: int) -> Iterator[pl.DataFrame]:
    random = np.random.default_rng(1)
    miles = random.gamma(2.0, 3.0, count)
    at = pl.datetime_range(START, START + dt.timedelta(minutes=count - 1), "1m", eager=True)
    yield pl.DataFrame({"trip": np.arange(count), "at": at, "miles": miles, "minutes": 5 + 3 * miles + random.normal(0, 2, count)})


def of(count: int) -> UseCase:
    return UseCase(
        name=NAME, title="trips", problem=Interval(), schema=Trip, source=Generated(trips, {"count": count}, deterministic=True),
        features=lambda rows: rows.select("miles"), split=TimeSplit(), monitoring=Monitoring(window=300),
    )  # fmt: skip


def features_of(use_case: UseCase) -> Features:
    return featurize(use_case, validate(use_case, collect(use_case)))


@pytest.fixture(scope="module")
def version() -> ModelVersion:
    """A champion in a lake that has answers of before: one row in the table, one in a segment."""
    lake().write(
        lambda transaction: transaction.execute(f"""CREATE SCHEMA {NAME}; CREATE TABLE {NAME}.predictions ({OLD});
        INSERT INTO {NAME}.predictions (id, key, model_version, prediction, number, origin, scored_at)
        VALUES ('before', 'b1', 1, '12.5', 12.5, 'batch', now())""")
    )
    old = pl.DataFrame({"id": ["waiting"], "key": ["b2"], "model_version": [1], "prediction": ["7.25"], "probability": [None], "number": [7.25]})
    old = old.with_columns(pl.col("probability").cast(pl.Float64), origin=pl.lit("http"), scored_at=pl.lit(dt.datetime.now(dt.UTC)))
    segments.Writer(segments.place(settings().home, NAME, "predictions")).write(old)
    use_case = of(2_000)
    return champion(use_case, split(use_case, features_of(use_case)), beside=beside)


@pytest.fixture(scope="module")
def scored(version: ModelVersion) -> pl.DataFrame:
    """The table of predictions after batch scoring."""
    use_case = of(2_000)
    assert score(use_case, version.evaluated.trained.parts.features).rows > 300
    return lake().frame(f"FROM {NAME}.predictions")


def test_batch_scoring_writes_every_field_and_answers_of_before_stay_readable(version: ModelVersion, scored: pl.DataFrame) -> None:
    gate = rows(of(2_000), version.evaluated.trained.parts, "gate")
    said = predict(of(2_000), models.load(version.run_id, version.sha256), gate.X).with_columns(key=gate.info["_key"])
    both = said.join(scored, on="key", suffix="_lake", maintain_order="left")
    assert both.height == len(gate)
    for name in ("low", "high"):
        assert np.allclose(both[name], both[f"{name}_lake"], atol=1e-9)
    assert json.loads(both["items_lake"][0])[1] == {"item": "high", "score": pytest.approx(both["high"][0])}
    log = {row["key"]: row for row in live_rows.logged(of(2_000), version).iter_rows(named=True)}
    assert (log["b1"]["prediction"], log["b1"]["low"], log["b2"]["prediction"]) == (12.5, None, 7.25)
    assert log[both["key"][0]]["items"][0]["item"] == "low"


def test_the_service_answers_documents_and_logs_every_field(version: ModelVersion) -> None:
    at = Settings(**{**settings().model_dump(), "flush_seconds": 0.05, "intake_seconds": 0.5})
    with serving(create(Options(use_cases=(of(2_000),), at=at, place=Place())), "app.http.timeouts:TimeoutProtocol") as port:
        client = Client(port)
        client.until("/ready", lambda status, _: status == 200)
        status, answer = client.post(f"/{NAME}/predict", {"rows": [{"trip": 900_001, "at": "2026-02-01T10:00:00", "miles": 4.0}]})
        assert status == 200
        said = answer["predictions"][0]
        assert list(said) == ["id", "prediction", "low", "high", "items"]
        assert said["items"] == [{"item": "low", "score": said["low"]}, {"item": "high", "score": said["high"]}]
        operation = client.get("/openapi.json")[1]["paths"][f"/{NAME}/predict"]["post"]
        one = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["predictions"]["items"]
        assert one["required"] == list(said)
        assert one["properties"]["high"] == {"type": ["number", "null"], "description": "what is rarely above"}
        assert one["properties"]["items"]["items"]["properties"] == {"item": {"type": "string"}, "score": {"type": "number"}}
        end = time.monotonic() + 60
        while not (found := lake().rows(f"SELECT prediction, number, low, high, items FROM {NAME}.predictions WHERE id = ?", [said["id"]])):
            assert time.monotonic() < end
            time.sleep(0.1)
    assert found[0][:4] == (str(said["prediction"]), said["prediction"], said["low"], said["high"])
    assert json.loads(found[0][4]) == said["items"]


@pytest.mark.usefixtures("scored")
def test_live_performance_and_drift_read_what_was_logged(version: ModelVersion) -> None:
    later = of(3_000)
    features = features_of(later)
    assert score(later, features).rows == 1_000
    found = monitor(later, features, version)
    assert found.performance
    assert found.performance.metric == "coverage"
    assert found.performance.live == pytest.approx(found.performance.promised, abs=0.05)
    low, high = (live_rows.logged(later, version)[name].drop_nulls() for name in ("low", "high"))
    assert len(low) >= 1_000
    assert np.allclose(high - low, 8)


def test_a_file_of_answers_has_a_column_for_each_field(version: ModelVersion) -> None:
    use_case = of(2_000)
    said = predict(use_case, models.load(version.run_id, version.sha256), pl.DataFrame({"miles": [1.0, 2.0]}))
    found = predicting.columns(use_case, said)
    assert found.schema == {"prediction": pl.Float64, "low": pl.Float64, "high": pl.Float64, "items": pl.String}
    back = pl.read_csv(io.StringIO(found.write_csv()))
    assert json.loads(back["items"][1])[0]["score"] == said["low"][1]
    assert np.allclose(back["high"], said["high"])


def test_the_card_says_what_an_answer_holds() -> None:
    number = MetricReport(**dict.fromkeys(MetricReport.model_fields, 0.9))
    found = EvaluationReport.from_json(report()).model_copy(update={"metric": "coverage", "metrics": {"coverage": number}})
    text = card(of(2_000), found, {})
    assert (
        "An answer holds `prediction`, the middle of minutes; `low`, what is rarely below; `high`, what is rarely above; `items`, both ends." in text
    )


ANSWERS = [
    ("binary", [[0.25, 0.75]], ("no", "yes"), b'[{"id":"a","prediction":1,"probability":0.75}]'),
    ("multiclass", [[0.25, 0.75]], ("x", "ä"), '[{"id":"a","prediction":"ä","probability":0.75,"probabilities":{"x":0.25,"ä":0.75}}]'.encode()),
    ("regression", [1.5], (), b'[{"id":"a","prediction":1.5}]'),
    ("clustering", [3], (), b'[{"id":"a","prediction":"3"}]'),
]


@pytest.mark.parametrize(("kind", "outputs", "classes", "written"), ANSWERS)
def test_the_answers_of_the_four_kinds_are_what_they_were(kind: str, outputs: Any, classes: Any, written: bytes) -> None:
    said = find(kind).frame(outputs, classes)
    assert as_json(writer(kind, find(kind).answer_schema, said.columns)(said, ["a"])) == written


def test_a_clustering_with_probabilities_answers_them() -> None:
    said = find("clustering").frame([3]).with_columns(probability=0.5)
    assert writer("clustering", find("clustering").answer_schema, said.columns)(said, ["a"]) == [{"id": "a", "prediction": "3", "probability": 0.5}]


def test_batch_and_log_keep_the_same_of_an_answer() -> None:
    fields = (
        prediction(INTEGER, "a count"),
        Field("sure", BOOLEAN, "whether it is sure"),
        Field("word", TEXT, "a word", nullable=True),
        Field("items", records(item=TEXT), "a list", nullable=True),
    )
    said = pl.DataFrame({"prediction": [3, 4], "sure": [True, False], "word": ["a", None], "items": [[{"item": "ä"}], None]})
    batch = answer_schema.store(fields, said)
    log = pl.DataFrame(list(answer_schema.cells(fields, writer("toy", fields, said.columns)(said, ["1", "2"])).values()))
    assert batch.equals(log)
    assert batch.row(0) == ("3", 3.0, True, "a", '[{"item": "ä"}]')
    read = {each.name: each.type.read(batch[each.read_from]).to_list() for each in fields}
    assert read == said.to_dict(as_series=False)


def test_what_follows_from_the_prediction_is_not_watched_for_drift_again() -> None:
    for kind, names in (("binary", ["prediction", "probability"]), ("multiclass", ["prediction", "probability"]), ("regression", ["prediction"])):
        assert answer_schema.watched(find(kind).answer_schema) == names


def test_a_list_is_the_same_text_from_a_batch_and_from_the_log_and_comes_back_as_it_was() -> None:
    for of, values in ((TEXT, [["ä", 'a "b", c'], [], None, ["ä"], ["\n"]]), (INTEGER, [[0, 1], [1], None, []]), (TEXT, [None, []])):
        type = lists(of)
        column = pl.Series("set", values, dtype=type.dtype)
        stored = type.store(column)
        assert stored.to_list() == [type.cell(value) for value in values]
        assert type.read(stored).to_list() == values


def test_a_model_that_does_not_give_a_declared_field_is_not_served() -> None:
    with pytest.raises(LifecycleError, match=r"an answer of kind 'interval' has the fields .*, found no low, high, items in what the model gives"):
        writer("interval", Interval.answer_schema, ["prediction"])


@pytest.mark.parametrize("name", ["key", "Prediction", "number", "two words"])
def test_a_field_whose_name_is_taken_is_refused_with_the_declaration(name: str) -> None:
    with pytest.raises(DefinitionError, match=f"'{name}'"):
        type("Wrong", (Regression,), {"name": "wrong", "answer_schema": (*Regression.answer_schema, Field(name, NUMBER, "taken"))})


def test_a_value_that_is_not_of_its_type_is_no_row() -> None:
    with pytest.raises(TypeError):
        answer_schema.cells(Interval.answer_schema, [{"prediction": 1.0, "low": "deep", "high": 2.0, "items": []}])
