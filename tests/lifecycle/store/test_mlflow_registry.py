"""Other hands in MLflow's registry: nothing that they put there is run or believed, and nothing that they take away ends a use case."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifecycle import decisions, history, lineage
from lifecycle.errors import LifecycleError, Lost
from lifecycle.references import ModelVersion, Parts
from lifecycle.reproduce import reproduce
from lifecycle.stages.monitor import monitor
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.store import models, tracking, versions
from lifecycle.usecase import UseCase
from tests import served
from tests.challengers import evaluated, parts_of
from tests.meddling import place, planted, spoilt, sprung
from tests.toys import toy

pytestmark = pytest.mark.usefixtures("emptied")

MIDDLE, STRONG = ("amount",), ("amount", "kind")


def made(name: str) -> tuple[UseCase, Parts]:
    use_case = toy(name, parameters={"rows": 2_500})
    return use_case, parts_of(use_case)


def challenger(use_case: UseCase, parts: Parts, inputs: tuple[str, ...] = STRONG) -> ModelVersion:
    return register(use_case, evaluated(use_case, parts, inputs))


def two(name: str) -> tuple[UseCase, Parts, ModelVersion]:
    """A use case whose second version is champion and whose first was it before; and the champion."""
    use_case, parts = made(name)
    served.champion(use_case, parts, alpha=50.0, beside=served.beside)
    return use_case, parts, served.champion(use_case, parts, alpha=1.0, beside=served.beside)


def scored(use_case: UseCase, parts: Parts) -> int:
    return score(use_case, parts.features).version


def differing(use_case: UseCase) -> list[str]:
    return history.differing(use_case.name, history.standing(history.ledger(use_case.name)))


def test_a_pickle_that_was_planted_with_matching_tags_is_never_run(tmp_path: Path) -> None:
    use_case, parts, champion = two("meddled_pickle")
    mark = tmp_path / "ran"
    folder = planted(champion, mark)
    for ask in (
        lambda: scored(use_case, parts),
        lambda: monitor(use_case, parts.features),
        lambda: reproduce(use_case, champion.version),
    ):
        with pytest.raises(Lost, match=r"its files must have the SHA-256 .* roll back and train again"):
            ask()
        assert not mark.exists()
    verdict = promote(use_case, challenger(use_case, parts))  # the challenger is judged without it
    assert verdict.promoted
    assert "judged without a champion: model of MLflow run" in verdict.reason
    assert scored(use_case, parts) == 3
    assert not mark.exists()
    assert sprung(mark, folder)


def test_a_pickle_that_was_planted_in_a_challenger_is_neither_compared_nor_promoted(tmp_path: Path) -> None:
    use_case, parts = made("meddled_challenger")
    promote(use_case, challenger(use_case, parts, MIDDLE))
    new, mark = challenger(use_case, parts, STRONG), tmp_path / "ran"
    planted(new, mark)
    with pytest.raises(Lost, match="its files must have the SHA-256"):
        promote(use_case, new)
    assert not mark.exists()
    assert history.standing(history.ledger(use_case.name)).champion == 1


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("evaluation.json", lambda use_case, parts, version: promote(use_case, version)),
        ("profile.json", lambda use_case, parts, version: monitor(use_case, parts.features, version)),
        ("model_card.md", lambda use_case, parts, version: versions.artifact(version, "model_card.md")),
        ("compiled/model.onnx", lambda use_case, parts, version: score(use_case, parts.features, version)),
    ],
)
def test_a_file_that_was_changed_beside_the_model_is_refused_before_it_is_read(path: str, ask: Callable[..., Any]) -> None:
    use_case, parts = made(f"meddled_{path.split('.')[0].replace('/', '_')}")
    version = served.registered(use_case, parts, beside=served.beside)
    spoilt(path)(version)
    with pytest.raises(Lost, match=rf"its artifact '{path}' must have the SHA-256 .* it was written with, found .*; somebody changed it: restore it"):
        ask(use_case, parts, version)


def test_an_evaluation_that_was_changed_before_registration_is_refused() -> None:
    use_case, parts = made("meddled_early")
    ready = evaluated(use_case, parts)
    run = tracking.local(tracking.location(ready.trained.run_id))
    assert run
    (run / "evaluation.json").write_text("{}")
    with pytest.raises(Lost, match=r"its artifact 'evaluation\.json' must have the SHA-256"):
        register(use_case, ready)
    assert versions.recorded(use_case.name) == []


def test_tags_that_were_changed_change_nothing_and_are_named() -> None:
    use_case, parts, champion = two("meddled_tags")
    assert differing(use_case) == []
    client = tracking.client()
    client.set_model_version_tag(use_case.name, "2", versions.REFERENCE_TAG, "{}")
    client.set_model_version_tag(use_case.name, "2", versions.DIVISION_TAG, "other")
    client.set_logged_model_tags(models.logged_model(champion.run_id, champion.sha256).model_id, {models.SHA_TAG: "other"})
    models.load.cache_clear()
    assert versions.version(use_case.name, 2) == champion
    assert scored(use_case, parts) == 2
    assert models.load(champion.run_id, champion.sha256)  # the tag only finds it sooner
    (said,) = differing(use_case)
    assert said.startswith("in MLflow version 2 differs from what was registered in its tags lifecycle.division, lifecycle.evaluated: ")


def test_an_alias_that_was_moved_is_not_followed_and_is_named_until_the_next_decision_moves_it_back() -> None:
    use_case, parts, _ = two("meddled_alias")
    client = tracking.client()
    client.set_registered_model_alias(use_case.name, "champion", "1")
    assert scored(use_case, parts) == 2
    assert monitor(use_case, parts.features).version == 2
    (said,) = differing(use_case)
    assert said.startswith("MLflow's alias 'champion' points at version 1, and the promotions ledger says version 2, which holds")
    assert "'lifecycle promote meddled_alias 1'" in said
    client.delete_registered_model_alias(use_case.name, "champion")
    assert "MLflow's alias 'champion' is gone" in differing(use_case)[0]
    assert scored(use_case, parts) == 2
    promote(use_case, challenger(use_case, parts, MIDDLE))
    assert differing(use_case) == []


def test_the_ledger_names_the_hashes_of_what_it_decided_about() -> None:
    use_case, _, champion = two("meddled_ledger")
    row = history.ledger(use_case.name)[-1]
    assert row.hashes == champion.hashes
    assert {"model", "evaluation.json", "model_card.md", "compiled/model.onnx"} <= set(row.hashes)


def version_deleted(use_case: UseCase) -> None:
    tracking.client().delete_model_version(use_case.name, "2")


def model_deleted(use_case: UseCase) -> None:
    tracking.client().delete_registered_model(use_case.name)


def model_renamed(use_case: UseCase) -> None:
    tracking.client().rename_registered_model(use_case.name, f"{use_case.name}_other")


@pytest.mark.parametrize(
    ("meddle", "says"),
    [
        (version_deleted, "it was deleted in MLflow; return to version 1 with 'lifecycle rollback meddled_version_deleted', or make a new one"),
        (model_deleted, "the whole registered model 'meddled_model_deleted' was deleted in MLflow; make a new one"),
        (model_renamed, "MLflow has it under the name 'meddled_model_renamed_other' (rename that model back to 'meddled_model_renamed'"),
    ],
)
def test_a_champion_that_was_taken_away_is_one_sentence_everywhere_and_the_use_case_goes_on(meddle: Callable[[UseCase], None], says: str) -> None:
    use_case, parts, _ = two(f"meddled_{meddle.__name__}")
    meddle(use_case)
    for ask in (lambda: scored(use_case, parts), lambda: monitor(use_case, parts.features), lambda: history.champion(use_case.name)):
        with pytest.raises(Lost) as lost:
            ask()
        assert str(lost.value).startswith(f"use case '{use_case.name}': version 2 is champion by the promotions ledger")
        assert says in str(lost.value)
    assert says in " | ".join(differing(use_case))
    why = "under the name 'meddled_model_renamed_other'" if meddle is model_renamed else "was deleted in MLflow"
    for ask in (lambda: decisions.promote_by_hand(use_case, 2), lambda: reproduce(use_case, 2)):
        with pytest.raises(Lost) as lost:
            ask()
        assert why in str(lost.value)
    assert why in lineage.of_version(use_case, 2)["registry"]
    assert [row.model_version for row in history.ledger(use_case.name)] == [1, 2]
    new = challenger(use_case, parts)
    assert new.version == 3  # also where MLflow has forgotten its numbers
    verdict = promote(use_case, new)
    assert verdict.promoted
    assert "judged without a champion: " in verdict.reason
    assert why in verdict.reason
    assert scored(use_case, parts) == 3
    assert not any("version 3" in each for each in differing(use_case))


def test_after_a_champion_was_deleted_a_rollback_and_a_promotion_work() -> None:
    use_case, parts, _ = two("meddled_back")
    third = challenger(use_case, parts, MIDDLE)
    version_deleted(use_case)
    assert decisions.rollback(use_case, actor="ana").version == 1
    assert scored(use_case, parts) == 1
    assert differing(use_case) == []
    assert decisions.promote_by_hand(use_case, third.version).promoted
    tracking.client().delete_model_version(use_case.name, "1")
    with pytest.raises(Lost, match="version 1 must be a registered model version, and it was deleted in MLflow; there are versions 3"):
        decisions.rollback(use_case)
    assert "version 1, to which a rollback would return, is not in MLflow's registry: it was deleted" in differing(use_case)[0]
    assert scored(use_case, parts) == 3


def test_a_rollback_from_the_only_champion_says_what_to_do_where_that_one_was_deleted() -> None:
    use_case = toy("meddled_only", parameters={"rows": 2_500})
    version = challenger(use_case, parts_of(use_case))
    decisions.promote_by_hand(use_case, version.version)
    tracking.client().delete_model_version(use_case.name, "1")
    with pytest.raises(Lost, match="it was deleted in MLflow; make a new one with 'lifecycle run meddled_only --fresh'"):
        decisions.rollback(use_case)


def test_a_version_that_waits_and_was_deleted_cannot_be_approved_and_can_be_rejected() -> None:
    use_case = toy("meddled_waiting", parameters={"rows": 2_500}, approval="human")
    version = challenger(use_case, parts_of(use_case))
    promote(use_case, version)
    tracking.client().delete_model_version(use_case.name, "1")
    with pytest.raises(Lost, match="version 1 must be a registered model version, and it was deleted in MLflow; train one with"):
        decisions.approve(use_case)
    assert decisions.reject(use_case).reason.startswith("rejected by somebody")


def run_deleted(use_case: UseCase, champion: ModelVersion) -> None:
    tracking.client().delete_run(champion.run_id)


def experiment_deleted(use_case: UseCase, champion: ModelVersion) -> None:
    tracking.client().delete_experiment(tracking.experiment(use_case.name))


def logged_model_deleted(use_case: UseCase, champion: ModelVersion) -> None:
    tracking.client().delete_logged_model(models.logged_model(champion.run_id, champion.sha256).model_id)


def archived(use_case: UseCase, champion: ModelVersion) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's stages are deprecated, and its interface still offers them
        tracking.client().transition_model_version_stage(use_case.name, "2", "Archived")


@pytest.mark.parametrize("meddle", [run_deleted, experiment_deleted, logged_model_deleted, archived])
def test_what_mlflow_only_hides_is_still_what_was_registered_and_answers(meddle: Callable[[UseCase, ModelVersion], None]) -> None:
    use_case, parts, champion = two(f"hidden_{meddle.__name__}")
    meddle(use_case, champion)
    models.load.cache_clear()
    assert scored(use_case, parts) == 2
    assert monitor(use_case, parts.features).version == 2
    assert reproduce(use_case, 2)["rows"] == 2_500
    assert decisions.rollback(use_case).version == 1


def test_a_stage_that_decides_nothing_is_named() -> None:
    use_case, _, champion = two("hidden_stage")
    archived(use_case, champion)
    assert differing(use_case)[0].startswith("version 2 is in MLflow's stage 'Archived', which decides nothing: it answers until 'lifecycle rollback")


@pytest.mark.parametrize("gone", ["model", "compiled"])
def test_files_that_are_gone_are_one_sentence_and_the_next_challenger_takes_over(gone: str) -> None:
    use_case, parts, champion = two(f"gone_{gone}")
    model, run = place(champion)
    shutil.rmtree(model if gone == "model" else run / "compiled")
    says = "its files must lie in" if gone == "model" else "it should hold the artifact 'compiled/model.onnx', found none"
    with pytest.raises(Lost, match=says):
        scored(use_case, parts)
    models.load.cache_clear()
    assert promote(use_case, challenger(use_case, parts)).promoted
    assert scored(use_case, parts) == 3


def test_to_go_on_with_a_run_that_was_deleted_says_what_to_do() -> None:
    use_case, parts = made("gone_run")
    ready = evaluated(use_case, parts)
    tracking.client().delete_run(ready.trained.run_id)
    with pytest.raises(LifecycleError, match=r"must be there to go on with its model, found it deleted; restore it in MLflow, or train again with"):
        register(use_case, ready)


def test_a_version_that_was_registered_without_hashes_is_not_trusted() -> None:
    use_case, parts, champion = two("unrecorded")
    from lifecycle.store import records

    with records.opened() as connection:  # as a home of an older Lifecycle has it: tags, aliases and a ledger, and no record
        connection.execute("DELETE FROM lifecycle_versions WHERE use_case = %s AND version = 2", [use_case.name])
    says = "version 2: it must have been registered by Lifecycle, with the hashes of all that is loaded of it, found no such record"
    for ask in (lambda: scored(use_case, parts), lambda: decisions.promote_by_hand(use_case, 2), lambda: versions.version(use_case.name, 2)):
        with pytest.raises(Lost, match=says):
            ask()
    assert says in differing(use_case)[0]
    again = register(use_case, champion.evaluated)
    assert again.version == 3  # made anew, from what evaluation handed on, and not from MLflow's tags
    assert "judged without a champion" in promote(use_case, again).reason
