"""What makes a model of these rows lie, a sentence each."""

from collections.abc import Iterator

from lifecycle.draft.columns import Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import words
from lifecycle.draft.problem import GuessedProblem
from lifecycle.store.lake import quoted

FEW_ROWS = 1_500
DUPLICATES = 0.01
BLOCKS = 10


def others(table: Table, question: GuessedProblem) -> Iterator[DraftWarning]:
    """Duplicates, a target that moves, rare classes, few rows, rows without a target."""
    yield from _duplicates(table)
    yield from _moves(table, question)
    target = table.one("target")
    yield from (DraftWarning("rare-class", (target.name,) if target else (), said) for said in question.kind.rare(question))
    rows = table.sample.total
    if rows < FEW_ROWS:
        yield DraftWarning(
            "few-rows",
            (),
            f"few rows: {rows:,} leave a small part to judge by; under about 300 judged rows cross-validation takes its place, and intervals are wide",
        )
    inputs = sum(column.feature for column in table.columns)
    if inputs > 20 and table.sample.rows < 20 * inputs:
        yield DraftWarning("many-columns", (), f"many columns: {inputs} inputs for {rows:,} rows; some will look useful by chance")
    if target and target.nulls:
        yield DraftWarning(
            "no-target",
            (target.name,),
            f"{target.nulls:,} of {target.rows:,} rows have no {target.came}: they are scored, and neither train nor judge; if they differ from the others, so may the truth",
        )
    spoilt = [column for column in table.columns if column.cells.lost and not column.cells.dropped]
    lost = sum(column.cells.lost for column in spoilt) + table.sample.unreadable
    if lost:
        said = [f"{column.came} {column.cells.lost:,}" for column in spoilt] + (
            [f"unreadable lines {table.sample.unreadable:,}"] if table.sample.unreadable else []
        )
        yield DraftWarning(
            "quarantine",
            tuple(column.name for column in spoilt),
            f"quarantine: cells that are not of their column's type ({', '.join(said)}) send their rows there; see lifecycle quarantine",
        )


def _duplicates(table: Table) -> Iterator[DraftWarning]:
    if table.one("time") or table.one("order"):
        return
    compared = [quoted(column.name) for column in table.columns if column.type and "key" not in column.roles]
    count = table.sample.connection.execute(f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(compared)} FROM clean)").fetchall()[0][0]
    twice = table.sample.rows - int(count)
    if twice <= DUPLICATES * table.sample.rows:
        return
    share = f"duplicates: {twice:,} of {table.sample.rows:,} rows ({twice / table.sample.rows:.1%}) are equal to another"
    if key := table.one("key"):
        yield DraftWarning(
            "duplicates",
            (),
            f"{share} in all but {key.name}: of a random split some are on both sides, which flatters the model; give them a group column, or drop them in `select`",
        )
    else:
        yield DraftWarning("duplicates", (), f"{share}; equal rows are kept on one side of the split, so that none is judged by its twin")


def _moves(table: Table, question: GuessedProblem) -> Iterator[DraftWarning]:
    """The target's mean in ten blocks of time: has it moved by more than chance and more than matters?"""
    time, target = table.one("time"), table.one("target")
    level = question.kind.level(question, target) if target else None
    if time is None or target is None or level is None:
        return
    rows = table.sample.connection.execute(
        f"""SELECT block, avg(v), stddev(v), count(*) FROM (SELECT {level.sql} AS v, ntile({BLOCKS}) OVER (ORDER BY {quoted(time.name)}) AS block FROM clean
        WHERE {quoted(target.name)} IS NOT NULL AND {quoted(time.name)} IS NOT NULL) GROUP BY 1 ORDER BY 1""", list(level.parameters)).fetchall()  # fmt: skip
    if len(rows) < BLOCKS:
        return
    old, new = [sum(row[1] for row in part) / len(part) for part in (rows[:6], rows[8:])]
    spread = max(float(row[2] or 0) for row in rows)
    error = spread * (1 / sum(row[3] for row in rows[:6]) + 1 / sum(row[3] for row in rows[8:])) ** 0.5
    matters = 0.2 * (max(old, 1e-9) if level.share else spread)
    if abs(new - old) > max(4 * error, matters):
        yield DraftWarning(
            "target-moves",
            (time.name, target.name),
            f"the target moves: {level.words} was {old:.4g} in the oldest 60 % of the rows and is {new:.4g} in the newest 20 %; expect the model to age,"
            " and keep the split by time",
        )


def trade_off(table: Table) -> Iterator[DraftWarning]:
    """What leaving out sensitive columns costs and does not do; what else the law of some places protects."""
    if found := [column.name for column in table.having("sensitive")]:
        yield DraftWarning(
            "sensitive",
            tuple(found),
            f"{', '.join(found)}: no input, yet other columns may stand in for it, and leaving it out can cost accuracy for everybody;"
            f' the report compares the groups. To use it, add it in features() and give it the role "feature" too',
        )
    more = [
        column.name
        for column in table.columns
        if column.feature and words(column.came) & {"age", "marital", "zip", "zipcode", "postcode", "nationality", "birth", "country"}
    ]
    if more:
        yield DraftWarning(
            "sensitive", tuple(more), f'{", ".join(more)}: an input, which the law protects in some places; the role "sensitive" compares its groups'
        )
