"""The gate at work on real models, and the one way to become champion."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

from lifecycle import history
from lifecycle.decisions import promote_by_hand
from lifecycle.evaluation.compare import unseen
from lifecycle.gate.numbers import Gain
from lifecycle.references import ModelVersion, Parts, Recipe
from lifecycle.sources import Generated
from lifecycle.splits import TimeSplit
from lifecycle.stages import promote
from lifecycle.stages.promote import promote as judge
from lifecycle.stages.register import register
from lifecycle.store import models, tracking
from lifecycle.store.lake import lake
from lifecycle.usecase import Gate, UseCase
from tests.challengers import evaluated, parts_of
from tests.toys import toy, visit_source

WEAK, MIDDLE, STRONG = ("log_amount",), ("amount",), ("amount", "kind")


def challenger(use_case: UseCase, parts: Parts, inputs: tuple[str, ...] = STRONG, **changes: Any) -> ModelVersion:
    return register(use_case, evaluated(use_case, parts, inputs, **changes))


def aliases(use_case: UseCase) -> dict[str, int]:
    found = tracking.client().get_registered_model(use_case.name).aliases
    return {name: int(version) for name, version in found.items()}


def made(name: str, rows: int = 2_500, **changes: Any) -> tuple[UseCase, Parts]:
    use_case = toy(name, parameters={"rows": rows}, **changes)
    return use_case, parts_of(use_case)


def test_the_better_is_promoted_the_worse_is_not_and_the_ledger_says_why() -> None:
    use_case, parts = made("promote_order")
    first = judge(use_case, challenger(use_case, parts, MIDDLE))
    assert first.promoted
    assert first.reason.startswith("the first champion: roc_auc 0.")
    second = judge(use_case, challenger(use_case, parts, STRONG))
    assert second.promoted
    assert second.champion == first.version
    assert ((second.numbers.over_champion and second.numbers.over_champion.low) or 0) > 0
    third = judge(use_case, challenger(use_case, parts, MIDDLE))
    assert not third.promoted
    assert third.reason.startswith(f"not shown to be better than version {second.version}: roc_auc -0.")
    assert aliases(use_case) == {"champion": second.version, "previous": first.version, "challenger": third.version}
    assert history.history(use_case.name)["promoted"].to_list() == [True, True, False]
    champion = history.champion(use_case.name)
    assert champion
    assert champion.version == second.version


def test_the_same_model_again_is_not_shown_to_be_better() -> None:
    use_case, parts = made("promote_equal")
    judge(use_case, challenger(use_case, parts))
    verdict = judge(use_case, challenger(use_case, parts))
    assert not verdict.promoted
    assert verdict.numbers.over_champion == Gain(value=0.0, low=0.0, high=0.0)


def test_judged_again_a_version_has_the_same_verdict_and_leaves_no_second_row() -> None:
    use_case, parts = made("promote_again")
    version = challenger(use_case, parts)
    assert judge(use_case, version) == judge(use_case, version)
    assert history.history(use_case.name).height == 1


def test_every_challenger_on_the_same_rows_needs_more_confidence() -> None:
    use_case, parts = made("promote_repeated")
    judge(use_case, challenger(use_case, parts))
    found = [judge(use_case, challenger(use_case, parts, MIDDLE)).numbers for _ in range(3)]
    assert [one.look for one in found] == [1, 2, 3]
    assert [one.challengers_before for one in found] == [0, 1, 2]
    assert [one.confidence for one in found] == pytest.approx([0.95, 1 - 0.05 / 4, 1 - 0.05 / 12])


def test_two_who_judge_the_same_version_at_once_leave_one_verdict() -> None:
    use_case, parts = made("promote_twice")
    version = challenger(use_case, parts)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: judge(use_case, version), range(2))
    assert first == second
    assert history.history(use_case.name).height == 1


@pytest.mark.parametrize("moment", ["before the ledger", "before the aliases"])
def test_a_kill_in_the_middle_is_healed_by_the_next_try(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_case, parts = made("promote_killed_" + moment.split()[-1])
    old, new = (challenger(use_case, parts, inputs) for inputs in (MIDDLE, STRONG))
    judge(use_case, old)
    where, name = {"before the ledger": (promote, "record"), "before the aliases": (tracking.client(), "set_registered_model_alias")}[moment]
    with monkeypatch.context() as broken:
        broken.setattr(where, name, lambda *given, **more: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            judge(use_case, new)
    assert aliases(use_case)["champion"] == old.version
    assert judge(use_case, new).promoted
    assert aliases(use_case) == {"champion": new.version, "previous": old.version}
    assert history.history(use_case.name).height == 2


def test_an_alias_that_other_hands_moved_is_moved_back() -> None:
    use_case, parts = made("promote_moved")
    versions = [challenger(use_case, parts, inputs) for inputs in (STRONG, MIDDLE)]
    judge(use_case, versions[0])
    tracking.client().set_registered_model_alias(use_case.name, "champion", str(versions[1].version))
    judge(use_case, versions[1])
    assert aliases(use_case)["champion"] == versions[0].version


def test_a_report_that_shows_unfairness_stops_a_promotion() -> None:
    use_case, parts = made("promote_unfair")
    shown = {"verdict": "different", "between": ["f", "m"], "value": 0.5, "low": 0.4, "high": 0.6}
    report = {"fairness": {"gender": {"groups": {}, "true_positive_rate": {"groups": {}, "difference": shown}}}}
    unfair = evaluated(use_case, parts, report=report)
    trained = unfair.trained
    tracking.client().create_registered_model(use_case.name)
    source = f"models:/{models.logged_model(trained.run_id, trained.sha256).model_id}"
    number = int(tracking.client().create_model_version(use_case.name, source, trained.run_id).version)
    version = ModelVersion(  # by hand: its card would need every measure
        use_case=use_case.name, version=number, run_id=trained.run_id, sha256=trained.sha256, evaluated=unfair, files=unfair.files
    )
    verdict = judge(use_case, version)
    assert not verdict.promoted
    assert verdict.reason.startswith("unfair by gender")
    assert "champion" not in aliases(use_case)


def grown(name: str, rows: int, **changes: Any) -> UseCase:
    """The same use case when its source has so many rows."""
    return toy(name, source=Generated(visit_source, {"rows": rows}, deterministic=True), **changes)


def test_rows_that_the_champion_was_fitted_on_do_not_count() -> None:
    late = grown("promote_time", 4_000, split=TimeSplit(0.8, 0.15, 0.05))
    old = challenger(late, parts_of(late), MIDDLE)
    early = grown("promote_time", 4_000, split=TimeSplit(0.4, 0.3, 0.3))  # most of this challenger's gate taught the champion
    new = challenger(early, parts_of(early), STRONG)
    rows = unseen(early, new, old)
    assert len(rows) == 200
    assert rows.info["_key"].cast(pl.Int64).min() == 3_800
    promote_by_hand(late, old.version)
    verdict = judge(early, new)
    assert verdict.reason.startswith("not enough evidence: 200 rows that neither it nor version 1 has seen, 400 needed")
    assert history.ledger(late.name)[-1].gate_rows == ""  # nobody looked at any row


def test_with_newer_rows_only_those_count_which_the_champion_has_not_seen() -> None:
    split = TimeSplit(0.6, 0.2, 0.2)
    young = grown("promote_newer", 2_000, split=split)
    first = parts_of(young)
    old = challenger(young, first, MIDDLE)
    later = grown("promote_newer", 3_000, split=split)
    new = challenger(later, parts_of(later), STRONG)
    keys = unseen(later, new, old).info["_key"].cast(pl.Int64).to_list()
    assert min(keys) >= 2_400  # the challenger's gate; the champion was fitted on the first 1 600
    assert max(keys) == 2_999
    judge(young, old)
    verdict = judge(later, new)
    assert verdict.promoted
    assert verdict.numbers.rows == len(keys)


def test_a_champion_of_other_features_is_asked_with_those_it_had() -> None:
    use_case, parts = made("promote_renamed", features=lambda rows: rows.select("amount", "kind", old=pl.col("amount")))
    old = challenger(use_case, parts, ("old",))
    assert judge(use_case, old).promoted
    renamed = toy(use_case.name, parameters={"rows": 2_500}, features=lambda rows: rows.select("amount", "kind", new=pl.col("amount")))
    verdict = judge(renamed, challenger(renamed, parts_of(renamed), ("new", "kind")))
    assert verdict.promoted
    assert verdict.numbers.rows == parts.counts["gate"]


def test_under_another_split_the_champion_has_seen_all_it_was_given() -> None:
    use_case, parts = made("promote_resplit", split=TimeSplit())
    old = challenger(use_case, parts, MIDDLE)
    assert judge(use_case, old).promoted
    resplit = toy(use_case.name, parameters={"rows": 2_500})
    verdict = judge(resplit, challenger(resplit, parts_of(resplit)))
    assert verdict.reason.startswith("not enough evidence: 0 rows that neither it nor version 1 has seen")


def test_on_small_data_recipes_are_compared_in_the_same_folds() -> None:
    use_case, parts = made("promote_small", rows=350)
    (defaults,) = [dict(each.defaults) for each in use_case.candidates if each.name == "linear"]
    linear, timid = (Recipe(candidate="linear", params=params) for params in (defaults, {**defaults, "alpha": 1e6}))
    small: dict[str, Any] = {"mode": "cross-validation"}
    first = challenger(use_case, parts, **small, recipe=linear)
    promote_by_hand(use_case, first.version)
    same = judge(use_case, challenger(use_case, parts, **small, recipe=linear))
    assert same.numbers.over_champion == Gain(value=0.0, low=0.0, high=0.0)
    other = judge(use_case, challenger(use_case, parts, **small, recipe=timid))
    assert other.numbers.rows == 350
    assert other.numbers.over_champion
    assert other.numbers.over_champion.value < 0
    assert other.numbers.challengers_before == 1
    gone = toy(use_case.name, parameters={"rows": 350}, candidates=tuple(each for each in use_case.candidates if each.name != "linear"))
    stuck = judge(gone, challenger(gone, parts, **small, recipe=timid))
    assert f"not shown to be better than version {stuck.champion}: its family 'linear' is no candidate" in stuck.reason


def test_the_minimum_of_the_definition_holds() -> None:
    use_case, parts = made("promote_minimum", gate=Gate(minimum={"roc_auc": 0.99}))
    assert judge(use_case, challenger(use_case, parts)).reason.startswith("roc_auc must be at least 0.99, found 0.")
    assert lake().value(f"SELECT count(*) FROM {use_case.name}.promotions WHERE promoted") == 0
