"""Everything at once for some minutes, and whether the service grows: `python -m benchmarks.soak USE_CASE [--minutes 20]`.

It needs a home folder in which the use case has a champion. One service, two clients in turn: predictions, labels, explanations, cards,
metrics, pages, and mangled requests of `tests.abuse`. Every half minute its memory; at the end how fast that grew after the first third,
when all that is made once is there, and every answer that was a 5xx. It ends by itself.

Rows come of some thousand keys and some hundred entities, again and again: a row that the lake does not have is kept for the windows of those
after it (up to 256 MB), so that new keys for ever would show that bound and hide what must not grow.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from tests import abuse
from tests.lifecycle.servers import free_port

ROOT = Path(__file__).parents[1]
EVERY = 30.0
KEYS, ENTITIES = 4_000, 400
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(port: int, path: str, body: Any = None) -> tuple[int, bytes]:
    """The status and the answer of one request."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with OPENER.open(urllib.request.Request(f"http://127.0.0.1:{port}{path}", data), timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def start(use_case: str) -> "tuple[subprocess.Popen[bytes], int]":
    """A service of the use case, when it is ready."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LIFECYCLE_INTAKE_SECONDS": "10", "LIFECYCLE_CLIENT_SECONDS": "0.3"}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "serve", use_case, "--port", str(port)], cwd=ROOT, env=environment)
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            if ask(port, "/ready")[0] == 200:
                return process, port
        except OSError:
            time.sleep(0.2)
    process.terminate()
    sys.exit(f"the service of {use_case} was not ready within 120 s; has it a champion in LIFECYCLE_HOME?")


def rounds(
    port: int, use_case: str, row: dict[str, Any], pools: dict[str, int], target: Any, generator: random.Random, statuses: Counter[str]
) -> None:
    """A few requests of every sort. `pools`: how many values there are of some columns."""
    numbers = generator.sample(range(KEYS), 20)
    rows = [{**row, **{name: type(row[name])(10**8 + number % many) for name, many in pools.items()}} for number in numbers]
    asked: list[tuple[str, Any]] = [(f"/{use_case}/predict", {"rows": [each]}) for each in rows]
    asked += [(f"/{use_case}/predict", {"rows": rows}), (f"/{use_case}/explain", {"rows": rows[:1]})]
    asked += [(f"/{use_case}/labels", {"labels": [{"key": 10**8 + number, "target": target}]}) for number in numbers[:10]]
    asked += [(f"/{use_case}/{name}", None) for name in ("card", "model", "form")] + [("/metrics", None), ("/", None), ("/openapi.json", None)]
    for path, body in asked:
        statuses[f"{path.rpartition('/')[2] or 'page'} {ask(port, path, body)[0]}"] += 1
    for _ in range(10):
        statuses[f"mangled {abuse.ask(port, abuse.requests(use_case, row, generator), '', generator)[0]}"] += 1


def main() -> None:
    """Soak one service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("use_case")
    parser.add_argument("--minutes", type=float, default=20.0)
    options = parser.parse_args()
    process, port = start(options.use_case)
    try:
        form = json.loads(ask(port, f"/{options.use_case}/form")[1])
        row = {each["name"]: each["example"] for each in form["fields"] if not each["optional"]}
        known = [each for each in form["fields"] if each["name"] in row]
        pools = {each["name"]: many for role, many in (("key", KEYS), ("entity", ENTITIES)) for each in known if role in each["roles"]}
        target = (form.get("target", {}).get("enum") or [True])[0]
        memory, statuses, generator = [], Counter[str](), random.Random(1)
        began = looked = time.monotonic()
        watched = psutil.Process(process.pid)
        while (now := time.monotonic()) - began < options.minutes * 60:
            rounds(port, options.use_case, row, pools, target, generator, statuses)
            if now - looked >= EVERY or not memory:
                looked = now
                memory.append(((now - began) / 60, watched.memory_info().rss / 1e6))
                print(
                    f"{memory[-1][0]:6.1f} min  {memory[-1][1]:7.1f} MB  {sum(statuses.values()):9,} requests  {watched.num_fds()} files", flush=True
                )
        settled = [each for each in memory if each[0] >= memory[-1][0] / 3]
        span = max(settled[-1][0] - settled[0][0], 1e-9)
        wrong = {name: count for name, count in statuses.items() if name.rpartition(" ")[2].startswith("5") or name.endswith("hung")}
        print(json.dumps({"requests": sum(statuses.values()), "statuses": dict(sorted(statuses.items())), "wrong": wrong}, indent=1))
        print(f"after the first third: {settled[0][1]:.0f} to {settled[-1][1]:.0f} MB, {(settled[-1][1] - settled[0][1]) / span:+.2f} MB a minute")
        sys.exit(1 if wrong else 0)
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
