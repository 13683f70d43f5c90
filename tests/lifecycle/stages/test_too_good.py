"""What is too good to be true waits for a person, with the columns that make it so."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.decisions import approve
from lifecycle.gate.findings import TooGood
from lifecycle.kind import find
from lifecycle.references import ModelVersion, Recipe, Tuned
from lifecycle.sources import Generated
from lifecycle.stages.evaluate import evaluate
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.stages.train import train
from lifecycle.store import tracking, versions
from lifecycle.usecase import Gate, UseCase
from schemas.roles import column
from tests.challengers import parts_of
from tests.toys import Visit, toy, visits


class Paid(Visit):
    """A visit with columns that were filled after it."""

    customer: int = column("ignored")
    refund: float = column()
    owed: int = column()
    paid: int = column()


def paid(rows: int = 2_500) -> Iterator[pl.DataFrame]:
    random, found = np.random.default_rng(4), visits(rows)
    owed, bought = random.integers(0, 40, rows), found["bought"].to_numpy()
    yield found.with_columns(
        refund=pl.Series(10.0 * bought + random.normal(size=rows)), owed=pl.Series(owed), paid=pl.Series(owed + bought.astype(int))
    )


def late(name: str, *inputs: str, rows: int = 2_500, **changes: Any) -> UseCase:
    """A toy whose model sees some columns of which it should not."""
    return toy(
        name, schema=Paid, source=Generated(paid, {"rows": rows}, True), features=lambda seen: seen.select("amount", "age", *inputs), **changes
    )


def version(use_case: UseCase, alpha: float = 1e-3) -> ModelVersion:
    parts, run_id = parts_of(use_case), tracking.begin(use_case.name, "a test", use_case.name)
    recipe = Recipe(candidate="linear", params={"alpha": alpha})
    return register(
        use_case, evaluate(use_case, train(use_case, Tuned(use_case=use_case.name, parts=parts, recipe=recipe, run_id=run_id, score=0.0, trials=1)))
    )


def suspected(made: ModelVersion) -> TooGood | None:
    from lifecycle.evaluation.report import FILE, EvaluationReport

    return EvaluationReport.from_json(versions.artifact(made, FILE)).too_good


def test_it_waits_with_the_column_that_gives_it_alone_until_a_person_approves() -> None:
    use_case = late("too_good_alone", "refund")
    made = version(use_case)
    said = promote(use_case, made)
    assert (said.promoted, said.waiting) == (False, True)
    assert said.reason.startswith("waits for approval: too good to be true: roc_auc 1 on ")
    assert "a model of refund alone has" in said.reason
    assert 'Gate(too_good="allow")' in said.reason
    assert b"Too good to be true?" in versions.artifact(made, "model_card.md")
    assert approve(use_case, actor="ana").promoted
    again = promote(use_case, version(use_case, alpha=1e-2))
    assert not again.waiting  # somebody has let such a score through


def test_two_columns_that_give_it_together_are_named_together() -> None:
    made = version(late("too_good_together", "owed", "paid"))
    found = suspected(made)
    assert found
    assert set(found.columns[0].columns) == {"owed", "paid"}


def test_a_definition_that_knows_it_is_honest_promotes_it() -> None:
    use_case = late("too_good_allowed", "refund", gate=Gate(too_good="allow"))
    assert promote(use_case, version(use_case)).promoted


def test_an_honest_score_and_a_perfect_one_on_few_rows_ask_nobody() -> None:
    assert suspected(version(late("good_enough"))) is None
    assert suspected(version(late("too_few_to_tell", "refund", rows=180))) is None


@pytest.mark.parametrize(
    ("kind", "metric", "value", "constant", "perfect"),
    [
        ("binary", "roc_auc", 0.9991, 0.5, True),
        ("binary", "roc_auc", 0.997, 0.5, False),
        ("binary", "accuracy", 0.999, 0.998, False),  # half of the mistakes of a constant are left
        ("binary", "average_precision", 0.9985, 0.01, True),
        ("binary", "log_loss", 0.01, 0.69, False),
        ("multiclass", "f1_macro", 0.9749, 0.02, False),
        ("regression", "rmse", 0.02, 1.0, True),
        ("regression", "rmse", 0.05, 1.0, False),
        ("regression", "r2", 0.9995, 0.0, True),
        ("regression", "r2", 0.99, 0.0, False),
        ("regression", "rmse", 0.0, 0.0, False),
    ],
)
def test_nearly_perfect_is_by_what_a_constant_leaves_open(kind: str, metric: str, value: float, constant: float, perfect: bool) -> None:
    of = find(kind)
    assert (of.left(metric, value, constant) <= of.nearly_perfect) is perfect
