from typing import Any

from app.answer import to_text
from app.summary import summary

LOOP: dict[str, Any] = {
    "use_case": "shop",
    "snapshot": {"version": 7, "rows": 1990, "came": 2000, "kept": 1980, "quarantined": 15, "duplicates": 5},
    "model_version": 3,
    "promoted": False,
    "reason": "not shown to be better than version 2",
    "metric": "roc_auc",
    "metrics": {
        "holdout": {"roc_auc": 0.81234},
        "train": {"roc_auc": 0.9},
        "baseline": {"roc_auc": 0.5},
        "linear": {"roc_auc": 0.7},
        "intervals": {"roc_auc": [0.79, 0.83]},
    },
    "scored": 400,
    "drift": {"max": 0.3, "drifted": True, "reason": "3 bad windows"},
    "cached": ["collect"],
    "seconds": {"collect": 0.1, "train": 2.5},
}


def test_the_summary_says_data_metric_with_interval_and_baselines_verdict_drift_and_where_to_look() -> None:
    text = to_text(summary(LOOP, 12.3))
    for part in (
        "2,000 rows came · 1,980 kept · 15 quarantined · 5 duplicates",
        "version 3  roc_auc 0.8123  (0.7900 to 0.8300)",
        "constant baseline 0.5000 · linear 0.7000 · in training 0.9000",
        "not promoted: not shown to be better than version 2",
        "400 new rows",
        "drift: 3 bad windows",
        "train 2.5",
        "history shop",
        "quarantine shop",
    ):
        assert part in text


def test_the_fields_of_the_contract_are_enough() -> None:
    contract = LOOP | {"snapshot": {name: LOOP["snapshot"][name] for name in ("version", "rows", "quarantined", "duplicates")}}
    contract |= {"metrics": {name: LOOP["metrics"][name] for name in ("holdout", "train", "baseline")}, "drift": {"max": 0.3, "drifted": False}}
    text = to_text(summary(contract, 1))
    assert "roc_auc 0.8123" in text
    assert "no drift: the largest effect is 0.3000" in text


def test_a_flow_that_only_ingests_is_summed_up_too() -> None:
    text = to_text(summary({"use_case": "shop", "snapshot": LOOP["snapshot"], "seconds": {}, "cached": []}, 1))
    assert "1,980 kept" in text
    assert "verdict" not in text


def test_a_waiting_version_comes_with_the_command_that_approves_it() -> None:
    assert "approve shop 3" in to_text(summary(LOOP | {"waiting": True}, 1))


def test_alarms_and_notes_on_the_data_are_said() -> None:
    text = to_text(summary(LOOP | {"alarms": ["volume: 3 rows came"], "notes": ["the new column x was left out"]}, 1))
    assert "volume: 3 rows came" in text
    assert "the new column x was left out" in text
