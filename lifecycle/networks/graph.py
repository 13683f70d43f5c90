"""A trained network as ONNX nodes. The normalisation after a convolution is folded into it: what is left are convolutions, sums and maxima."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lifecycle.networks.layout import Convolution, Layout

if TYPE_CHECKING:
    from lifecycle.compiled.graph import Graph

EPSILON = 1e-3
"""Of the normalisation, as in Keras: what keeps a division by a small variance in bounds."""
FLOAT, DOUBLE = 1, 11

Weights = Mapping[str, np.ndarray]
"""By name: `<convolution>/kernel` of shape (kernel, kernel, in, out), `/gamma`, `/beta`, `/mean`, `/variance`; `head/kernel` and `head/bias`;
`scale/mean` and `scale/spread` of the points of each channel."""


def add(graph: "Graph", layout: Layout, weights: Weights, X: str) -> str:
    """The probabilities of the classes for images.

    Args:
        graph: what the nodes are added to.
        layout: of the network.
        weights: of its layers.
        X: a matrix of points from 0 to 255, shape (n, height * width * channels), the channels of a point beside each other.
    """
    height, width, channels = layout.shape
    single = graph.node("Cast", X, to=FLOAT)
    images = graph.node("Reshape", single, graph.constant([-1, height, width, channels], np.int64))
    images = graph.node("Transpose", images, perm=[0, 3, 1, 2])
    mean, spread = (np.asarray(weights[f"scale/{name}"], np.float32).reshape(1, channels, 1, 1) for name in ("mean", "spread"))
    images = graph.node("Div", graph.node("Sub", images, graph.constant(mean, np.float32)), graph.constant(spread, np.float32))
    x = graph.node("Relu", _convolution(graph, layout.stem, weights, images))
    for block in layout.blocks:
        around = _convolution(graph, block.around, weights, x) if block.around else x
        inside = graph.node("Relu", _convolution(graph, block.first, weights, x))
        x = graph.node("Relu", graph.node("Add", _convolution(graph, block.second, weights, inside), around))
    return graph.node("Softmax", scores(graph, weights, pooled(graph, x)), axis=1)


def pooled(graph: "Graph", x: str) -> str:
    """The mean over all places, shape (n, filters), in double precision: from here on the number of rows asked at once changes nothing."""
    mean = graph.node("GlobalAveragePool", x)
    return graph.node("Cast", graph.node("Flatten", mean), to=DOUBLE)


def scores(graph: "Graph", weights: Weights, x: str) -> str:
    """One number for each class."""
    return graph.node("Add", graph.node("MatMul", x, graph.constant(weights["head/kernel"])), graph.constant(weights["head/bias"][None, :]))


def _convolution(graph: "Graph", one: Convolution, weights: Weights, x: str) -> str:
    kernel, gamma, beta, mean, variance = (
        np.asarray(weights[f"{one.name}/{name}"], np.float64) for name in ("kernel", "gamma", "beta", "mean", "variance")
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    folded = (kernel * factor).transpose(3, 2, 0, 1)
    inputs = (x, graph.constant(folded, np.float32), graph.constant(beta - mean * factor, np.float32))
    sides = {"kernel_shape": [one.kernel] * 2, "strides": [one.stride] * 2, "auto_pad": "SAME_UPPER"}
    return graph.node("Conv", *inputs, **sides)
