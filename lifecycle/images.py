"""Images as inputs of a model: what `features()` makes of a column of encoded files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def image_points(column: str, size: int, channels: int = 1) -> "pl.Expr":
    """The images of a column as `size` x `size` points, for `rows.select(image_points("picture", size=28))`.

    Each is a NetPBM file, which says its own size (`lifecycle.models.images.read`): the same function reads them in training, in batch and over
    HTTP. One that is missing stays missing.

    Args:
        column: of the schema, with the role `image`.
        size: the length of a side.
        channels: 1 for grey, 3 for RGB.

    Raises:
        DefinitionError: a size or a number of channels that cannot be.
    """
    import polars as pl

    from lifecycle.errors import DefinitionError

    if not 8 <= size <= 512 or channels not in (1, 3):
        raise DefinitionError(f"image_points('{column}'): size is 8 to 512 and channels 1 or 3, found size={size}, channels={channels}")

    def read(cells: "pl.Series") -> "pl.Series":
        from lifecycle.errors import DataError
        from lifecycle.models import images

        found = []
        for cell in cells:
            try:
                found.append(None if cell is None else images.read(cell, size, channels))
            except images.Unreadable as error:
                raise DataError(f"column '{column}' must hold {error}") from None
        return pl.Series(cells.name, found, pl.Binary)

    return pl.col(column).map_batches(read, return_dtype=pl.Binary, is_elementwise=True)
