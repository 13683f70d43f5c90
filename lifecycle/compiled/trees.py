"""Ensembles of trees as one ONNX operation, with the thresholds in double precision that they were fitted in."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import numpy_helper

from lifecycle.compiled.graph import Graph
from lifecycle.errors import LifecycleError

LEQ = 0
SUM = 1
LARGEST = 3_000_000  # nodes: a graph of more is slower to load than the pipeline


@dataclass
class Ensemble:
    """Trees for one or more targets, each leaf with a weight for one of them."""

    targets: int
    features: list[np.ndarray] = field(default_factory=list)
    thresholds: list[np.ndarray] = field(default_factory=list)
    nans_left: list[np.ndarray] = field(default_factory=list)
    children: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    targets_of: list[np.ndarray] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    nodes: int = 0
    leaves: int = 0

    def add(self, tree: "Tree", target: int) -> None:
        """One more tree for a target."""
        inner = np.flatnonzero(~tree.leaf)
        place = np.cumsum(~tree.leaf) - 1 + self.nodes, np.cumsum(tree.leaf) - 1 + self.leaves
        if not len(inner):  # a tree of one leaf: a node both ways of which lead to it
            inner_left = inner_right = np.array([self.leaves])
            left_leaf = right_leaf = np.array([1])
            self.features.append(np.array([0]))
            self.thresholds.append(np.array([0.0]))
            self.nans_left.append(np.array([1]))
        else:
            left, right = tree.left[inner], tree.right[inner]
            left_leaf, right_leaf = tree.leaf[left].astype(int), tree.leaf[right].astype(int)
            inner_left = np.where(tree.leaf[left], place[1][left], place[0][left])
            inner_right = np.where(tree.leaf[right], place[1][right], place[0][right])
            self.features.append(tree.feature[inner])
            self.thresholds.append(tree.threshold[inner])
            self.nans_left.append(tree.nan_left[inner].astype(int))
        self.roots.append(self.nodes)
        self.children.append((inner_left, left_leaf, inner_right, right_leaf))
        self.weights.append(tree.value[tree.leaf])
        self.targets_of.append(np.full(int(tree.leaf.sum()), target))
        self.nodes += max(len(inner), 1)
        self.leaves += int(tree.leaf.sum())

    def into(self, graph: Graph, X: str) -> str:
        """The sums over the trees as an operation of a graph: (n, targets)."""
        if self.nodes + self.leaves > LARGEST:
            raise LifecycleError(f"its trees have {self.nodes + self.leaves:,} nodes, more than {LARGEST:,}")
        left, left_leaf, right, right_leaf = (np.concatenate(each).tolist() for each in zip(*self.children, strict=True))
        return graph.node(
            "TreeEnsemble", X, domain="ai.onnx.ml", n_targets=self.targets, aggregate_function=SUM, post_transform=0, tree_roots=self.roots,
            nodes_featureids=np.concatenate(self.features).tolist(),
            nodes_modes=numpy_helper.from_array(np.full(self.nodes, LEQ, dtype=np.uint8)),
            nodes_splits=numpy_helper.from_array(np.concatenate(self.thresholds).astype(np.float64)),
            nodes_truenodeids=left, nodes_trueleafs=left_leaf, nodes_falsenodeids=right, nodes_falseleafs=right_leaf,
            nodes_missing_value_tracks_true=np.concatenate(self.nans_left).tolist(),
            leaf_targetids=np.concatenate(self.targets_of).tolist(),
            leaf_weights=numpy_helper.from_array(np.concatenate(self.weights).astype(np.float64)),
        )  # fmt: skip


@dataclass(frozen=True)
class Tree:
    """One tree by its nodes: a row with `x[feature] <= threshold` goes left."""

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    nan_left: np.ndarray
    leaf: np.ndarray
    value: np.ndarray


def boosted(predictor: Any) -> Tree:
    """A tree of scikit-learn's histogram gradient boosting."""
    nodes = predictor.nodes
    if nodes["is_categorical"].any():
        raise LifecycleError("it splits on native categories")
    leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        nodes["feature_idx"].astype(np.int64), nodes["num_threshold"], nodes["left"].astype(np.int64), nodes["right"].astype(np.int64),
        nodes["missing_go_to_left"].astype(bool), leaf, nodes["value"],
    )  # fmt: skip


def grown(tree: Any, value: np.ndarray) -> Tree:
    """A tree of scikit-learn's forests, with a value for each node."""
    leaf = tree.children_left == -1
    left = np.where(leaf, 0, tree.children_left)
    right = np.where(leaf, 0, tree.children_right)
    return Tree(tree.feature, tree.threshold, left, right, tree.missing_go_to_left.astype(bool), leaf, value)
