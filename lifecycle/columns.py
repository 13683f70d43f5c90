"""What a schema says of its columns: type, roles, whether nulls are allowed."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle import role as roles
from lifecycle.errors import DefinitionError
from lifecycle.role import Role

if TYPE_CHECKING:
    from pandera.polars import DataFrameModel, DataFrameSchema

SQL_TYPES: dict[Any, str] = {
    pl.Int64: "BIGINT", pl.Int32: "INTEGER", pl.Int16: "SMALLINT", pl.Int8: "TINYINT",
    pl.UInt64: "UBIGINT", pl.UInt32: "UINTEGER", pl.UInt16: "USMALLINT", pl.UInt8: "UTINYINT",
    pl.Float64: "DOUBLE", pl.Float32: "FLOAT", pl.String: "VARCHAR", pl.Boolean: "BOOLEAN",
    pl.Date: "DATE", pl.Datetime: "TIMESTAMP", pl.Binary: "BLOB",
}  # fmt: skip


BOUNDS = {"greater_than_or_equal_to": "min_value", "greater_than": "min_value", "less_than_or_equal_to": "max_value", "less_than": "max_value"}
"""Checks of Pandera that say what a number is not beyond, each with the argument that has it."""
RESERVED = frozenset({"row_id", "begin_snapshot", "end_snapshot"})
"""Names that the lake keeps for itself, in any case of letters; and those that begin with `_`."""


@dataclass(frozen=True)
class Column:
    """One column of a schema."""

    name: str
    dtype: Any
    roles: tuple[Role, ...]
    nullable: bool
    bounds: tuple[float | None, float | None] = (None, None)
    """The least and the most that its checks allow, where it is a number and they do."""

    @property
    def sql_type(self) -> str:
        """DuckDB's name of its type."""
        return SQL_TYPES[self.dtype.base_type()]

    @property
    def role_names(self) -> tuple[str, ...]:
        """The names of its roles."""
        return tuple(role.name for role in self.roles)

    def wrong(self, cell: Any) -> str:
        """What a cell of the right type must be and is not, as its roles say."""
        return next((why for role in self.roles if role.judges and (why := role.wrong(cell))), "")

    @property
    def judged(self) -> bool:
        """Whether its roles judge cells."""
        return any(role.judges for role in self.roles)

    @property
    def outcome(self) -> bool:
        """Whether its cells become known after the row does."""
        return any(role.outcome for role in self.roles)

    @property
    def given(self) -> bool:
        """Whether the lake gives its cells where the source has none; they are no part of the row's content."""
        return self.nullable and any(role.given for role in self.roles)

    @property
    def requested(self) -> bool:
        """Whether a row of a request brings it."""
        return all(role.requested for role in self.roles) and not self.given

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers (booleans count)."""
        return self.dtype.is_numeric() or self.dtype == pl.Boolean


@dataclass(frozen=True)
class Columns:
    """The columns of a schema, in its order."""

    all: tuple[Column, ...]

    def at_once(self, most: int) -> int:
        """How many rows are held at once where `most` of any table are: fewer, where a column's cells are large."""
        return min([most, *(role.rows for column in self.all for role in column.roles if role.rows)])

    @property
    def names(self) -> list[str]:
        """All names, in order."""
        return [column.name for column in self.all]

    @property
    def content(self) -> list[str]:
        """The names of those that make up a row as its source has it, in order."""
        return [column.name for column in self.all if not column.given]

    @property
    def given(self) -> str | None:
        """The name of the column whose cells the lake gives, or `None`."""
        return next((column.name for column in self.all if column.given), None)

    def having(self, role: str) -> list[str]:
        """The names of the columns with a role."""
        return [column.name for column in self.all for each in column.roles if each.name == role]

    def one(self, role: str) -> str | None:
        """The name of the only column with a role, or `None`."""
        names = self.having(role)
        return names[0] if names else None

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.all if column.name == name)

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.all)


@cache
def parsed(schema: "type[DataFrameModel]") -> "DataFrameSchema":
    """The schema as Pandera runs it, built once."""
    return schema.to_schema()


def broken(schema: "DataFrameSchema", frame: pl.DataFrame) -> pl.DataFrame:
    """Every cell that breaks a rule, as Pandera lists them: `index`, `column`, `check`, `failure_case`; without columns where none does."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases  # pyright: ignore[reportReturnType]
    return pl.DataFrame()


@cache
def columns(schema: "type[DataFrameModel]") -> Columns:
    """The columns of a schema.

    Raises:
        DefinitionError: a role or a type that does not exist, or a role given to several columns that only one can have.
    """
    found = Columns(tuple(_column(schema.__name__, name, column) for name, column in parsed(schema).columns.items()))
    for role in dict.fromkeys(role for column in found.all for role in column.roles if role.single):
        if len(found.having(role.name)) > 1:
            raise DefinitionError(
                f"schema {schema.__name__}: one column can be the {role}, found {', '.join(found.having(role.name))}; leave the role to one"
            )
    return found


@cache
def hidden(schema: "type[DataFrameModel]") -> frozenset[str]:
    """The columns that no model may see as they are: what becomes known after the row does, and its place. Kept, for it is asked for every request."""
    return frozenset(column.name for column in columns(schema).all if column.outcome or any(role.given for role in column.roles))


def _column(schema: str, name: str, column: Any) -> Column:
    if name.startswith("_") or name.lower() in RESERVED:
        raise DefinitionError(
            f"schema {schema}: the lake keeps names that begin with _ and {', '.join(sorted(RESERVED))} for itself, found '{name}';"
            " rename the column in the source's select"
        )
    dtype = getattr(column.dtype, "type", None)
    if dtype is None or dtype.base_type() not in SQL_TYPES:
        raise DefinitionError(
            f"schema {schema}: column '{name}' needs a type out of int, float, str, bool, date, datetime, bytes; found {column.dtype}"
        )
    given = (column.metadata or {}).get("roles", ("feature",))
    named = [_role(schema, name, dtype, each) for each in given]
    roles = tuple(dict.fromkeys([*named, *(_role(schema, name, dtype, other) for each in named for other in each.also)]))
    return Column(name, dtype, roles, bool(column.nullable), _bounds(column) if dtype.is_numeric() else (None, None))


def _bounds(column: Any) -> tuple[float | None, float | None]:
    found: dict[str, list[float]] = {"min_value": [], "max_value": []}
    for check in column.checks:
        if check.name in BOUNDS and not check.raise_warning:
            argument = BOUNDS[check.name]
            found[argument].append(float((check.statistics or {})[argument]))
    return max(found["min_value"], default=None), min(found["max_value"], default=None)


def _role(schema: str, name: str, dtype: Any, given: Any) -> Role:
    try:
        role = given if isinstance(given, Role) else roles.find(str(given))
    except DefinitionError as error:
        raise DefinitionError(f"schema {schema}: column '{name}' has the {error}") from None
    if why := role.refuses(dtype):
        raise DefinitionError(f"schema {schema}: column '{name}' has the role '{role}' and needs {why}; found {dtype}")
    return role
