"""Marks: texts that may stand for a value that is not there, and whether they do in a column."""

import re

SURE = frozenset({
    "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "null", "NULL", "Null", "(null)", "\\N", "#VALUE!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "NaT", "nil",
})  # fmt: skip
"""Texts that stand for nothing wherever they are;"""
UNSURE = frozenset({"?", "NA", "-", "--", "---", "\u2013", "\u2014"})
"""those that do unless the other texts of the column are of their kind;"""
OF_NUMBERS = frozenset({
    ".", "..", "...", "*", "x", "X", "None", "none", "N.A.", "n.a.", "n.A.", "NAN", "missing", "Missing", "unknown", "Unknown", "k.A.", "k. A.", "n.v.", "nd", "ND", "N.D.", "n.d.",
    "not available", "not measured", "n/m",
})  # fmt: skip
"""and those that do among numbers, dates and times alone: elsewhere they are values."""
MARKS = SURE | UNSURE | OF_NUMBERS
OPPOSITES = frozenset("+-?!*#/=~<>")
SAME_KIND = 0.8
"""The share of a column's other values that are of a mark's kind for it to be one of them."""
AS_LARGE = 0.5
"""Among few values a mark that comes at least so often as the median of them is one of them."""
FEW_VALUES = 5


def of_texts(marks: dict[str, int], values: list[tuple[str, int]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The marks of a column of texts that stand for nothing, and those of which it is doubtful and that are kept.

    Args:
        marks: with how often each comes.
        values: different cells with how often they come, marks among them.
    """
    others = {text: count for text, count in values if text not in SURE and text not in UNSURE}
    missing = tuple(mark for mark in marks if mark in SURE)
    unsure = {mark: count for mark, count in marks.items() if mark in UNSURE}
    if len(others) < 2 <= len(others) + len(unsure) and not missing:
        return (), tuple(unsure)  # without them there would be one value alone
    kept = tuple(mark for mark in unsure if _like_others(mark, others) or _as_large(mark, dict(values).get(mark, 0), others))
    return (*missing, *(mark for mark in unsure if mark not in kept)), kept


def _like_others(mark: str, others: dict[str, int]) -> bool:
    """Whether the other texts are of the mark's kind: two letters among two-letter codes, one sign beside another."""
    if not others:
        return True
    if mark.isalpha():
        return sum(bool(re.fullmatch(r"[A-Z]{2}", text)) for text in others) >= SAME_KIND * len(others)
    signs = sum(len(text) <= len(mark) and set(text) <= OPPOSITES for text in others)
    return signs >= SAME_KIND * len(others) if len(others) > 2 else signs > 0


def _as_large(mark: str, count: int, others: dict[str, int]) -> bool:
    counts = sorted(others.values())
    return len(counts) <= FEW_VALUES and count >= AS_LARGE * counts[len(counts) // 2] and len(counts) >= 2
