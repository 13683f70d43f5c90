"""What an evaluation found, section by section of the model card."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle.evaluation.report import (
    Apart,
    Calibration,
    ClassReport,
    ClusterReport,
    ColumnFairness,
    CoverageReport,
    DecisionReport,
    Importances,
    SliceReport,
)
from lifecycle.gate.findings import BehaviourFound
from lifecycle.reports.markdown import code, interval, number, plain, share, signed, table

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

WEAKEST = 8
"""So many slices are shown, the weakest first."""


def calibration(found: Calibration) -> str:
    """The calibration table."""
    rows = [(f"{row.rows:,}", f"{row.probability:.4f}", f"{row.share:.4f}", f"{row.low:.4f} to {row.high:.4f}") for row in found.table]
    text = f"Expected calibration error {number(found.calibration_error)} for {found.of}, over ten bins of equally many rows:"
    return text + "\n\n" + table(("rows", "mean probability", "share that came true", "95 % interval"), rows)


def decision(found: DecisionReport) -> str:
    """What wrong answers cost, or what the top of the list holds, beside answers that know nothing."""
    at = "" if found.threshold is None else f" The answer is yes from a probability of {number(found.threshold)} on."
    unit = f" {plain(found.unit)}" if found.unit else ""
    rows = [
        ("the model", number(found.value) + unit),
        *((name, number(value) + unit) for name, value in (("yes to every row", found.all), ("no to every row", found.none)) if value is not None),
    ]
    text = (
        f"{found.rule[:1].upper()}{found.rule[1:]}.{at} On the judged rows it says yes to {share(found.flagged)}; of the true cases "
        f"{share(found.found)} are found, and {share(found.right)} of what is found is right."
    )
    if found.unknown:
        text += f" Of {found.unknown:,} rows the amount is not known: they are left out of the {found.metric}."
    return text + "\n\n" + table(("answers of", found.metric), rows)


def coverage(found: CoverageReport) -> str:
    """What the intervals or sets state, and whether they keep it."""
    if found.reached is None:
        return f"No interval and no set is given: {found.calibrated:,} rows that the model was not fitted on are too few to state a coverage of {found.stated:.4g}."
    text = (
        f"Stated: a share of {found.stated:.4g} of rows have their truth within the interval, or in the set; the ends come from {found.calibrated:,} rows "
        f"that the model was not fitted on. Reached on the judged rows: **{number(found.reached.value)}**{interval(found.reached)}; {found.unit} "
        f"{number(found.size)}. The statement holds on average over rows like those that it comes from, not for every slice, and no longer where the "
        "world has changed."
    )
    rows = [
        (f"{plain(row.column)} = {plain(row.slice)}", f"{row.rows:,}", number(row.value), interval(row, ""))
        for row in (*found.classes, *sorted(found.slices, key=lambda row: row.value)[:WEAKEST])
    ]
    return text + ("\n\n" + table(("rows with", "rows", "coverage", "interval"), rows) if rows else "")


def classes(found: Sequence[ClassReport]) -> str:
    """Each class of a multiclass problem."""
    rows = [
        (
            plain(row.name),
            f"{row.rows:,}",
            number(row.precision),
            number(row.recall),
            interval(row, ""),
            number(row.f1),
            number(row.roc_auc),
        )
        for row in found
    ]
    text = "The most frequent first. A class without rows here is one that was predicted; how well it is found cannot be told."
    return text + "\n\n" + table(("class", "rows", "precision", "recall", "interval of the recall", "f1", "roc_auc against the rest"), rows)


def clusters(found: Sequence[ClusterReport]) -> str:
    """What each cluster is, in a table: what sets it apart is told with its typical value beside that of all rows."""
    rows = []
    for cluster in found:
        told = [
            f"{plain(one.column)} = {plain(one.value)} in {share(one.typical)} (of all {share(one.all)})"
            if one.value is not None
            else f"{plain(one.column)} {number(one.typical)} (all {number(one.all)})"
            for one in cluster.apart[:4]
            if abs(one.effect) > 0.2
        ]
        rows.append(
            (
                cluster.name,
                f"{cluster.rows:,}",
                share(cluster.share),
                number(cluster.silhouette),
                "; ".join(told) or "nothing by itself",
            )
        )
    text = "Numbered by size. What sets a cluster apart most, with the median there and of all rows, or the share of a category:"
    return text + "\n\n" + table(("cluster", "rows", "share", "silhouette", "what sets it apart"), rows)


def apart(found: "Sequence[Apart]") -> str:
    """What was measured apart."""
    if not found:
        return "There were none to be judged by."
    rows = [(plain(row.name), f"{row.users:,}", f"{row.rows:,}", number(row.value), interval(row, ""), number(row.constant)) for row in found]
    return "Each with the baseline that knows nothing, on the same events.\n\n" + table(
        ("who", "users", "events", found[0].metric, "interval", "baseline"), rows
    )


def slices(use_case: "UseCase", found: SliceReport) -> str:
    """The weakest slices, and those too small to judge."""
    looked = found.table
    if not looked:
        return "The definition names no slices and no sensitive columns: nothing was looked at."
    enough = sorted((row for row in looked if row.enough), key=lambda row: (row.kept is None, row.kept))
    few = [f"{plain(row.column)} = {plain(row.slice)} ({row.rows:,})" for row in looked if not row.enough]
    parts = [f"Of {len(looked)} slices, the weakest first. *Kept*: the model's gain over a blind guess there, as a share of its gain on all rows."]
    rows = [
        (
            f"{plain(row.column)} = {plain(row.slice)}",
            f"{row.rows:,}",
            number(row.value),
            interval(row, ""),
            number(row.constant),
            share(row.kept),
        )
        for row in enough[:WEAKEST]
    ]
    if rows:
        parts.append(table(("slice", "rows", use_case.metric, "interval", "constant", "kept"), rows))
    if worst := found.worst:
        parts.append(
            f"The weakest, {plain(worst.column)} = {plain(worst.slice)}, has {number(worst.value)}{interval(worst)} with an interval widened for "
            f"{worst.looked_at} slices: at best it keeps {share(worst.kept_at_best)}."
        )
    if few:
        parts.append(f"Not enough rows to judge (fewer than {found.least_rows}, or than {found.least_of_a_class} of a class): {', '.join(few)}.")
    return "\n\n".join(parts)


def behaviours(found: Sequence[BehaviourFound]) -> str:
    """What it shows of each behaviour that the definition expects."""
    rows = [
        (
            plain(each.behaviour),
            share(each.share),
            share(each.least),
            "yes" if each.passed else "**no**" if each.severity == "block" else "no, a warning",
        )
        for each in found
    ]
    text = f"Asked about {max(each.rows for each in found):,} valid rows, changed before `features()`, and about given ones:"
    return text + "\n\n" + table(("expected", "rows that show it", "needed", "passed"), rows)


def fairness(found: Mapping[str, ColumnFairness]) -> str:
    """The differences between groups of people."""
    if not found:
        return "No column of the schema has the role `sensitive`: no groups were compared."
    rows = []
    for column, compared in found.items():
        for name, measure in compared.measures.items():
            difference = measure.difference
            groups = ", ".join(f"{plain(group)} {number(value.value) if value else '?'}" for group, value in measure.groups.items())
            shown = signed(difference.value) + interval(difference) if difference.value is not None else ""
            between = f" ({plain(difference.between[0])} over {plain(difference.between[1])})" if difference.between else ""
            rows.append((plain(column), name.replace("_", " "), groups, shown + between, difference.verdict or ""))
    text = "Largest difference between two groups of each sensitive column; a group too small to tell is shown as `?`."
    return text + "\n\n" + table(("column", "measure", "by group", "difference", "verdict"), rows)


def importances(use_case: "UseCase", found: Importances) -> str:
    """The inputs that matter most."""
    rows = [(code(row.feature), number(row.importance)) for row in found.table[:10]]
    if not rows:
        return "Not measured: the deciding metric is undefined on the rows."
    text = (
        f"How much worse {use_case.metric} gets when one input is shuffled ({found.rows:,} rows). Inputs that repeat each other share their weight."
    )
    return text + "\n\n" + table(("input", f"loss in {use_case.metric}"), rows)
