"""The gate's rules, over numbers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lifecycle.gate import Comparison, Difference, GateEvidence, Look, VerdictNumbers, checks, decide, numbers, overfit, praise, questions
from lifecycle.gate.findings import GroupDifference, Telling, TooGood, WorstSlice
from lifecycle.references import Verdict
from lifecycle.usecase import Gate, UseCase
from tests.toys import toy

WEAKEST = WorstSlice(
    column="gender", slice="m", rows=900, enough=True, value=0.8, low=0.78, high=0.82, constant=0.5, kept=0.8,
    confidence=0.975, looked_at=2, kept_at_best=0.9,
)  # fmt: skip
GOOD = GateEvidence(
    metric="roc_auc",
    holdout={"roc_auc": 0.85, "brier": 0.12},
    rows=2_000,
    cross_validated=False,
    overfit=0.05,
    constant=Difference(0.35, 0.33, 0.37, 0.95),
    linear=Difference(0.01, -0.01, 0.03, 0.95),
    slice=WEAKEST,
    unfair={"gender": GroupDifference(verdict="different", between=("f", "m"), value=0.1, low=0.02)},
    minority=500,
    days=20,
    all_days=100,
)
BETTER = Comparison(champion=3, rows=1_500, look=Look(), difference=Difference(0.02, 0.01, 0.03, 0.95, 0.014), minority=400, days=20)


def use_case(**rules: Any) -> UseCase:
    return toy("gate_rules", gate=Gate(**rules))


def reasons(evidence: GateEvidence = GOOD, comparison: Comparison | None = BETTER, **rules: Any) -> list[str]:
    return decide(use_case(**rules), evidence, comparison)


def test_nothing_speaks_against_a_challenger_that_is_shown_to_be_better() -> None:
    assert reasons() == []


def test_a_first_model_needs_no_champion_to_beat() -> None:
    assert reasons(comparison=None) == []


@pytest.mark.parametrize("low", [0.0, -0.01])
def test_an_interval_that_reaches_zero_is_not_shown_to_be_better(low: float) -> None:
    comparison = replace(BETTER, difference=Difference(0.02, low, 0.03, 0.95))
    (reason,) = reasons(comparison=comparison)
    assert reason.startswith("not shown to be better than version 3: roc_auc +0.02 [")
    assert "on 1,500 rows" in reason


def test_without_an_interval_nothing_is_shown() -> None:
    assert "has no interval" in reasons(comparison=replace(BETTER, difference=None))[0]
    assert "has no interval" in reasons(comparison=replace(BETTER, difference=Difference(0.2, None, None, 0.95)))[0]
    assert "has no interval" in reasons(replace(GOOD, constant=None))[0]


def test_too_few_rows_are_a_verdict_of_their_own() -> None:
    assert reasons(comparison=replace(BETTER, rows=143, difference=None)) == [
        "not enough evidence: 143 rows that neither it nor version 3 has seen, 400 needed"
    ]
    assert reasons(replace(GOOD, rows=143), None) == ["not enough evidence: 143 rows, 400 needed"]


def test_cross_validated_small_data_is_judged_by_its_interval_however_few_its_rows() -> None:
    assert reasons(replace(GOOD, rows=150, cross_validated=True), None) == []
    assert reasons(replace(GOOD, rows=150, cross_validated=True), replace(BETTER, rows=150, refitted=True)) == []


def test_an_error_must_be_at_most_its_minimum_metric_and_a_score_at_least() -> None:
    assert reasons(minimum={"roc_auc": 0.85, "brier": 0.12}) == []
    found = reasons(minimum={"roc_auc": 0.86, "brier": 0.11})
    assert found == ["roc_auc must be at least 0.86, found 0.85", "brier must be at most 0.11, found 0.12"]
    assert "undefined" in reasons(minimum={"log_loss": 0.5})[0]


def test_a_model_must_be_shown_to_beat_a_constant_and_must_not_be_behind_a_linear_one() -> None:
    assert reasons(replace(GOOD, constant=Difference(0.01, 0.0, 0.02, 0.95)))[0].startswith("not shown to beat a blind guess")
    assert reasons(replace(GOOD, linear=Difference(-0.02, -0.03, -0.01, 0.95)))[0].startswith("behind a plain linear model")
    assert reasons(replace(GOOD, linear=Difference(-0.002, -0.01, 0.006, 0.95)))[0].startswith("behind a plain linear model")
    assert reasons(replace(GOOD, linear=Difference(0.0, 0.0, 0.0, 0.95))) == []  # it is the linear model


def test_the_plainest_family_which_nothing_can_take_the_place_of_must_be_shown_to_be_behind() -> None:
    plainest = replace(GOOD, plainest=True)
    assert reasons(replace(plainest, linear=Difference(-0.002, -0.01, 0.006, 0.95))) == []
    assert reasons(replace(plainest, linear=Difference(-0.02, -0.03, -0.01, 0.95)))[0].startswith("behind a plain linear model")


def test_a_gap_between_train_and_gate_above_the_limit_is_overfitting() -> None:
    assert reasons(replace(GOOD, overfit=0.5)) == []
    assert reasons(replace(GOOD, overfit=0.55))[0].startswith("overfits: 55%")
    assert reasons(replace(GOOD, overfit=None)) == []


def test_what_is_shown_to_beat_the_plain_baselines_may_remember_its_training_rows() -> None:
    good = replace(GOOD, overfit=0.9, linear=Difference(0.03, 0.02, 0.04, 0.95))
    assert reasons(good) == []
    (looked,) = [check for check in checks(use_case(), good, BETTER) if check.check.startswith("gain lost")]
    assert (looked.found, looked.passed) == (0.9, True)
    assert reasons(replace(good, linear=None))[0].startswith("overfits: 90%")


def test_too_few_positives_are_a_verdict_of_their_own() -> None:
    assert reasons(comparison=replace(BETTER, minority=19)) == ["not enough evidence: 19 rows of the rarer class, 20 needed"]
    assert reasons(replace(GOOD, minority=9), None, positives=10) == ["not enough evidence: 9 rows of the rarer class, 10 needed"]
    assert reasons(replace(GOOD, minority=None), None) == []


def test_too_few_days_are_a_verdict_of_their_own_unless_the_table_has_no_more() -> None:
    assert reasons(comparison=replace(BETTER, days=4)) == ["not enough evidence: 4 days, 5 needed"]
    assert reasons(comparison=replace(BETTER, days=9), days=14) == ["not enough evidence: 9 days, 14 needed"]
    assert reasons(replace(GOOD, all_days=2), replace(BETTER, days=2)) == []
    assert reasons(comparison=replace(BETTER, days=None)) == []


def test_a_gain_must_be_shown_to_exceed_what_is_worth_a_change() -> None:
    assert reasons(min_gain=0.005) == []
    (reason,) = reasons(min_gain=0.01)
    assert reason.startswith("not shown to be better than version 3 by more than 0.01: roc_auc +0.02 [")
    assert reason.endswith("a gain of 0.024 would have been shown in four of five cases")


def test_only_a_slice_or_a_group_that_is_shown_to_be_bad_counts() -> None:
    noisy = WEAKEST.model_copy(update={"kept": 0.3, "kept_at_best": 0.6})
    assert reasons(replace(GOOD, slice=noisy)) == []
    assert "weak on gender = m: it keeps 30% (at best 40%)" in reasons(replace(GOOD, slice=noisy.model_copy(update={"kept_at_best": 0.4})))[0]
    unsure = GroupDifference(verdict="different", between=("f", "m"), value=0.3, low=0.1)
    assert reasons(replace(GOOD, unfair={"gender": unsure})) == []
    (shown,) = reasons(replace(GOOD, unfair={"gender": unsure.model_copy(update={"low": 0.25})}))
    assert "unfair by gender: the true-positive rate of f is 0.30 above" in shown
    assert reasons(replace(GOOD, unfair={"gender": GroupDifference(verdict="not enough evidence", least=30)})) == []


def test_all_reasons_are_given_and_the_worst_comes_first() -> None:
    bad = replace(GOOD, blocked="rolled back by ana: alarms", overfit=0.9, constant=Difference(0.0, -0.1, 0.1, 0.95))
    found = reasons(bad, replace(BETTER, difference=Difference(0.0, -0.1, 0.1, 0.95)), minimum={"roc_auc": 0.9})
    starts = ["never promoted automatically again: rolled back by ana", "roc_auc must", "not shown to beat", "not shown to be better", "overfits"]
    assert [reason.startswith(start) for reason, start in zip(found, starts, strict=True)] == [True] * 5


def test_the_verdict_says_which_look_it_is_and_the_smallest_gain_that_it_can_see() -> None:
    comparison = replace(BETTER, look=Look(5, 2), difference=Difference(0.01, -0.01, 0.03, 0.99, 0.03))
    (reason,) = reasons(comparison=comparison)
    assert reason.endswith(
        "on 1,500 rows, the 5th look at these rows, the 2nd set of rows under this champion; a gain of 0.03 would have been shown in four of five cases"
    )
    found = numbers(use_case(), GOOD, comparison)
    assert (found.look, found.rows_renewed, found.visible_gain, found.challengers_before) == (5, 2, 0.03, 4)


def test_a_champion_that_cannot_be_asked_is_said_and_not_beaten() -> None:
    assert reasons(comparison=replace(BETTER, difference=None, obstacle="its family is gone")) == [
        "not shown to be better than version 3: its family is gone"
    ]


@pytest.mark.parametrize(("metric", "train", "held", "constant", "share"), [("roc_auc", 0.9, 0.8, 0.5, 0.25), ("brier", 0.05, 0.10, 0.25, 0.25)])
def test_overfitting_is_a_share_of_the_gain_for_scores_and_for_errors(metric: str, train: float, held: float, constant: float, share: float) -> None:
    class Numbers:
        pass

    evaluated: Any = Numbers()
    evaluated.metric, evaluated.train, evaluated.holdout, evaluated.baseline = metric, {metric: train}, {metric: held}, {metric: constant}
    assert overfit(use_case(), evaluated) == pytest.approx(share)


def test_the_numbers_are_plain_and_the_praise_names_them() -> None:
    text = json.dumps(numbers(use_case(), GOOD, BETTER).as_json())
    plain = json.loads(text)
    assert plain["over_champion"] == {"value": 0.02, "low": 0.01, "high": 0.03}
    assert (plain["metric"], plain["roc_auc"]) == ("roc_auc", 0.85)
    assert plain["worst_slice"]["kept_at_best"] == 0.9
    assert plain["fairness"] == {"gender": {"between": ["f", "m"], "value": 0.1, "low": 0.02, "verdict": "different"}}
    assert "value" not in plain
    assert praise(use_case(), GOOD, BETTER) == (
        "better than version 3: roc_auc +0.02 [+0.01, +0.03] at 0.95 confidence on 1,500 rows, the 1st look at these rows;"
        " a gain of 0.014 would have been shown in four of five cases"
    )
    assert praise(use_case(), GOOD, None).startswith("the first champion: roc_auc 0.85, better than a blind guess by +0.35")


@pytest.mark.parametrize("kept", ["{}", '{"metric": "roc_auc", "roc_auc": 0.85, "rows": 900, "waiting": true}'])
def test_the_numbers_of_a_ledger_of_before_are_read_and_shown_as_they_were(kept: str) -> None:
    found = VerdictNumbers.from_json(kept)
    assert found.as_json() == json.loads(kept)
    assert Verdict(use_case="old", version=1, promoted=True, reason="", champion=None, numbers=found).model_dump()["numbers"] == json.loads(kept)
    assert (found.value, found.waiting, found.checks) == ((0.85, True, ()) if kept != "{}" else (None, False, ()))


def test_where_rows_have_an_order_a_model_must_be_shown_to_beat_the_last_known_label() -> None:
    assert reasons(replace(GOOD, last=Difference(0.05, 0.01, 0.09, 0.95))) == []
    (found,) = reasons(replace(GOOD, last=Difference(0.05, -0.01, 0.09, 0.95)))
    assert found.startswith("not shown to beat the last known label: roc_auc +0.05 [-0.01, +0.09]")
    assert reasons(replace(GOOD, last=Difference(0.05, None, None, 0.95)))


def test_a_score_that_is_too_good_to_be_true_asks_a_person_unless_the_definition_allows_it() -> None:
    perfect = replace(GOOD, too_good=TooGood(value=0.9999, rows=800, columns=(Telling(columns=("refund",), value=0.9998),)))
    assert reasons(perfect) == []
    (asked,) = questions(checks(use_case(), perfect, BETTER))
    assert asked.startswith("too good to be true: roc_auc 0.9999 on 800 rows; a model of refund alone has 0.9998")
    (looked,) = [check for check in checks(use_case(), perfect, BETTER) if check.asks]
    assert not looked.passed
    assert questions(checks(use_case(too_good="allow"), perfect, BETTER)) == []
    assert questions(checks(use_case(), GOOD, BETTER)) == []


def test_what_makes_a_score_too_good_is_said_alone_together_or_not_at_all() -> None:
    def said(*columns: Telling) -> str:
        return str(TooGood(value=1.0, rows=800, columns=columns))

    assert said(Telling(columns=("paid",), value=1.0), Telling(columns=("owed",), value=0.99)) == "a model of paid and owed alone has 1, 0.99"
    assert said(Telling(columns=("paid", "owed"), value=1.0)) == "a model of paid with owed alone has 1"
    assert said(Telling(columns=("a", "b", "c"), value=None)) == "no column and no two give it alone, a, b, c matter most"


def test_a_deployed_fit_that_is_shown_to_do_worse_than_the_judged_one_is_refused() -> None:
    (reason,) = reasons(replace(GOOD, deployed=Difference(-0.05, -0.08, -0.02, 0.99)))
    assert reason.startswith("the fit on all rows disagrees with the judged one beyond what more rows explain: roc_auc -0.05 [")
    for found in (Difference(0.02, 0.01, 0.03, 0.99), Difference(-0.01, -0.03, 0.01, 0.99), Difference(-0.5, None, None, 0.99), None):
        assert reasons(replace(GOOD, deployed=found)) == []
