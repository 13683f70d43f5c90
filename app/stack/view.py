"""What a person sees when the stack is up."""

import sys

from rich.console import Console
from rich.table import Table

from app.stack.link import link
from app.stack.parts import Addresses
from app.summary import called
from lifecycle.settings import Settings


def table(where: Addresses, served: bool, at: Settings, seconds: float) -> None:
    """Print where everything is, and what to try first."""
    seen = sys.stdout.isatty()  # else somebody keeps what is said: a journal, a file
    opened = (lambda address: link(at.home, address)) if seen else (lambda address: address)
    rows = [("Prefect", opened(where.prefect), "run, schedule, watch"), ("MLflow", opened(where.mlflow), "experiments, models")]
    if served:
        rows.append(("predictions", where.http, "a form to try; /docs for programs"))
    grid = Table(box=None, padding=(0, 2), show_header=False)
    for name, address, text in rows:
        grid.add_row(f"[bold]{name}[/bold]", address, text)
    grid.add_row("[bold]logs[/bold]", str(at.home / "logs"), "")
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\nup in {seconds:.1f} s\n")
    console.print(grid)
    console.print(f"""
open    {"the links above log this browser in" if seen else f"'{called()} open' prints the links that log a browser in"}
try     {where.prefect}/deployments: choose 'lifecycle', Run, Quick run
        {called()} run diagnosis      a run from here, on the same server
stop    Ctrl-C here, or {called()} down
""")
