"""How a source is typed, with `--source` or in a form: never with a secret in it."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from lifecycle.errors import LifecycleError
from lifecycle.reading import allowed, credentials
from lifecycle.reading.web import origin_of
from lifecycle.source import PLAIN, ByColumn, File, Source
from lifecycle.sources.files import Files
from lifecycle.sources.image_files import Images
from lifecycle.sources.postgres import Postgres
from lifecycle.sources.query import Query
from lifecycle.sources.sqlite import SQLite

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

SQL = re.compile(r"\s*(SELECT|FROM|WITH|PIVOT|SUMMARIZE)\s", re.IGNORECASE)
RANGE = re.compile(r"\s*(from|until)\s*=", re.IGNORECASE)
OPTIONS = ("table", "query", "sheet", "encoding", "delimiter", "quote", "header", "null", "kind")
OPTION = re.compile(rf"\?(?=({'|'.join(OPTIONS)})=)")
INSIDE = ("skip", "range", "rows")
"""Where the table is in its file: for files, and not for addresses, whose servers may be asked for rows=100."""
OPTION_OF_FILE = re.compile(rf"\?(?=({'|'.join((*OPTIONS, *INSIDE))})=)")


def chosen(use_case: "UseCase", source: str | None) -> Source:
    """The definition's source, or what was asked for in its place.

    Args:
        source: a path, glob or address, with options as in `book.xlsx?sheet=May`; `postgresql://...?table=orders`;
            a query that starts with SELECT, FROM or WITH; `rows=1000000,seed=3`, the parameters of a generator; or
            `from=2024-01-01,until=2024-02-01`, a range of the definition's own source.

    Raises:
        LifecycleError: it has a secret written out, says what its kind of source does not take, or comes from a form and names what
            that may not.
    """
    own = use_case.source
    if source is None:
        return _safe(own)
    if source in (further := use_case.kind.sources(use_case)):
        return further[source]
    text = credentials.without_secrets(source.strip())
    if RANGE.match(text):
        return _ranged(use_case, own, parameters(text))
    found = _typed(own, text)
    return allowed.held(use_case, found, found.name, own.name) if allowed.limited() else found


def _typed(own: Source, text: str) -> Source:
    if SQL.match(text):
        return Query(text)
    return own.typed(text) or placed(text, next(iter(own.named_files()), None), own.select_of_others())


def placed(text: str, like: File | None = None, select: str = PLAIN) -> Source:
    """The source at a path or an address; `like` says how its file is written where the text does not."""
    scheme = text.split("://")[0]
    if scheme in ("postgresql", "postgres") or (text.startswith("${") and re.search(r"[?&](table|query)=", text)):
        bare, options = _split(text, everything=not text.startswith("${"))
        return Postgres(bare, options.get("table", ""), options.get("query", ""), select)
    if found := Images.placed(text):
        return found
    like = like or File("")
    path, options = _split(text)
    if scheme == "sqlite" or "query" in options:
        return SQLite(path.removeprefix("sqlite://"), options.get("table", ""), options.get("query", ""), select)
    header: Any = {"yes": True, "no": False}.get(options.get("header", "").lower(), like.header)
    headers = like.headers if origin_of(path) == origin_of(like.path) else {}  # they are for the server they were given for
    plain = ("sheet", "table", "encoding", "delimiter", "quote", "kind", "range", "rows")
    given: dict[str, Any] = {name: options[name] for name in plain if name in options}
    if "skip" in options:
        given["skip"] = _number("skip", options["skip"])
    nulls = {"null": tuple(options["null"].split("|"))} if "null" in options else {}
    return Files((replace(like, path=path, header=header, url="", sha256="", headers=headers, **nulls, **given),), select)


def _safe(source: Source) -> Source:
    """The definition's own source, which holds no secret either: not in its addresses, its SQL, its headers or its function's parameters."""
    for part in [*source.parts(), source]:
        for text in part.texts():
            credentials.without_secrets(text)
        for name, value in part.values().items():
            credentials.value_without_secret(name, value)
    return source


def _ranged(use_case: "UseCase", own: Source, bounds: dict[str, Any]) -> Source:
    """The definition's source between two values of its cursor, or of its time column."""
    if unknown := set(bounds) - {"from", "until"}:
        raise LifecycleError(f"a range is from=...,until=..., found {', '.join(sorted(unknown))}; leave it out")
    column = own.cursor(use_case)
    if column is None:
        raise LifecycleError(
            f"use case '{use_case.name}': a range needs a cursor; say incremental=ByColumn('...') of its source in usecases/{use_case.name}.py"
        )
    return own.ranged(ByColumn(column, start=str(bounds.get("from", "")), until=str(bounds.get("until", ""))))


def is_place(text: str) -> bool:
    """Whether a text is an address or a path, and no parameters."""
    return "://" in text or text.startswith("${") or bool(OPTION_OF_FILE.search(text)) or Path(text).exists()


def _number(name: str, value: str) -> int:
    if not value.isdecimal():
        raise LifecycleError(f"{name}={value} must be a number of lines; write {name}=3, or leave it out")
    return int(value)


def _split(text: str, everything: bool = False) -> tuple[str, dict[str, str]]:
    """An address and the options after its `?`; what else a query has stays in the address."""
    if everything:
        parts = urlsplit(text)
        found = dict(parse_qsl(parts.query, keep_blank_values=True))
        rest = "&".join(f"{name}={value}" for name, value in found.items() if name not in OPTIONS)
        return urlunsplit(parts._replace(query=rest)), {name: value for name, value in found.items() if name in OPTIONS}
    match = (OPTION if re.match(r"https?://|\$\{", text) else OPTION_OF_FILE).search(text)
    if match is None:
        return text, {}
    return text[: match.start()], dict(parse_qsl(text[match.end() :], keep_blank_values=True))


def parameters(text: str) -> dict[str, Any]:
    """`rows=1000,start=2026-01-01` as keyword arguments: Python literals where they are some, else text."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            found[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            found[name.strip()] = value.strip()
    return found
