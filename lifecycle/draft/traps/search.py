"""What makes a model lie, looked for in the order in which one kind hides another; what is found is left out, and said."""

from lifecycle.draft.columns import Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.problem import GuessedProblem
from lifecycle.draft.traps import group_values, identifiers, joint_leaks, labelled, late_moments, leaks, near_duplicates


def find(table: Table, question: GuessedProblem) -> list[DraftWarning]:
    """Leave out of the inputs what is a trap, and say of each what was found, what was done, and how it is put back."""
    rows = labelled.draw(table, question)
    found = [*identifiers.find(table, rows), *near_duplicates.find(table)]
    rows = labelled.draw(table, question) if found else rows
    if rows is None:
        return found
    found += late_moments.find(rows)
    found += group_values.find(rows)
    scores = leaks.alone(rows)
    found += joint_leaks.find(rows, scores)
    found += leaks.find(rows, [each for each in scores if each.column.feature])
    return found
