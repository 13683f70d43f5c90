"""Where the questions of one use case are answered: cells in, predictions out, by the champion of the moment."""

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.prediction_log.labels import judged
from lifecycle.references import ModelVersion
from lifecycle.serving.entity_index import EntityIndex
from lifecycle.serving.examples import examples
from lifecycle.serving.feature_window import FeatureWindow, Older
from lifecycle.serving.loaded_model import LoadedModel, load
from lifecycle.serving.requests import Reader
from lifecycle.table.feature_table import compute

if TYPE_CHECKING:
    from lifecycle.store.lake import Lake
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class Answers:
    """What was said of rows, in their order, and by whom."""

    served: LoadedModel
    said: pl.DataFrame
    """As `lifecycle.predict.predict` returns it."""
    shadow: LoadedModel | None = None
    """A challenger that was asked too, unseen by the client."""
    shadow_said: pl.DataFrame | None = None

    def slice(self, start: int, rows: int) -> "Answers":
        """Those of some consecutive rows."""
        beside = None if self.shadow_said is None else self.shadow_said.slice(start, rows)
        return Answers(self.served, self.said.slice(start, rows), self.shadow, beside)


class Predictor:
    """Holds the champion of a use case. Answers come from one thread at a time; versions come from another."""

    looks_itself = False
    """Whether `look` reads what it needs of the lake."""
    explains = True
    """Whether answers are explained by contributions of inputs."""

    def __init__(self, use_case: "UseCase", older: Older) -> None:
        self.use_case = use_case
        self.reader = Reader(use_case)
        self.served: LoadedModel | None = None
        self.shadow: LoadedModel | None = None
        """The newest challenger, where it is asked too."""
        self.load_error = ""
        """Why the version that should answer does not; empty where it does."""
        self.wanted: int | None = None
        """The champion by the promotions ledger."""
        self.differences: tuple[str, ...] = ()
        """In what MLflow's registry says something else than the ledger; a sentence each."""
        self._older = older
        self.recent = FeatureWindow(use_case, older) if use_case.history else None
        self.warmed_up = self.recent is None
        """Whether the recent rows have been read from the lake."""
        self.observe: Callable[[int, pl.DataFrame], None] | None = None
        """Is told what a version was asked: its number and the model inputs."""
        self._loaded: dict[int, LoadedModel] = {}
        self._turn = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether it can answer, with whole windows."""
        return self.served is not None and self.warmed_up

    def answer(self, cells: Mapping[str, list[Any]]) -> Answers:
        """The champion's predictions for rows of cells, as the reader gives them.

        Raises:
            NoChampion: nobody can answer yet.
        """
        if self.served is None or not self.warmed_up:
            raise NoChampion(self.use_case.name, self.load_error)
        features = self.features(cells, remember=True)
        served = self.served
        if self.observe is not None:
            self.observe(served.number, features)
        said = served.predict(features)
        shadow = self.shadow
        if shadow is None or shadow.number == served.number:
            return Answers(served, said)
        try:
            return Answers(served, said, shadow, shadow.predict(features))
        except Exception:  # a challenger that cannot answer is no reason not to
            self.shadow = None
            return Answers(served, said)

    def features(self, cells: Mapping[str, list[Any]], *, remember: bool = False) -> pl.DataFrame:
        """The model inputs of rows of cells; `remember`: these rows are events for those that come after them."""
        if self.recent is None:
            return compute(self.use_case, self.reader.frame(cells))
        with self._turn:
            return self._looking_back(self.recent, cells, remember)

    def learn(self, labels: Mapping[str, tuple[Any, dt.datetime | None]]) -> None:
        """Take outcomes that became known: for a key (as text) its target and the moment."""
        if self.recent is not None:
            with self._turn:
                self.recent.learn(labels)

    @property
    def takes_labels(self) -> bool:
        """Whether clients can tell it what became of its answers."""
        return bool(self.use_case.target)

    def label_schema(self) -> tuple[dict[str, Any], str] | None:
        """One label as JSON Schema, and what is said of labels, where they are no targets of rows."""
        return None

    def judged(self, labels: Sequence[Any]) -> pl.DataFrame:
        """Labels of a request as the log of labels keeps them.

        Raises:
            Refused: some are not valid.
        """
        return judged(self.use_case, labels)

    def taught(self, good: pl.DataFrame, labels: Sequence[Any]) -> None:
        """Take labels that are safe by now; `labels`: as they were sent."""
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        moments = good["label_time"].to_list()
        self.learn({key: (label["target"], known or now) for key, label, known in zip(good["key"].to_list(), labels, moments, strict=True)})

    def look(self, store: "Lake") -> bool:
        """Read what it needs of the lake; whether there is nothing more to wait for."""
        return True

    def unknown(self, keys: pl.Series) -> pl.Series:
        """Which of these keys (as text) are of no row that is in memory."""
        if self.recent is None:
            return pl.repeat(False, len(keys), eager=True)
        with self._turn:
            return self.recent.unknown(keys)

    def remember(self, cells: Mapping[str, list[Any]]) -> int:
        """Take rows that somebody else was asked about as events. Returns how many."""
        if self.recent is None:
            return 0
        with self._turn:
            for part in _rounds(cells, self.use_case.columns.one("key")):
                self.recent.remember(part, {})
        return len(next(iter(cells.values())))

    def refresh(self, block: EntityIndex, floor: dt.datetime | None, *, ready: bool = True) -> None:
        """Take the lake's rows as they are now; `ready`: there is nothing more to be read before windows are whole."""
        if self.recent is not None:
            with self._turn:
                self.recent.replace(block, floor)
            self.warmed_up = self.warmed_up or ready

    def begin_anew(self, block: EntityIndex, floor: dt.datetime | None) -> None:
        """Let go of every row that was asked about: of some nothing may be known any more. Who calls reads the log again."""
        if self.recent is not None:
            made = FeatureWindow(self.use_case, self._older)
            made.replace(block, floor)
            with self._turn:
                self.recent = made

    def _looking_back(self, recent: FeatureWindow, cells: Mapping[str, list[Any]], remember: bool) -> pl.DataFrame:
        """Rows that share a key are one after the other, as if asked in several requests: the later replaces the earlier."""
        found: list[pl.DataFrame] = []
        for part in _rounds(cells, self.use_case.columns.one("key")):
            frame, known = recent.around(part)
            found.append(compute(self.use_case, frame).tail(len(part[self.reader.columns[0].name])))
            if remember:
                recent.remember(part, known)
        return found[0] if len(found) == 1 else pl.concat(found)

    def load(self, version: ModelVersion) -> LoadedModel:
        """Make a version ready beside the one that answers; one that is still in memory is taken as it is."""
        number = version.version
        if number not in self._loaded:
            self._loaded[number] = load(self.use_case, version, self.features(self.reader.cells(examples(self.reader))))
        return self._loaded[number]

    def activate(self, served: LoadedModel) -> None:
        """Let a version answer from now on."""
        self.served, self.load_error = served, ""

    def is_loaded(self, number: int) -> bool:
        """Whether a version is in memory."""
        return number in self._loaded

    def keep_only(self, numbers: Set[int | None]) -> None:
        """Let go of all versions but these and the one that answers."""
        answering = self.served.number if self.served else None
        self._loaded = {number: served for number, served in self._loaded.items() if number in numbers or number == answering}


def _rounds(cells: Mapping[str, list[Any]], key: str | None) -> list[Mapping[str, list[Any]]]:
    """Consecutive parts of the rows within which no key comes twice."""
    keys = cells[key] if key else []
    if len(set(keys)) == len(keys):
        return [cells]
    starts, seen = [0], set()
    for at, each in enumerate(keys):
        if each in seen:
            starts.append(at)
            seen = set()
        seen.add(each)
    ends = [*starts[1:], len(keys)]
    return [{name: column[start:end] for name, column in cells.items()} for start, end in zip(starts, ends, strict=True)]


class NoChampion(Exception):
    """Nobody can answer yet: there is no champion, or it cannot be loaded."""

    def __init__(self, use_case: str, wrong: str) -> None:
        super().__init__(wrong or f"use case '{use_case}' has no champion yet; run 'lifecycle run {use_case}', it is taken up by itself")
