"""`lifecycle open`: the links that log a browser in, and where programs find the login."""

import argparse
import shlex
from pathlib import Path

from rich.table import Table

from app import login
from app.answer import Answer
from app.login_guard import OPEN
from app.stack import parts
from app.stack.parts import Addresses
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings


def links(options: argparse.Namespace) -> Answer:
    """`lifecycle open`.

    Raises:
        LifecycleError: no stack runs.
    """
    home = settings().home
    there = parts.noted(home) if parts.supervised(home) else {}
    if not there:
        raise LifecycleError(f"no stack runs in {home}; 'lifecycle up' starts one")
    where = Addresses(there["offset"])
    data = {"prefect": link(home, where.prefect), "mlflow": link(home, where.mlflow), "login": str(login.file(home)), "shell": str(shell(home))}
    grid = Table.grid(padding=(0, 2))
    for name, text in (("Prefect", data["prefect"]), ("MLflow", data["mlflow"]), ("in a shell", f". {shlex.quote(data['shell'])}")):
        grid.add_row(name, text)
    return Answer(data, grid, plain="".join(f"{data[name]}\n" for name in ("prefect", "mlflow")))


def link(home: Path, address: str) -> str:
    """A link that logs a browser in: what stands behind the # is not sent, and in no log."""
    return f"{address}{OPEN}#{login.secret(home)}"


def shell(home: Path) -> Path:
    """The file that lets a shell's own `prefect` and `mlflow` speak to the stack: `. FILE`."""
    return parts.folder(home) / "login.sh"


def write_shell(home: Path, where: Addresses) -> None:
    """Write that file, for its owner alone."""
    user, _, secret = login.auth(home).partition(":")
    told = {
        login.API: where.api,
        login.LOGIN: login.auth(home),
        "MLFLOW_TRACKING_URI": where.mlflow,
        "MLFLOW_TRACKING_USERNAME": user,
        "MLFLOW_TRACKING_PASSWORD": secret,
    }
    file = shell(home)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in told.items()))
