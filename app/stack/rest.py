"""A Prefect server by its REST API: the little that is needed here, without importing Prefect."""

import json
import os
from typing import Any

from app import login
from lifecycle.reading import web


class Server:
    """`server("GET", "/flow_runs/ID")`: requests to one server's API."""

    def __init__(self, api: str, auth: str | None = None) -> None:
        """`auth` is `user:password`; left out, what the environment holds by Prefect's own variables."""
        self.api, self._auth = api.rstrip("/"), auth

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and decode the answer.

        Raises:
            OSError: the server is away, or says no.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self._key()}
        with web.opened(f"{self.api}{path}", 30, method=method, headers=headers, content=data) as answer:
            said = answer.read()
            return json.loads(said) if said else None

    def found(self, kind: str, condition: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """What the server has of a kind."""
        return self("POST", f"/{kind}/filter", condition or {})

    def _key(self) -> dict[str, str]:
        """The header for a server that wants a key or a password."""
        if self._auth is None and os.environ.get(login.KEY):
            return {"Authorization": f"Bearer {os.environ[login.KEY]}"}
        auth = self._auth or os.environ.get(login.LOGIN)
        return {"Authorization": login.header(auth)} if auth else {}
