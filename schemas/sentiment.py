"""What a valid review is."""

import pandera.polars as pa

from schemas.roles import column


class Review(pa.DataFrameModel):
    """A text that somebody wrote, and what it says of its subject."""

    id: str = column("key")
    text: str = column("text", str_length={"min_value": 1, "max_value": 20_000})
    sentiment: str = column("target", nullable=True)
    """As the data call it: two classes or three."""
