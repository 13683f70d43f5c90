"""A draft as plain values, for `--json` and for the terminal."""

from dataclasses import asdict
from typing import Any

from lifecycle.draft import schema, use_case
from lifecycle.draft.draft import Draft


def report(made: Draft) -> dict[str, Any]:
    """The draft as plain values."""
    table, target = made.table, made.table.one("target")
    return {
        "use_case": made.name,
        "problem": made.question.problem,
        "metric": made.question.decides,
        "target": target.name if target else None,
        "positive": made.question.positive,
        "split": made.choices.split,
        "rows": table.sample.total,
        "looked_at": table.sample.rows,
        "columns": [
            {"name": column.name, "source_name": column.came, "type": column.type, "roles": list(column.roles), "said": schema.remark(column)}
            for column in table.columns
        ],
        "found": use_case.findings(table, made.question, made.choices),
        "warnings": [asdict(warning) for warning in made.warnings],
        "files": [str(place) for place in made.files],
    }
