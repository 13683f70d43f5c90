"""The stages of a loop asked and answered as tasks are, without Prefect: which of them would run again?"""

from collections.abc import Sequence
from typing import Any

from lifecycle.dependencies import answers
from lifecycle.dependencies.watched import Notes, notes, watched
from lifecycle.references import Snapshot
from lifecycle.stages.collect import collect
from lifecycle.stages.evaluate import evaluate
from lifecycle.stages.featurize import featurize
from lifecycle.stages.monitor import monitor
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.stages.split import split
from lifecycle.stages.train import train
from lifecycle.stages.tune import tune
from lifecycle.stages.validate import others, validate
from lifecycle.usecase import UseCase
from tasks import stages
from tasks.policies import asked

STAGES = {
    each.__name__: each for each in (collect, validate, featurize, split, tune, train, evaluate, register, promote, score, monitor)
}  # fmt: skip
ALSO: dict[str, Any] = {
    "collect": stages._source, "validate": others, "promote": stages._decided, "score": stages._champion, "monitor": stages._lived,
}  # fmt: skip
TAKES = {"score": "featurize", "monitor": "featurize"}
"""What a stage is given, where that is not what the one before it returned."""


class Loop:
    """A loop that was run once: what each stage was given, returned and read."""

    def __init__(self, use_case: UseCase) -> None:
        self.given: dict[str, Sequence[Any]] = {}
        self.returned: dict[str, Any] = {}
        self.noted: dict[str, Notes] = {}
        self.known: dict[str, set[str]] = {name: set() for name in STAGES}
        last: Any = None
        for name in STAGES:
            inputs = (self.returned[TAKES[name]] if name in TAKES else last,)
            last = self.run(name, use_case, inputs)

    def run(self, name: str, use_case: UseCase, inputs: Sequence[Any] | None = None) -> Any:
        """Run a stage and keep what its answer depended on."""
        inputs = self.given[name] if inputs is None else inputs
        question = self.ask(name, use_case, inputs)
        seen = watched(use_case)
        result = STAGES[name](seen, *inputs)  # type: ignore[operator]
        if not isinstance(result, Snapshot):
            result = result.model_copy(update={"key": question.key})
        answers.keep(question, notes(seen))
        self.known[name].add(question.key)
        self.given[name], self.returned[name], self.noted[name] = inputs, result, notes(seen)
        return result

    def ask(self, name: str, use_case: UseCase, inputs: Sequence[Any] | None = None) -> answers.Question:
        """The question of a stage, with what it was given before."""
        question = asked(STAGES[name], ALSO.get(name), use_case, self.given[name] if inputs is None else inputs)
        assert question
        return question

    def again(self, use_case: UseCase) -> list[str]:
        """The stages that would run again for this definition, each given what it was given before."""
        return [name for name in STAGES if self.ask(name, use_case).key not in self.known[name]]
