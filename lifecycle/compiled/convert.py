"""From a fitted pipeline to its graph. What is not known here is refused: then the pipeline itself answers.

Encoders of categories are not translated but asked: for every category that training had, for one it had not, and for none.
"""

import math
from typing import Any

import numpy as np
import polars as pl

from lifecycle.compiled.graph import INPUT, Graph
from lifecycle.compiled.heads import head
from lifecycle.compiled.model import IMAGES, UNSEEN
from lifecycle.errors import LifecycleError

STRANGER = "\x00 a category that no training row had"


def convert(model: Any, names: tuple[str, ...]) -> bytes:
    """The ONNX model of a fitted estimator of ours.

    Args:
        model: a pipeline of encoders and a model, or a `Calibrated` or `ConformalRegressor` around one.
        names: its inputs, in order.

    Raises:
        LifecycleError: it has a part that is not known here.
    """
    from lifecycle.models.conformal_regressor import ConformalRegressor
    from lifecycle.models.estimators import Calibrated

    inner = model.model if isinstance(model, Calibrated | ConformalRegressor) else model
    if hasattr(inner, "compiled"):
        return of_images(model)
    steps = list(getattr(inner, "steps", ()))
    if len(steps) != 2:
        raise LifecycleError(f"only encoders before one model can be compiled, and this is no such pipeline but {_article(type(inner).__name__)}")
    numeric, categorical, blocks = _blocks(steps[0][1], names)
    categories: dict[str, list[str]] = {}
    graph = Graph(len(names))
    parts = []
    for encoder, columns in blocks:
        if set(columns) <= set(numeric):
            parts.append(_numbers(graph, encoder, [numeric.index(name) for name in columns]))
        else:
            parts.append(_encoded(graph, encoder, columns, len(numeric), categorical, categories))
    said, width = head(graph, steps[1][1], graph.beside(parts))
    facts = {"names": [*numeric, *categorical], "categories": {name: categories[name] for name in categorical}}
    return _finished(graph, model, inner, said, width, facts)


def of_images(model: Any) -> bytes:
    """The ONNX model of an estimator over images that says by itself what its nodes are, or of a `Calibrated` around one.

    It has `images_`, the shape of the images in each column that it reads, and `compiled(graph, X)`, which adds nodes and returns the probabilities.
    """
    from lifecycle.models.estimators import Calibrated

    inner = model.model if isinstance(model, Calibrated) else model
    shapes: dict[str, tuple[int, int, int]] = inner.images_
    graph = Graph(sum(math.prod(shape) for shape in shapes.values()))
    facts = {"names": list(shapes), "categories": {}, IMAGES: {name: list(shape) for name, shape in shapes.items()}}
    return _finished(graph, model, inner, inner.compiled(graph, INPUT), len(inner.classes_), facts)


def _finished(graph: Graph, model: Any, inner: Any, said: str, width: int, facts: dict[str, Any]) -> bytes:
    """The graph's bytes, with what its model adds to the estimator in it."""
    from lifecycle.models.estimators import Calibrated

    if isinstance(model, Calibrated):
        said = _corrected(graph, said, model.slope, model.intercept, width)
    classes = getattr(inner, "classes_", None)
    facts |= {
        "classes": classes.tolist() if classes is not None else None,
        "threshold": float(getattr(model, "threshold_", 0.5)),
        "conformal": conformal.as_json() if (conformal := getattr(model, "conformal_", None)) else None,
    }
    return graph.finished(said, width, facts)


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"


def _blocks(encoders: Any, names: tuple[str, ...]) -> tuple[list[str], list[str], list[tuple[Any, list[str]]]]:
    """The numeric and the categorical inputs, and which encoder takes which inputs, in the order of their results."""
    from lifecycle.models.estimators import Floats, Scaled

    if isinstance(encoders, Floats | Scaled):
        return list(names), [], [(encoders, list(names))]
    if not hasattr(encoders, "transformers_"):
        raise LifecycleError(f"its first step is {_article(type(encoders).__name__)}, which cannot be compiled")
    blocks = [(fitted, list(columns)) for _, fitted, columns in encoders.transformers_ if not isinstance(fitted, str)]
    if sum(len(columns) for _, columns in blocks) < len(names):
        raise LifecycleError("it leaves inputs out or passes them through")
    categorical = [name for fitted, columns in blocks if not isinstance(fitted, Floats | Scaled) for name in columns]
    return [name for name in names if name not in categorical], categorical, blocks


def _numbers(graph: Graph, encoder: Any, at: list[int]) -> str:
    from lifecycle.models.estimators import Floats

    X = graph.columns(INPUT, at)
    if isinstance(encoder, Floats):
        return graph.node("Where", graph.constant(encoder.empty_, bool), graph.constant(0.0), X) if encoder.empty_.any() else X
    missing = graph.node("IsNaN", X)
    filled = graph.node("Where", missing, graph.constant(encoder.median_), X)
    low, high = graph.constant(encoder.low_), graph.constant(encoder.high_)
    clipped = graph.node("Min", graph.node("Max", filled, low), high)
    blocks = [graph.node("Div", graph.node("Sub", clipped, graph.constant(encoder.mean_)), graph.constant(encoder.scale_))]
    if len(encoder.tails_):
        score = graph.node("Div", graph.node("Sub", filled, graph.constant(encoder.median_)), graph.constant(encoder.robust_))
        blocks.append(_asinh(graph, graph.columns(score, encoder.tails_)))
    if len(encoder.missing_):
        flags = graph.node("Where", missing, graph.constant(1.0), graph.constant(0.0))
        blocks.append(graph.columns(flags, encoder.missing_))
    return graph.beside(blocks)


def _asinh(graph: Graph, x: str) -> str:
    """`sign(x) log(|x| + sqrt(x^2 + 1))`: there is no asinh for doubles. Beyond 1e150 the square is infinite, so it is capped."""
    size = graph.node("Min", graph.node("Abs", x), graph.constant(1e150))
    root = graph.node("Sqrt", graph.node("Add", graph.node("Mul", size, size), graph.constant(1.0)))
    return graph.node("Mul", graph.node("Sign", x), graph.node("Log", graph.node("Add", size, root)))


def _encoded(graph: Graph, encoder: Any, columns: list[str], offset: int, order: list[str], categories: dict[str, list[str]]) -> str:
    """Each category looked up in a table of what the encoder makes of it."""
    known = getattr(encoder, "categories_", None)
    if known is None:
        raise LifecycleError(f"its categories are encoded by a {type(encoder).__name__}")
    probes = {name: [None, STRANGER, *(str(each) for each in values if each is not None)] for name, values in zip(columns, known, strict=True)}
    first = {name: probe[min(UNSEEN + 1, len(probe) - 1)] for name, probe in probes.items()}
    usual = _asked(encoder, columns, first, columns[0], [first[columns[0]]])[0]
    parts, places = [], []
    for name, probe in probes.items():
        table = _asked(encoder, columns, first, name, probe)
        own = np.flatnonzero((table != usual).any(axis=0))
        categories[name] = probe[UNSEEN + 1 :]  # pyright: ignore[reportArgumentType]
        if not len(own):
            continue
        code = graph.node("Cast", graph.columns(INPUT, [offset + order.index(name)]), to=7)
        parts.append(graph.node("Gather", graph.constant(table[:, own]), graph.node("Squeeze", code, graph.constant([1], np.int64)), axis=0))
        places.extend(own.tolist())
    if len(set(places)) < len(places):
        raise LifecycleError(f"a result of its {type(encoder).__name__} depends on several categories at once")
    rest = [at for at in range(len(usual)) if at not in set(places)]
    if rest:  # what never changes, as often as there are rows
        zeros = graph.node("Mul", graph.columns(INPUT, [offset + order.index(columns[0])]), graph.constant(0.0))
        parts.append(graph.node("Add", zeros, graph.constant(usual[rest][None, :])))
        places.extend(rest)
    return graph.columns(graph.beside(parts), np.argsort(places))


def _asked(encoder: Any, columns: list[str], first: dict[str, str | None], name: str, probe: list[str | None]) -> np.ndarray:
    """What the encoder makes of one column's values, the others at their first category."""
    frame = pl.DataFrame({each: probe if each == name else [first[each]] * len(probe) for each in columns}, schema=dict.fromkeys(columns, pl.String))
    return np.asarray(encoder.transform(frame), dtype=np.float64)


def _corrected(graph: Graph, probabilities: str, slope: float, intercept: float, classes: int) -> str:
    """`lifecycle.models.estimators.corrected` as operations."""
    from lifecycle.models.estimators import TINY

    if slope == 1.0 and intercept == 0.0:
        return probabilities
    logs = graph.node("Log", graph.node("Max", probabilities, graph.constant(TINY)))
    shift = graph.constant([[0.0] * (classes - 1) + [intercept]])
    return graph.node("Softmax", graph.node("Add", graph.node("Mul", logs, graph.constant(slope)), shift), axis=1)
