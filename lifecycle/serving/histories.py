"""The desk of a recommender: histories that have grown since the model was fitted, from the lake and from what clients tell."""

import datetime as dt
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.models.interactions import LIKED, MANY, SEEN
from lifecycle.prediction_log import feedback
from lifecycle.references import ModelVersion
from lifecycle.serving.loaded_model import LoadedModel, load
from lifecycle.serving.predictor import Predictor
from lifecycle.serving.questions import QuestionReader
from lifecycle.store import tables
from lifecycle.store.lake import Lake, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MOST_EVENTS = 1_000_000
"""So many events are remembered beside the model, the newest; the next model has learnt them."""


class HistoryPredictor(Predictor):
    """Answers by histories: what the model was fitted on of a user, and what has come since."""

    looks_itself = True
    explains = False  # the reasons are part of the answer

    def __init__(self, use_case: "UseCase", older: Any) -> None:
        super().__init__(use_case, older)
        self.reader: Any = QuestionReader(use_case)
        self._user, self._item = (use_case.columns.one(role) or "" for role in ("user", "item"))
        self._news: OrderedDict[tuple[Any, Any], bool] = OrderedDict()
        self._of: dict[Any, dict[Any, bool]] = {}
        self._guard = threading.Lock()
        self._batch: int | None = None
        self._told: dt.datetime | None = None

    @property
    def takes_labels(self) -> bool:
        """Events."""
        return True

    def features(self, cells: Mapping[str, list[Any]], *, remember: bool = False) -> pl.DataFrame:
        """Questions as the model takes them: the histories where there is news, else nothing but the user."""
        liked, seen = [], []
        for user, items in zip(cells["user"], cells["items"], strict=True):
            one, other = self._history(user, items)
            liked.append(one)
            seen.append(other)
        lists = pl.List(self.use_case.columns[self._item].dtype)
        return pl.DataFrame(
            {
                self._user: pl.Series(cells["user"], dtype=self.use_case.columns[self._user].dtype),
                LIKED: pl.Series(liked, dtype=lists),
                SEEN: pl.Series(seen, dtype=lists),
                MANY: pl.Series(cells["k"], dtype=pl.Int64),
            }
        )

    def _history(self, user: Any, items: list[Any] | None) -> tuple[list[Any] | None, list[Any] | None]:
        with self._guard:
            news = dict(self._of.get(user, ())) if user is not None else {}
        if items is None and not news:
            return None, None
        own = ([], []) if user is None or self.served is None else _known(self.served.model, self._user, user)
        if items is not None:
            return items, [*items, *own[1], *news]
        return [*own[0], *(item for item, fine in news.items() if fine)], [*own[1], *news]

    def load(self, version: ModelVersion) -> LoadedModel:
        """Made ready on a question that nobody asks."""
        number = version.version
        if number not in self._loaded:
            cells = self.reader.cells(self.reader.examples())
            self._loaded[number] = load(self.use_case, version, self.features(cells))
        return self._loaded[number]

    # What has come

    def label_schema(self) -> tuple[dict[str, Any], str]:
        """An event."""
        user, items, _ = (dict(column.described) for column in self.reader.columns)
        moment = {"type": "string", "format": "date-time", "description": "When it was, by ISO 8601 in UTC; left out: now."}
        rating = self.use_case.columns.one("rating")
        bounds = self.use_case.columns[rating].bounds if rating else (None, None)
        scale = {name: bound for name, bound in zip(("minimum", "maximum"), bounds, strict=True) if bound is not None}
        properties = {"user": user, "item": items["items"], **({"rating": {"type": "number", **scale}} if rating else {}), "time": moment}
        event = {"type": "object", "properties": properties, "required": ["user", "item"], "additionalProperties": False}
        return (
            event,
            "What a user did: an event that moves the next answer, and that the next ingest takes. A key stands for the user, a target for the item.",
        )

    def judged(self, labels: Sequence[Any]) -> pl.DataFrame:
        """Events that clients tell, as the log of labels keeps them."""
        return feedback.judged(self.use_case, labels)

    def taught(self, good: pl.DataFrame, labels: Sequence[Any]) -> None:
        """Let events that are safe move the next answer."""
        self._take([json.loads(each) for each in good["target"]])

    def look(self, store: Lake) -> bool:
        """Read what the lake has beyond the model; whether there is a model to go on from."""
        served = self.served
        if served is None:
            return False
        name = self.use_case.name
        if self._batch is None:
            self._batch = served.version.evaluated.trained.parts.features.snapshot.batch
        newest = int(store.value(f"SELECT max(batch) FROM {name}.batches") or 0)
        if newest > self._batch:
            rating = self.use_case.columns.one("rating")
            columns = ", ".join(quoted(each) for each in (self._user, self._item, *([rating] if rating else [])))
            rows = store.frame(f"SELECT {columns} FROM {name}.raw WHERE _batch > ? ORDER BY _batch DESC LIMIT {MOST_EVENTS}", [self._batch])
            self._take(rows.rename({self._user: "user", self._item: "item", **({rating: "rating"} if rating else {})}).rows(named=True)[::-1])
            self._batch = newest
        if tables.exists(store, name, "labels"):
            since = "WHERE received_at > ?" if self._told else ""
            sent = store.frame(
                f"SELECT target, received_at FROM {name}.labels {since} ORDER BY received_at DESC LIMIT {MOST_EVENTS}",
                [self._told] if self._told else [],
            )
            self._take([json.loads(each) for each in sent["target"][::-1]])
            self._told = sent["received_at"].max() or self._told  # pyright: ignore[reportAttributeAccessIssue]
        return True

    def _take(self, events: Sequence[Mapping[str, Any]]) -> None:
        least = self.use_case.kind.liked_from(self.use_case)  # pyright: ignore[reportAttributeAccessIssue]
        with self._guard:
            for event in events:
                user, item, rating = event["user"], event["item"], event.get("rating")
                fine = least is None or rating is None or rating >= least
                fine = self._of.setdefault(user, {}).get(item, False) or fine
                self._of[user][item] = self._news[user, item] = fine
                self._news.move_to_end((user, item))
                while len(self._news) > MOST_EVENTS:
                    (whose, what), _ = self._news.popitem(last=False)
                    del self._of[whose][what]
                    if not self._of[whose]:
                        del self._of[whose]


def _known(model: Any, name: str, user: Any) -> tuple[list[Any], list[Any]]:
    """The ids of what a model knows that a user liked, and had."""
    at = model.known_.user_position(user)
    if at < 0:
        return [], []
    tables = (model.known_.liked, model.known_.seen)
    found = [model.known_.items.gather(np.asarray(table.indices[table.indptr[at] : table.indptr[at + 1]])).to_list() for table in tables]
    return found[0], found[1]
