"""Who was champion at a moment."""

import datetime as dt
from typing import Any

import pytest

from app.champion_at import champion_at
from lifecycle.errors import LifecycleError
from lifecycle.history import JUDGED, ROLLED_BACK, Decision
from tests.app.conftest import Lifecycle

DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def row(version: int, day: int, action: str = JUDGED, promoted: bool = True) -> Decision:
    return Decision(
        model_version=version, action=action, promoted=promoted, reason=f"why {version}", actor="ana", decided_at=DAY + dt.timedelta(days=day)
    )


LEDGER = [row(1, 0), row(2, 1, promoted=False), row(3, 2), row(1, 4, ROLLED_BACK)]


@pytest.mark.parametrize(
    ("days", "champion", "until"), [(-0.5, None, None), (0, 1, 2), (1.5, 1, 2), (2, 3, 4), (3.9, 3, 4), (4.1, 1, None), (30, 1, None)]
)
def test_the_champion_of_a_moment_is_who_was_promoted_last_before_it(days: float, champion: int | None, until: int | None) -> None:
    data: dict[str, Any] = champion_at("shop", DAY + dt.timedelta(days=days), LEDGER).data
    assert data["champion"] == champion
    assert data["until"] == ((DAY + dt.timedelta(days=until)).isoformat() if until else None)
    assert champion is None or data["decision"]["reason"] == f"why {champion}"


def test_nobody_knows_the_champion_of_tomorrow() -> None:
    with pytest.raises(LifecycleError, match="not decided yet"):
        champion_at("shop", dt.datetime.now(dt.UTC) + dt.timedelta(days=1), LEDGER)


def test_what_is_no_moment_is_wrong_usage(lifecycle: Lifecycle) -> None:
    done = lifecycle("history", "shop", "--at", "yesterday")
    assert done.returncode == 2
    assert "2026-03-04T15:30" in done.stderr
