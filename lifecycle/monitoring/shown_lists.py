"""What became of lists that were shown: events that came after, beside the list that their user was shown last before."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle import answer_schema
from lifecycle.dataset import Rows
from lifecycle.monitoring.live_labels import Live
from lifecycle.references import ModelVersion
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def lived(use_case: "UseCase", model: ModelVersion, rows: Rows, unseen: np.ndarray, relevance: np.ndarray) -> Live:
    """Events that a model was not fitted on with the newest list that it had shown to their user before them; no item that the user had before that.

    Args:
        use_case: the definition; columns with the roles user, item and time.
        model: whose lists are meant.
        rows: events.
        unseen: the positions of those that the model was not fitted on, oldest first.
        relevance: of all rows, 1 where the event was liked.
    """
    user, item = (use_case.columns.one(role) or "" for role in ("user", "item"))
    asked = pl.col(user).cast(pl.String)
    target = pl.struct(asked.alias("user"), pl.col(item).cast(pl.String).alias("item"), pl.Series("relevance", relevance[unseen]))
    events = rows.info[unseen].with_columns(_user=asked, _target=target, _known_at=pl.lit(None, pl.Datetime("us")))
    if "_time" not in events.columns:
        return Live(events.head(0), events.head(0), 0, 0)
    lists = shown(use_case, model)
    found = events.sort("_time").join_asof(
        lists.sort("_shown"), left_on="_time", right_on="_shown", by_left="_user", by_right="key", allow_exact_matches=False, check_sortedness=False
    )
    first = rows.info.group_by(user, item).agg(_first=pl.col("_time").min())
    found = found.join(first, on=[user, item], how="left").filter((pl.col("_first") > pl.col("_shown")).fill_null(True)).drop("_first")
    known = found.filter(pl.col("items").is_not_null()).drop("_user", "_shown").sort("_time", "_key")
    return Live(known, known.head(0), found.height - known.height, 0)


def shown(use_case: "UseCase", model: ModelVersion) -> pl.DataFrame:
    """All lists of a version: `key` (the user), `_shown` (the moment) and the fields of the answer. Those of a question by items are nobody's."""
    fields = [each for each in use_case.kind.answer_schema if each.columns]
    names = ", ".join(f'"{each.read_from}" AS "{each.name}"' for each in fields)
    query = f"SELECT key, time AS _shown, {names} FROM {use_case.name}.predictions WHERE model_version = ? AND key IS NOT NULL AND time IS NOT NULL"
    found = lake().frame(query, [model.version])
    return answer_schema.read(use_case.kind.answer_schema, found).with_columns(pl.col("_shown").cast(pl.Datetime("us")))
