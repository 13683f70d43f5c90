"""At random, group by group."""

from dataclasses import dataclass
from typing import ClassVar

from lifecycle.splits.hash_split import HashSplit


@dataclass(frozen=True)
class GroupSplit(HashSplit):
    """At random by a hash of the `group` column: no group is on two sides."""

    role: ClassVar[str] = "group"
