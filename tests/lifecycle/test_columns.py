"""What a schema may say of its columns."""

from typing import Any

import pandera.polars as pa
import pytest

from lifecycle.columns import columns
from lifecycle.errors import DefinitionError


@pytest.mark.parametrize("name", ["row_id", "ROW_ID", "begin_snapshot", "end_snapshot"])
def test_a_name_that_the_lake_keeps_for_itself_is_refused(name: str) -> None:
    reserved: Any = type("Reserved", (pa.DataFrameModel,), {"__annotations__": {name: int, "x": float}})
    with pytest.raises(DefinitionError, match=rf"for itself, found '{name}'; rename the column"):
        columns(reserved)
