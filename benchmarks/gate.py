"""Whether the gate keeps its level: hundreds of champions and challengers whose truth is known, judged by the gate's own functions.

Every cell is a world in which a challenger is exactly as good as the champion (or worse, or better by so much), and says how often it is
promoted all the same. Nothing is fitted: predictions are drawn, then compared, counted and judged as `promote` does it. Run:
`python -m benchmarks.gate [campaigns] [word...]`; with words, only the cells whose name has one of them.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl

from lifecycle import HashSplit, Query, UseCase, column
from lifecycle.dataset import Rows
from lifecycle.evaluation.cluster_evidence import gather
from lifecycle.evaluation.compare import difference
from lifecycle.evaluation.evidence import blind, shuffled
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.resample import Interval, clusters, days, paired
from lifecycle.fit import fit
from lifecycle.gate import Comparison, GateEvidence, Look, PastLook, decide, looks
from lifecycle.gate.rules import beats_constant
from lifecycle.kind import Kind
from lifecycle.models.cluster_embedding import embed, reference_space
from lifecycle.references import Recipe
from lifecycle.stages.evaluate import least

START = datetime(2026, 1, 1)
EACH = 25
"""Rows of an entity."""


def schema(target: Any, entity: bool, time: bool) -> Any:
    """What a use case needs at least, with an entity and a time where there are some."""
    fields: dict[str, Any] = {"key": column("key"), "y": column("target")} | ({"who": column("entity")} if entity else {})
    types: dict[str, Any] = {"key": int, "y": target} | ({"who": int} if entity else {}) | ({"at": datetime} if time else {})
    return type(
        "Event", (pa.DataFrameModel,), {**fields, **({"at": column("time")} if time else {}), "__annotations__": types, "__module__": __name__}
    )


@dataclass(frozen=True)
class World:
    """How rows come, and how much of what a model does right or wrong is common to an entity and to a day.

    Attributes:
        rows: how many the gate sees.
        entities, days: whether rows are of entities, and of how many days; 0: they have no time.
        share: of the positives.
        by_entity, by_day: the standard deviation of a model's strength between entities and between days; the strength is 1.
        gain: how much stronger the challenger is.
    """

    metric: str = "roc_auc"
    problem: str = "binary"
    rows: int = 2_000
    entities: bool = False
    days: int = 0
    share: float = 0.3
    by_entity: float = 0.0
    by_day: float = 0.0
    gain: float = 0.0

    @cached_property
    def use_case(self) -> UseCase:
        """The definition."""
        target = {"regression": float, "multiclass": str}.get(self.problem, bool)
        more: Any = {"problem": self.problem, "schema": schema(target, self.entities, self.days > 0)}
        return UseCase(
            name="level", title="level", source=Query("SELECT 1"), features=lambda rows: rows, split=HashSplit(), metric=self.metric, **more
        )

    def table(self, random: np.random.Generator, first: int = 0, rows: int = 0) -> Rows:
        """Rows with their truth."""
        rows = rows or self.rows
        info: dict[str, Any] = {"_key": [str(first + at) for at in range(rows)]}
        if self.entities:
            info["who"] = random.integers(0, max(self.rows // EACH, 2), rows)
        if self.days:
            info["_time"] = [START + timedelta(days=float(day)) for day in np.sort(random.random(rows)) * self.days]
        return Rows(pl.DataFrame({"x": np.zeros(rows)}), self.truth(random, rows), pl.DataFrame(info))

    def truth(self, random: np.random.Generator, rows: int) -> np.ndarray:
        """The truth of rows, by chance."""
        if self.problem == "binary":
            return (random.random(rows) < self.share).astype(np.int8)
        return random.choice(list("abc"), rows).astype(object) if self.problem == "multiclass" else random.normal(size=rows)

    def model(self, random: np.random.Generator, table: Rows, gain: float = 0.0) -> "Model":
        """A model of the world: how strong it is in each entity and on each day is drawn here."""
        return Model(self, random, gain, {name: random.normal(size=100_000) for name in ("who", "day")})


@dataclass(frozen=True)
class Model:
    """Answers with a strength of its own in each entity and on each day."""

    world: World
    random: np.random.Generator
    gain: float
    moods: dict[str, np.ndarray]

    def answers(self, table: Rows) -> pl.DataFrame:
        """What it says of rows."""
        world, strength = self.world, 1.0 + self.gain
        if world.entities:
            strength = strength + world.by_entity * self.moods["who"][table.info["who"].to_numpy()]
        if world.days:
            day = table.info["_time"].dt.truncate("1d").rank("dense").to_numpy() - 1
            strength = strength + world.by_day * self.moods["day"][day]
        noise = self.random.normal(size=len(table))
        if world.problem == "regression":
            return pl.DataFrame({"prediction": table.y + noise * np.exp(-strength / 2)})
        if world.problem == "multiclass":
            scores = np.stack([strength * (table.y == name) + self.random.normal(size=len(table)) for name in "abc"], axis=1)
            parts = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            chosen = np.array(list("abc"))[parts.argmax(axis=1)]
            return pl.DataFrame(
                {"prediction": chosen, "probability": parts.max(axis=1), **{f"p_{name}": parts[:, i] for i, name in enumerate("abc")}}
            )
        score = strength * (table.y - 0.5) + noise
        odds = score + np.log(world.share / (1 - world.share))
        probability = 1 / (1 + np.exp(-odds))
        return pl.DataFrame({"prediction": (score > 0.5 - world.share).astype(np.int8), "probability": probability})


def evidence(use_case: UseCase) -> GateEvidence:
    """Of a challenger that nothing speaks against but the champion."""
    sure = difference(Interval(1.0, 0.9, 1.1, 0.95, 100, 0.05))
    return GateEvidence(use_case.metric, {}, 10_000, False, 0.0, sure, sure, None, {})


def compared(world: World, table: Rows, new: pl.DataFrame, old: pl.DataFrame, look: Look) -> Comparison:
    """As `lifecycle.evaluation.compare` compares."""
    use_case = world.use_case
    found = paired(use_case, world.metric, table.y, new, old, clusters(use_case, table.info), look.confidence(use_case.gate))
    kind = use_case.kind
    return Comparison(1, len(table), look, difference(found), minority=kind.minority(table.y), days=days(table.info))


def once(world: World, random: np.random.Generator) -> tuple[bool, Comparison]:
    """One challenger beside one champion: whether it is promoted."""
    table = world.table(random)
    old, new = world.model(random, table), world.model(random, table, world.gain)
    found = compared(world, table, new.answers(table), old.answers(table), Look())
    return not decide(world.use_case, evidence(world.use_case), found), found


def campaign(world: World, random: np.random.Generator, count: int, grows: float, moves: float) -> bool:
    """Whether one of so many equal challengers is promoted, on rows of which so many (as a share) are added, and leave, each time."""
    step = round(world.rows * max(grows, moves))
    everything = world.table(random, rows=world.rows + step * count)
    champion = world.model(random, everything).answers(everything)
    past: list[PastLook] = []
    for number in range(count):
        window = np.arange(step * number if moves else 0, world.rows + step * number)
        table = everything.take(window)
        keys = looks.hashes(table.info["_key"])
        look = looks.count(past, 1, keys)
        new = world.model(random, table).answers(table)
        if not decide(world.use_case, evidence(world.use_case), compared(world, table, new, champion[window], look)):
            return True
        rows = looks.LookRows.of_text(looks.kept(keys, "", look.began or number + 2))
        past.append(PastLook(number + 2, 1, rows))
    return False


def noise(world: World, random: np.random.Generator) -> bool:
    """Whether a model that knows nothing becomes the first champion."""
    use_case, table = world.use_case, world.table(random)
    other = replace(table, y=world.truth(random, world.rows))
    said = world.model(random, table).answers(other)  # answers to other truths: as sure of itself as a good model, and always wrong about which row
    own = Predictions(table, (said,), {})
    kind, groups = use_case.kind, clusters(use_case, table.info)
    train = world.truth(random, 4 * world.rows)
    fitted = kind.constant(world.metric).fit(np.zeros((len(train), 1)), train)
    constant = blind(use_case, Predictions(table, (kind.predict(fitted, pl.DataFrame({"x": np.zeros(len(table))})),), {}), world.metric)
    gains = [
        paired(use_case, world.metric, table.y, said, over.predictions, groups)
        for over in (constant, shuffled(replace(use_case, seed=int(random.integers(1 << 30))), own))
    ]
    shown = replace(evidence(use_case), constant=difference(least(*gains)))
    return not any(check.reason for check in beats_constant.rule.checks(use_case, shown, None))


METRICS = [("binary", name) for name in ("roc_auc", "average_precision", "f1", "log_loss")] + [("regression", "rmse"), ("multiclass", "f1_macro")]


def equal() -> Iterator[tuple[str, World]]:
    """Worlds in which the challenger is as good as the champion."""
    for problem, metric in METRICS:
        for rows in (400, 2_000, 16_000):
            yield f"{metric}, {rows:,} rows", World(metric, problem, rows)
    for problem, metric in METRICS:
        yield f"{metric}, entities", World(metric, problem, entities=True, by_entity=1.0, days=0 if problem == "binary" else 60)
    for many in (7, 10, 14, 20, 30, 60):
        yield f"roc_auc, {many} days", World(days=many, by_day=0.5)
    for problem, metric in METRICS[1:]:
        yield f"{metric}, 14 days", World(metric, problem, days=14, by_day=0.5, entities=problem != "binary")
    for many in (7, 14, 30):
        for problem, metric in (METRICS[0], METRICS[3]):
            yield f"{metric}, {many} days and entities", World(metric, problem, days=many, by_day=0.3, entities=True, by_entity=1.0)
    for problem, metric in METRICS[:4]:
        yield f"{metric}, 20 positives", World(metric, problem, share=0.0101)


def share(hits: Sequence[bool]) -> str:
    """How often something was so, with its standard error."""
    rate = float(np.mean(hits))
    return f"{rate:6.1%} +- {(rate * (1 - rate) / len(hits)) ** 0.5:.1%}"


def cells() -> Iterator[tuple[str, str, Callable[[np.random.Generator], bool]]]:
    """Each cell: what must hold, its name, and one case of it."""
    for name, world in equal():
        yield "equal, at most 5 %", name, lambda random, world=world: once(world, random)[0]
    for count in (10, 52):
        for name, grows, moves in (("identical", 0, 0), ("growing", 0.05, 0), ("moving", 0, 0.1), ("renewed", 0, 1)):
            world = World("log_loss", rows=500)
            yield "equal, at most 5 %", f"{count} looks, {name} rows", lambda random, w=world, c=count, g=grows, m=moves: campaign(w, random, c, g, m)
    for must, by in (("worse by one standard error, at most 1 %", -1.0), ("better by twice the visible gain, at least 90 %", 2.0)):
        for problem, metric in METRICS:
            yield must, metric, lambda random, w=World(metric, problem), by=by: shifted(w, random, by)
    for problem in ("binary", "multiclass", "regression"):
        for metric in kinds(problem).metrics:
            for balance in (0.5, 0.1) if problem == "binary" else (0.3,):
                name = f"{problem} {metric}{f', {balance:.0%} positives' if problem == 'binary' else ''}"
                yield "noise as first champion, at most 5 %", name, lambda random, w=World(metric, problem, share=balance): noise(w, random)
    for metric in clustering().kind.metrics:
        yield "noise as first champion, at most 5 %", f"clustering {metric}", lambda random, metric=metric: groups_of_nothing(metric, random)


def groups_of_nothing(metric: str, random: np.random.Generator) -> bool:
    """Whether clusters that were found in noise become the first champion."""
    use_case = clustering(metric)
    frames = [pl.DataFrame({name: random.normal(size=rows) for name in "abcd"}) for rows in (900, 300, 400)]
    space = reference_space(use_case, frames[0])
    bare = [Rows(frame, np.zeros((frame.height, 0)), pl.DataFrame({"_key": [str(at) for at in range(frame.height)]})) for frame in frames]
    parts = [embed(space, rows) for rows in bare]
    recipe = Recipe(candidate=use_case.candidates[0].name, params={"n_clusters": int(random.integers(2, 8))})
    found = gather(use_case, fit(use_case, recipe, parts[0], parts[1]), recipe, *parts)
    over = found.constant
    gain = paired(
        use_case,
        metric,
        found.model.rows.y,
        found.model.predictions,
        over.predictions,
        clusters(use_case, found.model.rows.info),
        other_y=over.rows.y,
    )
    return not any(check.reason for check in beats_constant.rule.checks(use_case, replace(evidence(use_case), constant=difference(gain)), None))


def clustering(metric: str = "") -> UseCase:
    """The definition of a clustering."""
    fields: Any = {"key": column("key"), "a": column(), "__annotations__": {"key": int, "a": float}, "__module__": __name__}
    schema = type("Thing", (pa.DataFrameModel,), fields)
    return UseCase(
        name="groups",
        title="groups",
        problem="clustering",
        schema=schema,
        source=Query("SELECT 1"),
        features=lambda rows: rows,
        split=HashSplit(),
        metric=metric,
    )


def kinds(problem: str) -> Kind:
    """The kind of problem."""
    return World(problem=problem, metric="").use_case.kind


def shifted(world: World, random: np.random.Generator, by: float) -> bool:
    """Whether a challenger is promoted that is truly worse by a standard error (-1), or better by twice (2) the smallest visible gain.

    How strong such a challenger is is found on many rows.
    """
    key = (world.metric, world.rows, by)
    if key not in STRENGTHS:
        STRENGTHS[key] = _strength(world, by)
    return once(replace(world, gain=STRENGTHS[key]), random)[0]


STRENGTHS: dict[tuple[str, int, float], float] = {}


def _strength(world: World, by: float) -> float:
    """The gain in strength by which the metric truly changes as much as asked, by bisection."""
    random = np.random.default_rng(7)
    found = [once(world, random)[1].difference for _ in range(15)]
    visible = float(np.median([each.visible for each in found if each and each.visible]))
    target = by * visible if by > 0 else by * visible / (1.96 + 0.84)
    large = replace(world, rows=200_000)
    table = large.table(random)
    kind, low, high = world.use_case.kind, min(by, 0) * 0.5, max(by, 0) * 1.0

    def true(gain: float) -> float:
        from lifecycle.evaluation.metrics import compute

        value = [
            compute(kind, table.y, replace(large, gain=each).model(np.random.default_rng(3), table, each).answers(table), names=[world.metric])
            for each in (gain, 0.0)
        ]
        return kind.gain(world.metric, value[0][world.metric], value[1][world.metric])

    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if true(middle) < target else (low, middle)
    return (low + high) / 2


def main(campaigns: int = 400, words: Sequence[str] = ()) -> None:
    """Print how often each cell's challenger is promoted."""
    before = ""
    for number, (must, name, case) in enumerate(cells()):
        if words and not any(word in f"{must} {name}" for word in words):
            continue
        if must != before:
            print(f"\n{must}")
            before = must
        began = time.perf_counter()
        random = np.random.default_rng([number, 2026])
        hits = [case(random) for _ in range(campaigns)]
        print(f"  {name:45} {share(hits)}   ({(time.perf_counter() - began) / campaigns * 1000:.0f} ms)", flush=True)


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:2]), words=sys.argv[2:])
