"""Names for columns: Python's, Pandera's and SQL's all at once."""

import keyword
import re
from collections.abc import Iterable

from lifecycle.columns import RESERVED
from lifecycle.draft import transliteration

TAKEN = frozenset({"int", "float", "str", "bool", "bytes", "dt", "pa", "column", "rows", "pl"})
"""Names that the written schema uses itself."""
MAX_LENGTH = 40


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """For each name one that Python and Pandera take as an attribute and that differs from the others in more than its case."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        plain = wanted = _identifier(name)
        number = 1
        while plain.lower() in used:
            number += 1
            plain = f"{wanted}_{number}"
        used.add(plain.lower())
        found[name] = plain
    return found


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with as many `_` behind it as make it differ from the others in more than its case."""
    used = {each.lower() for each in taken}
    while name.lower() in used:
        name += "_"
    return name


def module_name(name: str) -> str:
    """A class name: `taxi_fare` is a `TaxiFare`."""
    return "".join(part.capitalize() for part in name.split("_")) or "Row"


def _identifier(name: str) -> str:
    plain = name if _fits(name) else _made(name)
    plain = plain if plain.isidentifier() else "column"
    return (
        f"{plain}_" if keyword.iskeyword(plain) or keyword.issoftkeyword(plain) or plain in TAKEN | _pandera() or plain.lower() in RESERVED else plain
    )


def _fits(name: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]\w*", name)) and transliteration.clear(name) and "__" not in name and len(name) <= MAX_LENGTH


def _made(name: str) -> str:
    """In Latin letters where they are easily had; all that is no letter or digit becomes `_`."""
    plain = transliteration.latin(name.replace("%", " percent ").replace("#", " number "))
    parts = [part for part in re.split(r"\W+|_+", plain) if part and transliteration.clear(part)]
    joined = "_".join(parts)[:MAX_LENGTH].strip("_").lower() or "column"
    return joined if joined[0].isalpha() else f"c_{joined}"


def _pandera() -> frozenset[str]:
    """What a schema has by itself: a column of such a name would hide it."""
    import pandera.polars as pa

    return frozenset(dir(pa.DataFrameModel)) | {"Config"}


def words(name: str) -> frozenset[str]:
    """The words of a name, in lower case: `TransactionID` and `transaction_id` are both `transaction` and `id`."""
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", name)
    return frozenset(re.findall(r"[^\W_]+", parted.lower())) | {re.sub(r"\W|_", "", name.lower())}
