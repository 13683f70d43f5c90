"""An image: the bytes of a file (PNG, JPEG, ...), which `features()` makes points of one size of."""

from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    from lifecycle.kind import Kind
    from lifecycle.models.pixels import Pooled


class Image(Role):
    """An image: the bytes of a file, which `features()` makes points of one size of (`lifecycle.images.points`)."""

    name = "image"
    beside = False
    personal = True
    rows = 5_000

    def refuses(self, dtype: Any) -> str:
        """Bytes alone."""
        import polars as pl

        return "" if dtype == pl.Binary else "the type bytes"

    def wrong(self, cell: Any) -> str:
        """What an image must be and this one is not: the whole of it is unpacked, so that nothing fails later."""
        from lifecycle.models import images

        return images.wrong(cell)

    def encodes(self, dtype: Any) -> bool:
        """Images that `features()` hands on; what it makes of one (its brightness, say) is what its type says."""
        import polars as pl

        return dtype == pl.Binary

    def encoder(self, kind: "Kind", seed: int) -> "Pooled":
        """Its coarse points by their main directions: what models read that are no networks."""
        from lifecycle.models.pixels import Pooled

        return Pooled(seed=seed)

    def coordinates(self, kind: "Kind", seed: int) -> "Pooled":
        """Fewer of them."""
        from lifecycle.models.pixels import Pooled

        return Pooled(components=12, seed=seed)


role = Image()
"""The role."""
