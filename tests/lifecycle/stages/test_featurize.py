"""Featurize: one row of inputs for each row, never the target, older tables readable by their version."""

import polars as pl
import pytest

from lifecycle.errors import DefinitionError
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.validate import validate
from lifecycle.table import feature_table as module
from lifecycle.table.feature_table import compute, read
from tests.toys import toy, visits


def test_the_table_read_back_is_the_table_made() -> None:
    use_case = toy("read_back")
    made = featurize(use_case, validate(use_case, collect(use_case)))
    first = read(use_case, made)
    module._newest.clear()
    second = read(use_case, made)
    assert second.X.equals(first.X)
    assert second.info.equals(first.info)
    assert (second.y == first.y).all()
    assert made.names == ("amount", "kind", "age", "log_amount")


def test_an_older_feature_table_is_read_by_its_version() -> None:
    use_case = toy("older")
    snapshot = validate(use_case, collect(use_case))
    first = featurize(use_case, snapshot)
    other = toy("older", features=lambda rows: rows.select(double=pl.col("amount") * 2))
    featurize(other, snapshot)
    assert read(use_case, first).X.columns == ["amount", "kind", "age", "log_amount"]


@pytest.mark.parametrize(
    ("features", "says"),
    [
        (lambda rows: rows.select("amount").head(3), "a row for each of the 50 rows"),
        (lambda rows: rows.select("amount", "bought"), "must not return the target"),
        (lambda rows: rows.select("at"), "numbers, Booleans and texts"),
        (lambda rows: [1, 2], "found list"),
    ],
    ids=["loses rows", "shows the target", "returns times", "is no frame"],
)
def test_features_that_cannot_be_inputs_are_refused(features: object, says: str) -> None:
    with pytest.raises(DefinitionError, match=says):
        compute(toy("refused_features", features=features), visits(50))


def test_an_infinity_becomes_a_missing_value() -> None:
    use_case = toy("infinite", features=lambda rows: rows.select(x=pl.col("amount") / 0))
    assert compute(use_case, visits(50))["x"].null_count() == 50
