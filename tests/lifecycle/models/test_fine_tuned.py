"""A transformer that is trained further, for real: better than the frozen one, the same again, and going on from a champion's weights."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lifecycle import extras
from lifecycle.candidates import fine_tuned, linear
from lifecycle.dataset import Rows
from lifecycle.errors import DataError
from lifecycle.fit import fit_estimator
from lifecycle.models.blueprint import blueprint
from lifecycle.references import Recipe
from lifecycle.store import models, tracking
from lifecycle.usecase import UseCase
from tests.lifecycle.models.test_text import Review, case, reviews
from tests.toys import toy

pytestmark = [pytest.mark.transformers, pytest.mark.skipif(not extras.installed("transformers"), reason="the extra 'transformers' is not installed")]


def alone(name: str = "tuned_texts") -> UseCase:
    return toy(name, schema=Review, features=lambda rows: rows.select("words"), candidates=(linear(), fine_tuned()))


def fitted(use_case: UseCase, X: pl.DataFrame, y: np.ndarray, **params):
    recipe = Recipe(candidate="fine_tuned", params={"learning_rate": 3e-4, "epochs": 1, **params})
    return fit_estimator(use_case, recipe, Rows(X.select("words"), y, pl.DataFrame({"_key": np.arange(len(y)).astype(str)})))


def test_it_learns_says_the_same_of_a_text_alone_and_is_the_same_again() -> None:
    X, y = reviews(160)
    more, truth = reviews(60, 1)
    more = more.select("words")
    model, again = (fitted(alone(), X, y) for _ in range(2))
    assert model.score(more, truth) > 0.9
    said = model.predict_proba(more)
    assert np.array_equal(said, again.predict_proba(more))
    assert np.allclose(np.concatenate([model.predict_proba(more[at]) for at in range(10)]), said[:10], atol=1e-5)
    odd = pl.DataFrame({"words": [None, "", "\U0001f600", "a" * 1_000_000]})
    assert np.isfinite(model.predict_proba(odd)).all()


def test_it_goes_on_from_the_weights_of_a_model_that_was_kept() -> None:
    X, y = reviews(160)
    use_case = alone()
    first = fitted(use_case, X, y)
    run = tracking.begin(use_case.name, "first", "")
    head = X.select("words").head(3)
    sha256 = models.save(run, use_case, first, head, pl.DataFrame({"prediction": [0, 1, 0]}))
    slow = {"learning_rate": 1e-7}  # what it says is then what it began with
    onward, anew = fitted(use_case, X, y, **slow, start=[run, sha256, ""]), fitted(use_case, X, y, **slow)
    more, truth = reviews(60, 1)
    assert onward.score(more.select("words"), truth) > 0.9 > anew.score(more.select("words"), truth)


def test_it_reads_one_text_and_says_so_where_there_is_more() -> None:
    X, _ = reviews(20)
    with pytest.raises(DataError, match="reads one text and nothing else, found the inputs stars, words"):
        fine_tuned().build(blueprint(case(), X), dict(fine_tuned().defaults))


def test_real_sentences_are_told_apart_better_than_by_the_frozen_encoder(shared: Path) -> None:
    folder = shared / "uci_sentiment_sentences"
    if not folder.is_dir():
        pytest.skip("the sentences are not in ../shared/data")
    from sklearn.linear_model import LogisticRegression

    from lifecycle.models.sentence_encoder import MINILM

    lines = [line for file in sorted(folder.glob("*_labelled.txt")) for line in file.read_text().splitlines()[1:] if line.strip()]
    order = np.random.default_rng(1).permutation(len(lines))
    texts = pl.DataFrame({"words": [lines[at].rpartition("\t")[0] for at in order]})
    y = np.array([int(lines[at].rpartition("\t")[2]) for at in order])
    held = len(y) // 5
    tuned = fitted(alone(), texts[held:], y[held:], learning_rate=1e-4, epochs=2).score(texts[:held], y[:held])
    X = MINILM.vectors(texts["words"].to_list())
    frozen = LogisticRegression(max_iter=500).fit(X[held:], y[held:]).score(X[:held], y[:held])
    print(f"held-out fifth: fine-tuned {tuned:.4f}, frozen {frozen:.4f}")  # noqa: T201
    assert tuned > frozen - 0.01
    assert tuned > 0.89
