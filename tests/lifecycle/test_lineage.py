"""From an answer back to the batches that the model behind it learnt from."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle import lineage, maintain, provenance, reached
from lifecycle.decisions import promote_by_hand, rollback
from lifecycle.dependencies import fingerprint
from lifecycle.errors import LifecycleError
from lifecycle.kind import find
from lifecycle.prediction_log import ingest, lookup, segments
from lifecycle.prediction_log.predictions import PredictionLog
from lifecycle.reading.credentials import masked
from lifecycle.references import ModelVersion
from lifecycle.settings import settings
from lifecycle.sources import Generated
from lifecycle.stages.collect import collect
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.stages.validate import validate
from lifecycle.store import tracking, versions
from lifecycle.store.lake import Lake, lake
from lifecycle.table import quarantine
from lifecycle.table.release import release
from lifecycle.usecase import UseCase
from tests.challengers import evaluated, parts_of
from tests.toys import toy, visits

NAME = "lineage_toy"


def some(first: int, until: int, more: float = 0.0, spoilt: int = 0, token: str = "") -> Iterator[pl.DataFrame]:
    """Visits of a range, their amounts raised by `more`; the first `spoilt` are of a kind that there is not."""
    rows = visits(until, seed=1)[first:]
    yield rows.with_columns(pl.col("amount") + more, kind=pl.when(pl.col("visit") < first + spoilt).then(pl.lit("?")).otherwise("kind"))


def ingested(name: str, **parameters: Any) -> UseCase:
    use_case = toy(name, source=Generated(some, parameters, deterministic=True))
    validate(use_case, collect(use_case))
    return use_case


def registered(use_case: UseCase) -> ModelVersion:
    return register(use_case, evaluated(use_case, parts_of(use_case)))


@pytest.fixture(scope="module")
def use_case(tmp_path_factory: pytest.TempPathFactory) -> UseCase:
    """Version 1 was trained on two batches, of which five rows went through the quarantine; a batch that came later changed 2,000 rows."""
    ingested(NAME, first=0, until=2_400)
    os.environ["LINEAGE_TOKEN"] = "hush"
    use_case = ingested(NAME, first=2_400, until=2_700, spoilt=5, token="${LINEAGE_TOKEN}")
    file = tmp_path_factory.mktemp("lineage") / "bad.csv"
    quarantine.export(NAME, file)
    pl.read_csv(file, infer_schema=False).with_columns(kind=pl.lit("a")).write_csv(file)
    assert release(use_case, file).kept == 5
    version = registered(use_case)
    promote_by_hand(use_case, version.version, "tester", "because")
    score(use_case, version.evaluated.trained.parts.features)
    return ingested(NAME, first=0, until=2_000, more=1.0)


def served(name: str, id: str, key: str | None, **changes: Any) -> None:
    """An answer of the service that is on the disk, and not in the lake."""
    log = PredictionLog(segments.place(settings().home, name, "predictions"), name, find("binary").answer_schema, seconds=60)
    entry = {"id": id, "key": key, "prediction": 1, "probability": 0.5, "model_version": 1, "latency_s": 0.0012}
    log.append([{**entry, "inputs": {"amount": 1, "kind": "ä"}, **changes}])
    log.close()


def test_a_version_leads_to_the_batches_that_it_was_trained_on_and_to_no_later_one(use_case: UseCase) -> None:
    found = lineage.of_version(use_case, 1)
    first, second = found["batches"]
    assert [(each["batch"], each["rows"], each["kept"], each["quarantined"], each["duplicates"]) for each in (first, second)] == [
        (1, 2_400, 2_400, 0, 0),
        (2, 300, 295, 5, 0),
    ]
    assert first["rows"] + second["rows"] == found["snapshot"]["rows"] == 2_700
    ledger = lake().rows(f"SELECT content, loaded_at FROM {NAME}.batches WHERE batch < 3 ORDER BY batch")
    assert [(each["content"], each["loaded_at"]) for each in (first, second)] == ledger
    assert first["released"] == []
    assert [(each["batch"], each["source"], each["rows"]) for each in second["released"]] == [(3, "quarantine: bad.csv", 5)]


def test_a_source_is_told_without_its_secrets(use_case: UseCase) -> None:
    found = lineage.of_version(use_case, 1)
    assert "token=${LINEAGE_TOKEN}" in found["batches"][1]["source"]
    assert "hush" not in str(found)


def test_a_version_names_its_run_code_libraries_seed_and_lines_and_what_was_decided(use_case: UseCase) -> None:
    found = lineage.of_version(use_case, 1)
    parts = versions.version(NAME, 1).evaluated.trained.parts
    assert (found["prediction"], found["model_version"], found["mlflow_run_id"]) == (None, 1, versions.version(NAME, 1).run_id)
    assert (found["code"]["commit"], found["code"]["dirty"]) == (provenance.code().commit, provenance.code().dirty)
    assert (found["lock"], found["seed"], found["candidate"]) == (fingerprint.lock(), use_case.seed, "linear")
    assert (found["snapshot"]["version"], found["features"]["version"]) == (parts.features.snapshot.version, parts.features.version)
    assert found["split"] == {"rule": versions.version(NAME, 1).division, "lines": parts.bounds, "rows": parts.counts}
    assert [(each["action"], each["actor"], each["reason"]) for each in found["decisions"]] == [("promoted by hand", "tester", "because")]
    assert (found["champion"], found["blocked"]) == (1, None)


def test_a_batch_prediction_leads_to_the_row_as_it_was_when_it_was_scored(use_case: UseCase) -> None:
    id, key = lake().rows(f"SELECT id, key FROM {NAME}.predictions WHERE origin = 'batch' AND key::BIGINT < 2000 LIMIT 1")[0]
    found = lineage.of_prediction(use_case, id)
    said = found["prediction"]
    assert (said["key"], said["where"], said["inputs"], said["model_version"]) == (key, "lake", None, 1)
    row = said["row"]
    assert (row["then"], row["batch"]["batch"]) == (True, 1)
    assert row["record"] == visits(2_400).row(int(key), named=True)
    assert {**found, "prediction": None} == lineage.of_version(use_case, 1)


def test_an_answer_over_http_is_found_before_and_after_it_is_in_the_lake(use_case: UseCase) -> None:
    served(NAME, "web1", "2650")
    first = lineage.of_prediction(use_case, "web1")["prediction"]
    assert (first["where"], first["origin"], first["prediction"], first["latency"]) == ("journal", "http", "1", 0.0012)
    assert first["inputs"] == {"amount": 1, "kind": "ä"}
    assert first["row"]["batch"]["batch"] == 2
    assert ingest.take(NAME) == 1
    second = lineage.of_prediction(use_case, "web1")["prediction"]
    assert second == {**first, "where": "lake"}


def test_an_answer_that_is_taken_in_between_two_looks_is_found(use_case: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    served(NAME, "web2", "5")
    look = lookup._in_journal

    def late(folder: Path, id: str) -> Any:
        ingest.take(NAME)
        return look(folder, id)

    monkeypatch.setattr(lookup, "_in_journal", late)
    assert lineage.of_prediction(use_case, "web2")["prediction"]["where"] == "lake"


def test_a_segment_that_cannot_be_read_hides_no_other(use_case: UseCase) -> None:
    served(NAME, "web3", None)
    served(NAME, "web4", None)
    spoilt = segments.waiting(segments.place(settings().home, NAME, "predictions"))[-1]
    spoilt.write_bytes(spoilt.read_bytes()[:100])
    found = lineage.of_prediction(use_case, "web3")["prediction"]
    assert (found["where"], found["key"], found["row"]) == ("journal", "web3", None)
    with pytest.raises(LifecycleError, match="'web4' must be the id of a prediction, found none"):
        lineage.of_prediction(use_case, "web4")
    spoilt.unlink()


def test_a_row_that_came_after_the_answer_says_so(use_case: UseCase) -> None:
    served(NAME, "early", "2700")
    assert lineage.of_prediction(use_case, "early")["prediction"]["row"] is None
    ingested(NAME, first=2_700, until=2_710)
    row = lineage.of_prediction(use_case, "early")["prediction"]["row"]
    assert (row["then"], row["batch"]["came"], row["record"]["visit"]) == (False, 10, 2_700)


def test_where_the_version_of_that_moment_is_expired_the_row_is_told_as_it_is_now(use_case: UseCase) -> None:
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) - dt.timedelta(days=10_000)  # before the lake
    row = lookup.row(use_case, "7", moment)
    assert row is not None
    assert (row["then"], row["batch"]["batch"], row["record"]["amount"]) == (False, 4, visits(2_400)["amount"][7] + 1.0)


def test_a_batch_leads_forward_to_the_versions_that_it_taught_and_judged_and_to_what_was_said() -> None:
    name = "lineage_forward"
    ingested(name, first=0, until=2_400)
    first = registered(ingested(name, first=2_400, until=2_700))
    promote_by_hand(toy(name), first.version, "tester")
    score(toy(name), first.evaluated.trained.parts.features)
    second = registered(ingested(name, first=2_500, until=2_700, more=1.0))  # batch 3 takes the place of 200 rows of batch 2
    promote_by_hand(toy(name), second.version, "tester")
    last = ingested(name, first=2_700, until=2_800)  # batch 4 reached nobody
    found = reached.of_batch(last, 2)
    assert (found["batch"]["kept"], found["batch"]["rows_now"], found["batch"]["keys"], found["untold"]) == (300, 100, 300, [])
    assert [(each["model_version"], each["rows"]) for each in found["versions"]] == [(1, 300), (2, 100)]
    parts = lake().rows(f"SELECT count(*) FROM {name}.predictions WHERE key::BIGINT BETWEEN 2400 AND 2699")[0][0]
    one, two = found["versions"]
    assert sum(one["parts"].values()) == 300
    assert one["parts"]["gate"] == parts > 0, "those that version 1 was not trained on are those that it was asked about"
    total = lake().value(f"SELECT count(*) FROM {name}.predictions")
    assert (one["predicted"]["predictions"], two["predicted"]["predictions"]) == (total, 0)
    (reign,), (now,) = one["champion"], two["champion"]
    assert (reign["until"], now["until"]) == (now["since"], None)
    assert [(each["model_version"], each["origin"], each["predictions"], each["before"]) for each in found["predictions"]] == [(1, "batch", parts, 0)]
    later = reached.of_batch(last, 3)
    assert [(each["model_version"], each["rows"]) for each in later["versions"]] == [(2, 200)]
    assert later["predictions"][0]["before"] == later["predictions"][0]["predictions"], "they were given before it came"
    assert (reached.of_batch(last, 4)["versions"], reached.of_batch(last, 4)["predictions"]) == ([], [])
    with pytest.raises(LifecycleError, match="batch 9 must be in its ledger of batches, found batches 1 to 4"):
        reached.of_batch(last, 9)
    expired(first)
    (why,) = reached.of_batch(last, 2)["untold"]
    assert why.startswith("whether version 1 had rows of it: lake version ")


def test_what_is_not_there_is_one_sentence(use_case: UseCase) -> None:
    with pytest.raises(LifecycleError, match="version 9 must be a registered model version, found versions 1"):
        lineage.of_version(use_case, 9)
    with pytest.raises(LifecycleError, match="version 99999999999 must be a registered model version"):
        lineage.of_version(use_case, 99_999_999_999)
    with pytest.raises(LifecycleError, match=r"'nobody' must be the id of a prediction, found none .* 'lifecycle sql"):
        lineage.of_prediction(use_case, "nobody")
    for ask in (lambda: lineage.of_version(toy("lineage_none"), 1), lambda: lineage.of_prediction(toy("lineage_none"), "x")):
        with pytest.raises(LifecycleError, match="run 'lifecycle run lineage_none' first"):
            ask()


def runless(version: ModelVersion) -> None:
    maintain._delete_run(tracking.client().get_run(version.run_id))


def lineless(version: ModelVersion) -> None:
    lake().rows(f"DELETE FROM {version.use_case}.batches")


def expired(version: ModelVersion) -> None:
    number = version.evaluated.trained.parts.features.snapshot.version
    lake().rows(f"SELECT snapshot_id FROM ducklake_expire_snapshots('lake', versions => [{number}]::UBIGINT[])")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (runless, "no MLflow run "),
        (lineless, "no line in lineage_lineless.batches for rows of batch 1"),
        (expired, "lake version [0-9]+ expired"),
    ],
)
def test_a_broken_way_back_is_named_with_its_remedy(spoil: Callable[[ModelVersion], None], says: str) -> None:
    broken = ingested(f"lineage_{spoil.__name__}", first=0, until=2_500)
    version = registered(broken)
    assert lineage.of_version(broken, 1)["model_version"] == 1
    spoil(version)
    with pytest.raises(LifecycleError, match=rf"version 1 must lead back to its run, code and data, found {says}.*; restore it, or .*--fresh'"):
        lineage.of_version(broken, 1)


def test_tags_and_parameters_that_others_changed_are_not_read_and_a_version_that_they_deleted_still_leads_back() -> None:
    meddled = ingested("lineage_meddled", first=0, until=2_500)
    version, client = registered(meddled), tracking.client()
    before = lineage.of_version(meddled, 1)
    assert before["registry"] is None
    client.delete_model_version_tag(meddled.name, "1", "lifecycle.lock_sha256")
    client.set_model_version_tag(meddled.name, "1", "lifecycle.git_commit", "0" * 40)
    client.set_model_version_tag(meddled.name, "1", versions.REFERENCE_TAG, "{}")
    found = lineage.of_version(meddled, 1)
    changed = ", ".join(sorted(["lifecycle.lock_sha256", "lifecycle.git_commit", versions.REFERENCE_TAG]))
    assert found["registry"].startswith(f"in MLflow version 1 differs from what was registered in its tags {changed}: nothing is read from them")
    assert {**found, "registry": None} == before
    client.delete_model_version(meddled.name, "1")
    found = lineage.of_version(meddled, 1)
    assert found["registry"] == "version 1 is not in MLflow's registry: it was deleted in MLflow"
    assert found["mlflow_run_id"] == version.run_id


def test_a_version_of_another_lake_has_no_way_back(use_case: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lake, "identity", "another")
    with pytest.raises(LifecycleError, match="found a snapshot of another lake"):
        lineage.of_version(use_case, 1)


def test_a_version_that_was_rolled_back_says_by_whom() -> None:
    twice = ingested("lineage_twice", first=0, until=2_500)
    for _ in range(2):
        promote_by_hand(twice, registered(twice).version, "tester")
    rollback(twice, None, "somebody", "it was wrong")
    found = lineage.of_version(twice, 2)
    assert (found["champion"], found["blocked"]) == (1, "rolled back by somebody: it was wrong")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wisconsin()", "wisconsin()"),
        ("fetch(api_key=abc,rows=3)", "fetch(api_key=***,rows=3)"),
        ("postgresql://me:hush@host/shop?table=orders", "postgresql://me:***@host/shop?table=orders"),
        ("postgresql://me:${PASSWORD}@host/shop?table=orders", "postgresql://me:${PASSWORD}@host/shop?table=orders"),
        ("https://host:8080/a@b.csv?token=abc&day=1", "https://host:8080/a@b.csv?token=***&day=1"),
        ("FROM postgres_scan('host=x password=hush/2 user=me')", "FROM postgres_scan('host=x password=*** user=me')"),
        ("s3://bucket/day.csv, book.xlsx?sheet=May", "s3://bucket/day.csv, book.xlsx?sheet=May"),
    ],
)
def test_a_mask_covers_secrets_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown
