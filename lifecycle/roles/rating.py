"""How much the user liked the item."""

from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.kind import Kind


class Rating(Role):
    """How much the user liked the item, on a scale that the column's checks state (`ge`, `le`). Events without one are all liked."""

    name = "rating"
    single = True
    feature = True
    requested = False

    def refuses(self, dtype: Any) -> str:
        """A place on a scale is a number."""
        return "" if dtype.is_numeric() else "a number"

    def encodes(self, dtype: Any) -> bool:
        """Kinds of problem that learn from events find the column by this role; others read the number."""
        return True

    def encoder(self, kind: "Kind", seed: int) -> "BaseEstimator":
        """The number as it is."""
        from lifecycle.models.estimators import Floats

        return Floats()


role = Rating()
