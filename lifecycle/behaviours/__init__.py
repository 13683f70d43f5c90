"""What a definition expects of a model's answers beside their being right: one file a kind of behaviour (Ribeiro et al. 2020, CheckList)."""

from lifecycle.behaviours.behaviour import Answer, Behaviour
from lifecycle.behaviours.direction import Direction
from lifecycle.behaviours.invariance import Invariance
from lifecycle.behaviours.known_answers import KnownAnswers
from lifecycle.behaviours.pairs import Pairs

__all__ = ["Answer", "Behaviour", "Direction", "Invariance", "KnownAnswers", "Pairs"]
