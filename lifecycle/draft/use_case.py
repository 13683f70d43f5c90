"""The use case of a draft, as code: what was found, the source, the features, and the choices, each with its reason."""

import re
from dataclasses import replace

import lifecycle as ours
from lifecycle.draft import inputs, python
from lifecycle.draft.columns import Table
from lifecycle.draft.defaults import Choices
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.problem import GuessedProblem
from lifecycle.source import File
from lifecycle.sources import Source
from lifecycle.store.lake import quoted


def write(
    table: Table, question: GuessedProblem, choices: Choices, name: str, title: str, origin: str, warnings: list[DraftWarning], said: str = ""
) -> str:
    """The source of `usecases/NAME.py`; `title` is the schema's class, `said` what is asked in the author's own words."""
    headline = one_line(said or question.kind.title(question, table.one("target")))
    constants, names = _constants(table)
    made = python.made(source(table), names, 4)
    parts = [python.docstring(f"{python.clean(headline)[:100]} ({python.clean(origin)[:40]}).")]
    parts += ["", *_advice(table, question, choices, warnings), "", "import polars as pl", ""]
    parts += _imports(table.sample.source, choices, name, title, inputs.lines(table))
    parts += ["", *constants, ""] if constants else [""]
    parts += ["", *_features(table), "", "", *_definition(table, question, choices, name, title, made, headline)]
    return "\n".join(parts) + "\n"


def select(table: Table) -> str:
    """SQL that makes the schema's columns of the source's, over the table `rows`; empty where they are taken as they come."""
    came, made = [column for column in table.columns if column.came], [column for column in table.columns if column.made]
    dropped = [column for column in came if not column.type]
    replaced = [column for column in came if column.type and column.sql and column.name == column.came]
    renamed = [column for column in came if column.type and not column.sql and column.name != column.came]
    both = [column for column in came if column.type and column.sql and column.name != column.came]
    flat = table.sample.flat
    if not (dropped or replaced or renamed or both or made):
        return flat
    star = "*"
    if dropped or both:
        star += f" EXCLUDE ({', '.join(quoted(column.came) for column in [*dropped, *both])})"
    if replaced:
        star += " REPLACE (\n" + ",\n".join(f"        {column.sql} AS {quoted(column.came)}" for column in replaced) + "\n    )"
    if renamed:
        star += " RENAME (\n" + ",\n".join(f"        {quoted(column.came)} AS {quoted(column.name)}" for column in renamed) + "\n    )"
    more = "".join(f",\n    {column.sql} AS {quoted(column.name)}" for column in [*both, *made])
    lines = [flat] if any("\n" in column.came for column in table.columns) else flat.split("\n")  # a line of a name is not to be moved
    inner = "(\n" + "".join(f"    {line}\n" for line in lines) + ")" if flat else "rows"
    return f"SELECT\n    {star}{more}\nFROM {inner}"


def source(table: Table) -> Source:
    """The source with the cleaning in it."""
    cleaned, found = select(table), table.sample.source
    found = found.with_files(lambda file: replace(file, null=table.null or file.null))
    return found.cleaned(f"\n{cleaned}\n") if cleaned else found


def _constants(table: Table) -> tuple[list[str], dict[str, str]]:
    """Long values under names of their own: the header of a file that has none, the SQL."""
    found, lines, names = source(table), [], {}
    header = next((file.header for file in found.named_files()), None)
    if isinstance(header, tuple):
        lines += [python.packed("HEADER = ", [python.literal(name) for name in header])]
        lines += [python.docstring("The file has no header line: these names are made up. Give better ones here, and in the schema.")]
        names["header"] = "HEADER"
    if select(table):
        lines += [f"COLUMNS = {python.block(found.select)}"]
        names["select"] = "COLUMNS"
    return lines, names


def _imports(found: Source, choices: Choices, name: str, title: str, made: list[str]) -> list[str]:
    parts = [each for value in vars(found).values() for each in (value if isinstance(value, tuple) else (value,)) if isinstance(value, tuple | File)]
    kinds = sorted({type(each).__name__ for each in parts} | {type(found).__name__})
    called = {name for call in (*choices.candidates, *made) for name in re.findall(r"(?<![.\w])\w+(?=\()", call)} & {*ours.__all__}
    names = sorted({*kinds, choices.split, *called, *choices.imports, "UseCase"}, key=lambda name: (name[0].islower(), name))
    return [f"from lifecycle import {', '.join(names)}", f"from schemas.{name} import {title}"]


def _features(table: Table) -> list[str]:
    given = inputs.lines(table)
    body = python.packed("    return rows.select", given, 4).replace("    return", "    return", 1)
    leaks = ", ".join(inputs.back(column) for column in table.columns if column.trap)
    back = [f"    # Left out, as the head says; to put them back: {python.clean(leaks)}"] if leaks else []
    return ["def features(rows: pl.DataFrame) -> pl.DataFrame:", python.docstring(inputs.described(table), indent=4), *back, body]


def _definition(table: Table, question: GuessedProblem, choices: Choices, name: str, title: str, made: str, headline: str) -> list[str]:
    target = table.one("target")
    lines = [f"name={python.literal(name)}", f"title={python.literal(headline)}", f"problem={python.literal(question.problem)}"]
    lines += [f"{name}={python.literal(value)}" for name, value in question.kind.arguments(question).items()]
    lines += [f"schema={title}", f"source={made}", "features=features"]
    metric = question.decides
    lines += [f"metric={python.literal(metric)}", f"split={choices.split}()"]
    lines += [python.call("candidates=", choices.candidates, 4)] if choices.candidates else []
    assert target or not question.kind.target_type
    settings = [f"    {code},  # {python.clean(why)}" for code, why in choices.settings]
    return ["use_case = UseCase(", *(f"    {line}," for line in lines), *settings, ")"]


def one_line(text: str) -> str:
    """A text on one line, without what cannot be printed."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _advice(table: Table, question: GuessedProblem, choices: Choices, warnings: list[DraftWarning]) -> list[str]:
    """Comments for who goes on with the draft: readers of the page see none of them."""
    lines = [f"# Drafted from {table.sample.rows:,} rows; read it, and change what you know better."]
    if warnings:
        lines += ["#", "# What can make this model lie:", *_points([each.text for each in warnings])]
    return [*lines, "#", "# What was found:", *_points(findings(table, question, choices))]


def _points(texts: list[str]) -> list[str]:
    """A comment with a point for each text."""
    return [f"# {line}" for text in texts for line in python.prose(text, 0, "- ").splitlines()]


def findings(table: Table, question: GuessedProblem, choices: Choices) -> list[str]:
    """What was found and decided, a sentence each."""
    metric = question.decides
    target = table.one("target")
    found = [
        f"{question.problem}, since the target {target.came} {question.why}; {metric} decides"
        if target
        else f"{question.problem}, {question.why}; {metric} decides"
    ]
    found += [f"{choices.split}: {choices.why}"]
    for role in ("key", "time", "order", "group", "entity", "sensitive", "text", "user", "item", "rating"):
        found += [f"{role}: {column.name}, {column.why}" for column in table.having(role) if column.why]
    found += [f"{column.name or column.came}: {column.why}" for column in table.columns if column.why.startswith("left out") and not column.trap]
    found += [f"{column.name}: {'; '.join(column.cells.said)}" for column in table.columns if column.cells.said]
    if table.null:
        found += [f"missing values are also written as {', '.join(table.null)}"]
    renamed = [f"{column.came} is {column.name}" for column in table.columns if column.type and column.came and column.came != column.name]
    return [*found, *([f"renamed: {'; '.join(renamed)}"] if renamed else [])]
