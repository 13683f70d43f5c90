"""Evaluate: how good a trained model is, how sure that is, what it beats, and where it is weak."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle.dataset import Rows
from lifecycle.evaluation import shapley
from lifecycle.evaluation.behaviours import behaviours
from lifecycle.evaluation.coverage import coverage
from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.evidence import Evidence, blind, in_time
from lifecycle.evaluation.fairness import fairness
from lifecycle.evaluation.importance import importances
from lifecycle.evaluation.last_label import last_label
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import answers, judge
from lifecycle.evaluation.report import (
    FILE,
    Calibration,
    DataReport,
    DeployedReport,
    EvaluationReport,
    Gains,
    Importances,
    JudgedRows,
    MetricReport,
)
from lifecycle.evaluation.resample import Interval, average, clusters, days, intervals, paired
from lifecycle.evaluation.slices import slices
from lifecycle.evaluation.too_good import too_good
from lifecycle.monitoring import profile
from lifecycle.monitoring.typical_values import typical
from lifecycle.references import Evaluated, Recipe, Trained
from lifecycle.reports import pictures
from lifecycle.reports.plots import reliability
from lifecycle.store import models, tracking
from lifecycle.table.parts import LABELLED, rows

if TYPE_CHECKING:
    from lifecycle.evaluation.predictions import Predictions
    from lifecycle.usecase import UseCase

CONFIDENCE = 0.95
SURE = 0.99
"""Of the interval by which the deployed fit is compared with the judged one: only what cannot be chance speaks against it."""


def evaluate(use_case: "UseCase", trained: Trained) -> Evaluated:
    """Judge a recipe by its judged fit, on rows that this has not seen, and keep what was found in its MLflow run.

    Writes `evaluation.json` (everything that the gate and the model card read), `plots/*.png`, `profile.json` (the
    reference for drift, and what a row usually holds), `background.parquet` (what explanations start from) and the metrics `holdout/*`, `train/*`,
    `baseline/*` (a constant), `linear/*` and `last/*` (the last known label, where rows have an order).
    """
    tracking.active(use_case.name, trained.run_id)
    train, tune, gate = (rows(use_case, trained.parts, part) for part in ("train", "tune", "gate"))
    model, deployed = (models.load(trained.run_id, sha256) for sha256 in (trained.judged_sha256 or trained.sha256, trained.sha256))
    evidence = use_case.kind.evidence(use_case, model, trained.recipe, train, tune, gate)
    nothing = blind(use_case, evidence.constant, use_case.metric)
    unseen = EvaluationSet(use_case, evidence.model, nothing, clusters(use_case, evidence.model.rows.info))
    wanted = (*use_case.metrics, *(name for name in use_case.kind.besides if name not in evidence.besides))
    found = intervals(use_case, evidence.model.rows.y, evidence.model.predictions, unseen.groups, wanted, CONFIDENCE) | evidence.besides
    last, season = (evidence.last, "") if evidence.last else last_label(use_case, trained.parts, evidence.model) or (None, "")
    evidence = replace(evidence, classes=use_case.kind.per_class(unseen), last=last, season=season)
    leaned = importances(use_case, model, gate)
    drawn = pictures.draw(use_case, evidence, {name: one.value for name, one in found.items()}, leaned, model)
    baselines = {name: {} if each is None else _metrics(use_case, each) for name, each in evidence.baselines.items()}
    baselines["constant"] |= _blind_metrics(use_case, evidence.constant)
    report = _report(trained.recipe, evidence, unseen, _table(evidence, unseen, found, baselines), _data(trained, train, gate), leaned, drawn)
    deciding = report.metrics.get(use_case.metric)
    more = {
        "behaviours": behaviours(use_case, deployed, trained.parts, gate),
        "coverage": coverage(unseen, model),
        "decision": use_case.operating_point.report(use_case, unseen, use_case.kind.threshold_of(model) if evidence.mode == "holdout" else None),
        "too_good": too_good(use_case, trained.recipe, (train, gate), deciding.holdout, deciding.constant, report.judged.rows, leaned)
        if deciding
        else None,
        "deployed": _deployed(unseen, trained, use_case.kind.informed(deployed, model)),
    }
    report = report.model_copy(update=more)
    known = rows(use_case, trained.parts, LABELLED) if trained.judged_sha256 else train
    files = tracking.write(trained.run_id, shapley.FILE, shapley.background(known.X, use_case.seed))
    said = evidence.unseen if evidence.mode == "holdout" else in_time(judge(use_case, model, gate))  # by the fit that is asked for drift
    reference = profile.reference(use_case, use_case.kind.reference(known, gate, model), use_case.kind.decided(said, deployed)) | {
        "typical": typical(use_case, trained.parts.features.snapshot.version)
    }
    files |= _written(trained.run_id, report, drawn, reference)
    evaluated = Evaluated(
        use_case=use_case.name,
        key=f"{trained.key}/evaluated",
        trained=trained,
        metric=use_case.metric,
        mode=evidence.mode,
        holdout={name: one.value for name, one in found.items()},
        intervals={name: (one.low, one.high) for name, one in found.items() if one.low is not None and one.high is not None},
        train=evidence.train,
        baseline=baselines["constant"],
        linear=baselines["linear"],
        last=baselines["last"],
        files={**trained.files, **files},
    )
    _logged(evaluated)
    return evaluated


def _report(
    recipe: Recipe, evidence: Evidence, unseen: EvaluationSet, table: dict[str, MetricReport],
    data: DataReport, leaned: Importances, drawn: Iterable[str],
) -> EvaluationReport:  # fmt: skip
    """All that was found, as it is kept."""
    use_case = unseen.use_case
    return EvaluationReport(
        use_case=use_case.name,
        recipe=recipe,
        data=data,
        problem=use_case.kind.name,
        metric=use_case.metric,
        mode=evidence.mode,
        how=evidence.how,
        confidence=CONFIDENCE,
        judged=JudgedRows(
            rows=len(unseen.y),
            clusters=unseen.groups.count,
            clustered_by=unseen.groups.named,
            minority=use_case.kind.minority(unseen.y),
            days=days(unseen.model.rows.info),
        ),
        metrics=table,
        gains=Gains(
            over_constant=least(_gain(unseen, unseen.constant), _gain(unseen, evidence.shuffled) if evidence.shuffled else None),
            over_linear=_gain(unseen, evidence.linear),
            over_last=_gain(unseen, evidence.last) if evidence.last else None,
        ),
        season=evidence.season,
        calibration=_calibration(use_case, evidence.model, table),
        slices=slices(unseen),
        fairness=fairness(unseen),
        classes=evidence.classes,
        clusters=use_case.kind.clusters(use_case, evidence),
        apart=evidence.apart,
        selective_labels=use_case.selective_labels,
        importances=leaned,
        plots=tuple(sorted(f"plots/{name}.png" for name in drawn)),
    )


def _table(
    evidence: Evidence, unseen: EvaluationSet, found: Mapping[str, Interval], baselines: Mapping[str, Mapping[str, float]]
) -> dict[str, MetricReport]:
    """Each metric on the unseen rows, in training, and of the baselines."""
    return {
        name: MetricReport(
            holdout=one.value, low=one.low, high=one.high,
            train=evidence.train.get(name),
            **{baseline: metrics.get(name) for baseline, metrics in baselines.items()},
            gap=unseen.use_case.kind.gain(name, evidence.train[name], one.value) if name in evidence.train else None,
        )
        for name, one in found.items()
    }  # fmt: skip


def _gain(unseen: EvaluationSet, over: "Predictions") -> Interval | None:
    """What the model gains in the deciding metric over a baseline."""
    use_case, model = unseen.use_case, unseen.model
    return paired(use_case, use_case.metric, model.rows.y, model.predictions, over.predictions, unseen.groups, CONFIDENCE, over.rows.y)


def _deployed(unseen: EvaluationSet, trained: Trained, model: Any) -> DeployedReport | None:
    """The deployed fit on the rows that the judged one is judged by, which it has been fitted on."""
    if not trained.judged_sha256:
        return None
    use_case, judged = unseen.use_case, unseen.model
    said = (answers(use_case, model, judged.rows),) * len(judged.predictions)
    gain = paired(use_case, use_case.metric, judged.rows.y, said, judged.predictions, unseen.groups, SURE)
    return DeployedReport(rows=trained.parts.used.get(LABELLED, trained.parts.labelled), gain=gain)


def least(found: Interval | None, other: Interval | None) -> Interval | None:
    """Of the gains over two baselines that which is less sure; over the first where the other cannot be told."""
    if found is None or other is None or found.low is None or other.low is None:
        return found
    return min(found, other, key=lambda each: each.low or 0.0)


def _blind_metrics(use_case: "UseCase", constant: "Predictions") -> dict[str, float]:
    """The metrics for which the constant baseline says something else than for others (`Kind.blind`)."""
    found = {}
    for name in use_case.kind.metrics:
        said = blind(use_case, constant, name)
        if any(one is not other for one, other in zip(said.predictions, constant.predictions, strict=True)):
            found |= average([compute(use_case, said.rows.y, frame, names=[name]) for frame in said.predictions])
    return found


def _calibration(use_case: "UseCase", judged: "Predictions", table: Mapping[str, MetricReport]) -> Calibration | None:
    found = use_case.kind.calibration(judged)
    if found is None:
        return None
    of, happened, probability = found
    error = table["calibration_error"].holdout if "calibration_error" in table else None
    return Calibration(calibration_error=error, of=of, table=reliability(happened, probability, len(judged.predictions)))


def _metrics(use_case: "UseCase", judged: "Predictions") -> dict[str, float]:
    return average([compute(use_case, judged.rows.y, frame) for frame in judged.predictions])


def _data(trained: Trained, train: Rows, gate: Rows) -> DataReport:
    snapshot = trained.parts.features.snapshot
    return DataReport(
        parts=trained.parts.counts,
        labelled=trained.parts.labelled,
        sampled=trained.parts.used,
        lake_version=snapshot.version,
        inputs=trained.parts.features.names,
        spans={name: (str(part.time.min()), str(part.time.max())) for name, part in (("train", train), ("gate", gate)) if part.time is not None},
        rows=snapshot.rows,
        came=snapshot.came,
        kept=snapshot.kept,
        quarantined=snapshot.quarantined,
        duplicates=snapshot.duplicates,
        fingerprint=snapshot.fingerprint,
    )


def _written(run_id: str, report: EvaluationReport, drawn: dict[str, bytes], drift: dict[str, Any]) -> dict[str, str]:
    """What is kept as files, with the SHA-256 of each by its path."""
    files: dict[str, str] = {}
    for name, picture in drawn.items():
        files |= tracking.write(run_id, f"plots/{name}.png", picture)
    files |= tracking.write(run_id, "profile.json", json.dumps(drift))
    return files | tracking.write(run_id, FILE, json.dumps(report.as_json(), indent=1, allow_nan=False))


def _logged(evaluated: Evaluated) -> None:
    parts = {
        "holdout": evaluated.holdout,
        "train": evaluated.train,
        "baseline": evaluated.baseline,
        "linear": evaluated.linear,
        "last": evaluated.last,
    }
    logged = {f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()}
    for name, (low, high) in evaluated.intervals.items():
        logged |= {f"holdout/{name}_low": low, f"holdout/{name}_high": high}
    tracking.log(evaluated.trained.run_id, metrics=logged, tags={"lifecycle.mode": evaluated.mode})
