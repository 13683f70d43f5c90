"""What is watched of a free text: how long it is, and how many of its words are new. Its own values are nearly all different."""

from collections.abc import Mapping
from typing import Any

import polars as pl

WORDS = r"\w+"
VOCABULARY = 3_000
"""The most frequent words of the reference."""
READ = 20_000
"""Texts that a vocabulary is made from."""
LONGEST = 20_000
"""So many characters of a text are looked at: longer ones take no more memory than these."""


def fit(texts: pl.Series) -> dict[str, tuple[dict[str, Any], pl.Series]]:
    """The views of texts by name: as a profile keeps them (not yet their cells), and their values.

    Every second row teaches a vocabulary, the other rows another one, and each says how many words of the rows that did not teach it are
    not in it: of those that did, none would be. The first one is kept.
    """
    even = pl.int_range(len(texts), eager=True) % 2 == 0
    length: dict[str, Any] = {"view": "words"}
    unseen = [{"view": "unseen", "known": _vocabulary(texts.filter(half))} for half in (even, ~even)]
    found = [read(each, texts) for each in unseen]
    return {"words": (length, read(length, texts)), "unseen words": (unseen[0], found[1].zip_with(even, found[0]))}


def _vocabulary(texts: pl.Series) -> list[str]:
    words = _words(texts.head(READ)).explode().drop_nulls().rename("word")
    return words.value_counts().sort(["count", "word"], descending=[True, False])["word"].head(VOCABULARY).to_list()


def read(view: Mapping[str, Any], texts: pl.Series) -> pl.Series:
    """A view of the texts of rows, by what a profile keeps of it: the number of words, or the share of those that are not known."""
    words = _words(texts.cast(pl.String))
    if view["view"] == "words":
        return words.list.len().cast(pl.Float64)
    known = words.list.eval(pl.element().is_in(view["known"])).list.mean()
    return (1 - known).round(3).fill_nan(None)


def _words(texts: pl.Series) -> pl.Series:
    return texts.str.slice(0, LONGEST).str.to_lowercase().str.extract_all(WORDS)
