"""The process that is the stack's MLflow interface, behind the login: `python -m app.stack.mlflow_server PORT`."""

import os
import sys

from app import login
from app.login_guard import MLFLOW, Guarded, Hosts
from app.stack.parts import HOST
from lifecycle.settings import Settings, settings


def main(port: int) -> None:
    """Serve until a signal comes."""
    at = settings()
    _surround(at)
    import uvicorn
    from mlflow.server.fastapi_app import create_fastapi_app

    app = Guarded(create_fastapi_app(), auth=login.auth(at.home), hosts=Hosts(at.allowed_hosts, port), rules=MLFLOW)
    uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=3)).run()


def _surround(at: Settings) -> None:
    """Tell MLflow what `mlflow server` tells its workers.

    No artifact passes through the server, so none lands where it was started: clients read and write the storage itself, and the
    interface shows what lies there.
    """
    here = at.home / "cache" / "mlflow"
    here.mkdir(parents=True, exist_ok=True)
    os.chdir(here)
    from mlflow.server import constants

    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: os.environ["MLFLOW_BACKEND_STORE_URI"],
        constants.REGISTRY_STORE_URI_ENV_VAR: os.environ["MLFLOW_BACKEND_STORE_URI"],
        constants.ARTIFACT_ROOT_ENV_VAR: os.environ["MLFLOW_DEFAULT_ARTIFACT_ROOT"],
        constants.SERVE_ARTIFACTS_ENV_VAR: "false",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "_MLFLOW_IN_JOB_EXECUTOR": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "*",  # which hosts there are is decided before, once for all servers
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
