"""Free text: a model reads its words."""

from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.kind import Kind
    from lifecycle.models.text import Text as Encoder

WORDS, LENGTH = 5, 40
"""So many words, or letters, on average are written by people."""
TOPICS = 8
"""Of a text among the coordinates of a clustering."""


class Text(Role):
    """Free text: a model reads its words."""

    name = "text"
    feature = True
    personal = True
    place = 2

    def refuses(self, dtype: Any) -> str:
        """Only texts can be read as such."""
        import polars as pl

        return "" if dtype == pl.String else "the type str"

    def encodes(self, dtype: Any) -> bool:
        """A text that `features()` hands on; what it makes of one (its length, say) is what its type says."""
        import polars as pl

        return dtype == pl.String

    def encoder(self, kind: "Kind", seed: int) -> "Encoder":
        """How a linear model of its words reads it, and its topics."""
        from lifecycle.models.text import Text as Encoder

        return Encoder(kind.text_model(seed), seed=seed)

    def coordinates(self, kind: "Kind", seed: int) -> "Encoder":
        """Its topics."""
        from lifecycle.models.text import Text as Encoder

        return Encoder(topics=TOPICS, seed=seed)

    def drafted(self, column: "ColumnProfile") -> str:
        """Whether people wrote it in sentences."""
        written = column.words >= WORDS or (column.length >= LENGTH and column.words >= 3)
        found = column.type == "str" and written and column.distinct > 0.3 * (column.rows - column.nulls)
        return f"free text of {column.words:.0f} words on average" if found else ""


role = Text()
