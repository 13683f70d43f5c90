"""Trials per second of the tune stage beside a bare Optuna loop over the same families, on the same rows.

The bare loop fits every trial to its end with the same pipelines and scores it with scikit-learn; it keeps no record. Ours looks
at curves, gives up poor trials early, chooses by a paired interval, and logs every trial to MLflow.
Usage: python benchmarks/tuning.py [ROWS] [--pairs N]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))


def bare(use_case: Any, train: Any, tune: Any) -> float:
    """Seconds of a bare loop."""
    import optuna
    from sklearn.metrics import average_precision_score

    from lifecycle.models.blueprint import blueprint

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    began = time.perf_counter()
    plan = blueprint(use_case, train.X)
    for number, family in enumerate(use_case.candidates[::-1]):
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=use_case.seed + number))

        def objective(trial: optuna.Trial, family: Any = family) -> float:
            model: Any = family.build(plan, {**family.defaults, **family.space(trial)})
            return float(average_precision_score(tune.y, model.fit(train.X, train.y).predict_proba(tune.X)[:, 1]))

        trials = len(range(number, use_case.tuning.trials, len(use_case.candidates)))
        study.optimize(objective, n_trials=trials)
    return time.perf_counter() - began


def main() -> None:
    """Interleaved pairs in one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LIFECYCLE_HOME": home, "OMP_WAIT_POLICY": "passive"}
        from lifecycle.stages import collect, featurize, split, validate
        from lifecycle.stages.tune import tune
        from lifecycle.table import parts as partition
        from lifecycle.tuning import objective
        from usecases.fraud import use_case

        snapshot = validate.validate(use_case, collect.collect(use_case, f"rows={options.rows},days=150"))
        parts = split.split(use_case, featurize.featurize(use_case, snapshot))
        rows = [objective.sample(use_case, partition.rows(use_case, parts, part), use_case.tuning.rows) for part in ("train", "tune")]
        pairs = []
        for _ in range(options.pairs):
            began = time.perf_counter()
            tune(use_case, parts)
            pairs.append((time.perf_counter() - began, bare(use_case, *rows)))
        trials = use_case.tuning.trials
        ours, floor = (trials / statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(bare / ours for ours, bare in pairs)
        print(f"{trials} trials: {ours:.2f} a second against {floor:.2f} of a bare Optuna loop, x {ratio:.2f}")


if __name__ == "__main__":
    main()
