"""What is watched of a text: its length, and the words that the training did not have."""

import numpy as np
import pandera.polars as pa
import polars as pl

from lifecycle import HashSplit, Query, UseCase
from lifecycle.dataset import Rows
from lifecycle.monitoring import drift, profile, role_views
from schemas.roles import column

WORDS = [f"word{i}" for i in range(400)]


class Review(pa.DataFrameModel):
    """A review that people wrote."""

    review: str = column("text")
    stars: float = column()
    good: bool = column("target")


def reviews(rows: int, seed: int, words: list[str] = WORDS, length: int = 12) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(words, random.poisson(length) + 1)) for _ in range(rows)]
    return pl.DataFrame({"review": texts, "stars": random.normal(size=rows)})


def beyond(X: pl.DataFrame) -> set[str]:
    use_case = UseCase(name="reviews", title="", problem="binary", schema=Review, source=Query(""), features=lambda rows: rows, split=HashSplit())
    before = reviews(6_000, 1)
    made = profile.reference(use_case, Rows(before, np.zeros(before.height), pl.DataFrame({"_key": before["review"]})), pl.DataFrame())
    assert set(made["columns"]) == {"stars", "review: words", "review: unseen words"}  # nearly every text is another: no cells of its own
    return {name for name, one in drift.effects(made, role_views.beside(use_case, made, X)).items() if one.beyond}


def test_texts_as_they_were_are_no_drift():
    assert not beyond(reviews(2_000, 2))


def test_longer_texts_and_new_words_are_found_each_by_itself():
    assert beyond(reviews(2_000, 2, length=18)) == {"review: words"}
    assert beyond(reviews(2_000, 2, words=[*WORDS[:360], *(f"new{i}" for i in range(40))])) == {"review: unseen words"}


def test_a_text_that_is_not_there_is_a_change():
    assert {"review: words", "review: unseen words"} <= beyond(reviews(2_000, 2).drop("review"))
