"""What a person sees when the stack is up."""

from rich.console import Console
from rich.table import Table

from app.stack.parts import Addresses
from app.summary import called
from lifecycle.settings import Settings


def table(where: Addresses, served: bool, at: Settings, seconds: float) -> None:
    """Print where everything is, and what to try first."""
    rows = [("Prefect", where.prefect, "run, schedule, watch"), ("MLflow", where.mlflow, "experiments, models")]
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
try     {where.prefect}/deployments: choose 'lifecycle', Run, Quick run
        {called()} run diagnosis      a run from here, on the same server
stop    Ctrl-C here, or {called()} down
""")
