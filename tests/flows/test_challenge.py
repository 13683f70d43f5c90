"""A challenger that is refused for its complexity gives its place to the best plainer recipe of the same search, once."""

from typing import Any

from flows.challenge import challenge
from lifecycle import history
from lifecycle.candidates import forest, linear
from lifecycle.references import Alternative, Recipe
from lifecycle.stages import evaluate, plainer, promote, register, train, tune
from lifecycle.usecase import Tuning, UseCase
from tests.challengers import parts_of
from tests.toys import toy

STAGES = {
    "train": train.train,
    "evaluate": evaluate.evaluate,
    "register": register.register,
    "promote": promote.promote,
    "plainer": plainer.plainer,
}


def runner(use_case: UseCase) -> Any:
    """Runs the function of each stage, without Prefect."""
    return lambda stage, *inputs: STAGES[stage.name](use_case, *inputs)


def test_the_plainer_recipe_is_judged_in_its_place_and_both_verdicts_are_in_the_ledger() -> None:
    use_case = toy("challenged", parameters={"rows": 3_000}, candidates=(linear(), forest()), tuning=Tuning(trials=2))
    found = tune.tune(use_case, parts_of(use_case))
    shallow = Recipe(candidate="forest", params={"min_samples_leaf": 200, "max_features": 0.1})
    plain = Alternative(recipe=Recipe(candidate="linear", params={"alpha": 1.0}), score=0.8)
    tuned = found.model_copy(update={"recipe": shallow, "plainer": (plain,)})
    evaluated, version, verdict = challenge(runner(use_case), tuned)
    first, second = history.ledger(use_case.name)
    assert (first.promoted, second.promoted) == (False, True)
    assert (first.reason or "").startswith("behind a plain linear model: roc_auc -0.")
    assert (evaluated.trained.recipe, version.version, verdict.promoted) == (plain.recipe, second.model_version, True)
    assert version.run_id != tuned.run_id


def test_what_is_refused_for_another_reason_is_not_tried_again() -> None:
    use_case = toy("challenged_once", parameters={"rows": 900}, candidates=(linear(), forest()), tuning=Tuning(trials=2))
    tuned = tune.tune(use_case, parts_of(use_case)).model_copy(update={"recipe": Recipe(candidate="linear", params={"alpha": 1.0})})
    verdicts = [challenge(runner(use_case), tuned)[-1] for _ in range(2)]
    assert [verdict.promoted for verdict in verdicts] == [True, False]
    assert not verdicts[1].asks_plainer
    assert len(history.ledger(use_case.name)) == 2
