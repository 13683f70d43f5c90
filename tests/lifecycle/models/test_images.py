"""One reading of images: whatever a file is, it gives points of one size, or a sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lifecycle.models import images


def saved(points: np.ndarray | Image.Image, kind: str = "PNG", **more: object) -> bytes:
    kept = io.BytesIO()
    (points if isinstance(points, Image.Image) else Image.fromarray(points)).save(kept, kind, **more)
    return kept.getvalue()


def read(cell: bytes, size: int = 8, channels: int = 1) -> np.ndarray:
    found = images.read(cell, size, channels)
    return images.points([found], (size, size, channels))[0]


wedge = np.tile(np.arange(8, dtype=np.uint8) * 30, (8, 1))


def test_points_of_the_right_size_are_the_files_own():
    assert (read(saved(wedge))[:, :, 0] == wedge).all()
    assert images.shape(images.read(saved(wedge), 8, 3)) == (8, 8, 3)


def test_an_image_keeps_its_proportions_and_is_black_beside():
    found = read(saved(np.full((4, 8), 200, np.uint8)), 8)[:, :, 0]
    assert (found[2:6] == 200).all()
    assert (found[:2] == 0).all()
    assert (found[6:] == 0).all()


def test_deep_images_are_stretched_and_shallow_ones_are_grey():
    deep = read(saved(wedge.astype(np.uint16) * 16))[:, :, 0]
    assert (deep.min(), deep.max()) == (0, 255)
    assert read(saved(Image.fromarray(wedge > 100).convert("1"))).max() == 255


def test_colours_of_print_transparency_and_palettes_are_read():
    assert read(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), channels=3)[0, 0, 0] > 200
    clear = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    assert read(saved(clear), channels=3).max() == 0, "what is transparent is black"
    assert read(saved(Image.fromarray(wedge).convert("P"))).max() > 0


def test_a_photograph_that_lies_on_its_side_is_turned():
    lying = Image.fromarray(wedge)
    exif = lying.getexif()
    exif[0x0112] = 6
    assert (read(saved(lying, exif=exif))[:, :, 0] == np.rot90(wedge, -1)).all()


def bomb(side: int) -> bytes:
    """A PNG that says it is very large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    about = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", about) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


animated = saved(Image.fromarray(wedge), "GIF", save_all=True, append_images=[Image.fromarray(255 - wedge)])


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (b"", "found no bytes"),
        (b"not an image", "found other bytes"),
        (saved(np.random.default_rng(1).integers(0, 255, (64, 64), dtype=np.uint8))[:500], "found a broken one"),
        (saved(np.random.default_rng(1).integers(0, 255, (64, 64), dtype=np.uint8), "JPEG")[:500], "found a broken one"),
        (animated, "found 2"),
        (bomb(20_000), "at most 50,000,000 points"),
        (bomb(9_000), "found 9,000 x 9,000"),
        (bytes(128) + b"DICM" + bytes(100), "found a DICOM file"),
    ],
    ids=["empty", "text", "cut png", "cut jpeg", "animated", "bomb", "large", "dicom"],
)
def test_what_is_no_image_is_refused_with_a_sentence(cell: bytes, says: str):
    assert says in images.wrong(cell)
    with pytest.raises(images.Unreadable, match=r"an image|one image"):
        images.read(cell, 28, 3)


def test_whatever_bytes_come_they_are_read_or_refused():
    random = np.random.default_rng(3)
    good = [saved(wedge), saved(wedge, "JPEG"), saved(wedge, "BMP"), saved(wedge, "TIFF"), animated, saved(wedge, "WEBP")]
    for at in range(400):
        cell = bytearray(good[at % len(good)])
        for place in random.integers(0, len(cell), 6):
            cell[place] = random.integers(0, 256)
        why = images.wrong(bytes(cell))
        assert why or len(images.read(bytes(cell), 8, 1)) == 75
