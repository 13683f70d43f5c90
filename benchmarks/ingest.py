"""The same deduplicated incremental load by Lifecycle, by bare DuckDB SQL and by dlt: rows a second, and peak memory.

Each loads a CSV file of 20 columns in which one row in a hundred comes twice, then a file of 1 % as many rows, half of which are
there already. They run in turn, A B C A B C, in processes of their own. Imports and an open database are not counted; memory is
that of the process with its children, and for Lifecycle with PostgreSQL. dlt gets a virtual environment of its own where --dlt
asks for it. Usage: python benchmarks/ingest.py [ROWS ...] [--pairs N] [--dlt] [--features] [--keep FOLDER]
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
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
MIB = 1 << 20
PEER = "dlt[duckdb]==1.*"
DLT = """
import json, os, sys, time
import dlt, duckdb, pyarrow.csv as csv
folder, *files = sys.argv[1:]
pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb(f"{folder}/dlt.duckdb"), dataset_name="shop", pipelines_dir=f"{folder}/dlt")
def rows(file):
    for batch in csv.open_csv(file):
        yield batch
said = {}
for name, file in zip(("base", "increment"), files):
    began, spent = time.perf_counter(), sum(os.times()[:4])
    pipeline.run(dlt.resource(rows(file), name="raw", primary_key="id", write_disposition="merge"))
    said[name], said[f"{name}_cpu"] = time.perf_counter() - began, sum(os.times()[:4]) - spent
con = duckdb.connect(f"{folder}/dlt.duckdb")
said["rows"] = con.sql("SELECT count(*) FROM shop.raw").fetchone()[0]
print(json.dumps(said))
"""


def ours(folder: Path, files: list[Path], features: bool) -> dict[str, Any]:
    """Collect and validate, with Pandera's checks; and the feature table where it is asked for."""
    os.environ |= {"LIFECYCLE_HOME": str(folder / "home")}
    from benchmarks.sales import use_case as definition

    use_case = definition()
    import pandera.polars  # noqa: F401 (imports are not counted)

    from lifecycle.stages.collect import collect
    from lifecycle.stages.featurize import featurize
    from lifecycle.stages.validate import validate
    from lifecycle.store import postgres
    from lifecycle.store.lake import lake

    lake()
    said: dict[str, Any] = {}
    snapshot: Any = None
    for name, file in zip(("base", "increment"), files, strict=True):
        began, spent = time.perf_counter(), sum(os.times()[:4])
        batch = collect(use_case, str(file))
        said[f"{name}_collect"] = time.perf_counter() - began
        snapshot = validate(use_case, batch)
        said[name], said[f"{name}_cpu"] = time.perf_counter() - began, sum(os.times()[:4]) - spent
    if features:
        began = time.perf_counter()
        featurize(use_case, snapshot)
        said["features"] = time.perf_counter() - began
    postgres.stop(folder / "home" / "postgres")
    return said | {"rows": snapshot.rows}


def bare(folder: Path, files: list[Path], features: bool) -> dict[str, Any]:
    """The floor: typed CSV, the first row of each key, and of those the ones that are not there."""
    import duckdb

    from benchmarks.sales import COLUMNS

    con = duckdb.connect(str(folder / "bare.duckdb"))
    con.execute(f"CREATE TABLE raw ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    said: dict[str, Any] = {}
    for name, file in zip(("base", "increment"), files, strict=True):
        began, spent = time.perf_counter(), sum(os.times()[:4])
        con.execute(f"""INSERT INTO raw SELECT * FROM (SELECT * FROM read_csv('{file}', header=true, auto_detect=false, columns={{{types}}})
            QUALIFY row_number() OVER (PARTITION BY id) = 1) came ANTI JOIN raw USING (id)""")
        said[name], said[f"{name}_cpu"] = time.perf_counter() - began, sum(os.times()[:4]) - spent
    found = con.execute("SELECT count(*) FROM raw").fetchone()
    return said | {"rows": found[0] if found else 0}


SIDES = {"ours": ours, "bare": bare}


def measured(command: list[str], folder: Path) -> dict[str, Any]:
    """Run one side; its last line of output is JSON. Adds the peak memory in MiB."""
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peak, over = [0.0], threading.Event()
    watching = threading.Thread(target=_watch, args=(process.pid, str(folder), peak, over))
    watching.start()
    out, errors = process.communicate()
    over.set()
    watching.join()
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}: {errors[-3000:]}")
    return {**json.loads(out.strip().splitlines()[-1]), "peak": peak[0]}


def _watch(pid: int, folder: str, peak: list[float], over: threading.Event) -> None:
    """The memory of a process, of its children and of a PostgreSQL under a folder; pages that they share count once."""
    while not over.wait(0.1):
        total, found = 0, [pid]
        for each in psutil.process_iter(["pid", "cmdline", "ppid"]):
            if each.info["ppid"] in found or folder in " ".join(each.info["cmdline"] or ()):
                found.append(each.info["pid"])
        for number in set(found) - {os.getpid()}:
            try:
                total += psutil.Process(number).memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        peak[0] = max(peak[0], total / MIB)


def dlt(folder: Path) -> list[str] | None:
    """The command that runs dlt's side, in a virtual environment of its own; `None` where it cannot be made."""
    python = folder / "dlt" / "bin" / "python"
    script = folder / "dlt_side.py"
    script.write_text(DLT)
    if python.exists():
        return [str(python), str(script)]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder / "dlt")], check=True, capture_output=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", PEER, "duckdb==1.5.5", "pyarrow<26"], check=True, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        print(f"dlt is left out, its environment cannot be made: {(error.stderr or str(error)).strip().splitlines()[-1]}")
        return None
    return [str(python), str(script)]


def compare(rows: int, pairs: int, folder: Path, peer: list[str] | None, features: bool) -> None:
    """All sides in turn, and what each took."""
    from benchmarks.sales import write

    base, more = write(folder, rows)
    commands = {side: [sys.executable, __file__, "--side", side, *(["--features"] if features and side == "ours" else [])] for side in SIDES}
    commands |= {"dlt": peer} if peer else {}
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in commands}
    for _ in range(pairs):
        for side, command in commands.items():
            at = folder / f"at-{side}"
            shutil.rmtree(at, ignore_errors=True)
            at.mkdir()
            given = ["--folder", str(at), "--files"] if side != "dlt" else [str(at)]
            found[side].append(measured([*command, *given, str(base), str(more)], at))
            print(f"{rows:>12,} {side:>5}: {json.dumps({name: round(value, 2) for name, value in found[side][-1].items()})}", file=sys.stderr)
            shutil.rmtree(at, ignore_errors=True)
    assert len({run["rows"] for runs in found.values() for run in runs}) == 1, "the sides have kept different rows"
    for side, runs in found.items():
        took = {name: statistics.median(run[name] for run in runs) for name in ("base", "increment", "peak")}
        share = statistics.median(run["increment_cpu"] / run["base_cpu"] for run in runs)
        print(
            f"{rows:>12,} {side:>5}: {rows / took['base']:>10,.0f} rows/s; of bare {_ratio(runs, found['bare'], 'base')} in time,"
            f" {_ratio(runs, found['bare'], 'base_cpu')} in CPU; 1 % more: {took['increment']:.2f} s, {share:.1%} of the whole in CPU;"
            f" peak {took['peak']:,.0f} MiB"
        )


def _ratio(runs: list[dict[str, Any]], floor: list[dict[str, Any]], name: str) -> str:
    """The median of the ratios pair by pair, and their range."""
    found = [run[name] / low[name] for run, low in zip(runs, floor, strict=True)]
    return f"x {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def main() -> None:
    """Every size asked for; or, in a process of its own, one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--dlt", action="store_true", help="make an environment with dlt and measure it too")
    parser.add_argument("--features", action="store_true", help="let ours make the feature table too, for its memory")
    parser.add_argument("--keep", type=Path, help="a folder to work in, which stays")
    for name in ("--side", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.side:
        print(json.dumps(SIDES[options.side](Path(options.folder), options.files, options.features)))
        return
    with tempfile.TemporaryDirectory(prefix="ingest-") as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        peer = dlt(folder) if options.dlt else None
        for rows in options.rows:
            compare(rows, options.pairs, folder, peer, options.features)


if __name__ == "__main__":
    main()
