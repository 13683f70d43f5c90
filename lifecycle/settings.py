"""Where things are: read from `LIFECYCLE_*` variables and `.env` by the doors and the tasks."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationError
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
    data: Annotated[Path | None, BeforeValidator(_absolute)] = None
    """Where files that use cases name are looked for first."""
    mlflow_url: str = "http://127.0.0.1:5000"
    """Where links to MLflow's interface lead."""
    usecases: str = ""
    """A folder or an importable package with more use cases."""
    download: bool = True
    """Whether a public data file that is not in `data` may be fetched."""

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
    except ValidationError as error:
        wrong = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in wrong["loc"]).upper()
        raise LifecycleError(f"the setting {name} is wrong: {wrong['msg']}; mend it in the environment or .env") from None
