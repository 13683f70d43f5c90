"""A transformer whose own weights learn the texts of a problem. It subclasses scikit-learn, and needs PyTorch: import it only where a model is built or loaded."""
# pyright: reportMissingImports=false
# The extra `transformers` is not part of the environment that the types are checked in.

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin

from lifecycle import progress
from lifecycle.errors import DataError, LifecycleError
from lifecycle.models.sentence_encoder import CHARACTERS_PER_TOKEN
from lifecycle.models.transformer import Transformer

if TYPE_CHECKING:
    import torch

BATCH, BATCH_SAID = 32, 64
"""Texts of one step of learning, and of one call that answers."""
WARM_UP = 0.1
"""The share of the steps over which the learning rate rises to its height; then it falls to nothing (Devlin et al. 2019)."""
DECAY, NORM = 0.01, 1.0
"""Weight decay, and the length that a gradient is cut to."""
FROZEN = "embeddings."
"""Weights that stay as they came: the words' own, which are half of all and of which a few thousand texts meet few."""
THREADS = 1
"""The number decides in which order numbers are added, and so the last digits: it is the same on every machine."""


class FineTuned(ClassifierMixin, BaseEstimator):
    """A classifier of one column of texts: the mean of a transformer's states, and a linear layer, learnt together.

    Args:
        transformer: where learning begins, unless `start` says another place.
        learning_rate: its height, for AdamW (Loshchilov and Hutter 2019).
        epochs: how often each text is seen.
        seed: of the order of the texts, of what is dropped, and of the linear layer.
        start: a model whose weights learning goes on from, as `lifecycle.store.models.load` takes it; none: those of `transformer`.
    """

    def __init__(self, transformer: Transformer, learning_rate: float = 5e-5, epochs: int = 3, seed: int = 0, start: tuple[str, ...] = ()) -> None:
        self.transformer = transformer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.seed = seed
        self.start = start

    def fit(self, X: pl.DataFrame, y: np.ndarray) -> Self:
        """Learn; what is kept are the weights that have changed, in half precision."""
        import torch

        self.classes_, codes = np.unique(y, return_inverse=True)
        before = _weights_of(self.start, self.classes_) if self.start else {}
        with _repeatable(self.seed):
            network = _network(self.transformer, len(self.classes_), before)
            tokens, truth = self._tokens(X), torch.as_tensor(codes)
            free = [weights for name, weights in network.named_parameters() if not name.startswith(FROZEN)]
            network.requires_grad_(False)
            for weights in free:
                weights.requires_grad_(True)
            steps = self.epochs * -(-len(tokens) // BATCH)
            optimizer = torch.optim.AdamW(free, lr=self.learning_rate, weight_decay=DECAY)
            rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
            network.train()
            for step, at in enumerate(_batches(tokens, self.epochs, self.seed)):
                loss = torch.nn.functional.cross_entropy(network(*_padded([tokens[each] for each in at])), truth[at])
                loss.backward()
                torch.nn.utils.clip_grad_norm_(free, NORM)
                optimizer.step()
                rate.step()
                optimizer.zero_grad()
                if step % 20 == 0:
                    progress.note(f"step {step + 1:,} of {steps:,}: loss {loss.item():.3f}")
        self.weights_ = {
            name: weights.detach().numpy().astype(np.float16) for name, weights in network.named_parameters() if not name.startswith(FROZEN)
        }
        return self

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, classes). Only texts of one length are read together, so that none is padded."""
        import torch

        tokens = self._tokens(X)
        lengths = np.array([len(each) for each in tokens])
        found = np.zeros((len(tokens), len(self.classes_)))
        network = self._loaded()
        with torch.inference_mode():
            for length in np.unique(lengths):
                same = np.flatnonzero(lengths == length)
                for start in range(0, len(same), BATCH_SAID):
                    at = same[start : start + BATCH_SAID]
                    said = network(*_padded([tokens[each] for each in at]))
                    found[at] = said.double().softmax(dim=1).numpy()
        return found

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The likeliest class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_network"}  # pyright: ignore[reportAttributeAccessIssue]

    def _loaded(self) -> "torch.nn.Module":
        """The network, made once in a process."""
        if not hasattr(self, "_network"):
            self._network = _network(self.transformer, len(self.classes_), self.weights_).eval()
        return self._network

    def _tokens(self, X: pl.DataFrame) -> list[list[int]]:
        texts = [(text or "")[: self.transformer.tokens * CHARACTERS_PER_TOKEN] for text in X.to_series(0).cast(pl.String).to_list()]
        return [encoded.ids for encoded in _tokenizer(self.transformer).encode_batch(texts)]


def _weights_of(start: tuple[str, ...], classes: np.ndarray) -> dict[str, np.ndarray]:
    """The weights of another model of this kind, for the same classes."""
    from lifecycle.store import models

    model: Any = models.load(*start)
    while not isinstance(model, FineTuned):
        model = model[-1] if hasattr(model, "steps") else getattr(model, "model", None)
        if model is None:
            raise LifecycleError(
                f"the model of MLflow run {start[0]} is no fine-tuned transformer, whose weights learning could go on from; train with --fresh"
            )
    same = np.array_equal(model.classes_, classes)
    return {name: weights for name, weights in model.weights_.items() if same or not name.startswith("head.")}


@contextmanager
def _repeatable(seed: int) -> Iterator[None]:
    """The same numbers again from the same seed, and whatever was drawn before goes on after it as if this had not been."""
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(THREADS)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _network(transformer: Transformer, classes: int, weights: dict[str, np.ndarray]) -> "torch.nn.Module":
    """The network with its pretrained weights, and these in the place of some."""
    import torch
    from safetensors.numpy import load
    from transformers import BertConfig, BertModel

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            bert = BertModel(BertConfig(**json.loads(transformer.config.content()), attn_implementation="eager"), add_pooling_layer=False)
            self.embeddings, self.encoder, self.bert = bert.embeddings, bert.encoder, [bert]
            self.head = torch.nn.Linear(bert.config.hidden_size, classes)

        def forward(self, ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
            states = self.bert[0](input_ids=ids, attention_mask=mask).last_hidden_state
            kept = mask.unsqueeze(-1).to(states.dtype)
            return self.head((states * kept).sum(dim=1) / kept.sum(dim=1))

        def train(self, mode: bool = True) -> "Network":
            self.bert[0].train(mode)
            return super().train(mode)

    made = Network()
    pretrained = {name: torch.from_numpy(value) for name, value in load(transformer.weights.content()).items() if not name.startswith("pooler.")}
    pretrained |= {name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()}
    missing, unknown = made.load_state_dict(pretrained, strict=False)
    wrong = [name for name in [*missing, *unknown] if not name.startswith("head.") and "position_ids" not in name and "token_type_ids" not in name]
    if wrong:
        raise LifecycleError(
            f"the weights {transformer.weights.place} must be those of the shape {transformer.config.place}, found another: {', '.join(wrong[:3])}"
        )
    return made


def _padded(tokens: list[list[int]]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Tokens and where they are, each of shape (texts, tokens)."""
    import torch

    longest = max(map(len, tokens))
    ids = torch.zeros((len(tokens), longest), dtype=torch.long)
    mask = torch.zeros((len(tokens), longest), dtype=torch.long)
    for row, own in enumerate(tokens):
        ids[row, : len(own)] = torch.as_tensor(own)
        mask[row, : len(own)] = 1
    return ids, mask


def _batches(tokens: list[list[int]], epochs: int, seed: int) -> Iterator[np.ndarray]:
    """Positions of texts of like length, in a random order, each once an epoch."""
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        shuffled = random.permutation(len(tokens))
        blocks = [shuffled[start : start + 32 * BATCH] for start in range(0, len(shuffled), 32 * BATCH)]
        sorted_ = np.concatenate([block[np.argsort([len(tokens[at]) for at in block], kind="stable")] for block in blocks])
        batches = [sorted_[start : start + BATCH] for start in range(0, len(sorted_), BATCH)]
        for at in random.permutation(len(batches)):
            yield batches[at]


def _rate(step: int, steps: int) -> float:
    rising = max(round(WARM_UP * steps), 1)
    return (step + 1) / rising if step < rising else max((steps - step) / max(steps - rising, 1), 0.0)


@lru_cache(maxsize=2)
def _tokenizer(transformer: Transformer) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(transformer.tokenizer.content().decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(transformer.tokens)
    return tokenizer


def only_text(names: list[str]) -> None:
    """Refuse inputs that a transformer does not read.

    Raises:
        DataError: there is another input than one text.
    """
    if len(names) != 1:
        raise DataError(
            f"a fine-tuned transformer reads one text and nothing else, found the inputs {', '.join(names)}; take the candidate out, or let features() return the text alone"
        )
