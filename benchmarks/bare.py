"""The floor: the fraud loop as one bare script. DuckDB, Polars, scikit-learn and MLflow; no Prefect, no Pandera, no lake.

It calls the same plain functions for features, model, metrics, plots and drift, so that what a benchmark compares is what the
machinery around them costs: orchestration, validation, the lake, the ledger, the gate, provenance.
"""

import json
import os
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SECONDS: dict[str, float] = {}


@contextmanager
def timed(stage: str) -> Any:
    """Keep how long a stage took."""
    began = time.perf_counter()
    yield
    SECONDS[stage] = round(time.perf_counter() - began, 3)


def main(rows: int, folder: Path) -> None:
    """Run the loop on so many simulated rows, writing under a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_WAIT_POLICY": "passive", "MPLBACKEND": "agg"}
    with timed("collect"):
        import duckdb
        import polars as pl

        from usecases._card_simulator import simulate

        raw = str(folder / "raw.parquet")
        frames = pl.concat(simulate(rows=rows, days=150))
        duckdb.sql(f"COPY frames TO '{raw}' (FORMAT parquet)")
    with timed("validate"):
        checked = duckdb.sql(f"""SELECT count(*) - count(DISTINCT TRANSACTION_ID)
            + count(*) FILTER (NOT (TX_AMOUNT BETWEEN 0 AND 1e6 AND CUSTOMER_ID >= 0 AND TERMINAL_ID >= 0
            AND TX_DATETIME >= '1990-01-01' AND LABEL_TIME >= '1990-01-01')) FROM '{raw}'""").fetchone()
        assert checked == (0,)
    with timed("featurize"):
        from usecases.fraud import features

        frames = duckdb.sql(f"FROM '{raw}'").pl().sort("TX_DATETIME", "TRANSACTION_ID")
        X = features(frames)
        X.write_parquet(folder / "features.parquet")
    with timed("split"):
        parts = divide(frames, X)
    with timed("train"):
        import mlflow

        from lifecycle.fit import fit
        from lifecycle.references import Recipe
        from usecases.fraud import use_case

        last = use_case.candidates[-1]
        recipe = Recipe(candidate=last.name, params=dict(last.defaults))
        model = fit(use_case, recipe, parts["train"], parts["tune"])
    with timed("evaluate"):
        from lifecycle.evaluation.evaluation_set import EvaluationSet
        from lifecycle.evaluation.evidence import gather
        from lifecycle.evaluation.importance import importances
        from lifecycle.evaluation.report import DataReport
        from lifecycle.evaluation.resample import clusters, intervals
        from lifecycle.monitoring import profile
        from lifecycle.reports import pictures
        from lifecycle.stages.evaluate import CONFIDENCE, _metrics, _report, _table

        evidence = gather(use_case, model, recipe, parts["train"], parts["tune"], parts["gate"])
        unseen = EvaluationSet(use_case, evidence.model, evidence.constant, clusters(use_case, evidence.model.rows.info))
        found = intervals(use_case, evidence.model.rows.y, evidence.model.predictions, unseen.groups, confidence=CONFIDENCE)
        leaned = importances(use_case, model, parts["gate"])
        drawn = pictures.draw(use_case, evidence, {name: one.value for name, one in found.items()}, leaned)
        count, inputs = {name: len(rows) for name, rows in parts.items()}, tuple(parts["train"].X.columns)
        kept = sum(count.values())
        data = DataReport(
            parts=count, lake_version=0, inputs=inputs, spans={}, rows=kept, came=kept, kept=kept, quarantined=0, duplicates=0, fingerprint=""
        )
        baselines = {name: {} if each is None else _metrics(use_case, each) for name, each in evidence.baselines.items()}
        report = _report(recipe, evidence, unseen, _table(evidence, unseen, found, baselines), data, leaned, drawn)
        reference = profile.reference(use_case, parts["train"], evidence.unseen)
    with timed("register"):
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("fraud", artifact_location=str(folder / "mlflow"))
        mlflow.set_experiment("fraud")
        with mlflow.start_run():
            mlflow.log_params(dict(recipe.params))
            mlflow.log_metrics({name: one.value for name, one in found.items()})
            for name, picture in drawn.items():
                (folder / f"{name}.png").write_bytes(picture)
                mlflow.log_artifact(str(folder / f"{name}.png"))
            mlflow.log_dict(report.as_json(), "evaluation.json")
            mlflow.sklearn.log_model(  # pyright: ignore[reportPrivateImportUsage]
                model, name="model", registered_model_name="fraud", serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
            )
    with timed("score"):
        from lifecycle.predict import predict

        rest = parts["rest"]
        said = predict(use_case, model, rest.X)
        said.with_columns(rest.info["_key"]).write_parquet(folder / "predictions.parquet")
    with timed("monitor"):
        from lifecycle.monitoring import drift

        day = (rest.info["_time"] - rest.info["_time"].min()).dt.total_days().to_numpy()
        drift.by_window(reference, rest.X, said, day, int(day.max()) + 1)
    print(json.dumps({"seconds": SECONDS, "average_precision": found["average_precision"].value}))


def divide(frames: Any, X: Any) -> dict[str, Any]:
    """Train, tune and gate rows by time, a week apart, as the definition says."""
    import polars as pl

    from lifecycle.dataset import Rows
    from usecases.fraud import use_case

    gap = timedelta(days=7)
    time = frames["TX_DATETIME"]
    first, last = time.min() + timedelta(days=37), time.max() - gap
    usable: list[datetime] = frames.filter(pl.col("TX_DATETIME").is_between(first, last))["TX_DATETIME"].to_list()
    lines = [usable[int(len(usable) * share)] for share in (0.5, 0.5, 0.75)]
    spans = {"train": (first, lines[0]), "tune": (lines[0] + gap, lines[2]), "gate": (lines[2] + gap, last), "rest": (lines[2] + gap, time.max())}
    info = frames.with_columns(_key=pl.col("TRANSACTION_ID").cast(pl.String), _time=pl.col("TX_DATETIME"))
    whole = Rows(X, use_case.kind.encode(use_case, frames["TX_FRAUD"]), info)
    return {name: whole.take(((time >= start) & (time < end)).to_numpy()) for name, (start, end) in spans.items()}


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
