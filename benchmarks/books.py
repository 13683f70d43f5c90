"""What has to be true of a home folder, however often what ran in it was killed: read from the lake, the registry and the system.

`read` opens the home in a process of its own, so that nothing is left open, and gives one line for each thing that is wrong.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0
"""Seconds that a server without users gets to end by itself."""
LINES = "came <> kept + quarantined + duplicates"


def main(home: Path, asked: dict[str, Any]) -> None:
    """Print what is wrong, as JSON."""
    from lifecycle.settings import settings
    from lifecycle.store import database, postgres
    from lifecycle.store.lake import lake

    wrong = []
    import psycopg

    with psycopg.connect(database.connect(settings()).conninfo("lake"), autocommit=True) as connection:
        held = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
    if held and held[0]:
        wrong.append(f"{held[0]} locks are held though nobody is there")
    for name in asked["cases"]:
        wrong += [f"{name}: {what}" for what in [*rows(lake(), name, asked), *predictions(lake(), name), *champions(lake(), name)]]
    if asked["whole"]:
        wrong += list(whole(lake(), asked))
    wrong += list(served(lake(), asked))
    postgres.release(home / "postgres")
    print(json.dumps(wrong))


def rows(lake: Any, name: str, asked: dict[str, Any]) -> Iterator[str]:
    """Every row that came is kept, in quarantine or a duplicate; none is there twice, and where all were read none is missing."""
    from lifecycle.store.tables import exists

    if not exists(lake, name, "raw"):
        return
    if off := lake.value(f"SELECT count(*) FROM {name}.batches WHERE {LINES}"):
        yield f"{off} batches with rows that are neither kept nor quarantined nor duplicates"
    batches, distinct, newest = lake.rows(f"SELECT count(*), count(DISTINCT batch), max(batch) FROM {name}.batches")[0]
    if not batches == distinct == newest:
        yield f"the ledger of batches has {batches} lines, {distinct} numbers, the last is {newest}"
    count, numbers, keys, cents = lake.rows(
        f"SELECT count(*), count(DISTINCT number), count(DISTINCT coalesce(_key, number::VARCHAR)), sum(cents)::BIGINT FROM {name}.raw"
    )[0]
    if not count == numbers == keys:
        yield f"raw has {count} rows of {numbers} numbers and {keys} keys"
    kept = lake.value(f"SELECT sum(kept)::BIGINT FROM {name}.batches")
    if kept != count:
        yield f"the ledger says {kept} rows were kept, raw has {count}"
    bad = lake.value(f"SELECT count(DISTINCT json_extract_string(record, '$.number')) FROM {name}.quarantine")
    lines = lake.value(f"SELECT sum(quarantined)::BIGINT FROM {name}.batches")
    if (there := lake.value(f"SELECT count(DISTINCT (batch, row)) FROM {name}.quarantine")) != lines:
        yield f"the ledger says {lines} rows were quarantined, there are {there}"
    if name in asked["read"] and (count, cents, bad) != (asked["good"], asked["cents"], asked["bad"]):
        yield f"{count} rows, {cents} cents and {bad} bad ones, the source has {asked['good']}, {asked['cents']} and {asked['bad']}"


def predictions(lake: Any, name: str) -> Iterator[str]:
    """One prediction by a version for a row, and no id twice."""
    from lifecycle.store.tables import exists

    if not exists(lake, name, "predictions"):
        return
    twice, ids = lake.rows(f"""SELECT count(*) FILTER (origin = 'batch') - count(DISTINCT (key, model_version)) FILTER (origin = 'batch'),
        count(*) - count(DISTINCT id) FROM {name}.predictions""")[0]
    if twice or ids:
        yield f"{twice} rows were scored twice, {ids} predictions have an id that is there already"


def champions(lake: Any, name: str) -> Iterator[str]:
    """The ledger judges a version once, in order, and every version it names is registered once."""
    from lifecycle.history import ledger

    found = ledger(name)
    judged = [each.model_version for each in found if each.action == "judged"]
    if len(judged) != len(set(judged)):
        yield f"the ledger judges a version twice: {judged}"
    moments = [each.decided_at for each in found if each.decided_at]
    if moments != sorted(set(moments)):
        yield "the ledger's rows are not one after the other"


def whole(lake: Any, asked: dict[str, Any]) -> Iterator[str]:
    """After a command that came to its end: aliases as the ledger says, no run that is open, nothing staged, every row scored."""
    import psycopg

    from lifecycle.history import ledger, standing
    from lifecycle.store.tables import exists

    name = asked["whole"]
    stands = standing(ledger(name))
    with psycopg.connect(lake.server.conninfo("mlflow"), autocommit=True) as store:
        aliases = dict(store.execute("SELECT alias, version FROM registered_model_aliases WHERE name = %s", [name]).fetchall())
        wanted = {alias: getattr(stands, alias) for alias in ("champion", "previous", "challenger") if getattr(stands, alias) is not None}
        if aliases != wanted:
            yield f"{name}: the aliases are {aliases}, the ledger says {wanted}"
        versions, made = store.execute("SELECT count(*), count(DISTINCT run_id) FROM model_versions WHERE name = %s", [name]).fetchone() or (0, 0)
        if versions != made or versions != len(stands.judged):
            yield f"{name}: {versions} versions from {made} runs, {len(stands.judged)} were judged"
        open_ = store.execute(
            "SELECT count(*) FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = %s AND r.status NOT IN ('FINISHED', 'FAILED', 'KILLED')",
            [name],
        )
        if number := (open_.fetchone() or (0,))[0]:
            yield f"{name}: {number} MLflow runs are open for ever"
    if stands.champion is not None and exists(lake, name, "features"):
        yield from _unscored(name, stands.champion)


def _unscored(name: str, champion: int) -> Iterator[str]:
    """Rows that the champion was not fitted on and has not scored."""
    from lifecycle import registry
    from lifecycle.store import versions
    from lifecycle.store.lake import lake
    from lifecycle.table.feature_table import INFO
    from lifecycle.table.membership import fitted, parts_then

    use_case, version = registry.find(name), versions.version(name, champion)
    info = lake().frame(f"SELECT COLUMNS('^(_key|_hash|_info_.*)$') FROM {name}.features")
    info = info.rename({column: column.removeprefix(INFO) for column in info.columns})
    known = set(fitted(use_case, version)["_key"]) if use_case.kind.remembers else set()
    wanted = set(info["_key"].filter(parts_then(use_case, version, info) != "warm_up")) - known
    there = {row[0] for row in lake().rows(f"SELECT key FROM {name}.predictions WHERE model_version = ? AND origin = 'batch'", [champion])}
    if wanted - there:
        yield f"{name}: {len(wanted - there)} of {len(wanted)} rows have no prediction by version {champion}"


def served(lake: Any, asked: dict[str, Any]) -> Iterator[str]:
    """Every answer that was safe when the service was killed is in the lake once, and every label that was said to be kept."""
    if not (told := asked.get("served")):
        return
    name = told["case"]
    ids = {row[0] for row in lake.rows(f"SELECT id FROM {name}.predictions WHERE origin = 'http'")}
    if lost := set(told["safe"]) - ids:
        yield f"{name}: {len(lost)} of {len(told['safe'])} answers that were older than the interval are lost"
    if len(invented := ids - set(told["ids"])) > told["in_flight"]:
        yield f"{name}: {len(invented)} answers are in the lake that nobody got, at most {told['in_flight']} were on their way"
    kept = {row[0] for row in lake.rows(f"SELECT DISTINCT key FROM {name}.labels")}
    if lost := set(told["labels"]) - kept:
        yield f"{name}: {len(lost)} of {len(told['labels'])} labels that were answered with 200 are lost"


STANDING = """
import json
from lifecycle.history import ledger, standing
from lifecycle.store import tracking
stands = standing(ledger({name!r}))
alias = tracking.client().get_registered_model({name!r}).aliases.get("champion")
print(json.dumps({{"champion": stands.champion, "previous": stands.previous, "versions": list(stands.judged), "alias": int(alias or 0)}}))
"""


def standing(environment: dict[str, str], name: str) -> dict[str, Any]:
    """The champion, the one before, and all judged versions, by the ledger; and the alias as it is."""
    done = subprocess.run([sys.executable, "-c", STANDING.format(name=name)], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout.strip().splitlines()[-1])


def read(home: Path, environment: dict[str, str], asked: dict[str, Any]) -> list[str]:
    """What is wrong in a home folder in which nothing runs."""
    left = left_over(home)
    wrong = [f"still running: {', '.join(left)}"] if left else []
    staged = [path for path in (home / "staging").glob("*/*") if time.time() - path.stat().st_mtime > 24 * 3600]
    wrong += [f"{len(staged)} staging folders of killed runs stay"] if staged else []
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.books", str(home)],
        input=json.dumps(asked),  # what was served grows beyond what an argument may hold
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        return [*wrong, f"the books cannot be read: {done.stderr.strip().splitlines()[-1:]}"]
    return wrong + json.loads(done.stdout.strip().splitlines()[-1])


def family(home: Path) -> list[psutil.Process]:
    """The living processes that work in a home folder, but for this one."""
    data, found = str(home / "postgres" / "data"), []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.cwd() == data or process.environ().get("LIFECYCLE_HOME") == str(home):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def left_over(home: Path, seconds: float = PATIENCE) -> list[str]:
    """What still runs in a home folder when it should have ended."""
    end = time.monotonic() + seconds
    while (found := family(home)) and time.monotonic() < end:
        time.sleep(0.2)
    return [_named(process) for process in found]


def _named(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:80]}"
    except psutil.Error:
        return f"{process.pid}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.load(sys.stdin))
