"""The model card: what a person has to know before trusting a model, in Markdown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lifecycle.evaluation.report import DeployedReport, EvaluationReport, MetricReport
from lifecycle.evaluation.resample import MIN_DAYS
from lifecycle.reading.secrets_in_text import masked
from lifecycle.reports import card_findings
from lifecycle.reports.markdown import bullets, code, count, interval, number, plain, signed, span, table

if TYPE_CHECKING:
    from lifecycle.artifact import Artifact
    from lifecycle.references import Recipe
    from lifecycle.usecase import UseCase

PARTS = ("train", "tune", "gate")
PLACED = frozenset({"leaderboard", "source", "version", "rows", "params", "candidate", "metric", "lake_version"})
"""Facts that have a place of their own in the card."""


def card(use_case: "UseCase", evaluation: EvaluationReport, facts: Mapping[str, Any]) -> str:
    """A model card in the order of Mitchell et al. 2019: purpose, data, choice, quality, weaknesses, limits, reproduction.

    Args:
        use_case: the definition.
        evaluation: what the evaluation found.
        facts: where the model comes from, shown as they are; `version`, `leaderboard` (rows of `candidate`, `score`,
            `params`), `source`, `run_id` have places of their own. All of them may be missing.
    """
    version = f", version {facts['version']}" if "version" in facts else ""
    parts = [
        f"# {plain(use_case.title)}: `{use_case.name}`{version}",
        _purpose(use_case, evaluation),
        "## Data\n\n" + _data(use_case, evaluation, facts),
        "## How it was chosen\n\n" + _choice(use_case, evaluation, facts),
        "## How good it is\n\n" + _quality(use_case, evaluation),
    ]
    if evaluation.decision:
        parts.append("## What its decisions come to\n\n" + card_findings.decision(evaluation.decision))
    if evaluation.coverage:
        parts.append("## How sure an answer is\n\n" + card_findings.coverage(evaluation.coverage))
    if evaluation.calibration:
        parts.append("## Do the probabilities come true?\n\n" + card_findings.calibration(evaluation.calibration))
    if evaluation.behaviours:
        parts.append("## Does it behave as expected?\n\n" + card_findings.behaviours(evaluation.behaviours))
    if evaluation.classes:
        parts.append("## Class by class\n\n" + card_findings.classes(evaluation.classes))
    if evaluation.clusters:
        parts.append("## The clusters\n\n" + card_findings.clusters(evaluation.clusters))
    parts += [
        *use_case.kind.weaknesses(use_case, evaluation),
        "## What it leans on\n\n" + card_findings.importances(use_case, evaluation.importances),
        "## Limits\n\n" + bullets(limits(use_case, evaluation)),
        *([f"## What it rests on\n\n{bullets(told)}"] if (told := _weights(use_case, evaluation.recipe)) else []),
        "## Use and reproduction\n\n" + _use(use_case, facts),
    ]
    return "\n\n".join(parts) + "\n"


def limits(use_case: "UseCase", evaluation: EvaluationReport) -> list[str]:
    """What the numbers do not say, one sentence each."""
    found = []
    if use_case.selective_labels:
        found.append(f"**Selective labels**: {use_case.selective_labels.rstrip('.')}. All numbers here are for the outcomes that were observed.")
    if evaluation.mode == "cross-validation":
        found.append("**Little data**: the numbers come from cross-validation of the recipe, not from this very model on rows held out for it.")
    judged = evaluation.judged
    if judged.clusters < 50:
        found.append(
            f"**Few independent witnesses**: the intervals rest on {judged.clusters} clusters (by {plain(judged.clustered_by)}), and are wide for it."
        )
    if judged.days is not None and judged.days < MIN_DAYS:
        found.append(f"**{count(judged.days, 'day')} only**: what is common to the rows of a day is not in the intervals.")
    found += use_case.source.limits(_source(use_case))
    spans = evaluation.data.spans
    if "gate" in spans:
        found.append(
            f"It is judged on rows from {span(spans['gate'])}: a world that changed since then is not in the numbers; monitoring watches for that."
        )
    if evaluation.too_good:
        found.append(f"**Too good to be true?** {evaluation.metric} {number(evaluation.too_good.value)}: {plain(evaluation.too_good)}.")
    linear = evaluation.gains.over_linear
    if linear and evaluation.recipe.candidate != "linear" and (linear.low is None or linear.low <= 0):
        found.append(f"It is **not shown to be better than {use_case.kind.plain}**, which would be simpler to explain.")
    found += use_case.kind.limits()
    found.append("It has learnt what goes together in these rows, not what causes what.")
    return found


def weights(use_case: "UseCase", recipe: "Recipe") -> list["Artifact"]:
    """Weights of others that the models of a recipe rest on."""
    chosen = {part.candidate for part in (recipe.parts or (recipe,))}
    families = [family for family in use_case.candidates if family.name in chosen]
    roles = [role.read_as(family.ways) for family in families for column in use_case.columns.all for role in column.roles]
    return list(dict.fromkeys(each for one in (*families, *roles) for each in one.artifacts))


def _weights(use_case: "UseCase", recipe: "Recipe") -> list[str]:
    """These weights, a clause each."""
    return [
        f"Weights of others: {code(each.place)}, SHA-256 {code(each.sha256[:12])}, licence {plain(each.licence)}"
        for each in weights(use_case, recipe)
    ]


def _purpose(use_case: "UseCase", evaluation: EvaluationReport) -> str:
    found = evaluation.metrics[evaluation.metric]
    names = evaluation.data.inputs
    shown = ", ".join(code(name) for name in names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    kind = use_case.kind
    better = "higher" if use_case.kind.greater_is_better(evaluation.metric) else "lower"
    reached = [f"{name}{' reaches' * (at == 0)} {number(value)}" for at, (name, value) in enumerate(_beside(use_case, found))]
    return (
        f"{kind.says(use_case)} from {count(len(names), 'input')}: {shown}.\n\n"
        f"**{evaluation.metric} {number(found.holdout)}**{interval(found)} ({better} is better); "
        f"{', '.join(reached)}. Predictions {evaluation.how}.\n\n"
        f"An answer holds {'; '.join(f'{code(each.name)}, {plain(each.says(use_case))}' for each in kind.answer_schema)}."
    )


def _data(use_case: "UseCase", evaluation: EvaluationReport, facts: Mapping[str, Any]) -> str:
    data = evaluation.data
    rows = [
        ("source", plain(facts["source"]) if facts.get("source") else _source(use_case)),
        ("valid rows", f"{data.rows:,} (lake version {data.lake_version}, fingerprint `{data.fingerprint[:12]}`)"),
        ("newest batch", f"{data.came:,} came: {data.kept:,} kept, {data.quarantined:,} quarantined, {data.duplicates:,} duplicates"),
        *((f"rows for {name}", f"{data.parts[name]:,}") for name in PARTS),
        *([("labelled rows", f"{data.labelled:,}: the model that answers is fitted on them")] if data.labelled else []),
        *(
            (f"of {name} a sample is used", f"{rows:,} of {data.parts.get(name, data.labelled):,} rows, drawn by a hash of the key")
            for name, rows in data.sampled.items()
        ),
        *((f"left out: {name}", f"{rows:,}") for name, rows in data.parts.items() if name not in PARTS),
        *((f"time of {name}", span(between)) for name, between in data.spans.items()),
        ("split", f"`{use_case.split}`"),
    ]
    return table(("", ""), [(name.replace("_", " "), value) for name, value in rows])


def _choice(use_case: "UseCase", evaluation: EvaluationReport, facts: Mapping[str, Any]) -> str:
    recipe = evaluation.recipe
    tried = ", ".join(candidate.name for candidate in use_case.candidates)
    params = ", ".join(f"{name} {number(value)}" for name, value in recipe.params.items()) or "no hyperparameters"
    text = f"Chosen by {use_case.metric} on rows that the gate never sees, out of {tried}: **{recipe.candidate}** ({params})."
    board = facts.get("leaderboard")
    if not board:
        return text
    rows = [
        (row["candidate"], number(row.get("score")), ", ".join(f"{k} {number(v)}" for k, v in row.get("params", {}).items())) for row in board[:10]
    ]
    return text + "\n\n" + table(("family", use_case.metric, "hyperparameters"), rows)


def _quality(use_case: "UseCase", evaluation: EvaluationReport) -> str:
    rows = [
        (
            f"**{metric}**" if metric == evaluation.metric else metric,
            number(found.holdout),
            interval(found, ""),
            number(found.train),
            *(number(value) for _, value in _beside(use_case, found)),
        )
        for metric, found in evaluation.metrics.items()
    ]
    judged = evaluation.judged
    clumps = f"{count(judged.clusters, 'cluster')} (by {plain(judged.clustered_by)})" if judged.clusters < judged.rows else "rows"
    text = f"On {judged.rows:,} rows; {evaluation.confidence:.0%} intervals from a bootstrap over {clumps}."
    gains = [
        f"Over {name} it gains {signed(gain.value)} in {evaluation.metric}{interval(gain)}, on the same rows."
        for name, gain in (
            (use_case.knows_nothing, evaluation.gains.over_constant),
            (use_case.kind.plain, evaluation.gains.over_linear),
            (use_case.kind.last, evaluation.gains.over_last),
        )
        if gain
    ]
    named = [name for name, _ in _beside(use_case, evaluation.metrics[evaluation.metric])]
    if evaluation.deployed:
        text += f" {_deployed(evaluation, evaluation.deployed)}"
    return "\n\n".join([text, table(("metric", "new rows", "interval", "training rows", *named), rows), " ".join(gains)])


def _deployed(evaluation: EvaluationReport, found: DeployedReport) -> str:
    """Which fit the numbers are of, and which one answers."""
    judged = "fits of the recipe that have" if evaluation.mode == "cross-validation" else "a fit of the recipe that has"
    text = f"They are of {judged} not seen these rows. The model that answers is the same recipe fitted on all {found.rows:,} labelled rows"
    if found.gain is None:
        return text + "."
    return f"{text}; on the rows here, which it has seen, its {evaluation.metric} is {signed(found.gain.value)} better{interval(found.gain)}."


def _beside(use_case: "UseCase", found: MetricReport) -> list[tuple[str, float | None]]:
    """The baselines by name, each with its value of a metric; the last known label where rows have an order."""
    kind = use_case.kind
    last = [(kind.last, found.last)] if found.last is not None else []
    return [(use_case.knows_nothing, found.constant), (kind.plain, found.linear), *last]


def _use(use_case: "UseCase", facts: Mapping[str, Any]) -> str:
    version = facts.get("version", "VERSION")
    rows = [(name.replace("_", " "), _plain(value)) for name, value in facts.items() if name not in PLACED and value not in ("", None)]
    commands = (
        "```sh\n"
        f"lifecycle score {use_case.name}  # new rows, with the champion\n"
        f"lifecycle reproduce {use_case.name} {version}  # train it again, and compare\n"
        "```"
    )
    return commands + ("\n\n" + table(("", ""), rows) if rows else "")


def _source(use_case: "UseCase") -> str:
    """Where the rows come from, without a secret that somebody wrote into it."""
    return masked(use_case.source.described(code))


def _plain(value: Any) -> str:
    """A fact as a cell of a table."""
    if isinstance(value, Mapping):
        return " · ".join(f"{plain(name)} {_plain(each)}" for name, each in value.items()) or "none"
    return code(f"{value:.3g}" if isinstance(value, float) else value)
