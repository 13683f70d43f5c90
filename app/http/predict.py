"""`POST /{use_case}/predict`: rows in, predictions out. A bare ASGI application, for every microsecond counts here."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson
import polars as pl

from app.http import multipart
from app.http.micro_batch import APART, MicroBatch
from app.http.parse import Refused, listed
from app.http.responses import Receive, Scope, Send, read, respond
from lifecycle.errors import LifecycleError
from lifecycle.serving.loaded_model import LoadedModel
from lifecycle.serving.predictor import Answers, NoChampion, Predictor
from lifecycle.serving.requests import RowsError

MOST_ROWS = 10_000
LARGE_BODY_BYTES = 100_000
"""A body of so many bytes is read, and its answer put together, in a thread of its own."""


class PredictionLog(Protocol):
    """Where predictions are remembered. `append` neither blocks nor fails."""

    def append(self, entries: Sequence[Mapping[str, Any]], /, size: int = 0) -> None:
        """Remember predictions; `size`: about how many bytes they take."""
        ...

    def room(self, rows: int, /) -> None:
        """Wait a while, if need be, until so many fit; for who answers many rows, in a thread of its own."""
        ...


class Predict:
    """Answers the predict requests of one use case, and tells the journal."""

    def __init__(self, predictor: Predictor, journal: PredictionLog | None, most_rows: int = MOST_ROWS) -> None:
        self.predictor, self.micro_batch = predictor, MicroBatch(predictor)
        self._journal, self._most_rows = journal, most_rows
        self.rejected: Callable[[Mapping[tuple[str | None, str], int]], None] | None = None
        """Is told of rows that the schema refuses: how many cells failed, by column and rule."""
        self._asked = [column.name for column in predictor.reader.columns]
        self._key = predictor.reader.key
        self._time = predictor.reader.time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        body = await read(receive)
        if body is None:
            return
        try:
            sent = next((value for name, value in scope["headers"] if name == b"content-type"), b"").decode("latin-1")
            if sent.lower().startswith(multipart.KIND):
                body = orjson.dumps({"rows": [multipart.row(sent, body)]})
            answer = await self.answer(body)
        except Refused as refused:
            await respond(send, refused.status, refused.content)
        else:
            await respond(send, 200, answer)

    async def answer(self, body: bytes) -> dict[str, Any]:
        """The answer to a request's body.

        Raises:
            Refused: it cannot be answered.
        """
        began = time.perf_counter()
        run = asyncio.to_thread if len(body) > LARGE_BODY_BYTES else _here  # what is large holds nobody up
        alone = self.predictor.reader.alone(body)
        rows = await run(self._rows, body) if alone is None else [alone]
        try:
            cells = await run(self.predictor.reader.cells, rows)
            answers = await self.micro_batch.ask(cells, len(rows))
        except RowsError as error:
            if self.rejected is not None:
                self.rejected(error.counts)
            raise Refused(422, str(error), error.failures) from None
        except LifecycleError as error:
            raise Refused(422, str(error)) from None
        except NoChampion as error:
            raise Refused(503, str(error)) from None
        predictions = await run(self._told, rows, cells, answers, began, len(body))
        predictions = self.predictor.reader.native(predictions)
        version = {"model_version": str(answers.served.number)}
        return {**version, "predictions": predictions} if alone is None else {**version, **predictions[0]}

    def _told(self, rows: list[dict[str, Any]], cells: Mapping[str, list[Any]], answers: Answers, began: float, size: int) -> list[dict[str, Any]]:
        """What was said, as the answer holds it; the journal is told."""
        predictions = _predictions(answers.served, answers.said)
        if self._journal is None:
            return predictions
        latency = time.perf_counter() - began
        if len(rows) >= APART:
            self._journal.room(len(rows))
        self._journal.append(self._entries(rows, cells, answers.served, predictions, latency), size)
        if answers.shadow is not None and answers.shadow_said is not None:
            beside = self._entries(rows, cells, answers.shadow, _predictions(answers.shadow, answers.shadow_said), latency)
            keys = [entry["key"] or said["id"] for entry, said in zip(beside, predictions, strict=True)]  # a label of the one is of both
            self._journal.append([{**entry, "key": key, "shadow": True} for entry, key in zip(beside, keys, strict=True)], size)
        return predictions

    def _rows(self, body: bytes) -> list[Any]:
        return listed(body, "rows", "{...}", self._most_rows)

    def _entries(
        self, rows: list[dict[str, Any]], cells: Mapping[str, list[Any]], served: LoadedModel, predictions: list[dict[str, Any]], latency: float
    ) -> list[dict[str, Any]]:
        """What the journal is told of each row."""
        keys = cells[self._key] if self._key else [None] * len(rows)
        times = cells[self._time] if self._time else [None] * len(rows)
        version = served.number
        return [
            said
            | {
                "key": None if key is None else str(key),
                "time": moment,
                "inputs": {name: row.get(name) for name in self._asked},
                "model_version": version,
                "latency_s": latency,
            }
            for said, row, key, moment in zip(predictions, rows, keys, times, strict=True)
        ]


async def _here(function: Any, *given: Any) -> Any:
    return function(*given)


def _predictions(served: LoadedModel, said: pl.DataFrame) -> list[dict[str, Any]]:
    """What a version said, as the answer holds it."""
    return served.write(said, [uuid.uuid4().hex for _ in range(said.height)])
