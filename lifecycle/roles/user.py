"""Who chose: whose events together say what that person likes."""

from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.kind import Kind


class User(Role):
    """Who chose. A user is an entity too: the events of one user are no independent witnesses, and the split by user goes along them."""

    name = "user"
    single = True
    feature = True
    personal = True
    also = ("entity",)

    def refuses(self, dtype: Any) -> str:
        """An id is a text or a whole number."""
        import polars as pl

        return "" if dtype == pl.String or dtype.is_integer() else "the type str or int"

    def encodes(self, dtype: Any) -> bool:
        """Kinds of problem that learn from events find the column by this role; others read it as a category."""
        return True

    def encoder(self, kind: "Kind", seed: int) -> "BaseEstimator":
        """By the mean of the target, as any category with many values."""
        from lifecycle.models.pipelines import by_mean

        return by_mean(kind, seed)


role = User()
