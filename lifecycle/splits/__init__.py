"""The ways to divide rows into train, tune and gate: one file a way, each an object that is asked and never named."""

from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.column_split import ColumnSplit
from lifecycle.splits.group_split import GroupSplit
from lifecycle.splits.hash_split import HashSplit
from lifecycle.splits.order_split import OrderSplit
from lifecycle.splits.published_split import PublishedSplit
from lifecycle.splits.split import Split
from lifecycle.splits.stratified_split import StratifiedSplit
from lifecycle.splits.time_split import TimeSplit
from lifecycle.splits.user_time_split import UserTimeSplit

__all__ = [
    "Boundaries", "ColumnSplit", "GroupSplit", "HashSplit", "OrderSplit", "PublishedSplit", "Split", "StratifiedSplit", "TimeSplit", "UserTimeSplit",
]  # fmt: skip
