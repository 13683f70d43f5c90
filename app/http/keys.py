"""Who may call: the keys as this process knows them, read again every second."""

import logging
import threading
import time
from collections.abc import Mapping

from lifecycle.settings import Settings
from lifecycle.store import keys as store

PAUSE_SECONDS = 1.0
"""Seconds between two looks: so long a revoked key is still let in."""
PATIENCE = 30.0
"""Seconds that a start waits for PostgreSQL."""
log = logging.getLogger("lifecycle.http")


class ApiKeyAuth:
    """Tells callers by their key.

    Without any key there it is open, where the service listens on this machine only. A revoked key keeps it shut: nobody
    opens a service by revoking its last key. While PostgreSQL is away the keys last seen hold.
    """

    def __init__(self, at: Settings, *, always: bool = False) -> None:
        self.required = True
        """Whether a key is asked for; until the keys have been read, it is."""
        self._always, self._at = always, at
        self._keys: dict[str, store.Key] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="keys", daemon=True)

    def start(self) -> None:
        """Read the keys, and go on reading them."""
        self._read_first()
        self._thread.start()

    def stop(self) -> None:
        """Read them no more."""
        self._stop.set()

    def who(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The name of the caller's key, from `X-API-Key` or `Authorization: Bearer`; `None` for a wrong or missing one."""
        given = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        text = given.decode("latin-1").strip()
        parts = store.FORM.fullmatch(text)
        key = self._keys.get(parts[1]) if parts else None
        return key.name if key is not None and key.fits(text) else None

    def _read_first(self) -> None:
        """Before anybody is answered. PostgreSQL may be starting; it is waited for, and its last word is the error."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with store.connect(self._at) as connection:
                    return self._take(store.read(connection))
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _take(self, keys: list[store.Key]) -> None:
        self._keys = {key.public: key for key in keys}
        self.required = self._always or bool(keys)

    def _follow(self) -> None:
        connection = None
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                connection = connection or store.connect(self._at)
                self._take(store.read(connection))
            except Exception as error:  # an outage: what is known holds
                log.error("the keys cannot be read (%s); those last seen hold", type(error).__name__)
                if connection is not None:
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()
