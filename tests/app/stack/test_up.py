"""The stack as its users have it: from the deployments' forms to the loop that closes by itself."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from app import login, server_watch
from app.stack import parts, processes
from lifecycle.store import postgres
from tests.app.stack.conftest import ROOT, Inbox, Stack, free

pytestmark = pytest.mark.system

DEPLOYMENTS = {"ingest", "train", "score", "monitor", "lifecycle", "promote", "rollback", "maintain"}
DRIFTED = "rows=4000,more=3000,shift=9"
EVERY_MINUTE = {"slug": "minute", "active": True, "schedule": {"cron": "* * * * *", "timezone": "Etc/UTC"}, "parameters": {"use_case": "shop"}}


def test_everything_is_there_and_once(stack: Stack) -> None:
    said: dict[str, Any] = stack.said  # type: ignore[attr-defined]
    assert parts.said(f"{said['prefect']}/api/health") == "true"
    assert parts.said(f"{said['mlflow']}/health") == "OK"
    assert parts.said(f"{said['prefect']}/api/admin/version") == ""
    assert login.secret(stack.home) not in json.dumps(said)
    surroundings = stack.environment | {"PWD": str(ROOT), "PREFECT_HOME": str(stack.home / "prefect")}
    typed = f". {stack.said['shell']}; exec {sys.executable} -m prefect --no-prompt deploy --all"  # type: ignore[attr-defined]
    subprocess.run(["sh", "-c", typed], cwd=ROOT, env=surroundings, check=True, capture_output=True)
    found = {each["name"]: each for each in stack.server.found("deployments")}
    assert set(found) == DEPLOYMENTS
    for name in ("ingest", "score", "monitor", "train"):
        assert len({each["slug"] for each in found[name]["schedules"]}) == len(found[name]["schedules"]) >= 4
    assert all(each["global_concurrency_limit"]["limit"] == 1 for each in found.values())
    queues = {each["name"]: each["concurrency_limit"] for each in stack.server.found("work_pools/lifecycle/queues")}
    assert {queues[name] for name in DEPLOYMENTS} == {1}
    assert sorted(each["name"] for each in stack.server.found("automations")) == [
        "lifecycle, a run whose process is gone has crashed",
        "train after drift",
    ]
    stack.server("POST", f"/deployments/{found['ingest']['id']}/schedules", [EVERY_MINUTE])


def test_a_form_offers_the_use_cases_and_refuses_nonsense_with_its_rule(stack: Stack) -> None:
    form = stack.server("GET", "/deployments/name/train/train")["parameter_openapi_schema"]["properties"]
    assert {"shop", "guarded", "fraud"} <= set(form["use_case"]["enum"])
    assert all(field.get("description") for field in form.values())
    code, why = stack.refused("train", use_case="shpo")
    assert (code, "is not one of" in why) == (409, True)
    code, why = stack.refused("rollback", use_case="shop", version=0)
    assert (code, "less than the minimum of 1" in why) == (409, True)
    code, why = stack.refused("maintain", keep_days="ever")
    assert code == 409


def test_a_run_says_what_came_of_it_and_shows_plots(stack: Stack) -> None:
    run = stack.start("lifecycle", use_case="shop")
    ended = stack.wait(run)
    assert ended["state"]["message"].startswith("promoted version 1: the first champion: roc_auc 0.")
    assert ended["name"] == "lifecycle shop"
    assert set(ended["tags"]) == {"lifecycle", "shop"}
    artifacts = {each["key"]: each for each in stack.server.found("artifacts", {"flow_runs": {"id": {"any_": [run]}}})}
    wanted = ("quality", "leaderboard", "tune-progress", "evaluation", "model-card", "mlflow", "verdict", "drift", "report")
    assert set(artifacts) == {f"shop-{name}" for name in wanted}
    assert artifacts["shop-evaluation"]["data"].count("data:image/png;base64,") >= 3
    assert f"http://127.0.0.1:{5000 + stack.offset}" in artifacts["shop-mlflow"]["data"]
    assert stack.until(lambda: stack.events("shop")) == ["lifecycle.model.promoted"]


def test_a_run_from_the_command_line_uses_the_stack(stack: Stack) -> None:
    done = stack.command("score", "shop", "--json")
    assert done.returncode == 0, done.stderr
    found = stack.server.found("flow_runs", {"flow_runs": {"name": {"any_": ["score shop"]}}})
    assert [run["state"]["message"].split(":")[0] for run in found] == ["nothing has changed since"]
    assert not (stack.home / "prefect" / "server.json").exists()


def test_a_killed_run_has_crashed_one_message_says_so_and_the_next_run_goes_on(stack: Stack, inbox: Inbox) -> None:
    stack.done("ingest", use_case="guarded")
    run = stack.start("train", use_case="guarded")
    stack.until(lambda: stack.tasks(run).get("tune") == "Running")
    os.kill(int(stack.run(run)["infrastructure_pid"]), signal.SIGKILL)
    assert stack.wait(run, 90)["state_type"] == "CRASHED"
    stack.until(lambda: inbox.messages, 30)
    again = stack.start("train", use_case="guarded")
    assert stack.wait(again)["state_type"] == "COMPLETED"
    assert stack.tasks(again)["featurize"] == "Cached"
    assert [message["title"] for message in inbox.messages] == ["Lifecycle: train guarded crashed"]


def test_a_version_waits_for_a_person_who_is_in_the_ledger_then(stack: Stack) -> None:
    waiting = stack.server.found("flow_runs", {"flow_runs": {"name": {"any_": ["train guarded"]}}, "sort": "START_TIME_DESC"})[0]
    assert waiting["state"]["message"].startswith("waiting for a person: version ")
    verdict = stack.server.found("artifacts", {"flow_runs": {"id": {"any_": [waiting["id"]]}}, "artifacts": {"key": {"any_": ["guarded-verdict"]}}})
    assert "It waits for you" in verdict[0]["data"]
    stack.done("promote", use_case="guarded", reason="looks right", by="Ada")
    ledger = stack.command("sql", "SELECT action, actor, reason FROM guarded.promotions ORDER BY decided_at DESC LIMIT 1", "--json")
    assert "approved" in ledger.stdout
    assert "Ada" in ledger.stdout
    assert "looks right" in ledger.stdout
    failed = stack.wait(stack.start("promote", use_case="guarded", by="Ada"))
    assert failed["state_type"] == "FAILED"
    assert "only a version that waits" in failed["state"]["message"]


def test_drift_ends_in_a_training_that_nobody_started_and_ten_alarms_in_one(stack: Stack) -> None:
    stack.done("ingest", use_case="guarded", source=DRIFTED)
    told = stack.done("monitor", use_case="guarded")
    assert told.startswith("drift: ")
    assert told.endswith("the alarm is told, and nothing else is done by itself (follows='alert')")
    stack.until(lambda: "lifecycle.drift.detected" in stack.events("guarded"))
    stack.done("ingest", use_case="shop", source=DRIFTED)
    assert stack.done("monitor", use_case="shop").startswith("drift: ")
    named = {"flow_runs": {"name": {"any_": ["train shop"]}}}
    trained = stack.until(lambda: stack.server.found("flow_runs", named), 60)[0]
    assert trained["created_by"]["display_value"] == "train after drift"
    assert trained["parameters"]["alarm"].startswith("drift: ")
    ended = stack.wait(trained["id"])
    assert ended["state"]["message"].startswith("promoted version 2: better than version 1")
    events = ["lifecycle.model.promoted", "lifecycle.drift.detected", "lifecycle.model.promoted"]
    assert stack.until(lambda: len(found := stack.events("shop")) == 3 and found) == events
    alarm = {"occurred": None, "event": "lifecycle.drift.detected", "payload": {"reason": "again"}, "related": []}
    resource = {"prefect.resource.id": "lifecycle.use-case.shop", "prefect.resource.name": "shop", "lifecycle.follows": "retrain"}
    for number in range(10):
        event = {**alarm, "id": f"00000000-0000-4000-8000-{number:012d}", "occurred": _now(), "resource": resource}
        stack.server("POST", "/events", [event])
    stack.until(lambda: len(stack.events("shop")) == 13)
    assert len(stack.server.found("flow_runs", named)) == 1
    guarded = stack.server.found("flow_runs", {"flow_runs": {"name": {"any_": ["train guarded"]}}})
    assert "train after drift" not in {run["created_by"]["display_value"] for run in guarded if run["created_by"]}, "its definition says alert"


def test_a_rollback_is_told(stack: Stack) -> None:
    message = stack.done("rollback", use_case="shop", reason="just to see", by="Ada")
    assert message.startswith("version 1 is champion again")
    stack.until(lambda: "lifecycle.model.rolled-back" in stack.events("shop"))


def test_bad_data_is_refused_and_told_and_not_tried_again(stack: Stack, inbox: Inbox) -> None:
    run = stack.start("ingest", use_case="guarded", source="rows=500,spoilt=400")
    ended = stack.wait(run)
    assert ended["state_type"] == "FAILED"
    assert "the limit is 5%" in ended["state"]["message"]
    stack.until(lambda: "lifecycle.data.rejected" in stack.events("guarded"))
    tasks = stack.server.found("task_runs", {"flow_runs": {"id": {"any_": [run]}}})
    assert {task["run_count"] for task in tasks} == {1}
    stack.until(lambda: any(message["title"] == "Lifecycle: ingest guarded failed" for message in inbox.messages), 30)
    stack.wait(stack.start("ingest", use_case="guarded", source="rows=500,spoilt=400"))
    stack.done("maintain")
    assert sum(message["title"] == "Lifecycle: ingest guarded failed" for message in inbox.messages) == 1


def test_runs_that_come_at_once_all_succeed_and_in_their_order(stack: Stack) -> None:
    names = ("ingest", "score", "monitor", "ingest", "score", "monitor", "maintain")
    runs = [(name, stack.start(name, use_case="all" if name == "maintain" else ("shop", "guarded")[at % 2])) for at, name in enumerate(names)]
    ended = [(name, stack.wait(run, 400)) for name, run in runs]
    assert {run["state"]["message"] for _, run in ended if run["state_type"] != "COMPLETED"} == set()
    for name in ("ingest", "score", "monitor"):
        starts = [run["start_time"] for each, run in ended if each == name]
        assert starts == sorted(starts)


def test_a_schedule_has_fired_at_its_minute(stack: Stack) -> None:
    found = stack.until(
        lambda: [
            run
            for run in stack.server.found("flow_runs", {"flow_runs": {"name": {"any_": ["ingest shop"]}, "state": {"type": {"any_": ["COMPLETED"]}}}})
            if run["auto_scheduled"]
        ],
        120,
    )
    assert found[0]["expected_start_time"][17:19] == "00"


def test_a_part_that_ends_is_started_again(stack: Stack) -> None:
    import psutil

    before = {pid for pid in processes.marked(stack.home) if "mlflow" in " ".join(psutil.Process(pid).cmdline())}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    address = f"http://127.0.0.1:{5000 + stack.offset}/health"
    stack.until(lambda: parts.said(address) == "OK", 90)


def test_a_postgresql_that_was_killed_is_started_again_and_all_find_back_to_it(stack: Stack) -> None:
    file = stack.home / "postgres" / "data" / "postmaster.pid"
    killed = int(file.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    home, auth = stack.home / "postgres", login.auth(stack.home)
    stack.until(lambda: postgres.alive(home) and int(file.read_text().split()[0]) != killed, 60)
    stack.until(lambda: parts.said(f"{stack.prefect}/api/ready"), 90)
    stack.until(lambda: parts.said(f"{stack.mlflow}/api/2.0/mlflow/experiments/search?max_results=1", auth), 90)
    assert parts.said(f"http://127.0.0.1:{8000 + stack.offset}/live")
    assert stack.done("score", use_case="shop")
    assert stack.process.poll() is None


def test_down_leaves_nothing_behind_even_after_a_kill_and_up_has_all_history(stack: Stack) -> None:
    busy = stack.command("up", "--port-offset", str(stack.offset))
    assert (busy.returncode, "a stack runs in" in busy.stderr) == (1, True)
    command = [sys.executable, "-m", "app.cli", "run", "shop", "--fresh"]
    run = subprocess.Popen(command, cwd=ROOT, env=stack.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stderr
    before = next(line for line in run.stderr if "  tune  " in line or line.startswith("lifecycle:"))
    os.kill(stack.process.pid, signal.SIGKILL)
    stack.process.wait()
    assert list(processes.marked(stack.home))
    assert "stack" in stack.down()["stopped"]
    _, words = run.communicate(timeout=30)
    assert (run.returncode, "tune" in before) == (1, True)
    assert [line for line in words.splitlines() if " s  " not in line] == [f"lifecycle: {server_watch.SAID}"]
    assert list(processes.marked(stack.home)) == []
    assert all(free(base + stack.offset) for base in (4200, 5000))
    assert stack.command("down").stdout.strip() == "nothing was running"
    stack.up()
    assert stack.server.found("flow_runs", {"flow_runs": {"name": {"any_": ["lifecycle shop"]}}})
    assert stack.done("score", use_case="shop")


def _now() -> str:
    import datetime as dt

    return dt.datetime.now(dt.UTC).isoformat()
