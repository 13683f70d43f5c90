"""What kinds with a target have in common."""

from typing import TYPE_CHECKING, Any

from lifecycle.kind import Kind

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.draft.problem import GuessedProblem
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.report import EvaluationReport
    from lifecycle.references import Recipe
    from lifecycle.usecase import UseCase


class Supervised(Kind):
    """Models are judged by the truth of rows that they have not seen, beside a constant and a plain linear model."""

    def evidence(self, use_case: "UseCase", model: Any, recipe: "Recipe", train: "Rows", tune: "Rows", gate: "Rows") -> "Evidence":
        """What a trained model is judged by: its own and the baselines' answers for the same unseen rows."""
        from lifecycle.evaluation.evidence import gather

        return gather(use_case, model, recipe, train, tune, gate)

    def says(self, use_case: "UseCase") -> str:
        """What a model of this kind says of a row, as the start of a sentence: `Predicts the number ...`."""
        from lifecycle.reports.markdown import code

        return f"Predicts {code(use_case.target)}"

    def weaknesses(self, use_case: "UseCase", evaluation: "EvaluationReport") -> list[str]:
        """The card's sections on where a model is weak and to whom it is unfair, in Markdown."""
        from lifecycle.reports import card_findings

        return [
            "## Where it is weak\n\n" + card_findings.slices(use_case, evaluation.slices),
            "## Fairness\n\n" + card_findings.fairness(evaluation.fairness),
        ]

    def question(self, target: "ColumnProfile", why: str) -> "GuessedProblem":
        """What is asked of a target, for the reason `why`."""
        from lifecycle.draft.problem import GuessedProblem

        return GuessedProblem(self.name, why)
