"""Homes to look at: six small worlds of 60 days through the real stages; 50 use cases with a year of days in the lake's tables.

`python benchmarks/overview.py worlds` fills LIFECYCLE_HOME for `lifecycle serve` and `lifecycle report` (with LIFECYCLE_USECASES=benchmarks/worlds);
`python benchmarks/overview.py speed` fills it as well, reads the overview several times and says how long that took.
"""

import argparse
import datetime as dt
import json
import os
import sys
import time
from pathlib import Path

WORLDS = Path(__file__).parent / "worlds"
FIRST, DAYS, RETRAINED = 26, 60, {"loans": 47, "parcels": 45, "bikes": 56}
"""The day of the first model, the last day, and the days on which another is trained."""


def worlds(names: list[str]) -> None:
    """Each world from its first batch to its last day: collect to watch, day by day."""
    from lifecycle import registry
    from lifecycle.errors import DataError

    for name in names or [file.stem for file in sorted(WORLDS.glob("[a-z]*.py"))]:
        use_case, began = registry.find(name), time.monotonic()
        for day in [FIRST, *range(FIRST + 1, DAYS + 1)]:
            try:
                _day(use_case, 0 if day == FIRST else day - 1, day, train=day in (FIRST, RETRAINED.get(name)))
            except DataError as refused:
                print(f"{name}, day {day}: {refused}", flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


def _day(use_case, since: int, until: int, train: bool) -> None:
    from lifecycle.decisions import approve
    from lifecycle.history import ledger, standing
    from lifecycle.stages.collect import collect
    from lifecycle.stages.evaluate import evaluate
    from lifecycle.stages.featurize import featurize
    from lifecycle.stages.monitor import monitor
    from lifecycle.stages.plainer import plainer
    from lifecycle.stages.promote import promote
    from lifecycle.stages.register import register
    from lifecycle.stages.score import score
    from lifecycle.stages.split import split
    from lifecycle.stages.train import train as fit
    from lifecycle.stages.tune import tune
    from lifecycle.stages.validate import validate
    from lifecycle.stages.watch import watch

    start = dt.datetime(2026, 1, 1)
    span = f"from={(start + dt.timedelta(days=since)).date()},until={(start + dt.timedelta(days=until)).date()}"
    features = featurize(use_case, validate(use_case, collect(use_case, span)))
    if train:
        tuned = tune(use_case, split(use_case, features))
        said = promote(use_case, register(use_case, evaluate(use_case, fit(use_case, tuned))))
        if tuned.plainer and said.asks_plainer:
            said = promote(use_case, register(use_case, evaluate(use_case, fit(use_case, plainer(use_case, tuned)))))
        print(f"{use_case.name}, day {until}: version {said.version}: {said.reason}", flush=True)
        if said.waiting and standing(ledger(use_case.name)).champion is None:
            approve(use_case, said.version, "anna", "the first model, looked at together")
    score(use_case, features)
    report = monitor(use_case, features)
    if report.drifted:
        print(f"{use_case.name}, day {until}: {report.reason[:150]}", flush=True)
    watch(use_case, report, features)


def fill(folder: Path, many: int, days: int) -> list[str]:
    """So many use cases with so many days in the tables that the overview reads, the newest of them as single writes; their names."""
    from lifecycle.references import Evaluated, Features, LivePerformance, ModelVersion, Parts, Recipe, Snapshot, Trained
    from lifecycle.store import tables, versions
    from lifecycle.store.lake import lake

    world = (WORLDS / "parcels.py").read_text()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_world.py").write_text((WORLDS / "_world.py").read_text())
    names = [f"parcels{number:02}" for number in range(many)]
    performance = json.dumps(
        LivePerformance(
            metric="roc_auc", live=0.8, interval=(0.75, 0.85), promised=0.82, rows=480, worse=False, drifted=False, since=None, until=None
        ).as_json()
    )
    effects = json.dumps(
        {
            f"column_{i}": {
                "psi": 0.1,
                "js": 0.1,
                "wasserstein": 0.1,
                "limits": {"psi": 0.2},
                "found": [],
                "excess": i / 12,
                "rows": 160,
                "limit": 0.2,
            }
            for i in range(10)
        }
    )
    for name in names:
        (folder / f"{name}.py").write_text(world.replace('name="parcels"', f'name="{name}"'))
        tables.prepare(lake(), name)
        times = "TIMESTAMP '2025-03-01' + to_days(day::INT)"
        rows = {
            "batches": f"SELECT day, 'world', 'x', 160, 158, 2, 0, 160 * day, '', {times}, {times}, false, '', '{{}}', NULL, NULL",
            "drift": f"SELECT 1, {times}, {times} + INTERVAL 1 DAY, 160, 0.1, 0.2, false, false, '{effects}', '{performance}', 'no drift', {times}, NULL",
            "quarantine": f"SELECT day, 7, 'weight_kg', 'in_range', '480', '{{}}', 'world', {times}, NULL, NULL",
            "promotions": f"SELECT 1 + day // 30, 'judged', day = 1, NULL, 'because', '{{}}', '', 'the gate', {times}, '{{}}'",
        }
        for span in [(1, days - 15), *((day, day) for day in range(days - 14, days + 1))]:
            for table, select in rows.items():
                every = " WHERE day % 30 = 1" if table == "promotions" else ""
                lake().write(
                    lambda to, name=name, table=table, select=select, every=every, span=span: to.execute(
                        f"INSERT INTO {name}.{table} {select} FROM range({span[0]}, {span[1] + 1}) t(day){every}"
                    )
                )
        snapshot = Snapshot(use_case=name, version=1, fingerprint="x", rows=160, batch=1, came=160, kept=160, quarantined=0, duplicates=0)
        parts = Parts(use_case=name, features=Features(use_case=name, snapshot=snapshot, version=1, rows=160, names=("a",)), bounds={}, counts={})
        trained = Trained(use_case=name, parts=parts, recipe=Recipe(candidate="linear"), run_id="r", sha256="x")
        evaluated = Evaluated(
            use_case=name,
            trained=trained,
            metric="roc_auc",
            mode="holdout",
            holdout={"roc_auc": 0.82},
            intervals={"roc_auc": (0.79, 0.85)},
            train={},
            baseline={},
            linear={},
        )
        if versions.kept(name, 1) is None:
            versions.keep(ModelVersion(use_case=name, version=1, run_id="r", sha256="x", evaluated=evaluated))
    return names


def speed(folder: Path, many: int, days: int, fresh: bool) -> None:
    """How long the overview takes: in a new process, again, and after one use case has a new batch."""
    names = fill(folder, many, days) if fresh else [f"parcels{number:02}" for number in range(many)]
    from lifecycle import registry
    from lifecycle.overview.overview import overview
    from lifecycle.pages.frame import Links
    from lifecycle.pages.overview_page import overview_page
    from lifecycle.store.lake import lake

    began = time.perf_counter()
    for name in names:
        registry.find(name)
    print(f"{many} definitions loaded in {time.perf_counter() - began:.2f} s; the lake opened in ", end="")
    began = time.perf_counter()
    lake()
    print(f"{time.perf_counter() - began:.2f} s", flush=True)
    for what in ("first", "again", "again", "after a new batch of one"):
        if what.startswith("after"):
            lake().write(
                lambda to: to.execute(
                    f"INSERT INTO {names[0]}.batches SELECT * REPLACE (batch + 1 AS batch) FROM {names[0]}.batches ORDER BY batch DESC LIMIT 1"
                )
            )
        began, worked = time.perf_counter(), time.process_time()
        found = overview(names)
        read = time.perf_counter() - began
        print(f"{time.process_time() - worked:.2f} s of CPU, ", end="")
        text = overview_page(found, Links())
        print(f"{what}: read in {read:.2f} s, drawn in {time.perf_counter() - began - read:.2f} s, {len(text):,} characters", flush=True)


def main() -> None:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("worlds", "speed"))
    parser.add_argument("names", nargs="*", help="worlds: which")
    parser.add_argument("--use-cases", type=int, default=50)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--filled", action="store_true", help="speed: the home is filled already")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1]))
    made = Path(os.environ.get("LIFECYCLE_HOME", ".lifecycle")).absolute() / "worlds"
    os.environ["LIFECYCLE_USECASES"] = str(made if options.what == "speed" else WORLDS)  # before the settings are read
    from app import environment
    from lifecycle.settings import settings

    environment.prepare(settings())
    if options.what == "worlds":
        worlds(options.names)
    else:
        speed(made, options.use_cases, options.days, not options.filled)


if __name__ == "__main__":
    main()
