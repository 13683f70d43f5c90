"""Free text in the model: read by its words, bounded in size, and never by a row's own target."""

from pathlib import Path

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from lifecycle import kind as kinds
from lifecycle import role
from lifecycle.candidates import boosting, kmeans
from lifecycle.models.blueprint import blueprint
from lifecycle.models.cluster_embedding import ClusterEmbedding
from lifecycle.models.text import BUCKETS, Text, counted
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import toy

GOOD, BAD = ("great", "lovely", "works well", "excellent"), ("awful", "broken", "waste of money", "terrible")


class Review(pa.DataFrameModel):
    """A made-up review."""

    review: int = column("key", ge=0)
    words: str = column("text", nullable=True)
    stars: float = column()
    good: bool = column("target")


def case(problem: str = "binary") -> UseCase:
    return toy("texts", schema=Review, features=lambda rows: rows.select("words", "stars"), problem=problem)


def reviews(rows: int = 400, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows)
    fill = ["the thing", "my phone", "this place", "it"]
    said = [f"{random.choice(fill)} is {random.choice(GOOD if good else BAD)}" for good in y]
    return pl.DataFrame({"words": said, "stars": random.normal(size=rows)}), y.astype(np.int8)


@pytest.mark.parametrize("family", kinds.find("binary").families(), ids=lambda family: family.name)
def test_every_family_reads_the_words(family):
    X, y = reviews()
    more, truth = reviews(200, 1)
    few = {family.iterations: 40} if family.iterations else {}
    plan = blueprint(case(), X)
    assert (plan.encoded, plan.wide, plan.categorical) == ((("words", role.find("text")),), (), ())
    model = family.build(plan, {**family.defaults, **few}).fit(X, y)  # pyright: ignore[reportAttributeAccessIssue]
    assert model.score(more, truth) > 0.95
    strange = more[:3].with_columns(words=pl.Series([None, "", "\x00 \U0001f600 " * 5_000]))
    assert np.isfinite(model.predict_proba(strange)).all()


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_other_problems_read_them_too(problem: str):
    X, y = reviews()
    target = np.where(y == 1, "yes", "no").astype(object) if problem == "multiclass" else y * 10.0
    model = boosting().build(blueprint(case(problem), X), {**boosting().defaults, "max_iter": 40}).fit(X, target)  # pyright: ignore[reportAttributeAccessIssue]
    assert model.score(X, target) > 0.9


def test_training_rows_get_scores_that_do_not_know_their_own_target():
    random = np.random.default_rng(3)
    X = pl.DataFrame({"words": [" ".join(random.choice(list("abcdefghij"), 6)) + f" id{i}" for i in range(400)]})
    y = random.permutation(np.arange(400) % 2)
    text = Text(kinds.find("binary").text_model(0), topics=0)
    out_of_fold = text.fit_transform(X, y)[:, 0]
    assert roc_auc_score(y, text.transform(X)[:, 0]) > 0.95, "the model itself has learnt its rows by heart"
    assert roc_auc_score(y, out_of_fold) < 0.6


def test_the_size_does_not_grow_with_the_vocabulary():
    X = pl.DataFrame({"words": [f"word{i} other{i * 7}" for i in range(3_000)]})
    assert counted(X).shape == (3_000, BUCKETS)


def test_a_row_is_read_alike_alone_and_among_others():
    X, y = reviews()
    text = Text(kinds.find("binary").text_model(0)).fit(X.select("words"), y)
    together = text.transform(X.select("words"))
    np.testing.assert_allclose(np.vstack([text.transform(X[i : i + 1].select("words")) for i in range(5)]), together[:5], rtol=1e-5, atol=1e-7)


def test_a_clustering_goes_by_topics():
    random = np.random.default_rng(0)
    about = random.integers(0, 2, 300)
    words = [["cat dog horse cow", "bread milk cheese egg"][i] for i in about]
    said = [" ".join(random.permutation(each.split())[:3]) for each in words]
    X = pl.DataFrame({"words": said, "stars": random.normal(size=300) * 0.1})
    space = ClusterEmbedding([("words", role.find("text").coordinates(kinds.find("binary"), 0))]).fit(X)
    assert np.isfinite(space.transform(X[:2].with_columns(words=pl.lit(None, pl.String)))).all()
    model = kmeans().build(blueprint(case(), X), {"n_clusters": 2}).fit(X)  # pyright: ignore[reportAttributeAccessIssue]
    assert adjusted_rand_score(about, model.predict(X)) > 0.9


def test_opinions_of_products_films_and_places_are_told_apart(shared: Path):
    texts, y = [], []
    for name in ("amazon_cells", "imdb", "yelp"):
        lines = (shared / "uci_sentiment_sentences" / f"{name}_labelled.txt").read_text().split("\n")[1:]
        for line in lines:
            if "\t" in line:
                said, score = line.rsplit("\t", 1)
                texts.append(said)
                y.append(int(score))
    X, truth = pl.DataFrame({"words": texts, "stars": np.zeros(len(texts))}), np.array(y)
    order = np.random.default_rng(0).permutation(len(y))
    train, gate = order[:2_000], order[2_000:]
    model = kinds.find("binary").families()[0].build(blueprint(case(), X), {"alpha": 1.0}).fit(X[train], truth[train])  # pyright: ignore[reportAttributeAccessIssue]
    assert roc_auc_score(truth[gate], model.predict_proba(X[gate])[:, 1]) > 0.86
