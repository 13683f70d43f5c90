"""The target's values: one value written in two ways is one class."""

from dataclasses import replace

from lifecycle.draft import columns
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.store.lake import quoted

ENDS = " .,;:!"
MAX_CLASSES = 500
"""Texts of more values than these are no classes."""


def unite(table: Table, target: ColumnProfile) -> None:
    """Write every class of the target in one way, where it is written in several: '>50K' and '>50K.', 'Yes' and ' yes'."""
    if target.type != "str" or not 2 <= target.distinct <= MAX_CLASSES:
        return
    name = quoted(target.name)
    values = [
        str(row[0]) for row in table.sample.connection.execute(f"SELECT DISTINCT {name} FROM clean WHERE {name} IS NOT NULL ORDER BY 1").fetchall()
    ]
    classes = {_same(value) for value in values}
    if len(classes) == len(values):
        return
    text = f"trim({quoted(target.came)})"
    for sql in _ways(text):
        target.sql = _with_marks(target, sql)
        columns.remake(table, [target])
        if target.distinct == len(classes):
            break
    spelled = ", ".join(f"'{value}'" for value in values if [_same(each) for each in values].count(_same(value)) > 1)
    target.cells = replace(target.cells, sql=target.sql, said=(*target.cells.said, f"{spelled[:160]} are written in one way"))


def _same(value: str) -> str:
    return "".join(value.lower().split()).rstrip(ENDS)


def _ways(text: str) -> list[str]:
    """SQL that takes away what does not matter, from the least on."""
    dots, bare = f"rtrim({text}, '.')", f"rtrim({text}, '{ENDS}')"
    spaced = f"regexp_replace({text}, '\\s+', ' ', 'g')"
    close = f"rtrim(lower(regexp_replace({text}, '\\s+', '', 'g')), '{ENDS}')"
    return [dots, bare, spaced, f"lower({text})", f"lower({bare})", f"lower({spaced})", f"rtrim(lower({spaced}), '{ENDS}')", close]


def _with_marks(target: ColumnProfile, sql: str) -> str:
    """Keep out the texts that stand for nothing, where the source's own reader does not."""
    return sql if not target.sql.startswith("CASE WHEN trim") else target.sql.split(" THEN ")[0] + f" THEN {sql} END"
