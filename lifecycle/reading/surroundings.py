"""What stands around a table in a sheet or a text file: titles over it, headers of two rows, footers under it.

A header is told by what it is not: the lines over it are narrower than the table, and the cells under it are of another kind than its own.
Where that is not so, nothing is passed over: a line too many is seen by who reads the quarantine, a line too few is lost.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[str]
"""The cells of a line, trimmed; an empty one is missing."""

LOOKED_AT = 60  # lines in which a table begins
FOOT = 8  # lines in which it ends
SHARE = 0.8  # of the lines under a header are as wide as it, of the cells under a name of one kind
NUMBER = re.compile(r"[-+(]?\s*[^\w\s]{0,2}\s*\d[\d.,'\u2019\s\u00a0\u202f]*(e[-+]?\d+)?\s*[^\w\s]{0,2}\)?-?", re.IGNORECASE)
MOMENT = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T\s]\d{1,2}:\d\d.*)?|\d{1,2}:\d\d(:\d\d.*)?", re.IGNORECASE)
YEAR = re.compile(r"(19|20)\d\d")
ENDS = frozenset((
    "total", "totals", "grand total", "subtotal", "sub-total", "sum", "sums", "average", "mean", "source", "sources", "note", "notes", "rows", "records",
    "end", "end of file", "end of report", "eof", "summe", "gesamt", "gesamtsumme", "insgesamt", "quelle", "somme", "totale", "suma", "totaal", "итого",
))  # fmt: skip
"""The first cells of lines under a table."""
REMARK = re.compile(
    r"(source|sources|note|notes|rows|row count|records|record count|count|exported|generated|printed|quelle|stand)\s*[:=].*", re.IGNORECASE
)


@dataclass(frozen=True)
class Start:
    """Where a table begins: the place of its header, from 0, and the names in it. Two rows of names are joined; the second is at `last`."""

    first: int
    last: int
    names: tuple[str, ...]


def width(rows: Sequence[Row]) -> int:
    """How many cells most lines of more than one have; 0: there are no such lines."""
    counted = Counter(len(row) for row in rows if len(row) > 1)
    return max(counted, key=lambda each: (counted[each], each)) if counted else 0


def start(rows: Sequence[Row], expects: frozenset[str] = frozenset()) -> Start | None:
    """Where the table begins; `None`: with the first line, as far as one can tell.

    Args:
        rows: the first lines of it, each a row of trimmed cells; blank lines have none.
        expects: names, in lower case, of which the header has at least half.
    """
    wide = width(rows)
    head = [place for place, row in enumerate(rows[:LOOKED_AT]) if any(row)]
    known = next((place for place in head if _expected(rows[place], expects)), None)
    sure = known is not None
    if known is None:
        known = next((place for place in head if len(rows[place]) == wide and _filled(rows[place]) > _thin(wide)), None)
    if known is None:
        return None
    found = _joined(rows, known, wide) or Start(known, known, tuple(rows[known]))
    over = [place for place in head if place < found.first]
    if not (sure or found.last > found.first or over) or not (
        sure or _over([rows[place] for place in over], found.names, rows[found.last + 1 :], wide)
    ):
        return None
    return found if over or found.last > found.first else None


def ends(rows: Sequence[Row], wide: int) -> list[int]:
    """The places of the lines at the end that are certainly no rows of the table: totals, sources, remarks.

    Args:
        rows: the last lines of a table, each a row of trimmed cells.
        wide: how many cells its rows have. Narrower lines are none, whatever they say, and are passed by.
    """
    found, place = [], len(rows) - 1
    last = max(len(rows) - FOOT, 1)
    while place >= last and (len(rows[place]) < wide or not any(rows[place]) or _is_end(rows[place], rows[:last])):
        if len(rows[place]) >= wide and any(rows[place]):
            found.append(place)
        place -= 1
    return found[::-1]


def _is_end(row: Row, above: Sequence[Row]) -> bool:
    """Whether a line is none of the rows above it: it says so, and is empty where they never are."""
    filled = [row[at] for at in _places(row)]
    if any(filled[0].lower() in map(str.lower, each) for each in above):  # some people's rows are called so
        return False
    empty = [at for at in range(len(row)) if not row[at]]
    if not any(all(at < len(each) and each[at] for each in above if any(each)) for at in empty):
        return False
    if REMARK.fullmatch(filled[0]):
        return len(filled) == 1
    return filled[0].rstrip(":").strip().lower() in ENDS and all(NUMBER.fullmatch(cell) for cell in filled[1:])


def _expected(row: Row, expects: frozenset[str]) -> bool:
    found = {cell.lower() for cell in row} & expects
    return len(found) >= max(2, len(expects) / 2)


def _filled(row: Row) -> int:
    return sum(bool(cell) for cell in row)


def _thin(wide: int) -> int:
    """So few filled cells can be a title, or a name and its value, and no header."""
    return max(1 if wide < 3 else 2, wide // 2)


def _over(titles: Sequence[Row], names: Row, under: Sequence[Row], wide: int) -> bool:
    """Whether lines are titles over a table with these names."""
    below = [row for row in under if any(row) and tuple(row) != tuple(names)]  # a header may come again
    if wide < 2 or len(below) < 2 or sum(len(row) == wide for row in below) < SHARE * len(below):
        return False
    if not titles:
        return True
    if not _names(names) or any(_filled(row) > _thin(wide) for row in titles):
        return False
    alike = {_places(row) for row in titles}
    looks = sum(_places(row) in alike for row in below[:-FOOT]) > 0.02 * len(below)  # rows of the table look like that, too
    if _kinds_differ(names, below):
        return not looks or all(_breaks(row, below) for row in titles)
    again = any(cell and any(place < len(row) and row[place] == cell for row in below) for place, cell in enumerate(names))
    return not looks and not again and all(_filled(row) == 1 for row in titles)


def _places(row: Row) -> tuple[int, ...]:
    return tuple(place for place, cell in enumerate(row) if cell)


def _breaks(row: Row, below: Sequence[Row]) -> bool:
    """Whether a cell of a line is a text where the column has numbers or moments."""
    return any(cell and not _typed(cell) and _of_kind(below, place) for place, cell in enumerate(row))


def _typed(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell))


def _of_kind(below: Sequence[Row], place: int) -> bool:
    """Whether most cells of a column are numbers or moments."""
    cells = [row[place] for row in below if place < len(row) and row[place]]
    return len(cells) > 1 and sum(map(_typed, cells)) >= SHARE * len(cells)


def _names(row: Row) -> bool:
    """Whether cells could be the names of columns: texts, each once, or years behind a text."""
    given = [cell.lower() for cell in row if cell]
    texts = [cell for cell in given if not NUMBER.fullmatch(cell) and not MOMENT.fullmatch(cell)]
    years = [cell for cell in given if YEAR.fullmatch(cell)]
    return bool(texts) and len(texts) + len(years) == len(given) and len(set(given)) == len(given)


def _kinds_differ(header: Row, below: Sequence[Row]) -> bool:
    """Whether there is a column with numbers or moments under a name that is neither."""
    years = [row for row in below if any(YEAR.fullmatch(cell) for cell in row)]
    return any(
        name and (not _typed(name) or (YEAR.fullmatch(name) and len(years) < len(below) / 2)) and _of_kind(below, place)
        for place, name in enumerate(header)
    )


def _joined(rows: Sequence[Row], known: int, wide: int) -> Start | None:
    """A header of two rows, the upper one over several of the lower: `Q1` over `Jan` and `Feb`."""
    for upper in (known - 1, known):
        if upper < 0 or upper + 2 >= len(rows):
            continue
        groups, names = rows[upper], rows[upper + 1]
        if len(groups) != wide or len(names) != wide or not _spans(groups, names) or not _kinds_differ_both(groups, names, rows[upper + 2 :]):
            continue
        found, group = [], ""
        for over, name in zip(groups, names, strict=True):
            group = over or (group if name else "")
            found.append(" ".join(filter(None, (group, name))))
        if all(found) and len({each.lower() for each in found}) == len(found):
            return Start(upper, upper + 1, tuple(found))
    return None


def _spans(groups: Row, names: Row) -> bool:
    """Whether cells of the upper row stand over several of the lower, or over an empty one, and none of both is a number."""
    over = [at for at, group in enumerate(groups) if group]
    wide = [at for at in over if at + 1 < len(groups) and not groups[at + 1] and names[at] and names[at + 1]]
    if len(over) < 2 or not wide or any(names[at] for at in over if at not in wide):
        return False
    return not any(cell and _typed(cell) and not YEAR.fullmatch(cell) for cell in (*groups, *names))


def _kinds_differ_both(groups: Row, names: Row, below: Sequence[Row]) -> bool:
    return _kinds_differ([over or name for over, name in zip(groups, names, strict=True)], [row for row in below if any(row)])
