"""A convolutional network for images."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

FLIPS = ("horizontal", "vertical")


def network(flips: tuple[str, ...] = ()) -> Candidate:
    """A small residual network over the image of a row, learnt from scratch with Keras; it reads no other input.

    Args:
        flips: along which an image may be turned over in training without becoming another one: `horizontal`, `vertical`. A chest that is
            turned over has its heart on the other side.

    Raises:
        DefinitionError: another word.
    """
    if unknown := [each for each in flips if each not in FLIPS]:
        raise DefinitionError(f"network(flips=...) takes {', '.join(FLIPS)}, found {', '.join(map(repr, unknown))}")
    defaults = {"width": 16, "rate": 4e-3, "dropout": 0.2, "balance": 0.0, "flips": tuple(flips)}

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "rate": trial.suggest_float("rate", 1e-3, 1e-2, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "balance": trial.suggest_float("balance", 0.0, 1.0),
        }

    return Candidate("network", _build, space, defaults, extra="imaging", trials=1)


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    """The network over the only image."""
    from lifecycle.networks.image_network import ImageNetwork

    found = [name for name, role in plan.encoded if role.name == "image"]
    if len(found) != 1 or plan.kind.target_type not in ("binary", "multiclass"):
        raise DefinitionError(
            f"the candidate 'network' is for classes and one input with the role 'image', found {len(found)} in a {plan.kind.name} problem;"
            " leave the candidate out, or change features()"
        )
    return ImageNetwork(found[0], seed=plan.seed, **{**params, "flips": tuple(params.get("flips", ()))})
