import datetime as dt
import json

import numpy as np
from rich.table import Table

from app.answer import to_json, to_text


def test_json_is_one_line_that_any_reader_accepts() -> None:
    line = to_json({"a": float("nan"), "b": np.float64(0.5), "c": dt.datetime(2026, 1, 2), "d": {"e": (1, None, True)}, "f": np.int64(3)})
    assert "\n" not in line
    assert json.loads(line) == {"a": None, "b": 0.5, "c": "2026-01-02T00:00:00", "d": {"e": [1, None, True]}, "f": 3}


def test_text_for_a_pipe_has_neither_colours_nor_blanks_at_the_ends() -> None:
    table = Table(box=None, expand=True)
    table.add_column("[red]head")
    table.add_row("[bold]cell")
    text = to_text(table)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
