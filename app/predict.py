"""`lifecycle predict`: answers for the rows of a file, as a file."""

import argparse
from pathlib import Path

from rich.console import Group
from rich.text import Text

from app import environment
from app.answer import Answer
from app.listing import MAX_ROWS_SHOWN, as_csv, grid, known, untouched
from app.summary import called
from lifecycle import extras, registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings

MOST_REASONS = 10
"""So many reasons for which rows are refused are said; the file has all."""


def predict(options: argparse.Namespace) -> Answer:
    """Answers to a file where one is named; else a table on a terminal, CSV elsewhere."""
    known(options.use_case)
    environment.prepare(settings(), debug=options.debug)
    if untouched(settings()):
        raise LifecycleError(f"{options.use_case} has no champion yet; run '{called()} run {options.use_case}' first")
    from lifecycle.predict_file import predict_file

    definition = registry.find(options.use_case)
    extras.check(definition)
    out = Path(options.out).expanduser() if options.out else None
    done, answers = predict_file(definition, options.file, out)
    data = {**done.model_dump(exclude={"key", "version"}), "model_version": done.version}
    told = f"{done.answered:,} of {done.rows:,} rows answered by version {done.version}"
    notes = [f"note: {done.note}"] if done.note else []
    if done.refused:
        notes.append(
            f"{done.refused:,} {'row is' if done.refused == 1 else 'rows are'} not answered; they are in {done.refused_file}, with the reasons:"
        )
        notes += [f"  {reason}" for reason in done.reasons[:MOST_REASONS]]
        notes += [f"  and {len(done.reasons) - MOST_REASONS} reasons more"] if len(done.reasons) > MOST_REASONS else []
    code = 0 if done.answered or not done.rows else 1
    if out is not None:
        return Answer(data, Text.assemble((options.use_case, "bold"), f"  {told}: {out}"), code=code, notes=tuple(notes))
    shown = answers.head(MAX_ROWS_SHOWN)
    more = f"; {shown.height:,} are shown, all with --out FILE" if shown.height < answers.height else ""
    data["predictions"] = answers.to_dicts()
    return Answer(data, Group(grid(shown), Text(told + more, style="dim")), code=code, plain=as_csv(answers), notes=tuple(notes), beside=(told,))
