"""Quick challengers for tests of what comes after training: real models, real reports with other numbers in them."""

import json
from functools import cache
from typing import Any

import polars as pl

from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.report import EvaluationReport, Gains, JudgedRows
from lifecycle.evaluation.resample import clusters, paired
from lifecycle.predict import predict
from lifecycle.references import Evaluated, Parts, Recipe, Trained
from lifecycle.stages.collect import collect
from lifecycle.stages.evaluate import evaluate
from lifecycle.stages.featurize import featurize
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.store import models, tracking
from lifecycle.table.parts import rows
from lifecycle.usecase import UseCase
from tests.toys import toy


def parts_of(use_case: UseCase) -> Parts:
    """The first stages, from the source to the split."""
    return split(use_case, featurize(use_case, validate(use_case, collect(use_case))))


def fitted(parts: Parts, use_case: UseCase, inputs: tuple[str, ...]) -> Any:
    """A logistic regression that sees only some of the inputs: the fewer, the worse."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = [name for name in inputs if name == "kind"]
    numbers = [name for name in inputs if name != "kind"]
    seen = make_column_transformer((OneHotEncoder(sparse_output=False), texts), (StandardScaler(), numbers))
    train = rows(use_case, parts, "train")
    return make_pipeline(seen, LogisticRegression()).fit(train.X, train.y)


@cache
def report() -> str:
    """A real evaluation report, for stand-ins to copy."""
    use_case = toy("report", parameters={"rows": 2_500, "seed": 9})
    parts = parts_of(use_case)
    model = fitted(parts, use_case, ("amount", "kind"))
    run, sha256 = saved(use_case, parts, model)
    recipe = Recipe(candidate="linear", params={})
    made = evaluate(use_case, Trained(use_case=use_case.name, parts=parts, recipe=recipe, run_id=run, sha256=sha256))
    return tracking.read(run, "evaluation.json", made.files).decode()


def saved(use_case: UseCase, parts: Parts, model: Any) -> tuple[str, str]:
    """A run that holds a fitted model: its id, and the model's hash."""
    run = tracking.begin(use_case.name, "toy", "")
    head = rows(use_case, parts, "train").X.head(5)
    return run, models.save(run, use_case, model, head, predict(use_case, model, head))


def evaluated(use_case: UseCase, parts: Parts, inputs: tuple[str, ...] = ("amount", "kind"), **changes: Any) -> Evaluated:
    """A quick stand-in for train and evaluate: one model, its deciding numbers, and a report with these in it.

    `changes` replace fields of the `Evaluated`; `recipe` and `report` (top-level entries) are taken out first.
    """
    recipe, entries = changes.pop("recipe", Recipe(candidate="linear", params={})), changes.pop("report", {})
    model = fitted(parts, use_case, inputs)
    run, sha256 = saved(use_case, parts, model)
    gate = rows(use_case, parts, "gate")
    said = predict(use_case, model, gate.X)
    constant = said.with_columns(prediction=pl.lit(0, pl.Int8), probability=pl.lit(0.5))
    gain = paired(use_case, use_case.metric, gate.y, said, constant, clusters(use_case, gate.info))
    assert gain
    judged = JudgedRows(rows=len(gate), clusters=len(gate), clustered_by="row")
    own = {"use_case": use_case.name, "gains": Gains(over_constant=gain, over_linear=None), "judged": judged}
    made = EvaluationReport.from_json(report()).model_copy(update=own | entries)
    files = tracking.write(run, "evaluation.json", json.dumps(made.as_json()))
    given: dict[str, Any] = {
        "trained": Trained(use_case=use_case.name, parts=parts, recipe=recipe, run_id=run, sha256=sha256),
        "metric": use_case.metric,
        "mode": "holdout",
        "holdout": compute(use_case, gate.y, said),
        "intervals": {},
        "train": compute(use_case, gate.y, said),
        "baseline": compute(use_case, gate.y, constant),
        "linear": {},
        "files": files,
    }
    return Evaluated(use_case=use_case.name, **{**given, **changes})
