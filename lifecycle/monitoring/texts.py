"""What is watched of a free text: how long it is, and how many of its words are new. Its own values are nearly all different."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

WORDS = r"\w+"
VOCABULARY = 3_000
"""The most frequent words of the reference."""
READ = 20_000
"""Texts that a vocabulary is made from."""


def named(use_case: "UseCase", X: pl.DataFrame) -> list[str]:
    """The inputs that are free texts."""
    return [name for name in use_case.columns.having("text") if name in X.columns and X[name].dtype == pl.String]


def fit(X: pl.DataFrame, names: list[str]) -> tuple[dict[str, dict[str, Any]], pl.DataFrame]:
    """The views of texts as a profile keeps them (not yet their cells), and their values.

    Every second row teaches a vocabulary, the other rows another one, and each says how many words of the rows that did not teach it are
    not in it: of those that did, none would be. The first one is kept.
    """
    views: dict[str, dict[str, Any]] = {}
    values: dict[str, pl.Series] = {}
    even = pl.int_range(X.height, eager=True) % 2 == 0
    for name in names:
        length: dict[str, Any] = {"text": name, "view": "words"}
        unseen = [{"text": name, "view": "unseen", "known": _vocabulary(X[name].filter(half))} for half in (even, ~even)]
        views |= {f"{name}: words": length, f"{name}: unseen words": unseen[0]}
        found = [read(each, X) for each in unseen]
        values |= {f"{name}: words": read(length, X), f"{name}: unseen words": found[1].zip_with(even, found[0])}
    return views, pl.DataFrame(values)


def _vocabulary(texts: pl.Series) -> list[str]:
    words = _words(texts.head(READ)).explode().drop_nulls().rename("word")
    return words.value_counts().sort(["count", "word"], descending=[True, False])["word"].head(VOCABULARY).to_list()


def read(view: Mapping[str, Any], X: pl.DataFrame) -> pl.Series:
    """A view of the texts of rows, by what a profile keeps of it: the number of words, or the share of those that are not known."""
    if view["text"] not in X.columns:
        return pl.repeat(None, X.height, dtype=pl.Float64, eager=True)
    words = _words(X[view["text"]].cast(pl.String))
    if view["view"] == "words":
        return words.list.len().cast(pl.Float64)
    known = words.list.eval(pl.element().is_in(view["known"])).list.mean()
    return (1 - known).round(3).fill_nan(None)


def _words(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().str.extract_all(WORDS)
