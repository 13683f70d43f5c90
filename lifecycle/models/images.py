"""One reading of an image, for training, batch and HTTP alike: from encoded bytes to grey or RGB points of one size.

What is read is a plain NetPBM file (`P5` grey, `P6` RGB: http://netpbm.sourceforge.net/doc/pgm.html), a header of a few letters before one byte a
point: it says its own size, and any viewer of images shows it.
"""

import io
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""What Pillow may take bytes for: its other readers run old code for nobody."""
MAX_POINTS = 50_000_000
"""An image of more points is refused by what its header says, before anything of it is unpacked."""
MAX_BYTES = 100_000_000
NONE = b"no image: "
"""What a source writes in the place of an image that it could not have, before the reason: the row is then in quarantine with it."""
DICOM_AT, DICOM = 128, b"DICM"
DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
"""Pillow's modes with more than 8 bits a point."""


class Unreadable(ValueError):
    """Bytes that are no image which a model could be given; the message is what an image must be, and what was found."""


def read(cell: bytes, size: int, channels: int) -> bytes:
    """An encoded image as a NetPBM file of `size` x `size` points.

    The whole image is shown: it keeps its proportions, and what is left of the square is black. What is transparent is black too. Points of
    more than 8 bits are stretched from the image's lowest value to its highest, for nothing says what range they have.

    Args:
        cell: the file's bytes.
        size: the length of a side, in points.
        channels: 1 for grey, 3 for RGB.

    Raises:
        Unreadable: it is broken, empty, animated, too large, or of a form that is not known here.
    """
    from PIL import Image, ImageOps

    with opened(cell) as image:
        try:
            points: Any = ImageOps.exif_transpose(_eight_bits(image)) if image.getexif() else _eight_bits(image)
            points = points.convert("L" if channels == 1 else "RGB")
        except Exception as error:  # whatever a damaged file makes of its reader
            raise Unreadable(f"an image that can be unpacked, found a broken one ({_said(error)})") from None
    if points.size != (size, size):
        scale = size / max(points.size)
        width, height = (max(round(side * scale), 1) for side in points.size)
        points = points.resize((width, height), Image.Resampling.BILINEAR)  # of a smaller size Pillow's is a weighted mean over all points
        if (width, height) != (size, size):
            square = Image.new(points.mode, (size, size))
            square.paste(points, ((size - width) // 2, (size - height) // 2))
            points = square
    return header(size, size, channels) + points.tobytes()


def wrong(cell: bytes) -> str:
    """What an image must be and this one is not; empty where it can be read."""
    try:
        read(cell, 8, 1)
    except Unreadable as error:
        return str(error)
    return ""


def opened(cell: bytes) -> "Image":
    """An image whose header was read and judged, and nothing else of it.

    Raises:
        Unreadable: as `read`.
    """
    from PIL import Image, UnidentifiedImageError

    if not cell:
        raise Unreadable("an image, found no bytes")
    if cell.startswith(NONE):
        raise Unreadable(f"an image, found none: {' '.join(cell.removeprefix(NONE)[:300].decode('utf-8', 'replace').split())}")
    if len(cell) > MAX_BYTES:
        raise Unreadable(f"an image of at most {MAX_BYTES // 1_000_000} MB, found {len(cell) / 1e6:.0f} MB")
    if cell[DICOM_AT : DICOM_AT + 4] == DICOM:
        raise Unreadable("an image without a person's name on it (PNG, JPEG), found a DICOM file: give it as a source, which drops its tags")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of large images and of odd tags; the first are refused below, the second do not matter
            image = Image.open(io.BytesIO(cell), formats=FORMATS)
    except Image.DecompressionBombError:
        raise Unreadable(f"an image of at most {MAX_POINTS:,} points, found a larger one") from None
    except Exception as error:  # whatever a damaged file makes of its reader
        found = "other bytes" if isinstance(error, UnidentifiedImageError) else f"a broken one ({_said(error)})"
        raise Unreadable(f"an image (PNG, JPEG, BMP, GIF, PPM, TIFF, WebP), found {found}") from None
    why = _refused(image)
    if why:
        image.close()
        raise Unreadable(why)
    return image


def _refused(image: "Image") -> str:
    width, height = image.size
    if width * height > MAX_POINTS:
        return f"an image of at most {MAX_POINTS:,} points, found {width:,} x {height:,}"
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception as error:  # the same
        return f"an image that can be unpacked, found a broken one ({_said(error)})"
    return f"one image, found {frames} (an animation, or pages)" if frames != 1 else ""


def _eight_bits(image: "Image") -> "Image":
    """The image in grey, RGB or CMYK of 8 bits, without transparency."""
    from PIL import Image

    if image.mode in DEEP:
        return Image.fromarray(stretched(np.asarray(image, dtype=np.float64)))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        black = Image.new("RGBA", with_alpha.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, with_alpha).convert("RGB")
    image.load()
    return image


def stretched(values: np.ndarray) -> np.ndarray:
    """Values of any range as uint8, the lowest 0 and the highest 255; of one value alone 0.

    Raises:
        Unreadable: one of them is no number.
    """
    if not np.isfinite(values).all():
        raise Unreadable("an image of numbers, found points that are none")
    low, high = float(values.min()), float(values.max())
    return np.round((values - low) * (255 / (high - low))).astype(np.uint8) if high > low else np.zeros(values.shape, np.uint8)


def png(points: np.ndarray) -> bytes:
    """Points as a PNG file: uint8 or uint16, of shape (height, width) or (height, width, 3)."""
    from PIL import Image

    kept = io.BytesIO()
    Image.fromarray(points).save(kept, "PNG", optimize=False, compress_level=6)
    return kept.getvalue()


def header(height: int, width: int, channels: int) -> bytes:
    """The first bytes of a NetPBM file."""
    return b"%s\n%d %d\n255\n" % (b"P5" if channels == 1 else b"P6", width, height)


def shape(cell: bytes) -> tuple[int, int, int]:
    """The height, width and channels of an image that `read` gave."""
    kind, sides, *_ = cell[:64].split(b"\n", 3)
    width, height = map(int, sides.split(b" "))
    return height, width, 1 if kind == b"P5" else 3


def points(cells: Iterable[bytes | None], like: tuple[int, int, int]) -> np.ndarray:
    """Images that `read` gave as uint8 of shape (n, height, width, channels); one that is missing is black.

    Raises:
        ValueError: one has another shape.
    """
    height, width, channels = like
    first, length = header(height, width, channels), height * width * channels
    start, whole, black = len(first), len(first) + length, bytes(length)
    rows = []
    for cell in cells:
        if cell is None:
            rows.append(black)
        elif len(cell) == whole and cell.startswith(first):
            rows.append(cell[start:])
        else:
            raise ValueError(f"images of {width} x {height} points in {channels} channel(s) are needed, found one of {cell[:20]!r}")
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, height, width, channels)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__
