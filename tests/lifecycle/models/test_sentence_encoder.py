"""Sentences as vectors: each text once, the same beside others and alone, and none of them too long."""

import numpy as np
import polars as pl
import pytest

from lifecycle import boosting, extras, linear, read_as, role
from lifecycle.artifact import Artifact
from lifecycle.errors import LifecycleError
from lifecycle.models import sentence_encoder
from lifecycle.models.blueprint import blueprint
from lifecycle.models.sentence_encoder import KEPT_FROM, MINILM, SentenceEncoder
from lifecycle.store import embeddings
from tests.lifecycle.models.test_text import case, reviews

pytestmark = pytest.mark.skipif(not extras.installed("text"), reason="the extra 'text' is not installed")
ODD = ("", " ", "\U0001f600\U0001f44d\U0001f3fd", "Это было ужасно", "量が少ない", "\x00\ufffe", "a" * 1_000_000, "good " * 200_000)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the encoder is asked to read."""
    asked: list[str] = []
    real = sentence_encoder._computed

    def listening(encoder: SentenceEncoder, texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return real(encoder, texts)

    monkeypatch.setattr(sentence_encoder, "_computed", listening)
    return asked


def forget() -> None:
    """As a new process: nothing in memory."""
    sentence_encoder._newest.cache_clear()
    embeddings._vectors.cache_clear()


def test_a_text_has_one_vector_whatever_is_read_beside_it_and_odd_ones_have_one_too() -> None:
    texts = [*ODD, *(f"the {noun} was {said}" for noun in ("film", "soup", "phone") for said in ("great", "awful", "fine, I suppose"))]
    together = MINILM.vectors(texts)
    assert np.isfinite(together).all()
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=2e-3)
    forget()
    assert np.array_equal(together, np.concatenate([MINILM.vectors([text]) for text in texts]))
    assert np.array_equal(MINILM.vectors([None]), together[:1])
    near, far = together[-9:] @ MINILM.vectors(["the movie was terrific"])[0], together[:8] @ together[-9]
    assert near.argmax() == 0  # the film was great
    assert far.max() < near.max()


def test_a_text_is_read_once_by_whoever_asks(computed: list[str]) -> None:
    texts = [f"the number {number} is written here" for number in range(KEPT_FROM)]
    first = MINILM.vectors(texts + texts)
    assert sorted(computed) == sorted(texts)
    assert np.array_equal(first[: len(texts)], first[len(texts) :])
    forget()
    assert np.array_equal(MINILM.vectors(texts[::-1]), first[: len(texts)][::-1])
    assert len(computed) == len(texts)
    MINILM.vectors(["one alone"])
    MINILM.vectors(["one alone"])
    assert computed[len(texts) :] == ["one alone"]
    assert SentenceEncoder(MINILM.weights, MINILM.tokenizer, tokens=64).key != MINILM.key


def test_weights_that_are_no_graph_are_a_sentence() -> None:
    strange = SentenceEncoder(Artifact(MINILM.tokenizer.place, MINILM.tokenizer.sha256, "Apache-2.0"), MINILM.tokenizer)
    with pytest.raises(LifecycleError, match="must be an ONNX graph"):
        strange.vectors(["a text"])


@pytest.mark.parametrize("family", [read_as(linear(), "sentences"), read_as(boosting(), "words", "sentences")], ids=lambda family: family.name)
@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_a_family_reads_sentences_where_it_asks_for_them(family, problem: str) -> None:
    X, y = reviews(300)
    more, truth = reviews(100, 1)
    few = {family.iterations: 20} if family.iterations else {}
    plan = blueprint(case(problem), X)
    model = family.build(plan, {**family.defaults, **few}).fit(X, y)
    assert model.score(more, truth) > 0.95
    alone = np.concatenate([model.predict_proba(more[at]) for at in range(5)])
    assert np.array_equal(alone, model.predict_proba(more)[:5])
    assert family.extra == "text"
    assert plan.read_as(family.ways).encoded != plan.encoded
    assert plan.read_as(("pixels",)) == plan  # a way that texts are not read in


def test_views_of_where_sentences_lie_tell_another_subject() -> None:
    from lifecycle.dataset import Rows
    from lifecycle.monitoring import drift, profile, role_views
    from usecases._review_simulator import reviews as simulated

    use_case = case()
    object.__setattr__(use_case, "candidates", (read_as(linear(), "sentences"),))

    def rows(**given) -> pl.DataFrame:
        return next(simulated(**given)).select(words="text", stars=pl.lit(1.0))

    before = rows(rows=900)
    made = profile.reference(use_case, Rows(before, np.zeros(before.height), pl.DataFrame({"_key": before["words"]})), pl.DataFrame())
    assert {"words: topic", "words: distance to its topic"} < set(made["columns"])

    def beyond(X: pl.DataFrame) -> set[str]:
        return {name for name, one in drift.effects(made, role_views.beside(use_case, made, X)).items() if one.beyond}

    assert not beyond(rows(rows=300, first=5_000))
    assert {"words: topic", "words: distance to its topic"} <= beyond(rows(rows=300, first=5_000, world="streaming"))
    assert role.find("text").view(made["columns"]["words: topic"] | {"view": "centre"}, pl.Series([None], dtype=pl.String)).to_list() == [None]
