"""The pages of the service: the overview at `/`, a use case, a version's card, two versions side by side; and the first two as JSON.

A browser cannot send a key when it follows a link. So the pages are open, and a page that nobody's key came with is a shell without anything of
the use cases in it: its script asks for the key, and fetches the page itself with it.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from app.http.decisions import Decisions
from app.http.keys import ApiKeyAuth
from app.http.responses import Json
from app.next_runs import next_runs
from lifecycle.errors import LifecycleError
from lifecycle.overview.beside import two_versions
from lifecycle.overview.overview import overview
from lifecycle.overview.story import story
from lifecycle.pages import beside_page, card_page, overview_page, story_page
from lifecycle.pages.frame import Links, page
from lifecycle.pages.html import Html, joined, tag
from lifecycle.pages.whole import whole
from lifecycle.serving.predictor import Predictor
from lifecycle.settings import Settings
from lifecycle.store import versions

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
AGAIN = 30.0
"""Seconds for which the times of the next runs are believed."""


def is_page(names: frozenset[str], path: str) -> bool:
    """Whether a path is one of these pages, which see to the key themselves."""
    first, _, rest = path.removeprefix("/").partition("/")
    return path == "/" or (first in names and (not rest or rest.startswith(("card/", "compare/"))))


class Reports:
    """Draws the pages of a service."""

    def __init__(self, predictors: Mapping[str, Predictor], at: Settings, door: ApiKeyAuth, decisions: Decisions) -> None:
        self._predictors, self._at, self._door, self._decisions = predictors, at, door, decisions
        self._runs: tuple[float, dict[str, dt.datetime]] = (-AGAIN, {})
        self._turn = threading.Lock()
        """Two versions are asked by one request at a time: models are loaded for it."""

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        router.get("/", include_in_schema=False)(self._page(0, lambda links: overview_page.overview_page(self._overview(), links)))
        router.get("/overview.json", tags=["state"], summary="How every use case stands")(lambda: Json(self._overview().model_dump(mode="json")))
        for name in self._predictors:
            self._of(router, name)
        return router

    def _of(self, router: APIRouter, name: str) -> None:
        use_case = self._predictors[name].use_case

        def card(version: int, request: Request) -> Response:
            return self._drawn(request, 2, lambda links: card_page.card_page(versions.version(name, version), story(use_case).decisions, links))

        def compare(old: int, new: int, request: Request) -> Response:
            def drawn(links: Links) -> str:
                with self._turn:
                    return beside_page.beside_page(two_versions(use_case, old, new), use_case.title, links)

            return self._drawn(request, 3, drawn)

        router.get(f"/{name}", include_in_schema=False)(self._page(0, lambda links: self._story(name, links)))
        router.get(f"/{name}/card/{{version}}", include_in_schema=False)(card)
        router.get(f"/{name}/compare/{{old}}/{{new}}", include_in_schema=False)(compare)
        summary = f"The state and the history: {use_case.title}"
        router.get(f"/{name}/overview.json", tags=[name], summary=summary)(
            lambda: Json(story(use_case, self._next().get(name)).model_dump(mode="json"))
        )

    def _page(self, up: int, draw: Callable[[Links], str]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return self._drawn(request, up, draw)

        return answer

    def _drawn(self, request: Request, up: int, draw: Callable[[Links], str]) -> Response:
        """A page, or its shell where a key is needed and none came."""
        headers = dict(request.scope["headers"])
        links = Links(up, self._decisions.who(headers))
        if self._door.required and self._door.who(headers) is None:
            return _html(shell(links), 200)
        try:
            return _html(draw(links), 200)
        except LifecycleError as error:
            said = joined(tag("h1", "Not here"), tag("p", str(error)), tag("p", links.link("All use cases", "")))
            return _html(page("Not here", said, links), 404)

    def _overview(self) -> Any:
        return overview([predictor.use_case for predictor in self._predictors.values()], self._next())

    def _story(self, name: str, links: Links) -> str:
        return story_page.story_page(*whole(self._predictors[name].use_case, self._next().get(name)), links, dt.datetime.now(dt.UTC))

    def _next(self) -> dict[str, dt.datetime]:
        if time.monotonic() - self._runs[0] > AGAIN:
            self._runs = (time.monotonic(), next_runs(self._at))
        return self._runs[1]


def shell(links: Links) -> str:
    """A page that has nothing in it yet: its script asks for a key."""
    field = tag("input", id="key", type="password", autocomplete="off", spellcheck="false", placeholder="lk_…", aria_describedby="said")
    form = tag("form", tag("label", "API key ", field, for_="key"), " ", tag("button", "Use", class_="primary"), id="keyform", class_="decide")
    body = joined(tag("h1", "This service asks for an API key"), form, tag("p", "", id="said", role="alert", class_="bad"))
    return page("Lifecycle", tag("div", body, id="shell"), links).replace("<main ", '<main data-shell="" ', 1)


def _html(text: str | Html, status: int) -> Response:
    return Response(text, status, media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY})
