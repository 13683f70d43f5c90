"""`lifecycle run fraud` beside a bare script that does the same work: CPU, wall and peak memory, as ratios of pairs.

The two are run in turn, A B A B, in processes of their own, so that a busy machine slows both. Tuning is off on both sides.
Usage: python benchmarks/pipeline.py [ROWS ...] [--pairs N]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
UNTUNED = """
import dataclasses
from lifecycle.usecase import Tuning
from usecases.fraud import use_case as fraud

use_case = dataclasses.replace(fraud, name="fraud_untuned", tuning=Tuning(trials=0))
"""
HOLD = "from app import environment, prefect_server; from lifecycle.settings import settings; at = settings(); environment.prepare(at); prefect_server.wait(at, prefect_server.start(at)); print('up', flush=True); input()"


@dataclass
class Cost:
    """What a process and its children took."""

    wall: float
    cpu: float
    peak: float
    said: dict[str, Any]


def measured(command: list[str], environment: dict[str, str]) -> Cost:
    """Run a command; its last line of output is JSON."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    errors: list[str] = []
    draining = threading.Thread(target=lambda: errors.extend(process.stderr or []))
    draining.start()
    began = time.perf_counter()
    out = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    draining.join()
    if status:
        sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}: {chr(10).join(errors[-20:])}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(out.strip().splitlines()[-1]))


def ratios(name: str, pairs: list[tuple[Cost, Cost]]) -> None:
    """One line for each figure: both medians, and the median of the ratios pair by pair."""
    for figure in ("wall", "cpu", "peak"):
        values = [(getattr(ours, figure), getattr(bare, figure)) for ours, bare in pairs]
        ratio = [ours / bare for ours, bare in values]
        unit = "MiB" if figure == "peak" else "s"
        ours, bare = (statistics.median(side) for side in zip(*values, strict=True))
        print(
            f"{name:>10} {figure:>5}: {ours:8.1f} {unit} against {bare:8.1f} {unit}   x {statistics.median(ratio):.2f}  ({min(ratio):.2f} to {max(ratio):.2f})"
        )


def compare(rows: int, pairs: int, folder: Path) -> None:
    """Interleaved pairs at one size, a Prefect server running; every run of ours has a lake of its own to fill."""
    (folder / "cases").mkdir(exist_ok=True)
    (folder / "cases" / "fraud_untuned.py").write_text(UNTUNED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LIFECYCLE_USECASES": str(folder / "cases"), "LIFECYCLE_HOME": str(folder / "home")}
    ours = [sys.executable, "-m", "app.cli", "run", "fraud_untuned", "--json", "--source", f"rows={rows},days=150"]
    found: list[tuple[Cost, Cost]] = []
    again: list[Cost] = []
    for pair in range(pairs + 1):
        shutil.rmtree(folder / "home", ignore_errors=True)
        server = subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdout
        server.stdout.readline()
        first = measured(ours, environment)
        again.append(measured(ours, environment))
        server.communicate("\n")
        bare = measured([sys.executable, str(ROOT / "benchmarks" / "bare.py"), str(rows), str(folder / f"bare{pair}")], environment)
        shutil.rmtree(folder / f"bare{pair}", ignore_errors=True)
        if pair:  # the first pair warms the file cache and is not counted
            found.append((first, bare))
    ratios(f"{rows:,}", found)
    for stage in found[0][0].said["seconds"]:
        mine = statistics.median(ours.said["seconds"][stage] for ours, _ in found)
        floor = statistics.median(bare.said["seconds"].get(stage, 0.0) for _, bare in found)
        print(f"{'':>10} {stage:>9}: {mine:6.2f} s against {floor:6.2f} s")
    unchanged = [cost.wall for cost in again[1:]]
    share = statistics.median(unchanged) / statistics.median(cost.wall for cost, _ in found)
    stages = {len(cost.said["seconds"]) - len(cost.said["cached"]) for cost in again}
    print(f"{'':>10} unchanged: {statistics.median(unchanged):.1f} s, {share:.0%} of the first run, stages run: {max(stages)}\n")


def main() -> None:
    """Every size asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            compare(rows, options.pairs, Path(folder))


if __name__ == "__main__":
    main()
