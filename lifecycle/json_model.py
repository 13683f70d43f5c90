"""What is kept or passed on as JSON: a typed value with one definition, read by attribute."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_serializer


class JsonModel(BaseModel):
    """A frozen value and its JSON. What was never given is not written: what was read is written again as it was."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The value that a JSON text holds; fields that are not known are left out.

        Raises:
            ValueError: the text is no JSON, or a field is missing or of a wrong type.
        """
        return cls.model_validate(json.loads(text))

    def as_json(self) -> dict[str, Any]:
        """Its fields as plain values, by the names that they have in JSON."""
        return self.model_dump()

    @model_serializer
    def _given(self) -> dict[str, Any]:
        return {
            field.serialization_alias or name: getattr(self, name) for name, field in type(self).model_fields.items() if name in self.model_fields_set
        }
