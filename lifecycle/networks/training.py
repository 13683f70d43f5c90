"""Training of a network with Keras 3, on whatever backend `KERAS_BACKEND` names; JAX on the CPU where nothing does.

Keras is imported here and nowhere else, when something is fitted: it is the largest import of all, and reads its backend from the environment.
"""

import os
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lifecycle.networks.graph import EPSILON
from lifecycle.networks.layout import Convolution, Layout
from lifecycle.settings import settings

BATCH = 64
MOMENTUM = 0.9
WARM_UP = 0.15
"""The share of all steps in which the rate of learning rises."""
WEIGHT_DECAY = 1e-2
PIECES = 4
"""So often in a pass the rate of learning changes."""
PERFECT = 0.005
"""A loss on the rows held back (in nats) below which nothing is left to be learnt."""
_one_at_a_time = threading.Lock()
_compiled: dict[Any, tuple[Any, list[Any]]] = {}
"""The network that was trained last, and what its optimizer began with: its compiled steps, which cost more than many a training, are used again."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        epochs: passes over the rows.
        rate: the highest rate of learning.
        dropout: the share of the inputs of the last sum that is left out at random.
        patience: passes without a smaller loss on the rows held back, after which it is over.
        shift: by how many points an image is moved at most, up or down and left or right.
        flips: `horizontal`, `vertical`: along which an image may be turned over.
    """

    epochs: int
    rate: float
    dropout: float
    patience: int
    shift: int
    flips: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """Images with their classes: uint8 of shape (n, height, width, channels), whole numbers of length n, and how much each counts."""

    images: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


def train(layout: Layout, schedule: Schedule, fitted: Sample, held: Sample | None, seed: int, tell: Callable[[str], None]) -> dict[str, np.ndarray]:
    """The weights of a network after the pass with the least loss on the rows held back (after the last one where none are).

    Args:
        layout: of the network.
        schedule: how long and how fast.
        fitted: what is learnt from.
        held: what says when to stop.
        seed: of the first weights, of the order of rows and of how images are moved: the same seed gives the same weights.
        tell: is told after each pass how far it is.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras' variables do not know NumPy's newest arguments
        return _trained(_keras(), layout, schedule, fitted, held, seed, tell)


def _trained(
    keras: Any, layout: Layout, schedule: Schedule, fitted: Sample, held: Sample | None, seed: int, tell: Callable[[str], None]
) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    scale = _scale(fitted.images)
    model = _fresh(keras, layout, schedule.dropout, seed, random)
    steps = max(len(fitted) // BATCH, 1)
    best, least, since, kept = None, np.inf, 0, _copied(model)
    for epoch in range(schedule.epochs):
        loss = _pass(keras, model, fitted, schedule, scale, random, (epoch, steps))
        judged = loss if held is None else _loss(model, held, scale)
        tell(f"epoch {epoch + 1} of at most {schedule.epochs}: loss {loss:.4f}" + (f", {judged:.4f} on held-back images" if held is not None else ""))
        if held is None:
            continue
        if judged < least:
            best, least, since, kept = epoch, judged, 0, _copied(model)
        else:
            since += 1
        if since >= schedule.patience or judged < PERFECT or not np.isfinite(judged):
            break
    if best is not None:
        model.set_weights(kept)
    return _weights(model, layout) | {"scale/mean": scale[0], "scale/spread": scale[1]}


def _keras() -> Any:
    """Keras, with its files under the home folder."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("KERAS_HOME", str(settings().home / "cache" / "keras"))
    import keras

    return keras


def _scale(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the spread of the points of each channel, some thousand images standing for all."""
    some = images[:: max(1, len(images) // 2_000)].astype(np.float64)
    return some.mean(axis=(0, 1, 2)).astype(np.float32), np.maximum(some.std(axis=(0, 1, 2)), 1.0).astype(np.float32)


def _scaled(images: np.ndarray, scale: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return (images.astype(np.float32) - scale[0]) / scale[1]


def _fresh(keras: Any, layout: Layout, dropout: float, seed: int, random: np.random.Generator) -> Any:
    """The network with its first weights (He et al. 2015), and an optimizer that has done nothing yet."""
    key = (layout, dropout, seed)
    if key not in _compiled:
        _compiled.clear()
        model = _model(keras, layout, dropout, seed)
        optimizer = keras.optimizers.AdamW(1e-3, weight_decay=WEIGHT_DECAY, clipnorm=1.0)
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        model.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        optimizer.build(model.trainable_variables)
        _compiled[key] = model, [np.array(keras.ops.convert_to_numpy(each)) for each in _states(model)]  # copies: the backend writes over its own
    model, first = _compiled[key]
    for variable, value in zip(_states(model), first, strict=True):
        variable.assign(value.copy())  # the backend may write over what it is given
    for one in layout.convolutions:
        layer = model.get_layer(one.name)
        size = layer.get_weights()[0].shape
        layer.set_weights([random.normal(0.0, np.sqrt(2.0 / np.prod(size[:3])), size).astype(np.float32)])
    head = model.get_layer("head")
    kernel, bias = head.get_weights()
    head.set_weights([random.normal(0.0, 0.01, kernel.shape).astype(np.float32), bias])
    return model


def _copied(model: Any) -> list[np.ndarray]:
    """The weights as they are now: the backend writes over its own."""
    return [np.array(each) for each in model.get_weights()]


def _states(model: Any) -> list[Any]:
    """All that a training changes: weights, means and variances, the optimizer's own, the state of what is random."""
    return [*model.variables, *model.optimizer.variables]


def _model(keras: Any, layout: Layout, dropout: float, seed: int) -> Any:
    """The layers."""
    layers = keras.layers

    def convolution(one: Convolution, x: Any) -> Any:
        x = layers.Conv2D(one.filters, one.kernel, one.stride, "same", use_bias=False, name=one.name, data_format="channels_last")(x)
        return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{one.name}_norm")(x)

    given = keras.Input(layout.shape)
    x = layers.ReLU()(convolution(layout.stem, given))
    for block in layout.blocks:
        around = convolution(block.around, x) if block.around else x
        inside = layers.ReLU()(convolution(block.first, x))
        x = layers.ReLU()(layers.Add()([convolution(block.second, inside), around]))
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    return keras.Model(given, layers.Dense(layout.classes, name="head")(x))


def _pass(
    keras: Any, model: Any, rows: Sample, schedule: Schedule, scale: tuple[np.ndarray, np.ndarray], random: np.random.Generator, at: tuple[int, int]
) -> float:
    """One pass over the rows in another order, moved in other ways; returns the mean loss. Every batch is a whole one, or XLA would compile twice."""
    epoch, steps = at
    drawn = int(random.integers(2**62))  # each batch has draws of its own: Keras may ask for one twice
    order = random.permutation(len(rows))
    order = order if len(order) >= steps * BATCH else np.concatenate([order, random.choice(len(rows), steps * BATCH - len(order))])

    class Batches(keras.utils.PyDataset):
        def __init__(self, first: int, end: int) -> None:
            super().__init__(workers=0)
            self.first, self.end = first, end

        def __len__(self) -> int:
            return self.end - self.first

        def __getitem__(self, at: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            batch = self.first + at
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            return moved(_scaled(rows.images[chosen], scale), schedule, np.random.default_rng([drawn, batch])), rows.y[chosen], rows.weight[chosen]

    total = 0.0
    lines = np.unique(np.linspace(0, steps, PIECES + 1).astype(int)).tolist()
    for first, end in pairwise(lines):
        model.optimizer.learning_rate = rate(schedule, (epoch + first / steps) / schedule.epochs)
        history = model.fit(Batches(first, end), shuffle=False, verbose=0)
        total += float(history.history["loss"][-1]) * (end - first)
    return total / steps


def rate(schedule: Schedule, done: float) -> float:
    """The rate of learning when a share of the way is done: it rises from a twentieth of the highest, and falls along a cosine to nearly nothing."""
    if done < WARM_UP:
        return schedule.rate * (0.05 + 0.95 * done / WARM_UP)
    return schedule.rate * (0.01 + 0.99 * (1 + float(np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP)))) / 2)


def moved(images: np.ndarray, schedule: Schedule, random: np.random.Generator) -> np.ndarray:
    """Images shifted, and turned over where that is allowed; what comes in at an edge is that edge again."""
    count, height, width, _ = images.shape
    if schedule.shift:
        margin = schedule.shift
        down, across = random.integers(-margin, margin + 1, (2, count))
        rows = np.clip(np.arange(height)[None, :] + down[:, None], 0, height - 1)
        columns = np.clip(np.arange(width)[None, :] + across[:, None], 0, width - 1)
        images = images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    for axis, name in ((2, "horizontal"), (1, "vertical")):
        if name in schedule.flips:
            turned = random.random(count) < 0.5
            images[turned] = np.flip(images[turned], axis=axis)
    return images


def _loss(model: Any, held: Sample, scale: tuple[np.ndarray, np.ndarray]) -> float:
    """The mean loss on rows held back; asked in batches of one size."""
    total = 0.0
    for start in range(0, len(held), BATCH):
        images = held.images[start : start + BATCH]
        short = BATCH - len(images)
        said = np.asarray(model.predict_on_batch(_scaled(np.concatenate([images, np.repeat(images[:1], short, axis=0)]) if short else images, scale)))
        said = said[: len(images)].astype(np.float64)
        said -= said.max(axis=1, keepdims=True)
        logs = said - np.log(np.exp(said).sum(axis=1, keepdims=True))
        chosen = slice(start, start + BATCH)
        total -= float((logs[np.arange(len(images)), held.y[chosen]] * held.weight[chosen]).sum())
    return total / float(held.weight.sum())


def _weights(model: Any, layout: Layout) -> dict[str, np.ndarray]:
    """What was learnt, by name."""
    found: dict[str, np.ndarray] = {}
    for one in layout.convolutions:
        found[f"{one.name}/kernel"] = np.array(model.get_layer(one.name).get_weights()[0])
        for name, value in zip(("gamma", "beta", "mean", "variance"), model.get_layer(f"{one.name}_norm").get_weights(), strict=True):
            found[f"{one.name}/{name}"] = np.array(value)
    kernel, bias = model.get_layer("head").get_weights()
    return found | {"head/kernel": np.array(kernel), "head/bias": np.array(bias)}
