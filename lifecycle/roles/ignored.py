"""Kept in the lake, read by nothing."""

from typing import TYPE_CHECKING

from lifecycle.role import Role

if TYPE_CHECKING:
    from lifecycle.draft.columns import ColumnProfile

COUNTING = frozenset({"id", "uuid", "guid", "identifier", "rowid", "rownumber", "index"})


class Ignored(Role):
    """Kept in the lake, read by nothing."""

    name = "ignored"
    reads = "not used by the model"
    beside = False
    optional = True
    personal = True
    place = 3

    def drafted(self, column: "ColumnProfile") -> str:
        """Whether it only tells rows apart."""
        from lifecycle.draft.names import words

        if column.type == "str" and column.distinct > 50 and column.distinct > 0.9 * (column.rows - column.nulls):
            return "left out: nearly every row has its own, so that it tells rows apart and teaches nothing"
        counts = column.number and words(column.came) & COUNTING and column.distinct > 0.9 * column.rows
        return "left out: it counts rows" if counts else ""


role = Ignored()
