"""What a person sees of a stage in the Prefect interface: tables and plots beside the run."""

import base64

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from lifecycle import tracking
from lifecycle.lake import lake
from lifecycle.references import DriftReport, Evaluated, Snapshot, Verdict

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
    rows = "\n".join(f"| {name} | {value} |" for name, value in said.numbers.items())
    text = f"# {said.use_case} version {said.version}: {word}\n\n{said.reason}\n\n| number | value |\n|---|---|\n{rows}"
    create_markdown_artifact(markdown=text, key=_key(said.use_case, "verdict"))


def drift(report: DriftReport) -> None:
    """How far each column is from its training reference."""
    table = [
        {"column": name, "PSI": round(value, 4), "share of limit": f"{value / report.limit:.0%}" if report.limit else ""}
        for name, value in report.columns.items()
    ]
    create_table_artifact(table=table or [{"column": "none", "PSI": 0.0}], key=_key(report.use_case, "drift"), description=report.reason)


def mlflow_link(use_case: str, address: str) -> None:
    """A link to the run in MLflow."""
    create_link_artifact(link=address, link_text="the run in MLflow", key=_key(use_case, "mlflow"))


def _key(use_case: str, what: str) -> str:
    return f"{use_case.replace('_', '-')}-{what}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
