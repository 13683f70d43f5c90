"""Model families a use case can choose from, one file each: how to build an estimator, and which hyperparameters to try."""

from lifecycle.candidates.alternating_squares import als
from lifecycle.candidates.candidate import Candidate
from lifecycle.candidates.ease import ease, hybrid
from lifecycle.candidates.fine_tuned import fine_tuned
from lifecycle.candidates.gaussian_mixture import mixture
from lifecycle.candidates.gradient_boosting import boosting
from lifecycle.candidates.image_network import network
from lifecycle.candidates.k_means import kmeans
from lifecycle.candidates.linear_models import linear, linear_baseline
from lifecycle.candidates.neighbours import neighbours
from lifecycle.candidates.popularity import popularity
from lifecycle.candidates.random_forest import forest
from lifecycle.candidates.read_as import read_as

__all__ = [
    "Candidate", "als", "boosting", "ease", "fine_tuned", "forest", "hybrid", "kmeans", "linear", "linear_baseline", "mixture", "neighbours", "network", "popularity", "read_as",
]  # fmt: skip
