"""The last step of a pipeline as operations: from encoded inputs to probabilities, or to the values of a regression."""

from typing import Any

import numpy as np

from lifecycle.compiled.graph import Graph
from lifecycle.compiled.trees import Ensemble, boosted, grown
from lifecycle.errors import LifecycleError

FLOAT, DOUBLE = 1, 11


def head(graph: Graph, model: Any, X: str) -> tuple[str, int]:
    """What a fitted model says of `X`, and of how many columns that is.

    Raises:
        LifecycleError: it is of a kind that is not known here.
    """
    known = KINDS.get(type(model).__name__)
    if known is None or not type(model).__module__.startswith("sklearn."):
        raise LifecycleError(f"its model is of the type {type(model).__name__}, which cannot be compiled")
    return known(graph, model, X)


def _scores(graph: Graph, model: Any, X: str) -> str:
    weights, bias = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    return graph.node("Add", graph.node("MatMul", X, graph.constant(weights.T)), graph.constant(bias[None, :]))


def _linear(graph: Graph, model: Any, X: str) -> tuple[str, int]:
    return _scores(graph, model, X), 1


def _logistic(graph: Graph, model: Any, X: str) -> tuple[str, int]:
    if len(model.classes_) == 2:
        return _both(graph, graph.node("Sigmoid", _scores(graph, model, X))), 2
    return graph.node("Softmax", _scores(graph, model, X), axis=1), len(model.classes_)


def _forest(graph: Graph, model: Any, X: str) -> tuple[str, int]:
    """Means of the trees. A leaf has one weight here, so that more than two classes take as many copies of the trees."""
    classes = len(model.classes_) if hasattr(model, "classes_") else 0
    single = graph.node("Cast", graph.node("Cast", X, to=FLOAT), to=DOUBLE)  # what scikit-learn's trees see
    ensemble = Ensemble(max(classes, 1) if classes > 2 else 1)
    for estimator in model.estimators_:
        value = estimator.tree_.value[:, 0, :] / len(model.estimators_)
        for target in range(ensemble.targets):
            ensemble.add(grown(estimator.tree_, value[:, 1] if classes == 2 else value[:, target]), target)
    said = ensemble.into(graph, single)
    if classes:  # a sum of single-precision shares may miss 1 by a little, and a probability may not
        said = graph.node("Min", graph.node("Max", said, graph.constant(0.0)), graph.constant(1.0))
    return (_both(graph, said), 2) if classes == 2 else (said, max(classes, 1))


def _boosting(graph: Graph, model: Any, X: str) -> tuple[str, int]:
    targets = model.n_trees_per_iteration_
    ensemble = Ensemble(targets)
    for iteration in model._predictors:
        for target, predictor in enumerate(iteration):
            ensemble.add(boosted(predictor), target)
    raw = graph.node("Add", ensemble.into(graph, X), graph.constant(np.asarray(model._baseline_prediction).reshape(1, targets)))
    if hasattr(model, "classes_"):
        return (_both(graph, graph.node("Sigmoid", raw)), 2) if targets == 1 else (graph.node("Softmax", raw, axis=1), targets)
    link = type(model._loss.link).__name__
    if link not in ("IdentityLink", "LogLink"):
        raise LifecycleError(f"its loss has a {link}")
    return (graph.node("Exp", raw) if link == "LogLink" else raw), 1


def _both(graph: Graph, positive: str) -> str:
    """The probabilities of both classes."""
    return graph.beside([graph.node("Sub", graph.constant(1.0), positive), positive])


KINDS = {
    "LogisticRegression": _logistic, "Ridge": _linear, "RandomForestClassifier": _forest, "RandomForestRegressor": _forest,
    "ExtraTreesClassifier": _forest, "ExtraTreesRegressor": _forest,
    "HistGradientBoostingClassifier": _boosting, "HistGradientBoostingRegressor": _boosting,
}  # fmt: skip
"""What is known, by its name: the modules of all of them need not be loaded."""
