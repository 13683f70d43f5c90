"""The shop of `benchmarks.kills`: a source that grows, two use cases that read it, and what its rows add up to."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

CASES = ("till", "tally")
"""The use cases: of the same rows, with a key (and read back a little, so that rows come again) and without one."""
FIRST, MORE = 2_000, 40
"""Rows that are there at first, and those that every round adds."""
CASE = '''"""Made by benchmarks/kills.py."""

import pandera.polars as pa

from lifecycle import ByColumn, File, Files, Gate, HashSplit, Monitoring, Tuning, UseCase, column, linear


class Sale(pa.DataFrameModel):
    """A made-up sale."""

    number: int = column({key}, ge=0)
    cents: int = column(ge=0, le=10_000)
    kind: str = column(isin=["a", "b", "c"])
    returned: bool = column("target", nullable=True)


def features(rows):
    return rows.select("cents", "kind")


use_case = UseCase(
    name="{name}", title="sales", problem="binary", schema=Sale, source=Files((File("sales.csv"),), incremental=ByColumn("number"{late})),
    features=features, split=HashSplit(), candidates=(linear(),), tuning=Tuning(trials=2), gate=Gate(rows=100),
    monitoring=Monitoring(window=400), bad_rows=0.5,
)
'''


@dataclass
class Shop:
    """A file of sales that only grows, and the sums that the lake has to show."""

    folder: Path
    random: random.Random
    rows: int = 0
    good: int = 0
    cents: int = 0
    bad: set[int] = field(default_factory=set)
    """The numbers of rows with a kind that there is not."""

    def open(self) -> None:
        """Write the definitions and the first rows."""
        (self.folder / "cases").mkdir(parents=True)
        (self.folder / "data").mkdir()
        for name, key, late in zip(CASES, ('"key"', '"ignored"'), (", late=20", ""), strict=True):
            (self.folder / "cases" / f"{name}.py").write_text(CASE.format(name=name, key=key, late=late))
        (self.folder / "data" / "sales.csv").write_text("number,cents,kind,returned\n")
        self.sell(FIRST)

    def sell(self, rows: int = MORE) -> None:
        """Add rows to the file, one in thirty of them bad."""
        with (self.folder / "data" / "sales.csv").open("a") as file:
            file.writelines(self._sale(number) for number in range(self.rows, self.rows + rows))
        self.rows += rows

    def _sale(self, number: int) -> str:
        cents, kind = self.random.randrange(10_000), self.random.choice("abc")
        returned = self.random.random() < (0.1 if kind == "a" else 0.1 + cents / 15_000)
        if self.random.random() < 1 / 30:
            self.bad.add(number)
            kind = "?"
        else:
            self.good, self.cents = self.good + 1, self.cents + cents
        return f"{number},{cents},{kind},{json.dumps(returned)}\n"
