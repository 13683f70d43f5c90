"""What nobody needs any more goes: also what killed processes left."""

import time
from pathlib import Path
from typing import Any

import pytest

from lifecycle.maintain import maintain
from lifecycle.predict import predict
from lifecycle.references import Parts
from lifecycle.store import models, tracking
from lifecycle.usecase import UseCase
from tests.challengers import parts_of
from tests.served import registered
from tests.toys import toy, visit_features, visits

DAY = 24 * 3600


@pytest.fixture(scope="module")
def case() -> tuple[UseCase, Parts]:
    use_case = toy("maintained", parameters={"rows": 2_500})
    return use_case, parts_of(use_case)


def begun(use_case: UseCase, run: str, estimator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose process is killed before it became its run's own."""
    head = visit_features(visits(300)).head(5)
    with monkeypatch.context() as killed:
        killed.setattr(tracking.client(), "log_outputs", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            models.save(run, use_case, estimator, head, predict(use_case, estimator, head))


def aged(run: str, days: float) -> None:
    """Let a run have begun so many days ago."""
    import psycopg

    from lifecycle.store.lake import lake

    with psycopg.connect(lake().server.conninfo("mlflow"), autocommit=True) as connection:
        connection.execute("UPDATE runs SET start_time = %s WHERE run_uuid = %s", [int((time.time() - days * DAY) * 1000), run])


def files(use_case: str) -> list[Path]:
    return sorted(Path(tracking.artifacts()).joinpath(use_case, "models").glob("*/artifacts/MLmodel"))


def test_models_that_a_kill_kept_from_becoming_a_runs_own_are_cleared_away_with_their_files(
    case: tuple[UseCase, Parts], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_case, parts = case
    version = registered(use_case, parts)
    estimator = models.load(version.run_id, version.sha256)
    begun(use_case, version.run_id, estimator, monkeypatch)
    abandoned = tracking.begin(use_case.name, "train maintained", "a key")
    begun(use_case, abandoned, estimator, monkeypatch)
    for run in (version.run_id, abandoned):
        aged(run, 40)
    assert len(files(use_case.name)) == 3
    maintain(use_case.name, 30)
    assert len(files(use_case.name)) == 1
    models.load.cache_clear()
    assert models.load(version.run_id, version.sha256), "the registered model stays"
    assert abandoned not in [run.info.run_id for run in tracking.runs(use_case.name)]
