"""What a definition expects of a model's answers beside their being right."""

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from lifecycle import Direction, Invariance, KnownAnswers, Pairs
from lifecycle.errors import DefinitionError
from lifecycle.evaluation.behaviours import behaviours
from lifecycle.gate import checks, reasons
from lifecycle.gate.findings import BehaviourFound
from lifecycle.table.parts import rows
from tests.challengers import fitted, parts_of
from tests.lifecycle.test_gate import BETTER, GOOD, use_case
from tests.toys import START, toy

DEAR = {"visit": 9_999_999, "at": START, "customer": 1, "gender": "f", "amount": 900.0, "kind": "a", "age": 40.0, "bought": True}


@pytest.fixture(scope="module")
def judged() -> Any:
    """What a model that sees amount and kind shows of each behaviour."""
    plain = toy("behaving", parameters={"rows": 2_000})
    parts = parts_of(plain)
    model, gate = fitted(parts, plain, ("amount", "kind")), rows(plain, parts, "gate")

    def found(*expected: Any, **changes: Any) -> tuple[BehaviourFound, ...]:
        return behaviours(toy("behaving", parameters={"rows": 2_000}, behaviours=expected, **changes), model, parts, gate)

    return found


def test_a_column_that_the_model_does_not_see_moves_no_answer_and_one_that_it_leans_on_moves_nearly_all(judged) -> None:
    unseen, seen = judged(Invariance(column="gender"), Invariance(column="kind", values=("a", "b"), most=0.05))
    assert (unseen.passed, unseen.share) == (True, 1.0)
    assert unseen.rows > 300
    assert not seen.passed
    assert (seen.share or 0) < 0.5


def test_a_higher_amount_raises_the_probability_and_does_not_lower_it(judged) -> None:
    rises, falls = judged(Direction(column="amount", by=10.0), Direction(column="amount", by=10.0, rises=False))
    assert rises.passed
    assert falls.share == 0.0
    assert str(falls).startswith("10 more amount does not raise the answer: holds for 0.0% of ")


def test_given_rows_must_be_answered_as_given(judged) -> None:
    right, wrong = judged(KnownAnswers(name="dear visits", rows=(DEAR,)), KnownAnswers(name="dear visits", rows=(DEAR, {**DEAR, "bought": False})))
    assert right.share == 1.0
    assert (wrong.share, wrong.passed) == (0.5, False)


def test_the_two_of_a_pair_are_answered_alike_or_are_not(judged) -> None:
    cheap = {**DEAR, "amount": 1.0, "kind": "c"}
    alike, other = judged(
        Pairs(name="another gender", pairs=((DEAR, {**DEAR, "gender": "m"}), (cheap, DEAR))),
        Pairs(name="a low price", pairs=((DEAR, cheap),), same=False),
    )
    assert (alike.share, alike.rows, alike.passed) == (0.5, 2, False)
    assert (other.share, other.passed) == (1.0, True)
    assert str(alike).startswith("another gender does not change what is predicted: holds for 50.0% of 2 rows")


def test_rows_are_changed_before_features_so_that_what_is_made_of_a_column_changes_too(judged) -> None:
    def doubled(given: pl.DataFrame) -> pl.DataFrame:
        return given.select("kind", "age", log_amount=pl.col("amount").log1p(), amount=pl.col("age").fill_null(0.0))

    (found,) = judged(Direction(column="age", by=500.0), features=doubled)
    assert found.passed
    (still,) = judged(Invariance(column="amount", values=(1.0, 1_000.0)), features=doubled)
    assert still.passed


def test_where_features_look_back_the_rows_around_a_changed_one_stay_as_they_are(judged) -> None:
    def before(given: pl.DataFrame) -> pl.DataFrame:
        return given.select("kind", "age", log_amount=pl.col("amount").log1p(), amount=pl.col("amount").shift(1).fill_null(0.0))

    (found,) = judged(Direction(column="amount", by=50.0, most=1e-6), features=before, history=dt.timedelta(hours=1))
    assert found.rows > 100
    assert (found.share or 0) > 0.99


def test_a_model_that_behaves_wrongly_is_not_promoted_unless_that_only_warns() -> None:
    bad = BehaviourFound(behaviour="another gender moves no answer by more than 0", rows=500, share=0.4, least=1.0, severity="block")
    (reason,) = reasons(checks(use_case(), replace(GOOD, behaviours=(bad,)), BETTER))
    assert reason == "behaves wrongly: another gender moves no answer by more than 0: holds for 40.0% of 500 rows, 100.0% needed"
    warned = replace(GOOD, behaviours=(bad.model_copy(update={"severity": "warn"}),))
    assert reasons(checks(use_case(), warned, BETTER)) == []


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (Invariance(column="colour"), "a behaviour names a column of schema Visit, found 'colour'"),
        (Direction(column="kind", by=1), "a direction needs a column of numbers, 'kind' is VARCHAR"),
        (Invariance(column="kind", least=2.0), "above 0 and at most 1, found 2"),
        (KnownAnswers(name="none", rows=({"amount": 1.0},)), "needs its target 'bought'"),
    ],
)
def test_a_behaviour_that_does_not_fit_the_definition_is_refused_with_the_reason(behaviour: Any, says: str) -> None:
    with pytest.raises(DefinitionError, match="use case 'unfit'") as refused:
        toy("unfit", behaviours=(behaviour,))
    assert says in str(refused.value)
