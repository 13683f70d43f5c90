"""What the two roles of an event have in common: who, and what, told by an id."""

from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.kind import Kind


class EventId(Role):
    """Who or what an event is about."""

    single = True
    feature = True

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
