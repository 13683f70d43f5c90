"""What follows an alarm, and a new champion beside the one before: real versions, a real ledger, rows that come after the promotion."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lifecycle import decisions, history
from lifecycle.errors import DefinitionError
from lifecycle.gate.numbers import VerdictNumbers
from lifecycle.monitoring import succession
from lifecycle.operating_points import Costs
from lifecycle.references import DriftReport, Features, LivePerformance, ModelVersion, Watched
from lifecycle.sources import Generated
from lifecycle.stages import collect, featurize, promote, register, validate, watch
from lifecycle.store import tracking, versions
from lifecycle.store.lake import lake
from lifecycle.usecase import Monitoring, UseCase
from tests.challengers import evaluated, parts_of
from tests.lifecycle.stages.test_monitor import Shop as Watching
from tests.lifecycle.stages.test_monitor import parts_of_a_shop
from tests.toys import toy

WEAK, STRONG = ("kind",), ("amount", "kind")
WINDOW, PROBATION = 400, 3
OPPOSITE = {"rows": WINDOW, "signal": -3.0}
"""A day on which what the inputs said before means the opposite: the more a model has learnt, the worse it does."""


@dataclass
class Shop:
    """A use case whose version 2 the gate has just promoted in place of version 1."""

    name: str
    policy: dict[str, Any] = field(default_factory=dict)
    batches: list[dict[str, Any]] = field(default_factory=lambda: [{"rows": 2_500}])

    @property
    def use_case(self) -> UseCase:
        monitoring = Monitoring(window=WINDOW, **{"probation": PROBATION, **self.policy})
        return toy(self.name, source=Generated(parts_of_a_shop, {"batches": self.batches}, deterministic=True), monitoring=monitoring)

    def open(self, *between: dict[str, Any]) -> "Shop":
        """With rows that come `between` the training of version 2 and a person's decision for it; without, the gate decides at once."""
        assert promote.promote(self.use_case, self.challenger(WEAK)).promoted
        second = self.challenger(STRONG)
        if not between:
            assert promote.promote(self.use_case, second).promoted
            return self
        self.batches = [*self.batches, *between]
        self.features()
        decisions.promote_by_hand(self.use_case, second.version, "ana")
        return self

    def challenger(self, inputs: tuple[str, ...]) -> ModelVersion:
        return register.register(self.use_case, evaluated(self.use_case, parts_of(self.use_case), inputs))

    def features(self) -> Features:
        return featurize.featurize(self.use_case, validate.validate(self.use_case, collect.collect(self.use_case)))

    def watch(self, *more: dict[str, Any], **report: Any) -> Watched:
        self.batches = [*self.batches, *more]
        found = DriftReport(**{"use_case": self.name, "version": 2, "max": 0.0, "limit": 0.1, "drifted": False, "reason": "", **report})
        return watch.watch(self.use_case, found, self.features())

    @property
    def champion(self) -> tuple[int | None, str]:
        """By the ledger, and by MLflow's alias."""
        alias = tracking.client().get_registered_model(self.name).aliases.get("champion")
        return history.standing(history.ledger(self.name)).champion, str(alias)


def broken(worse: bool = True) -> dict[str, Any]:
    """The report of an alarm: of the live performance, or of the inputs alone."""
    live = LivePerformance(
        metric="roc_auc", live=0.6, interval=(0.5, 0.7), promised=0.9, rows=1_200, worse=worse, drifted=worse, since=None, until=None
    )
    return {"drifted": True, "performance": live}


def test_what_decisions_cost_is_compared_where_that_decides() -> None:
    shop = Shop("watch_costs").open()
    shop.batches.append({**OPPOSITE, "seed": 11})
    use_case = replace(shop.use_case, costs=Costs(miss=20, false_alarm=1), metric="")
    champion, previous = (versions.version(shop.name, number) for number in (2, 1))
    promoted_at = history.ledger(shop.name)[-1].decided_at
    assert promoted_at
    found = succession.compare(use_case, champion, previous, shop.features(), promoted_at)
    assert (found.metric, found.windows) == ("cost", 1)
    assert found.gain


def test_a_champion_made_worse_after_its_promotion_is_rolled_back_within_the_windows_of_the_policy_and_stays_so() -> None:
    shop = Shop("watch_worse").open()
    again = shop.challenger(STRONG)
    shop.batches.append({**OPPOSITE, "seed": 11})
    for follows in ("off", "alert"):
        shop.policy = {"follows": follows}
        found = shop.watch()
        assert "version 2 beside version 1 before it: worse, roc_auc -0." in found.reason, "where a person decides it is said"
        assert (found.rolled_back, shop.champion) == (False, (2, "2"))
    shop.policy, looked = {}, 1
    while not (found := shop.watch()).rolled_back and looked < PROBATION:
        shop.batches.append({**OPPOSITE, "seed": 11 + looked})
        looked += 1
    assert (found.rolled_back, found.version, found.previous, found.windows) == (True, 2, 1, looked)
    assert found.gain
    assert found.gain.high is not None
    assert found.gain.high < 0
    assert shop.champion == (1, "1")
    line = history.ledger(shop.name)[-1]
    assert (line.action, line.actor, line.model_version, line.champion, line.promoted) == (history.ROLLED_BACK, history.WATCH, 1, 2, True)
    assert (line.numbers.metric, line.numbers.rows, line.numbers.over_previous) == ("roc_auc", looked * WINDOW, found.gain)
    assert "version 2 does worse than version 1 before it: roc_auc -0." in (line.reason or "")
    assert [each.decided_at for each in history.untold(shop.name, history.WATCH)] == [line.decided_at]
    looks = lake().rows(f"SELECT model_version, previous, windows FROM {shop.name}.watched ORDER BY looked_at")
    assert looks == [(2, 1, windows) for windows in range(1, looked + 1)], "no window is looked at twice"
    fallen = promote.promote(shop.use_case, again)
    assert (fallen.promoted, "it is version 2 again, which was rolled back by the watch" in fallen.reason) == (False, True)
    assert decisions.promote_by_hand(shop.use_case, 2, "ana", "it was the sensor").promoted
    found = shop.watch({**OPPOSITE, "rows": 800, "seed": 5})
    assert "a person made it champion again, so a person decides: 'lifecycle rollback watch_worse'" in found.reason
    assert (found.rolled_back, shop.champion) == (False, (2, "2"))


def test_a_champion_that_does_well_stays_and_after_its_windows_it_is_watched_no_more() -> None:
    shop = Shop("watch_well").open()
    assert "0 rows labelled since its promotion, no whole window yet" in shop.watch().reason
    found = shop.watch({"rows": 800, "seed": 21})
    assert "better, roc_auc +0." in found.reason
    assert (found.rolled_back, found.windows, found.rows) == (False, 2, 800)
    shop.policy = {"follows": "rollback"}
    assert shop.watch(**broken()).rolled_back is False, "the one before would do worse on the same rows"
    shop.policy = {"probation": 0}
    assert shop.watch() == Watched(use_case=shop.name, version=2, previous=1)
    shop.policy = {"probation": 2}
    found = shop.watch({**OPPOSITE, "rows": 1_200, "seed": 22})
    assert (found.rolled_back, found.windows, shop.champion) == (False, 2, (2, "2"))
    before = history.standing(history.ledger(shop.name)).latest[2]
    third = shop.challenger(STRONG)
    decisions.promote_by_hand(shop.use_case, third.version, "ana")
    assert decisions.take_back(shop.use_case, before, 1, history.WATCH, "worse", VerdictNumbers()) is None, "somebody decided meanwhile"
    shop.policy = {}
    assert shop.watch() == Watched(use_case=shop.name, version=third.version), "the report is of another champion"
    assert shop.champion == (third.version, str(third.version))


def test_a_world_that_turns_after_some_good_windows_is_seen_in_the_newest_of_them() -> None:
    shop = Shop("watch_turned", {"probation": 14}).open()
    assert shop.watch({"rows": 5 * WINDOW, "seed": 61}).rolled_back is False
    found = [shop.watch({**OPPOSITE, "rows": WINDOW, "seed": 62 + day}) for day in range(3)]
    assert [each.rolled_back for each in found].count(True) == 1, "at the latest when the newest three windows are of the new world"
    back = next(each for each in found if each.rolled_back)
    assert back.rows == 3 * WINDOW
    assert shop.champion == (1, "1")


def test_an_alarm_of_a_world_that_is_harder_for_both_takes_the_champion_back_where_the_policy_says_so() -> None:
    shop = Shop("watch_alarm").open()
    found = shop.watch({"rows": 1_200, "signal": 0.0, "seed": 22}, **broken())
    assert (found.rolled_back, shop.champion) == (False, (2, "2")), "nobody could know it"
    assert "a training follows: a Prefect server with the deployment 'train' starts it; without one run 'lifecycle train" in found.reason
    shop.policy = {"follows": "rollback"}
    inputs = shop.watch(**broken(worse=False))
    assert (inputs.rolled_back, "the alarm is told" in inputs.reason) == (False, True), "an alarm of the inputs alone"
    found = shop.watch(**broken())
    assert found.reason.endswith("live roc_auc of version 2 is 0.6000 on 1,200 rows, 0.9000 was promised")
    assert (found.rolled_back, shop.champion) == (True, (1, "1"))
    assert shop.watch(**broken(), version=1).rolled_back is False, "there is nobody before version 1"


def test_labels_that_come_late_over_http_count_and_a_rollback_that_was_cut_off_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop("watch_late").open({**OPPOSITE, "rows": 800, "seed": 51})
    assert shop.watch().rows == 0, "what was known when the person decided is the person's to have looked at"
    found = shop.watch({**OPPOSITE, "rows": 800, "late": True})
    assert (found.rows, found.rolled_back) == (0, False)
    label(shop.name, list(parts_of_a_shop([*shop.batches[:-1], {**OPPOSITE, "rows": 800}]))[-1])
    with monkeypatch.context() as broken_off:
        broken_off.setattr(tracking.client(), "set_registered_model_alias", lambda *given, **more: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.watch()
    assert shop.champion == (1, "2"), "killed between the ledger and the alias"
    lines = len(history.ledger(shop.name))
    assert shop.watch().version == 1
    assert shop.champion == (1, "1")
    assert len(history.ledger(shop.name)) == lines, "what was decided is done once"


def label(name: str, known: Any) -> None:
    """Labels as they come over HTTP."""
    cursor = lake().cursor()
    cursor.register("labels_come", known.select("visit", "bought").to_arrow())
    lake().write(lambda transaction: transaction.execute(f"INSERT INTO {name}.labels SELECT visit, bought::VARCHAR, NULL, now() FROM labels_come"))
    cursor.unregister("labels_come")


def test_with_off_drift_is_measured_and_no_alarm_is_raised() -> None:
    shop = Watching("watch_quiet", {"monitoring": Monitoring(window=400, follows="off")}).open()
    found = shop.watch({"rows": 2_000, "shift": 0.8})
    assert found.bad_windows >= 3
    assert (found.drifted, "no alarm is raised: the definition says follows='off'" in found.reason) == (False, True)
    assert shop.table()["drifted"].any() is False


def test_a_policy_that_there_is_not_is_refused() -> None:
    with pytest.raises(DefinitionError, match="follows is one of off, alert, retrain, rollback, found 'pray'"):
        toy("watch_wrong", monitoring=Monitoring(follows="pray"))  # type: ignore[arg-type]
