"""How use cases stand: read in few queries, kept until their tables change, in words that agree with the ledger."""

import datetime as dt

import pytest

from lifecycle.decisions import approve
from lifecycle.gate.checklist import lines
from lifecycle.gate.numbers import CheckResult, VerdictNumbers
from lifecycle.gate.rule import Check
from lifecycle.history import JUDGED, Decision, ledger, standing
from lifecycle.overview import facts as reading
from lifecycle.overview.beside import two_versions
from lifecycle.overview.facts import facts
from lifecycle.overview.overview import open_alarm, overview
from lifecycle.overview.story import decided, story
from lifecycle.settings import settings
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.store import tables
from lifecycle.store.lake import lake
from lifecycle.usecase import Gate
from tests.challengers import evaluated, parts_of
from tests.toys import toy

pytestmark = pytest.mark.usefixtures("emptied")
DAY = dt.datetime(2026, 3, 1)


def test_only_what_has_changed_is_read_again() -> None:
    first, other = toy("looked_one"), toy("looked_other")
    for each in (first, other):
        parts_of(each)
    _, before = facts(["looked_one", "looked_other"])
    assert facts(["looked_one", "looked_other"])[1]["looked_one"] is before["looked_one"]
    lake().write(lambda to: to.execute("INSERT INTO looked_one.batches SELECT * REPLACE (batch + 1 AS batch, 7 AS came) FROM looked_one.batches"))
    version, after = facts(["looked_one", "looked_other"])
    assert version == lake().version()
    assert after["looked_other"] is before["looked_other"]
    assert after["looked_one"].batch is not None
    assert after["looked_one"].batch["came"] == 7


def test_what_one_process_has_read_the_next_begins_with(monkeypatch: pytest.MonkeyPatch) -> None:
    parts_of(toy("looked_kept"))
    facts(["looked_kept"])
    file = settings().home / "cache" / "overview.json"
    file.write_text(file.read_text().replace('"came":2000', '"came":1999'))
    monkeypatch.setattr(reading, "_kept", reading._Kept())
    assert came("looked_kept") == 1_999
    lake().write(lambda to: to.execute("INSERT INTO looked_kept.batches SELECT * REPLACE (batch + 1 AS batch) FROM looked_kept.batches"))
    assert came("looked_kept") == 2_000
    file.write_text("nonsense")
    monkeypatch.setattr(reading, "_kept", reading._Kept())
    assert came("looked_kept") == 2_000


def came(name: str) -> int | None:
    row = facts([name])[1][name].batch
    return row["came"] if row else None


def test_a_use_case_of_which_nothing_is_known_and_a_lake_of_before_are_shown() -> None:
    tables.prepare(lake(), "looked_old")
    lake().write(lambda to: to.execute("ALTER TABLE looked_old.drift DROP COLUMN effects"))
    lake().write(lambda to: to.execute("ALTER TABLE looked_old.quarantine DROP COLUMN released_at"))
    states = {each.name: each for each in overview([toy("looked_old"), toy("looked_never"), "looked_nowhere"]).use_cases}
    assert {name: each.health.word for name, each in states.items()} == {
        "looked_nowhere": "broken",
        "looked_old": "no model",
        "looked_never": "no model",
    }
    assert story(toy("looked_old")).windows == ()


def test_a_version_that_waits_waits_until_somebody_decides_and_the_champion_is_marked_once() -> None:
    use_case = toy("looked_waiting", parameters={"rows": 2_500}, approval="human", gate=Gate(rows=200, days=1))
    parts = parts_of(use_case)
    promote(use_case, register(use_case, evaluated(use_case, parts)))
    found = story(use_case)
    assert [(each.word, each.champion) for each in found.decisions] == [("waits for a person", False)]
    assert (found.state.health.word, found.state.waiting) == ("look", (1,))
    approve(use_case, 1, "anna", "seen")
    found = story(use_case)
    assert [(each.word, each.champion) for each in found.decisions] == [("approved", True), ("waited for a person", False)]
    assert (found.state.champion, found.state.health.word, found.state.waiting) == (1, "well", ())
    assert [(mark.what, mark.version) for mark in found.marks] == [("promoted", 1)]


def test_two_versions_are_compared_on_the_same_rows_and_the_rows_that_flip_are_named() -> None:
    use_case = toy("looked_beside", parameters={"rows": 2_500}, gate=Gate(rows=200, days=1), slices=("kind",))
    parts = parts_of(use_case)
    for inputs in (("log_amount",), ("amount", "kind")):
        register(use_case, evaluated(use_case, parts, inputs))
    found = two_versions(use_case, 2, 1)
    assert (found.old, found.new, found.obstacle) == (1, 2, "")
    gain = next(each for each in found.metrics if each.metric == "roc_auc")
    assert gain.low is not None
    assert gain.low > 0
    assert found.flipped == sum(each.flips for each in found.slices if each.column == "kind") > 0
    assert found.corrected is not None
    assert found.spoilt is not None
    assert found.corrected + found.spoilt == found.flipped
    assert found.corrected > found.spoilt
    assert all(each.old != each.new for each in found.flips)
    assert two_versions(use_case, 1, 1).obstacle == "it is one version"


def window(day: int, *, bad: bool = False, drifted: bool = False) -> dict:
    moment = DAY + dt.timedelta(days=day)
    return {"judged_at": moment, "window_end": moment, "max": 0.1, "bad": bad, "drifted": drifted, "performance": None, "reason": "why"}


def test_an_alarm_is_open_until_a_window_is_good_again() -> None:
    raised = [window(1, bad=True, drifted=True), window(2, bad=True), window(3, bad=True, drifted=True)]
    found = open_alarm(raised)
    assert found is not None
    assert found.until == DAY + dt.timedelta(days=1)
    assert open_alarm([*raised, window(4)]) is None
    assert open_alarm([*raised, {**window(4), "performance": '{"worse": true}'}]) is not None


def test_a_verdict_is_a_checklist_in_words() -> None:
    checks = [
        Check("rows to judge on", 1_543, 400),
        Check("gain over version 2", {"value": 0.02, "low": -0.01, "high": 0.05}, "above 0", reason="not shown"),
        Check("gain lost on new rows, at most", 0.094789, 0.5),
        Check("too good to be true", {"value": 0.9999, "columns": [["a", "b"]]}, None, asks="somebody looks"),
    ]
    assert [tuple(line) for line in lines(check.result for check in checks)] == [
        ("rows to judge on", "1,543", "at least 400", "passed"),
        ("gain over version 2", "+0.02 (-0.01 to +0.05)", "above 0", "not passed"),
        ("gain lost on new rows", "0.09479", "at most 0.5", "passed"),
        ("too good to be true", "value 0.9999; columns a, b", "", "a person decides"),
    ]


def test_a_ledger_of_before_has_no_question_in_its_checks() -> None:
    assert not CheckResult.model_validate({"check": "a", "found": 1, "allowed": 2, "passed": False}).asks
    row = Decision(model_version=1, action=JUDGED, promoted=False, reason="no", numbers=VerdictNumbers())
    assert decided(row, standing([row])).word == "not promoted"
    assert ledger("looked_never_was") == []
