"""Decisions by what wrong answers cost, and by how many cases can be looked at: thresholds, metrics, and definitions that cannot be."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.errors import DefinitionError
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.resample import ResampleGroups, intervals
from lifecycle.models.calibrate import best_threshold
from lifecycle.operating_points import Capacity, Costs
from lifecycle.splits import TimeSplit
from tests.toys import START, toy

N = 4_000


def scored(seed: int, rows: int = N, rate: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Whether it is so, and the true probability of it."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < rate).astype(np.int8)
    x = random.normal(size=rows) + y
    return y, 1 / (1 + np.exp(-(x - 0.5 + np.log(rate / (1 - rate)))))


def answered(probability: np.ndarray, threshold: float) -> pl.DataFrame:
    return pl.DataFrame({"prediction": (probability >= threshold).astype(np.int8), "probability": probability})


def test_the_threshold_of_costs_costs_hardly_more_than_the_best_where_that_of_f1_costs_more_than_twice_as_much():
    costs = Costs(miss=20, false_alarm=1)
    use_case, rows = toy("costs", costs=costs), pl.DataFrame({"_key": range(50_000)})
    others, chance = scored(99, 50_000)

    def cost(threshold: float) -> float:
        return compute(use_case, others, costs.beside(answered(chance, threshold), rows), names=["cost"])["cost"]

    best = cost(1 / 21)  # of true probabilities (Elkan 2001)
    found = [scored(seed, 2_000) for seed in range(10)]
    assert np.mean([cost(costs.threshold(*each, None)) for each in found]) < 1.05 * best
    assert np.mean([cost(best_threshold(*each)) for each in found]) > 2 * best


def test_amounts_of_a_column_decide_which_misses_matter():
    random = np.random.default_rng(1)
    y, probability = scored(2)
    amount = np.where(probability > 0.5, 1.0, 100.0) * random.uniform(0.5, 1.5, N)  # what looks harmless is dear
    info = pl.DataFrame({"amount": amount})
    flat, by_row = Costs(miss=float(amount.mean()), false_alarm=20), Costs(miss="amount", false_alarm=20)
    use_case = toy("costs_amount", costs=by_row)

    def cost(threshold: float) -> float:
        return compute(use_case, y, by_row.beside(answered(probability, threshold), info), names=["cost"])["cost"]

    chosen = by_row.threshold(y, probability, info)
    grid = [cost(threshold) for threshold in np.linspace(0, 1, 400)]
    assert cost(chosen) <= min(grid) + 1e-9
    called = probability >= chosen
    by_hand = (amount * ((y == 1) & ~called) + 20 * ((y == 0) & called)).mean()
    assert cost(chosen) == pytest.approx(by_hand)
    assert cost(flat.threshold(y, probability, info)) > cost(chosen)


def test_rows_whose_amount_is_not_known_are_left_out_and_a_refund_costs_nothing():
    costs = Costs(miss="amount", false_alarm=1)
    use_case = toy("costs_unknown", costs=costs)
    y, said = np.array([1, 1, 1, 0], np.int8), answered(np.array([0.1, 0.1, 0.1, 0.9]), 0.5)
    info = pl.DataFrame({"amount": [6.0, None, -5.0, 2.0]})
    assert compute(use_case, y, costs.beside(said, info), names=["cost"]) == {"cost": pytest.approx((6 + 0 + 1) / 3)}


@pytest.mark.parametrize(("costs", "flags"), [(Costs(miss=20, false_alarm=1), True), (Costs(miss=1, false_alarm=20), False)])
def test_what_knows_nothing_says_yes_to_all_or_to_none_whichever_is_cheaper(costs: Costs, flags: bool):
    y = scored(3)[0]
    use_case, X = toy("costs_blind", costs=costs), pl.DataFrame({"x": np.zeros(N)})
    info = pl.DataFrame({"_key": range(N)})
    blind = use_case.kind.constant("cost").fit(X, y)
    judged = costs.baseline(blind, y, use_case.kind.outputs(blind, X)[:, 1], info)
    assert use_case.kind.predict(judged, X)["prediction"].to_list() == [int(flags)] * N


def of_days(days: int = 10, rows: int = 100) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Rows of some days, whether it is so, and a score."""
    random = np.random.default_rng(4)
    moments = [START + dt.timedelta(days=day, minutes=int(minute)) for day in range(days) for minute in np.sort(random.integers(0, 1_440, rows))]
    y = (random.random(days * rows) < 0.1).astype(np.int8)
    return pl.DataFrame({"_time": moments}), y, np.round(random.random(days * rows) * 0.5 + 0.4 * y, 2)


def test_precision_at_k_is_that_of_the_top_of_each_day():
    capacity = Capacity(5)
    info, y, score = of_days()
    use_case = toy("capacity", capacity=capacity, split=TimeSplit())
    assert use_case.metric == "precision@5"
    said = capacity.beside(answered(score, 0.5), info)
    found = compute(use_case, y, said, names=["precision@5", "recall@5"])
    random = np.random.default_rng(5)
    by_hand = []
    for _ in range(300):  # equal scores in any order
        tops = [day[np.lexsort((random.random(100), -score[day]))[:5]] for day in np.arange(1_000).reshape(10, 100)]
        by_hand.append(y[np.concatenate(tops)].mean())
    assert found["precision@5"] == pytest.approx(np.mean(by_hand), abs=0.01)
    assert found["recall@5"] == pytest.approx(found["precision@5"] * float(said["_listed"].to_numpy().sum()) / y.sum())


def test_a_score_that_says_nothing_has_the_share_of_cases_on_its_list():
    info, y, _ = of_days()
    capacity = Capacity(5)
    said = capacity.beside(answered(np.full(len(y), 0.2), 0.5), info)
    assert said["_listed"].to_list() == pytest.approx([0.05] * len(y), abs=0.002)
    found = compute(toy("capacity_blind", capacity=5, split=TimeSplit()), y, said, names=["precision@5"])
    assert found["precision@5"] == pytest.approx(y.mean(), abs=0.001)


def test_of_a_day_that_is_cut_off_as_many_are_looked_at_as_belong_to_it():
    info, _, score = of_days(2)
    half = (info["_time"] < START + dt.timedelta(days=1.5)).to_numpy()
    said = Capacity(10).beside(answered(score[half], 0.5), info.filter(half))
    day = info.filter(half)["_time"].dt.date() == START.date()
    assert said.filter(day)["_listed"].sum() == pytest.approx(10, abs=0.4)
    assert said.filter(~day)["_listed"].sum() == pytest.approx(5, abs=0.4)
    dates = info.with_columns(pl.col("_time").dt.truncate("1d"))  # without a time of day every day is a whole one
    assert Capacity(10).beside(answered(score, 0.5), dates)["_listed"].sum() == pytest.approx(20)


def test_about_as_many_rows_are_flagged_as_can_be_looked_at():
    info, y, score = of_days(60)
    for capacity, share in ((Capacity(5), 0.05), (Capacity(20, per=1_000), 0.02), (Capacity(200), 1.0)):
        threshold = capacity.threshold(y, score + np.random.default_rng(6).random(len(y)) / 1_000, info)
        assert (score + 5e-4 >= threshold).mean() == pytest.approx(share, abs=0.02)


def test_the_interval_of_the_list_holds_what_new_days_give():
    capacity, inside = Capacity(5), 0
    use_case = toy("capacity_interval", capacity=capacity, split=TimeSplit())
    random = np.random.default_rng(7)
    info = of_days(40)[0]
    groups = ResampleGroups("day", np.repeat(np.arange(40), 100), 40)

    def draw() -> tuple[np.ndarray, pl.DataFrame]:
        y = (random.random(4_000) < 0.1).astype(np.int8)
        return y, capacity.beside(answered(random.normal(size=4_000) + y, 0.5), info)

    truth = np.mean([compute(use_case, *draw(), names=["precision@5"])["precision@5"] for _ in range(200)])
    for _ in range(40):
        found = intervals(use_case, *draw(), groups, ["precision@5"])["precision@5"]
        inside += found.low is not None and found.high is not None and found.low <= truth <= found.high
    assert inside >= 34


WRONG = [
    ({"costs": Costs(miss="price", false_alarm=1)}, "names a column of schema Visit, found 'price'"),
    ({"costs": Costs(miss="kind", false_alarm=1)}, "names a column of numbers, 'kind' is VARCHAR"),
    ({"costs": Costs(miss=-1, false_alarm=1)}, "is a number that is not negative, or the name of a column, found -1"),
    ({"costs": Costs(miss=0, false_alarm=0)}, "found 0 for a miss and for a false alarm"),
    ({"costs": Costs(miss=1, false_alarm=1), "capacity": 5, "split": TimeSplit()}, "found both; leave one away"),
    ({"capacity": 0, "split": TimeSplit()}, "1 or more, found 0"),
    ({"capacity": 5}, "needs whole spans to judge on, found split=HashSplit"),
    ({"capacity": Capacity(50, per=20)}, "for more rows than the 50 cases, found per=20"),
    ({"costs": Costs(miss=1, false_alarm=1), "problem": "multiclass"}, "a yes or a no, found problem 'multiclass'"),
    ({"costs": {"miss": 5}}, "costs is Costs(miss=..., false_alarm=...), found {'miss': 5}"),
    ({"capacity": "20"}, "capacity is a number of cases a day, or Capacity(20, per=1_000), found '20'"),
    ({"costs": Costs(miss=float("nan"), false_alarm=1)}, "found nan"),
    ({"coverage": 1.5}, "coverage is a share between 0 and 1"),
]


@pytest.mark.parametrize(("changes", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_definition_that_cannot_be_is_refused_in_one_sentence(changes: dict[str, Any], says: str):
    with pytest.raises(DefinitionError, match="use case 'wrong'") as raised:
        toy("wrong", **changes)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
