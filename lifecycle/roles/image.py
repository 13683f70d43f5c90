"""An image: the bytes of a file (PNG, JPEG, ...), which `features()` makes points of one size of."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lifecycle.role import Role

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.kind import Kind
    from lifecycle.models.pixels import Pooled
    from lifecycle.usecase import UseCase

NAMES = frozenset(("image", "images", "img", "picture", "pictures", "photo", "scan", "scans", "slice", "slide", "radiograph", "xray"))
SIZES = (28, 32, 48, 64)
"""Sides, in points, that a draft chooses from."""
LOOK = 6
"""A side of the coarse points by which images are told apart, where drift is watched."""


class Image(Role):
    """An image: the bytes of a file, which `features()` makes points of one size of (`lifecycle.images.image_points`)."""

    name = "image"
    beside = False
    feature = True
    personal = True
    input = "image"
    example = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAEklEQVR4nGNkkIMAJgYoII8BADl+AOKA3RS6AAAAAElFTkSuQmCC"
    """A wedge of grey, 8 points a side."""
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

    def views(self, use_case: "UseCase", name: str, inputs: "pl.Series") -> "dict[str, tuple[dict[str, Any], pl.Series]]":
        """How bright images are and how much contrast they have, which of the usual looks they have, and how far they are from the mean image."""
        from lifecycle.monitoring import places

        plain = {view: {"view": view} for view in ("brightness", "contrast")}
        found = {view: (kept, self.view(kept, inputs)) for view, kept in plain.items()}
        looks = places.fit(_vectors, inputs, use_case.seed)["topic"]
        middle = {"view": "distance", "around": [_vectors(inputs).mean(axis=0).round(5).tolist()]}
        return found | {"look": looks, "distance to the mean image": (middle, self.view(middle, inputs))}

    def view(self, kept: "Mapping[str, Any]", inputs: "pl.Series") -> "pl.Series":
        """One of them, of other images; null where there is none."""
        from lifecycle.monitoring import places

        return _light(kept["view"], inputs) if "around" not in kept else places.read(kept, _vectors, inputs)

    def drafted(self, column: "ColumnProfile") -> str:
        """Whether bytes are called so."""
        from lifecycle.draft.names import words

        return "images, by its name" if column.type == "bytes" and words(column.came) & NAMES else ""

    def drafts(self, name: str, cells: list[Any]) -> str:
        """Points of the size that the images have, within bounds; in grey where all of them are."""
        from lifecycle.models import images

        sides, grey = [], True
        for cell in cells:
            if isinstance(cell, bytes) and not images.wrong(cell):
                with images.opened(cell) as image:
                    sides.append(max(image.size))
                    grey = grey and image.mode in ("1", "L", "LA", *images.DEEP)
        size = next((each for each in SIZES if sides and each >= sorted(sides)[len(sides) // 2]), SIZES[-1])
        return f"image_points({name}, size={size}, channels={1 if grey else 3})"

    def families(self) -> tuple[str, ...]:
        """The network."""
        return ("network()",)

    def picture(self, cell: Any, ask: "Callable[[pl.Series], np.ndarray]") -> bytes | None:
        """The image with what matters in it, by covering one part after the other."""
        from lifecycle.models import saliency

        return None if cell is None else saliency.picture(cell, saliency.occlusion(cell, ask))

    def plots(self, use_case: "UseCase", name: str, evidence: "Evidence", model: Any) -> dict[str, bytes]:
        """Operating points of each class, the worst errors, and where the model looked in a few images."""
        from lifecycle.reports.image_evidence import drawn

        return drawn(use_case, name, evidence, model) if use_case.kind.target_type in ("binary", "multiclass") else {}


def _light(view: str, inputs: "pl.Series") -> "pl.Series":
    """The mean of an image's points from 0 to 1, or their spread."""
    import polars as pl

    found = [None if cell is None else _of_points(view, cell) for cell in inputs]
    return pl.Series(found, dtype=pl.Float64)


def _of_points(view: str, cell: bytes) -> float:
    import numpy as np

    from lifecycle.models import images

    points = np.frombuffer(cell, np.uint8, offset=len(images.header(*images.shape(cell))))
    return round(float(points.mean() if view == "brightness" else points.std()) / 255, 4)


def _vectors(inputs: "pl.Series") -> "np.ndarray":
    """Images as coarse points of all channels, those that are missing black; what is a difference of light counts for little."""
    import numpy as np

    from lifecycle.models import images
    from lifecycle.models.pixels import pooled

    known = inputs.drop_nulls()
    if known.is_empty():
        return np.zeros((len(inputs), 1))
    coarse = pooled(images.points(inputs, images.shape(known[0])), LOOK).reshape(len(inputs), -1).astype(np.float64)
    return coarse - 0.9 * coarse.mean(axis=1, keepdims=True)


role = Image()
"""The role."""
