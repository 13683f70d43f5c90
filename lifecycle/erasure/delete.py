"""Delete: a use case goes with all that it has made: tables, models, runs, logs, cache. Its definition is the user's own file, and stays."""

import shutil
from typing import Any

from lifecycle.dependencies import answers
from lifecycle.erasure import texts
from lifecycle.errors import LifecycleError
from lifecycle.references import Reference
from lifecycle.settings import settings
from lifecycle.store import database, lake_files, models, objects, records, standings, tracking, versions
from lifecycle.store.lake import lake, quoted

PREFECT = (
    "DELETE FROM log WHERE flow_run_id IN (SELECT id FROM flow_run WHERE parameters ->> 'use_case' = %(name)s)",
    "DELETE FROM artifact WHERE flow_run_id IN (SELECT id FROM flow_run WHERE parameters ->> 'use_case' = %(name)s)",
    "DELETE FROM artifact_collection WHERE flow_run_id IN (SELECT id FROM flow_run WHERE parameters ->> 'use_case' = %(name)s)",
    "DELETE FROM task_run WHERE flow_run_id IN (SELECT id FROM flow_run WHERE parameters ->> 'use_case' = %(name)s)",
    "DELETE FROM flow_run WHERE parameters ->> 'use_case' = %(name)s",
)
"""What Prefect's store has of a use case, in the order of its foreign keys."""


class Deleted(Reference):
    """What went with a use case."""

    rows: int
    """Of its table `raw`, as it was last."""
    tables: int
    files: int
    """Parquet files of all versions of its tables."""
    versions: int
    runs: int
    """Of MLflow, trials included."""
    artifacts: int
    """Files of runs and models."""
    prefect_runs: int
    cached: int


def there(use_case: str) -> dict[str, int]:
    """What there is of a use case to be deleted: `rows`, `tables`, `versions`. All 0 where nothing is."""
    store = lake()
    found = store.rows("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ?", [use_case])
    names = [name for (name,) in found]
    rows = int(store.value(f"SELECT count(*) FROM {quoted(use_case)}.raw")) if "raw" in names else 0
    return {"rows": rows, "tables": len(names), "versions": len(versions.recorded(use_case))}


def delete(use_case: str) -> Deleted:
    """Delete all that a use case has made. What a kill cut off is done by asking again.

    Raises:
        LifecycleError: somebody is at work on it.
    """
    import psycopg

    store, server = lake(), database.connect(settings())
    found = there(use_case)
    with store.lock(f"ingest {use_case}"), store.lock(standings.deciding(use_case)), store.lock("maintain"):
        with records.opened() as connection:  # nobody answers with its models from here on
            connection.execute("DELETE FROM lifecycle_standings WHERE use_case = %s", [use_case])
        store.rows(f"DROP SCHEMA IF EXISTS {quoted(use_case)} CASCADE")
        with psycopg.connect(server.conninfo("lake"), autocommit=True) as connection:
            files = lake_files.drop(connection, store.storage, use_case)
        lake_files.clean(store)
        objects.remove_below(f"{store.storage}/{use_case}")
        runs, artifacts = _models(use_case)
        with records.opened() as connection:
            connection.execute("DELETE FROM lifecycle_versions WHERE use_case = %s", [use_case])
        cached = answers.forget_use_case(use_case) + texts.results(settings().home / "prefect" / "storage", use_case)
        prefect = _prefect(server, use_case)
    for place in ("journal", "staging"):
        shutil.rmtree(settings().home / place / use_case, ignore_errors=True)
    return Deleted(
        use_case=use_case, rows=found["rows"], tables=found["tables"], files=files, versions=found["versions"], runs=runs,
        artifacts=artifacts, prefect_runs=prefect, cached=cached,
    )  # fmt: skip


def _models(use_case: str) -> tuple[int, int]:
    """The registered model, the runs and the experiment, with their files."""
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    client = tracking.client()
    try:
        client.delete_registered_model(use_case)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    count = 0
    experiment = client.get_experiment_by_name(use_case)
    if experiment is not None:
        while found := list(client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1_000)):
            for run in found:
                _hard_delete(client, run)
                count += 1
        if experiment.lifecycle_stage == "active":
            client.delete_experiment(experiment.experiment_id)
        client._tracking_client.store._hard_delete_experiment(experiment.experiment_id)
    return count, objects.remove_below(f"{tracking.artifacts()}/{use_case}")


def _hard_delete(client: Any, run: Any) -> None:
    if run.info.lifecycle_stage == "active":
        client.delete_run(run.info.run_id)
    models.remove(models.begun(run))
    client._tracking_client.store._hard_delete_run(run.info.run_id)


def _prefect(server: database.Database, use_case: str) -> int:
    """The runs of a use case in Prefect's store here, with their logs and artifacts; one elsewhere keeps its own."""
    import psycopg

    count = 0
    with psycopg.connect(server.conninfo("prefect")) as connection:
        if not connection.execute("SELECT to_regclass('flow_run') IS NOT NULL").fetchall()[0][0]:
            return 0
        for statement in PREFECT:
            count = connection.execute(statement, {"name": use_case}).rowcount  # pyright: ignore[reportArgumentType, reportCallIssue]
    return count


def refuse_unknown(use_case: str, names: list[str]) -> None:
    """Raise the error for a name that nothing has: no definition, and nothing that was made."""
    if use_case not in names and not any(there(use_case).values()):
        raise LifecycleError(f"there is no use case '{use_case}', and nothing of one; there are {', '.join(names) or 'none'}")
