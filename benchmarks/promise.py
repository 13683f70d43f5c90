"""Promised against real: does the interval of a promise hold what the model is worth on rows that Lifecycle never saw?

A fifth of each table is held back before `lifecycle new`: the last fifth of the file, and of the shuffled file. z is the distance between the
promise and the real value in units of both their standard errors. Where it is beyond 2, `ingest` of the fifth with its labels, `score` and
`monitor` have to raise the alarm.
Usage: python -m benchmarks.promise [FILE.csv=TARGET ...] [--seeds N] [--only NAME,...]
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.held_back import Held, each

NORMAL = 1.96


@dataclass(frozen=True)
class Promise:
    """One promise and what came of it."""

    z: float
    drifted: bool


def kept(held: Held, order: str, seed: int) -> Promise:
    """Print how one promise was kept."""
    from lifecycle.evaluation.resample import clusters, intervals

    use_case, evaluated = held.use_case, held.version.evaluated
    metric = use_case.metric
    promised, (low, high) = evaluated.holdout[metric], evaluated.intervals[metric]
    real = intervals(use_case, held.y, held.said, clusters(use_case, held.info), [metric])[metric]
    assert real.low is not None
    assert real.high is not None
    up = real.value > promised
    sides = (high - promised if up else promised - low, real.value - real.low if up else real.high - real.value)
    z = (real.value - promised) / (sum((side / NORMAL) ** 2 for side in sides) ** 0.5 or 1e-12)
    told = held.drift.reason if held.drift.drifted or abs(z) > 2 else ""
    print(
        f"| {held.name} | {order} | {seed} | {metric} | {promised:.4f} [{low:.4f}, {high:.4f}] | {real.value:.4f} | {z:+.2f} | "
        f"{'alarm' if held.drift.drifted else 'none'} | {told} |",
        flush=True,
    )
    return Promise(z, held.drift.drifted)


def main() -> None:
    """A line for each promise, and what all of them come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("| table | order | seed | metric | promised | real | z | alarm | says |\n|---|---|---|---|---|---|---|---|---|")
    found = each(options.files, options.seeds, (True, False), kept, set(filter(None, options.only.split(","))))
    far = [one for one in found if abs(one.z) > 2]
    print(
        f"\n{len(found)} promises: {len(found) - len(far)} kept (|z| <= 2), {len(far)} not, {sum(one.drifted for one in far)} of these noticed; "
        f"{sum(one.drifted for one in found if one not in far)} alarms where the promise was kept"
    )


if __name__ == "__main__":
    main()
