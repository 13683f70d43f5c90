"""Model families a use case can choose from, one file each: how to build an estimator, and which hyperparameters to try."""

from lifecycle.candidates.candidate import Candidate
from lifecycle.candidates.fine_tuned import fine_tuned
from lifecycle.candidates.gaussian_mixture import mixture
from lifecycle.candidates.gradient_boosting import boosting
from lifecycle.candidates.image_network import network
from lifecycle.candidates.k_means import kmeans
from lifecycle.candidates.linear_models import linear, linear_baseline
from lifecycle.candidates.random_forest import forest
from lifecycle.candidates.read_as import read_as

__all__ = ["Candidate", "boosting", "fine_tuned", "forest", "kmeans", "linear", "linear_baseline", "mixture", "network", "read_as"]
