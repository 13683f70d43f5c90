"""What earlier answers of a stage depended on: whether one of them is still the answer is asked before the stage runs.

A question is what a stage is asked: its code, the lake, what it is given, and the definition as it is now. An answer that was given before
to the same code, lake and inputs stands where all that was read of the definition then is the same now, and its time is not over.
What a stage will read is not known before it runs; what it has read is (`watched`), and a stage that finds the same again reads the same.
"""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle.dependencies import clock, fingerprint, modules, outline
from lifecycle.dependencies.code import code
from lifecycle.dependencies.values import Untold, steadily, told
from lifecycle.dependencies.watched import Notes, readable
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from lifecycle.usecase import UseCase

TABLE = """CREATE TABLE IF NOT EXISTS lifecycle_answers (question text NOT NULL, key text NOT NULL, read jsonb NOT NULL,
    until timestamptz, given_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (question, key))"""
_steady: dict[tuple[int, str], tuple[Any, str]] = {}


@dataclass(frozen=True)
class Question:
    """What a stage is asked, and the key under which its answer is kept or will be."""

    use_case: str
    stage: str
    asked: str
    """A hash of its code, the lake, its inputs."""
    told: dict[str, str]
    """What each part of the definition is now, as a hash."""
    untold: dict[str, str] = field(default_factory=dict)
    """Why nothing can be told of a part."""
    key: str = ""


def ask(function: Callable[..., Any], use_case: "UseCase", *given: str) -> Question:
    """The question that a stage is asked about a definition.

    Args:
        function: the stage.
        use_case: the definition.
        given: what else it depends on, and what it is given.
    """
    known, untold = parts(use_case)
    try:
        own = told(function)
    except Untold as error:
        own, untold = uuid.uuid4().hex, {**untold, "": str(error)}
    asked = _hash([own, lake().identity, fingerprint.libraries(), *given])
    outline.keep()
    found, over = _answered(asked, known)
    key = found or f"{use_case.name}-{function.__name__}-{_hash([asked, sorted(known.items()), over])[:24]}"
    return Question(use_case.name, function.__name__, asked, known, untold, key)


def keep(question: Question, noted: Notes) -> str:
    """Note what an answer depended on. Returns why it cannot be kept, if so."""
    why = {name: reason for name, reason in question.untold.items() if not name or name in noted.read}
    if why:
        name, reason = next(iter(why.items()))
        return f"{f'{name} rests on ' if name else ''}{reason}: nobody can tell whether it has changed, so it is run each time"
    read = {name: question.told[name] for name in sorted(noted.read) if name in question.told}
    with _connection() as connection:
        connection.execute(
            """INSERT INTO lifecycle_answers (question, key, read, until) VALUES (%s, %s, %s, %s)
            ON CONFLICT (question, key) DO UPDATE SET read = excluded.read, until = excluded.until, given_at = now()""",
            [question.asked, question.key, json.dumps(read), noted.until],
        )
    return ""


def given(key: str) -> dt.datetime | None:
    """When the answer of a key was given; `None` where nobody knows."""
    with _connection() as connection:
        row = connection.execute("SELECT max(given_at) FROM lifecycle_answers WHERE key = %s", [key]).fetchone()
    return row[0] if row else None


def forget(before: dt.datetime) -> None:
    """Delete what is known of answers that were given before a moment."""
    with _connection() as connection:
        connection.execute("DELETE FROM lifecycle_answers WHERE given_at < %s", [before])


def forget_use_case(use_case: str) -> int:
    """Delete what is known of all answers about a use case. Returns how many there were."""
    with _connection() as connection:
        return connection.execute("DELETE FROM lifecycle_answers WHERE starts_with(key, %s)", [f"{use_case}-"]).rowcount


def parts(use_case: "UseCase") -> tuple[dict[str, str], dict[str, str]]:
    """What each part of a definition is now, as a hash; and why nothing can be told of some, whose hash is never the same."""
    known: dict[str, str] = {}
    untold: dict[str, str] = {}
    for name in sorted(readable(type(use_case))):
        try:
            known[name] = _part(use_case, name)
        except Untold as error:
            known[name], untold[name] = uuid.uuid4().hex, str(error)
    return known, untold


def _part(use_case: "UseCase", name: str) -> str:
    """A field by its value, a method by its code, a property by both."""
    if name in _own(use_case, name):
        return _own(use_case, name)[name]
    member = getattr(type(use_case), name, None)
    if name in getattr(use_case, "__dataclass_fields__", ()):
        value, steady = steadily(getattr(use_case, name))
    elif isinstance(member, property):
        value, steady = steadily(getattr(use_case, name))
        value = _hash([value, _member(type(use_case), name, member.fget)])
    else:
        value, steady = _member(type(use_case), name, member), True
    if steady:
        _steady[id(use_case), name] = (use_case, value)
    return value


def _own(use_case: "UseCase", name: str) -> dict[str, str]:
    """What was told of this very object before and holds as long as it lives: it is frozen."""
    known = _steady.get((id(use_case), name))
    return {name: known[1]} if known and known[0] is use_case else {}


def _member(kind: type, name: str, function: Any) -> str:
    """The code of one method: what it reads of the definition in its turn is noted by itself."""
    owner = next((each for each in kind.__mro__ if name in vars(each)), kind)
    if modules.side(owner.__module__) != "machinery":
        return told(function)
    label = f"{owner.__qualname__}.{name}"
    return code(owner.__module__, label if label in outline.outline(owner.__module__).definitions else owner.__qualname__)


def _answered(asked: str, known: dict[str, str]) -> tuple[str, str]:
    """The key of the newest answer that still stands; where there is none, the newest moment at which one was over."""
    with _connection() as connection:
        rows = connection.execute(
            """SELECT key, read, until, until <= %s FROM lifecycle_answers WHERE question = %s ORDER BY given_at DESC""", [clock.now(), asked]
        ).fetchall()
    for key, read, _, over in rows:
        if not over and all(known.get(name) == value for name, value in read.items()):
            return key, ""
    return "", max((until.isoformat() for _, _, until, over in rows if over), default="")


def _hash(values: Sequence[Any]) -> str:
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _connection() -> "Iterator[psycopg.Connection[Any]]":
    """A connection to where answers are noted: beside the lake's catalogue, for every host; the table is made where it is missing."""
    import psycopg

    with psycopg.connect(lake().server.conninfo("lake"), autocommit=True) as connection:
        there = connection.execute("SELECT to_regclass('lifecycle_answers')").fetchone()
        if not there or there[0] is None:
            connection.execute("SELECT pg_advisory_lock(hashtextextended('lifecycle_answers', 0))")
            connection.execute(TABLE)
            connection.execute("SELECT pg_advisory_unlock(hashtextextended('lifecycle_answers', 0))")
        yield connection
