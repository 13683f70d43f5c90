"""Collect: read a source, give every cell its declared type, stage the rows."""

from typing import TYPE_CHECKING

from lifecycle.references import Batch
from lifecycle.sources import spelling
from lifecycle.table import batch_reader

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def collect(use_case: "UseCase", source: str | None = None) -> Batch:
    """Read the rows of a use case (of `source` in place of its own) and stage them as typed Parquet.

    Of an incremental source only what is new; where that is nothing, the batch has no rows.

    Raises:
        LifecycleError: the source is not there, a declared column is missing from it, or it has one that the definition refuses.
    """
    return batch_reader.read(use_case, source)


def content_key(use_case: "UseCase", source: str | None) -> str | None:
    """What tells, without reading rows, that a source would give the same again; `None` where nothing can."""
    return spelling.chosen(use_case, source).content_key()
