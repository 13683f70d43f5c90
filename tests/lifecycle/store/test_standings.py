"""Who stands where by the ledger, and what a kill in the middle of a decision leaves."""

import time
from typing import Any

import pytest

from lifecycle import decisions, promotions
from lifecycle.serving.standings_reader import Standings
from lifecycle.settings import settings
from lifecycle.stages.register import register
from lifecycle.store import database, standings
from lifecycle.store.lake import lake
from lifecycle.store.standings import Stands
from lifecycle.usecase import UseCase
from tests.challengers import evaluated, parts_of
from tests.toys import toy


@pytest.fixture
def looking() -> Any:
    """What a service looks with."""
    made = Standings(database.connect(settings()), settings())
    yield made
    made.close()


def two(name: str) -> UseCase:
    """A use case with two registered versions, of which nothing is decided."""
    use_case = toy(name, parameters={"rows": 2_500})
    parts = parts_of(use_case)
    for inputs in (("amount",), ("amount", "kind")):
        register(use_case, evaluated(use_case, parts, inputs))
    return use_case


def test_every_decision_is_in_the_standings_as_soon_as_it_is_in_the_ledger(looking: Standings) -> None:
    use_case = two("standings_decided")
    assert looking.now([use_case.name]) == [Stands(settled=True)]
    decisions.promote_by_hand(use_case, 1)
    assert looking.now([use_case.name]) == [Stands(1, None, None, True)]
    decisions.promote_by_hand(use_case, 2)
    assert looking.now([use_case.name]) == [Stands(2, 1, None, True)]
    decisions.rollback(use_case)
    assert looking.now([use_case.name]) == [Stands(1, None, None, True)]


@pytest.mark.parametrize("moment", ["before the ledger", "before the standings"])
def test_a_kill_in_the_middle_of_a_decision_is_healed_by_whoever_looks(moment: str, looking: Standings, monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = two("standings_killed_" + moment.split()[-1])
    decisions.promote_by_hand(use_case, 1)
    where, name = {"before the ledger": (lake(), "write"), "before the standings": (promotions, "align")}[moment]
    calls: list[Any] = []
    real = getattr(where, name)

    def killed(*given: Any, **more: Any) -> Any:
        calls.append(given)
        if moment == "before the ledger" or len(calls) > 1:  # the first alignment is that of whoever comes after a kill
            raise KeyboardInterrupt
        return real(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(where, name, killed)
        with pytest.raises(KeyboardInterrupt):
            decisions.promote_by_hand(use_case, 2)
    wanted = Stands(1, None, None, True) if moment == "before the ledger" else Stands(2, 1, None, True)
    assert _in_the_end(looking, use_case.name) == wanted
    assert standings.read(looking._records)[use_case.name] == wanted  # and for all others


def test_while_somebody_decides_the_standing_of_before_holds(looking: Standings) -> None:
    use_case = two("standings_busy")
    decisions.promote_by_hand(use_case, 1)
    with lake().lock(standings.deciding(use_case.name)):
        standings.mark(use_case.name)
        assert looking.now([use_case.name]) == [Stands(1, None, None, False)]
    assert _in_the_end(looking, use_case.name) == Stands(1, None, None, True)


def _in_the_end(looking: Standings, name: str) -> Stands:
    """Where its versions stand once nobody decides: PostgreSQL frees the lock a moment after its holder has left."""
    end = time.monotonic() + 30
    while not (found := looking.now([name])[0]).settled and time.monotonic() < end:
        time.sleep(0.02)
    return found
