"""What a valid scan is."""

import pandera.polars as pa

from schemas.roles import column


class Scan(pa.DataFrameModel):
    """One image and what is known of it. No name, no date and no number of a person belongs here: `patient` is a pseudonym."""

    file: str = column("key")
    patient: str = column("group", "ignored", nullable=True)
    site: str = column("ignored", nullable=True)  # compared in reports; a request may leave it out
    split: str = column("split", nullable=True)
    image: bytes = column("image")
    label: str = column("target", nullable=True)
