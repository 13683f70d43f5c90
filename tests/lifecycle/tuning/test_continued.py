"""A search goes on from what the champion has learnt, where that is honest."""

from dataclasses import replace

import pytest

from lifecycle.candidates import Candidate, linear
from lifecycle.splits import StratifiedSplit
from lifecycle.stages import evaluate, promote, register, train, tune
from lifecycle.store import models
from lifecycle.tuning.continued import begun
from lifecycle.usecase import Gate, Tuning, UseCase
from tests.challengers import parts_of
from tests.toys import toy


def build(plan, params):
    """A linear model, of which the given model's files are read before it learns."""
    if "start" in params:
        assert models.load(*params["start"]) is not None
    return linear().build(plan, {"alpha": params["alpha"]})


ONWARD = replace(linear(), name="onward", build=build, continues=True)


def case(rows: int, *candidates: Candidate, **changes) -> UseCase:
    return toy("onward", parameters={"rows": rows}, candidates=candidates, tuning=Tuning(trials=1), gate=Gate(rows=100), **changes)


@pytest.mark.usefixtures("emptied")
def test_a_family_goes_on_from_the_champion_unless_that_has_seen_what_the_gate_judges_by() -> None:
    first = case(1_500, ONWARD)
    tuned = tune.tune(first, parts_of(first))
    assert "start" not in tuned.recipe.params
    version = register.register(first, evaluate.evaluate(first, train.train(first, tuned)))
    assert promote.promote(first, version).promoted

    more = case(2_500, ONWARD)
    parts = parts_of(more)
    assert begun(more, parts, ONWARD) == {"start": list(version.judged)}
    assert begun(more, parts, replace(ONWARD, continues=False)) == {}
    assert begun(more, parts, replace(ONWARD, name="another")) == {}
    again = tune.tune(more, parts)
    assert again.recipe.params["start"] == list(version.judged)
    assert train.train(more, again).sha256

    mixed = case(2_500, ONWARD, split=StratifiedSplit())  # nobody can tell any more which rows the champion has seen
    assert begun(mixed, parts_of(mixed), ONWARD) == {}
