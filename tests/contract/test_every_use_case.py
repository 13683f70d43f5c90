"""The contract that every registered use case keeps; a new file in usecases/ is covered without a test being written."""

import base64
import dataclasses
import json
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle import registry
from lifecycle.dataset import Rows
from lifecycle.errors import LifecycleError
from lifecycle.evaluation.metrics import compute as measure
from lifecycle.evaluation.predictions import answers
from lifecycle.fit import fit
from lifecycle.models.blueprint import blueprint
from lifecycle.models.cluster_embedding import reference_space, shuffled
from lifecycle.predict import predict
from lifecycle.references import Parts, Recipe, Snapshot
from lifecycle.serving.entity_index import EntityIndex
from lifecycle.serving.lake_watcher import older_of
from lifecycle.serving.predictor import Predictor
from lifecycle.settings import settings
from lifecycle.splits import TimeSplit
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from lifecycle.table.feature_table import compute, read
from lifecycle.table.parts import rows
from lifecycle.table.validation import failing
from lifecycle.usecase import UseCase
from tests.toys import chain

MOST = 20_000  # rows that a model of these tests is fitted on

TOYS = {made.name: made for made in (chain("in_order"),)}
"""What no use case of ours has."""
every = pytest.mark.parametrize("name", [*registry.names(), *TOYS])


@cache
def ingested(name: str) -> tuple[UseCase, Snapshot]:
    use_case = TOYS.get(name) or registry.find(name)
    try:
        return use_case, validate(use_case, collect(use_case))
    except LifecycleError as error:
        if "does not exist" in str(error) or "LIFECYCLE_DOWNLOAD" in str(error):
            pytest.skip(f"the data of '{name}' is not here: {error}")
        raise


@cache
def divided(name: str) -> tuple[UseCase, Parts]:
    use_case, snapshot = ingested(name)
    return use_case, split(use_case, featurize(use_case, snapshot))


def raw_rows(name: str, most: int | None = None) -> tuple[UseCase, pl.DataFrame]:
    """Valid rows in order of time, or in their own order, or in none."""
    use_case, snapshot = ingested(name)
    time = use_case.columns.one("time") or use_case.columns.one("order")
    order = f'ORDER BY "{time}"' if time else ""
    names = ", ".join(f'"{column}"' for column in use_case.columns.names)
    return use_case, lake().frame(f"SELECT {names} FROM {name}.raw AT (VERSION => {snapshot.version}) {order} {f'LIMIT {most}' if most else ''}")


@every
def test_the_source_yields_rows_that_the_schema_accepts(name: str) -> None:
    _, snapshot = ingested(name)
    assert snapshot.rows > 0
    assert snapshot.came == snapshot.kept + snapshot.quarantined + snapshot.duplicates


@every
def test_a_spoilt_row_is_refused_with_its_column_named(name: str) -> None:
    use_case, frame = raw_rows(name, 50)
    guarded = [column for column in use_case.columns.all if not column.nullable]
    assert guarded, "a schema in which every column may be missing guards nothing"
    for column in guarded:
        spoilt = frame.with_row_index("_row", 1).with_columns(
            pl.when(pl.col("_row") == 7).then(None).otherwise(pl.col(column.name)).alias(column.name)
        )
        found = failing(use_case, spoilt.with_columns(pl.col("_row").cast(pl.Int64)))
        assert found is not None
        assert set(found["column"]) == {column.name}
        assert set(found["row"]) == {7}


@every
def test_features_are_deterministic_and_hide_the_rows_own_target(name: str) -> None:
    use_case, frame = raw_rows(name, 5_000)
    first = compute(use_case, frame)
    assert first.equals(compute(use_case, frame))
    if not use_case.target:
        return
    last = frame.height - 1
    hidden = (
        frame.with_row_index("_i")
        .with_columns(pl.when(pl.col("_i") == last).then(None).otherwise(pl.col(use_case.target)).alias(use_case.target))
        .drop("_i")
    )
    assert compute(use_case, hidden)[last].equals(first[last])


@every
def test_features_never_look_ahead_nor_at_other_rows_unless_history_says_so(name: str) -> None:
    use_case, frame = raw_rows(name, 20_000)
    whole = compute(use_case, frame)
    if use_case.history:
        half = frame.height // 2
        assert compute(use_case, frame.head(half)).equals(whole.head(half)), "a row's features change with rows that come after it"
    else:
        chosen = np.random.default_rng(1).permutation(frame.height)[:500]
        assert compute(use_case, frame[chosen]).equals(whole[chosen]), "a row's features change with the rows beside it"


@every
def test_no_row_is_on_both_sides_of_the_split(name: str) -> None:
    use_case, parts = divided(name)
    sides = {part: set(rows(use_case, parts, part).info["_key"]) for part in ("train", "tune", "gate")}
    assert not sides["train"] & sides["gate"]
    assert not sides["tune"] & sides["gate"]
    assert not sides["train"] & sides["tune"]
    if isinstance(use_case.split, TimeSplit):
        train, gate = (rows(use_case, parts, part).info["_time"] for part in ("train", "gate"))
        assert train.max() + 2 * use_case.split.gap <= gate.min()  # type: ignore[operator]
    if place := use_case.columns.one("order"):
        train, gate = (rows(use_case, parts, part).info[place] for part in ("train", "gate"))
        assert train.max() < gate.min()  # type: ignore[operator]


def some(part: Rows, seed: int) -> Rows:
    return part.take(np.sort(np.random.default_rng(seed).permutation(len(part))[:MOST]))


def scored(use_case: UseCase, train: Rows, tune: Rows, gate: Rows) -> tuple[float, float]:
    """The metric on the gate's rows of the last candidate with its defaults, and of the constant baseline."""
    candidate = use_case.candidates[-1]
    model = fit(use_case, Recipe(candidate=candidate.name, params=dict(candidate.defaults)), train, tune)
    dummy: Any = use_case.kind.constant()
    dummy.fit(train.X, train.y)
    dummy = use_case.kind.baseline(use_case, dummy, train)
    both = [measure(use_case, gate.y, answers(use_case, each, gate))[use_case.metric] for each in (model, dummy)]
    return both[0], both[1]


@every
def test_the_model_beats_the_constant_baseline_and_with_shuffled_labels_it_does_not(name: str) -> None:
    use_case, parts = divided(name)
    if not use_case.target:
        pytest.skip("there are no labels to shuffle")
    train, tune, gate = (some(rows(use_case, parts, part), 3) for part in ("train", "tune", "gate"))
    model, base = scored(use_case, train, tune, gate)
    gain = use_case.kind.gain(use_case.metric, model, base)
    assert gain > 0
    shuffled = [dataclasses.replace(part, y=np.random.default_rng(5).permutation(part.y)) for part in (train, tune)]
    model, base = scored(use_case, shuffled[0], shuffled[1], gate)
    assert use_case.kind.gain(use_case.metric, model, base) < 0.35 * gain, "a model of shuffled labels is good: something leaks"


@every
def test_a_clustering_finds_more_in_the_rows_than_in_shuffled_columns(name: str) -> None:
    use_case, parts = divided(name)
    if use_case.target or use_case.kind.asked_again:
        pytest.skip("it is judged by its target, or by what came after")
    candidate = use_case.candidates[0]
    recipe = Recipe(candidate=candidate.name, params=dict(candidate.defaults))
    train, tune, gate = (some(rows(use_case, parts, part), 3) for part in ("train", "tune", "gate"))
    space = reference_space(use_case, train.X)
    found = []
    for fitted, tuned, judged in ((train, tune, gate), tuple(shuffled(space, part, 5) for part in (train, tune, gate))):
        found.append(measure(use_case, judged.y, predict(use_case, fit(use_case, recipe, fitted, tuned), judged.X))[use_case.metric])
    assert use_case.kind.gain(use_case.metric, found[0], found[1]) > 0


@every
def test_lists_are_better_than_popularity_and_of_shuffled_users_they_are_not(name: str) -> None:
    use_case, parts = divided(name)
    if not use_case.kind.asked_again:
        pytest.skip("its answers are no lists")
    train, tune, gate = (rows(use_case, parts, part) for part in ("train", "tune", "gate"))
    user = use_case.columns.one("user") or ""
    mixed = dataclasses.replace(train, X=train.X.with_columns(pl.col(user).shuffle(seed=5)))
    first, last = use_case.candidates[0], use_case.candidates[-1]
    values = []
    for family, fitted in ((first, train), (last, train), (first, mixed), (last, mixed)):
        model = fit(use_case, Recipe(candidate=family.name, params=dict(family.defaults)), fitted, None)
        values.append(measure(use_case, tune.y, answers(use_case, model, tune))[use_case.metric])
    assert values[1] > values[0]
    assert values[3] - values[2] < 0.35 * (values[1] - values[0]), "lists of shuffled users are good: something leaks"
    assert len(gate)


@every
def test_the_blueprint_knows_every_input(name: str) -> None:
    use_case, parts = divided(name)
    everything = read(use_case, parts.features)
    plan = blueprint(use_case, everything.X)
    assert set(plan.numeric) | set(plan.categorical) | set(plan.wide) | {name for name, _ in plan.encoded} == set(everything.X.columns)


@every
def test_a_row_asked_about_over_http_has_the_features_it_has_in_batch(name: str) -> None:
    use_case, frame = raw_rows(name, 5_000)
    if use_case.kind.asked_again:
        pytest.skip("it is asked by histories, not by rows: tests/app/http/test_recommendation.py")
    predictor = Predictor(use_case, older_of(settings(), use_case))
    if use_case.history:
        predictor.refresh(EntityIndex(use_case, frame), None)
    batch = compute(use_case, frame)
    for at in range(frame.height - 1, 0, -frame.height // 25):
        body = json.dumps(
            {name: frame[name][at] for name in (column.name for column in predictor.reader.columns)},
            default=lambda cell: base64.b64encode(cell).decode() if isinstance(cell, bytes) else cell.isoformat(),
        )
        found = predictor.features(predictor.reader.cells([json.loads(body)]))
        assert found.equals(batch[at]), f"row {at} has other features over HTTP"
