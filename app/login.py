"""The login of this home's own servers: one random secret, in a file that only its owner reads.

Prefect's API and MLflow's interface ask for it, so that no web page and nobody else on this machine commands them. What starts from here
finds it by itself; nobody types it. It is told to servers of this home alone, never to one of yours.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from lifecycle.errors import LifecycleError

USER = "lifecycle"
FORM = re.compile(r"[A-Za-z0-9_-]{43}")
API, LOGIN, KEY = "PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"


def file(home: Path) -> Path:
    """Where the secret of a home folder lies."""
    return home / "login"


def secret(home: Path) -> str:
    """The secret of a home folder, made at its first use; processes that make it at once agree on one.

    Raises:
        LifecycleError: the file cannot be read, or holds something else.
    """
    place = file(home)
    try:
        if not place.exists():
            _make(place)
        if place.stat().st_mode & 0o077:
            place.chmod(0o600)
        found = place.read_text().strip()
    except OSError as error:
        raise LifecycleError(
            f"the login of the servers is kept in {place}, which must be readable by who runs Lifecycle, found: {error.strerror}; "
            "run as the owner of the home folder, or delete the file: another is made"
        ) from None
    except ValueError:
        found = ""
    if not FORM.fullmatch(found):
        raise LifecycleError(f"{place} must hold the 43 letters of a login, found something else; delete it and restart: another is made")
    return found


def auth(home: Path) -> str:
    """User and secret, as Prefect's settings want them."""
    return f"{USER}:{secret(home)}"


def header(auth: str) -> str:
    """The value of `Authorization` for a login."""
    return f"Basic {base64.b64encode(auth.encode()).decode()}"


def cookie(auth: str) -> tuple[str, str]:
    """Name and value of the cookie that opens MLflow alone: browsers tell it to every port of this machine, so it is not the secret."""
    value = hmac.new(auth.encode(), b"mlflow", hashlib.sha256).hexdigest()
    return f"lifecycle-{hashlib.sha256(value.encode()).hexdigest()[:8]}", value


def join(home: Path, api: str, into: MutableMapping[str, str] | None = None) -> None:
    """Let an environment speak to a server of this home: its address, its login, no key for another, no proxy between."""
    there = os.environ if into is None else into
    there.pop(KEY, None)
    there.update({API: api, LOGIN: auth(home)})
    host = urlsplit(api).hostname or ""
    direct = there.get("no_proxy") or there.get("NO_PROXY") or ""
    if "*" not in direct and host not in direct.split(","):
        there["no_proxy"] = there["NO_PROXY"] = ",".join(filter(None, [direct, host]))


def withhold(home: Path) -> None:
    """Let this process speak to a server of somebody else: the secret of this home is none of its business."""
    if file(home).exists() and hmac.compare_digest(os.environ.get(LOGIN, "").encode(), auth(home).encode()):
        del os.environ[LOGIN]


def _make(place: Path) -> None:
    """Whole or not at all, and readable by nobody else at any moment."""
    place.parent.mkdir(parents=True, exist_ok=True)
    making = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
        stream.write(secrets.token_urlsafe(32))
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):  # another process was first: its secret holds
        os.link(making, place)
    making.unlink()
