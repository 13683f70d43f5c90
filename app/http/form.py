"""What a form needs to know of a use case's rows: fields, bounds, choices, and values to start from."""

from typing import Any

from app.http.documents import field
from lifecycle.online.examples import example
from lifecycle.online.rows import Asked, Reader

Profile = dict[str, Any]
EXACT = 2**31 - 1
"""Bounds beyond are those of the type: nothing that a reader needs to be told."""


def form(reader: Reader, profile: Profile | None) -> dict[str, Any]:
    """The form of a use case, JSON-able: its words, its fields in the schema's order, and what its target can be.

    Values to start from are typical of the training rows where the champion's profile knows the column, else made from
    the schema's checks.
    """
    use_case = reader.use_case
    known = (profile or {}).get("columns", {})
    found = {
        "use_case": use_case.name,
        "title": use_case.title,
        "problem": use_case.problem,
        "about": (use_case.schema.__doc__ or "").strip(),
        "fields": [_field(reader, column, known.get(column.name)) for column in reader.columns],
    }
    if use_case.target:
        target = field(Asked(use_case, use_case.columns[use_case.target]))
        found["target"] = {**target, "name": use_case.target, "positive": use_case.positive if use_case.problem == "binary" else None}
    return found


def _field(reader: Reader, column: Asked, known: dict[str, Any] | None) -> dict[str, Any]:
    described = field(column)
    kind = described.get("type", "string")
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    given = {name: described[name] for name in bounds if name in described and abs(described[name]) < EXACT}
    given |= {"format": described["format"]} if "format" in described else {}
    return {
        "name": column.name,
        "type": kind[0] if isinstance(kind, list) else kind,
        "nullable": column.nullable,
        "optional": column.optional,
        "roles": [role for role in column.roles if role != "feature"],
        "choices": [value for value in described.get("enum", ()) if value is not None],
        "suggestions": (known or {}).get("values", []),
        "example": None if column.optional else _typical(column, known, example(reader, column)),
        **given,
    }


def _typical(column: Asked, known: dict[str, Any] | None, made: Any) -> Any:
    """The middle of the training rows' values, or the most frequent one."""
    if known and known.get("values") and isinstance(made, str):
        return known["values"][0]
    if not known or "edges" not in known or isinstance(made, bool) or not isinstance(made, int | float):
        return made
    counts, reached = known["counts"][:-1], 0.0
    for centre, count in zip(known["centres"], counts, strict=True):
        reached += count
        if reached >= sum(counts) / 2:
            value = round(centre) if isinstance(made, int) else float(f"{centre:.4g}")
            return value if all(holds(value) for _, holds in column.rules) else made
    return made
