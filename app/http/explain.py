"""`POST /{use_case}/explain`: one prediction with its reasons, checked against the model."""

import asyncio
import base64
import io
import logging
from typing import Any

import numpy as np
import polars as pl
from fastapi import APIRouter, Request

from app.http.labels import ERROR
from app.http.metrics import Metrics
from app.http.openapi import request_schema
from app.http.parse import Refused, listed
from app.http.responses import Json
from lifecycle.errors import LifecycleError, Lost
from lifecycle.evaluation import shapley
from lifecycle.models.blueprint import encoding
from lifecycle.predict import inputs, predict
from lifecycle.serving.loaded_model import LoadedModel
from lifecycle.serving.predictor import Predictor
from lifecycle.serving.requests import RowsError
from lifecycle.store import versions

AT_ONCE = 1
"""So many explanations are computed at a time: they must not slow predictions down."""
log = logging.getLogger("lifecycle.http")
ROUNDING = 1e-9
"""By how much base and contributions may miss the output, in units of it."""


class Unexplained(LifecycleError):
    """What an explanation starts from is not there."""


class Explain:
    """Explains the answers of one use case. What is explained is no event, and is not logged."""

    def __init__(self, predictor: Predictor, metrics: Metrics, turn: asyncio.Semaphore) -> None:
        self.predictor, self._metrics, self._turn = predictor, metrics, turn
        self._known: tuple[int, pl.DataFrame] | None = None

    async def __call__(self, request: Request) -> Json:
        """One request."""
        if self.predictor.served is None or not self.predictor.ready:
            return Json({"error": self.predictor.load_error or f"use case '{self.predictor.use_case.name}' has no champion yet"}, 503)
        try:
            rows = listed(await request.body(), "rows", "{...}", most=1)
            async with self._turn:
                return Json(await asyncio.to_thread(self._explained, self.predictor.served, rows))
        except Refused as refused:
            return Json(refused.content, refused.status)
        except RowsError as error:
            self._metrics.rejected(self.predictor.use_case.name, error.counts, self.predictor.use_case.columns.names)
            return Json({"error": str(error), "detail": error.failures}, 422)
        except (Unexplained, Lost) as error:  # what explanations start from is not what was registered: nothing of the request is wrong
            return Json({"error": str(error)}, 503)
        except LifecycleError as error:
            return Json({"error": str(error)}, 422)

    def _explained(self, served: LoadedModel, rows: list[Any]) -> dict[str, Any]:
        use_case = self.predictor.use_case
        row = inputs(use_case, served.version, self.predictor.features(self.predictor.reader.cells(rows)))
        known = self._background(served)
        found = shapley.explain(use_case, lambda X: predict(use_case, served.model, X), row, known)
        said = served.predict(row)
        output = use_case.kind.explained(use_case, said)[0](said).item()
        if abs(found.base + sum(found.parts.values()) - output) > ROUNDING * max(abs(output), abs(found.base), 1.0):
            raise LifecycleError("contributions that do not add up to the output are not shown: the row's numbers are too large to be told apart")
        order = sorted(found.parts, key=lambda name: -abs(found.parts[name]))
        pictures = {name: self._picture(served, row, name) for name in order}
        return {
            "model_version": str(served.number),
            "prediction": said["prediction"].item(),
            "probability": said["probability"].item() if "probability" in said.columns else None,
            "scale": found.scale,
            "base": found.base,
            "output": output,
            "contributions": [
                {"input": name, "value": None if pictures[name] else row[name].item(), "contribution": found.parts[name], "error": found.errors[name]}
                | ({"picture": pictures[name]} if pictures[name] else {})
                for name in order
            ],
        }

    def _picture(self, served: LoadedModel, row: pl.DataFrame, name: str) -> str:
        """An input with what matters in it, as PNG in Base64, where a role can show it."""
        use_case = self.predictor.use_case
        role = encoding(use_case, name, row.schema[name])
        if role is None:
            return ""
        read, _ = use_case.kind.explained(use_case, served.predict(row))

        def ask(values: pl.Series) -> np.ndarray:
            others = row[[0] * len(values)].with_columns(values.alias(name))
            return read(served.predict(others)).to_numpy()

        found = role.picture(row[name].item(), ask)
        return base64.b64encode(found).decode() if found else ""

    def _background(self, served: LoadedModel) -> pl.DataFrame:
        if self._known is None or self._known[0] != served.number:
            self._known = (served.number, self._read(served))
        return self._known[1]

    def _read(self, served: LoadedModel) -> pl.DataFrame:
        try:
            kept = versions.artifact(served.version, shapley.FILE)
            return inputs(self.predictor.use_case, served.version, pl.read_parquet(io.BytesIO(kept)))
        except (LifecycleError, pl.exceptions.PolarsError) as error:
            log.error("no explanation of %s version %d: %s", self.predictor.use_case.name, served.number, type(error).__name__)
            raise Unexplained(
                f"version {served.number} cannot be explained: the training rows kept beside it are missing or cannot be read; "
                f"train again: 'lifecycle train {self.predictor.use_case.name} --fresh'"
            ) from error


def routes(explainers: dict[str, Explain]) -> APIRouter:
    """The routes of these use cases."""
    router = APIRouter()
    for name, explainer in explainers.items():
        summary = f"One prediction with its reasons: {explainer.predictor.use_case.title}"
        router.post(f"/{name}/explain", tags=[name], summary=summary, **_documented(explainer.predictor))(explainer)
    return router


def _documented(predictor: Predictor) -> dict[str, Any]:
    request = request_schema(predictor.reader)
    request["properties"]["rows"]["maxItems"] = 1
    number = {"type": "number"}
    part = {
        "type": "object",
        "properties": {
            "input": {"type": "string"},
            "value": {},
            "contribution": number,
            "error": number,
            "picture": {"type": "string", "contentEncoding": "base64", "description": "The input with what matters in it, as PNG"},
        },
        "required": ["input", "value", "contribution"],
    }
    answer = {
        "type": "object",
        "properties": {
            "model_version": {"type": "string"},
            "scale": {"type": "string", "description": "What base, output and contributions are"},
            "base": number,
            "output": {"type": "number", "description": "base plus all contributions"},
            "contributions": {"type": "array", "items": part},
        },
        "required": ["model_version", "prediction", "scale", "base", "output", "contributions"],
    }
    refused = {"application/json": {"schema": ERROR}}
    return {
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": request}}}},
        "responses": {
            "200": {"description": "Why the model says so", "content": {"application/json": {"schema": answer}}},
            "413": {"description": "Too large a body", "content": refused},
            "422": {"description": "A row that the schema refuses", "content": refused},
            "503": {"description": "There is no champion yet", "content": refused},
        },
    }
