"""Where things are: read from `LIFECYCLE_*` variables and `.env` by the doors and the tasks."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lifecycle.errors import LifecycleError

PREFIX = "LIFECYCLE_"


def _absolute(path: Any) -> Any:
    return Path(path).expanduser().absolute() if isinstance(path, str | Path) and path else None


class Settings(BaseSettings, frozen=True):  # pyright: ignore[reportGeneralTypeIssues] (pydantic allows it)
    """Every setting of Lifecycle. `.env.example` explains them; a test keeps the two in step."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore")

    home: Annotated[Path, BeforeValidator(_absolute)] = Path(".lifecycle").absolute()
    """Everything that is ever written lives here."""
    database_url: SecretStr | None = None
    """Your own PostgreSQL; empty: the embedded one under `home`."""
    storage: str = ""
    """Where the lake keeps its Parquet files: a folder or `s3://bucket/prefix`; empty: under `home`."""
    memory: Annotated[int | None, Field(ge=100)] = None
    """MB that DuckDB may take before it goes over the disk; empty: two fifths of the machine's or the container's, at most 2,000."""
    data: Annotated[Path | None, BeforeValidator(_absolute)] = None
    """Where files that use cases name are looked for first."""
    sources: str = ""
    """What a source typed into Prefect's form may name beside the definition's own and `data`: folders and beginnings of addresses,
    separated by commas, or `*` for anything that the worker can read."""
    mlflow_url: str = "http://127.0.0.1:5000"
    """Where links to MLflow's interface lead."""
    task_runner: Annotated[str, Field(pattern=r"^(threads|dask(:.+)?|ray(:.+)?)$")] = "threads"
    """Where tuning runs: `threads` here, on a cluster of this machine (`dask`, `ray`), or on yours (`dask:tcp://host:8786`, `ray:auto`)."""
    notify_url: SecretStr | None = None
    """Where a message goes when a run fails or crashes: any address that Apprise knows."""
    usecases: str = ""
    """A folder or an importable package with more use cases."""
    download: bool = True
    """Whether a public data file that is not in `data` may be fetched."""
    flush_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """What the service has answered is on the disk at the latest after so long: what a kill -9 can lose."""
    intake_seconds: Annotated[float, Field(gt=0)] = 60.0
    """So often the service takes what is on the disk into the lake; labels within a tenth of it."""
    allowed_hosts: str = ""
    """Names by which the service, and the interfaces of the stack, may be called beside this machine's own, separated by commas; `*.example.com`, or `*` for any."""
    cors_origins: str = ""
    """Origins whose pages may call the service from a browser, separated by commas; empty: none."""
    max_body_mb: Annotated[float, Field(gt=0)] = 32.0
    """The largest body of a request, in millions of bytes."""
    max_rows: Annotated[int, Field(gt=0)] = 100_000
    """The most rows, or labels, of a request."""
    rate: Annotated[float, Field(ge=0)] = 0.0
    """How many requests a second a client (a key, else an address) may make in the long run; 0: as many as it likes."""
    client_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A client that takes longer to send a request, or to read its answer, is dropped."""
    approvers: str = ""
    """Names of API keys whose holders may approve and reject versions over HTTP, separated by commas; empty: none, where keys are set."""
    log: Annotated[str, Field(pattern=r"^(file|stderr)$")] = "file"
    """Where the service's log of requests goes: rotating files under `home`/logs, or stderr."""

    @property
    def lake_storage(self) -> str:
        """The folder or `s3://` prefix of the lake's files, without a trailing slash."""
        return self.storage.rstrip("/") or str(self.home / "lake")


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        LifecycleError: a variable holds a value that its setting cannot take.
    """
    try:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise LifecycleError(
            f"the file .env in {Path.cwd()} cannot be read ({error}); it must be a text in UTF-8 that this account may read"
        ) from None
    except ValidationError as error:
        wrong = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in wrong["loc"]).upper()
        raise LifecycleError(f"the setting {name} is wrong: {wrong['msg']}; fix it in the environment or .env") from None
