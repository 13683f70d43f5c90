"""What a valid row of the wine table is."""

import pandera.polars as pa

from schemas.roles import column


class Wine(pa.DataFrameModel):
    """A wine of one region of Italy, by what a chemist finds in it."""

    bottle: int = column("key", ge=0)
    alcohol: float = column(ge=0, le=100)
    malic_acid: float = column(ge=0)
    ash: float = column(ge=0)
    alcalinity_of_ash: float = column(ge=0)
    magnesium: float = column(ge=0)
    total_phenols: float = column(ge=0)
    flavanoids: float = column(ge=0)
    nonflavanoid_phenols: float = column(ge=0)
    proanthocyanins: float = column(ge=0)
    color_intensity: float = column(ge=0)
    hue: float = column(ge=0)
    od280_od315: float = column(ge=0)
    """The light that diluted wine lets through at 280 nm over that at 315 nm."""
    proline: float = column(ge=0)
    cultivar: str = column("ignored", isin=["class_0", "class_1", "class_2"])
    """The grape it was made of: the clustering is not told, so that you can compare."""
