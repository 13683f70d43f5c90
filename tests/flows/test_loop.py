"""The whole loop as a user runs it: the command, in a process of its own, with its own home and a use case of its own."""

import signal
import time

import polars as pl
import psutil
import pytest

from tests.flows.conftest import HELPER, Place
from tests.toys import visits

pytestmark = pytest.mark.system

STAGES = ["collect", "validate", "featurize", "split", "tune", "train", "evaluate", "register", "promote", "score", "monitor", "watch"]


def test_the_loop_runs_through_and_says_everything_the_contract_names(place: Place) -> None:
    said = place.run()
    assert said["cached"] == []
    assert list(said["seconds"]) == STAGES
    assert said["snapshot"]["rows"] == 4_000
    assert said["promoted"] is True
    assert said["model_version"] == 1
    assert said["metrics"]["holdout"]["roc_auc"] > said["metrics"]["baseline"]["roc_auc"] == 0.5
    assert said["scored"] == 120
    assert said["drift"]["drifted"] is False
    assert {"use_case", "reason", "metric", "mlflow_run_id"} <= set(said)


def test_an_unchanged_run_runs_no_stage(place: Place) -> None:
    assert place.run()["cached"] == STAGES


def test_an_edited_helper_runs_featurize_and_everything_after_it(place: Place) -> None:
    place.write_helper(HELPER.replace("log1p()", "log1p() * 2"))
    said = place.run()
    assert said["cached"][:2] == ["collect", "validate"]
    assert not set(said["cached"]) & {"featurize", "split", "tune", "train", "evaluate", "register", "promote"}


def test_an_edited_row_runs_everything(place: Place) -> None:
    rows = visits(4_000, unknown=120)
    rows[0, "amount"] = 17.0
    place.write_rows(rows)
    said = place.run()
    assert not set(said["cached"]) & set(STAGES[:9])
    assert (said["snapshot"]["kept"], said["snapshot"]["duplicates"], said["snapshot"]["rows"]) == (1, 3_999, 4_000)


@pytest.mark.parametrize("stage", ["validate", "tune", "promote"])
def test_after_a_kill_at_any_stage_the_same_command_finishes(place: Place, stage: str) -> None:
    """Rows of its own make every stage of the killed run new."""
    rows = visits(4_000, unknown=120).with_columns(age=pl.col("age").fill_null(STAGES.index(stage) + 1.0))
    place.write_rows(rows)
    process = place.start("run", "one", "--json")
    assert process.stderr
    for line in process.stderr:
        if f" {stage} " in line and "..." in line:
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    said = place.run()
    assert said["snapshot"]["rows"] == 4_000
    sums = place.ask("SELECT sum(came) AS came, sum(kept + quarantined + duplicates) AS sums, count(*) AS lines FROM one.batches")[0]
    assert sums["came"] == sums["sums"]
    twice = place.ask(
        "SELECT (SELECT count(*) - count(DISTINCT visit) FROM one.raw) + (SELECT count(*) - count(DISTINCT (key, model_version)) FROM one.predictions) AS n"
    )
    assert twice[0]["n"] == 0


def test_runs_of_different_use_cases_and_of_the_same_one_at_once_all_finish(place: Place) -> None:
    place.write_rows(visits(4_000, unknown=120).with_columns(age=pl.col("age").fill_null(99.0)))
    running = [place.start("run", name, "--json") for name in ("one", "one", "two")]
    said = [place.end(process) for process in running]
    assert said[0]["model_version"] == said[1]["model_version"], "the same work was done twice"
    assert said[2]["use_case"] == "two"
    versions = place.ask("SELECT count(*) - count(DISTINCT key) AS n FROM two.predictions")
    assert versions[0]["n"] == 0


def test_bad_rows_are_quarantined_and_too_many_stop_the_run_before_training(place: Place) -> None:
    rows = visits(4_000, unknown=120).with_columns(kind=pl.when(pl.col("visit") < 10).then(pl.lit("?")).otherwise(pl.col("kind")))
    place.write_rows(rows)
    said = place.run()
    assert said["snapshot"]["quarantined"] == 10
    place.write_rows(rows.with_columns(kind=pl.lit("?")))
    process = place.start("run", "one", "--json")
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert out == ""
    assert "4,000 of 4,000 rows failed, the limit is 20%" in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors


def test_nothing_is_left_running_and_nothing_is_written_outside_the_home(place: Place) -> None:
    left: list[str] = []
    for _ in range(100):
        started = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
        left = [" ".join(command) for command in started if str(place.root / "home") in " ".join(command)]
        if not left:
            break
        time.sleep(0.2)
    assert left == []
    assert sorted(path.name for path in place.root.iterdir()) == ["cases", "data", "home"]
