"""Homes to look at: six small worlds of 60 days through the real stages; 50 use cases with a year of days in the lake's tables.

`python benchmarks/overview.py worlds` fills LIFECYCLE_HOME for `lifecycle serve` and `lifecycle report` (with LIFECYCLE_USECASES=benchmarks/worlds);
`python benchmarks/overview.py speed` fills it as well, reads the overview several times and says how long that took.
"""

import argparse
import datetime as dt
import os
import sys
import time
from pathlib import Path

WORLDS = Path(__file__).parent / "worlds"
FIRST, DAYS, RETRAINED = 26, 60, {"loans": 47, "parcels": 45, "bikes": 56}
"""The day of the first model, the last day, and the days on which another is trained."""


def worlds(names: list[str]) -> None:
    """Each world from its first batch to its last day: collect to watch, day by day."""
    os.environ.setdefault("LIFECYCLE_USECASES", str(WORLDS))
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


def main() -> None:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("worlds", "speed"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from app import environment
    from lifecycle.settings import settings

    environment.prepare(settings())
    worlds(options.names)


if __name__ == "__main__":
    main()
