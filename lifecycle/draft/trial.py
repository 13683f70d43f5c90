"""The process in which a draft is tried: it runs the two sources, which nobody has read yet, and rows of the sample through them.

Its work comes on stdin, the rows behind it; its answer is one line of JSON. It is given no secret and no more than it needs.
"""

import io
import json
import sys
from contextlib import redirect_stdout, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MEMORY = 4 << 30
"""Bytes,"""
SECONDS = 120
"""and CPU seconds: a few hundred times what a trial takes."""


def main() -> None:
    """Answer the one question that this process is asked."""
    _bound()
    import pandera.polars  # noqa: F401 (all that takes long, before there is something to do)
    import polars as pl

    from lifecycle import candidates  # noqa: F401
    from lifecycle.table import feature_table, validation  # noqa: F401

    work = json.loads(sys.stdin.buffer.readline())
    with redirect_stdout(sys.stderr):  # stdout is for the answer alone
        answer = _tried(work, pl.read_ipc(io.BytesIO(sys.stdin.buffer.read())))
    print(json.dumps(answer), file=sys.stdout, flush=True)  # noqa: T201


def _bound() -> None:
    with suppress(ImportError, ValueError, OSError):  # not every system has such bounds, and one may be narrower already
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tried(work: dict[str, str], frame: Any) -> dict[str, Any]:
    """What is wrong with the draft (`broken`); else how many rows fail a check, and the one that fails most often."""
    import polars as pl

    from lifecycle.table.feature_table import compute
    from lifecycle.table.validation import failing

    try:
        definition = _loaded(work["name"], work["use_case"], work["schema"])
        if repr(definition.source) != work["source"]:
            return {"broken": "its source is not the one that was looked at"}
        if definition.columns.names != frame.columns:
            return {"broken": f"its schema has the columns {', '.join(definition.columns.names)}, the rows {', '.join(frame.columns)}"}
        frame = frame.with_row_index("_row", 1).with_columns(pl.col("_row").cast(pl.Int64))
        failures = failing(definition, frame)
        compute(definition, frame.drop("_row").head(1_000))
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"}
    told: dict[str, Any] = {"limit": definition.bad_rows, "bad": 0}
    if failures is not None:
        worst = failures.group_by("column", "check").len().sort("len", descending=True).row(0)
        told |= {"bad": failures["row"].n_unique(), "column": worst[0], "check": worst[1]}
    return told


def _loaded(name: str, use_case: str, schema: str) -> "UseCase":
    """The definition that the two sources make."""
    for place, text in {f"schemas.{name}": schema, f"usecases.{name}": use_case}.items():
        sys.modules[place] = module = ModuleType(place)
        exec(compile(text, f"{place.replace('.', '/')}.py", "exec"), module.__dict__)
    return sys.modules[f"usecases.{name}"].use_case


if __name__ == "__main__":
    main()
