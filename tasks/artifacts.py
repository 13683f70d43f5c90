"""What a person sees of a stage in the Prefect interface: tables and plots beside the run."""

import base64
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from lifecycle import tracking
from lifecycle.lake import lake
from lifecycle.references import DriftReport, Evaluated, ModelVersion, Snapshot, Verdict
from lifecycle.settings import settings

WORST_REASONS = 20
PLOTS = 6


def quality(snapshot: Snapshot) -> None:
    """What came, what was kept, and why the rest was not."""
    reasons = lake().frame(
        f"""SELECT "column", "check", count(*) AS rows, any_value(value) AS example FROM {snapshot.use_case}.quarantine
        WHERE batch = ? GROUP BY ALL ORDER BY rows DESC LIMIT {WORST_REASONS}""",
        [snapshot.batch],
    )
    counts = f"{snapshot.came:,} rows came: {snapshot.kept:,} kept, {snapshot.quarantined:,} quarantined, {snapshot.duplicates:,} duplicates."
    table = reasons.to_dicts() or [{"column": "all", "check": "all", "rows": 0, "example": "nothing was quarantined"}]
    create_table_artifact(table=table, key=_key(snapshot.use_case, "quality"), description=f"{counts} The table holds {snapshot.rows:,} rows now.")


def evaluation(evaluated: Evaluated) -> None:
    """The metrics beside their baselines, and the plots."""
    run = evaluated.trained.run_id
    lines = [
        f"# {evaluated.use_case}: {evaluated.metric} {evaluated.holdout[evaluated.metric]:.4f}",
        "",
        f"Model family `{evaluated.trained.recipe.candidate}`, judged by {evaluated.mode}.",
        "",
        "| metric | holdout | interval | train | constant | linear |",
        "|---|---|---|---|---|---|",
    ]
    for name, value in evaluated.holdout.items():
        low, high = evaluated.intervals.get(name, (None, None))
        cells = [
            _number(value),
            f"[{_number(low)}, {_number(high)}]",
            *(_number(part.get(name)) for part in (evaluated.train, evaluated.baseline, evaluated.linear)),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for path in [item.path for item in tracking.client().list_artifacts(run, "plots") if item.path.endswith(".png")][:PLOTS]:
        picture = base64.b64encode(tracking.read(run, path)).decode()
        lines += ["", f"![{path}](data:image/png;base64,{picture})"]
    create_markdown_artifact(markdown="\n".join(lines), key=_key(evaluated.use_case, "evaluation"))


def verdict(said: Verdict) -> None:
    """The gate's verdict with its numbers."""
    word = "promoted" if said.promoted else "waits for a person" if said.waiting else "not promoted"
    rows = "\n".join(f"| {name.replace('_', ' ')} | {_told(value)} |" for name, value in said.numbers.items() if value not in (None, [], {}))
    text = f"# {said.use_case} version {said.version}: {word}\n\n{said.reason}\n\n| number | value |\n|---|---|\n{rows}"
    create_markdown_artifact(markdown=text, key=_key(said.use_case, "verdict"))


def drift(report: DriftReport) -> None:
    """How far each column is from its training reference."""
    table = [{"column": name, "PSI": round(psi, 4), "limit": round(report.limits[name], 4)} for name, psi in report.columns.items()]
    create_table_artifact(table=table or [{"column": "none", "PSI": 0.0}], key=_key(report.use_case, "drift"), description=report.reason)


def mlflow_run(version: ModelVersion) -> None:
    """A link to the run in MLflow."""
    where = tracking.client().get_run(version.run_id).info.experiment_id
    address = f"{settings().mlflow_url.rstrip('/')}/#/experiments/{where}/runs/{version.run_id}"
    create_link_artifact(link=address, link_text=f"version {version.version} in MLflow", key=_key(version.use_case, "mlflow"))


def _key(use_case: str, what: str) -> str:
    return f"{use_case.replace('_', '-')}-{what}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _told(value: Any) -> str:
    """A number of the gate as a person reads it: a difference with its interval, a group's numbers in one line."""
    if isinstance(value, dict) and {"value", "low", "high"} <= set(value):
        shown = f"{_told(value['value'])} [{_told(value['low'])}, {_told(value['high'])}]"
        more = {name: part for name, part in value.items() if name not in ("value", "low", "high")}
        return f"{shown} {_told(more)}" if more else shown
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')} {_told(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
