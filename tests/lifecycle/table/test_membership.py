"""Which rows the two fits of a version have seen."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from lifecycle.references import Evaluated, Features, ModelVersion, Recipe, Trained
from lifecycle.sources import Generated
from lifecycle.splits import GroupSplit, HashSplit, OrderSplit, TimeSplit
from lifecycle.splits.split import PARTS, Split
from lifecycle.stages import collect, featurize, split, validate
from lifecycle.table.membership import fitted, seen
from lifecycle.table.parts import LABELLED, rows
from lifecycle.usecase import UseCase
from tests.toys import chain, toy, visits

GAP = dt.timedelta(minutes=200)


def known_late(unknown: int = 300, more: int = 0) -> Iterator[pl.DataFrame]:
    """Visits of which the last `unknown` have no outcome yet; with `more` after them they have it."""
    frame = visits(3_000 + more)
    last = pl.int_range(pl.len()) >= 3_000 - unknown
    yield frame if more else frame.with_columns(bought=pl.when(last).then(None).otherwise("bought"))


def case(name: str, how: Split[Any], **parameters: int) -> UseCase:
    return toy(name, split=how, source=Generated(known_late, parameters, deterministic=True))


def features(use_case: UseCase) -> Features:
    return featurize.featurize(use_case, validate.validate(use_case, collect.collect(use_case)))


def version(use_case: UseCase, made: Features, judged: str = "two") -> ModelVersion:
    """A version of these rows, as far as rows are concerned."""
    parts = split.split(use_case, made)
    trained = Trained(use_case=use_case.name, parts=parts, recipe=Recipe(candidate="linear"), run_id="", sha256="one", judged_sha256=judged)
    evaluated = Evaluated(
        use_case=use_case.name, trained=trained, metric="roc_auc", mode="holdout", holdout={}, intervals={}, train={}, baseline={}, linear={}
    )
    return ModelVersion(use_case=use_case.name, version=1, run_id="", sha256="one", evaluated=evaluated, division=use_case.split.rule(use_case))


@pytest.mark.parametrize("how", [HashSplit(), GroupSplit(), TimeSplit(gap=GAP), TimeSplit(gap=GAP, longest=dt.timedelta(minutes=700))])
def test_the_deployed_fit_has_seen_every_row_whose_label_was_known_and_no_other_whatever_came_since(how: Split[Any]) -> None:
    name = f"seen_{type(how).__name__.lower()}{'_short' if getattr(how, 'longest', None) else ''}"
    use_case = case(name, how)
    made = features(use_case)
    model = version(use_case, made)
    labelled = {str(number) for number in range(2_700)}
    assert set(fitted(use_case, model)["_key"]) == labelled
    assert set(rows(use_case, model.evaluated.trained.parts, LABELLED).info["_key"]) == labelled
    assert model.evaluated.trained.parts.labelled == 2_700

    later = case(name, how, more=500)
    features(later)
    assert set(fitted(later, model)["_key"]) == labelled


def test_the_judged_fit_has_seen_train_and_tune_and_not_the_gate() -> None:
    use_case = case("seen_judged", HashSplit())
    model = version(use_case, features(use_case))
    parts = {part: rows(use_case, model.evaluated.trained.parts, part) for part in PARTS}
    assert [bool(seen(use_case, model, each.info).all()) for each in parts.values()] == [True, True, False]
    assert not seen(use_case, model, parts["gate"].info).any()


def test_one_fit_that_is_both_has_seen_train_and_tune() -> None:
    use_case = case("seen_before", HashSplit())
    model = version(use_case, features(use_case), judged="")
    known = pl.concat([rows(use_case, model.evaluated.trained.parts, part).info for part in ("train", "tune")])
    assert set(fitted(use_case, model)["_key"]) == set(known["_key"])


def test_under_another_rule_every_row_that_was_there_counts_as_seen() -> None:
    use_case = case("seen_other", HashSplit())
    model = version(use_case, features(use_case))
    assert fitted(case("seen_other", TimeSplit()), model).height == 3_000


def test_along_an_order_the_gaps_are_fitted_on_too() -> None:
    use_case = chain("seen_order", split=OrderSplit(gap=50))
    model = version(use_case, features(use_case))
    assert model.evaluated.trained.parts.counts["gap"] == 100
    assert fitted(use_case, model).height == 2_000
