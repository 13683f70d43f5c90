"""Micro-batching: questions that arrive while another is being answered are answered together, in one call."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from lifecycle.serving.predictor import Answers, Predictor

Cells = Mapping[str, list[Any]]
Question = tuple[Cells, int, "asyncio.Future[Answers]"]
TOGETHER = 512
"""At most so many rows are answered in one call; what is more waits for the next."""
QUIET, LONGEST_WAIT = 0.0002, 0.0015
"""Seconds without another question, and in all, that a question waits for as many as usually come together; one alone never waits."""
TURNS = 5
"""Quiet means more than so many turns of the loop too: time may have passed because a thread beside it held the interpreter."""
APART = 2_000
"""A request of so many rows is answered in a thread of its own, so that it holds nobody up."""


class MicroBatch:
    """Answers the questions of one use case. A question alone is answered at once.

    Clients that were answered together ask again together, a moment apart: so many as usual are waited for, as long as they
    keep coming. What is usual is the most of late: it falls by one with each round that is smaller.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: list[Question] = []
        self._usual, self._turns = 1, 0
        self._first = self._last = 0.0

    @property
    def waiting(self) -> int:
        """How many questions have no answer yet."""
        return len(self._waiting)

    async def ask(self, cells: Cells, rows: int) -> Answers:
        """The answers for rows of cells."""
        if rows >= APART:
            return await asyncio.to_thread(self._predictor.answer, cells)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answers] = loop.create_future()
        self._waiting.append((cells, rows, future))
        self._last, self._turns = time.perf_counter(), 0
        if len(self._waiting) == 1:
            self._first = self._last
            loop.call_soon(self._answer_when_quiet)
        return await future

    def _answer_when_quiet(self) -> None:
        """The loop's timers count whole milliseconds: it is asked again and again, and takes in what comes meanwhile."""
        now = time.perf_counter()
        self._turns += 1
        enough = now - self._first > LONGEST_WAIT or (now - self._last > QUIET and self._turns > TURNS)
        if len(self._waiting) < self._usual and not enough:
            asyncio.get_running_loop().call_soon(self._answer_when_quiet)
        else:
            self._answer()

    def _answer(self) -> None:
        taken = self._next()
        self._waiting = self._waiting[len(taken) :]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer)
        try:
            self._together(taken)
        except Exception:  # one of them cannot be answered: each for itself, so that the others are
            for one in taken:
                self._alone(one)
        self._usual = max(len(taken), self._usual - 1)

    def _next(self) -> list[Question]:
        rows = 0
        for at, (_, count, _) in enumerate(self._waiting):
            rows += count
            if rows > TOGETHER and at:
                return self._waiting[:at]
        return self._waiting

    def _together(self, taken: list[Question]) -> None:
        cells = taken[0][0]
        if len(taken) > 1:
            cells = {name: [cell for each, _, _ in taken for cell in each[name]] for name in cells}
        answers = self._predictor.answer(cells)
        start = 0
        for _, rows, future in taken:
            if not future.done():  # a client that has disconnected does not wait
                future.set_result(answers if len(taken) == 1 else answers.slice(start, rows))
            start += rows

    def _alone(self, one: Question) -> None:
        try:
            self._together([one])
        except Exception as error:
            if not one[2].done():
                one[2].set_exception(error)
