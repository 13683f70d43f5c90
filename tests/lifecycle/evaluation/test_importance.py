import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.evaluation.importance import COLUMNS, importances
from tests.toys import toy

UC = toy("leaning")


class First:
    """Its score is its first input, whatever the others say."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        score = X["used"].to_numpy()
        return np.stack([1 - score, score], axis=1)


def rows_with(others: int, count: int = 800) -> Rows:
    random = np.random.default_rng(1)
    y = (random.random(count) < 0.5).astype(np.int8)
    inputs = {f"idle_{i}": random.random(count) for i in range(others)}
    return Rows(pl.DataFrame({**inputs, "used": 0.5 * y + 0.5 * random.random(count)}), y, pl.DataFrame({"_key": np.arange(count).astype(str)}))


def test_the_input_that_is_used_comes_first_and_the_others_count_nothing():
    found = importances(UC, First(), rows_with(3)).table
    assert found[0].feature == "used"
    assert found[0].least > 0.3
    assert all(row.importance == 0 for row in found[1:])


def test_of_very_many_inputs_the_one_that_matters_is_among_those_measured():
    found = importances(UC, First(), rows_with(60)).table
    assert len(found) == COLUMNS
    assert found[0].feature == "used"


def test_importances_are_of_at_most_five_thousand_rows_and_the_same_twice():
    rows = rows_with(1, count=6_000)
    one, two = (importances(UC, First(), rows) for _ in range(2))
    assert one == two
    assert one.rows == 5_000
