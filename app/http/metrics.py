"""What `/metrics` says, in the format of Prometheus: the sum over all workers, whichever of them is asked."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.http.counters import BUCKETS, Counters
from lifecycle.serving.online_drift import NAME, OnlineDrift

COUNTERS = {
    "requests": ("Requests answered.", ("use_case", "route", "method", "status")),
    "rows": ("Rows predicted.", ("use_case",)),
    "rows_rejected": ("Cells that broke a rule of the schema.", ("use_case", "column", "rule")),
    "labels": ("Labels taken.", ("use_case",)),
    "swaps": ("Models taken into service.", ("use_case",)),
    "swap_failures": ("Champions that could not be loaded; the one before goes on.", ("use_case",)),
}
GAUGES: dict[str, tuple[str, tuple[str, ...], Any]] = {
    "model": ("The version that answers, by the workers that hold it.", ("use_case", "version", "how"), sum),
    "ready": ("Whether a champion is loaded, in all workers.", ("use_case",), min),
    "model_loading_failed": ("Whether the champion could not be loaded by some worker.", ("use_case",), max),
    "journal_rows_waiting": ("Predictions in memory, not yet on the disk.", ("use_case",), sum),
    "journal_rows_written": ("Predictions on the disk or in the lake since the start.", ("use_case",), sum),
    "journal_rows_dropped": ("Predictions that were not logged: the disk is too slow, or refuses.", ("use_case",), sum),
    "journal_failures": ("Writes of the log that the disk refused; they are tried again.", ("use_case",), sum),
    "segments_waiting": ("Files that wait to be taken into the lake, on this machine.", ("use_case", "kind"), max),
    "questions_waiting": ("Requests that wait for their turn to be predicted.", ("use_case",), sum),
    "recent_rows": ("Rows in memory for windows that look back.", ("use_case",), max),
    "recent_rows_dropped": ("Rows asked about that memory had no room for; windows miss them until the lake has them.", ("use_case",), sum),
    "log_lines_lost": ("Lines of the log of requests that could not be written.", (), sum),
}
DRIFT = {
    "input_psi": ("How far the inputs so far are from the training rows (population stability index).", ("use_case", "column")),
    "input_psi_limit": ("What that may be without being a drift.", ("use_case", "column")),
    "input_rows": ("Rows that the drift of inputs is computed from.", ("use_case",)),
}
SECONDS = {
    "request_seconds": ("Time until an answer was complete.", ("use_case", "route")),
    "answer_seconds": ("The same of requests for predictions that were not refused: to refuse is quick.", ("use_case", "route")),
}
ROUTES = ("predict", "explain", "labels", "model", "form", "card", "drift", "decisions", "overview.json")
PLAIN = ("/live", "/ready", "/metrics", "/docs", "/openapi.json", "/", "/ask", "/overview.json")


class Metrics(Counters):
    """Counts requests by use case and route, and renders all that is known."""

    def __init__(self, use_cases: Iterable[str] = (), folder: Path | None = None) -> None:
        super().__init__(folder)
        self.drifting: Mapping[str, OnlineDrift] = {}
        self._routes = {path: ("", path) for path in PLAIN} | {f"/{name}/{route}": (name, route) for name in use_cases for route in ROUTES}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Summed(self))

    def answered(self, path: str, method: str, status: int, seconds: float) -> None:
        """A request has been answered. What clients make up is one route: `other`."""
        use_case, route = self._routes.get(path) or ("", "page" if path.startswith("/page/") else "other")
        self.add("requests", (use_case, route, method if method in ("GET", "POST") else "other", str(status)))
        self.observe("request_seconds", (use_case, route), seconds)
        if status < 400 and route == "predict":
            self.observe("answer_seconds", (use_case, route), seconds)

    def rejected(self, use_case: str, counts: Mapping[tuple[str | None, str], int], columns: Iterable[str]) -> None:
        """Rows were refused: how many cells failed, by column and rule."""
        known = set(columns)
        for (column, rule), count in counts.items():
            self.add("rows_rejected", (use_case, column if column is not None and column in known else "other", rule[:80]), count)

    def render(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self._registry)


class _Summed(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The metrics of all workers together."""
        parts = self._metrics.all()
        counts = _by_name(parts, "counts", sum)
        for name, (text, labels) in COUNTERS.items():
            family = CounterMetricFamily(f"lifecycle_{name}", text, labels=labels)
            for values, value in counts.get(name, {}).items():
                family.add_metric(list(values), value)
            yield family
        for name, (text, labels, how) in GAUGES.items():
            gauge = GaugeMetricFamily(f"lifecycle_{name}", text, labels=labels)
            for values, value in _by_name(parts, "gauges", how).get(name, {}).items():
                gauge.add_metric(list(values), value)
            yield gauge
        for name in SECONDS:
            yield self._seconds(parts, name)
        yield from self._drift(parts)

    def _drift(self, parts: list[dict[str, Any]]) -> Iterator[Metric]:
        """From the counts of all workers, so that it is the drift of all that was asked."""
        families = {name: GaugeMetricFamily(f"lifecycle_{name}", text, labels=labels) for name, (text, labels) in DRIFT.items()}
        cells = _by_name(parts, "spans", _added).get(NAME, {})
        for use_case, drifting in self._metrics.drifting.items():
            effects = drifting.effects(cells)
            for column, found in effects.items():
                families["input_psi"].add_metric([use_case, column], found.psi)
                families["input_psi_limit"].add_metric([use_case, column], found.limit)
            families["input_rows"].add_metric([use_case], max((found.rows for found in effects.values()), default=0))
        yield from families.values()

    def _seconds(self, parts: list[dict[str, Any]], name: str) -> HistogramMetricFamily:
        text, labels = SECONDS[name]
        family = HistogramMetricFamily(f"lifecycle_{name}", text, labels=labels)
        spans = _by_name(parts, "spans", _added)
        for values, span in spans.get(name, {}).items():
            upto, buckets = 0.0, []
            for edge, count in zip([*map(str, BUCKETS), "+Inf"], span[:-1], strict=True):
                upto += count
                buckets.append((edge, upto))
            family.add_metric(list(values), buckets, span[-1])
        return family


def _added(several: list[list[float]]) -> list[float]:
    return several[0] if len(several) == 1 else [sum(column) for column in zip(*several, strict=True)]


def _by_name(parts: list[dict[str, Any]], kind: str, together: Any) -> dict[str, dict[tuple[str, ...], Any]]:
    found: dict[str, dict[tuple[str, ...], list[Any]]] = {}
    for part in parts:
        for name, labels, value in part[kind]:
            found.setdefault(name, {}).setdefault(tuple(labels), []).append(value)
    return {name: {labels: together(values) for labels, values in series.items()} for name, series in found.items()}
