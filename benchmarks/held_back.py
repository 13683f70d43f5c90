"""A fifth of a table is held back before Lifecycle sees it: then it is drafted, trained and judged, and the fifth comes.

What `benchmarks.promise` and `benchmarks.quality` share. Tables are those of scikit-learn, and CSV files named on the command line as
`FILE=TARGET`. All runs in one process, in a home folder of its own.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

SHARE = 0.2
OF_SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "wine")


@dataclass(frozen=True)
class Held:
    """A table in two pieces, and what became of them.

    Attributes:
        name: of the table.
        target: its column.
        known, held: the rows that Lifecycle was given, and those that it was not.
        seconds: from the first look to the verdict.
        use_case, version, verdict, features: what was made of the known rows; `features` of all of them, when the held ones had come.
        y: the encoded target of the held rows.
        said: what the deployed model says of them.
        info: what is known beside.
        drift: what `monitor` says when they have come with their labels.
    """

    name: str
    target: str
    known: pl.DataFrame
    held: pl.DataFrame
    seconds: float
    use_case: Any
    version: Any
    verdict: Any
    y: np.ndarray
    said: pl.DataFrame
    info: pl.DataFrame
    drift: Any


def tables(files: list[str]) -> Iterator[tuple[str, pl.DataFrame, str]]:
    """The name, the rows (all text, as a file has them) and the target of each table."""
    from sklearn import datasets

    for name in OF_SKLEARN:
        bunch: Any = getattr(datasets, f"load_{name}")(as_frame=True)
        yield name, pl.from_pandas(bunch.frame.rename(columns=lambda column: column.replace(" ", "_"))), "target"
    for each in files:
        path, _, target = each.rpartition("=")
        yield Path(path).stem.lower().replace("-", "_"), pl.read_csv(path, infer_schema_length=0), target


@contextmanager
def place() -> Iterator[Path]:
    """A home folder and a folder for use cases, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="held_back_"))
    (folder / "usecases").mkdir()
    os.environ |= {"LIFECYCLE_HOME": str(folder / "home"), "LIFECYCLE_USECASES": str(folder / "usecases")}
    from app import environment
    from lifecycle.settings import settings
    from lifecycle.store import postgres

    environment.prepare(settings())
    try:
        yield folder
    finally:
        postgres.stop(folder / "home" / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def through(folder: Path, name: str, rows: pl.DataFrame, target: str, seed: int, shuffled: bool, *, watch: bool = True) -> Held:
    """Draft, train and judge without the last fifth of the rows (of shuffled ones where asked); then let that come."""
    from lifecycle import registry
    from lifecycle.draft import writing
    from lifecycle.draft.draft import Options, draft
    from lifecycle.evaluation.predictions import Predictions
    from lifecycle.predict import inputs, predict
    from lifecycle.stages import collect, evaluate, featurize, monitor, promote, register, score, split, train, tune, validate
    from lifecycle.store import models
    from lifecycle.table import feature_table

    rows = rows.unique(maintain_order=True)  # a row that comes again is taken in once, so nobody is asked about it twice
    rows = rows.sample(fraction=1, shuffle=True, seed=seed) if shuffled else rows
    cut = rows.height - int(rows.height * SHARE)
    own = f"{name}_{'shuffled' if shuffled else 'ordered'}_{seed}"
    files = {part: folder / f"{own}_{part}.csv" for part in ("known", "held")}
    known, held = rows[:cut], rows[cut:]
    known.write_csv(files["known"])
    held.write_csv(files["held"])
    began = time.perf_counter()
    writing.save(draft(own, str(files["known"]), Options(target=target)).files)
    use_case = registry.find(own)
    features = featurize.featurize(use_case, validate.validate(use_case, collect.collect(use_case)))
    tuned = tune.tune(use_case, split.split(use_case, features))
    version = register.register(use_case, evaluate.evaluate(use_case, train.train(use_case, tuned)))
    verdict = promote.promote(use_case, version)
    seconds = time.perf_counter() - began
    before = set(feature_table.read(use_case, features).info["_key"])
    later = featurize.featurize(use_case, validate.validate(use_case, collect.collect(use_case, str(files["held"]))))
    score.score(use_case, later, version)
    drift = monitor.monitor(use_case, later, version) if watch else None
    every = feature_table.read(use_case, later)
    fresh = every.take((~every.info["_key"].is_in(before)).to_numpy() & every.info[use_case.target].is_not_null().to_numpy())
    model = models.load(version.run_id, version.sha256, version.location)
    judged = Predictions(fresh, (predict(use_case, model, inputs(use_case, version, fresh.X)),), {})
    return Held(
        name, target, known, held, seconds, use_case, version, verdict, fresh.y, judged.predictions[0], fresh.info, drift
    )  # fmt: skip


def each(files: list[str], seeds: int, orders: tuple[bool, ...], measure: Callable[[Held, str, int], Any], only: set[str], **given: Any) -> list[Any]:
    """What a measure says of every table, in every order, with every seed; a table that nothing can be made of is said and passed over."""
    from lifecycle.errors import LifecycleError

    found = []
    with place() as folder:
        for name, rows, target in tables(files):
            if only and name not in only:
                continue
            for shuffled in orders:
                for seed in range(seeds if shuffled else 1):
                    try:
                        held = through(folder, name, rows, target, seed, shuffled, **given)
                    except LifecycleError as error:
                        print(f"| {name} | {'shuffled' if shuffled else 'in order'} | {seed} | {error} |", flush=True)
                        continue
                    found.append(measure(held, "shuffled" if shuffled else "in order", seed))
    return found
