"""What a valid row of the breast-cancer table is."""

import pandera.polars as pa

from schemas.roles import column


class Sample(pa.DataFrameModel):
    """A breast mass, by ten measures of its cell nuclei in the image of a needle aspirate: mean, standard error and worst of each."""

    sample: int = column("key", ge=0)
    mean_radius: float = column(ge=0)
    mean_texture: float = column(ge=0)
    mean_perimeter: float = column(ge=0)
    mean_area: float = column(ge=0)
    mean_smoothness: float = column(ge=0)
    mean_compactness: float = column(ge=0)
    mean_concavity: float = column(ge=0)
    mean_concave_points: float = column(ge=0)
    mean_symmetry: float = column(ge=0)
    mean_fractal_dimension: float = column(ge=0)
    radius_error: float = column(ge=0)
    texture_error: float = column(ge=0)
    perimeter_error: float = column(ge=0)
    area_error: float = column(ge=0)
    smoothness_error: float = column(ge=0)
    compactness_error: float = column(ge=0)
    concavity_error: float = column(ge=0)
    concave_points_error: float = column(ge=0)
    symmetry_error: float = column(ge=0)
    fractal_dimension_error: float = column(ge=0)
    worst_radius: float = column(ge=0)
    worst_texture: float = column(ge=0)
    worst_perimeter: float = column(ge=0)
    worst_area: float = column(ge=0)
    worst_smoothness: float = column(ge=0)
    worst_compactness: float = column(ge=0)
    worst_concavity: float = column(ge=0)
    worst_concave_points: float = column(ge=0)
    worst_symmetry: float = column(ge=0)
    worst_fractal_dimension: float = column(ge=0)
    diagnosis: str = column("target", nullable=True, isin=["benign", "malignant"])
