"""A compiled model: one ONNX graph in double precision that says what the fitted pipeline says, a hundred times sooner for one row."""

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from lifecycle.models import conformal, images
from lifecycle.models.matrix import finite

FACTS, IMAGES = "lifecycle", "images"
CHUNK_ROWS = 10_000  # rows a run: the intermediate results of more do not fit the caches
MISSING, UNSEEN = 0, 1
"""Codes of a missing category and of one that training did not have; those that it had follow."""
MAX_SINGLE_THREAD_ROWS = 256
MAX_CELLS = 4_000_000
"""Numbers of the rows of a run: images have many."""
INPUT, OUTPUT = "X", "said"


class Compiled:
    """Predicts like the estimator that it was made from: `predict_proba`, `predict`, `classes_`, `threshold_`, `conformal_`.

    Args:
        graph: the ONNX model's bytes.
        threads: how many a call with many rows may use. Each takes chunks of its own: the library's threads, which share every
            operation and wait for each other, take a third more time.
    """

    def __init__(self, graph: bytes, threads: int = 1) -> None:
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it keeps a database in the user's cache folder
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._threads = threads
        facts = json.loads(self._session.get_modelmeta().custom_metadata_map[FACTS])
        self.names: list[str] = facts["names"]
        self.classes_ = np.asarray(facts["classes"]) if facts["classes"] is not None else None
        self.threshold_: float = facts["threshold"]
        self.conformal_ = conformal.from_json(facts.get("conformal"))
        self._codes = {
            name: {None: MISSING, **{category: at for at, category in enumerate(categories, UNSEEN + 1)}}
            for name, categories in facts["categories"].items()
        }
        self._images = {name: tuple(shape) for name, shape in facts.get(IMAGES, {}).items()}
        self._numbers = [pl.col(name).cast(pl.Float64) for name in self.names if name not in self._codes and name not in self._images]
        self._chunk = min(CHUNK_ROWS, max(MAX_CELLS // max(sum(map(math.prod, self._images.values())), 1), 1))

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, classes)."""
        return self._run(X)

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The values of a regression; otherwise the likeliest class, of two class 1 from the threshold on."""
        said = self._run(X)
        if self.classes_ is None:
            return said[:, 0]
        if len(self.classes_) == 2:
            return self.classes_[(said[:, 1] >= self.threshold_).astype(int)]
        return self.classes_[said.argmax(axis=1)]

    def _run(self, X: pl.DataFrame) -> np.ndarray:
        if X.height <= self._chunk:
            return self._part(X)
        chunks = [X.slice(start, self._chunk) for start in range(0, X.height, self._chunk)]
        with ThreadPoolExecutor(self._threads) as pool:
            return np.concatenate(list(pool.map(self._part, chunks)))

    def _part(self, X: pl.DataFrame) -> np.ndarray:
        said: Any = self._session.run([OUTPUT], {INPUT: self._inputs(X)})
        return said[0]

    def _inputs(self, X: pl.DataFrame) -> np.ndarray:
        """The numbers, then a code for each category; or the points of images."""
        if self._images:
            return np.hstack([images.points(X[name], shape).reshape(X.height, -1) for name, shape in self._images.items()]).astype(np.float64)
        numbers = finite(X.select(self._numbers).to_numpy()) if self._numbers else np.empty((X.height, 0))
        if not self._codes:
            return np.ascontiguousarray(numbers)
        return np.column_stack([numbers, *(_coded(X[name], known) for name, known in self._codes.items())])


def _coded(column: pl.Series, known: dict[str | None, int]) -> np.ndarray:
    if len(column) < MAX_SINGLE_THREAD_ROWS:
        return np.array([known.get(value, UNSEEN) for value in column.to_list()], dtype=np.float64)
    old = [value for value in known if value is not None]
    codes = column.replace_strict(old, [float(known[value]) for value in old], default=float(UNSEEN), return_dtype=pl.Float64)
    return codes.set(column.is_null(), float(MISSING)).to_numpy()
