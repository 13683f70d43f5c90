"""A column of a schema with its roles. They are stated here, on the schema, and nowhere else; `lifecycle/roles/` has what each means."""

from typing import Any


def column(*roles: Any, **checks: Any) -> Any:
    """A column with its roles (`feature` where none is given) and Pandera's checks: `nullable=True, ge=0, ...`.

    A role is a name (`key`, `time`, `order`, `entity`, `target`, `label_time`, `group`, `split`, `sensitive`, `text`, `feature`, `ignored`), or an
    object that derives from `lifecycle.Role`.
    """
    import pandera.polars as pa

    return pa.Field(metadata={"roles": roles or ("feature",)}, **checks)
