"""Tables with a trap in them, each beside an honest twin of the same shape: which of them does `lifecycle new` see through?

`python -m benchmarks.traps [NAME ...]` drafts every table in this process and prints a line for each trap. A new one is a function below
TRAPS that returns the columns of both tables, and its line in TRAPS.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROWS = 3_000
START = np.datetime64("2023-01-01T00:00:00", "ms")
Columns = dict[str, Any]
Random = np.random.Generator


@dataclass(frozen=True)
class Trap:
    """A trap, and what is to become of it.

    Attributes:
        kind: of the warning.
        make: the columns of the table with the trap, and of its twin.
        columns: that must be named, and be no inputs.
        split: that must be chosen; empty where the columns' absence is enough.
        kept: columns of the twin that must stay inputs.
    """

    kind: str
    make: Callable[[Random], tuple[Columns, Columns]]
    columns: tuple[str, ...]
    kept: tuple[str, ...] = ()
    split: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a draft made of a trap and of its twin."""

    name: str
    caught: bool
    acted: bool
    false: list[str]


def chance(random: Random, score: np.ndarray) -> np.ndarray:
    """0 or 1, more often 1 where the score is high."""
    return (random.random(len(score)) < 1 / (1 + np.exp(-score))).astype(int)


def moments(seconds: np.ndarray) -> np.ndarray:
    """Times after the start."""
    return START + (seconds * 1_000).astype("timedelta64[ms]")


def base(random: Random, rows: int = ROWS, number: bool = False) -> tuple[Columns, np.ndarray]:
    """Four honest columns, and how much they speak for the target."""
    size, weight = random.gamma(3, 10, rows).round(2), random.normal(50, 12, rows).round(1)
    place = random.choice(["north", "south", "east", "west"], rows)
    visits = random.poisson(4, rows)
    score = (size - 30) / 17 + (weight - 50) / 24 + (place == "north") * 0.8 + 0.15 * (visits - 4)
    columns = {"size_cm": size, "weight": weight, "place": place, "visits": visits}
    return columns, score


def binary(random: Random, rows: int = ROWS, more: np.ndarray | float = 0.0) -> Columns:
    """A table with a target of two values that its columns tell with a ROC AUC of about .75."""
    columns, score = base(random, rows)
    return {**columns, "bought": chance(random, score - 0.8 + more)}


def amount(random: Random, rows: int = ROWS) -> Columns:
    """A table with a number as target that its columns explain by half."""
    columns, score = base(random, rows)
    return {**columns, "paid": (80 + 10 * score + random.normal(0, 12, rows)).round(2)}


def repeated(values: np.ndarray, times: int = 3) -> np.ndarray:
    """The same, a few of them coming again."""
    values = values.copy()
    values[-times:] = values[:times]
    return values


# identifiers


def policy_number(random: Random) -> tuple[Columns, Columns]:
    """A number given out in order, with three repeats, while the target drifts; a mileage."""
    place = np.arange(ROWS)
    drift = np.sin(place / 90) * 2
    return {**binary(random, more=drift), "policy_number": repeated(place + 1)}, {
        **binary(random, more=(mileage := random.lognormal(11, 0.5, ROWS).astype(int)) / 40_000 - 1.5),
        "mileage": mileage,
    }


def numbered_without_a_name(random: Random) -> tuple[Columns, Columns]:
    """A permutation of 1 to n with five repeats; an income in cents."""
    income = random.lognormal(15, 0.6, ROWS).astype(int)
    return {**binary(random), "registry": repeated(random.permutation(ROWS) + 1, 5)}, {
        **binary(random, more=np.log(income) - 15),
        "income_cents": income,
    }


def account(random: Random) -> tuple[Columns, Columns]:
    """Seven digits spread evenly; a distance spread evenly that tells something."""
    metres = random.integers(1_000_000, 9_000_000, ROWS)
    return {**binary(random), "contract": random.integers(1_000_000, 9_999_999, ROWS)}, {
        **binary(random, more=(metres - 5e6) / 2e6),
        "reach": metres,
    }


def running(random: Random) -> tuple[Columns, Columns]:
    """Numbers that grow with the rows in uneven steps; a salary."""
    salary = (random.gamma(4, 900_000, ROWS)).astype(int)
    return {**binary(random, more=np.sin(np.arange(ROWS) / 100)), "entry": np.cumsum(random.integers(1, 9, ROWS))}, {
        **binary(random, more=(salary - 3.6e6) / 2e6),
        "salary": salary,
    }


def token(random: Random) -> tuple[Columns, Columns]:
    """Texts with a few repeats; 150 shops."""
    values = np.array([f"{a}-{b:05}" for a, b in zip(random.choice(["AX", "BY", "CZ"], ROWS), random.integers(0, 99_999, ROWS), strict=True)])
    return {**binary(random), "voucher": repeated(values)}, {**binary(random), "shop": random.choice([f"S-{i:03}" for i in range(150)], ROWS)}


def float_numbers(random: Random) -> tuple[Columns, Columns]:
    """Whole numbers with gaps, which come as floats; seconds since 1970."""
    number = (repeated(random.permutation(ROWS) + 500_000)).astype(float)
    number[::50] = np.nan
    seconds = random.integers(1_690_000_000, 1_700_000_000, ROWS)
    return {**binary(random), "membership": number}, {**binary(random, more=(seconds - 1.695e9) / 4e6), "seen": seconds}


# together


def parts_of_a_sum(random: Random) -> tuple[Columns, Columns]:
    """Two counts that are the target together; the same with much noise."""
    table, twin = amount(random), amount(random)
    for each, noise in ((table, 0.0), (twin, 25.0)):
        each["casual"] = random.poisson(random.gamma(2, 15, ROWS))
        each["registered"] = random.poisson(random.gamma(3, 20, ROWS))
        each["paid"] = each["casual"] + each["registered"] + (random.normal(0, noise, ROWS).round(1) if noise else 0)
    return table, twin


def difference(random: Random) -> tuple[Columns, Columns]:
    """Revenue less spending; the same with much noise."""
    table, twin = amount(random), amount(random)
    for each, noise in ((table, 0.0), (twin, 30.0)):
        each["revenue"] = random.gamma(5, 40, ROWS).round(2)
        each["spending"] = random.gamma(5, 30, ROWS).round(2)
        each["paid"] = (each["revenue"] - each["spending"] + random.normal(0, noise, ROWS)).round(2)
    return table, twin


def sum_with_noise(random: Random) -> tuple[Columns, Columns]:
    """Three parts and a little noise; the same with much."""
    table, twin = amount(random), amount(random)
    for each, noise in ((table, 2.0), (twin, 40.0)):
        for part, scale in (("rent", 60.0), ("food", 40.0), ("travel", 30.0)):
            each[part] = random.gamma(3, scale / 3, ROWS).round(2)
        each["paid"] = (each["rent"] + each["food"] + each["travel"] + random.normal(0, noise, ROWS)).round(2)
    return table, twin


def product(random: Random) -> tuple[Columns, Columns]:
    """Quantity times price; the same with much noise."""
    table, twin = amount(random), amount(random)
    for each, noise in ((table, 0.0), (twin, 0.3)):
        each["quantity"] = random.integers(1, 30, ROWS)
        each["unit_price"] = random.lognormal(2, 0.5, ROWS).round(2)
        each["paid"] = (each["quantity"] * each["unit_price"] * np.exp(random.normal(0, noise, ROWS))).round(2)
    return table, twin


def discounted(random: Random) -> tuple[Columns, Columns]:
    """Quantity times price less a discount; the same with much noise."""
    table, twin = amount(random), amount(random)
    for each, noise in ((table, 0.0), (twin, 0.4)):
        each["quantity"] = random.integers(1, 30, ROWS)
        each["unit_price"] = random.lognormal(2, 0.5, ROWS).round(2)
        each["discount"] = random.uniform(0.01, 0.6, ROWS).round(2)
        each["paid"] = (each["quantity"] * each["unit_price"] * (1 - each["discount"]) * np.exp(random.normal(0, noise, ROWS))).round(2)
    return table, twin


def ratio(random: Random) -> tuple[Columns, Columns]:
    """What was spent at a time; the same with much noise."""
    table, twin = amount(random), amount(random)
    for each, noise in ((table, 0.0), (twin, 0.4)):
        each["spent"], each["times"] = random.gamma(4, 100, ROWS).round(2), random.integers(1, 25, ROWS)
        each["paid"] = (each["spent"] / each["times"] * np.exp(random.normal(0, noise, ROWS))).round(3)
    return table, twin


def above_a_limit(random: Random) -> tuple[Columns, Columns]:
    """Whether points reach what is needed; the same with much noise."""
    table, twin = binary(random), binary(random)
    for each, noise in ((table, 0.0), (twin, 15.0)):
        each["points"], each["needed"] = random.normal(60, 15, ROWS).round(1), random.normal(55, 15, ROWS).round(1)
        each["bought"] = (each["points"] - each["needed"] + random.normal(0, noise, ROWS) >= 0).astype(int)
    return table, twin


def marks(random: Random) -> tuple[Columns, Columns]:
    """Whether three marks reach a sum; the same with much noise."""
    table, twin = binary(random), binary(random)
    for each, noise in ((table, 0.0), (twin, 30.0)):
        for subject in ("maths", "reading", "writing"):
            each[subject] = random.integers(20, 100, ROWS)
        each["bought"] = (each["maths"] + each["reading"] + each["writing"] + random.normal(0, noise, ROWS) >= 180).astype(int)
    return table, twin


def result_of_a_match(random: Random) -> tuple[Columns, Columns]:
    """The goals of both sides; their shots."""
    table, twin = binary(random), binary(random)
    for each, honest in ((table, False), (twin, True)):
        home, away = random.poisson(2.2, ROWS), random.poisson(1.8, ROWS)
        each["home_goals" if not honest else "home_shots"] = home if not honest else home * 3 + random.poisson(6, ROWS)
        each["away_goals" if not honest else "away_shots"] = away if not honest else away * 3 + random.poisson(6, ROWS)
        each["bought"] = np.where(home > away, "home", np.where(home < away, "away", "draw"))
    return table, twin


def the_same_code(random: Random) -> tuple[Columns, Columns]:
    """Whether two codes are the same; two flags of which just one is set, an interaction."""
    table, twin = binary(random), binary(random)
    table["sent_to"] = random.integers(10, 25, ROWS)
    table["billed_to"] = np.where(random.random(ROWS) < 0.5, table["sent_to"], random.integers(10, 25, ROWS))
    table["bought"] = (table["sent_to"] == table["billed_to"]).astype(int)
    twin["left"], twin["right"] = random.integers(0, 2, ROWS), random.integers(0, 2, ROWS)
    twin["bought"] = twin["left"] ^ twin["right"]
    return table, twin


# alone


def copy_with_noise(random: Random) -> tuple[Columns, Columns]:
    """A copy of a number; a distance that honestly tells most of it."""
    table, twin = amount(random), amount(random)
    table["billed"] = (table["paid"] + random.normal(0, 2, ROWS)).round(2)
    twin["distance"] = random.gamma(3, 3, ROWS).round(2)
    twin["paid"] = (twin["distance"] * 12 + twin["size_cm"] + random.normal(0, 20, ROWS)).round(2)
    return table, twin


def there_when_refunded(random: Random) -> tuple[Columns, Columns]:
    """A sum that only rows of one class have; gaps at random."""
    table, twin = binary(random), binary(random)
    for each, filled in ((table, (table["bought"] == 1) & (random.random(ROWS) < 0.9)), (twin, random.random(ROWS) < 0.6)):
        each["sum_back"] = np.where(filled, random.gamma(2, 20, ROWS).round(2), np.nan)
    return table, twin


def reason_of_complaints(random: Random) -> tuple[Columns, Columns]:
    """A text that only complaints have; one that is there at random."""
    table, twin = binary(random), binary(random)
    words = {
        0: ["nice", "quick", "friendly", "good", "warm", "clean"],
        1: ["slow", "broken", "cold", "late", "dirty", "wrong"],
    }
    both = [word for some in words.values() for word in some]
    for each, honest in ((table, False), (twin, True)):
        texts, notes = [], []
        for bad in each["bought"]:
            own = [random.choice(words[bad] if random.random() < 0.3 else both) for _ in range(9)]
            texts.append("the staff was " + " ".join(own))
            filled = random.random() < 0.5 if honest else bool(bad) and random.random() < 0.85
            notes.append(
                " ".join(["they said that it was"] + [str(random.choice(both)) for _ in range(4)]) + f" {random.integers(999)}" if filled else None
            )
        each["comment"], each["grounds"] = texts, notes
    return table, twin


def nearly_a_copy(random: Random) -> tuple[Columns, Columns]:
    """A flag that is wrong in a twentieth of the rows; one that is wrong in a quarter."""
    table, twin = binary(random), binary(random)
    for each, wrong in ((table, 0.05), (twin, 0.25)):
        each["state"] = np.where((each["bought"] == 1) ^ (random.random(ROWS) < wrong), "open", "shut")
    return table, twin


# too late


def length_of_a_call(random: Random) -> tuple[Columns, Columns]:
    """The duration of a call that ends in a sale; months of a loan that tell nothing."""
    table, twin = binary(random), binary(random)
    table["duration"] = random.gamma(2, np.where(table["bought"] == 1, 250, 100)).round().astype(int)
    twin["duration"] = random.integers(6, 60, ROWS)
    return table, twin


def named_after_the_target(random: Random) -> tuple[Columns, Columns]:
    """A strong column with the target in its name; a weak one."""
    table, twin = binary(random), binary(random)
    for each, weight in ((table, 1.4), (twin, 0.2)):
        each["bought_flow"] = (each["bought"] * weight + random.normal(size=ROWS)).round(3)
    return table, twin


def closed_later(random: Random) -> tuple[Columns, Columns]:
    """When a case was solved, and how long that took; when it is due."""
    table, twin = binary(random), binary(random)
    seconds = np.sort(random.uniform(0, 300 * 86_400, ROWS))
    for each, name in ((table, "solved_at"), (twin, "due_at")):
        hours = random.gamma(2, 30, ROWS) * np.where(each["bought"] == 1, 1.8, 1.0)
        each["opened_at"], each[name] = moments(seconds), moments(seconds + hours * 3_600)
        if name == "solved_at":
            each["handling_hours"] = hours.round(1)
    return table, twin


def there_once_paid(random: Random) -> tuple[Columns, Columns]:
    """When a row was settled, later than it, with a flag; the same before it."""
    table, twin = binary(random), binary(random)
    seconds = np.sort(random.uniform(0, 300 * 86_400, ROWS))
    for each, sign in ((table, 1), (twin, -1)):
        each["created_at"] = moments(seconds)
        paid = random.random(ROWS) < np.where(each["bought"] == 1, 0.7, 0.4)
        each["settled_on"] = np.where(paid, moments(seconds + sign * random.gamma(2, 86_400, ROWS)), np.datetime64("NaT"))
        if sign > 0:
            each["is_settled"] = np.where(paid, "yes", "no")
    return table, twin


# made of a group


def _groups(random: Random, count: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    own = random.integers(0, count, ROWS)
    return own, np.array([f"{name}{i:04}" for i in range(count)])[own]


def _means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return (np.bincount(groups, values) / np.maximum(np.bincount(groups), 1))[groups]


def mean_of_a_place(random: Random) -> tuple[Columns, Columns]:
    """The mean price of a place; its income."""
    table, twin = amount(random), amount(random)
    for each, honest in ((table, False), (twin, True)):
        own, each["zip"] = _groups(random, 80, "Z")
        level = random.normal(0, 15, 80)
        each["paid"] = (each["paid"] + level[own]).round(2)
        each["zip_mean" if not honest else "zip_income"] = (
            _means(each["paid"], own) if not honest else 3_000 + 20 * level[own] + random.normal(0, 100, 80)[own]
        ).round(2)
    return table, twin


def mean_of_a_customer(random: Random) -> tuple[Columns, Columns]:
    """The share of a customer's own rows; of earlier rows."""
    level = random.normal(0, 1, 600)
    tables = []
    for honest in (False, True):
        own, names = _groups(random, 600, "C")
        each = {"customer_id": names, **binary(random, more=level[own])}
        earlier = chance(random, np.repeat(level - 0.8, 6)).reshape(600, 6).mean(axis=1)
        each["customer_avg"] = (earlier[own] if honest else _means(each["bought"], own)).round(4)
        tables.append(each)
    return tables[0], tables[1]


def smoothed_mean(random: Random) -> tuple[Columns, Columns]:
    """The share of a shop's rows drawn to that of all; its rating."""
    level = random.normal(0, 1, 120)
    tables = []
    for honest in (False, True):
        own, names = _groups(random, 120, "shop ")
        each = {"shop": names, **binary(random, more=level[own])}
        counts, sums = np.bincount(own, minlength=120), np.bincount(own, each["bought"], minlength=120)
        smooth = (sums + 10 * np.mean(each["bought"])) / (counts + 10)
        rating = np.clip(3 + level + random.normal(0, 0.5, 120), 1, 5)
        each["shop_rate"] = (rating[own] if honest else smooth[own]).round(4)
        tables.append(each)
    return tables[0], tables[1]


def _orders(random: Random) -> tuple[np.ndarray, Columns]:
    """Whose orders they are, and an honest table of them."""
    own, names = _groups(random, 500, "C")
    return own, {"ordered_at": moments(np.sort(random.uniform(0, 400 * 86_400, ROWS))), "customer_id": names, **binary(random)}


def orders_in_all(random: Random) -> tuple[Columns, Columns]:
    """How many orders a customer has in all; before this one."""
    tables = []
    for honest in (False, True):
        own, each = _orders(random)
        before = pl.DataFrame({"own": own}).select(pl.int_range(pl.len()).over("own")).to_series().to_numpy()
        each["orders"] = before if honest else np.bincount(own)[own]
        tables.append(each)
    return tables[0], tables[1]


def spent_in_all(random: Random) -> tuple[Columns, Columns]:
    """What a customer spends in all; their credit limit."""
    tables = []
    for honest in (False, True):
        own, each = _orders(random)
        each["basket"] = random.gamma(2, 30, ROWS).round(2)
        each["lifetime" if not honest else "credit_limit"] = (
            np.bincount(own, each["basket"])[own].round(2) if not honest else random.gamma(3, 500, 500).round(-1)[own]
        )
        tables.append(each)
    return tables[0], tables[1]


def visits_of_a_card(random: Random) -> tuple[Columns, Columns]:
    """How often a card comes; a number of its own."""
    tables = []
    for honest in (False, True):
        own = np.minimum(random.geometric(0.01, ROWS), 400)
        each = {"at": moments(np.sort(random.uniform(0, 200 * 86_400, ROWS))), "card": own, **binary(random)}
        each["rides"] = random.poisson(9, 401)[own] if honest else np.bincount(own)[own]
        tables.append(each)
    return tables[0], tables[1]


# rows that are nearly equal


def _plots(random: Random, exact: bool, times: int, noise: float) -> Columns:
    count = ROWS // times
    centre = random.normal(size=(count, 6)).repeat(times, axis=0)
    found = {f"band_{i}": (centre[:, i] + random.normal(0, noise, len(centre))).round(5) for i in range(6)}
    if exact:
        found["area"] = random.gamma(2, 50, count).round(1).repeat(times)
    found["soil"] = random.choice(["clay", "sand", "loam"], count).repeat(times)
    found["bought"] = chance(random, centre[::times, 0]).repeat(times)
    order = random.permutation(len(centre))
    return {name: values[order] for name, values in found.items()}


def _clusters(random: Random) -> Columns:
    centre = random.normal(0, 4, (8, 6))[own := random.integers(0, 8, ROWS)]
    return {**{f"band_{i}": (centre[:, i] + random.normal(size=ROWS)).round(5) for i in range(6)}, "bought": chance(random, own - 4.0)}


def readings_of_a_plot(random: Random) -> tuple[Columns, Columns]:
    """Plots read ten times, their area unchanged; plots read once."""
    return _plots(random, True, 10, 0.02), _plots(random, True, 1, 0.02)


def readings_with_noise_alone(random: Random) -> tuple[Columns, Columns]:
    """Plots read ten times, every column with noise; eight wide clusters."""
    return _plots(random, False, 10, 0.02), _clusters(random)


def read_twice(random: Random) -> tuple[Columns, Columns]:
    """Plots read three times; a walk in which each row is near the one before."""
    walk = np.cumsum(random.normal(size=(ROWS, 6)), axis=0) * 0.1
    honest = {f"band_{i}": walk[:, i].round(5) for i in range(6)}
    return _plots(random, True, 3, 0.01), shuffled(random, {**honest, "bought": chance(random, walk[:, 0])})


# rows that follow each other


def shuffled(random: Random, columns: Columns) -> Columns:
    """The same rows in no order."""
    order = random.permutation(len(next(iter(columns.values()))))
    return {name: np.asarray(values)[order] for name, values in columns.items()}


def follows_the_last(random: Random) -> tuple[Columns, Columns]:
    """A target that mostly is what it was in the row before; the same rows shuffled."""
    table = binary(random)
    stays = random.random(ROWS) < 0.8
    for row in range(1, ROWS):
        table["bought"][row] = table["bought"][row - 1] if stays[row] else table["bought"][row]
    return table, shuffled(random, table)


def inputs_that_tell_the_place(random: Random) -> tuple[Columns, Columns]:
    """A hidden state and an input wander each for itself, so that of shuffled rows the input tells the state; the same rows shuffled."""
    state, level = (np.cumsum(random.normal(size=(2, ROWS)), axis=1) / 20).tolist()
    table = {**binary(random, more=2 * (np.asarray(state) - np.mean(state))), "level": np.round(level, 3)}
    return table, shuffled(random, table)


def level_that_wanders(random: Random) -> tuple[Columns, Columns]:
    """A number on a level that wanders from row to row; the same rows shuffled."""
    table = amount(random)
    table["paid"] = (table["paid"] + np.cumsum(random.normal(0, 1.5, ROWS))).round(2)
    return table, shuffled(random, table)


TRAPS = {
    each.make.__name__.replace("_", " "): each
    for each in (
        Trap("near-unique", policy_number, ("policy_number",), ("mileage",)),
        Trap("near-unique", numbered_without_a_name, ("registry",), ("income_cents",)),
        Trap("near-unique", account, ("contract",), ("reach",)),
        Trap("near-unique", running, ("entry",), ("salary",)),
        Trap("near-unique", token, ("voucher",), ("shop",)),
        Trap("near-unique", float_numbers, ("membership",), ("seen",)),
        Trap("joint-leak", parts_of_a_sum, ("casual", "registered"), ("casual", "registered")),
        Trap("joint-leak", difference, ("revenue", "spending"), ("revenue", "spending")),
        Trap("joint-leak", sum_with_noise, ("rent", "food", "travel"), ("rent", "food", "travel")),
        Trap("joint-leak", product, ("quantity", "unit_price"), ("quantity", "unit_price")),
        Trap("joint-leak", discounted, ("quantity", "unit_price", "discount"), ("quantity", "unit_price", "discount")),
        Trap("joint-leak", ratio, ("spent", "times"), ("spent", "times")),
        Trap("joint-leak", above_a_limit, ("points", "needed"), ("points", "needed")),
        Trap("joint-leak", marks, ("maths", "reading", "writing"), ("maths", "reading", "writing")),
        Trap("joint-leak", result_of_a_match, ("home_goals", "away_goals"), ("home_shots", "away_shots")),
        Trap("joint-leak", the_same_code, ("sent_to", "billed_to"), ("left", "right")),
        Trap("leak", copy_with_noise, ("billed",), ("distance",)),
        Trap("leak", there_when_refunded, ("sum_back",), ("sum_back",)),
        Trap("leak", reason_of_complaints, ("grounds",), ("grounds", "comment")),
        Trap("leak", nearly_a_copy, ("state",), ("state",)),
        Trap("late", length_of_a_call, ("duration",), ("duration",)),
        Trap("late", named_after_the_target, ("bought_flow",), ("bought_flow",)),
        Trap("late", closed_later, ("solved_at", "handling_hours"), ("due_at",)),
        Trap("late", there_once_paid, ("settled_on", "is_settled"), ("settled_on",)),
        Trap("group-mean", mean_of_a_place, ("zip_mean",), ("zip_income",)),
        Trap("group-mean", mean_of_a_customer, ("customer_avg",), ("customer_avg",)),
        Trap("group-mean", smoothed_mean, ("shop_rate",), ("shop_rate",)),
        Trap("future-total", orders_in_all, ("orders",), ("orders",)),
        Trap("future-total", spent_in_all, ("lifetime",), ("credit_limit",)),
        Trap("future-total", visits_of_a_card, ("rides",), ("rides",)),
        Trap("near-duplicates", readings_of_a_plot, (), ("band_0", "area"), "GroupSplit"),
        Trap("near-duplicates", readings_with_noise_alone, (), ("band_0",), "GroupSplit"),
        Trap("near-duplicates", read_twice, (), ("band_0",), "GroupSplit"),
        Trap("order", follows_the_last, ("place_",), split="OrderSplit"),
        Trap("order", inputs_that_tell_the_place, ("place_",), split="OrderSplit"),
        Trap("order", level_that_wanders, ("place_",), split="OrderSplit"),
    )
}
KINDS = {"strong"} | {trap.kind for trap in TRAPS.values()}
"""Warnings that an honest table must not have."""


def outcome(name: str, trap: Trap, folder: Path) -> Outcome:
    """Draft both tables."""
    table, twin = tables(name)
    made = drafted(table, folder)
    caught = any(warning.kind == trap.kind and set(trap.columns) <= set(warning.columns) for warning in made.warnings)
    inputs = {column.name for column in made.table.columns if column.feature}
    acted = inputs.isdisjoint(trap.columns) and trap.split in ("", made.choices.split)
    honest = drafted(twin, folder)
    false = [f"{warning.kind} {', '.join(warning.columns)}" for warning in honest.warnings if warning.kind in KINDS]
    inputs = {column.name for column in honest.table.columns if column.feature}
    return Outcome(name, caught, acted, false + [f"{column} is no input" for column in trap.kept if column not in inputs])


def drafted(columns: Columns, folder: Path) -> Any:
    """The draft of a CSV file of these columns."""
    from lifecycle.draft.draft import Options, draft

    target = write(columns, file := folder / "rows.csv")
    return draft("trapped", str(file), Options(target=target))


def tables(name: str) -> tuple[Columns, Columns]:
    """The columns of the table with a trap, and of its honest twin."""
    return TRAPS[name].make(np.random.default_rng(sum(map(ord, name))))


def write(columns: Columns, file: Path) -> str:
    """Write a table as CSV; the name of its target."""
    pl.DataFrame(columns, strict=False).with_columns(pl.selectors.float().fill_nan(None)).write_csv(file)
    return "paid" if "paid" in columns else "bought"


def outcomes(names: list[str]) -> Iterator[Outcome]:
    """Of the traps of these names, or of all."""
    with tempfile.TemporaryDirectory() as folder:
        for place in ("home", "usecases"):
            (Path(folder) / place).mkdir()
        os.environ |= {"LIFECYCLE_HOME": f"{folder}/home", "LIFECYCLE_USECASES": f"{folder}/usecases"}
        (Path(folder) / "home" / "staging").mkdir()
        yield from (outcome(name, trap, Path(folder)) for name, trap in TRAPS.items() if not names or name.replace(" ", "_") in names)


def main(names: list[str]) -> None:
    """Print a line for each trap, and what all of them come to."""
    found = []
    print("| trap | kind | caught | acted upon | of the honest twin |\n|---|---|---|---|---|")
    for each in outcomes(names):
        found.append(each)
        said = "; ".join(each.false) or "nothing"
        print(f"| {each.name} | {TRAPS[each.name].kind} | {'yes' if each.caught else 'NO'} | {'yes' if each.acted else 'NO'} | {said} |", flush=True)
    caught, acted = sum(each.caught for each in found), sum(each.acted for each in found)
    print(
        f"\n{len(found)} traps: {caught} caught, {acted} acted upon; {len(found)} honest twins: {sum(bool(each.false) for each in found)} with a false warning"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
