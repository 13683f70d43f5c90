"""What a caller may do: which host it names, how large its bodies are, how often it comes."""

import ipaddress
import socket
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lifecycle.settings import Settings

OWN = ("localhost",)
MAX_HOST_BYTES = 300
"""Bytes of a `Host`: a name of the internet has 253, and those that fit are kept."""
CLIENTS = 10_000
"""So many clients are told apart; of more, the one not seen for longest is forgotten."""
BURST = 2.0
"""A client that was quiet may come so many seconds' worth of requests at once."""
IN_FLIGHT = 4
"""Bodies of so many times the largest size are held in memory at once, over all connections."""


@dataclass(frozen=True)
class Limits:
    """The bounds of a service; those of `Settings`, in the units of a request."""

    body: int = 32_000_000
    rows: int = 100_000
    rate: float = 0.0
    seconds: float = 10.0

    @classmethod
    def of(cls, at: Settings, workers: int = 1) -> "Limits":
        """The limits of one of several workers: each counts its own share of the rate."""
        return cls(int(at.max_body_mb * 1e6), at.max_rows, at.rate / workers, at.client_seconds)


class Hosts:
    """Which `Host` a request may name, so that no web page reaches this service under a name of its own (DNS rebinding).

    Always: an address by its numbers, `localhost` and this machine's name. Else: what the setting names.
    """

    def __init__(self, allowed: str, *more: str) -> None:
        named = [name.strip().lower() for name in allowed.split(",") if name.strip()]
        self._any = "*" in named
        self._exact = {*OWN, socket.gethostname().lower(), *(name for name in named if not name.startswith("*.")), *(one.lower() for one in more)}
        self._under = tuple(name[1:] for name in named if name.startswith("*."))
        self._known: set[bytes] = set()

    def allow(self, host: bytes) -> bool:
        """Whether a `Host` header is one of ours."""
        if self._any or host in self._known:
            return True
        if len(host) > MAX_HOST_BYTES:
            return False
        fits = self._fits(host)
        if fits and len(self._known) < CLIENTS:
            self._known.add(host)
        return fits

    def _fits(self, host: bytes) -> bool:
        try:
            parts = urlsplit(f"//{host.decode('ascii')}")
            name, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.netloc.count("@") or parts.path or parts.query or parts.fragment:  # `Host: evil.example@127.0.0.1`
            return False
        return name in self._exact or name.endswith(self._under or ("\0",)) or _numeric(name)


def _numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Origins:
    """Which web pages may call: none but our own, and those that the setting names."""

    def __init__(self, allowed: str) -> None:
        self._allowed = {name.strip().rstrip("/").lower().encode() for name in allowed.split(",") if name.strip()}

    def allow(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the page that a browser names, if any, may call."""
        origin = headers.get(b"origin")
        return origin is None or self.shared(origin) or origin.split(b"://")[-1].lower() == headers.get(b"host", b"").lower()

    def shared(self, origin: bytes | None) -> bool:
        """Whether another site's page is told that it may."""
        return origin is not None and (b"*" in self._allowed or origin.lower() in self._allowed)


class Rates:
    """Requests a second of each client, by a bucket that fills steadily (a token bucket)."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._most = max(rate * BURST, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """How many seconds a client has to wait; 0: it may come, and has been counted."""
        if self.rate <= 0:
            return 0.0
        now = time.monotonic()
        level, then = self._buckets.pop(client, (self._most, now))
        level = min(self._most, level + (now - then) * self.rate)
        enough = level >= 1
        self._buckets[client] = (level - enough, now)
        if len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (1 - level) / self.rate
