"""What a run kept beside its model, read without MLflow where the files are on this machine."""

from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError
from lifecycle.store import database, tracking

if TYPE_CHECKING:
    from lifecycle.settings import Settings

PLACE = "SELECT artifact_uri FROM runs WHERE run_uuid = %s"


def read(at: "Settings", run_id: str, path: str) -> bytes:
    """The content of the artifact `path` of a run.

    Raises:
        LifecycleError: the run has none.
    """
    import psycopg

    with psycopg.connect(database.connect(at).conninfo("mlflow"), autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(PLACE, [run_id]).fetchone()
    there = tracking.local(row[0]) if row else None
    if there is None:
        return tracking.read(run_id, path)
    try:
        return (there / path).read_bytes()
    except FileNotFoundError:
        raise LifecycleError(f"MLflow run {run_id}: it should hold the artifact '{path}', found none; train the model again with --fresh") from None
