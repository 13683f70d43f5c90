"""The fields of the forms by which a run is started: types that refuse nonsense before anything runs."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.reading.credentials import REFUSED
from lifecycle.reading.secrets_in_text import PATTERNS

EVERY = "all"


class OneOf:
    """Offers the use cases that there are as choices; the server refuses any other name at once."""

    def __init__(self, *more: str) -> None:
        self.more = more

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """The schema of a text with the choices."""
        schema = handler(core)
        try:
            names = registry.names()
        except LifecycleError:  # a wrong setting is for the run to say, not for an import
            return schema
        return {**schema, "enum": [*self.more, *names]} if names else schema


class NoSecret:
    """Lets the server refuse a text with a secret in it before it is stored; the refusal says what to write, and not what was written."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """The schema of a text in which no secret is written out."""
        written_out = {"anyOf": [{"pattern": pattern} for pattern in PATTERNS]}
        return {**handler(core), "if": written_out, "then": {"const": REFUSED}}


UseCaseName = Annotated[str, OneOf()]
UseCaseOrAll = Annotated[str, OneOf(EVERY)]
Version = Annotated[int | None, Field(ge=1, le=1_000_000), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 1_000_000})]
"""One plain field of the form; left empty, it is `None`."""
Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=500)]
SourceText = Annotated[str, Field(max_length=10_000), NoSecret()]
Days = Annotated[int, Field(ge=1, le=3650)]
Decision = Literal["approve", "reject", "promote"]
