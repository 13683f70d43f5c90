"""What a person sees of a stage in the Prefect interface: tables and plots beside the run."""

import base64
import datetime as dt
import json
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from lifecycle import registry
from lifecycle.gate.checklist import HEAD, lines, told
from lifecycle.pages import file, story_page
from lifecycle.pages.frame import Links
from lifecycle.pages.whole import whole
from lifecycle.references import DriftReport, Evaluated, ModelVersion, Snapshot, Tuned, Verdict, Watched
from lifecycle.reports.drift_chart import chart
from lifecycle.reports.markdown import code, plain
from lifecycle.settings import settings
from lifecycle.store import tracking, versions
from lifecycle.store.lake import lake
from lifecycle.store.tables import exists

WORST_REASONS = 20
PLOTS = 6
ASK = (
    "\n\nIt waits for you. The evidence is below and in the artifacts *evaluation* and *model card*. Decide with the deployment "
    "`promote` (Run, then approve or reject), or with `lifecycle approve {name} {version}` / `lifecycle reject {name} {version}`."
)


def quality(snapshot: Snapshot) -> None:
    """What came, what was kept, why the rest was not, and what was unusual about the batch."""
    reasons = _reasons(snapshot.use_case, snapshot.batch)
    said = [f"**Alarm: {plain(alarm)}.**" for alarm in snapshot.alarms] + [f"Note: {plain(note)}." for note in snapshot.notes]
    said.append(f"{snapshot.came:,} rows came: {snapshot.kept:,} kept, {snapshot.quarantined:,} quarantined, {snapshot.duplicates:,} duplicates.")
    said.append(f"The table holds {snapshot.rows:,} rows now.")
    if snapshot.quarantined:
        said.append(f"See, export and load them again: `lifecycle quarantine {snapshot.use_case}`.")
    table = reasons or [{"column": "all", "check": "all", "rows": 0, "example": "nothing was quarantined"}]
    create_table_artifact(table=table, key=_key(snapshot.use_case, "quality"), description=" ".join(said))


def refused(use_case: str, reason: str) -> None:
    """Why a batch was not let in; with the checks that its rows failed, if it got so far."""
    newest = (
        lake().value(f"SELECT max(batch) FROM {use_case}.batches WHERE kept = 0 AND duplicates = 0") if exists(lake(), use_case, "batches") else None
    )
    table = _reasons(use_case, newest) if newest and "quarantine" in reason else []
    table = table or [{"column": "", "check": "the columns of the source", "rows": 0, "example": ""}]
    create_table_artifact(table=table, key=_key(use_case, "quality"), description=f"**Refused:** {plain(reason)}")


def _reasons(use_case: str, batch: int) -> list[dict[str, Any]]:
    """The checks that the rows of a batch failed, the most frequent first."""
    query = f"""SELECT "column", "check", count(*) AS rows, min_by(value, row) AS example FROM {use_case}.quarantine
        WHERE batch = ? GROUP BY ALL ORDER BY rows DESC LIMIT {WORST_REASONS}"""
    return lake().frame(query, [batch]).to_dicts()


def leaderboard(tuned: Tuned) -> None:
    """The trials, the best first."""
    trials = json.loads(tracking.read(tuned.run_id, "leaderboard.json", tuned.files))
    table = [
        {
            "rank": rank,
            "candidate": trial["candidate"],
            "score": None if trial["score"] is None else round(trial["score"], 5),
            "standard error": round(trial["error"], 5),
            "given up early": "yes" if trial["pruned"] else "",
            "seconds": trial["seconds"],
            "hyperparameters": ", ".join(f"{name}={told(value)}" for name, value in trial["params"].items()),
        }
        for rank, trial in enumerate(trials, 1)
    ]
    chosen = f"Chosen: {tuned.recipe.candidate}, {tuned.score:.4f} on the tune part. {tuned.stopped}".strip()
    create_table_artifact(
        table=table or [{"candidate": tuned.recipe.candidate, "score": "not searched"}], key=_key(tuned.use_case, "leaderboard"), description=chosen
    )


def card(version: ModelVersion) -> None:
    """The model card, as it is kept with the version."""
    create_markdown_artifact(markdown=versions.artifact(version, "model_card.md").decode(), key=_key(version.use_case, "model-card"))


def evaluation(evaluated: Evaluated) -> None:
    """The metrics beside their baselines, and the plots."""
    run = evaluated.trained.run_id
    lines = [
        f"# {evaluated.use_case}: {evaluated.metric} {evaluated.holdout[evaluated.metric]:.4f}",
        "",
        f"Model family `{evaluated.trained.recipe.candidate}`, judged by {evaluated.mode}.",
        "",
        f"| metric | holdout | interval | train | constant | linear |{' last known label |' if evaluated.last else ''}",
        f"|---|---|---|---|---|---|{'---|' if evaluated.last else ''}",
    ]
    for name, value in evaluated.holdout.items():
        low, high = evaluated.intervals.get(name, (None, None))
        cells = [
            _number(value),
            f"[{_number(low)}, {_number(high)}]",
            *(
                _number(part.get(name))
                for part in (evaluated.train, evaluated.baseline, evaluated.linear, *([evaluated.last] if evaluated.last else []))
            ),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for path in sorted(path for path in evaluated.files if path.endswith(".png"))[:PLOTS]:
        lines += ["", _picture(path, tracking.read(run, path, evaluated.files))]
    create_markdown_artifact(markdown="\n".join(lines), key=_key(evaluated.use_case, "evaluation"))


def verdict(said: Verdict) -> None:
    """The gate's verdict with its numbers."""
    word = "promoted" if said.promoted else "waits for a person" if said.waiting else "not promoted"
    rows = [
        " | ".join([*map(_cell, line[:-1]), line.passed if line.passed == "passed" else f"**{line.passed}**"]) for line in lines(said.numbers.checks)
    ]
    ask = ASK.format(name=said.use_case, version=said.version) if said.waiting else ""
    text = f"# {said.use_case} version {said.version}: {word}\n\n{plain(said.reason)}{ask}\n\n| {' | '.join(HEAD)} |\n|---|---|---|---|\n"
    text += "\n".join(f"| {row} |" for row in rows)
    create_markdown_artifact(markdown=text, key=_key(said.use_case, "verdict"))


def drift(report: DriftReport) -> None:
    """What is not as it was, how far each column is from its training reference, and how well the model does: a chart, and the numbers."""
    word = f"drift ({', '.join(report.kinds)})" if report.drifted else "no alarm"
    lines = [f"# {report.use_case} version {report.version}: {word}", "", plain(report.reason)]
    if report.found:
        lines += ["", "| where | what | found |", "|---|---|---|"]
        lines += [f"| {one.kind} | {_cell(one.name)} | {_cell(one.said)} |" for one in report.found]
    if report.columns:
        off = {one.name for one in report.found}
        lines += ["", _picture("drift", chart(report.columns, report.limits, off)), "", "| column | PSI | limit | |", "|---|---|---|---|"]
        lines += [
            f"| {plain(name)} | {psi:.4f} | {report.limits[name]:.4f} | {'beyond' if psi > report.limits[name] else 'changed' if name in off else ''} |"
            for name, psi in report.columns.items()
        ]
    lines += _live(report)
    create_markdown_artifact(markdown="\n".join(lines), key=_key(report.use_case, "drift"))


def story(report: DriftReport) -> None:
    """How the use case stands and how it came there: the page of `lifecycle report`, kept under the home, and its two charts here."""
    use_case, now = registry.find(report.use_case), dt.datetime.now(dt.UTC)
    found, champion, seen = whole(use_case)
    place = file.written(file.folder(settings()) / f"{use_case.name}.html", story_page.story_page(found, champion, seen, Links(), now))
    state = found.state
    lines = [f"# {use_case.name}: {state.health.sign} {state.health.word}", "", *(f"- {plain(why)}" for why in state.health.why)]
    metric = state.live.metric if state.live else use_case.metric
    for name, drawn in (
        ("the live metric over time", story_page.quality_chart(found, metric)),
        ("drift by column and window", story_page.drift_chart(found)),
    ):
        if drawn:
            lines += ["", f"![{name}](data:image/svg+xml;base64,{base64.b64encode(file.picture(drawn)).decode()})"]
    lines += [
        "",
        f"The whole page is the file {code(place)} on the machine of this run; `lifecycle report {use_case.name}` makes it anew, and the service shows it.",
    ]
    create_markdown_artifact(markdown="\n".join(lines), key=_key(use_case.name, "report"))


def watched(found: Watched) -> None:
    """What followed an alarm, and how a new champion does beside the one before it."""
    if not found.reason:
        return
    word = f"version {found.version} was rolled back" if found.rolled_back else f"version {found.version}"
    create_markdown_artifact(markdown=f"# {found.use_case}: {word}\n\n{plain(found.reason)}", key=_key(found.use_case, "watch"))


def _live(report: DriftReport) -> list[str]:
    """Live performance by window and by the age of labels."""
    truth = report.performance
    if not truth:
        return []
    lines = ["", f"| labelled rows | {truth.metric} | promised |", "|---|---|---|"]
    lines += [f"| {window.rows} until {window.until or ''} | {_number(window.live)} | {_number(truth.promised)} |" for window in truth.windows]
    lines += [f"| {one.rows} with labels after at most {one.days:g} days | {_number(one.live)} | {_number(truth.promised)} |" for one in truth.ages]
    return lines


def mlflow_run(version: ModelVersion) -> None:
    """A link to the run in MLflow."""
    where = tracking.client().get_run(version.run_id).info.experiment_id
    address = f"{settings().mlflow_url.rstrip('/')}/#/experiments/{where}/runs/{version.run_id}"
    create_link_artifact(link=address, link_text=f"version {version.version} in MLflow", key=_key(version.use_case, "mlflow"))


def _picture(name: str, png: bytes) -> str:
    """A picture inside the text: an image artifact would print its whole address under it."""
    return f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})"


def _key(use_case: str, what: str) -> str:
    return f"{use_case.replace('_', '-')}-{what}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|")
