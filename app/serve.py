"""`lifecycle serve`: the HTTP service, in one process or several."""

import argparse
import contextlib
import ipaddress
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from app import environment
from app.answer import Answer
from app.listing import known
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings

if TYPE_CHECKING:
    from fastapi import FastAPI

NAMES, SHADOW = "LIFECYCLE_SERVED", "LIFECYCLE_SHADOW"
"""How worker processes learn what was asked for."""
PLACE = "LIFECYCLE_SERVED_AT"
"""How they learn where the service listens, and with how many of them."""
IDLE = 30
"""Seconds after which a connection that asks nothing is closed."""
COLLECT = (100_000, 10, 10)
"""When garbage is looked for besides once a minute: what waits for the logs is none, and to look through it holds every answer up."""
LEVERS = {
    # One row needs one thread; threads that wait for work that never comes cost hundreds of times the row.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}


def serve(options: argparse.Namespace) -> Answer:
    """`lifecycle serve`: until a signal ends it."""
    for name in options.use_cases:
        known(name)
    for name, value in LEVERS.items():
        os.environ.setdefault(name, value)
    environment.prepare(settings(), debug=options.debug)
    os.environ[NAMES] = ",".join(options.use_cases)
    meeting = settings().home / "cache" / f"serve-{os.getpid()}"
    shut = _shut(options.host, options.open)
    os.environ[PLACE] = json.dumps([options.host, shut, options.workers, str(meeting) if options.workers > 1 else None])
    os.environ[SHADOW] = "1" if options.shadow else ""
    import uvicorn

    with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises again once it has ended gracefully
        uvicorn.run(
            "app.serve:application", factory=True, host=options.host, port=options.port, workers=options.workers,
            loop="uvloop", http="app.http.timeouts:TimeoutProtocol", ws="none", access_log=False, log_level="error", timeout_graceful_shutdown=10,
            timeout_keep_alive=IDLE, server_header=False,
        )  # fmt: skip
    shutil.rmtree(meeting, ignore_errors=True)
    return Answer({"served": options.use_cases})


def application() -> "FastAPI":
    """What every worker process runs."""
    import gc

    from app.http import events
    from app.http.application import Options, create
    from app.http.operations import Place

    host, shut, workers, meeting = json.loads(os.environ.get(PLACE, '["127.0.0.1", false, 1, null]'))
    place = Place(host=host, shut=shut, workers=workers, meeting=Path(meeting) if meeting else None)
    names = tuple(name for name in os.environ.get(NAMES, "").split(",") if name)
    made = create(Options(use_cases=names, tell=events.tell, shadow=bool(os.environ.get(SHADOW)), place=place))
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not look at it again
    gc.set_threshold(*COLLECT)
    return made


def _shut(host: str, open_to_all: bool) -> bool:
    """Whether a key is asked for in any case: beyond this machine, unless a person says otherwise.

    Raises:
        LifecycleError: nobody could call, for there is no key.
    """
    if _loopback(host) or open_to_all:
        return False
    from lifecycle.store import keys

    if not any(key.revoked_at is None for key in keys.every()):
        raise LifecycleError(
            f"a service that listens on {host} can be called by other machines and needs an API key, found none; "
            "run 'lifecycle keys add NAME', or listen on 127.0.0.1, or say --open"
        )
    return True


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
