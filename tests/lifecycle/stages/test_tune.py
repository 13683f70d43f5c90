"""Tuning: the true best is found without the gate, and the run says how."""

import json
from functools import partial

import numpy as np
import polars as pl
import pytest

from lifecycle.candidates import boosting, forest, linear
from lifecycle.dataset import Rows
from lifecycle.errors import DataError
from lifecycle.references import Parts, Recipe
from lifecycle.stages import collect, featurize, split, tune, validate
from lifecycle.stages.tune import search
from lifecycle.store import tracking
from lifecycle.table import parts as partition
from lifecycle.tuning import objective
from lifecycle.tuning.choose import choose, plainer
from lifecycle.tuning.trials import TrialResult, leaderboard
from lifecycle.usecase import Tuning, UseCase
from tests.toys import toy, visit_features, visits

FAST = Tuning(trials=3)


def rows(count: int, seed: int = 1) -> Rows:
    frame = visits(count, seed)
    return Rows(visit_features(frame), frame["bought"].cast(pl.Int8).to_numpy(), frame.rename({"at": "_time"}))


def parts(use_case: UseCase) -> Parts:
    return split.split(use_case, featurize.featurize(use_case, validate.validate(use_case, collect.collect(use_case))))


def holdout(use_case: UseCase):
    return partial(objective.on_tune_part, use_case, train=rows(2_000), tune=rows(600, 2))


def attempt(number: int, candidate: str, score: float, error: float = 0.0, pruned: bool = False) -> TrialResult:
    return TrialResult(number, candidate, {}, score, error, pruned, 0.1)


def test_the_stage_finds_a_recipe_and_its_run_shows_every_trial():
    use_case = toy("tune_stage", tuning=FAST)
    tuned = tune.tune(use_case, parts(use_case))
    board = json.loads(tracking.read(tuned.run_id, "leaderboard.json", tuned.files))
    assert len(board) == tuned.trials == 3
    assert board[0]["candidate"] == tuned.recipe.candidate
    assert board[0]["params"] == tuned.recipe.params
    assert tuned.score == board[0]["score"] == max(line["score"] for line in board)
    trials = tracking.runs(use_case.name, f"tags.`mlflow.parentRunId` = '{tuned.run_id}'")
    assert {trial.data.params["candidate"] for trial in trials} == {"linear", "forest", "boosting"}
    assert sorted(trial.data.metrics["tune/roc_auc"] for trial in trials) == sorted(line["score"] for line in board)
    assert [trial.data.tags["lifecycle.trial"] for trial in trials].count("chosen") == 1
    run = tracking.client().get_run(tuned.run_id)
    assert (run.info.status, run.data.params["tuning/trials"], run.data.metrics["tune/roc_auc"]) == ("RUNNING", "3", tuned.score)


def test_a_killed_search_is_taken_up_in_its_own_run_and_doubles_nothing():
    use_case = toy("tune_again", tuning=FAST)
    drawn = parts(use_case)
    first, second = tune.tune(use_case, drawn), tune.tune(use_case, drawn)
    assert first.model_copy(update={"files": {}}) == second.model_copy(update={"files": {}})  # the leaderboard holds seconds
    assert len(tracking.runs(use_case.name, f"tags.`mlflow.parentRunId` = '{first.run_id}'")) == 3


def test_the_gate_is_never_read(monkeypatch: pytest.MonkeyPatch):
    use_case = toy("tune_without_gate", tuning=FAST)
    drawn, read = parts(use_case), []
    monkeypatch.setattr(tune, "part_of", lambda *given: (read.append(given[2]), partition.rows(*given))[1])
    tune.tune(use_case, drawn)
    assert sorted(read) == ["train", "tune"]


def test_the_same_seed_searches_the_same_way():
    use_case = toy("tune_seed", tuning=Tuning(trials=5))
    first, second = (search(use_case, holdout(use_case))[0] for _ in range(2))
    assert [(one.params, one.score, one.pruned) for one in first] == [(one.params, one.score, one.pruned) for one in second]


def test_every_family_gets_its_share_and_starts_with_its_defaults():
    use_case = toy("tune_share", candidates=(linear(), boosting()), tuning=Tuning(trials=4))
    attempts, stopped = search(use_case, holdout(use_case))
    assert [one.candidate for one in attempts] == ["boosting", "linear", "boosting", "linear"]
    assert attempts[1].params == linear().defaults
    assert attempts[0].params == {**boosting().defaults, "max_iter": attempts[0].params["max_iter"]}
    assert stopped == ""


def test_boosting_stops_growing_where_the_tune_part_stops_gaining():
    use_case = toy("tune_iterations", candidates=(boosting(),))
    outcomes = list(objective.on_tune_part(use_case, boosting(), boosting().defaults, rows(2_000), rows(600, 2)))
    assert outcomes[-1].final
    assert not any(outcome.final for outcome in outcomes[:-1])
    assert 0 < outcomes[-1].params["max_iter"] < 2 * boosting().defaults["max_iter"]
    assert outcomes[-1].score >= outcomes[0].score


def test_a_poor_trial_is_given_up_early_and_never_chosen():
    use_case = toy("tune_pruned", candidates=(linear(),), tuning=Tuning(trials=12))
    attempts, _ = search(use_case, partial(objective.on_tune_part, use_case, train=rows(12_000), tune=rows(600, 2)))
    assert any(one.pruned for one in attempts)
    assert not choose(use_case, attempts).pruned


def test_a_search_whose_time_is_over_says_so_and_has_an_answer():
    use_case = toy("tune_late", tuning=Tuning(trials=6, seconds=0))
    attempts, stopped = search(use_case, holdout(use_case))
    assert len(attempts) == 1
    assert stopped.startswith("after 1 of 6 trials")


def test_without_trials_the_recipe_is_the_last_candidates_defaults():
    use_case = toy("tune_off", candidates=(linear(), forest()), tuning=Tuning(trials=0))
    tuned = tune.tune(use_case, parts(use_case))
    assert (tuned.recipe.candidate, tuned.recipe.params, tuned.trials) == ("forest", dict(forest().defaults), 0)


def test_an_error_is_better_when_it_is_smaller():
    use_case = toy("tune_error", metric="log_loss")
    assert choose(use_case, [attempt(0, "linear", 0.4), attempt(1, "forest", 0.3), attempt(2, "boosting", 0.2, pruned=True)]).candidate == "forest"
    board = leaderboard(use_case, [attempt(0, "linear", 0.4), attempt(1, "forest", float("nan")), attempt(2, "forest", 0.3)])
    assert [line["score"] for line in board] == [0.3, 0.4, None]


def test_little_data_prefers_the_simpler_family_only_within_one_standard_error():
    use_case = toy("tune_simple")
    close = [attempt(0, "linear", 0.80), attempt(1, "forest", 0.795), attempt(2, "boosting", 0.81, error=0.02)]
    assert choose(use_case, close, prefer_simple=True).candidate == "linear"
    assert choose(use_case, close).candidate == "boosting"
    apart = [attempt(0, "linear", 0.78), attempt(1, "forest", 0.80), attempt(2, "boosting", 0.81, error=0.02)]
    assert choose(use_case, apart, prefer_simple=True).candidate == "forest"


def test_little_data_is_cross_validated():
    use_case = toy("tune_small")
    outcomes = list(objective.cross_validated(use_case, linear(), linear().defaults, rows(300)))
    assert len(outcomes) == objective.REPEATS
    assert outcomes[-1].final
    assert 0 < outcomes[-1].error < 0.1
    assert 0.6 < outcomes[-1].score < 1


def test_a_sample_keeps_the_share_of_each_class_and_the_order():
    everything = rows(5_000)
    few = objective.sample(toy("tune_sample"), everything, 500)
    assert abs(len(few) - 500) <= 1
    assert few.y.mean() == pytest.approx(everything.y.mean(), abs=0.002)
    assert few.info["_time"].is_sorted()
    assert few.X.equals(objective.sample(toy("tune_sample"), everything, 500).X)


def test_a_thresholded_metric_is_judged_at_the_threshold_that_the_model_will_get():
    use_case = toy("tune_f1", metric="f1")
    y = np.array([0] * 90 + [1] * 10)
    probability = np.where(y == 1, 0.2, 0.1)
    rows = Rows(pl.DataFrame({"x": y}), y, pl.DataFrame({"_key": y}))
    assert objective.score(use_case, rows, np.stack([1 - probability, probability], axis=1), [0, 1]) == 1.0


def test_a_metric_that_no_row_defines_is_refused_in_a_sentence():
    with pytest.raises(DataError, match="use case 'tune_undefined': roc_auc must be defined"):
        choose(toy("tune_undefined"), [attempt(0, "linear", float("nan"))])


def test_the_best_of_each_plainer_family_is_remembered_the_best_first():
    use_case = toy("tune_plainer", candidates=(linear(), forest(), boosting()))
    tried = [
        attempt(0, "linear", 0.8),
        attempt(1, "linear", 0.7),
        attempt(2, "forest", 0.85),
        attempt(3, "boosting", 0.9),
        attempt(4, "forest", 0.9, pruned=True),
    ]
    assert [each.score for each in plainer(use_case, tried, Recipe(candidate="boosting"))] == [0.85, 0.8]
    assert [each.recipe.candidate for each in plainer(use_case, tried, Recipe(candidate="forest"))] == ["linear"]
    assert [each.recipe.candidate for each in plainer(use_case, tried, Recipe(candidate="average"))] == ["boosting", "forest", "linear"]
    assert plainer(use_case, tried, Recipe(candidate="linear")) == ()
