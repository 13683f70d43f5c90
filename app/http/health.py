"""`/live`, `/ready` and `/{use_case}/model`: what runs, what can answer, who answers."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from app.http.responses import Json
from lifecycle.serving.predictor import Predictor

PATH = re.compile(
    r"(?<=')(?:~|[a-z]:[\\/]|/)[^']*(?=')"  # in quotes, whatever it holds
    r"|[a-z][a-z0-9+.-]*://?[^\s;,()\"']+(?:/[^;,()\"']*)?"  # an address
    r"|(?<![\w.])[~.]{0,2}/{1,3}[^/;:,()\"']+(?:/|(?<=\w)'(?=\w))(?:[^;,()\"']|(?<=\w)'(?=\w))*",  # a path, as far as a sentence goes on with it
    re.IGNORECASE,
)
"""A path of this machine, or an address."""
FOREIGN = re.compile(r"(?<=: )([A-Z]\w+): .*", re.DOTALL)
"""What another library said: its kind and its words, which name paths, hosts and accounts in every way there is."""


def routes(predictors: Mapping[str, Predictor]) -> APIRouter:
    """The routes over these predictors."""
    router = APIRouter(tags=["state"])

    @router.get("/live", summary="Whether the process answers at all")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/ready", summary="Whether the champion of every use case is loaded and warmed up", responses={503: {"description": "Not yet"}})
    async def ready() -> Json:
        states = {name: _open(name, state(predictor)) for name, predictor in predictors.items()}
        up = all(each["ready"] for each in states.values())
        return Json({"ready": up, "use_cases": states}, 200 if up else 503)

    for name, predictor in predictors.items():
        router.get(
            f"/{name}/model", summary=f"The model that answers: {predictor.use_case.title}", tags=[name], responses={503: {"description": "None yet"}}
        )(_model(predictor))
    return router


def _open(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """A state as `/ready` tells it to anybody: of what went wrong that it did, and where those who may know read why."""
    more = f"... (GET /{name}/model says more)"
    return {
        field: PATH.sub("\0", FOREIGN.sub("\\1 \0", said)).replace("\0", more) if isinstance(said, str) else said for field, said in found.items()
    }


def state(predictor: Predictor) -> dict[str, Any]:
    """Who answers for a use case. A champion that could not be loaded is a warning where the one before it still answers."""
    served = predictor.served
    found: dict[str, Any] = {"ready": predictor.ready, "model_version": str(served.number) if served else None}
    if served is None:
        found["error"] = predictor.load_error or "there is no champion yet"
    elif not predictor.warmed_up:
        found["error"] = "the recent rows are being read"
    elif predictor.load_error:
        found["warning"] = predictor.load_error
    if predictor.differences:
        found["registry"] = list(predictor.differences)
    return found


def _model(predictor: Predictor) -> Any:
    async def model() -> Json:
        served = predictor.served
        if served is None:
            return Json({"error": predictor.load_error or f"use case '{predictor.use_case.name}' has no champion yet"}, 503)
        evaluated = served.version.evaluated
        trained = evaluated.trained
        return Json(
            {
                "use_case": predictor.use_case.name,
                "title": predictor.use_case.title,
                "problem": predictor.use_case.kind.name,
                "model_version": str(served.number),
                "candidate": trained.recipe.candidate,
                "params": trained.recipe.params,
                "metric": evaluated.metric,
                "metrics": {"holdout": evaluated.holdout, "baseline": evaluated.baseline},
                "features": list(trained.parts.features.names),
                "threshold": predictor.use_case.kind.threshold_of(served.model),
                "coverage": predictor.use_case.kind.coverage_of(served.model),
                "sha256": served.version.sha256,
                "mlflow_run_id": served.version.run_id,
                "lake_version": trained.parts.features.snapshot.version,
                "answers_by": served.how,
                "loaded_at": served.loaded_at,
                **({"warning": predictor.load_error} if predictor.load_error else {}),
            }
        )

    return model
