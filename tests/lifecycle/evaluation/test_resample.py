import datetime as dt
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
import pytest

from lifecycle.evaluation.metrics import compute, statistics
from lifecycle.evaluation.resample import Interval, ResampleGroups, blocks, clusters, distribution, interval, intervals, paired, weightings
from lifecycle.kind import find
from lifecycle.operating_points import BestScore
from tests.toys import START, chain, toy

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

UC = toy("resampled")


def by_row(rows: int) -> ResampleGroups:
    return ResampleGroups("row", np.arange(rows), rows)


def clumped(random: np.random.Generator, customers: int = 40, each: int = 10) -> tuple[np.ndarray, pl.DataFrame, ResampleGroups]:
    """Answers that are right as often as their customer is easy: rows of one customer are alike."""
    codes = np.repeat(np.arange(customers), each)
    easy = random.beta(1.5, 0.6, customers)[codes]
    y = (random.random(len(codes)) < 0.5).astype(np.int8)
    said = np.where(random.random(len(codes)) < easy, y, 1 - y).astype(np.int8)
    return y, pl.DataFrame({"prediction": said, "probability": said.astype(float)}), ResampleGroups("customer", codes, customers)


def ranked(rows: int, noise: float, seed: int = 1) -> tuple[np.ndarray, pl.DataFrame]:
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.4).astype(np.int8)
    score = 1 / (1 + np.exp(-(y + noise * np.random.default_rng(seed + 1).normal(size=rows))))
    return y, pl.DataFrame({"prediction": (score > 0.6).astype(np.int8), "probability": score})


def test_the_interval_over_clusters_covers_the_truth_as_often_as_it_says_and_that_over_rows_does_not():
    random, truth, runs = np.random.default_rng(1), 1.5 / 2.1, 150
    hits = {"clusters": 0, "rows": 0}
    for _ in range(runs):
        y, said, groups = clumped(random)
        for name, over in (("clusters", groups), ("rows", by_row(len(y)))):
            found = intervals(UC, y, said, over, ["accuracy"])["accuracy"]
            assert found.low is not None
            assert found.high is not None
            hits[name] += found.low <= truth <= found.high
    assert 0.9 <= hits["clusters"] / runs <= 0.99
    assert hits["rows"] / runs < 0.8


def test_a_replicate_is_the_metric_of_the_weighted_rows():
    y, said = ranked(200, 1.0)
    codes = np.random.default_rng(3).integers(0, 30, 200)
    groups = ResampleGroups("customer", codes, 30)
    found = distribution(statistics("binary", y, said), groups, 20, seed=5)
    weights = np.concatenate(list(weightings(30, 20, seed=5)))
    for name in ("roc_auc", "average_precision", "f1", "log_loss"):
        each = [compute("binary", y, said, row[codes])[name] for row in weights]
        assert found[name] == pytest.approx(each, rel=1e-12)


def test_a_paired_interval_is_narrower_than_the_difference_of_two():
    y, good = ranked(600, 0.8)
    _, better = ranked(600, 0.75)
    both = paired(UC, "roc_auc", y, better, good, by_row(600))
    one = intervals(UC, y, good, by_row(600), ["roc_auc"])["roc_auc"]
    assert both is not None
    assert both.low is not None
    assert both.high is not None
    assert one.low is not None
    assert one.high is not None
    assert both.high - both.low < (one.high - one.low) / 2
    assert both.value == pytest.approx(compute("binary", y, better)["roc_auc"] - one.value)


def test_a_gain_is_positive_for_the_better_model_by_a_score_and_by_an_error():
    y, good = ranked(600, 0.3)
    _, bad = ranked(600, 3.0)
    for metric in ("roc_auc", "log_loss"):
        gain = paired(UC, metric, y, good, bad, by_row(600))
        loss = paired(UC, metric, y, bad, good, by_row(600))
        assert gain is not None
        assert loss is not None
        assert gain.low is not None
        assert loss.high is not None
        assert gain.low > 0 > loss.high


def test_a_model_gains_nothing_over_itself():
    y, said = ranked(300, 1.0)
    assert paired(UC, "roc_auc", y, said, said, by_row(300)) == Interval(0.0, 0.0, 0.0, 0.95, 300, 0.0)


def test_more_confidence_is_a_wider_interval():
    y, said = ranked(300, 1.0)
    narrow, wide = (intervals(UC, y, said, by_row(300), ["roc_auc"], confidence)["roc_auc"] for confidence in (0.8, 0.99))
    assert wide.low is not None
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.high is not None
    assert wide.low < narrow.low < narrow.high < wide.high


def test_few_clusters_widen_the_limits_and_one_gives_none():
    draws = np.random.default_rng(1).normal(size=4_000)
    many, few = interval(0.0, draws, 1_000, 0.9), interval(0.0, draws, 4, 0.9)
    assert many.low is not None
    assert few.low is not None
    assert [many.low, many.high] == pytest.approx([-1.645, 1.645], abs=0.1)
    assert few.low < many.low - 0.5
    assert interval(0.0, draws, 1, 0.9).low is None


def test_a_metric_that_most_replicates_leave_undefined_has_no_interval():
    y = np.array([1, *[0] * 99], dtype=np.int8)
    said = pl.DataFrame({"prediction": y, "probability": np.linspace(1, 0, 100)})
    found = intervals(UC, y, said, by_row(100))
    assert found["roc_auc"].value == 1
    assert found["roc_auc"].low is None
    assert found["accuracy"].low == 1


def test_the_same_seed_gives_the_same_interval():
    y, said = ranked(300, 1.0)
    assert intervals(UC, y, said, by_row(300)) == intervals(UC, y, said, by_row(300))


def test_repeats_of_a_cross_validation_are_averaged():
    y, one = ranked(300, 1.0)
    _, two = ranked(300, 2.0)
    found = intervals(UC, y, [one, two], by_row(300), ["roc_auc"])["roc_auc"]
    assert found.value == pytest.approx(np.mean([compute("binary", y, frame)["roc_auc"] for frame in (one, two)]))


def test_weights_are_poisson_counts_with_mean_and_variance_one():
    weights = np.concatenate(list(weightings(1_000, 500, seed=1)))
    assert weights.shape == (500, 1_000)
    assert weights.mean() == pytest.approx(1, abs=0.01)
    assert weights.astype(float).var() == pytest.approx(1, abs=0.01)
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.005)


def test_rows_belong_together_by_group_and_a_missing_one_stands_alone():
    found = clusters(UC, pl.DataFrame({"customer": [7, 9, 7, None, None]}))
    assert (found.by, found.count) == ("customer", 4)
    assert found.codes[0] == found.codes[2] != found.codes[1]
    assert found.codes[3] != found.codes[4]


@pytest.mark.parametrize(("step", "by"), [(dt.timedelta(hours=12), "day"), (dt.timedelta(minutes=20), "hour")])
def test_without_entities_rows_belong_together_by_the_longest_span_that_leaves_twenty(step: dt.timedelta, by: str):
    time = [START + i * step for i in range(100)]
    found = clusters(UC, pl.DataFrame({"_time": time}))
    assert found.by == by
    assert found.count >= 20


def test_without_anything_each_row_stands_for_itself():
    assert clusters(UC, pl.DataFrame({"_key": ["a", "b"]})).count == 2


def test_rows_of_a_customer_on_many_days_depend_on_each_other_in_both_ways():
    random = np.random.default_rng(4)
    info = pl.DataFrame(
        {"customer": random.integers(0, 50, 600), "_time": [START + dt.timedelta(hours=int(at)) for at in random.integers(0, 12 * 24, 600)]}
    )
    found = clusters(UC, info)
    assert (found.named, found.count, [each.count for each in found.others]) == ("day and customer", 12, [50])
    nested = clusters(UC, info.with_columns(customer=pl.col("_time").dt.date().rank("dense") * 10 + pl.col("customer") % 3))
    assert (nested.named, nested.others) == ("day", ())
    few = clusters(UC, info.with_columns(pl.col("_time").dt.truncate("10d")))
    assert few.named == "customer"  # two days cannot say how far days differ


def level(days: int, entities: int, cases: int = 300) -> float:
    """How often an equal challenger is shown to be better where strength is common to the rows of a day, and of an entity."""
    random, shown = np.random.default_rng(11), 0
    for _ in range(cases):
        day, who = random.integers(0, days, 600), random.integers(0, max(entities, 1), 600)
        info = {"_time": [START + dt.timedelta(days=int(at)) for at in day]} | ({"customer": who} if entities else {})
        y = (random.random(600) < 0.4).astype(np.int8)

        def said(mood: np.ndarray, own: np.ndarray, y=y, day=day, who=who) -> pl.DataFrame:
            strength = 1 + 0.7 * mood[day] + (0.7 * own[who] if entities else 0.0)
            score = 1 / (1 + np.exp(-(strength * (y - 0.5) + random.normal(size=600))))
            return pl.DataFrame({"prediction": (score > 0.5).astype(np.int8), "probability": score})

        pair = [said(random.normal(size=days), random.normal(size=max(entities, 1))) for _ in range(2)]
        gain = paired(UC, "log_loss", y, pair[0], pair[1], clusters(UC, pl.DataFrame(info)))
        shown += bool(gain and gain.low is not None and gain.low > 0)
    return shown / cases


@pytest.mark.parametrize(("days", "entities"), [(7, 0), (14, 0), (9, 15)])
def test_an_equal_challenger_is_hardly_ever_shown_to_be_better_where_days_and_entities_have_a_bias(days: int, entities: int):
    assert level(days, entities) <= 0.05


class Errors:
    """A regression, as far as intervals ask."""

    kind, seed, operating_point = find("regression"), 1, BestScore()
    metrics = kind.metrics


@pytest.mark.parametrize("rows", [100, 1_000])
def test_the_interval_of_an_error_with_a_heavy_tail_covers_the_truth(rows: int):
    random, use_case = np.random.default_rng(6), cast("UseCase", Errors())
    hits = []
    for _ in range(150):
        y, missed = random.normal(20, 2, rows), random.standard_t(3, rows)
        found = intervals(use_case, y, pl.DataFrame({"prediction": y + missed}), by_row(rows), ["rmse"])["rmse"]
        hits.append((found.low or 0) <= 3**0.5 <= (found.high or 0))
    assert np.mean(hits) >= 0.9


@pytest.mark.parametrize(("off", "truth"), [(0.0, 0.0), (0.8, 0.0871)])
def test_the_interval_of_the_calibration_error_holds_the_truth_and_its_own_estimate(off: float, truth: float):
    random, hits, found = np.random.default_rng(8), [], []
    for _ in range(60):
        x = random.normal(size=1_000)
        y = (random.random(1_000) < 1 / (1 + np.exp(-x))).astype(np.int8)
        said = pl.DataFrame({"prediction": (x > 0).astype(np.int8), "probability": 1 / (1 + np.exp(-(1 + off) * x))})
        one = intervals(UC, y, said, by_row(1_000), ["calibration_error"])["calibration_error"]
        assert (one.low or 0) <= one.value <= (one.high or 0)
        hits.append((one.low or 0) <= truth <= (one.high or 0))
        found.append(one.value)
    assert np.mean(hits) >= 0.9
    assert np.mean(found) == pytest.approx(truth, abs=0.016)


def test_what_an_interval_could_have_seen_is_shown_in_four_of_five_cases():
    random, seen = np.random.default_rng(3), []
    one = Interval(0.3, 0.1, 0.5, 0.95, 100, 0.102)
    assert one.visible == pytest.approx(0.2 + 0.8416 * 0.102)
    for _ in range(2_000):
        seen.append(random.normal(one.visible or 0.0, 0.102) > 0.2)
    assert np.mean(seen) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("rows", "length"), [(400, 20), (3_600, 60), (100, 5)])
def test_rows_in_order_are_resampled_in_blocks_of_neighbours(rows, length):
    place = pl.Series(range(1_000, 1_000 + rows))
    found = blocks(place)
    assert found.by == "block"
    assert found.codes.tolist() == [at // length for at in range(rows)]
    assert blocks(place.reverse()).codes.tolist() == found.codes[::-1].tolist()


def test_rows_of_one_place_are_in_one_block_unless_that_leaves_too_few():
    weeks = pl.Series(range(900)) // 9
    found = blocks(weeks)
    assert pl.DataFrame({"week": weeks, "block": found.codes}).group_by("week").agg(pl.col("block").n_unique())["block"].max() == 1
    years = pl.Series(range(900)) // 300
    assert blocks(years).count == 30


def test_an_interval_of_rows_that_follow_each_other_is_wider_than_of_as_many_on_their_own():
    use_case = chain("resampled_blocks")
    random = np.random.default_rng(2)
    mood = np.repeat(random.normal(size=60), 60)  # stretches in which everything goes well, or nothing does
    y = random.integers(0, 2, 3_600)
    score = 1 / (1 + np.exp(-(0.5 * (2 * y - 1) * mood + random.normal(size=3_600))))
    said = pl.DataFrame({"prediction": (score > 0.5).astype(np.int8), "probability": score})
    info = pl.DataFrame({"place": range(3_600)})
    along, alone = (intervals(use_case, y, said, each, ["roc_auc"])["roc_auc"] for each in (clusters(use_case, info), by_row(3_600)))
    assert (along.high or 0) - (along.low or 0) > 1.5 * ((alone.high or 0) - (alone.low or 0)) > 0
