"""Answers of a REST interface, for sources that are Python functions."""

import json
import time
from collections.abc import Mapping
from typing import Any

from lifecycle.errors import LifecycleError, Outage
from lifecycle.reading import remote
from lifecycle.source import File

TRIES = 5
LONGEST_WAIT = 60.0  # seconds


def fetched(address: str, headers: Mapping[str, str] | None = None, wait: float = 1.0) -> Any:
    """The JSON at an address; where the server is away (503, 429, no answer) it is asked again, later each time.

    Args:
        address: with `${NAME}` where a secret belongs.
        headers: as in `{"Authorization": "Bearer ${TOKEN}"}`.
        wait: seconds before the second try, doubled for each after it, where the server does not say how long.

    Raises:
        LifecycleError: the server refuses, or its answer is no JSON.
        Outage: it is still away after five tries.
    """
    file = File(address, headers=headers or {})
    for attempt in range(TRIES):
        try:
            with remote.asked(file, address) as answer:
                return json.loads(answer.read())
        except Outage as outage:
            if attempt == TRIES - 1:
                raise
            time.sleep(min(wait * 2**attempt if outage.after is None else outage.after, LONGEST_WAIT))
        except ValueError:
            raise LifecycleError(f"the server of {address.split('?')[0]} answers no JSON; check the address") from None
    raise AssertionError("unreachable")
