"""What decisions by cost save, and whether intervals and sets reach the coverage that they state: `python -m benchmarks.decisions fare income digits`.

The first table is simulated: scores whose true probabilities are known, so that the best threshold is, too. The others take use cases whose
data are here: their feature table is divided at random (5 seeds), a model is fitted on half of at most 40,000 rows, finished on a quarter, and asked
about the rest. It needs a home folder (`LIFECYCLE_HOME`); nothing is registered there.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import polars as pl

from lifecycle import registry
from lifecycle.dataset import Rows
from lifecycle.evaluation.metrics import compute
from lifecycle.fit import fit
from lifecycle.models.calibrate import best_threshold
from lifecycle.operating_points import Costs
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.validate import validate
from lifecycle.table import feature_table
from lifecycle.usecase import UseCase

RATES, SEPARATIONS = (0.01, 0.05, 0.1, 0.3, 0.5), (0.5, 1.0, 2.0, 3.0)
CHOSEN_ON, NEW = 2_000, 50_000
SEEDS = 5
MOST = 20_000


def costs() -> Iterator[str]:
    """With a miss at 20 false alarms: what a threshold that is chosen on 2,000 rows costs on new ones, in units of the best."""
    yield "| share of cases | distance of the classes | best f1 | least cost |"
    yield "|---|---|---|---|"
    point = Costs(miss=20, false_alarm=1)
    for rate in RATES:
        for apart in SEPARATIONS:
            random = np.random.default_rng(int(rate * 1_000 + apart * 10))
            found = [_ratios(point, *_scored(random, rate, apart, CHOSEN_ON), *_scored(random, rate, apart, NEW)) for _ in range(20)]
            f1, least = np.mean(found, axis=0)
            yield f"| {rate:.0%} | {apart} | {f1:.2f} | {least:.3f} |"


def _scored(random: np.random.Generator, rate: float, apart: float, rows: int) -> tuple[np.ndarray, np.ndarray]:
    y = (random.random(rows) < rate).astype(np.int8)
    x = random.normal(size=rows) + apart * y
    return y, 1 / (1 + np.exp(-(apart * x - apart**2 / 2 + np.log(rate / (1 - rate)))))


def _ratios(point: Costs, y: np.ndarray, probability: np.ndarray, new: np.ndarray, chance: np.ndarray) -> tuple[float, float]:
    def cost(threshold: float) -> float:
        return float((20 * ((new == 1) & (chance < threshold)) + ((new == 0) & (chance >= threshold))).mean())

    best = cost(1 / 21)  # of true probabilities (Elkan 2001)
    return cost(best_threshold(y, probability)) / best, cost(point.threshold(y, probability, None)) / best


def coverage(use_case: UseCase) -> Iterator[str]:
    """What is reached on new rows, by family: of all, and of the class, or the fifth of predictions, that has least."""
    features = featurize(use_case, validate(use_case, collect(use_case)))
    table = feature_table.read(use_case, features)
    known = table.take(table.info[use_case.target].is_not_null().to_numpy())
    for family in use_case.candidates:
        found = [_covered(use_case, Recipe(candidate=family.name, params=dict(family.defaults)), known, seed) for seed in range(SEEDS)]
        reached, least, size = np.mean(found, axis=0)
        spread = np.std([each[0] for each in found])
        yield f"| `{use_case.name}` | {family.name} | {use_case.coverage:.0%} | {reached:.3f} ± {spread:.3f} | {least:.3f} | {size:.4g} |"


def _covered(use_case: UseCase, recipe: Recipe, known: Rows, seed: int) -> tuple[float, float, float]:
    order = np.random.default_rng(seed).permutation(len(known))[: 2 * MOST]
    half, quarter = len(order) // 2, len(order) // 4
    train, tune, new = (known.take(part) for part in (order[:half], order[half : half + quarter], order[half + quarter :]))
    said = predict(use_case, fit(use_case, recipe, train, tune), new.X)
    parts = _parts(new.y, said)
    each = [
        compute(use_case, new.y[part], said.filter(part), names=["coverage"]).get("coverage", np.nan) for part in (np.ones(len(new), bool), *parts)
    ]
    return each[0], float(np.nanmin(each[1:])), use_case.kind.spread(said)[0] or np.nan


def _parts(y: np.ndarray, said: pl.DataFrame) -> list[np.ndarray]:
    """Masks of the classes; of numbers, of the fifths of the predictions."""
    if "set" in said.columns:
        return [y == value for value in np.unique(y)]
    predicted = said["prediction"].to_numpy()
    place = np.searchsorted(np.quantile(predicted, [0.2, 0.4, 0.6, 0.8]), predicted)
    return [place == at for at in range(5)]


def main() -> None:
    """Both tables, as Markdown."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("use_case", nargs="*")
    print("\n".join(costs()))
    print("\n| use case | family | stated | reached | least of a class or a fifth | width, or classes in a set |\n|---|---|---|---|---|---|")
    for name in asked.parse_args().use_case:
        for line in coverage(registry.find(name)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
