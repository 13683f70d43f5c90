"""What is installed, reachable, out of step; the remedy for each."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.table import Table
from rich.text import Text

from app import environment, prefect_server
from app.answer import Answer
from lifecycle.errors import LifecycleError
from lifecycle.settings import PREFIX, Settings, settings

if TYPE_CHECKING:
    from lifecycle.references import ModelVersion

ROOT = Path(__file__).parents[1]
SPACE = 2 << 30
"""Less free disk than this is worth a word."""

State = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    state: State
    found: str
    remedy: str = ""


def doctor(options: argparse.Namespace) -> Answer:
    """`lifecycle doctor`. Exit 1 if something is wrong; warnings alone are not."""
    at = settings()
    environment.prepare(at, debug=options.debug)
    findings = {name: _checked(check, at) for name, check in CHECKS.items()}
    wrong = [name for name, finding in findings.items() if finding.state == "wrong"]
    data = {
        "ok": not wrong,
        "checks": {name: {"state": each.state, "found": each.found, "remedy": each.remedy} for name, each in findings.items()},
        "settings": _shown(at),
    }
    notes = (f"lifecycle: wrong: {', '.join(wrong)}; the remedies are above",) if wrong else ()
    return Answer(data, _view(findings, _shown(at)), code=1 if wrong else 0, notes=notes)


def _checked(check: Callable[[Settings], Finding], at: Settings) -> Finding:
    try:
        return check(at)
    except LifecycleError as error:
        found, _, remedy = str(error).rpartition("; ")
        return Finding("wrong", found or str(error), remedy if found else "")
    except Exception as error:
        return Finding("wrong", " ".join(f"{type(error).__name__}: {error}".split())[:300])


def _python(at: Settings) -> Finding:
    return Finding("ok", f"{'.'.join(map(str, sys.version_info[:3]))} in {sys.prefix}")


def _packages(at: Settings) -> Finding:
    """Every package of the lock in its version."""
    lock = ROOT / "requirements.lock"
    if not lock.exists():
        return Finding("warning", f"{lock} is not there", "run from a checkout")
    wanted = dict(_locked(lock))
    other = [f"{name} {_installed(name) or 'missing'} (lock: {version})" for name, version in wanted.items() if _installed(name) != version]
    if other:
        more = f" and {len(other) - 5} more" if len(other) > 5 else ""
        return Finding("wrong", f"out of step with the lock: {', '.join(other[:5])}{more}", "rm -f .venv/.runtime-* && make install")
    return Finding("ok", f"{len(wanted)} packages as in the lock")


def _locked(lock: Path) -> Iterator[tuple[str, str]]:
    """The names and versions that a lock file asks for on this platform."""
    from packaging.requirements import Requirement

    for line in lock.read_text().splitlines():
        if line and not line.startswith((" ", "#", "-")):
            wanted = Requirement(line.rstrip("\\ "))
            if wanted.marker is None or wanted.marker.evaluate():
                yield wanted.name, next(iter(wanted.specifier)).version


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _extensions(at: Settings) -> Finding:
    import duckdb

    from lifecycle.store.lake import load

    names = ("ducklake", "postgres_scanner", "httpfs")
    with duckdb.connect() as connection:
        for name in names:
            load(connection, name)
    return Finding("ok", f"{', '.join(names)} for DuckDB {duckdb.__version__}")


def _postgres(at: Settings) -> Finding:
    import psycopg

    from lifecycle.store import database

    found = database.connect(at)
    with psycopg.connect(found.conninfo("lake")) as connection:
        version = connection.info.server_version
    kind = "yours" if at.database_url else "the embedded one"
    return Finding("ok", f"{version // 10000}.{version % 10000} at {found.host} ({kind})")


def _lake(at: Settings) -> Finding:
    from lifecycle.store.lake import lake

    return Finding("ok", f"version {lake().version()} in {at.lake_storage}")


def _mlflow(at: Settings) -> Finding:
    from lifecycle.store import tracking

    experiments = tracking.client().search_experiments()
    return Finding("ok", f"{len(experiments)} experiments, artifacts in {tracking.artifacts()}")


def _registry(at: Settings) -> Finding:
    """Whether MLflow's registry says what the ledger says, and what answers is what was registered."""
    from lifecycle import registry
    from lifecycle.history import differing, ledger, standing
    from lifecycle.store import versions

    wrong, answering = [], 0
    for name in registry.names():
        stands = standing(ledger(name))
        wrong += [f"{name}: {each}" for each in differing(name, stands)]
        for number in filter(None, (stands.champion, stands.previous)):
            answering += 1
            wrong += _changed(versions.kept(name, number))
    if wrong:
        return Finding("wrong", " | ".join(wrong), "each says its own")
    return Finding("ok", f"{answering} versions that answer, or would after a rollback, are as they were registered")


def _changed(version: "ModelVersion | None") -> list[str]:
    from lifecycle.errors import Lost
    from lifecycle.store import versions

    try:
        if version:
            versions.verify(version, shown=True)
    except Lost as lost:
        return [f"{version.use_case} version {version.version}: {lost}"] if version else []
    return []


def _prefect(at: Settings) -> Finding:
    given = os.environ.get("PREFECT_API_URL", "")
    if given:
        if prefect_server.answers(given):
            return Finding("ok", f"{given} answers")
        return Finding("warning", f"{given} (PREFECT_API_URL) does not answer: runs use a server of their own", "start it, or unset PREFECT_API_URL")
    running = prefect_server.running(at.home)
    if running is None:
        return Finding("ok", "none runs; a run starts its own")
    if prefect_server.answers(running["url"], seconds=60):  # it may be starting
        return Finding("ok", f"{running['url']} answers")
    return Finding("wrong", f"{running['url']} does not answer", f"'lifecycle down', and look into {prefect_server.log_file(at)}")


def _schedules(at: Settings) -> Finding:
    from app.stack import schedules

    missing = schedules.unscheduled()
    if not missing:
        return Finding("ok", "every use case has its schedules in prefect.yaml")
    lines = "\n".join(schedules.lines(use_case, names) for use_case, names in missing.items())
    return Finding("warning", f"no schedule for {', '.join(missing)}", f"to run by itself, add to prefect.yaml under 'schedules:' of\n{lines}")


def _disk(at: Settings) -> Finding:
    there = next(folder for folder in (at.home, *at.home.parents) if folder.exists())
    if not os.access(there, os.W_OK):
        return Finding("wrong", f"{there} cannot be written to", "set LIFECYCLE_HOME to a folder of yours")
    free = shutil.disk_usage(there).free
    said = f"{free / 2**30:.1f} GiB free at {at.home}"
    return Finding("ok", said) if free > SPACE else Finding("warning", said, "make room, or move LIFECYCLE_HOME")


def _sizes(at: Settings) -> Finding:
    """How much each folder of the home holds, the largest first."""
    if not at.home.is_dir():
        return Finding("ok", "nothing yet")
    found = {folder.name: sum(_bytes(folder)) for folder in at.home.iterdir() if folder.is_dir()}
    shown = [f"{name} {size / 2**20:,.0f} MiB" for name, size in sorted(found.items(), key=lambda each: -each[1]) if size >= 2**19]
    return Finding("ok", ", ".join(shown) or "less than a MiB")


def _bytes(folder: Path) -> Iterator[int]:
    """The size of each file that is there: some go away meanwhile."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield (Path(place) / name).lstat().st_size


def _use_cases(at: Settings) -> Finding:
    from lifecycle import extras, registry

    names, wrong, lacking = registry.names(), [], []
    for name in names:
        try:
            lacking.append(extras.lacking(registry.find(name)))
        except LifecycleError as error:
            wrong.append(str(error))
    if wrong:
        return Finding("wrong", " | ".join(wrong), "fix the definition")
    if found := [one for one in lacking if one]:
        return Finding("warning", " | ".join(found), "make extras, if you want to run them")
    return Finding("ok", ", ".join(names)) if names else Finding("warning", "none", "add a file to usecases/")


def _data(at: Settings) -> Finding:
    """The files that use cases name: here, or to be fetched."""
    absent, fetched = [], []
    for name, file in _named_files():
        if not _is_here(at, file.path):
            kept = at.home / "downloads" / file.sha256 / Path(file.path).name
            (fetched if file.url and (at.download or kept.exists()) else absent).append(f"{file.path} ({name})")
    where = f" in {at.data}" if at.data else ""
    if absent:
        return Finding("warning", f"not here: {', '.join(absent)}", "set LIFECYCLE_DATA to the folder that holds them")
    return Finding("ok", f"to be fetched at first use: {', '.join(fetched)}" if fetched else f"all files are here{where}")


def _named_files() -> Iterator[tuple[str, Any]]:
    from lifecycle import registry

    for name in registry.names():
        try:
            source = registry.find(name).source
        except LifecycleError:
            continue  # told of by the check of the use cases
        yield from ((name, file) for part in source.parts() for file in part.named_files())


def _is_here(at: Settings, path: str) -> bool:
    from lifecycle.reading.files import REMOTE

    if path.startswith(REMOTE):
        return True
    folders = [folder for folder in (at.data, Path()) if folder]
    return any((folder / path).exists() or (not Path(path).is_absolute() and any(folder.glob(path))) for folder in folders)


CHECKS: dict[str, Callable[[Settings], Finding]] = {
    "python": _python,
    "packages": _packages,
    "extensions": _extensions,
    "disk": _disk,
    "sizes": _sizes,
    "postgresql": _postgres,
    "lake": _lake,
    "mlflow": _mlflow,
    "registry": _registry,
    "prefect": _prefect,
    "use cases": _use_cases,
    "schedules": _schedules,
    "data files": _data,
}


def _shown(at: Settings) -> dict[str, str]:
    """The settings as they stand; secrets stay hidden."""
    return {PREFIX + name.upper(): str(getattr(at, name) if getattr(at, name) is not None else "") for name in type(at).model_fields}


def _view(findings: dict[str, Finding], shown: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    marks = {"ok": Text("✓", style="green"), "warning": Text("!", style="yellow"), "wrong": Text("✗", style="red")}
    for name, finding in findings.items():
        table.add_row(marks[finding.state], Text(name, style="bold"), finding.found)
        if finding.remedy:
            table.add_row("", "", Text(f"remedy: {finding.remedy}", style="yellow"))
    table.add_row()
    for name, value in shown.items():
        table.add_row("", Text(name, style="dim"), Text(value or "(not set)", style="dim"))
    return table
