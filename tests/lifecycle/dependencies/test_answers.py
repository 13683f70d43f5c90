"""Every stage and every field: a stage runs again where its answer can change, and nowhere else. Asked on the real lake and MLflow."""

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import polars as pl
import pytest

from lifecycle.behaviours import Invariance
from lifecycle.candidates import linear
from lifecycle.expectations import Arrivals, Surprises
from lifecycle.operating_points import Costs
from lifecycle.sources import Generated
from lifecycle.splits import GroupSplit
from lifecycle.usecase import Gate, Monitoring, Tuning, UseCase
from tests.asked import STAGES, Loop
from tests.toys import Visit, toy, visit_features, visit_source


class Stranger(Visit):
    """A visit with other rules."""


def other_features(rows: pl.DataFrame) -> pl.DataFrame:
    return visit_features(rows)


BASE: dict[str, Any] = {"tuning": Tuning(trials=2), "parameters": {"rows": 3_000}, "candidates": (linear(),), "slices": ("kind",)}
OTHERS: dict[str, Any] = {
    "name": "asked_other",
    "title": "another toy",
    "problem": "multiclass",
    "schema": Stranger,
    "source": Generated(visit_source, {"rows": 3_001}, deterministic=True),
    "features": other_features,
    "split": GroupSplit(),
    "metric": "average_precision",
    "positive": False,
    "threshold": "accuracy",
    "costs": Costs(miss=3.0, false_alarm=1.0),
    "capacity": 40,
    "coverage": 0.8,
    "behaviours": (Invariance(column="gender"),),
    "history": dt.timedelta(hours=1),
    "candidates": (replace(linear(), defaults={"alpha": 2.0}),),
    "tuning": Tuning(trials=3),
    "gate": Gate(overfit=0.4),
    "monitoring": Monitoring(bad_windows=4),
    "slices": ("gender",),
    "bad_rows": 0.2,
    "most_rows": 1_000_000,
    "surprises": Surprises(new="keep"),
    "arrivals": Arrivals(volume=0.3),
    "selective_labels": "only those who came in",
    "approval": "human",
    "allows": ("/elsewhere",),
    "seed": 7,
}
FIRST = {
    "name": "collect", "title": "register", "problem": "split", "schema": "collect", "source": "collect", "features": "featurize",
    "split": "featurize", "metric": "tune", "positive": "split", "threshold": "tune", "costs": "featurize", "capacity": "tune", "coverage": "train", "behaviours": "evaluate", "history": "featurize", "candidates": "tune",
    "tuning": "tune", "gate": "evaluate", "monitoring": "evaluate", "slices": "featurize", "bad_rows": "validate", "most_rows": "split",
    "surprises": "validate", "arrivals": "validate", "selective_labels": "evaluate", "approval": "promote", "allows": "", "seed": "featurize",
}  # fmt: skip
"""What a person who knows the stages says: the first of them that an edit of each field can concern.

None: what a form may name is looked at before any stage, whatever is cached, and changes no answer.
"""


class Bomb:
    """Stands in a field of which nobody may know anything."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError("a field was read that the key knows nothing of")

    __eq__ = __bool__ = __len__ = __iter__ = __str__ = __repr__ = __hash__ = __call__ = __getattribute__  # type: ignore[assignment]


@pytest.fixture(scope="module")
def base() -> UseCase:
    return toy("asked", **BASE)


@pytest.fixture(scope="module")
def loop(base: UseCase) -> Loop:
    return Loop(base)


def changed(base: UseCase, name: str) -> UseCase:
    """The definition with one field changed, whatever the rules of a definition say of the whole."""
    made = object.__new__(UseCase)
    made.__dict__.update(vars(base))
    made.__dict__[name] = OTHERS[name]
    return made


def test_there_is_another_value_for_every_field() -> None:
    assert set(OTHERS) == set(FIRST) == {field.name for field in fields(UseCase)}


def test_nothing_runs_again_where_nothing_has_changed(loop: Loop) -> None:
    assert loop.again(toy("asked", **BASE)) == []


@pytest.mark.parametrize("name", sorted(set(OTHERS) - {"name"}))
def test_an_edited_field_runs_the_stages_again_that_read_it_and_no_other(loop: Loop, base: UseCase, name: str) -> None:
    again = loop.again(changed(base, name))
    assert again == [stage for stage in STAGES if name in loop.noted[stage].read]
    assert again[:1] == [FIRST[name]] * bool(FIRST[name])


@pytest.mark.parametrize("stage", list(STAGES))
def test_a_stage_gives_the_same_answer_whatever_the_fields_are_that_its_key_leaves_out(loop: Loop, base: UseCase, stage: str) -> None:
    free = set(OTHERS) - loop.noted[stage].read
    blind = object.__new__(UseCase)
    blind.__dict__.update(vars(base))
    blind.__dict__.update(dict.fromkeys(free, Bomb()))
    before = loop.returned[stage]
    after = STAGES[stage](blind, *loop.given[stage])  # type: ignore[operator]
    assert comparable(after) == comparable(before)


def comparable(reference: Any) -> Any:
    """An answer without what is new each time: where rows are staged, the lake's version, the run's id; and what was done before."""
    found = reference.model_dump()
    return without(found, {"key", "folder", "version", "run_id", "rows", "batch", "sha256", "judged_sha256", "after", "files"})


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: without(each, names) for name, each in value.items() if name not in names}
    return value
