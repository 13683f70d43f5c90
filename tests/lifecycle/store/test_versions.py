"""Registered versions."""

import pytest

from lifecycle import history
from lifecycle.errors import LifecycleError
from lifecycle.store import tracking, versions


def test_no_champion_is_none_and_no_version_is_an_error_that_says_which_there_are() -> None:
    assert history.champion("versions_nobody") is None
    with pytest.raises(LifecycleError, match=r"version 3 must be a registered model version, found none; run 'lifecycle run versions_nobody'"):
        versions.version("versions_nobody", 3)


def test_a_model_that_others_registered_is_refused() -> None:
    tracking.client().create_registered_model("versions_foreign")
    tracking.client().create_model_version("versions_foreign", "/nowhere")
    with pytest.raises(LifecycleError, match="must have been registered by Lifecycle"):
        versions.version("versions_foreign", 1)
