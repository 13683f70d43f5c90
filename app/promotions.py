"""What a person decides about models: promote, approve, reject, roll back."""

import argparse
import getpass
from collections.abc import Callable
from typing import Any

from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import known, untouched
from app.summary import called
from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.references import Verdict
from lifecycle.settings import settings


def promote(options: argparse.Namespace) -> Answer:
    """`lifecycle promote`: any registered version; the newest judged one where none is named."""
    from lifecycle import decisions

    return _decided(options, decisions.promote_by_hand, options.version or _newest)


def approve(options: argparse.Namespace) -> Answer:
    """`lifecycle approve`."""
    from lifecycle import decisions

    return _decided(options, decisions.approve, options.version)


def reject(options: argparse.Namespace) -> Answer:
    """`lifecycle reject`."""
    from lifecycle import decisions

    return _decided(options, decisions.reject, options.version)


def rollback(options: argparse.Namespace) -> Answer:
    """`lifecycle rollback`."""
    from lifecycle import decisions

    return _decided(options, decisions.rollback, options.version)


def _decided(options: argparse.Namespace, decide: Callable[..., Verdict], version: Any) -> Answer:
    from lifecycle.history import ledger, standing

    environment.prepare(settings(), debug=options.debug)
    known(options.use_case)
    if untouched(settings()):
        raise LifecycleError(f"{options.use_case} has no models yet; run '{called()} run {options.use_case}' first")
    number = version(options.use_case) if callable(version) else version
    verdict = decide(registry.find(options.use_case), number, _who(), options.reason)
    stands = standing(ledger(options.use_case))
    data = {**verdict.model_dump(), "model_version": verdict.version, "champion": stands.champion, "previous": stands.previous}
    now = f"version {stands.champion}" if stands.champion is not None else "none"
    return Answer(data, Text.assemble((options.use_case, "bold"), f"  {verdict.reason}\n", f"champion: {now}"))


def _newest(use_case: str) -> int:
    from lifecycle.history import ledger, standing

    number = standing(ledger(use_case)).challenger
    if number is None:
        raise LifecycleError(f"{use_case} has no version that was judged; name one, or run '{called()} train {use_case}' first")
    return number


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "somebody"
