"""A person is erased everywhere: afterwards nothing under the home folder holds their key, and everything else is as it was."""

import dataclasses
import datetime as dt
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from lifecycle.decisions import promote_by_hand
from lifecycle.erasure import receipts
from lifecycle.erasure.delete import delete, there
from lifecycle.erasure.forget import forget
from lifecycle.errors import LifecycleError
from lifecycle.kind import find
from lifecycle.prediction_log import segments
from lifecycle.prediction_log.predictions import PredictionLog
from lifecycle.references import ModelVersion, Parts
from lifecycle.reproduce import with_recorded_code
from lifecycle.serving.lake_watcher import LakeWatcher, older_of
from lifecycle.serving.ledger_watcher import quiet
from lifecycle.serving.predictor import Predictor
from lifecycle.settings import settings
from lifecycle.sources import Generated
from lifecycle.stages.collect import collect
from lifecycle.stages.score import score
from lifecycle.stages.validate import validate
from lifecycle.store import database, postgres, tracking, versions
from lifecycle.store.lake import lake
from lifecycle.usecase import UseCase
from tests.challengers import parts_of
from tests.lifecycle.servers import storage
from tests.prepared import prepare
from tests.served import beside, registered
from tests.toys import toy, visits

FIRST = 70_000_000
"""Keys and customers that no other number is."""
WHO = FIRST + 1_234
CUSTOMER = 990_000_000


def people(rows: int = 2_500, spoilt: bool = False, customers: int = CUSTOMER) -> Iterator[pl.DataFrame]:
    """Visits with telling keys and customers; some that are no valid rows."""
    first = FIRST + (customers - CUSTOMER) // 10
    made = visits(rows).with_columns(pl.col("visit") + first, pl.col("customer") + customers)
    if spoilt:
        made = made.with_columns(kind=pl.when(pl.col("visit").is_in([first + WHO - FIRST, first + 5])).then(pl.lit("?")).otherwise("kind"))
    yield made


def shop(name: str, **parameters: Any) -> UseCase:
    return toy(name, source=Generated(people, parameters, deterministic=True))


def everything(use_case: UseCase) -> tuple[Parts, ModelVersion]:
    """What a use case leaves: two batches, bad rows, a champion with its files, predictions, labels, an answer that waits in the log."""
    bad = shop(use_case.name, spoilt=True, **use_case.source.parameters)  # pyright: ignore[reportAttributeAccessIssue]
    validate(bad, collect(bad))
    parts = parts_of(use_case)
    version = registered(use_case, parts, beside=beside)
    promote_by_hand(use_case, version.version, "test")
    score(use_case, parts.features)
    tracking.write(version.run_id, "worst.json", f'[{{"_key": "{WHO}", "error": 0.9}}, {{"_key": "{FIRST + 7}", "error": 0.8}}]')
    log = PredictionLog(segments.place(settings().home, use_case.name, "predictions"), use_case.name, find("binary").answer_schema, seconds=60)
    said = {"prediction": 1, "probability": 0.7, "model_version": version.version, "latency_s": 0.001}
    for key in (WHO, FIRST + 9):
        log.append([{"id": f"web-{key}", "key": str(key), "inputs": {"visit": key, "customer": CUSTOMER + 3}, **said}])
    log.close()
    return parts, version


def holds(name: str, content: bytes, word: str) -> bool:
    """Whether a file holds a word: a Parquet file in one of its cells."""
    if not name.endswith(".parquet"):
        return word.encode() in content
    if not content.endswith(b"PAR1"):  # half of a file, which another test left
        return word.encode() in content
    frame = pl.read_parquet(io.BytesIO(content))
    texts = frame.select(pl.exclude(pl.Binary).cast(pl.String, strict=False)).to_dicts() if frame.width else []
    return any(word in str(cell) for row in texts for cell in row.values())


def held(use_case: str, word: str, home: Path | None = None) -> list[str]:
    """Every place under the home folder, and in the databases, that holds a word: Parquet files cell by cell."""
    home, found = home or settings().home, []
    for path in home.rglob("*"):
        if path.is_dir() or "/postgres/" in str(path) or not path.is_file() or (path.parent.name == "main" and "lake" in path.parts):
            continue
        found += [str(path)] if holds(str(path), path.read_bytes(), word) else []
    for purpose in database.PURPOSES:
        with psycopg.connect(database.connect(settings()).conninfo(purpose), autocommit=True) as connection:
            for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
                told = [bytes(cell).decode(errors="replace") if isinstance(cell, bytes) else str(cell) for row in rows for cell in row]
                if table.startswith(("ducklake_snapshot", "ducklake_schema")):
                    continue  # what was once made, by the names of schemas and tables
                found += [f"{purpose}.{table}"] if any(word in cell for cell in told) else []
    return found


def read(use_case: UseCase, table: str) -> pl.DataFrame:
    return lake().frame(f"FROM {use_case.name}.{table}")


def test_a_row_is_erased_from_everything_and_all_others_stay() -> None:
    use_case = shop("erased_row")
    parts, version = everything(use_case)
    before = {table: read(use_case, table) for table in ("raw", "features", "predictions", "quarantine")}
    assert len(held("erased_row", str(WHO))) > 4
    assert str(WHO) in before["quarantine"]["record"].str.join(" ").item()
    done = forget(use_case, key=str(WHO))
    assert held("erased_row", str(WHO)) == []
    assert done.versions == (version.version,)
    assert done.rows["raw"] >= 1
    assert done.artifacts >= 1
    for table, column in (("raw", "visit"), ("features", "_info_visit"), ("predictions", "key")):
        kept = before[table].filter(pl.col(column).cast(pl.String) != str(WHO))
        left = read(use_case, table)
        left = left.filter(pl.col("origin") == "batch") if table == "predictions" else left  # the answer that waited has come in
        assert left.sort(column).drop(column).equals(kept.sort(column).drop(column)), table
    assert read(use_case, "quarantine").height == before["quarantine"].height - 1
    then = lake().frame(f"FROM erased_row.features AT (VERSION => {parts.features.version})")
    assert then.height == parts.features.rows - 1
    assert score(use_case, parts.features).rows == 0


def test_the_versions_that_learnt_from_it_say_why_they_cannot_be_made_again_and_still_answer() -> None:
    version = versions.version("erased_row", 1)
    with pytest.raises(LifecycleError, match=r"version 1 cannot be made again: rows .* were erased on .* \(receipt "):
        with_recorded_code("erased_row", 1)
    versions.verify(version, shown=True)
    receipt = receipts.every("erased_row")[-1]
    assert (receipt.what, receipt.column_name, receipt.ended_at is not None) == ("key", "visit", True)
    assert str(WHO) not in str(receipt.as_json())
    assert receipts.is_of(receipt, "visit", str(WHO))
    assert not receipts.is_of(receipt, "visit", str(WHO + 1))


def test_asked_again_nothing_is_left_to_erase_and_the_receipt_is_the_same() -> None:
    first = receipts.every("erased_row")
    again = forget(shop("erased_row"), key=str(WHO))
    assert again.repeated
    assert not any(again.rows.values())
    assert again.receipt == first[-1].id
    assert again.versions == (1,)
    assert len(receipts.every("erased_row")) == len(first)


def test_an_entity_is_erased_with_all_its_rows_and_what_was_said_of_them() -> None:
    use_case = shop("erased_customer", customers=CUSTOMER + 5_000_000)
    everything(use_case)
    who = f"{CUSTOMER + 5_000_003}"
    rows = read(use_case, "raw").filter(pl.col("customer") == int(who))["visit"].cast(pl.String).to_list()
    assert len(rows) > 5
    done = forget(use_case, entity=f"customer={who}")
    assert done.rows["raw"] >= len(rows)
    assert held("erased_customer", who) == []
    assert held("erased_customer", rows[0]) == []
    assert held("erased_customer", rows[-1]) == []
    assert read(use_case, "predictions").filter(pl.col("key").is_in(rows)).is_empty()
    assert read(use_case, "predictions").height > 100


def test_who_is_meant_must_be_said_by_the_schemas_columns() -> None:
    with pytest.raises(LifecycleError, match="has no column 'shoe_size'"):
        forget(shop("erased_nobody"), entity="shoe_size=3")
    with pytest.raises(LifecycleError, match="COLUMN=VALUE"):
        forget(shop("erased_nobody"), entity="customer")
    assert receipts.every("erased_nobody") == []


KILLED = """
import os, signal, sys
from lifecycle.erasure import rows
from lifecycle.store import lake_files
from tests.lifecycle.test_erasure import CUSTOMER, WHO, shop
from lifecycle.erasure.forget import forget

real, seen = lake_files.rewrite, []
def dying(*given):
    real(*given)
    seen.append(1)
    if len(seen) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
lake_files.rewrite = dying
forget(shop("erased_killed", customers=CUSTOMER + 9_000_000), key=str(WHO + 900_000))
"""


def test_what_a_kill_cuts_off_is_finished_by_asking_again() -> None:
    use_case = shop("erased_killed", customers=CUSTOMER + 9_000_000)
    everything(use_case)
    died = subprocess.run([sys.executable, "-c", KILLED], cwd=Path(__file__).parents[2], env=os.environ, check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert held("erased_killed", str(WHO + 900_000))
    assert receipts.every("erased_killed")[-1].ended_at is None
    done = forget(use_case, key=str(WHO + 900_000))
    assert done.versions == (1,)
    assert held("erased_killed", str(WHO + 900_000)) == []
    assert len(receipts.every("erased_killed")) == 1


def test_a_service_lets_go_of_the_person_without_a_new_batch() -> None:
    use_case = dataclasses.replace(shop("erased_served", customers=CUSTOMER + 7_000_000), history=dt.timedelta(days=1))
    validate(use_case, collect(use_case))
    who, other = CUSTOMER + 7_000_003, CUSTOMER + 7_000_004
    predictor = Predictor(use_case, older_of(settings(), use_case))
    watcher = LakeWatcher([predictor], settings(), quiet)
    watcher.look(predictor)
    row = {"visit": 1, "at": "2026-01-03T10:00:00", "gender": "f", "amount": 1.0, "kind": "a", "age": 33}
    predictor.remember(predictor.reader.cells([{**row, "customer": who}, {**row, "visit": 2, "customer": other}]))
    assert predictor.recent
    assert (who in predictor.recent.block.frame["customer"].to_list(), len(predictor.recent.asked)) == (True, 2)
    forget(use_case, entity=f"customer={who}")
    watcher.look(predictor)
    assert who not in predictor.recent.block.frame["customer"].to_list()
    assert other in predictor.recent.block.frame["customer"].to_list()
    assert len(predictor.recent.asked) == 0, "what is in the log alone is read from there, and it is not in the log"


IN_S3 = """
from lifecycle.erasure.forget import forget
from lifecycle.settings import settings
from lifecycle.store import objects
from tests.lifecycle.test_erasure import WHO, everything, holds, read, shop

use_case = shop("erased_far")
everything(use_case)
before = read(use_case, "raw").height
there = [each for each in objects.below(settings().storage) if holds(each, objects.read(each) or b"", str(WHO))]
assert any("/features/" in each for each in there) and any("/mlflow/" in each for each in there), there
done = forget(use_case, key=str(WHO))
assert [each for each in objects.below(settings().storage) if holds(each, objects.read(each) or b"", str(WHO))] == []
assert read(use_case, "raw").height == before - 1
assert done.versions == (1,)
from lifecycle.erasure.delete import delete
delete("erased_far")
assert [each for each in objects.below(settings().storage) if "erased_far" in each] == []
from lifecycle.store import postgres
postgres.stop(settings().home / "postgres")
"""


@pytest.mark.system
def test_files_in_s3_are_written_again_without_the_person_and_deleted_with_their_use_case(short: Path) -> None:
    with storage() as far:
        environment = {**os.environ, **far, "LIFECYCLE_STORAGE": "s3://data/team", "LIFECYCLE_HOME": str(prepare(short))}
        done = subprocess.run(
            [sys.executable, "-c", IN_S3], cwd=Path(__file__).parents[2], env=environment, check=False, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr[-3_000:]


@pytest.fixture
def short() -> Iterator[Path]:
    """A home folder with a short path: it holds sockets."""
    folder = Path(tempfile.mkdtemp(prefix="lifecycle-far-"))
    yield folder
    postgres.stop(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_use_case_is_deleted_with_all_that_it_made_and_others_stay() -> None:
    use_case, other = shop("deleted_shop"), shop("deleted_other")
    everything(use_case)
    parts_of(other)
    left = read(other, "raw").height
    done = delete("deleted_shop")
    assert (done.versions, done.runs >= 1, done.rows) == (1, True, 2_500)
    assert held("deleted_shop", "deleted_shop") == []
    assert not any(there("deleted_shop").values())
    assert read(other, "raw").height == left
    assert not any(delete("deleted_shop").model_dump(exclude={"use_case", "key"}).values())
    assert parts_of(use_case).features.rows == 2_500, "it can begin anew"
