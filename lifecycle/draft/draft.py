"""Draft: from a source and a target to the code of a use case and its schema."""

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

from lifecycle.draft import (
    allowed,
    calendar_columns,
    cell_warnings,
    columns,
    defaults,
    formulas,
    problem,
    roles,
    sample,
    schema,
    smoke_test,
    target,
    time_column,
    use_case,
    warnings,
    writing,
)
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.defaults import Choices
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import module_name
from lifecycle.draft.problem import GuessedProblem
from lifecycle.draft.sample import Sample
from lifecycle.draft.traps import order, search
from lifecycle.errors import DataError, LifecycleError, NotEnoughData

MIN_LABELLED_ROWS = 120
"""Labelled rows below which no part of a split could be judged."""


@dataclass(frozen=True)
class Options:
    """What its caller knows: names of columns, as the source has them."""

    target: str = ""
    problem: str = ""
    key: str = ""
    time: str = ""
    order: str = ""
    group: str = ""
    text: tuple[str, ...] = ()
    title: str = ""
    """What is asked, in the author's own words; empty: in ours."""


@dataclass(frozen=True)
class Draft:
    """Two files that are not written yet, and what is said of them.

    Attributes:
        files: their places with their contents.
        table: the columns with their roles.
        question: what is asked.
        choices: what was decided.
        warnings: what can make a model of these rows lie.
    """

    name: str
    files: dict[Path, str]
    table: Table
    question: GuessedProblem
    choices: Choices
    warnings: list[DraftWarning]


def draft(name: str, source: str, options: Options, *, force: bool = False) -> Draft:
    """The code of a use case for a source.

    Raises:
        LifecycleError: the name or a column's name is wrong, the source cannot be read, or no model can be made of it.
    """
    places = writing.places(name, force)
    came = sample.take(source)
    with smoke_test.opened() as stage:
        return _drafted(stage, places, name, came, source, options)


def looked_at(came: Sample, options: Options) -> tuple[Table, GuessedProblem, Choices, list[DraftWarning]]:
    """What is found in a sample before any code is written: the columns with their roles, the question, what is decided, and what can make a model lie.

    Raises:
        LifecycleError: a column's name is wrong, or no model can be made of the rows.
    """
    table = columns.read(came, frozenset({options.key, options.group}))
    question = _ask(table, options)
    _roles(table, options, question)
    found = search.find(table, question)
    _something_left(table)
    formulas.remark(table)
    along = order.look(table, question)
    order.placed(table, along)
    found = [*cell_warnings.of_cells(table, question), *order.warned(table, along), *found]
    found += [*warnings.others(table, question), *warnings.trade_off(table)]
    return table, question, defaults.choose(table, question, along), found


def _drafted(stage: smoke_test.Stage, places: tuple[Path, Path], name: str, came: Sample, source: str, options: Options) -> Draft:
    table, question, chosen, found = looked_at(came, options)
    code = _code(table, question, chosen, name, source, found, options)
    if more := stage.rehearse(table, name, code):
        found += more
        code = _code(table, question, chosen, name, source, found, options)
        allowed.check(name, *code, module_name(name))
    return Draft(name, dict(zip(places, code, strict=True)), table, question, chosen, found)


def _code(
    table: Table, question: GuessedProblem, chosen: Choices, name: str, source: str, warnings: list[DraftWarning], options: Options
) -> tuple[str, str]:
    """The sources of the use case and of its schema."""
    title = module_name(name)
    origin = Path(source).name if "\n" not in source and len(source) < 100 else "a query"
    return (
        use_case.write(table, question, chosen, name, title, origin, warnings, options.title),
        schema.write(table, question, name, title, f"One row as in {origin}."),
    )


def _ask(table: Table, options: Options) -> GuessedProblem:
    """Find the target, and what it asks."""
    kind = problem.wanted(options.problem) if options.problem else None
    if not options.target and not kind and table.sample.source.asked in table.sample.columns:
        options = replace(options, target=table.sample.source.asked)
    if not options.target:
        if kind and not kind.target_type:
            _enough(table.sample.rows, "rows")
            return GuessedProblem(options.problem, "as asked")
        posed = [(each, why) for name in problem.names() if (each := problem.wanted(name)) and (why := each.posed(table))]
        if posed and not kind:
            _enough(table.sample.rows, "rows")
            return GuessedProblem(posed[0][0].name, posed[0][1])
        raise LifecycleError(f"name the column to predict with --target; there are {_listed(table)}")
    found = _column(table, options.target, "--target")
    if not found.type:
        raise DataError(f"the target '{found.came}' is a {found.sql_type}, which cannot be predicted; choose another column")
    target.unite(table, found)
    question = problem.ask(found, options.problem)
    _enough(found.rows - found.nulls, "rows with a target")
    roles.give(found, "target", why="what is predicted")
    return question


def _enough(rows: int, what: str) -> None:
    if rows < MIN_LABELLED_ROWS:
        raise NotEnoughData(f"{rows} {what} are too few to learn from and to judge by, at least {MIN_LABELLED_ROWS} are needed; bring more")


def _roles(table: Table, options: Options, question: GuessedProblem) -> None:
    """Give every column its role: first what the caller says, then what is found."""
    asked = (table.one("target") or ColumnProfile("", "", "", None)).name  # pyright: ignore[reportArgumentType]
    for role, names in (
        ("key", [options.key]),
        ("time", [options.time]),
        ("order", [options.order]),
        ("group", [options.group]),
        ("text", options.text),
    ):
        for name in filter(None, names):
            _wish(table, role, _column(table, name, f"--{role}"))
    roles.constants(table)
    question.kind.give_roles(table)
    time_column.find(table, asked)
    calendar_columns.find(table, asked)
    if found := roles.published(table, asked):
        roles.give(found, "split", why="what is for training and what for testing, as its publisher says")
    if not table.one("key") and (found := roles.key(table, asked)):
        roles.give(found, "key", why="every row has its own")
    if not table.one("group") and (found := roles.group(table, asked)):
        roles.give(
            found, *(("entity",) if table.one("time") else ("group",)), why=f"{found.distinct:,} of them in {found.rows:,} rows: whose rows they are"
        )
    roles.rest(table, asked)


def _wish(table: Table, role: str, column: ColumnProfile) -> None:
    """Give a column the role that the caller says, where it can have it."""
    if column.why:
        raise LifecycleError(f"--{role} names the column '{column.came}', which is the {column.roles[0]} already; a column has one role here")
    if not column.type or (role == "text" and column.type != "str"):
        raise LifecycleError(
            f"--{role} needs a column of {'texts' if role == 'text' else 'single values'}, '{column.came}' holds {column.type or column.sql_type} values"
        )
    if role == "order" and (column.type != "int" or column.nulls):
        raise LifecycleError(
            f"--order needs a column of whole numbers that every row has, '{column.came}' is {'empty at times' if column.nulls else column.type}"
        )
    if role == "key" and (again := roles.repeated(table, column)):
        raise LifecycleError(f"--key needs a column that tells every row from every other, {again:,} rows have no '{column.came}' of their own")
    roles.give(column, role, why=roles.SAID)


def _something_left(table: Table) -> None:
    if not any(column.feature for column in table.columns):
        why = "; ".join(f"{column.came}: {column.why}" for column in table.columns if column.why)
        raise DataError(f"no column is left that a model could learn from ({why}); bring more columns")


def _column(table: Table, name: str, flag: str) -> ColumnProfile:
    for column in table.columns:
        if name in (column.came, column.name):
            return column
    close = difflib.get_close_matches(name, [column.came for column in table.columns if column.came], 3, 0.5)
    close += [column.came for column in table.columns if column.came.lower() == name.lower() and column.came not in close]
    hint = f"did you mean {' or '.join(repr(each) for each in close)}? " if close else ""
    raise LifecycleError(f"{flag} names the column '{name}', which is not there; {hint}there are {_listed(table)}")


def _listed(table: Table) -> str:
    if not table.sample.headerless:
        return ", ".join(column.came for column in table.columns if column.came)
    seen = sample.first_values(table.sample)
    return "(the file has no header line, so its columns are called) " + "; ".join(
        f"{column.came}: {seen[column.came]}" for column in table.columns if column.came
    )
