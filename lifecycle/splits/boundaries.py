"""Where a split drew its lines."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self, get_type_hints


@dataclass(frozen=True)
class Boundaries:
    """The lines that a split drew, which are kept with a model. A split that draws some derives its own: a frozen dataclass.

    Each line is a field: a number, a text, a `datetime`, or what JSON can hold.
    """

    def as_json(self) -> dict[str, Any]:
        """Its fields as JSON can hold them; moments in ISO 8601."""
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self | None:
        """Lines that were kept; `None` where another kind of split drew them."""
        types = get_type_hints(cls)
        if kept.keys() != {field.name for field in fields(cls)}:
            return None
        return cls(**{name: datetime.fromisoformat(value) if types[name] is datetime else value for name, value in kept.items()})
