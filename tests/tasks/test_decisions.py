"""Decisions as tasks: what is retried must not be decided again."""

import warnings

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from lifecycle import history, registry
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from tasks import decisions
from tests.challengers import evaluated, parts_of
from tests.toys import toy


def test_a_rollback_whose_prefect_is_away_is_decided_once_whatever_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = toy("decisions_retried", parameters={"rows": 2_500})
    parts = parts_of(use_case)
    for inputs in (("kind",), ("amount",), ("amount", "kind")):
        promote(use_case, register(use_case, evaluated(use_case, parts, inputs)))
    assert history.standing(history.ledger(use_case.name)).reigns == [1, 2, 3]
    monkeypatch.setattr(registry, "find", lambda name: use_case)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Prefect's, of artifacts that are made outside of a run
        verdict = decisions.roll_back.fn(use_case.name, None, "alarms", "ana")
        with pytest.raises(Exception, match=r"(?i)connect"):  # showing it fails, and is tried again by itself
            decisions.tell.fn(verdict, returned=True)
    assert history.standing(history.ledger(use_case.name)).reigns == [1, 2]
