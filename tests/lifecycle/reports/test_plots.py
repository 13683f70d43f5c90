import io
import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from lifecycle.evaluation.report import ClassReport, Importance, Importances
from lifecycle.reports import class_plots, cluster_plots, number_plots, plots
from lifecycle.reports.plots import reliability

ONE = ClassReport(name="a" * 40, rows=7, precision=0.4, recall=None, f1=None, low=None, high=None, roc_auc=None)


def scored(rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    score = random.beta(0.5, 3, rows)
    return (random.random(rows) < score).astype(np.int8), score


def every_plot(rows: int) -> dict[str, bytes]:
    y, score = scored(rows)
    y[:2] = [0, 1]
    truth = score * 30 + np.random.default_rng(2).normal(size=rows)
    scores, leaned = (
        {"model": score, "plain linear model": score**2},
        Importances(rows=rows, table=(Importance(feature="x" * 50, importance=0.1, least=0.05, most=0.2),)),
    )
    area: dict[str, Any] = {"model": 0.8}
    return {
        "roc": plots.roc(y, scores, area, "bought"),
        "precision_recall": plots.precision_recall(y, scores, area, "bought"),
        "calibration": plots.calibration(y, score, 0.01, "bought"),
        "confusion": class_plots.confusion(y, (score > 0.5).astype(np.int8), {0: "not bought", 1: "bought"}),
        "actual_against_predicted": number_plots.actual_against_predicted(truth, score * 30, "fare", 0.9),
        "residuals": number_plots.residuals(truth, score * 30, "fare", 0.8),
        "error_by_size": number_plots.error_by_size(truth, {"model": score * 30, "plain linear model": score * 20}, "fare"),
        "thresholds": plots.thresholds(y, score, 0.3, "bought"),
        "one_against_rest": class_plots.one_against_rest(y.astype(str), {"0": 1 - score, "1": score}, {"0": 0.8, "1": 0.8}, 0.8),
        "by_class": class_plots.by_class([ONE] * 9, rows),
        "clusters": cluster_plots.scatter(np.stack([truth, score], axis=1), y.astype(str)),
        "one_coordinate": cluster_plots.scatter(truth[:, None], y.astype(str)),
        "silhouettes": cluster_plots.silhouettes(np.stack([truth, score], axis=1), y.astype(str), 0.3),
        "sizes": cluster_plots.sizes(y.astype(str)),
        "importances": plots.importances(leaned, "roc_auc"),
    }


@pytest.mark.parametrize("rows", [25, 30_000])
def test_every_plot_is_a_picture_of_few_and_of_many_rows(rows: int):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, picture in every_plot(rows).items():
            shape = imread(io.BytesIO(picture)).shape
            assert min(shape[:2]) > 200, name


def test_the_same_numbers_give_the_same_picture():
    assert every_plot(100) == every_plot(100)


def test_a_plot_of_many_rows_is_as_small_as_one_of_few():
    assert all(len(picture) < 200_000 for picture in every_plot(30_000).values())


def test_the_calibration_table_holds_every_row_once_and_its_intervals_hold_the_shares():
    y, score = scored(1_003)
    table = reliability(y, score)
    assert len(table) == 10
    assert sum(row.rows for row in table) == 1_003
    assert all(row.low <= row.share <= row.high for row in table)
    assert [row.probability for row in table] == sorted(row.probability for row in table)


def test_repeated_predictions_do_not_narrow_an_interval():
    y, score = scored(500)
    once, thrice = reliability(y, score), reliability(np.tile(y, 3), np.tile(score, 3), repeats=3)
    assert [row.high for row in thrice] == pytest.approx([row.high for row in once])
    assert [row.rows for row in thrice] == [row.rows for row in once]
