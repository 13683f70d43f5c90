"""What was chosen."""

from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.kind import Kind


class Item(Role):
    """What was chosen: a film, an article, a product."""

    name = "item"
    single = True
    place = 5

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

    def drafted(self, column: "ColumnProfile") -> str:
        """Whether it is called an item, a film, a product, ... and comes many times."""
        from lifecycle.draft.names import words

        repeats = column.distinct >= 2 and column.distinct <= 0.5 * (column.rows - column.nulls)
        return "what was chosen: it is what is recommended" if words(column.came) & ITEMS and repeats else ""


ITEMS = frozenset(
    {"item", "movie", "film", "product", "article", "book", "song", "track", "artist", "video", "sku", "asin", "isbn", "game", "recipe"}
)

role = Item()
