"""Micro-batching: together where questions come together, each for itself where one cannot be answered."""

import asyncio
from typing import Any

import polars as pl
import pytest

from app.http.gather import APART, Gather
from lifecycle.online.desk import Answers


class Desk:
    """Doubles what it is asked, and notes how much it was asked at a time."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def answer(self, cells: dict[str, list[Any]]) -> Answers:
        self.calls.append(len(cells["x"]))
        if -1 in cells["x"]:
            raise ValueError("not this one")
        return Answers("somebody", pl.DataFrame({"prediction": [2 * x for x in cells["x"]]}))  # type: ignore[arg-type]


def asked(desk: Desk, *questions: list[int]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        gather = Gather(desk)  # type: ignore[arg-type]
        return await asyncio.gather(*(gather.ask({"x": question}, len(question)) for question in questions), return_exceptions=True)

    return asyncio.run(all_at_once())


def test_questions_that_come_together_are_answered_in_one_call_each_with_its_own() -> None:
    desk = Desk()
    answers = asked(desk, [1], [2, 3], [4])
    assert [answer.said["prediction"].to_list() for answer in answers] == [[2], [4, 6], [8]]
    assert desk.calls == [4]


def test_a_question_that_cannot_be_answered_does_not_spoil_the_others() -> None:
    desk = Desk()
    first, wrong, last = asked(desk, [1], [-1], [3])
    assert (first.said["prediction"].to_list(), last.said["prediction"].to_list()) == ([2], [6])
    with pytest.raises(ValueError, match="not this one"):
        raise wrong
    assert desk.calls == [3, 1, 1, 1]


def test_no_call_is_larger_than_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.gather.TOGETHER", 5)
    desk = Desk()
    answers = asked(desk, *([[at] * 3 for at in range(5)]), [9] * 7)
    assert [answer.said["prediction"][0] for answer in answers] == [0, 2, 4, 6, 8, 18]
    assert max(desk.calls) == 7
    assert sorted(desk.calls)[:5] == [3] * 5


def test_a_long_request_holds_nobody_up() -> None:
    desk = Desk()
    long, short = asked(desk, list(range(APART)), [1])
    assert long.said.height == APART
    assert short.said["prediction"].to_list() == [2]
    assert sorted(desk.calls) == [1, APART]
