"""How good is what `lifecycle new` and `run` make of a table, beside what a person would try first on all the same rows?

Both are given four fifths of each shuffled table, and judged on the last one: the deployed model with its whole search, and scikit-learn's
boosting, forest and linear model untuned, on the columns of the file. `--others PYTHON` names an interpreter of another environment that has
LightGBM and CatBoost.
Usage: python -m benchmarks.quality [FILE.csv=TARGET ...] [--seeds N] [--only NAME,...] [--others PYTHON]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.held_back import Held, each

CLOSE = 0.003
MOST_VALUES = 200
"""A text with more distinct values is left out: to these models it is a name."""
OTHERS = """
import json, sys
import numpy as np
import pandas as pd

X, y, Z, classes = pd.read_parquet(sys.argv[1]), np.load(sys.argv[2], allow_pickle=True), pd.read_parquet(sys.argv[3]), sys.argv[4] == "classes"
texts = [name for name in X if X[name].dtype == object or str(X[name].dtype) == "string"]
for each in (X, Z):
    each[texts] = each[texts].fillna("missing").astype(str)
import catboost, lightgbm

cat = (catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor)(verbose=0, random_seed=0, cat_features=texts, allow_writing_files=False)
light = (lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor)(random_state=0, verbosity=-1)
coded = [each.assign(**{name: pd.Categorical(each[name], categories=sorted(X[name].unique())) for name in texts}) for each in (X, Z)]
found = {}
for name, model, data in (("LightGBM", light, coded), ("CatBoost", cat, (X, Z))):
    model.fit(data[0], y)
    found[name] = (model.predict_proba(data[1]) if classes else model.predict(data[1])).tolist()
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True)
class Beside:
    """What a model gains over the best of the untuned boosting and the untuned forest (positive is better), and what it took."""

    table: str
    gain: float
    seconds: float


def measured(held: Held, order: str, seed: int, others: str) -> Beside:
    """Print the deciding metric of each model on the held rows."""
    from lifecycle.evaluation.metrics import compute

    use_case, kind = held.use_case, held.use_case.kind
    metric = use_case.metric
    own = compute(use_case, held.y, held.said, names=[metric])[metric]
    known, fresh = typed(held)
    y, truth = (kind.encode(use_case, each) for each in targets(held))
    values = {}
    for name, outputs in (untuned(known, y, fresh, kind) | (elsewhere(known, y, fresh, others, kind) if others else {})).items():
        values[name] = compute(use_case, truth, kind.frame(outputs, np.unique(y)), names=[metric])[metric]
    best = max((values["boosting"], values["forest"]), key=lambda value: kind.gain(metric, value, 0))
    gain = kind.gain(metric, own, best)
    gain = gain / best if metric in ("rmse", "mae", "median_ae") else gain  # errors in units of the target: as a share
    told = " | ".join(f"{value:.4f}" for value in values.values())
    print(f"| {held.name} | {seed} | {metric} | {own:.4f} | {told} | {gain:+.4f} | {held.seconds:.0f} |", flush=True)
    return Beside(held.name, gain, held.seconds)


def targets(held: Held) -> tuple[pl.Series, pl.Series]:
    """The target of the known and of the held rows, as the schema types it."""
    dtype = held.use_case.columns[held.use_case.target].dtype
    whole = pl.concat([held.known[held.target], held.held[held.target]])
    text = whole.cast(pl.String).str.strip_chars()
    made = text.str.to_lowercase().is_in(["true", "yes", "1", "1.0"]) if dtype == pl.Boolean else text
    if dtype not in (pl.Boolean, pl.String):
        made = text.cast(pl.Float64).cast(dtype)
    return made[: held.known.height], made[held.known.height :]


def typed(held: Held) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The columns of the file as a person would give them to a model: numbers where all are, texts of few values."""
    whole = pl.concat([held.known, held.held]).drop(held.target)
    columns = []
    for column in whole:
        number = column.cast(pl.String).str.strip_chars().replace("", None).cast(pl.Float64, strict=False)
        if number.null_count() <= column.null_count() + 0.01 * whole.height:
            columns.append(number)
        elif column.n_unique() <= MOST_VALUES:
            columns.append(column.cast(pl.String).str.strip_chars())
    made = pl.DataFrame(columns)
    return made[: held.known.height], made[held.known.height :]


def untuned(known: pl.DataFrame, y: np.ndarray, fresh: pl.DataFrame, kind: Any) -> dict[str, np.ndarray]:
    """Outputs of scikit-learn's models with their defaults."""
    from sklearn import ensemble, linear_model
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    texts = [name for name, dtype in known.schema.items() if dtype == pl.String]
    numbers = [name for name in known.columns if name not in texts]
    classes = y.dtype == object or kind.target_type != "continuous"
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    plain = make_column_transformer((codes, texts), ("passthrough", numbers))
    whole = make_column_transformer((codes, texts), (SimpleImputer(strategy="median"), numbers))
    scaled = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), texts), (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers)
    )
    boosting = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
    forest = ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor
    line: Any = linear_model.LogisticRegression(max_iter=1_000) if classes else linear_model.Ridge()
    found = {}
    for name, columns, model in (
        ("boosting", plain, boosting(random_state=0)), ("forest", whole, forest(random_state=0)), ("linear", scaled, line)
    ):  # fmt: skip
        fitted = make_pipeline(columns, model).fit(known.to_pandas(), y)
        found[name] = kind.outputs(fitted, fresh.to_pandas())
    return found


def elsewhere(known: pl.DataFrame, y: np.ndarray, fresh: pl.DataFrame, python: str, kind: Any) -> dict[str, np.ndarray]:
    """Outputs of LightGBM and CatBoost with their defaults, made by another interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        known.to_pandas().to_parquet(at / "known.parquet")
        fresh.to_pandas().to_parquet(at / "fresh.parquet")
        np.save(at / "y.npy", y, allow_pickle=True)
        kind_of = "numbers" if kind.target_type == "continuous" else "classes"
        command = [python, "-c", OTHERS, at / "known.parquet", at / "y.npy", at / "fresh.parquet", kind_of]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: np.array(outputs) for name, outputs in json.loads(done.stdout).items()}


def main() -> None:
    """A line for each table, and on how many the model is at or above the untuned ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--others", default="")
    options = parser.parse_args()
    more = " LightGBM | CatBoost |" if options.others else ""
    print(f"| table | seed | metric | lifecycle | boosting | forest | linear |{more} gain | seconds |\n|{'---|' * (9 + 2 * bool(more))}")
    only = set(filter(None, options.only.split(",")))
    found = each(options.files, options.seeds, (True,), partial(measured, others=options.others), only, watch=False)
    by_table = {one.table: np.mean([each.gain for each in found if each.table == one.table]) for one in found}
    ahead = sum(gain >= -CLOSE for gain in by_table.values())
    print(
        f"\nat or above untuned boosting and forest (within {CLOSE}) on {ahead} of {len(by_table)} tables; at most {max(each.seconds for each in found):.0f} s"
    )


if __name__ == "__main__":
    main()
