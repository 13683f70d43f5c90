"""How a network for images is laid out: plain values, from which Keras layers and ONNX nodes are made alike.

A small residual network (He et al. 2016, "Deep Residual Learning for Image Recognition"): a first convolution that makes large images small, then
blocks of two convolutions with a way around them, the mean over all places, and one weighted sum for each class.
"""

from dataclasses import dataclass

BODY = 32
"""The first convolution makes an image no larger than so many points a side."""


@dataclass(frozen=True)
class Convolution:
    """One convolution with the normalisation after it."""

    name: str
    filters: int
    kernel: int
    stride: int


@dataclass(frozen=True)
class Block:
    """Two convolutions, and around them the input itself, or one convolution of a single point where the shape changes."""

    first: Convolution
    second: Convolution
    around: Convolution | None


@dataclass(frozen=True)
class Layout:
    """A whole network: from images of shape (height, width, channels) to one number for each class."""

    shape: tuple[int, int, int]
    stem: Convolution
    blocks: tuple[Block, ...]
    classes: int

    @property
    def convolutions(self) -> tuple[Convolution, ...]:
        """All of them, in the order in which weights are kept."""
        return (self.stem, *(each for block in self.blocks for each in (block.first, block.second, block.around) if each))

    @property
    def work(self) -> int:
        """Multiplications for one image, forwards."""
        side, channels = -(-self.shape[0] // self.stem.stride), self.shape[2]
        total = side * side * self.stem.kernel**2 * channels * self.stem.filters
        channels = self.stem.filters
        for block in self.blocks:
            side = -(-side // block.first.stride)
            total += side * side * block.first.filters * (9 * channels + 9 * block.second.filters + (channels if block.around else 0))
            channels = block.second.filters
        return total


def layout(shape: tuple[int, int, int], classes: int, width: int) -> Layout:
    """The network for images of a shape; `width` is the number of filters of its first convolution, doubled twice on the way."""
    stride = 1
    while -(-shape[0] // stride) > BODY:
        stride *= 2
    stem = Convolution("stem", width, 3 if stride == 1 else 2 * stride + 1, stride)
    blocks, before = [], width
    for number, (filters, step) in enumerate(((2 * width, 2), (4 * width, 2), (4 * width, 1))):
        name = f"block{number}"
        around = Convolution(f"{name}_around", filters, 1, step) if step > 1 or filters != before else None
        blocks.append(Block(Convolution(f"{name}_first", filters, 3, step), Convolution(f"{name}_second", filters, 3, 1), around))
        before = filters
    return Layout(shape, stem, tuple(blocks), classes)
