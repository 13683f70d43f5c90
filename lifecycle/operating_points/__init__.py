"""Where a binary model decides yes: by a score, by what wrong answers cost, or by how many cases can be looked at."""

from lifecycle.operating_points.best_score import BestScore
from lifecycle.operating_points.capacity import Capacity
from lifecycle.operating_points.costs import Costs
from lifecycle.operating_points.operating_point import OperatingPoint

__all__ = ["BestScore", "Capacity", "Costs", "OperatingPoint"]
