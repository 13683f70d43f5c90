"""Registered versions: the champion and its rivals, as references."""

from typing import Any

from lifecycle.errors import LifecycleError
from lifecycle.references import Evaluated, ModelVersion
from lifecycle.store import tracking

REFERENCE_TAG = "lifecycle.evaluated"
DIVISION_TAG = "lifecycle.division"
LARGEST = 2**31 - 1  # the registry counts versions in 32 bits, and asked for more it breaks


def champion(use_case: str, alias: str = "champion") -> ModelVersion | None:
    """The model version that an alias of a use case points at, if any."""
    from mlflow.exceptions import MlflowException

    try:
        return reference(tracking.client().get_model_version_by_alias(use_case, alias))
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def version(use_case: str, number: int) -> ModelVersion:
    """A registered model version by its number.

    Raises:
        LifecycleError: there is none of that number.
    """
    from mlflow.exceptions import MlflowException

    try:
        return reference(tracking.client().get_model_version(use_case, str(min(max(number, 0), LARGEST))))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        found = numbers(use_case)
        there = f"versions {', '.join(map(str, found))}" if found else f"none; run 'lifecycle run {use_case}' first"
        raise LifecycleError(f"use case '{use_case}': version {number} must be a registered model version, found {there}") from None


def numbers(use_case: str) -> list[int]:
    """The numbers of all registered versions, oldest first."""
    return sorted(int(each.version) for each in tracking.client().search_model_versions(f"name = '{use_case}'"))


def tags(use_case: str, number: int) -> dict[str, str]:
    """What was noted of a version when it was registered; nothing of one that was not."""
    from mlflow.exceptions import MlflowException

    try:
        return dict(tracking.client().get_model_version(use_case, str(number)).tags)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}


def reference(registered: Any) -> ModelVersion:
    """The reference to a model version of MLflow's registry.

    Raises:
        LifecycleError: it was registered by somebody else.
    """
    kept = registered.tags.get(REFERENCE_TAG)
    if not kept:
        raise LifecycleError(
            f"model '{registered.name}' version {registered.version}: it must have been registered by Lifecycle, found no "
            f"tag '{REFERENCE_TAG}'; train one with 'lifecycle train {registered.name}'"
        )
    evaluated = Evaluated.model_validate_json(kept)
    return ModelVersion(
        use_case=registered.name,
        key=f"{registered.name}/{registered.version}/{evaluated.trained.sha256}",
        version=int(registered.version),
        run_id=evaluated.trained.run_id,
        sha256=evaluated.trained.sha256,
        evaluated=evaluated,
        division=registered.tags.get(DIVISION_TAG, ""),
    )
