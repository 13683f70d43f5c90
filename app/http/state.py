"""`/live`, `/ready` and `/{use_case}/model`: what runs, what can answer, who answers."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from app.http.respond import Json
from lifecycle.online.desk import Desk

PATH = re.compile(
    r"(?<=')(?:~|[a-z]:[\\/]|/)[^']*(?=')"  # in quotes, whatever it holds
    r"|[a-z][a-z0-9+.-]*://?[^\s;,()\"']+(?:/[^;,()\"']*)?"  # an address
    r"|(?<![\w.])[~.]{0,2}/{1,3}[^/;:,()\"']+(?:/|(?<=\w)'(?=\w))(?:[^;,()\"']|(?<=\w)'(?=\w))*",  # a path, as far as a sentence goes on with it
    re.IGNORECASE,
)
"""A path of this machine, or an address."""
FOREIGN = re.compile(r"(?<=: )([A-Z]\w+): .*", re.DOTALL)
"""What another library said: its kind and its words, which name paths, hosts and accounts in every way there is."""


def routes(desks: Mapping[str, Desk]) -> APIRouter:
    """The routes over these desks."""
    router = APIRouter(tags=["state"])

    @router.get("/live", summary="Whether the process answers at all")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/ready", summary="Whether the champion of every use case is loaded and warmed up", responses={503: {"description": "Not yet"}})
    async def ready() -> Json:
        states = {name: _open(name, state(desk)) for name, desk in desks.items()}
        up = all(each["ready"] for each in states.values())
        return Json({"ready": up, "use_cases": states}, 200 if up else 503)

    for name, desk in desks.items():
        router.get(
            f"/{name}/model", summary=f"The model that answers: {desk.use_case.title}", tags=[name], responses={503: {"description": "None yet"}}
        )(_model(desk))
    return router


def _open(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """A state as `/ready` tells it to anybody: of what went wrong that it did, and where those who may know read why."""
    more = f"... (GET /{name}/model says more)"
    return {
        field: PATH.sub("\0", FOREIGN.sub("\\1 \0", said)).replace("\0", more) if isinstance(said, str) else said for field, said in found.items()
    }


def state(desk: Desk) -> dict[str, Any]:
    """Who answers for a use case. A champion that could not be loaded is a warning where the one before it still answers."""
    served = desk.served
    found: dict[str, Any] = {"ready": desk.ready, "model_version": str(served.number) if served else None}
    if served is None:
        found["error"] = desk.wrong or "there is no champion yet"
    elif not desk.warm:
        found["error"] = "the recent rows are being read"
    elif desk.wrong:
        found["warning"] = desk.wrong
    if desk.differences:
        found["registry"] = list(desk.differences)
    return found


def _model(desk: Desk) -> Any:
    async def model() -> Json:
        served = desk.served
        if served is None:
            return Json({"error": desk.wrong or f"use case '{desk.use_case.name}' has no champion yet"}, 503)
        evaluated = served.version.evaluated
        trained = evaluated.trained
        return Json(
            {
                "use_case": desk.use_case.name,
                "title": desk.use_case.title,
                "problem": desk.use_case.kind.name,
                "model_version": str(served.number),
                "candidate": trained.recipe.candidate,
                "params": trained.recipe.params,
                "metric": evaluated.metric,
                "metrics": {"holdout": evaluated.holdout, "baseline": evaluated.baseline},
                "features": list(trained.parts.features.names),
                "threshold": desk.use_case.kind.threshold_of(served.model),
                "sha256": served.version.sha256,
                "mlflow_run_id": served.version.run_id,
                "lake_version": trained.parts.features.snapshot.version,
                "answers_by": served.how,
                "loaded_at": served.loaded_at,
                **({"warning": desk.wrong} if desk.wrong else {}),
            }
        )

    return model
