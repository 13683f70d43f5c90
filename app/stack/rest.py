"""A Prefect server by its REST API: the little that is needed here, without importing Prefect."""

import base64
import json
import os
import urllib.request
from typing import Any


class Server:
    """`server("GET", "/flow_runs/ID")`: requests to one server's API."""

    def __init__(self, api: str) -> None:
        self.api = api.rstrip("/")

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and decode the answer.

        Raises:
            OSError: the server is away, or says no.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}{path}", data, {"Content-Type": "application/json", **_key()}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = answer.read()
            return json.loads(said) if said else None

    def found(self, kind: str, condition: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """What the server has of a kind."""
        return self("POST", f"/{kind}/filter", condition or {})


def _key() -> dict[str, str]:
    """The header for a server that wants a key or a password, by Prefect's own variables."""
    if os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {os.environ['PREFECT_API_KEY']}"}
    if os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(os.environ['PREFECT_API_AUTH_STRING'].encode()).decode()}"}
    return {}
