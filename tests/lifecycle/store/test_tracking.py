"""MLflow as Lifecycle uses it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import tracking
from lifecycle.store.lake import lake
from tests.lifecycle.servers import storage


def test_an_experiment_is_made_once() -> None:
    assert tracking.experiment("tracking_once") == tracking.experiment("tracking_once")


def test_the_experiment_that_mlflow_makes_by_itself_keeps_its_files_under_the_home() -> None:
    found = tracking.client().get_experiment("0")
    assert tracking.artifacts() in found.artifact_location


def test_a_deleted_experiment_is_named_with_its_remedy() -> None:
    number = tracking.experiment("tracking_gone")
    tracking.client().delete_experiment(number)
    with pytest.raises(LifecycleError, match=r"restore it with 'MLFLOW_TRACKING_URI=.* mlflow experiments restore"):
        tracking.begin("tracking_gone", "run", "")


def test_an_unfinished_run_is_taken_up_and_a_finished_one_is_not() -> None:
    first = tracking.begin("tracking_begin", "run", "k")
    assert tracking.begin("tracking_begin", "run", "k") == first
    assert tracking.begin("tracking_begin", "run", "other") != first
    tracking.end(first)
    assert tracking.begin("tracking_begin", "run", "k") != first


def test_ending_a_run_twice_keeps_its_time() -> None:
    run = tracking.begin("tracking_end", "run", "")
    tracking.end(run)
    ended = tracking.client().get_run(run).info.end_time
    tracking.end(run)
    assert tracking.client().get_run(run).info.end_time == ended


def test_what_is_logged_twice_is_there_once() -> None:
    run = tracking.begin("tracking_log", "run", "")
    for _ in range(2):
        tracking.log(run, {"depth": 3}, {"ndcg@10": 0.5}, {"colour": "red"})
        tracking.dataset(run, "t.raw", "f" * 64, "{}", "{}")
    tracking.log(run, {"depth": 4})
    found = tracking.client().get_run(run)
    assert found.data.params == {"depth": "3"}
    assert found.data.metrics == {"ndcg_at_10": 0.5}
    assert found.data.tags["colour"] == "red"
    assert found.inputs
    assert [(each.dataset.name, each.dataset.digest) for each in found.inputs.dataset_inputs] == [("t.raw", "f" * 36)]


def test_an_artifact_is_read_as_it_was_written_and_the_newer_replaces_the_older() -> None:
    run = tracking.begin("tracking_artifact", "run", "")
    first = tracking.write(run, "deep/note.txt", "one")
    second = tracking.write(run, "deep/note.txt", "zwei ü")
    assert tracking.read(run, "deep/note.txt", second) == "zwei ü".encode()
    assert tracking.read(run, "deep/note.txt", first) == b"one"  # whoever was registered with it still reads it
    assert [item.path for item in tracking.client().list_artifacts(run, "deep")] == ["deep/note.txt"]


def test_a_missing_artifact_is_named() -> None:
    run = tracking.begin("tracking_missing", "run", "")
    with pytest.raises(LifecycleError, match=r"should hold the artifact 'evaluation.json', found none"):
        tracking.read(run, "evaluation.json", {"evaluation.json": "0" * 64})


@pytest.mark.parametrize(
    ("place", "folder"),
    [("/a/b", "/a/b"), ("file:///a/b%20c", "/a/b c"), ("/a/50% b", "/a/50% b"), ("s3://bucket/b", None), ("mlflow-artifacts:/x", None)],
)
def test_only_a_folder_of_this_machine_is_local(place: str, folder: str | None) -> None:
    found = tracking.local(place)
    assert (str(found) if found else None) == folder


def test_a_run_that_a_killed_process_left_open_and_nobody_took_up_is_closed_as_killed() -> None:
    left, young = (tracking.begin("tracking_left", "run", key) for key in ("old key", "young key"))
    with psycopg.connect(lake().server.conninfo("mlflow"), autocommit=True) as connection:
        connection.execute("UPDATE runs SET start_time = start_time - %s WHERE run_uuid = %s", [3 * 24 * 3600 * 1000, left])
    tracking.begin("tracking_left", "run", "new key")
    assert [tracking.client().get_run(run).info.status for run in (left, young)] == ["KILLED", "RUNNING"]


def test_a_run_says_what_it_is_about_who_made_it_and_where_that_shows() -> None:
    page = tracking.origin.set("http://127.0.0.1:4200/runs/flow-run/1")
    try:
        run = tracking.client().get_run(tracking.begin("tracking_said", "run", "", "A table of visits."))
    finally:
        tracking.origin.reset(page)
    assert run.data.tags["mlflow.note.content"] == "A table of visits.\n\nMade by [this Prefect flow run](http://127.0.0.1:4200/runs/flow-run/1)."
    assert run.data.tags["mlflow.source.name"] == "lifecycle"
    assert run.data.tags["mlflow.user"] == tracking.user()


def test_an_experiment_opens_as_model_training_also_one_that_was_made_before() -> None:
    client, kind = tracking.client(), "mlflow.experimentKind"
    client.create_experiment("tracking_older")
    for name in ("tracking_newer", "tracking_older"):
        assert client.get_experiment(tracking.experiment(name)).tags[kind] == "custom_model_development"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of S3-compatible storage, in which the artifacts of a run lie, and of another, and what is not ours."""
    import boto3

    with storage() as variables:
        for name, value in {**variables, "LIFECYCLE_STORAGE": "s3://data/team"}.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        client: Any = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"])
        for name in (
            "team/mlflow/toy/1/artifacts/plots/curve.png",
            "team/mlflow/toy/1/artifacts/evaluation.json",
            "team/mlflow/toy/12/artifacts/x",
            "other/x",
        ):
            client.put_object(Bucket="data", Key=name, Body=b"12345")
        yield client
        client.close()
    monkeypatch.undo()
    settings.cache_clear()


def test_the_files_of_a_run_in_s3_go_with_it_and_nothing_else_does(bucket: Any) -> None:
    assert tracking.erase("s3://data/team/mlflow/toy/1/artifacts") == 10
    assert tracking.erase("s3://data/other") == 0
    left = {each["Key"] for each in bucket.list_objects_v2(Bucket="data")["Contents"]}
    assert {name for name in left if name.startswith("team/mlflow/toy/")} == {"team/mlflow/toy/12/artifacts/x"}
    assert "other/x" in left
