import json
import re
from typing import Any

import pytest

from lifecycle.evaluation.report import EvaluationReport
from lifecycle.reports.card import card, limits
from lifecycle.reports.markdown import number, table
from lifecycle.usecase import UseCase
from tests.toys import toy

UC = toy("carded", slices=("kind",), selective_labels="declined visits have no outcome")


@pytest.fixture
def evaluation() -> dict[str, Any]:
    """The content of `evaluation.json`."""
    number = {"holdout": 0.81, "low": 0.78, "high": 0.84, "train": 0.9, "tune": 0.82, "constant": 0.5, "linear": 0.8, "gap": 0.09}
    slice_c = {"column": "kind", "slice": "c", "rows": 90, "enough": True, "value": 0.6, "low": 0.5, "high": 0.7, "constant": 0.5, "kept": 0.3}
    few = {**slice_c, "slice": "b", "rows": 12, "enough": False, "low": None, "high": None}
    nothing = {"groups": {"f": None, "m": None}, "difference": {"verdict": "not enough evidence", "least": 30}}
    gain = {"confidence": 0.95, "clusters": 30}
    return {
        "use_case": "carded",
        "problem": "binary",
        "metric": "roc_auc",
        "mode": "holdout",
        "how": "on 900 held-out rows",
        "confidence": 0.95,
        "recipe": {"candidate": "boosting", "params": {"learning_rate": 0.05}},
        "judged": {"rows": 900, "clusters": 30, "clustered_by": "customer"},
        "data": {
            "inputs": ["amount", "kind"], "parts": {"gap": 7, "gate": 900, "train": 3000, "tune": 800}, "lake_version": 12, "spans": {},
            "rows": 4707, "came": 4720, "kept": 4707, "quarantined": 11, "duplicates": 2, "fingerprint": "4707-abcdef01",
        },
        "metrics": {"roc_auc": number},
        "gains": {"over_constant": {"value": 0.31, "low": 0.28, "high": 0.34, **gain}, "over_linear": {"value": 0.01, "low": -0.01, "high": 0.03, **gain}},
        "calibration": None,
        "slices": {
            "metric": "roc_auc", "least_rows": 50, "least_of_a_class": 10, "skill": 0.6, "table": [slice_c, few],
            "worst": {**slice_c, "confidence": 0.99, "looked_at": 4, "kept_at_best": 0.45},
        },
        "fairness": {"gender": {"groups": {"f": 20, "m": 10}, "true_positive_rate": nothing}},
        "importances": {"rows": 900, "table": [{"feature": "amount", "importance": 0.2, "least": 0.1, "most": 0.3}]},
    }  # fmt: skip


def read(evaluation: dict[str, Any]) -> EvaluationReport:
    return EvaluationReport.from_json(json.dumps(evaluation))


def test_what_is_read_is_written_again_as_it_was(evaluation: dict[str, Any]):
    there = {"class": "a", "rows": 9, "precision": 0.1, "recall": 0.2, "f1": 0.3, "low": 0.1, "high": 0.4, "roc_auc": None}
    traits = [{"column": "kind", "effect": 2.0, "value": "c", "typical": 0.9, "all": 0.2}, {"column": "x", "effect": 1.0, "typical": 3.0, "all": 1.0}]
    evaluation |= {"classes": [there], "clusters": [{"cluster": "0", "rows": 9, "share": 0.5, "silhouette": None, "apart": traits}]}
    evaluation["recipe"]["parts"] = []
    for gain in evaluation["gains"].values():
        if gain:
            gain["error"] = None  # which a report of before does not have
    assert json.loads(json.dumps(read(evaluation).as_json())) == evaluation
    with pytest.raises(ValueError, match="judged"):
        read({name: found for name, found in evaluation.items() if name != "judged"})


def test_a_card_answers_what_a_reader_asks(evaluation: dict[str, Any]):
    written = card(UC, read(evaluation), {"version": 4, "git_commit": "0f3c", "leaderboard": [{"candidate": "linear", "score": 0.79, "params": {}}]})
    for wanted in (
        "# a toy: `carded`, version 4",
        "the probability that `bought` is `True` from 2 inputs: `amount`, `kind`",
        "**roc_auc 0.8100** [0.7800, 0.8400] (higher is better); a blind guess reaches 0.5000, a plain linear model 0.8000",
        "4,720 came: 4,707 kept, 11 quarantined, 2 duplicates",
        "lake version 12",
        "| left out: gap | 7 |",
        "**boosting** (learning_rate 0.0500)",
        "| linear | 0.7900 |",
        "| **roc_auc** | 0.8100 | [0.7800, 0.8400] | 0.9000 | 0.5000 | 0.8000 |",
        "| kind = c | 90 | 0.6000 | [0.5000, 0.7000] | 0.5000 | 30% |",
        "kind = b (12)",
        "| gender | true positive rate | f ?, m ? |  | not enough evidence |",
        "lifecycle reproduce carded 4",
        "| git commit | `0f3c` |",
    ):
        assert wanted in written


def test_values_of_the_data_are_no_markup(evaluation: dict[str, Any]):
    hostile = "<img src=x onerror=alert(1)> **b** `c` [l](javascript:x) | _e_\n# h"
    evaluation["slices"]["table"][0]["slice"] = evaluation["slices"]["table"][1]["slice"] = evaluation["slices"]["worst"]["slice"] = hostile
    evaluation["fairness"] = {"gender": {"groups": {}, "rate": {"groups": {hostile: None}, "difference": {"verdict": "x"}}}}
    evaluation["classes"] = [{"class": hostile, "rows": 1, "precision": 0.1, "recall": 0.1, "low": None, "high": None, "f1": 0.1, "roc_auc": 0.1}]
    evaluation["importances"]["table"][0]["feature"] = "a`<b>`"
    written = card(UC, read(evaluation), {"version": 4, "source": hostile})
    assert "`` a`<b>` ``" in written
    for mark in ("<img", r"\*\*b\*\*", r"\[l\]", "`c`", "(?m)^# h", " _e_"):
        assert not re.search(rf"(?<!\\){mark}" if mark[0] != "(" else mark, written), mark
    assert "\\<img src=x onerror=alert(1)\\>" in written
    rows = [line for line in written.splitlines() if line.startswith("| kind = ")]
    assert all(line.count("|") - line.count("\\|") == 7 for line in rows), rows


def test_limits_are_said_where_they_hold(evaluation: dict[str, Any]):
    said = " ".join(limits(UC, read(evaluation)))
    for wanted in ("declined visits have no outcome", "30 clusters", "not shown to be better than a plain linear model", "simulator"):
        assert wanted in said


def test_limits_that_do_not_hold_are_not_said(evaluation: dict[str, Any]):
    evaluation["judged"]["clusters"] = 500
    evaluation["gains"]["over_linear"]["low"] = 0.005
    said = " ".join(limits(toy("carded_plain"), read(evaluation)))
    for unwanted in ("Selective", "clusters", "plain linear", "cross-validation"):
        assert unwanted not in said


def test_little_data_is_said(evaluation: dict[str, Any]):
    assert "cross-validation" in " ".join(limits(UC, read({**evaluation, "mode": "cross-validation"})))


@pytest.mark.parametrize("without", ["calibration", "leaderboard"])
def test_what_is_missing_leaves_no_trace(evaluation: dict[str, Any], without: str):
    written = card(UC, read(evaluation), {})
    assert "None" not in written
    assert without not in written.lower()


def test_a_value_cannot_break_a_table():
    assert table(("a",), [("x | y\nz",)]).splitlines()[-1] == "| x \\| y z |"


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (0.5, "0.5000"), (12345.678, "1.235e+04"), (0.00004, "4e-05"), (-0.0, "0.0000"), (3, "3")])
def test_numbers_are_short(value: Any, shown: str):
    assert number(value) == shown


def test_a_file_source_is_named(evaluation: dict[str, Any]):
    from lifecycle.sources import File, Files

    use_case: UseCase = toy("carded_file", source=Files((File("visits/*.csv"),)))
    written = card(use_case, read(evaluation), {})
    assert "files `visits/*.csv`" in written
    assert "simulator" not in written
