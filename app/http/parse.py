"""The body of a request: an object with a list in it, or a refusal that says what it must be."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

BOM = b"\xef\xbb\xbf"
"""UTF-8's mark of byte order, with which some programs of Windows begin."""


class Refused(Exception):
    """A request that gets no answer: its status, and what is said."""

    def __init__(self, status: int, error: str, failures: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(error)
        self.status, self.error, self.failures = status, error, failures

    @property
    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": self.error, "detail": list(self.failures)} if self.failures else {"error": self.error}


def listed(body: bytes, name: str, each: str, most: int) -> list[Any]:
    """The list of a body such as `{"rows": [...]}`.

    Args:
        body: JSON text.
        name: what the list is called.
        each: how one of it looks, for the message.
        most: so many may be in it.

    Raises:
        Refused: the body is something else (422), or the list is too long (413).
    """
    try:
        content = orjson.loads(body.removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        if not _is_text(body):
            raise Refused(422, "the body must be JSON in UTF-8, found bytes that are no text in it; see /docs") from None
        raise Refused(422, f"the body must be JSON as in /docs, found {error}") from None
    found = content.get(name) if type(content) is dict else None
    if type(found) is not list or not found:
        raise Refused(422, f'the body must be an object {{"{name}": [{each}]}} with one of them or more; see /docs')
    if len(found) > most:
        raise Refused(413, f"a request may have {most:,} {name if most > 1 else name[:-1]}, found {len(found):,}; send several")
    return found


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
