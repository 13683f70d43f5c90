"""Chunks: features made some rows at a time are those made at once, to the last bit; large parts are thinned the same way each time."""

import datetime as dt
import json
from dataclasses import replace

import polars as pl
import pytest

from lifecycle import registry, reproduce
from lifecycle.errors import DataError, DefinitionError
from lifecycle.references import Features
from lifecycle.stages import featurize, split
from lifecycle.stages.collect import collect
from lifecycle.stages.evaluate import evaluate
from lifecycle.stages.register import register
from lifecycle.stages.train import train
from lifecycle.stages.tune import tune
from lifecycle.stages.validate import validate
from lifecycle.store import versions
from lifecycle.store.lake import lake
from lifecycle.table import chunks, feature_table, sample
from lifecycle.table.parts import rows
from lifecycle.usecase import Tuning, UseCase
from schemas.roles import column
from tests.toys import Visit, toy, visit_features


class Keyless(Visit):
    """A visit without a key."""

    visit: int = column("ignored")


class Timeless(Visit):
    """A visit at no time."""

    at: dt.datetime = column("ignored")


def made(use_case: UseCase, source: str | None = None) -> Features:
    return featurize.featurize(use_case, validate(use_case, collect(use_case, source)))


def table(features: Features) -> pl.DataFrame:
    return lake().frame(f"FROM {features.use_case}.features AT (VERSION => {features.version}) ORDER BY _place")


@pytest.mark.parametrize(
    "use_case",
    [toy("whole_time"), toy("whole_key", schema=Timeless), toy("whole_content", schema=Keyless)],
    ids=["by time", "by key", "by time and content"],
)
def test_features_in_chunks_are_the_features_at_once(use_case: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = table(made(use_case))
    seen: list[int] = []
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 300)
    compute = feature_table.compute
    monkeypatch.setattr(feature_table, "compute", lambda use_case, rows: (seen.append(rows.height), compute(use_case, rows))[1])
    assert table(made(use_case)).equals(whole)
    assert len(seen) == 7
    assert max(seen) < 500


def test_windows_over_chunks_see_their_whole_history(monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = replace(registry.find("fraud"), name="fraud_in_chunks")  # another lake table than the one that other tests fill
    source = "rows=4000,days=150"
    whole = table(made(use_case, source))
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 700)
    seen: list[int] = []
    compute = feature_table.compute
    monkeypatch.setattr(feature_table, "compute", lambda use_case, rows: (seen.append(rows.height), compute(use_case, rows))[1])
    assert table(made(use_case, source)).equals(whole)
    assert len(seen) == 6
    assert max(seen) < 3_000


def test_a_large_table_is_split_and_read_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = toy("pieces")
    features = made(use_case)
    parts = split.split(use_case, features)
    small = {part: rows(use_case, parts, part) for part in ("train", "tune", "gate")}
    monkeypatch.setattr(feature_table, "WHOLE", 100)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 500)
    feature_table._newest.clear()
    assert split.split(use_case, features) == parts
    for part, expected in small.items():
        found = rows(use_case, parts, part)
        assert found.X.equals(expected.X)
        assert (found.y == expected.y).all()
        assert found.info.equals(expected.info)
    assert feature_table._newest == {}, "what is large is not kept"


def test_a_part_above_the_limit_is_thinned_to_it_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = toy("thinned", most_rows=1_000, parameters={"rows": 3_000})
    parts = split.split(use_case, made(use_case))
    assert parts.used == {"train": 1_000, "labelled": 2_000}
    assert parts.counts["train"] > 1_700
    found = rows(use_case, parts, "train")
    assert len(found) == 1_000
    assert len(rows(use_case, parts, "gate")) == parts.counts["gate"], "the gate keeps what its interval needs"
    assert rows(use_case, parts, "train").info.equals(found.info)
    hours = found.info["at"].dt.epoch("s") if "at" in found.info.columns else found.info["_time"].dt.epoch("s")
    assert hours.is_sorted(), "in their order"


def test_a_gate_beyond_what_any_interval_needs_is_thinned_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SURE", 1_100)
    use_case = toy("thinned_gate", most_rows=1_000, parameters={"rows": 7_000})
    parts = split.split(use_case, made(use_case))
    assert parts.used == {"train": 1_000, "tune": 1_000, "gate": 1_100, "labelled": 2_000}


def test_a_model_of_a_sample_says_so_and_can_be_made_again() -> None:
    use_case = toy("says_so", most_rows=1_000, parameters={"rows": 3_000}, tuning=Tuning(trials=0))
    parts = split.split(use_case, made(use_case))
    version = register(use_case, evaluate(use_case, train(use_case, tune(use_case, parts))))
    card = versions.artifact(version, "model_card.md").decode()
    assert "of train a sample is used" in card
    assert "1,000 of 1," in card
    assert "2,000 of 3,000 rows" in card
    assert json.loads(versions.artifact(version, "evaluation.json"))["data"]["sampled"] == {"train": 1_000, "labelled": 2_000}
    assert reproduce.reproduce(use_case, version.version)["identical"]


class Wider(Visit):
    """A visit with its channel."""

    channel: str = column(nullable=True)


def test_a_schema_that_is_ahead_of_the_lake_says_what_to_load() -> None:
    use_case = toy("ahead")
    snapshot = validate(use_case, collect(use_case))
    with pytest.raises(DataError, match=r"lack the column channel.*lifecycle ingest ahead"):
        featurize.featurize(toy("ahead", schema=Wider), snapshot)


def test_features_that_change_their_type_with_the_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 300)

    def features(given: pl.DataFrame) -> pl.DataFrame:
        cast = pl.Float64 if given["visit"].min() == 0 else pl.Int64
        return visit_features(given).with_columns(kind=pl.lit(1).cast(cast))

    with pytest.raises(DefinitionError, match=r"same columns and types.*kind"):
        made(toy("wavers", features=features))
