"""The plots of an evaluation."""

from typing import TYPE_CHECKING, Any

from lifecycle.models.blueprint import encoding
from lifecycle.reports import plots

if TYPE_CHECKING:
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.report import Importances
    from lifecycle.usecase import UseCase


def draw(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float], leaned: "Importances", model: Any = None) -> dict[str, bytes]:
    """Those of the kind of problem, those of roles that read inputs, and what the model leans on, as PNG bytes by name.

    Args:
        use_case: the definition.
        evidence: what was judged.
        metrics: the metrics on the same rows.
        leaned: permutation importances.
        model: the judged one.
    """
    drawn = use_case.kind.plots(use_case, evidence, metrics)
    for name, dtype in evidence.model.rows.X.schema.items():
        if role := encoding(use_case, name, dtype):
            drawn |= role.plots(use_case, name, evidence, model)
    if leaned.table:
        drawn["importances"] = plots.importances(leaned, use_case.metric)
    return drawn
