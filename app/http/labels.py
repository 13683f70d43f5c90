"""`POST /{use_case}/labels`: the truth, when it comes. What is answered with 200 is safe on the disk."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request

from app.http import parse
from app.http.metrics import Metrics
from app.http.openapi import EXACT, field
from app.http.responses import Json
from lifecycle.prediction_log.labels import LONGEST_KEY, LabelLog, Refused
from lifecycle.serving.predictor import Predictor
from lifecycle.serving.requests import MAX_FAILURES_LISTED, RequestField

KEY = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": r"^[^\s\u0085\u200b\u0000]([^\u0000]*[^\s\u0085\u200b\u0000])?$"},
        {"type": "integer", "minimum": -EXACT, "maximum": EXACT},
    ]
}
SAID = "Late, twice, out of order: the last label of a key counts. The key is the row's, or the id of the prediction."
ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}


class Labels:
    """Takes the labels of one use case."""

    def __init__(self, predictor: Predictor, ledger: LabelLog, most: int, metrics: Metrics, arrived: Callable[[], None]) -> None:
        self.predictor, self._ledger, self._most, self._metrics, self._arrived = predictor, ledger, most, metrics, arrived

    async def __call__(self, request: Request) -> Json:
        """One request."""
        name = self.predictor.use_case.name
        try:
            labels = parse.listed(await request.body(), "labels", '{"key": ..., "target": ...}', self._most)
        except parse.Refused as refused:
            return Json(refused.content, refused.status)
        try:
            good = await asyncio.to_thread(self.predictor.judged, labels)
        except Refused as refused:
            first = refused.problems[0]
            said = f"use case '{name}': row {first['row']}, column '{first['column']}' must satisfy '{first['rule']}', found {first['value']!r}"
            self._metrics.rejected(name, Counter((each["column"], "label") for each in refused.problems), ("key", "target", "label_time"))
            return Json({"error": said, "detail": refused.problems[:MAX_FAILURES_LISTED]}, 422)
        await asyncio.wrap_future(self._ledger.add(good))
        self._metrics.add("labels", (name,), len(labels))
        self.predictor.taught(good, labels)
        self._arrived()
        return Json({"accepted": len(labels)})


def routes(takers: dict[str, Labels]) -> APIRouter:
    """The routes of these use cases."""
    router = APIRouter()
    for name, taker in takers.items():
        summary = f"Labels: {taker.predictor.use_case.title}"
        router.post(f"/{name}/labels", tags=[name], summary=summary, **_documented(taker.predictor))(taker)
    return router


def _documented(predictor: Predictor) -> dict[str, Any]:
    label, said = predictor.label_schema() or (_label(predictor), SAID)
    request = {"type": "object", "properties": {"labels": {"type": "array", "items": label, "minItems": 1}}, "required": ["labels"]}
    done = {"type": "object", "properties": {"accepted": {"type": "integer"}}, "required": ["accepted"]}
    return {
        "description": said,
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": request}}}},
        "responses": {
            "200": {"description": "They are safe", "content": {"application/json": {"schema": done}}},
            "413": {"description": "Too many labels, or too large a body", "content": {"application/json": {"schema": ERROR}}},
            "503": {
                "description": "They could not be made safe: the disk refuses, send them again",
                "content": {"application/json": {"schema": ERROR}},
            },
            "422": {"description": "Labels that the schema refuses: row, column, rule", "content": {"application/json": {"schema": ERROR}}},
        },
    }


def _label(predictor: Predictor) -> dict[str, Any]:
    """A label as JSON Schema."""
    target = field(RequestField(predictor.use_case, predictor.use_case.columns[predictor.use_case.target]))
    if isinstance(target.get("type"), list):
        target = {**target, "type": target["type"][0], "enum": [each for each in target["enum"] if each is not None]} if "enum" in target else target
        target["type"] = target["type"][0] if isinstance(target["type"], list) else target["type"]
    moment = {"type": "string", "format": "date-time", "description": "When the truth became known, by ISO 8601; left out: when it came."}
    return {
        "type": "object",
        "properties": {"key": KEY, "target": target, "label_time": moment},
        "required": ["key", "target"],
        "additionalProperties": False,
    }
