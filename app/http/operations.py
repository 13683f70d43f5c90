"""What makes predictions a service: the log, labels, keys, limits, metrics, explanations and the page, around one application."""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.http import explain, labels, page
from app.http.decisions import Decisions
from app.http.guard import Guard
from app.http.keys import ApiKeyAuth
from app.http.limits import Hosts, Limits, Origins
from app.http.logs import Log
from app.http.metrics import Metrics
from app.http.predict import Predict
from app.http.report import Reports, is_page
from app.http.responses import as_json
from lifecycle.prediction_log import ingest, segments
from lifecycle.prediction_log.labels import LabelLog
from lifecycle.prediction_log.predictions import PredictionLog
from lifecycle.serving.online_drift import OnlineDrift
from lifecycle.serving.predictor import Predictor
from lifecycle.settings import Settings
from lifecycle.store import versions
from lifecycle.usecase import UseCase

SOON = 0.1
"""Labels are taken into the lake within this share of the interval for predictions."""
SWEEP = 60.0
"""Seconds between two searches for garbage, such as a model that was replaced."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a service listens, and with whom."""

    host: str = "127.0.0.1"
    shut: bool = False
    """Whether a key is asked for even where there are none: the service listens beyond this machine."""
    workers: int = 1
    meeting: Path | None = None
    """A folder where the workers of one service add up their counts."""


class Operations:
    """The parts beside the predictions themselves. Made before the application, started and stopped with it."""

    def __init__(self, use_cases: Iterable[UseCase], at: Settings, place: Place | None = None) -> None:
        self.at, self.place = at, place or Place()
        answers = {use_case.name: use_case.kind.answer_schema for use_case in use_cases}
        self.names = list(answers)
        self.metrics = Metrics(self.names, self.place.meeting)
        self.journals = {
            name: PredictionLog(self._folder(name, "predictions"), name, fields, seconds=at.flush_seconds, encode=as_json)
            for name, fields in answers.items()
        }
        self.limits = Limits.of(at, self.place.workers)
        self._ledgers = {name: LabelLog(self._folder(name, "labels"), name) for name in self.names}
        self._log = Log(None if at.log == "stderr" else at.home / "logs")
        self._door = ApiKeyAuth(at, always=self.place.shut)
        self._drifting: dict[str, OnlineDrift] = {}
        self._stop, self._arrived = threading.Event(), False

    def guard(self) -> dict[str, Any]:
        """What the outermost layer is made of."""
        hosts = Hosts(self.at.allowed_hosts, self.place.host)
        return {
            "door": self._door, "hosts": hosts, "origins": Origins(self.at.cors_origins), "limits": self.limits,
            "metrics": self.metrics, "requests": self._log, "page": partial(is_page, frozenset(self.names)),
        }  # fmt: skip

    def join(self, application: Any, predicts: Mapping[str, Predict]) -> None:
        """Put the routes and the outermost layer on an application, and watch what is asked."""
        predictors = {name: predict.predictor for name, predict in predicts.items()}
        for name, predict in predicts.items():
            self._watch(name, predict)
        self.metrics.drifting = self._drifting
        self.metrics.probes.append(lambda: self._gauges(predictors, predicts))
        for router in self._routers(predictors):
            application.include_router(router)
        application.add_middleware(Guard, **self.guard())

    def _watch(self, name: str, predict: Predict) -> None:
        drifting = OnlineDrift(name, predict.predictor, self.metrics.spans, versions.artifact)
        columns = predict.predictor.use_case.columns.names

        def observe(version: int, features: pl.DataFrame) -> None:
            self.metrics.add("rows", (name,), features.height)
            drifting.observe(version, features)

        self._drifting[name], predict.predictor.observe = drifting, observe
        predict.rejected = lambda counts: self.metrics.rejected(name, counts, columns)

    def telling(self, further: Callable[..., None]) -> Callable[..., None]:
        """Takes what happens to models: counts it, logs it, and tells somebody else."""

        def tell(event: str, **facts: Any) -> None:
            self._told(event, **facts)
            further(event, **facts)

        return tell

    def _told(self, event: str, **facts: Any) -> None:
        name = str(facts.get("use_case", ""))
        if event in ("model swapped", "model not loaded"):
            self.metrics.add("swaps" if event == "model swapped" else "swap_failures", (name,))
        logging.getLogger("lifecycle.http").info(event, extra={"facts": facts})

    def start(self) -> None:
        """Read the keys, and begin to work beside the answers."""
        logger = logging.getLogger("lifecycle")
        logger.addHandler(self._log)
        logger.setLevel(logging.INFO)
        self._door.start()
        threading.Thread(target=self._beside, name="operations", daemon=True).start()

    def stop(self) -> None:
        """Write out all that waits. What is on the disk is taken into the lake by whoever comes next."""
        self._stop.set()
        self._door.stop()
        for part in (*self.journals.values(), *self._ledgers.values(), self.metrics):
            part.close()
        logging.getLogger("lifecycle").removeHandler(self._log)
        self._log.end()

    def _folder(self, use_case: str, segment: str) -> Path:
        return segments.place(self.at.home, use_case, segment)

    def _routers(self, predictors: Mapping[str, Predictor]) -> list[APIRouter]:
        turn = asyncio.Semaphore(explain.AT_ONCE)
        takers = {
            name: labels.Labels(predictor, self._ledgers[name], self.limits.rows, self.metrics, self._label_arrived)
            for name, predictor in predictors.items()
            if predictor.takes_labels
        }
        explainers = {name: explain.Explain(predictor, self.metrics, turn) for name, predictor in predictors.items() if predictor.explains}
        decisions = Decisions(self._door, self.at.approvers, self.place.host)
        deciding = decisions.routes({name: predictor.use_case for name, predictor in predictors.items()})
        reports = Reports(predictors, self.at, self._door, decisions).routes()
        asked = page.routes(predictors, self._drifting)
        return [labels.routes(takers), explain.routes(explainers), asked, deciding, reports, self._metrics_route()]

    def _metrics_route(self) -> APIRouter:
        router = APIRouter(tags=["state"])

        @router.get("/metrics", summary="Counts, durations and gauges for Prometheus", response_class=Response)
        def metrics() -> Response:
            return Response(self.metrics.render(), media_type=CONTENT_TYPE_LATEST)

        return router

    def _label_arrived(self) -> None:
        self._arrived = True

    def _beside(self) -> None:
        """Count what drifts, every second; take segments into the lake, at intervals."""
        swept = time.monotonic()
        taken = 0.0  # at once after a start: a service before this one may have been killed
        while not self._stop.is_set():
            for drifting in self._drifting.values():
                _quietly(drifting.count)
            since = time.monotonic() - taken
            if taken == 0 or since > self.at.intake_seconds or (self._arrived and since > self.at.intake_seconds * SOON):
                self._arrived = False
                for name in self.names:
                    _quietly(lambda name=name: ingest.take(name, self.at.home))
                taken = time.monotonic()
            if time.monotonic() - swept > SWEEP:
                gc.collect()
                swept = time.monotonic()
            self._stop.wait(min(1.0, self.at.intake_seconds * SOON))

    def _gauges(self, predictors: Mapping[str, Predictor], predicts: Mapping[str, Predict]) -> Iterable[tuple[str, tuple[str, ...], float]]:
        for name, predictor in predictors.items():
            journal, served = self.journals[name], predictor.served
            if served is not None:
                yield "model", (name, str(served.number), served.how), 1
            yield "ready", (name,), float(predictor.ready)
            yield "model_loading_failed", (name,), float(bool(predictor.load_error))
            yield "questions_waiting", (name,), predicts[name].micro_batch.waiting
            yield "journal_rows_waiting", (name,), len(journal)
            yield "journal_rows_written", (name,), journal.rows
            yield "journal_rows_dropped", (name,), journal.dropped
            yield "journal_failures", (name,), journal.failures
            for segment in ingest.KINDS:
                yield "segments_waiting", (name, segment), ingest.pending(name, segment, self.at.home)
            if predictor.recent is not None:
                yield "recent_rows", (name,), len(predictor.recent)
                yield "recent_rows_dropped", (name,), predictor.recent.asked.dropped
        yield "log_lines_lost", (), self._log.lost


def _quietly(work: Any) -> None:
    try:
        work()
    except Exception as error:  # an outage: what waits goes on waiting, the answers go on
        logging.getLogger("lifecycle.http").error("work beside the answers failed and is tried again", exc_info=error)
