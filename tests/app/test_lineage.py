import json
from pathlib import Path

import pytest

from lifecycle.kind import find
from lifecycle.prediction_log import segments
from lifecycle.prediction_log.predictions import PredictionLog
from tests.app.conftest import Lifecycle
from tests.app.test_cli import one_line

pytestmark = pytest.mark.system

QUICK = """
from lifecycle.candidates import linear
from lifecycle.usecase import Tuning
from tests.toys import Visit, toy

use_case = toy("{name}", tuning=Tuning(trials=1), candidates=(linear(),), parameters={{"unknown": 200}})
"""


def test_an_answer_leads_back_to_its_model_data_and_batches(lifecycle: Lifecycle, home: Path, definitions: Path) -> None:
    (definitions / "lineage_shop.py").write_text(QUICK.format(name="lineage_shop"))
    assert "lifecycle run lineage_shop' first" in one_line(lifecycle("lineage", "lineage_shop", "--version", "1").stderr)
    run = json.loads(lifecycle("run", "lineage_shop", "--json").stdout.splitlines()[-1])

    asked = lifecycle("lineage", "lineage_shop", "--version", "1", "--json")
    assert asked.returncode == 0, asked.stderr
    of_version = json.loads(asked.stdout.splitlines()[-1])
    assert (of_version["use_case"], of_version["model_version"], of_version["prediction"]) == ("lineage_shop", 1, None)
    assert of_version["mlflow_run_id"] == run["mlflow_run_id"]
    assert (of_version["snapshot"]["version"], of_version["snapshot"]["rows"]) == (run["snapshot"]["version"], run["snapshot"]["rows"])
    assert [(each["batch"], each["source"], each["rows"]) for each in of_version["batches"]] == [
        (1, "visit_source(unknown=200)", run["snapshot"]["rows"])
    ]
    assert of_version["decisions"][0]["reason"] == run["reason"]
    assert of_version["code"]["fingerprint"].startswith("lineage_shop-train-")
    assert len(of_version["lock"]) == 64

    rows = lifecycle("sql", "SELECT id, key FROM lineage_shop.predictions LIMIT 1", "--json").stdout
    batch = json.loads(rows)["rows"][0]
    log = PredictionLog(segments.place(home, "lineage_shop", "predictions"), "lineage_shop", find("binary").answer_schema, seconds=60)
    entry = {"id": "web", "key": "3", "prediction": 1, "probability": 0.75, "model_version": 1, "latency_s": 0.0012}
    log.append([{**entry, "inputs": {"amount": "[bold]12[/bold]"}}])
    log.close()
    for id, key, where in ((batch["id"], batch["key"], "lake"), ("web", "3", "journal")):
        found = json.loads(lifecycle("lineage", "lineage_shop", "--prediction", id, "--json").stdout)
        said = found.pop("prediction")
        assert found == {name: told for name, told in of_version.items() if name != "prediction"}
        assert (said["id"], said["key"], said["where"], said["row"]["batch"]["batch"]) == (id, key, where, 1)

    text = lifecycle("lineage", "lineage_shop", "--prediction", "web").stdout
    order = [text.index(word) for word in ("1, probability 0.7500", "[bold]12[/bold]", "version 1 (champion)", "rows, lake version", "batches  1")]
    assert order == sorted(order), text
    assert text.count("↓") == 3
    forward = json.loads(lifecycle("lineage", "lineage_shop", "--batch", "1", "--json").stdout)
    assert [(each["model_version"], each["rows"]) for each in forward["versions"]] == [(1, run["snapshot"]["rows"])]
    assert forward["predictions"][0]["predictions"] == run["scored"]
    text = lifecycle("lineage", "lineage_shop", "--batch", "1").stdout
    order = [
        text.index(word)
        for word in ("batch ", "2,000 came: 2,000 kept", "version 1 learnt from", "champion since", "its rows", "by version 1 (batch)")
    ]
    assert order == sorted(order), text
    for arguments in (["--version", "7"], ["--prediction", "nobody"], ["--batch", "77"]):
        done = lifecycle("lineage", "lineage_shop", *arguments)
        assert done.returncode == 1
        assert arguments[1] in one_line(done.stderr)
