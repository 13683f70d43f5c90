"""Thresholds that are chosen by what each yes is worth."""

from typing import Any

import numpy as np


def best_cut(probability: np.ndarray, worth: np.ndarray) -> float:
    """The threshold above which saying yes is worth most, halfway between two probabilities that occur; of equally good ones the highest.

    Args:
        probability: of yes, length n.
        worth: what saying yes to a row is worth over saying no, length n: positive where yes is right.

    Returns:
        Above all probabilities where yes to nothing is best; 0.5 without rows.
    """
    if not len(probability):
        return 0.5
    order = np.argsort(-probability, kind="stable")
    falling, gained = probability[order], np.cumsum(worth[order])
    ends = np.flatnonzero(np.diff(falling, append=-np.inf))  # equal probabilities are on one side
    reached = np.concatenate([[0.0], gained[ends]])
    at = int(reached.argmax())
    if at == 0:
        return above(float(falling[0]))
    last = int(ends[at - 1])
    return halfway(falling, last)


def halfway(falling: np.ndarray, last: int) -> float:
    """Halfway between the last probability of those above, and the next lower one; half of it where there is none."""
    following = float(falling[last + 1]) if last + 1 < len(falling) else 0.0
    return float((falling[last] + following) / 2)


def above(highest: float) -> float:
    """A threshold above all probabilities that occur."""
    return (highest + 1) / 2 if highest < 1 else float(np.nextafter(1.0, 2.0))


def at_threshold(model: Any, threshold: float) -> Any:
    """A fitted classifier that decides at a threshold."""
    from lifecycle.models.estimators import Calibrated

    return Calibrated(model, threshold=threshold)
