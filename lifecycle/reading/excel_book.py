"""What DuckDB does not say of an Excel book: its sheets, and which columns hold days and times, which are stored as numbers."""

import re
import zipfile
from itertools import islice
from pathlib import Path
from posixpath import join, normpath
from typing import Any, Literal
from xml.etree import ElementTree

Moment = Literal["day", "time"]
BLOCK, OVERLAP = 1 << 20, 1 << 10
WIDTH_READ = 8 << 20  # bytes of a sheet that tell how wide it is
CELL, ROW = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Z]{1,3})\d+"'), re.compile(rb'<(?:\w+:)?row [^>]*?\br="(\d+)"')
LOOKED_AT = 5_000  # rows that tell what a column holds
DAY: Moment = "day"
TIME: Moment = "time"
BUILT_IN: dict[int, Moment] = {**dict.fromkeys((14, 15, 16, 17, 22), DAY), **dict.fromkeys((18, 19, 20, 21, 45, 46, 47), TIME)}


def sheets(path: Path) -> dict[str, str]:
    """The sheets of a book in order, with the file of each inside it."""
    with zipfile.ZipFile(path) as archive:
        places = {each.attrib["Id"]: each.attrib["Target"] for each in _root(archive, "xl/_rels/workbook.xml.rels")}
        found = [each for each in _root(archive, "xl/workbook.xml").iter() if each.tag.endswith("}sheet")]
        ids = {each.attrib["name"]: next(value for name, value in each.attrib.items() if name.endswith("}id")) for each in found}
    return {name: places[each].lstrip("/") if places[each].startswith("/") else normpath(join("xl", places[each])) for name, each in ids.items()}


def moments(path: Path, sheet: str) -> dict[str, Moment]:
    """The columns, as letters, whose numbers are formatted as days or times."""
    found: dict[str, Moment] = {}
    with zipfile.ZipFile(path) as archive:
        styles = _styles(archive)
        if not any(styles) or sheet not in archive.namelist():
            return found
        with archive.open(sheet) as stream:
            rows = (each for _, each in ElementTree.iterparse(stream) if each.tag.endswith("}row"))
            for row in islice(rows, LOOKED_AT):
                for cell in row:
                    style = int(cell.attrib.get("s", 0))
                    if cell.attrib.get("t", "n") == "n" and len(cell) and style < len(styles) and (kind := styles[style]):
                        found.setdefault(re.sub(r"\d", "", cell.attrib.get("r", "")), kind)
                row.clear()
    return found


def extent(path: Path, sheet: str) -> str:
    """The cells that a sheet has, as a range from its first row on; empty where the cells do not say where they are."""
    columns, rows, read, rest = set[bytes](), 0, 0, b""
    with zipfile.ZipFile(path) as archive, archive.open(sheet) as stream:
        while block := stream.read(BLOCK):
            text = rest + block
            if read < WIDTH_READ:
                columns.update(CELL.findall(text))
            for found in ROW.finditer(text, max(len(text) - BLOCK - OVERLAP, 0)):
                rows = max(rows, int(found[1]))
            read, rest = read + len(block), text[-OVERLAP:]
    if not columns or not rows:
        return ""
    order = sorted(columns, key=lambda each: (len(each), each))
    return f"{order[0].decode()}1:{order[-1].decode()}{rows}"


def from_1904(path: Path) -> bool:
    """Whether the days of a book are counted from 1904, as old Macintosh books do."""
    with zipfile.ZipFile(path) as archive:
        found = [each for each in _root(archive, "xl/workbook.xml").iter() if each.tag.endswith("}workbookPr")]
    return any(each.attrib.get("date1904") in ("1", "true") for each in found)


def _styles(archive: zipfile.ZipFile) -> list[Moment | None]:
    """For each style of cells: whether it shows a number as a day, as a time, or as a number."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    root = _root(archive, "xl/styles.xml")
    own: dict[int, Moment | None] = {
        int(each.attrib["numFmtId"]): _shown(each.attrib.get("formatCode", "")) for each in root.iter() if each.tag.endswith("}numFmt")
    }
    cells = next((each for each in root if each.tag.endswith("}cellXfs")), [])
    formats = [int(each.attrib.get("numFmtId", 0)) for each in cells]
    return [own.get(each, BUILT_IN.get(each)) for each in formats]


def _shown(code: str) -> Moment | None:
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", code.lower())
    if re.search(r"[yd]", bare):
        return "day"
    return "time" if re.search(r"[hs]", bare) else None


def _root(archive: zipfile.ZipFile, name: str) -> Any:
    return ElementTree.fromstring(archive.read(name))
