"""Implicit alternating least squares: users and items as points, by the library `implicit`."""

import numpy as np
import polars as pl

from lifecycle.models.interactions import Interactions, Sparse
from lifecycle.models.item_neighbours import strongest
from lifecycle.models.recommender import Recommender


class AlternatingSquares(Recommender):
    """Weighted matrix factorisation of who liked what (Hu, Koren and Volinsky 2008). A user's point is solved for by the history each time.

    Args:
        user, item: the names of the columns with their ids.
        factors: the length of a point.
        regularization: the weight of squared factors.
        alpha: how much surer a liked item is than one that was not met.
        iterations: of the alternation.
        seed: of the points to start from.
    """

    def __init__(
        self,
        user: str = "",
        item: str = "",
        factors: int = 64,
        regularization: float = 0.05,
        alpha: float = 10.0,
        iterations: int = 15,
        seed: int = 0,
    ) -> None:
        super().__init__(user, item)
        self.factors, self.regularization, self.alpha, self.iterations, self.seed = factors, regularization, alpha, iterations, seed

    def learn(self, known: Interactions, X: pl.DataFrame) -> None:
        """Find the items' points: `points_`, shape (items, factors), float32."""
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, "blas"):  # the library's own threads and those of the sums hinder each other: it warns of it
            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                alpha=self.alpha,
                iterations=self.iterations,
                random_state=self.seed,
                num_threads=1,
            )
            model.fit(known.liked, show_progress=False)
        self.points_ = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        self._prepare()

    def _prepare(self) -> None:
        points = self.points_.astype(np.float64)
        self.square_ = points.T @ points + self.regularization * np.eye(points.shape[1])

    def point(self, liked: np.ndarray) -> np.ndarray:
        r"""The point of a history: $(Y^T Y + \alpha Y_u^T Y_u + \lambda I)^{-1} (1 + \alpha) Y_u^T 1$, in the library's notation of confidence."""
        own = self.points_[liked].astype(np.float64)
        return np.linalg.solve(self.square_ + (self.alpha - 1) * own.T @ own, self.alpha * own.sum(axis=0)).astype(np.float32)

    def scores(self, liked: Sparse) -> np.ndarray:
        """The product of the user's point and the items', user by user: what is said of one does not depend on who is asked beside."""
        found = np.zeros(liked.shape, dtype=np.float32)
        for at in range(liked.shape[0]):
            had = liked.indices[liked.indptr[at] : liked.indptr[at + 1]]
            if len(had):
                found[at] = self.points_ @ self.point(had)
        return found

    def because(self, liked: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """The one whose point lies nearest, by the angle."""
        length = np.linalg.norm(self.points_, axis=1) + 1e-9
        return strongest((self.points_[liked] @ self.points_[shown].T) / np.outer(length[liked], length[shown]), liked)
