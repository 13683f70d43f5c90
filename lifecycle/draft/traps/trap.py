"""How a column that would make a model lie is left out, and what is said of it."""

from collections.abc import Sequence

from lifecycle.draft import inputs, roles
from lifecycle.draft.columns import ColumnProfile
from lifecycle.draft.draft_warning import DraftWarning


def left_out(kind: str, columns: Sequence[ColumnProfile], why: str, said: str, condition: str) -> DraftWarning:
    """Take columns from the inputs.

    Args:
        kind: of the warning.
        columns: that it is about.
        why: in a few words, for the comment beside each column in the schema.
        said: what was found, with its numbers, and what was done: the start of the sentence.
        condition: under which they may be put back, after "If".
    """
    for column in columns:
        roles.give(column, "ignored", why=f"left out: {why}")
        column.trap = kind
    lines = ", ".join(inputs.back(column) for column in columns)
    them = "put it back" if len(columns) == 1 else "put them back"
    return DraftWarning(kind, tuple(column.name for column in columns), f"{said}. If {condition}, {them}: add {lines} in features()")
