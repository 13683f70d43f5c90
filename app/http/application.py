"""The HTTP service as one ASGI application. Nothing here imports Prefect."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from app.http import openapi
from app.http.health import routes
from app.http.operations import Operations, Place
from app.http.outages import OUTAGES, unreachable
from app.http.parse import Refused
from app.http.predict import MOST_ROWS, Predict, PredictionLog
from app.http.responses import Json, Receive, Scope, Send
from lifecycle import registry
from lifecycle.serving.lake_watcher import LakeWatcher, older_of
from lifecycle.serving.ledger_watcher import LedgerWatcher, Tell, quiet
from lifecycle.serving.predictor import Predictor
from lifecycle.settings import Settings, settings
from lifecycle.usecase import UseCase


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a service is made of."""

    use_cases: tuple[str | UseCase, ...] = ()
    """Which use cases it serves, by name or as they are; none given: all there are."""
    at: Settings | None = None
    journal: Callable[[UseCase], PredictionLog] | None = None
    """Where the predictions of a use case are remembered."""
    tell: Tell = quiet
    """Takes what happens to models: an event's name and its facts."""
    most_rows: int = MOST_ROWS
    place: Place | None = None
    """Where it listens; `None`: predictions alone, without log, labels, keys, limits, metrics and page."""
    shadow: bool = False
    """Whether the newest challenger is asked too, for comparison; its answers are remembered and not given."""


def create(options: Options) -> FastAPI:
    """The application: every use case named is loaded in the background once it runs.

    Raises:
        LifecycleError: there is no such use case, or its definition is wrong.
    """
    found = [registry.find(each) if isinstance(each, str) else each for each in options.use_cases or registry.names()]
    at = options.at or settings()
    predictors = {
        use_case.name: use_case.kind.predictor(use_case, older_of(at, use_case)) or Predictor(use_case, older_of(at, use_case)) for use_case in found
    }
    operations = Operations(found, at, options.place) if options.place else None
    journals: dict[str, Any] = {name: options.journal(predictor.use_case) for name, predictor in predictors.items()} if options.journal else {}
    most_rows, tell = options.most_rows, options.tell
    if operations is not None:
        journals, most_rows, tell = {**operations.journals, **journals}, operations.limits.rows, operations.telling(tell)
    predicts = {name: Predict(predictor, journals.get(name), most_rows) for name, predictor in predictors.items()}
    watchers = [LedgerWatcher(predictors.values(), at, tell, shadow=options.shadow), LakeWatcher(predictors.values(), at, tell)]
    threads = [*([operations] if operations else []), *watchers]  # the first one finds PostgreSQL, or starts it

    @asynccontextmanager
    async def alive(_: FastAPI) -> AsyncIterator[None]:
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.stop()

    application = FastAPIOffline(redoc_url=None, title="Lifecycle", description="Predictions of the champions.", lifespan=alive)
    application.state.predictors = predictors
    for name, predict in predicts.items():
        application.post(f"/{name}/predict", tags=[name], summary=f"Predict: {predict.predictor.use_case.title}", **_documented(predict))(
            _route(predict)
        )
    application.include_router(routes(predictors))
    application.add_exception_handler(HTTPException, _said)
    for outage in OUTAGES:
        application.add_exception_handler(outage, unreachable)
    application.add_middleware(Shortcut, routes={f"/{name}/predict": predict for name, predict in predicts.items()})
    if operations is not None:
        operations.join(application, predicts)
    return application


class Shortcut:
    """The innermost middleware: predict requests go straight to their answer, past routing and models."""

    def __init__(self, app: Any, routes: Mapping[str, Predict]) -> None:
        self._app, self._routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        predict = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (predict or self._app)(scope, receive, send)


def _documented(predict: Predict) -> dict[str, Any]:
    described = openapi.operation(predict.predictor.use_case, predict.predictor.reader)
    return {"openapi_extra": {"requestBody": described["requestBody"]}, "responses": described["responses"]}


def _route(predict: Predict) -> Callable[[Request], Any]:
    """What the documentation describes; the shortcut answers before it is reached."""

    async def answer(request: Request) -> Response:
        try:
            return Json(await predict.answer(await request.body()))
        except Refused as refused:
            return Json(refused.content, refused.status)

    return answer


async def _said(request: Request, error: Any) -> Response:
    """What is not there, in one sentence."""
    what = str(error.detail)
    if error.status_code == 404:
        what = f"there is nothing at {request.url.path}; see /docs"
        first = request.url.path.strip("/").split("/")[0]
        predictors = request.app.state.predictors
        if request.url.path.count("/") == 2 and first not in predictors:
            what = f"there is no use case '{first}' here; there are {', '.join(predictors)}"
    return Json({"error": what}, error.status_code, headers=error.headers)
