"""Registering an evaluated model."""

import json

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.references import Evaluated, Parts
from lifecycle.stages import register
from lifecycle.store import tracking, versions
from tests.challengers import evaluated, parts_of
from tests.toys import toy

USE_CASE = toy("register_toy", parameters={"rows": 2_500})


@pytest.fixture(scope="module")
def parts() -> Parts:
    """The toy's rows, divided."""
    return parts_of(USE_CASE)


@pytest.fixture
def ready(parts: Parts) -> Evaluated:
    """An evaluated model whose run is still open."""
    return evaluated(USE_CASE, parts)


def test_a_version_names_all_it_was_made_from(ready: Evaluated) -> None:
    made = register.register(USE_CASE, ready)
    snapshot = ready.trained.parts.features.snapshot
    tags = tracking.client().get_model_version(USE_CASE.name, str(made.version)).tags
    assert tags["lifecycle.sha256"] == ready.trained.sha256
    assert tags["lifecycle.lake_version"] == str(snapshot.version)
    assert tags["lifecycle.snapshot_fingerprint"] == snapshot.fingerprint
    assert tags["lifecycle.metric"] == "roc_auc"
    assert {"lifecycle.git_commit", "lifecycle.git_dirty", "lifecycle.lock_sha256", "lifecycle.key"} <= set(tags)


def test_any_process_can_rebuild_the_reference(ready: Evaluated) -> None:
    made = register.register(USE_CASE, ready)
    assert versions.version(USE_CASE.name, made.version) == made
    assert made.evaluated == ready


def test_the_run_is_closed_with_card_dataset_and_lock(ready: Evaluated) -> None:
    made = register.register(USE_CASE, ready)
    run = tracking.client().get_run(made.run_id)
    assert run.info.status == "FINISHED"
    assert {"model_card.md", "reference.json", "requirements.lock"} <= {item.path for item in tracking.client().list_artifacts(made.run_id)}
    assert run.inputs
    (data,) = [each.dataset for each in run.inputs.dataset_inputs]
    snapshot = ready.trained.parts.features.snapshot
    assert data.digest == snapshot.fingerprint[:36]
    assert json.loads(data.source)["lake_version"] == snapshot.version
    assert "# " in versions.artifact(made, "model_card.md").decode()


def test_registered_twice_it_is_one_version(ready: Evaluated) -> None:
    assert register.register(USE_CASE, ready) == register.register(USE_CASE, ready)


def test_a_kill_before_the_run_was_closed_is_healed_by_the_next_try(ready: Evaluated, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(tracking, "end", lambda run_id: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            register.register(USE_CASE, ready)
    before = len(tracking.client().search_model_versions(f"name = '{USE_CASE.name}'"))
    made = register.register(USE_CASE, ready)
    assert len(tracking.client().search_model_versions(f"name = '{USE_CASE.name}'")) == before
    assert tracking.client().get_run(made.run_id).info.status == "FINISHED"


def test_a_kill_between_mlflow_and_our_record_is_completed_by_the_next_try(ready: Evaluated, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(versions, "keep", lambda version: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            register.register(USE_CASE, ready)
    left = max(int(each.version) for each in tracking.client().search_model_versions(f"name = '{USE_CASE.name}'"))
    with pytest.raises(LifecycleError, match="must have been registered by Lifecycle"):
        versions.version(USE_CASE.name, left)
    made = register.register(USE_CASE, ready)
    assert made.version == left
    assert versions.version(USE_CASE.name, left) == made
    assert f", version {left}" in versions.artifact(made, "model_card.md").decode()


def test_a_number_is_never_given_twice(ready: Evaluated) -> None:
    made = register.register(USE_CASE, ready)
    tracking.client().delete_registered_model(USE_CASE.name)  # MLflow would begin at 1 again
    again = register.register(USE_CASE, ready)
    assert again.version == made.version + 1
    assert versions.numbers(USE_CASE.name) == [again.version]
    assert again.evaluated == made.evaluated


def test_every_file_that_is_read_back_has_its_hash(ready: Evaluated) -> None:
    made = register.register(USE_CASE, ready)
    assert {"evaluation.json", "model_card.md", "reference.json", "requirements.lock"} <= set(made.files)
    assert made.hashes["model"] == ready.trained.sha256
    versions.verify(made, shown=True)


def test_another_evaluation_of_the_same_run_is_another_version(ready: Evaluated) -> None:
    first = register.register(USE_CASE, ready)
    second = register.register(USE_CASE, ready.model_copy(update={"baseline": {"roc_auc": 0.51}}))
    assert second.version > first.version


def test_an_undefined_metric_survives_the_registry(ready: Evaluated) -> None:
    made = register.register(USE_CASE, ready.model_copy(update={"linear": {"roc_auc": float("nan")}}))
    assert str(versions.version(USE_CASE.name, made.version).evaluated.linear["roc_auc"]) == "nan"


def test_registering_sets_no_alias(ready: Evaluated) -> None:
    register.register(USE_CASE, ready)
    assert tracking.client().get_registered_model(USE_CASE.name).aliases == {}
