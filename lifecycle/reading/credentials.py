"""Secrets in addresses: `${NAME}` stands for one, looked up when it is needed, and kept out of every text that is shown."""

import os
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

from lifecycle.errors import LifecycleError
from lifecycle.reading import secrets_in_text
from lifecycle.reading.secrets_in_text import masked

__all__ = ["Address", "address", "hidden", "masked", "resolved", "resolvers", "without_secrets"]

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
REFUSED = (
    "the source has a password or key in its text, where logs and the ledger would keep it; write ${NAME} in its place"
    " and set NAME in the environment, in .env or as a Prefect Secret block"
)


@dataclass(frozen=True)
class Address:
    """The parts of an address, with the secrets in them."""

    scheme: str
    user: str
    password: str
    host: str
    port: int | None
    path: str
    query: str

    @property
    def shown(self) -> str:
        """Where it leads, without who goes there."""
        return f"{self.host}{f':{self.port}' if self.port else ''}{self.path}"

    @property
    def bare(self) -> str:
        """The address without user and password."""
        return f"{self.scheme}://{self.shown}" + (f"?{self.query}" if self.query else "")


resolvers: list[Callable[[str], str | None]] = []
"""Asked in turn for a name that is neither in the environment nor in `.env`; what runs under Prefect adds its blocks."""

_known: dict[str, str] = {}


def resolved(text: str) -> str:
    """`text` with every `${NAME}` replaced by its value: of the environment, of `.env`, or of a resolver.

    Raises:
        LifecycleError: a name has no value anywhere.
    """
    return PLACEHOLDER.sub(lambda found: _value(found[1]), text)


def address(text: str) -> Address:
    """The parts of an address. Each `${NAME}` in it stands for a secret as it is, with nothing escaped; one at the beginning for all of it.

    Raises:
        LifecycleError: it is no address, or a name has no value.
    """
    whole = resolved(text) if text.startswith("${") else text
    parts = urlsplit(whole)
    person, _, place = parts.netloc.rpartition("@")
    user, _, password = person.partition(":")
    host, _, port = place.rpartition(":") if re.search(r":[^\]]*$", place) else (place, "", "")
    port = resolved(port)
    if not host or (port and not port.isdigit()):
        raise LifecycleError(f"{text} is no address; write it as in scheme://user:${{PASSWORD}}@host:port/name")
    query = resolved(parts.query)
    return Address(
        parts.scheme, resolved(unquote(user)), resolved(unquote(password)), resolved(host).strip("[]"), int(port) if port else None,
        resolved(parts.path), query,
    )  # fmt: skip


def hidden(text: str) -> str:
    """`text` with the name of every secret that was looked up in place of its value."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, f"${{{_known[value]}}}")
    return text


def without_secrets(text: str) -> str:
    """`text`, which holds no secret but as `${NAME}`.

    Raises:
        LifecycleError: there is one. It would be kept with the run, in the ledger and in logs.
    """
    if secrets_in_text.secret_in(text):
        raise LifecycleError(REFUSED)
    return text


def value_without_secret(name: str, value: object) -> None:
    """Refuse a header or parameter whose name tells of a secret, with a value that is not one `${NAME}` alone.

    Raises:
        LifecycleError: it holds the secret itself.
    """
    if isinstance(value, str) and secrets_in_text.telling(name) and value and not PLACEHOLDER.search(value):
        raise LifecycleError(f"'{name}' of the source is a secret that is written out; write {REFUSED.partition('; write ')[2]}")


def _value(name: str) -> str:
    value = os.environ.get(name) or _written(name)
    for resolver in resolvers if value is None else ():
        value = value if value is not None else resolver(name)
    if value is None:
        block = name.lower().replace("_", "-")
        raise LifecycleError(f"${{{name}}} has no value; set {name} in the environment or .env, or make the Prefect Secret block '{block}'")
    _remember(name, value)
    return value


def _written(name: str) -> str | None:
    """The value in `.env` of the folder that the program runs in."""
    if not Path(".env").is_file():
        return None
    from dotenv import dotenv_values

    return dotenv_values(".env").get(name) or None


def _remember(name: str, value: str) -> None:
    """Keep a value to hide it, in every spelling in which a library may repeat it, and the password in it where it is a whole address."""
    found = {value, unquote(value)}
    if "://" in value:
        parts = urlsplit(value)
        found |= {parts.password or "", unquote(parts.password or "")}
    found |= {spelling for each in found for spelling in _spellings(each)}
    _known.update({each: name for each in found if len(each) > 2})


def _spellings(value: str) -> set[str]:
    """A value in an address, between the quotes of SQL, of a connection string or of Python, and in a header."""
    bare = {quote(value, safe=""), quote(value), quote_plus(value), value.replace("'", "''"), value.replace("\\", "\\\\").replace("'", "\\'")}
    return bare | {repr(value)[1:-1], " ".join(value.split()), b64encode(value.encode()).decode()}
