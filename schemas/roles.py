"""The roles a column can have. They are stated here, on the schema, and nowhere else."""

from typing import Any

ROLES = {
    "key": "identifies a row",
    "time": "when it happened",
    "entity": "whose history it is part of: a card, a customer",
    "target": "what is predicted",
    "label_time": "when the truth became known",
    "group": "must not cross the split",
    "split": "the part of the data a row was given to by its publisher",
    "sensitive": "compared for fairness; a feature only where said so too",
    "text": "free text",
    "feature": "an input of the model",
    "ignored": "kept in the lake, read by nothing",
}


def column(*roles: str, **checks: Any) -> Any:
    """A column with its roles (`feature` where none is given) and Pandera's checks: `nullable=True, ge=0, ...`."""
    import pandera.polars as pa

    return pa.Field(metadata={"roles": roles or ("feature",)}, **checks)
