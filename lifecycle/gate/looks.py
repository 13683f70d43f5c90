"""How often the gate has looked at rows, and what each look may err by.

A challenger that is no better than the champion is promoted by chance sooner or later, if it is only tried often enough. So the
looks under one champion share what they may err by together: `1 - Gate.confidence`, however many they are and whichever rows they
use. Two series that converge divide it:

- the i-th look at one *set of rows* takes `1 / (2 i (i - 1))` of what the first takes: together they take half as much again;
- the e-th set under one champion takes `1 / (3 e (e - 1))` of what the first takes: together they take a third again.

`3/2 * 4/3 = 2`, and the first look of all errs by `(1 - confidence) / 2` on the side that promotes (its interval has two sides), so all
of them err by at most `1 - confidence`. One series over all looks would keep that as well; two have more power where rows are renewed,
for the first look at new rows costs `1 / (3 e (e - 1))` and not `1 / (k (k - 1))` with k ten times e. Where rows are the same, nothing is lost to
the dependence between looks: each challenger brings its own errors, and a bound by sums (Bonferroni) is nearly sharp.

A look belongs to the set of rows that it shares at least half of its rows with, those that the set's first look used. So rows that grow are
a new set when they have doubled, and rows that move, when half of them have gone.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.json_model import JsonModel

if TYPE_CHECKING:
    from lifecycle.usecase import Gate

SAMPLE = 256
"""So many keys stand for all of a look: the share that two looks have in common is then known within 0.03."""
SAME = 0.5
"""The share of a look's rows from which on they are rows that were looked at before."""


class LookRows(JsonModel):
    """The rows of a look, as the ledger keeps them.

    Attributes:
        fingerprint: a hash of their keys, whatever their order.
        rows: how many.
        sample: the smallest hashes of their keys (a bottom-k sketch, Cohen and Kaplan 2007).
        began: the model version whose look was the first at this set of rows.
    """

    fingerprint: str
    rows: int = 0
    sample: tuple[str, ...] = ()
    began: int = 0

    @classmethod
    def of_text(cls, text: str) -> "LookRows":
        """As a ledger has it; one of before has the fingerprint alone."""
        return cls.from_json(text) if text.startswith("{") else cls(fingerprint=text)


@dataclass(frozen=True)
class PastLook:
    """A look of the ledger: which version was judged, against which champion, on which rows."""

    version: int
    champion: int | None
    rows: LookRows


@dataclass(frozen=True)
class Look:
    """Which look this is: the `number`-th at a set of rows, which is the `renewed`-th under the champion; `began`: see `LookRows`."""

    number: int = 1
    renewed: int = 1
    began: int = 0

    @property
    def share(self) -> float:
        """What this look may err by, as a share of what the first may."""
        again = 1.0 if self.number == 1 else 1 / (2 * self.number * (self.number - 1))
        return again * (1.0 if self.renewed == 1 else 1 / (3 * self.renewed * (self.renewed - 1)))

    def confidence(self, gate: "Gate") -> float:
        """The confidence of this look's interval."""
        return 1 - (1 - gate.confidence) * self.share

    def __str__(self) -> str:
        again = f"the {_ordinal(self.number)} look at these rows"
        return again if self.renewed == 1 else f"{again}, the {_ordinal(self.renewed)} set of rows under this champion"


def hashes(keys: Iterable[Any]) -> set[str]:
    """A hash of each key, the same on every machine."""
    return {hashlib.blake2b(str(key).encode(), digest_size=8).hexdigest() for key in keys}


def count(past: Sequence[PastLook], champion: int, keys: set[str]) -> Look:
    """Which look a comparison with a champion is.

    Looks at the same rows count whoever was champion then. A look that is kept without its rows (by a ledger of before) counts as one at the same
    rows if it was under the same champion.

    Args:
        past: all comparisons before, the oldest first.
        keys: the hashes of the keys of the rows to look at.
    """
    known = [each for each in past if each.rows.sample]
    bare = [each for each in past if not each.rows.sample and each.champion == champion]
    firsts = [each for each in known if each.rows.began == each.version]
    shares = {first.version: shared(first.rows, keys) for first in firsts}
    began = max(shares, key=lambda version: shares[version], default=0)
    if began and shares[began] < SAME:
        began = 0
    sets = list(dict.fromkeys(each.rows.began for each in known if each.champion == champion))
    number = 1 + len(bare) + sum(each.rows.began == began for each in known if began)
    return Look(number, (sets.index(began) if began in sets else len(sets)) + 1, began)


def shared(before: LookRows, keys: set[str]) -> float:
    """Which share of the rows with these hashed keys an earlier look used."""
    there = sum(each in keys for each in before.sample) / len(before.sample)
    return there * before.rows / len(keys) if keys else 0.0


def kept(keys: set[str], fingerprint: str, began: int) -> str:
    """The rows of a look, as the ledger keeps them."""
    return LookRows(fingerprint=fingerprint, rows=len(keys), sample=tuple(sorted(keys)[:SAMPLE]), began=began).model_dump_json()


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
