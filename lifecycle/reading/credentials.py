"""Secrets in addresses: `${NAME}` stands for one, looked up when it is needed, and kept out of every text that is shown."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from lifecycle.errors import LifecycleError

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
TELLING = re.compile(r"pass(word|wd)?$|^pwd$|secret|token|signature|^sig$|api_?key|access_?key", re.IGNORECASE)
"""Names of what is a secret, in an address or a connection string."""
ASSIGNED = re.compile(r"\b(password|passwd)\s*=\s*'?(?!\$\{)[^\s'\",)]", re.IGNORECASE)
"""A password in a connection string or in SQL."""
ADDRESS = re.compile(r"\w+://[^\s'\"]+")
WRITTEN = re.compile(r"://[^\s'\"@/]*:(?!\d+/)[^\s'\"@]*[^\s'\"@}][^\s'\"@]*@")
"""A password between the colon and the at sign of an address from which the placeholders were taken out."""
VALUE = re.compile(r"(\w+)(\s*=\s*'?)([^\s'\",)&;]+)")
"""A name and its value: in an address, a connection string, or the parameters of a function."""
PASSED = re.compile(r"(://[^\s'\"@/:]*:)(?!\d+/)([^\s'\"@]+)(?=@)")
MASK = "***"


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
    if _open_secret(text):
        raise LifecycleError(
            "the source has a password or key in its text, where logs and the ledger would keep it; write ${NAME} in its place"
            " and set NAME in the environment, in .env or as a Prefect Secret block"
        )
    return text


def masked(text: str) -> str:
    """`text` with a mask over every secret that is written out in it; a `${NAME}` stays."""

    def value(found: re.Match[str]) -> str:
        return found[0] if not TELLING.search(found[1]) or PLACEHOLDER.fullmatch(found[3]) else f"{found[1]}{found[2]}{MASK}"

    def passed(found: re.Match[str]) -> str:
        return found[0] if PLACEHOLDER.fullmatch(found[2]) else f"{found[1]}{MASK}"

    return VALUE.sub(value, PASSED.sub(passed, text))


def _open_secret(text: str) -> bool:
    """Whether a secret is written out in an address, or in the SQL of a query."""
    bare = PLACEHOLDER.sub("", text)
    return bool(ASSIGNED.search(text) or WRITTEN.search(bare)) or any(_asked(found) for found in ADDRESS.findall(bare))


def _asked(address: str) -> bool:
    """Whether the query of an address has a key or token."""
    return any(value and TELLING.search(name) for name, value in parse_qsl(address.partition("?")[2]))


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
    """Keep a value to hide it, and the password in it where it is a whole address."""
    found = {value}
    if "://" in value:
        parts = urlsplit(value)
        found |= {parts.password or "", unquote(parts.password or "")}
    else:
        found.add(unquote(value))
    _known.update({each: name for each in found if len(each) > 2})
