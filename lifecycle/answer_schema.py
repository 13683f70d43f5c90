"""The declared schema of an answer: what a kind's models say of a row, as a tuple of fields.

A kind declares its fields once (`Kind.answer_schema`). From them are made the columns of the lake's table `predictions`, the log of
predictions, the answer over HTTP and its OpenAPI, the columns of a file of answers, what live performance reads, and a sentence of the card.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.errors import DefinitionError, LifecycleError

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

RESERVED = frozenset({"id", "key", "time", "model_version", "origin", "scored_at", "inputs", "latency", "latency_s", "shadow"})
"""Names that every answer has beside its fields: in the table `predictions`, or in the log."""


@dataclass(frozen=True)
class Type:
    """What a field holds: as JSON Schema, in the lake, and in a frame of answers."""

    schema: Mapping[str, Any]
    sql: str
    dtype: Any
    as_json: bool = False
    """Whether the lake keeps its values as JSON text."""

    @property
    def stored_dtype(self) -> Any:
        """The type of its column where it is stored."""
        return pl.String if self.as_json else self.dtype

    def cell(self, value: Any) -> Any:
        """A value of an answer as it is stored."""
        if value is None:
            return None
        if self.as_json:
            return json.dumps(value, default=str, ensure_ascii=False)
        if isinstance(value, bool) and self.dtype != pl.Boolean:
            return str(value).lower() if self.dtype == pl.String else self.dtype.to_python()(value)
        return str(value) if self.dtype == pl.String else value

    def store(self, values: pl.Series) -> pl.Series:
        """A column of answers as it is stored."""
        return pl.Series(values.name, [self.cell(value) for value in values.to_list()], pl.String) if self.as_json else values.cast(self.dtype)

    def read(self, stored: pl.Series) -> pl.Series:
        """A stored column as a frame of answers has it."""
        return stored.str.json_decode(self.dtype) if self.as_json else stored.cast(self.dtype)


NUMBER = Type({"type": "number"}, "DOUBLE", pl.Float64)
INTEGER = Type({"type": "integer"}, "BIGINT", pl.Int64)
TEXT = Type({"type": "string"}, "VARCHAR", pl.String)
BOOLEAN = Type({"type": "boolean"}, "BOOLEAN", pl.Boolean)
NUMBER_BY_NAME = Type({"type": "object", "additionalProperties": {"type": "number"}}, "VARCHAR", pl.Null, as_json=True)
"""Numbers under names that the model brings, such as a probability for each class; the field's `prefix` marks their columns in a frame."""


@dataclass(frozen=True)
class ListType(Type):
    """A list of values, which the lake keeps as JSON text."""

    def store(self, values: pl.Series) -> pl.Series:
        """As `cell` for each value, but each different one is written once: there are few."""
        different = values.explode(empty_as_null=True).drop_nulls().unique().to_list()
        texts = [json.dumps(each, ensure_ascii=False) for each in different]
        one = pl.element().replace_strict(different, texts, return_dtype=pl.String) if different else pl.element().cast(pl.String)
        inner = values.to_frame("_").select(pl.col("_").list.eval(one).list.join(", ")).to_series()
        return ("[" + inner + "]").alias(values.name)


def lists(of: Type) -> Type:
    """The type of a list of values, such as `lists(TEXT)`."""
    return ListType({"type": "array", "items": dict(of.schema)}, "VARCHAR", pl.List(of.dtype), as_json=True)


def records(**types: Type) -> Type:
    """The type of a list of records, such as `records(item=TEXT, score=NUMBER)`; in a frame a list of structs."""
    one = {"type": "object", "properties": {name: dict(each.schema) for name, each in types.items()}, "required": list(types)}
    dtype = pl.List(pl.Struct({name: each.dtype for name, each in types.items()}))
    return Type({"type": "array", "items": one}, "VARCHAR", dtype, as_json=True)


@dataclass(frozen=True)
class Field:
    """One field of an answer."""

    name: str
    """Over HTTP, and as the column of a frame of answers."""
    type: Type
    meaning: str
    """What its value says, without a full stop. `{use_case.target}` stands for that attribute of the definition."""
    nullable: bool = False
    optional: bool = False
    """Whether models that do not give it leave it out."""
    bounds: Mapping[str, Any] = field(default_factory=dict)
    """More of its JSON Schema, such as `minimum`."""
    stored: Mapping[str, Type] | None = None
    """The columns of the table `predictions` that hold it; `None`: one, of its own name and type. None at all: it is not kept."""
    prefix: str = ""
    """What the names of its columns begin with, where it has several in a frame."""
    derived: bool = False
    """Whether it follows from the other fields of the answer, so that its distribution tells nothing that theirs do not."""

    @property
    def columns(self) -> Mapping[str, Type]:
        """The columns of the table `predictions` that hold it."""
        return {self.name: self.type} if self.stored is None else self.stored

    @property
    def read_from(self) -> str:
        """The stored column that loses nothing of it."""
        return next((name for name, kept in self.columns.items() if kept == self.type), next(iter(self.columns)))

    def says(self, use_case: "UseCase") -> str:
        """Its meaning for a use case."""
        return self.meaning.format(use_case=use_case)

    def schema(self, use_case: "UseCase") -> dict[str, Any]:
        """It as JSON Schema."""
        of = {**self.type.schema, **self.bounds, "description": self.says(use_case)}
        if self.nullable:
            of["type"] = [of["type"], "null"]
        return of

    def among(self, columns: Iterable[str]) -> list[str]:
        """Its columns in a frame with these columns."""
        return [name for name in columns if (name.startswith(self.prefix) if self.prefix else name == self.name)]


Fields = tuple[Field, ...]
Writer = Callable[[pl.DataFrame, Sequence[str]], list[dict[str, Any]]]


def check(kind: str, fields: Fields) -> None:
    """Refuse a declaration that the table of predictions could not hold.

    Raises:
        DefinitionError: a name is taken, or no name; or a field that has several columns in a frame shall be kept.
    """
    for each in fields:
        if each.prefix and each.columns:
            raise DefinitionError(f"kind '{kind}': a field with a prefix is not kept in the lake, '{each.name}' must have stored={{}}")
    names = [each.name for each in fields]
    names += [name for each in fields for name in each.columns if name != each.name]
    for at, name in enumerate(names):
        taken = name.lower() in RESERVED or name.lower() in [other.lower() for other in names[:at]]
        if taken or not name.isidentifier():
            rule = "is taken" if taken else "must be letters, digits and _"
            raise DefinitionError(f"kind '{kind}': a field of its answers has a name of its own, '{name}' {rule}; rename it")


def stored(fields: Fields) -> dict[str, Type]:
    """The columns of the table `predictions` that hold an answer, in their order."""
    return {name: kept for each in fields for name, kept in each.columns.items()}


def sql(fields: Fields) -> dict[str, str]:
    """The same with DuckDB's types."""
    return {name: kept.sql for name, kept in stored(fields).items()}


def store(fields: Fields, said: pl.DataFrame) -> pl.DataFrame:
    """Answers as the table `predictions` holds them; an optional field that the model does not give is null."""
    found = []
    for each in fields:
        given = said[each.name] if each.name in said.columns else None
        for name, kept in each.columns.items():
            column = pl.repeat(None, said.height, dtype=kept.stored_dtype, eager=True) if given is None else kept.store(given)
            found.append(column.alias(name))
    return pl.DataFrame(found)


def cells(fields: Fields, entries: Sequence[Mapping[str, Any]]) -> dict[str, pl.Series]:
    """The same of answers that are mappings, by column.

    Raises:
        TypeError: a value is not of its field's type.
    """
    return {
        name: pl.Series(name, [kept.cell(value) for value in _values(each, name, entries)], kept.stored_dtype)
        for each in fields
        for name, kept in each.columns.items()
    }


def _values(of: Field, column: str, entries: Sequence[Mapping[str, Any]]) -> list[Any]:
    """A field's values for one of its columns: `number` holds those that are numbers."""
    values = [entry.get(of.name) for entry in entries]
    return values if column == of.name else [value if isinstance(value, int | float) else None for value in values]


def read(fields: Fields, log: pl.DataFrame) -> pl.DataFrame:
    """Stored answers, each field under its own name, with the types that a frame of answers has."""
    return log.with_columns(each.type.read(log[each.name]) for each in fields if each.columns)


def watched(fields: Fields) -> list[str]:
    """The fields whose distribution is compared with that after training: those that are kept, but lists and what follows from others."""
    return [each.name for each in fields if each.columns and not each.type.as_json and not each.derived]


def table(fields: Fields, said: pl.DataFrame) -> pl.DataFrame:
    """Answers as a file has them: a column for each field, with its own type; a list is JSON text."""
    found = []
    for each in fields:
        found += [each.type.store(said[name]) if not each.prefix else said[name] for name in each.among(said.columns)]
    return pl.DataFrame(found)


def writer(kind: str, fields: Fields, columns: Sequence[str]) -> Writer:
    """What writes a model's answers as HTTP gives them, from a frame with these columns and an id for each row; made once for a model.

    Raises:
        LifecycleError: the model does not give a field that its kind declares.
    """
    missing = [each.name for each in fields if not each.optional and not each.among(columns)]
    if missing:
        raise LifecycleError(
            f"an answer of kind '{kind}' has the fields {', '.join(each.name for each in fields)}, found no {', '.join(missing)} in what the model "
            "gives; give it in frame(), or declare it optional"
        )
    given = [each for each in fields if each.among(columns)]
    names = ("id", *(each.name for each in given))
    reads = [_reader(each, each.among(columns)) for each in given]

    def write(said: pl.DataFrame, ids: Sequence[str]) -> list[dict[str, Any]]:
        return [dict(zip(names, row)) for row in zip(ids, *[read(said) for read in reads], strict=True)]  # noqa: B905 - a check of each row costs

    return write


def _reader(of: Field, columns: list[str]) -> Callable[[pl.DataFrame], list[Any]]:
    """The values of a field, as JSON has them."""
    if not of.prefix:
        return lambda said: said[of.name].to_list()
    names = [name.removeprefix(of.prefix) for name in columns]
    return lambda said: [dict(zip(names, row, strict=True)) for row in said.select(columns).iter_rows()]
