"""What a person sees when the stack is up."""

import sys

from rich.table import Table
from rich.text import Text

from app.stack.link import link
from app.stack.parts import Addresses
from app.summary import called
from app.terminal import Safe, console
from lifecycle.settings import Settings

ADDRESS_WIDTH = 250
"""Columns for an address that is to be copied: a narrow terminal wraps it, and cuts nothing."""


def table(where: Addresses, served: bool, at: Settings, seconds: float) -> None:
    """Print where everything is, and what to try first."""
    seen = sys.stdout.isatty()  # else somebody keeps what is said: a journal, a file
    opened = (lambda address: link(at.home, address)) if seen else (lambda address: address)
    rows = [("Prefect", opened(where.prefect), "run, schedule, watch"), ("MLflow", opened(where.mlflow), "experiments, models")]
    if served:
        rows.append(("predictions", where.http, "how all models stand; /ask for a form, /docs for programs"))
    grid = Table(box=None, padding=(0, 2), show_header=False)
    for _ in range(3):
        grid.add_column(overflow="fold")  # an address that is cut is none
    for name, address, text in rows:
        grid.add_row(Text(name, style="bold"), address, text)
    grid.add_row(Text("logs", style="bold"), str(at.home / "logs"), "")
    to = console(soft_wrap=True, width=ADDRESS_WIDTH)
    to.print(f"\nup in {seconds:.1f} s\n")
    to.print(Safe(grid))
    to.print(f"""
open    {"the links above log this browser in" if seen else f"'{called()} open' prints the links that log a browser in"}
try     {where.prefect}/deployments: choose 'lifecycle', Run, Quick run
        {called()} run diagnosis      a run from here, on the same server
stop    Ctrl-C here, or {called()} down
""")
