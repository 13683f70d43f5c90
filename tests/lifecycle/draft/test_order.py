"""Order: rows that follow each other are not shuffled, and a file that is merely sorted is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.draft import sample
from lifecycle.draft.draft import Draft
from tests.lifecycle.draft.conftest import Drafted, code, roles

ROWS = 4_000


def chance(logit: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(logit)))


def wandering(rows: int, keeps: float, seed: int) -> np.ndarray:
    """A series of which each value keeps a share of the one before; its variance is about 1."""
    random, found = np.random.default_rng(seed), np.zeros(rows)
    for at in range(1, rows):
        found[at] = keeps * found[at - 1] + random.normal() * (1 - keeps**2) ** 0.5
    return found


def market() -> dict[str, Any]:
    """Whether a price is above what it was on average of late: the price of now says a part of it."""
    price = 60 + 10 * wandering(ROWS, 0.98, 1)
    late = np.convolve(price, np.ones(48) / 48)[:ROWS]
    return {"price": price.round(2), "hour": np.arange(ROWS) % 24, "up": np.where(price > late, "UP", "DOWN")}


def drifting() -> dict[str, Any]:
    """What the inputs mean changes along the file; they themselves do not."""
    random = np.random.default_rng(2)
    inputs, stretch = random.normal(size=(ROWS, 3)), np.arange(ROWS) * 4 // ROWS
    weights = np.array([[2, 1, 0], [1, 2, 0], [-1, 2, 1], [-2, 1, 1]])[stretch]
    return {**{f"x{at}": inputs[:, at].round(4) for at in range(3)}, "y": (random.random(ROWS) < chance((inputs * weights).sum(axis=1))).astype(int)}


def seasonal() -> dict[str, Any]:
    """A number that depends on an input and on a season that no column tells."""
    random = np.random.default_rng(3)
    first = random.normal(size=ROWS)
    return {"x": first.round(4), "y": (2 * first + np.sin(np.arange(ROWS) / 160) + random.normal(size=ROWS)).round(3)}


def daily() -> dict[str, Any]:
    """Flights of a month, day by day and by their hour: each day has delays of its own."""
    random = np.random.default_rng(4)
    day = np.arange(ROWS) * 30 // ROWS
    minute = np.concatenate([np.sort(random.integers(300, 1_400, (day == each).sum())) for each in range(30)])
    logit = random.normal(0, 1, 30)[day] + 0.001 * (minute - 800)
    return {
        "weekday": day % 7 + 1,
        "minute": minute,
        "miles": random.integers(90, 3_000, ROWS),
        "late": (random.random(ROWS) < chance(logit)).astype(int),
    }


def inherited() -> dict[str, Any]:
    """The target depends on an input alone, which wanders."""
    random, heat = np.random.default_rng(5), wandering(ROWS, 0.95, 6)
    return {"heat": heat.round(3), "z": random.normal(size=ROWS).round(3), "y": (random.random(ROWS) < chance(3 * heat)).astype(int)}


def people(seed: int = 7, rows: int = ROWS) -> pl.DataFrame:
    """Customers who come in no order."""
    random = np.random.default_rng(seed)
    age, income, region = random.integers(18, 80, rows), random.gamma(3, 1_000, rows).round(), random.integers(0, 12, rows)
    logit = (age - 45) / 12 + (income - 3_000) / 2_500 + random.normal(0, 0.8, 12)[region]
    return pl.DataFrame(
        {"years": age, "income": income, "region": [f"r{each:02}" for each in region], "kids": random.integers(0, 5, rows),
         "left": np.where(random.random(rows) < chance(logit), "yes", "no")}
    )  # fmt: skip


def warned(made: Draft) -> list[str]:
    return [each.text for each in made.warnings if each.kind == "order"]


ORDERED = {market: "up", drifting: "y", seasonal: "y", daily: "late", inherited: "y"}
each_ordered = pytest.mark.parametrize("made", ORDERED, ids=lambda made: made.__name__)


@each_ordered
def test_rows_that_follow_each_other_are_split_by_order_and_it_is_said(made: Callable[[], dict[str, Any]], drafted: Drafted) -> None:
    found = drafted(made(), target=ORDERED[made])
    (said,) = warned(found)
    assert said.startswith("order: the rows follow each other: ")
    assert "the first rows train and the last judge" in said
    use_case, schema = code(found)
    assert "split=OrderSplit()," in use_case
    assert said.split(". ")[0][:60] in " ".join(use_case.split())
    assert 'place: int = column("order", nullable=True)' in schema
    assert roles(found)["place"] == ("order",)
    assert '"place"' not in use_case.split("def features")[1]


@each_ordered
def test_the_same_rows_shuffled_are_not(made: Callable[[], dict[str, Any]], drafted: Drafted) -> None:
    rows = pl.DataFrame(made()).sample(fraction=1, shuffle=True, seed=3)
    found = drafted(rows.to_dict(as_series=False), target=ORDERED[made])
    assert not warned(found)
    assert found.choices.split in ("StratifiedSplit", "HashSplit")


SORTED = {
    "by an input": lambda rows: rows.sort("years"),
    "by an input downwards": lambda rows: rows.sort("income", descending=True),
    "by a category": lambda rows: rows.sort("region"),
    "by a category, then by an input": lambda rows: rows.sort("region", "years"),
    "export by export, each by an input": lambda rows: pl.concat([part.sort("years") for part in rows.iter_slices(1_300)]),
    "export by export, each by a category": lambda rows: pl.concat([part.sort("region") for part in rows.iter_slices(1_300)]),
    "by nothing": lambda rows: rows,
}


@pytest.mark.parametrize("how", SORTED)
def test_a_file_that_is_sorted_by_what_a_model_sees_is_in_no_order(how: str, drafted: Drafted) -> None:
    found = drafted(SORTED[how](people()).to_dict(as_series=False), target="left")
    assert not warned(found)
    assert found.choices.split == "StratifiedSplit"


@pytest.mark.parametrize("rows", [150, 300, 600, 1_200])
def test_few_rows_show_no_order_by_chance(rows: int, drafted: Drafted) -> None:
    assert not any(warned(drafted(people(seed, rows).to_dict(as_series=False), target="left")) for seed in (11, 12, 13))


def test_a_file_that_is_sorted_by_its_target_is_shuffled_and_that_is_said(drafted: Drafted) -> None:
    found = drafted(people().sort("left").to_dict(as_series=False), target="left")
    assert not warned(found)
    assert found.choices.why == "at random, with the same shares of every class, since the file is sorted by left, so that its order says nothing"
    prices = people().sort("income").to_dict(as_series=False)
    found = drafted(prices, target="income")
    assert not warned(found)
    assert found.choices.split == "HashSplit"


def test_where_the_end_of_the_file_has_one_class_it_is_shuffled_with_a_warning(drafted: Drafted) -> None:
    rows = market()
    ends = int(ROWS * 0.75)
    rows["up"] = np.where(np.arange(ROWS) < ends, rows["up"], "UP")
    found = drafted(rows, target="up")
    (said,) = warned(found)
    assert "one class on a side" in said
    assert found.choices.split == "StratifiedSplit"
    assert "place" not in roles(found)


def test_rows_with_a_time_or_a_group_are_divided_by_these(drafted: Drafted) -> None:
    timed = drafted(
        {**market(), "at": pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 1) + pl.duration(minutes=ROWS - 1), "1m", eager=True)},
        target="up",
    )
    assert timed.choices.split == "TimeSplit"
    grouped = drafted({**market(), "patient": np.arange(ROWS) // 10}, target="up")
    assert grouped.choices.split == "GroupSplit"
    assert not warned(timed)
    assert not warned(grouped)


def test_a_column_that_is_called_place_already_stays_what_it_is(drafted: Drafted) -> None:
    found = drafted({"Place": np.arange(ROWS) % 7, **market()}, target="up")
    assert roles(found)["Place"] == ("feature",)
    assert roles(found)["place_"] == ("order",)


def test_a_sample_of_a_larger_source_keeps_the_order(drafted: Drafted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "MAX_ROWS_READ", ROWS - 1)
    monkeypatch.setattr(sample, "TAKEN", 2_000)
    found = drafted(seasonal(), target="y")
    assert found.table.sample.rows == 2_000
    assert warned(found)
