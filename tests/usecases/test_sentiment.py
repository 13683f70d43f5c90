"""Sentiment: files as people have them, made-up reviews, and what must be answered, refused or set aside."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle import extras
from lifecycle.candidates import linear, read_as
from lifecycle.errors import DataError, DefinitionError
from lifecycle.fit import fit
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.serving.requests import Reader, RowsError
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from lifecycle.table.parts import rows
from tests.challengers import parts_of
from usecases._review_simulator import reviews
from usecases.sentiment import NEGATIONS, SWAPS, use_case

needed = pytest.mark.skipif(not extras.installed("text"), reason="the extra 'text' is not installed")


def loaded(file: Path | str) -> pl.DataFrame:
    snapshot = validate(use_case, collect(use_case, source=str(file)))
    assert snapshot.came == snapshot.kept + snapshot.quarantined + snapshot.duplicates
    return lake().frame(f"SELECT id, text, sentiment FROM sentiment.raw AT (VERSION => {snapshot.version}) ORDER BY text")


@pytest.mark.usefixtures("emptied")
@pytest.mark.parametrize(
    ("columns", "classes"),
    [
        ({"sentence": ["a", "b"], "score": [0, 1]}, ["negative", "positive"]),
        ({"tweet": ["a", "b", "c"], "label": [-1, 0, 1]}, ["negative", "neutral", "positive"]),
        ({"text": ["a", "b", "c"], "label": [0, 1, 2]}, ["negative", "neutral", "positive"]),
        ({"text": ["a", "b", "c"], "target": [0, 2, 4]}, ["negative", "neutral", "positive"]),
        ({"product": [1, 1], "review": ["a", "b"], "score": ["other", "great"]}, ["other", "great"]),
        ({"id": ["7", "8"], "text": ["a", "b"]}, [None, None]),
    ],
    ids=lambda given: ", ".join(given) if isinstance(given, dict) else "",
)
def test_a_file_may_call_its_columns_and_classes_as_is_usual(tmp_path: Path, columns: dict[str, Any], classes: list[str | None]) -> None:
    pl.DataFrame(columns).write_csv(tmp_path / "texts.csv")
    found = loaded(tmp_path / "texts.csv")
    assert found["sentiment"].to_list() == classes
    assert found["id"].n_unique() == len(classes)


@pytest.mark.usefixtures("emptied")
def test_a_text_that_is_empty_or_endless_is_set_aside_with_its_reason_and_odd_ones_are_kept(tmp_path: Path) -> None:
    texts = ["\U0001f600\U0001f44d", "это ужасно", "", "x" * 1_000_000, *(f"fine {number}" for number in range(60))]
    pl.DataFrame({"text": texts, "label": [at % 2 for at in range(len(texts))]}).write_parquet(tmp_path / "texts.parquet")
    snapshot = validate(use_case, collect(use_case, source=str(tmp_path / "texts.parquet")))
    assert (snapshot.kept, snapshot.quarantined) == (62, 2)
    pl.DataFrame({"text": texts[3:5], "label": [0, 1]}).write_parquet(tmp_path / "more.parquet")
    with pytest.raises(DataError, match="str_length") as refused:
        validate(use_case, collect(use_case, source=str(tmp_path / "more.parquet")))
    assert len(str(refused.value)) < 1_000


def test_what_is_asked_over_http_is_read_or_refused_with_the_rule_that_it_breaks() -> None:
    reader = Reader(use_case)
    assert reader.cells([{"text": "\U0001f600"}])["text"] == ["\U0001f600"]
    for text, rule in (("", "not_nullable"), ("x" * 1_000_000, "str_length"), (None, "not_nullable")):
        with pytest.raises(RowsError) as refused:
            reader.cells([{"text": text}])
        (failure,) = refused.value.failures
        assert (failure["column"], rule in failure["rule"]) == ("text", True)


def test_made_up_reviews_are_the_same_again_and_of_another_world_when_asked() -> None:
    assert next(reviews(50)).equals(next(reviews(50)))
    assert set(next(reviews(200, classes=3))["sentiment"]) == {"negative", "neutral", "positive"}
    here, there = (next(reviews(200, world=world))["text"].str.contains("the (soup|waiter|app|search)") for world in ("restaurants", "streaming"))
    assert here.sum() > 0 < there.sum()
    assert not next(reviews(200, world="streaming"))["text"].str.contains("waiter|soup|dessert").any()
    unknown: tuple[dict[str, Any], ...] = ({"world": "moon"}, {"classes": 4})
    for wrong in unknown:
        with pytest.raises(DefinitionError, match="found"):
            next(reviews(**wrong))


@needed
@pytest.mark.usefixtures("emptied")
def test_three_classes_are_learnt_as_two_are_and_the_behaviours_ask_a_real_model(tmp_path: Path) -> None:
    next(reviews(900, classes=3)).write_csv(tmp_path / "reviews.csv")
    from dataclasses import replace

    from lifecycle.sources.spelling import chosen

    family = read_as(linear(), "words", "sentences")
    three = replace(use_case, source=chosen(use_case, str(tmp_path / "reviews.csv")), candidates=(family,))
    parts = parts_of(three)
    train, gate = (rows(three, parts, part) for part in ("train", "gate"))
    model = fit(three, Recipe(candidate=family.name, params=dict(family.defaults)), train)
    said = predict(three, model, gate.X)
    assert set(said["prediction"]) == {"negative", "neutral", "positive"}
    assert (said["prediction"].to_numpy() == gate.y).mean() > 0.75
    found = [each.found(three, pl.DataFrame(), lambda asked: predict(three, model, asked.select("text"))) for each in three.behaviours]
    assert [each.rows for each in found] == [len(NEGATIONS), len(SWAPS)]
    assert all(0.4 <= (each.share or 0) <= 1 for each in found)


@needed
def test_real_sentences_of_three_places_are_told_apart(shared: Path) -> None:
    folder = shared / "uci_sentiment_sentences"
    if not folder.is_dir():
        pytest.skip("the sentences are not in ../shared/data")
    from sklearn.linear_model import LogisticRegression

    from lifecycle.models.sentence_encoder import MINILM

    lines = (folder / "yelp_labelled.txt").read_text().splitlines()[1:]
    texts, y = [line.rpartition("\t")[0] for line in lines], np.array([line.rpartition("\t")[2] for line in lines])
    half = np.arange(len(texts)) % 2 == 0
    X = MINILM.vectors(texts)
    assert LogisticRegression().fit(X[half], y[half]).score(X[~half], y[~half]) > 0.85
