"""Letters beyond ASCII: which may be taken for others, and how other scripts are written in Latin ones.

A linter refuses source code in which a word could be mistaken for another: signs that look like ASCII are escaped in
texts, and replaced by what they look like in comments.
"""

import re
import unicodedata
from collections.abc import Callable

from anyascii import anyascii

LIKE = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-",
    "\u2014": "-", "\u2015": "-", "\u2212": "-", "\u00d7": "x", "\u2044": "/", "\u2215": "/", "\u2217": "*", "\u2223": "|", "\u2022": "*",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2026": "...", "\u201c": "'", "\u201d": "'", "\u201e": "'",
})  # fmt: skip
ALIKE = frozenset(
    "\u0405\u0406\u0408\u0410\u0412\u0415\u0417\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u042c\u0430\u0431\u0433\u0435\u043e\u0440"
    "\u0441\u0443\u0445\u0455\u0456\u0458\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b3\u03b9"
    "\u03bd\u03bf\u03c1\u03c3\u03c5\u30ce\u3007"
)
"""Letters of Cyrillic, Greek and Japanese that look like ASCII."""
KEPT = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA")
"""Scripts that stay what they are: in Latin letters their words could not be told apart."""
PLAIN = ("LATIN", "CYRILLIC", "GREEK", *KEPT)


def latin(text: str) -> str:
    """A text in Latin letters without accents; Chinese, Japanese and Korean ones stay."""
    return "".join(map(_spelled, unicodedata.normalize("NFC", text)))


def clear(text: str) -> bool:
    """Whether every sign of a text is ASCII or a letter that stands for itself alone."""
    return all(sign.isascii() or _sure(sign) for sign in text) and unicodedata.normalize("NFKC", text) == text


def escaped(text: str) -> str:
    """The inside of a string literal: what could be mistaken for something else, or cannot be seen, by its number."""
    return _each_word(text, lambda sign: sign.encode("unicode_escape").decode())


def lookalike(text: str) -> str:
    """A text for a comment: what could be mistaken for something else, as that."""
    return _each_word(text.translate(LIKE), _seen)


def _seen(sign: str) -> str:
    plain = latin(sign)
    return plain if plain.isascii() and plain.isprintable() and (plain or unicodedata.combining(sign)) else "?"


def _each_word(text: str, change: Callable[[str], str]) -> str:
    return "".join(
        part if _safe(part) else "".join(sign if (sign.isascii() and sign.isprintable()) or _sure(sign) else change(sign) for sign in part)
        for part in re.split(r"(\W)", text)
    )


def _safe(word: str) -> bool:
    """Whether a word is safe as it is: it has a letter that no ASCII looks like, and none of a script that is not known here."""
    other = [sign for sign in word if not sign.isascii()]
    return any(_sure(sign) for sign in other) and all(_sure(sign) or sign in ALIKE for sign in other)


def _sure(sign: str) -> bool:
    if sign in ALIKE or not sign.isalpha() or unicodedata.normalize("NFKC", sign).isascii():
        return False
    script = _script(sign)
    return (
        script in PLAIN
        and (script != "LATIN" or ord(sign) < 0x180)
        and (script != "GREEK" or ord(sign) < 0x3D0)
        and (script != "CYRILLIC" or ord(sign) < 0x460)
    )


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").split(" ")[0]


def _spelled(sign: str) -> str:
    if sign.isascii() or _script(sign) in KEPT:
        return sign
    if unicodedata.category(sign)[0] in "LM":  # letters, and marks on them
        return "".join(filter(str.isalnum, anyascii(sign)))
    return "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
