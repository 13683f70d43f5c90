"""A small builder of ONNX graphs in double precision: names are made up, constants are kept once."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from lifecycle.compiled.model import FACTS, INPUT, OUTPUT

OPSETS = {"": 21, "ai.onnx.ml": 5}


class Graph:
    """Nodes over one input, a matrix of doubles."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operation; returns the name of its result."""
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """Add a constant; returns its name."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def columns(self, value: str, which: Any) -> str:
        """Some columns of a matrix, in the order given; of the input all in their order are the input."""
        if value == INPUT and list(which) == list(range(self._columns)):
            return value
        return self.node("Gather", value, self.constant(which, np.int64), axis=1)

    def beside(self, values: list[str]) -> str:
        """Matrices side by side."""
        return values[0] if len(values) == 1 else self.node("Concat", *values, axis=1)

    def finished(self, result: str, width: int, facts: Mapping[str, Any]) -> bytes:
        """The model's bytes, with facts that its reader needs."""
        self._nodes.append(helper.make_node("Identity", [result], [OUTPUT]))
        given = helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, self._columns])
        said = helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, width])
        graph = helper.make_graph(self._nodes, "model", [given], [said], initializer=self._constants)
        opsets = [helper.make_opsetid(domain, number) for domain, number in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="lifecycle")
        helper.set_model_props(model, {FACTS: json.dumps(facts)})
        return model.SerializeToString()
