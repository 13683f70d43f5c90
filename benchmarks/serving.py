"""Serving beside its peers on the same model, interleaved: `python -m benchmarks.serving income [--seconds 8] [--bentoml PYTHON]`.

It needs wrk (a Debian package) and a home folder in which the use case has a champion. `mlflow models serve` and BentoML get
the model's inputs; our service gets raw rows, judges them by the schema, makes the features (with `fraud`: looks back), and
logs every prediction. `--bentoml` names the Python of a virtual environment with BentoML in it; without it BentoML is skipped.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECTIONS = (1, 8, 64)
BATCH = 100_000
BARE = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
"""
BENTO = """
import os, pickle, sys
import bentoml, cloudpickle, numpy as np, pandas as pd
@bentoml.service(workers=1)
class Model:
    def __init__(self) -> None:
        self.model = cloudpickle.load(open(os.environ["MODEL"], "rb"))
    @bentoml.api
    def predict(self, columns: list[str], data: list[list]) -> list[float]:
        return self.model.predict_proba(pd.DataFrame(data, columns=columns))[:, 1].tolist()
"""
LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies, at = {}, 0
for line in io.lines("%s") do bodies[#bodies + 1] = line end
function request()
  at = at %% #bodies + 1
  return wrk.format(nil, "%s", nil, bodies[at])
end
"""


@dataclass
class Server:
    """Something that answers."""

    name: str
    path: str
    bodies: list[str]
    command: list[str]
    environment: dict[str, str]
    ready: str
    process: Any = None
    port: int = 0

    def start(self) -> float:
        """Start it; returns the seconds until it was ready."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        began = time.perf_counter()
        command = [part.replace("PORT", str(self.port)) for part in self.command]
        self.process = subprocess.Popen(
            command, env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while time.perf_counter() - began < 120:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready}", timeout=5).read()
                return time.perf_counter() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise SystemExit(f"{self.name} did not come up")

    def stop(self) -> None:
        """End it and what it started, if it was started."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def family(self) -> list[Any]:
        """Its processes."""
        import psutil

        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def cpu(self) -> float:
        """The CPU seconds it has used."""
        return sum(sum(process.cpu_times()[:2]) for process in self.family())

    def memory(self) -> float:
        """Its resident memory in MiB."""
        return sum(process.memory_info().rss for process in self.family()) / 2**20


def main() -> None:
    """Measure, and print one line a server and number of connections."""
    options = arguments()
    if shutil.which("wrk") is None:
        raise SystemExit("serving: wrk is needed and not here; install it with 'apt-get install wrk'")
    sys.path.insert(0, str(Path.cwd()))
    with tempfile.TemporaryDirectory() as folder:
        servers = contestants(options, Path(folder))
        results: dict[tuple[str, int], list[dict[str, float]]] = {}
        try:
            for server in servers:
                print(f"{server.name}: ready in {server.start():.2f} s", flush=True)
            for _ in range(options.rounds):
                for connections in CONNECTIONS:
                    for server in servers:
                        results.setdefault((server.name, connections), []).append(load(server, connections, options.seconds, Path(folder)))
            memory = {server.name: server.memory() for server in servers}
        finally:
            for server in servers:
                server.stop()
    for (name, connections), found in results.items():
        middle = {key: sorted(each[key] for each in found)[len(found) // 2] for key in found[0]}
        print(
            f"{name:12} {connections:3} connections: {middle['rate']:9.0f} requests/s  p50 {middle['p50']:8.2f} ms  p99 {middle['p99']:8.2f} ms  "
            f"CPU {middle['cpu']:8.0f} us a request  {memory[name]:6.0f} MiB  errors {middle['errors']:.0f}"
        )
    batch(options.use_case)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("use_case")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bentoml", metavar="PYTHON", help="the Python of an environment with BentoML")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def contestants(options: argparse.Namespace, folder: Path) -> list[Server]:
    """The servers, each with requests of one row that it understands."""
    from lifecycle import registry
    from lifecycle.history import champion
    from lifecycle.predict import inputs
    from lifecycle.serving.requests import Reader
    from lifecycle.store import tracking
    from lifecycle.store.lake import lake
    from lifecycle.table import feature_table

    use_case = registry.find(options.use_case)
    version = champion(options.use_case)
    if version is None:
        raise SystemExit(f"serving: {options.use_case} has no champion here; run 'lifecycle run {options.use_case}' first")
    place = tracking.local(version.location)
    names = [column.name for column in Reader(use_case).columns]
    time_column = use_case.columns.one("time")
    order = f'ORDER BY "{time_column}" DESC' if time_column else ""
    raw = lake().frame(f"SELECT * FROM {use_case.name}.raw {order} LIMIT 2000").select(names)
    ours = [json.dumps({"rows": [row]}, default=lambda value: value.isoformat()) for row in fresh(use_case, raw.to_dicts())]
    X = inputs(use_case, version, feature_table.read(use_case, version.evaluated.trained.parts.features).X).head(2_000)
    table = [json.dumps({"dataframe_split": {"columns": X.columns, "data": [list(row)]}}) for row in X.iter_rows()]
    python, one = sys.executable, {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    (folder / "bare_asgi.py").write_text(BARE)
    bare = [python, "-m", "uvicorn", "bare_asgi:app", "--app-dir", str(folder), "--port", "PORT", "--no-access-log", "--log-level", "error"]
    serve = [python, "-m", "app.cli", "serve", use_case.name, "--port", "PORT", "--workers", str(options.workers)]
    mlflow = [
        python,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        str(place),
        "--env-manager",
        "local",
        "--port",
        "PORT",
        "--workers",
        str(options.workers),
    ]
    found = [
        Server("bare ASGI", "/", ours, bare, one, "/"),
        Server("lifecycle", f"/{use_case.name}/predict", ours, serve, one, "/ready"),
        Server("mlflow", "/invocations", table, mlflow, {**one, "PATH": f"{Path(python).parent}:{os.environ['PATH']}"}, "/ping"),
    ]
    if options.bentoml:
        (folder / "service.py").write_text(BENTO)
        rows = [json.dumps({"columns": X.columns, "data": [list(row)]}) for row in X.iter_rows()]
        command = [options.bentoml, "-m", "bentoml", "serve", "service:Model", "--port", "PORT", "--working-dir", str(folder)]
        found.append(Server("bentoml", "/predict", rows, command, {**one, "MODEL": f"{place}/model.pkl"}, "/readyz"))
    else:
        print("bentoml: skipped; name a Python that has it with --bentoml")
    return found


def fresh(use_case: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as if they were new: with keys that the lake does not have."""
    key = use_case.columns.one("key")
    if not key or not isinstance(rows[0][key], int):
        return rows
    return [{**row, key: row[key] + 10**12} for row in rows]


def load(server: Server, connections: int, seconds: int, folder: Path) -> dict[str, float]:
    """One run of wrk against a server."""
    bodies, script = folder / f"{server.name}.txt", folder / f"{server.name}.lua"
    bodies.write_text("\n".join(server.bodies))
    script.write_text(LUA % (bodies, server.path))
    before = server.cpu()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), f"http://127.0.0.1:{server.port}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = {line.split()[0]: line.split() for line in said.splitlines() if line.split()}
    requests = int(said.split(" requests in")[0].split()[-1])
    errors = [int(line.split()[-1]) for line in said.splitlines() if "Non-2xx" in line]
    return {
        "rate": float(lines["Requests/sec:"][1]),
        "p50": milliseconds(lines["50%"][1]),
        "p99": milliseconds(lines["99%"][1]),
        "cpu": (server.cpu() - before) / max(requests, 1) * 1e6,
        "errors": float(sum(errors)),
    }


def milliseconds(text: str) -> float:
    """What wrk prints as a time."""
    for unit, factor in (("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)


def batch(name: str) -> None:
    """Many rows through the compiled model, beside the pipeline's own predict_proba."""
    import polars as pl

    from lifecycle import registry
    from lifecycle.compiled.load import load as loaded
    from lifecycle.history import champion
    from lifecycle.predict import inputs, predict
    from lifecycle.store import models
    from lifecycle.table import feature_table

    use_case, version = registry.find(name), champion(name)
    assert version
    X = inputs(use_case, version, feature_table.read(use_case, version.evaluated.trained.parts.features).X)
    X = pl.concat([X] * (BATCH // X.height + 1)).head(BATCH)
    pipeline = models.load(version.run_id, version.sha256)
    fast, how = loaded(version, threads=os.cpu_count() or 1)
    ask = pipeline.predict if use_case.problem == "regression" else pipeline.predict_proba
    bare, ours = alternately(lambda: ask(X), lambda: predict(use_case, fast, X))
    print(f"{BATCH:,} rows: bare {bare:.3f} s, ours ({how}) {ours:.3f} s, x {bare / ours:.2f}")


def alternately(first: Callable[[], Any], second: Callable[[], Any], times: int = 7) -> tuple[float, float]:
    """The median seconds of two pieces of work done in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for work, seconds in zip((first, second), taken, strict=True):
            began = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - began)
    return sorted(taken[0])[times // 2], sorted(taken[1])[times // 2]


if __name__ == "__main__":
    main()
