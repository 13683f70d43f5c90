"""The page that asks a model, at `/ask`: files as they are, and what they ask for. It loads nothing from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response

from app.http.form import form
from app.http.responses import Json
from lifecycle.errors import LifecycleError
from lifecycle.pages import frame
from lifecycle.serving.online_drift import OnlineDrift
from lifecycle.serving.predictor import Predictor
from lifecycle.store import versions

HERE = Path(__file__).parent
SCRIPTS = ("page.words.js", "page.fields.js", "page.picture.js", "page.answer.js", "page.table.js", "page.lists.js", "page.live.js", "page.js")
REPORT = {"report.css": "text/css; charset=utf-8", "report.js": "text/javascript; charset=utf-8"}
FILES = {"page.css": "text/css; charset=utf-8", "page.svg": "image/svg+xml", **dict.fromkeys(SCRIPTS, "text/javascript; charset=utf-8")}
MARKDOWN = {"description": "The card", "content": {"text/markdown": {"schema": {"type": "string"}}}}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def routes(predictors: Mapping[str, Predictor], drifting: Mapping[str, OnlineDrift]) -> APIRouter:
    """The page, its files, and for each use case its form and its model card."""
    router = APIRouter()

    @router.get("/ask", include_in_schema=False)
    def page() -> Response:
        return Response((HERE / "page.html").read_bytes(), media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY})

    for name, content_type in FILES.items():
        router.get(f"/page/{name}", include_in_schema=False)(_file(HERE / name, content_type))
    for file in (frame.STYLE, frame.SCRIPT):
        router.get(f"/page/{file.name}", include_in_schema=False)(_file(file, REPORT[file.name]))
    for name, predictor in predictors.items():
        router.get(f"/{name}/form", tags=[name], summary="The fields of a row, with values to start from")(_form(predictor, drifting[name]))
        responses: dict[int | str, dict[str, Any]] = {
            200: MARKDOWN,
            503: {"description": "There is no champion yet"},
            404: {"description": "It has no card"},
        }
        router.get(f"/{name}/card", tags=[name], summary="The champion's model card, in Markdown", responses=responses, response_class=Response)(
            _card(predictor)
        )
    return router


def _file(path: Path, content_type: str) -> Any:
    def file() -> Response:
        return Response(path.read_bytes(), media_type=content_type)

    return file


def _form(predictor: Predictor, drifting: OnlineDrift) -> Any:
    def fields() -> Json:
        return Json(form(predictor.reader, drifting.profile()))

    return fields


def _card(predictor: Predictor) -> Any:
    def card() -> Response:
        served = predictor.served
        if served is None:
            return Json({"error": predictor.load_error or f"use case '{predictor.use_case.name}' has no champion yet"}, 503)
        try:
            return Response(versions.artifact(served.version, "model_card.md"), media_type="text/markdown; charset=utf-8")
        except LifecycleError as error:
            return Json({"error": str(error)}, 404)

    return card
