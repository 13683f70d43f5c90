"""The version that rows of the lake are asked of: the champion, or one that is named."""

from typing import TYPE_CHECKING

from lifecycle import answer_schema, history
from lifecycle.predict import check_inputs
from lifecycle.prediction_log import ingest
from lifecycle.store import tables
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    from lifecycle.references import Features, ModelVersion
    from lifecycle.usecase import UseCase


def chosen(use_case: "UseCase", features: "Features", named: "ModelVersion | None") -> "ModelVersion | None":
    """The named version, else the champion; before it is asked anything, what services have logged is taken into the lake.

    Returns:
        `None` where there is no champion yet.

    Raises:
        LifecycleError: the features that the model was trained with are not there any more.
        Lost: nor is the champion, or it is not what was registered.
    """
    tables.prepare(lake(), use_case.name, answer_schema.sql(use_case.kind.answer_schema))
    ingest.take(use_case)
    version = named or history.champion(use_case.name)
    if version is not None:
        check_inputs(use_case, version, list(features.names))
    return version
