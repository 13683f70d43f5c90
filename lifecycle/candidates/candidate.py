"""What a model family answers for. A definition may bring its own: a `Candidate`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle.models.blueprint import Blueprint

if TYPE_CHECKING:
    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.artifact import Artifact


@dataclass(frozen=True)
class Candidate:
    """A family: how to build an unfitted estimator (preprocessing included), and which hyperparameters to try.

    A definition lists its candidates from the simplest to the most complex: where little data cannot tell them apart,
    the first is taken.
    """

    name: str
    build: "Callable[[Blueprint, Mapping[str, Any]], BaseEstimator]"
    space: "Callable[[Trial], dict[str, Any]]"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """The first trial's hyperparameters: everything that `space` would suggest, and `iterations`."""
    iterations: str = ""
    """The hyperparameter that counts boosting iterations, where the last step of the pipeline has it under this name, with
    `warm_start` and `staged_predict`: its best value is read off one fit, and `space` leaves it out."""
    trials: int | None = None
    """The most trials of a search, where each is dear; `None`: as many as any other family."""
    ways: tuple[str, ...] = ()
    """In which ways it has inputs read that a role turns into numbers (`lifecycle.candidates.read_as`); none: in the role's own."""
    continues: bool = False
    """Whether a training can go on from the champion's weights: `build` is then given `start` (`lifecycle.tuning.continued`)."""
    artifacts: "tuple[Artifact, ...]" = ()
    """Weights of others that it begins with; told in the model card."""
    extra: str = ""
    """The extra whose libraries it needs (`lifecycle.extras`)."""
    first: tuple[Mapping[str, Any], ...] = ()
    """Hyperparameters to be tried next, where there are trials for them, before the search goes its own way; never given up early."""
