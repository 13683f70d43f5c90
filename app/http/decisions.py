"""`POST /{use_case}/decisions`: a person approves or rejects a version that waits, from its evidence.

Who may: where no key is asked for, whoever reaches a service that listens on this machine alone, under a name that they say; where keys are asked
for, the keys that `LIFECYCLE_APPROVERS` names, under their names; nobody else. A key that a program predicts with decides nothing.
"""

import asyncio
import ipaddress
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.http.keys import ApiKeyAuth
from app.http.responses import Json
from lifecycle.errors import LifecycleError
from lifecycle.usecase import UseCase

REFUSED = "who may approve is named in LIFECYCLE_APPROVERS, by the names of their keys, or approves with 'lifecycle approve'"


class Decision(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = Field(ge=1, le=2**31, strict=False)  # 3.0 is a whole number in JSON
    decision: str = Field(pattern="^(approve|reject)$")
    by: str = Field(default="", max_length=80)
    reason: str = Field(default="", max_length=500)


class Decisions:
    """Takes the decisions about the use cases of a service."""

    def __init__(self, door: ApiKeyAuth, approvers: str, host: str) -> None:
        self._door, self._alone = door, _loopback(host)
        self._approvers = frozenset(name.strip() for name in approvers.split(",") if name.strip())

    def who(self, headers: Mapping[bytes, bytes]) -> str:
        """Who decides over this connection: `name` (whoever says a name), `key` (the caller's key may), or nobody (empty)."""
        if not self._door.required:
            return "name" if self._alone else ""
        return "key" if self._door.who(headers) in self._approvers else ""

    def routes(self, use_cases: Mapping[str, UseCase]) -> APIRouter:
        """A route for each use case."""
        router = APIRouter()
        for name, use_case in use_cases.items():
            router.post(
                f"/{name}/decisions",
                tags=[name],
                summary=f"Approve or reject a version that waits: {use_case.title}",
                openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": Decision.model_json_schema()}}}},
                responses={
                    403: {"description": "This caller may not, or does not say who decides"},
                    409: {"description": "It does not wait, or the champion is another by now"},
                    415: {"description": "It is not sent as JSON"},
                    422: {"description": "It is no decision"},
                },
            )(self._taker(use_case))
        return router

    def _taker(self, use_case: UseCase) -> Any:
        async def decide(request: Request) -> Json:
            headers = dict(request.scope["headers"])
            way = self.who(headers)
            if not way:
                return Json({"error": REFUSED}, 403)
            if b"json" not in headers.get(b"content-type", b""):  # what another page's form could send without being asked
                return Json({"error": "a decision is JSON: send it with Content-Type: application/json"}, 415)
            try:
                asked = Decision.model_validate_json(await request.body())
            except ValidationError as error:
                first = error.errors()[0]
                return Json({"error": f"{'.'.join(map(str, first['loc'])) or 'the body'}: {first['msg']}"}, 422)
            by = self._door.who(headers) if way == "key" else " ".join(asked.by.split())
            if not by:
                return Json({"error": "a decision needs a name: say who decides in 'by'"}, 403)
            try:
                return Json(await asyncio.to_thread(_decide, use_case, asked, by))
            except LifecycleError as error:
                return Json({"error": str(error)}, 409)

        return decide


def _decide(use_case: UseCase, asked: Decision, by: str) -> dict[str, Any]:
    from lifecycle import decisions
    from lifecycle.history import ledger, standing

    decide = decisions.approve if asked.decision == "approve" else decisions.reject
    verdict = decide(use_case, asked.version, by, asked.reason)
    return {"version": verdict.version, "promoted": verdict.promoted, "champion": standing(ledger(use_case.name)).champion}


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
