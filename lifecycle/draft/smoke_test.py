"""A draft is tried before it is written, in a process of its own: it loads, makes inputs, and its own rows pass its checks."""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from lifecycle.draft import allowed, use_case
from lifecycle.draft.columns import Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import module_name
from lifecycle.errors import LifecycleError
from lifecycle.reading import relations
from lifecycle.store.lake import quoted

MAX_ROWS_TRIED = 20_000
SECONDS = 180
"""For what takes one or two, on a machine that does much else."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What a trial gets of the environment: no secrets."""


@dataclass(frozen=True)
class Stage:
    """A process that has begun to load what it needs, for one trial."""

    process: "subprocess.Popen[bytes]"

    def rehearse(self, table: Table, name: str, code: tuple[str, str]) -> list[DraftWarning]:
        """Load the sources of the use case and its schema, and pass rows of the sample through them.

        Returns:
            What a reader should know: checks that too many rows fail.

        Raises:
            LifecycleError: the draft does not hold; nothing has been written yet.
        """
        allowed.check(name, *code, module_name(name))
        source = use_case.source(table)
        with relations.opened(table.sample.connection) as reader:
            try:
                table.sample.connection.execute(f"DESCRIBE ({relations.relation(table.sample.connection, source, reader)})")
                rows = _rows(table)
            except duckdb.Error as error:
                raise _broken(name, f"{type(error).__name__}: {error}") from error
        told = self._ask(name, {"name": name, "use_case": code[0], "schema": code[1], "source": repr(source)}, rows)
        if "broken" in told:
            raise _broken(name, str(told["broken"]))
        bad, limit, height = int(told["bad"]), float(told["limit"]), table.sample.rows if table.sample.rows < MAX_ROWS_TRIED else MAX_ROWS_TRIED
        if bad <= limit * height / 2:
            return []
        return [
            DraftWarning(
                "quarantine",
                (str(told["column"]),),
                f"quarantine: {bad:,} of {height:,} rows fail a check, {told['column']} ({told['check']}) most often; a run stops above {limit:.0%}",
            )
        ]

    def _ask(self, name: str, work: dict[str, str], rows: bytes) -> dict[str, Any]:
        try:
            said, complaint = self.process.communicate(json.dumps(work).encode() + b"\n" + rows, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise _broken(name, f"it was not through after {SECONDS} seconds") from None
        try:
            return dict(json.loads(said.splitlines()[-1]))
        except (IndexError, ValueError):
            last = (complaint.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise _broken(name, f"its process ended with {self.process.returncode}: {last}") from None


@contextmanager
def opened() -> Iterator[Stage]:
    """The process for a trial, which loads what it needs while this one looks at the rows; it is gone at the end."""
    surroundings = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    ours = str(Path(__file__).parents[2])
    with tempfile.TemporaryDirectory(prefix="lifecycle-trial-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lifecycle.draft.trial"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**surroundings, "PYTHONPATH": ours, "HOME": folder, "LIFECYCLE_HOME": folder, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        try:
            yield Stage(process)
        finally:
            process.kill()
            process.communicate()


def _rows(table: Table) -> bytes:
    """Rows of the sample as the schema has them, as Arrow; cells that have not their type would be quarantined before."""
    names = ", ".join(f"{'NULL::BIGINT AS ' * column.given}{quoted(column.name)}" for column in table.columns if column.type)
    lost = " AND ".join(f"{quoted(column.name)} IS NOT NULL" for column in table.columns if column.cells.lost and not column.cells.dropped) or "true"
    rows = table.sample.connection.sql(f"SELECT {names} FROM clean WHERE {lost} USING SAMPLE reservoir({MAX_ROWS_TRIED} ROWS) REPEATABLE (5)").pl()
    rows.write_ipc(out := io.BytesIO())
    return out.getvalue()


def _broken(name: str, why: str) -> LifecycleError:
    said = " ".join(why.split())[:400]
    return LifecycleError(
        f"the draft of '{name}' does not hold ({said}); nothing was written: leave the column that it names out of the source, or tell us"
    )
