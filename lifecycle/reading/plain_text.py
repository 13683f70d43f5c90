"""Text files as DuckDB reads them: UTF-8, one kind of line end, uncompressed; what cannot be text is marked, line by line.

A file that is so already is read where it is. Any other is copied in a stream: memory holds a block at a time.
"""

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import file_types

BLOCK = 1 << 20
LONGEST_LINE = 16 << 20
BAD, QUOTE = "\ue5e0", "\ue5e1"
"""Put before a byte that is no text, and in place of a quote that is never closed: characters of nobody's alphabet."""
AGAIN, FOOTER = "\ue5e2", "\ue5e3"
"""Put before a header line that comes again, and before a line that stands under the table."""
SPOILT = b"\xff"
"""At the end of a line that holds one: no UTF-8, so that DuckDB rejects the line, with its number."""
CONTROL = bytes(set(range(2, 27)) - {8, 9, 10, 12, 13, 26})
"""Bytes of no text; 1 and 28 to 31 are some people's delimiters, and a crash leaves zeros at the end of a file."""
MOST_CONTROL, MOST_NULLS = 0.05, 0.6  # of the beginning; a file with more is no text


@dataclass
class Survey:
    """What a whole file looks like."""

    size: int = 0
    utf8: bool = True
    nulls: int = 0
    feeds: int = 0
    returns: int = 0
    pairs: int = 0
    head: bytes = b""

    @property
    def plain(self) -> bool:
        """Whether DuckDB can read it as it is."""
        return self.utf8 and not self.nulls and self.returns == self.pairs and self.pairs in (0, self.feeds)


def unpacked(path: Path, name: str, copy: Path) -> Path:
    """The file itself, or a copy without its compression.

    Raises:
        DataError: it is cut short, or broken.
    """
    how = file_types.packed(path)
    if not how:
        return path
    try:
        with _opened(path, how) as stream, copy.open("wb") as out:
            while block := stream.read(BLOCK):
                out.write(block)
    except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise DataError(f"the file {name} is compressed ({how}) and cut short or damaged ({error}); get it again") from None
    return copy


def plain(path: Path, name: str, encoding: str, copy: Path) -> Path:
    """The file itself where it is plain UTF-8 with one kind of line end, else such a copy.

    Args:
        path: an uncompressed text file.
        name: what it is called in an error.
        encoding: any that Python knows; empty: told by the content.
        copy: where a copy may be written.

    Raises:
        LifecycleError: it is no text, or the encoding does not exist.
    """
    survey = _survey(path)
    if survey.size == 0 or not survey.head.strip():
        raise DataError(f"the file {name} is empty; give one with a header line and rows")
    chosen = _known(encoding, name) if encoding else _guessed(path, survey, name)
    if chosen == "utf-8" and survey.plain:
        return path
    with path.open("rb") as stream, copy.open("wb") as out:
        for part in _lines(stream, chosen):
            out.write(part)
    return copy


def marked(path: Path, quotes: set[int], others: dict[int, str], copy: Path) -> Path:
    """A copy of a plain file in which some lines (from 1) are rejected: for a quote that is never closed, or for what `others` puts before them."""
    with path.open("rb") as stream, copy.open("wb") as out:
        for number, line in enumerate(stream, 1):
            if number in quotes or number in others:
                bare = line.rstrip(b"\r\n")
                line = (
                    others.get(number, "").encode() + (bare.replace(b'"', QUOTE.encode()) if number in quotes else bare) + SPOILT + line[len(bare) :]
                )
            out.write(line)
    return copy


def _opened(path: Path, how: str) -> Any:
    if how == "gz":
        return gzip.open(path)
    if how == "bz2":
        return bz2.open(path)
    if how == "xz":
        return lzma.open(path)
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")


def _survey(path: Path) -> Survey:
    found = Survey()
    decoder = codecs.getincrementaldecoder("utf-8")()
    last = b""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            found.head = found.head or block
            found.size += len(block)
            found.nulls += block.count(b"\0")
            found.feeds += block.count(b"\n")
            if b"\r" in block or last == b"\r":
                found.returns += block.count(b"\r")
                found.pairs += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
            last = block[-1:]
            found.utf8 = found.utf8 and _decodes(decoder, block)
    found.utf8 = found.utf8 and _decodes(decoder, b"", final=True)
    found.returns -= last == b"\r" and found.pairs == found.feeds == found.returns - 1  # cut in the middle of a line end
    return found


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _known(encoding: str, name: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise LifecycleError(f"the file {name} has encoding='{encoding}', which Python does not know; name one such as 'cp1252'") from None


def _guessed(path: Path, survey: Survey, name: str) -> str:
    """The encoding that a file's bytes speak for."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")):
        if survey.head.startswith(mark):
            return encoding
    if survey.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = survey.head[: 1 << 16]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if survey.nulls and sample[first::2].count(0) > 0.5 * len(sample[first::2]) and sample[1 - first :: 2].count(0) < 0.05 * len(sample):
            return encoding
    control = len(sample) - len(sample.translate(None, CONTROL))
    if control > MOST_CONTROL * len(sample) or sample.count(0) > MOST_NULLS * len(sample):
        raise DataError(f"the file {name} is no text: it holds bytes that no text has; give a CSV, JSON, Parquet, Excel or SQLite file")
    return "utf-8" if survey.utf8 or _mostly_utf8(path) else "cp1252"


def _mostly_utf8(path: Path, most: int = 100_000) -> bool:
    """Whether most of the lines beyond ASCII are UTF-8: then the others are broken; else the file has one byte a letter."""
    good = bad = 0
    with path.open("rb") as stream:
        while (good + bad < most) and (block := stream.read(BLOCK)):
            for line in block.split(b"\n"):
                if not line.isascii():
                    fits = _decodes(codecs.getincrementaldecoder("utf-8")(), line)
                    good, bad = good + fits, bad + (not fits)
    return good > bad


def _lines(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """A file as UTF-8 with line feeds, in parts that end with a line; spoilt lines marked."""
    codecs.register_error("lifecycle-mark", _marked)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("lifecycle-mark"), translate=True)
    rest: list[str] = []
    held = 0
    while True:
        block = stream.read(BLOCK)
        text = decoder.decode(block, final=not block)
        cut = text.rfind("\n") + 1
        if cut or held > LONGEST_LINE:
            yield _encoded("".join(rest) + text[:cut])
            rest, held = [], 0
        rest.append(text[cut:])
        held += len(text) - cut
        if not block:
            yield _encoded("".join(rest))
            return


def _encoded(text: str) -> bytes:
    if "\0" not in text and BAD not in text:
        return text.encode("utf-8", "replace")
    return b"\n".join(
        line.replace("\0", BAD + "\\x00").encode("utf-8", "replace") + SPOILT if "\0" in line or BAD in line else line.encode("utf-8", "replace")
        for line in text.split("\n")
    )


def _marked(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no text, as a person can read it."""
    assert isinstance(error, UnicodeDecodeError)
    return BAD + "".join(f"\\x{byte:02x}" for byte in error.object[error.start : error.end]), error.end
