"""Micro-batching: together where questions come together, each for itself where one cannot be answered."""

import asyncio
from typing import Any

import polars as pl
import pytest

from app.http.micro_batch import APART, MicroBatch
from lifecycle.serving.predictor import Answers


class Predictor:
    """Doubles what it is asked, and notes how much it was asked at a time."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def answer(self, cells: dict[str, list[Any]]) -> Answers:
        self.calls.append(len(cells["x"]))
        if -1 in cells["x"]:
            raise ValueError("not this one")
        return Answers("somebody", pl.DataFrame({"prediction": [2 * x for x in cells["x"]]}))  # type: ignore[arg-type]


def asked(predictor: Predictor, *questions: list[int]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        gather = MicroBatch(predictor)  # type: ignore[arg-type]
        return await asyncio.gather(*(gather.ask({"x": question}, len(question)) for question in questions), return_exceptions=True)

    return asyncio.run(all_at_once())


def test_questions_that_come_together_are_answered_in_one_call_each_with_its_own() -> None:
    predictor = Predictor()
    answers = asked(predictor, [1], [2, 3], [4])
    assert [answer.said["prediction"].to_list() for answer in answers] == [[2], [4, 6], [8]]
    assert predictor.calls == [4]


def test_a_question_that_cannot_be_answered_does_not_spoil_the_others() -> None:
    predictor = Predictor()
    first, wrong, last = asked(predictor, [1], [-1], [3])
    assert (first.said["prediction"].to_list(), last.said["prediction"].to_list()) == ([2], [6])
    with pytest.raises(ValueError, match="not this one"):
        raise wrong
    assert predictor.calls == [3, 1, 1, 1]


def test_no_call_is_larger_than_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.micro_batch.TOGETHER", 5)
    predictor = Predictor()
    answers = asked(predictor, *([[at] * 3 for at in range(5)]), [9] * 7)
    assert [answer.said["prediction"][0] for answer in answers] == [0, 2, 4, 6, 8, 18]
    assert max(predictor.calls) == 7
    assert sorted(predictor.calls)[:5] == [3] * 5


def test_a_long_request_holds_nobody_up() -> None:
    predictor = Predictor()
    long, short = asked(predictor, list(range(APART)), [1])
    assert long.said.height == APART
    assert short.said["prediction"].to_list() == [2]
    assert sorted(predictor.calls) == [1, APART]
