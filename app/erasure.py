"""`lifecycle forget` and `lifecycle delete`: what goes for good, once a person has said yes."""

import argparse
import sys

from rich.console import Group
from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import known, untouched
from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings


def forget(options: argparse.Namespace) -> Answer:
    """`lifecycle forget`: a person, everywhere."""
    known(options.use_case)
    environment.prepare(settings(), debug=options.debug)
    name = options.use_case
    if untouched(settings()):
        raise LifecycleError(f"{name} has no rows here: there is nothing to erase")
    from lifecycle.erasure.forget import forget as erase

    who = f"the row with this key of {name}" if options.key is not None else f"all rows of {name} with this {options.entity.partition('=')[0]}"
    _agreed(options, f"{who} go from every version of the lake, the log, the quarantine and what is kept with models; this cannot be undone")
    done = erase(registry.find(name), options.key, options.entity)
    return Answer(done.model_dump(exclude={"key"}), _forgotten(name, done))


def delete(options: argparse.Namespace) -> Answer:
    """`lifecycle delete`: a use case with all that it has made."""
    environment.prepare(settings(), debug=options.debug)
    name = options.use_case
    if untouched(settings()):
        known(name)
        raise LifecycleError(f"{name} has made nothing here yet: there is nothing to delete")
    from lifecycle.erasure import delete as deleting

    deleting.refuse_unknown(name, registry.names())
    found = deleting.there(name)
    what = f"{found['rows']:,} rows, {found['tables']} tables of every version, {found['versions']} model versions with their runs, logs and cache"
    _agreed(options, f"{name} goes: {what}; this cannot be undone")
    done = deleting.delete(name)
    told = (
        f"{done.rows:,} rows, {done.tables} tables with {done.files:,} files, {done.versions} model versions, {done.runs:,} MLflow runs with "
        f"{done.artifacts:,} files, {done.prefect_runs:,} Prefect runs, {done.cached:,} cached answers"
    )
    stays = f"its definition stays: remove usecases/{name}.py and schemas/{name}.py yourself, and its schedules in prefect.yaml"
    return Answer(done.model_dump(exclude={"key"}), Group(Text.assemble((name, "bold"), f"  deleted: {told}"), Text(stays, style="dim")))


def _agreed(options: argparse.Namespace, what: str) -> None:
    """Ask, unless it was said beforehand.

    Raises:
        LifecycleError: the answer is no, or nobody is there to ask.
    """
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise LifecycleError(f"{what}; say --yes where nobody can be asked")
    print(f"{what}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise LifecycleError("nothing was erased")


def _forgotten(name: str, done: "object") -> Group:
    from lifecycle.erasure.forget import Forgotten

    assert isinstance(done, Forgotten)
    counts = ", ".join(f"{count:,} {what}" for what, count in done.rows.items() if count)
    lines = [Text.assemble((name, "bold"), f"  erased: {counts or 'nothing was left of it'}; {done.artifacts:,} artifacts written again")]
    if done.versions:
        listed = ", ".join(map(str, done.versions))
        lines.append(Text(f"trained on some of it: version {listed}; they cannot be made again, and know what they learnt until they are replaced"))
    if done.left:
        lines.append(Text(f"{len(done.left)} files of models hold a word of it and cannot be written again: train anew and delete those versions"))
    lines.append(Text(f"receipt {done.receipt} of {done.began_at[:16].replace('T', ' ')}: SHA-256 {done.hash}", style="dim"))
    lines.append(Text("the source may bring them again: they have to go there, too", style="dim"))
    return Group(*lines)
