"""The search spread over other processes or machines: one task for each model family, on Dask or on Ray.

What passes is a name and a reference; each task reads its rows from the lake by itself. Families do not depend on each
other, so the trials are the same ones that a search here makes.
"""

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lifecycle.errors import LifecycleError
from lifecycle.settings import settings

if TYPE_CHECKING:
    from lifecycle.references import Parts

LONGEST_FOLDER = 38  # Ray adds some 65 characters to the path of its sockets, which ends at 107
Task = Callable[[str, "Parts", int], Any]


def spread(runner: str, task: Task, use_case: str, parts: "Parts", families: int) -> list[Any]:
    """`task(use_case, parts, family)` for each family, on `dask` or `ray`: a cluster of this machine, or that at `dask:ADDRESS`, `ray:ADDRESS`.

    Raises:
        LifecycleError: the library is not installed, or the cluster cannot be reached.
    """
    kind, _, address = runner.partition(":")
    run = {"dask": _dask, "ray": _ray}[kind]
    try:
        return run(address, task, [(use_case, parts, family) for family in range(families)])
    except ImportError:
        raise LifecycleError(
            f"LIFECYCLE_TASK_RUNNER={runner} needs the extra '{kind}', which is not installed; run: pip install '.[{kind}]'"
        ) from None
    except (OSError, TimeoutError, ConnectionError) as error:
        raise LifecycleError(f"LIFECYCLE_TASK_RUNNER={runner}: the cluster must answer, found {error}; start it, or fix the address") from error


def _dask(address: str, task: Task, calls: list[tuple[Any, ...]]) -> list[Any]:
    distributed: Any = import_module("distributed")
    if address:
        with distributed.Client(address, timeout="20s") as client:
            return client.gather([client.submit(task, *call, pure=False) for call in calls])
    local = {
        "n_workers": min(len(calls), os.cpu_count() or 1),
        "threads_per_worker": 1,
        "dashboard_address": None,
        "local_directory": _scratch("dask"),
    }
    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster) as client:
        return client.gather([client.submit(task, *call, pure=False) for call in calls])


def _ray(address: str, task: Task, calls: list[tuple[Any, ...]]) -> list[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray: Any = import_module("ray")
    own: dict[str, Any] = (
        {"address": address} if address else {"num_cpus": os.cpu_count() or 1, "include_dashboard": False, "_temp_dir": _scratch("ray")}
    )
    ray.init(log_to_driver=False, configure_logging=False, **own)
    try:
        return ray.get([ray.remote(task).remote(*call) for call in calls])
    finally:
        ray.shutdown()


def _scratch(name: str) -> str:
    """A folder under the home; a short one elsewhere where that is too deep for the sockets that are made in it."""
    folder = settings().home / "cache" / name
    if len(str(folder)) > LONGEST_FOLDER:
        return tempfile.mkdtemp(prefix="lifecycle-")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
