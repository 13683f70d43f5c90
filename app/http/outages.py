"""What a service cannot reach for the moment, its database, its disk, its storage, as an answer: 503, and when to come again."""

import logging
from typing import Any

import duckdb
import psycopg
from starlette.requests import Request

from app.http.responses import Json

OUTAGES = (OSError, psycopg.OperationalError, psycopg.InterfaceError, duckdb.OperationalError)
"""`lifecycle.errors.Outage` is an `OSError`. A question that is wrong (`duckdb.BinderException`, `psycopg.DataError`) is none: trying again does not help."""
SECONDS = 5
WHY = "something that the service needs for this cannot be reached now (its log says what); send it again in some seconds"
RETRY_AFTER = (b"retry-after", str(SECONDS).encode())
log = logging.getLogger("lifecycle.http")


async def unreachable(request: Request, error: Exception) -> Json:
    """The answer to a request that met an outage."""
    note(request.scope, error)
    return Json({"error": WHY}, 503, headers={"Retry-After": str(SECONDS)})


def note(scope: Any, error: Exception) -> None:
    """Write down what cannot be reached: the kind and the places, not the text, which may quote a row or a path."""
    log.error("outage", extra={"path": str(scope.get("path", ""))[:200]}, exc_info=error)
