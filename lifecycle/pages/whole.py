"""All that the page of a use case is drawn from, in the order of its arguments."""

import datetime as dt
from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError
from lifecycle.overview.distributions import Distribution, distributions
from lifecycle.overview.story import Story, story
from lifecycle.references import ModelVersion
from lifecycle.store import versions

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

WINDOWS = 60
"""Of so many of the newest windows the distributions are counted."""
_kept: dict[str, tuple[int, dict[tuple[int, str], Distribution]]] = {}


def whole(use_case: "UseCase", next_run: dt.datetime | None = None) -> tuple[Story, ModelVersion | None, dict[tuple[int, str], Distribution]]:
    """The story, the champion, and the distributions; these are kept as long as the lake stays at its version."""
    found = story(use_case, next_run)
    champion = versions.kept(use_case.name, found.state.champion) if found.state.champion is not None else None
    known = _kept.get(use_case.name)
    if known is None or known[0] != found.lake_version:
        newest, seen = found.windows[-WINDOWS:], {}
        for number in {each.version for each in newest}:
            if version := versions.kept(use_case.name, number):
                try:
                    seen |= distributions(use_case, version, newest)
                except LifecycleError:  # a version that is lost is said where it is shown
                    continue
        known = _kept[use_case.name] = found.lake_version, seen
    return found, champion, known[1]
