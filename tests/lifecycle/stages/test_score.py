"""Batch scoring."""

from typing import Any

import polars as pl
import pytest

from lifecycle.decisions import promote_by_hand
from lifecycle.errors import LifecycleError
from lifecycle.predict import predict
from lifecycle.references import Features, ModelVersion
from lifecycle.sources import Generated
from lifecycle.splits import TimeSplit
from lifecycle.stages import score as scoring
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from lifecycle.store.models import load
from lifecycle.table.parts import rows
from lifecycle.usecase import UseCase
from tests.challengers import evaluated, parts_of
from tests.toys import toy, visits


def unlabelled_tail(rows: int) -> Any:
    """Visits whose last hundred have no outcome yet."""
    yield visits(rows).with_columns(bought=pl.when(pl.col("visit") < rows - 100).then("bought"))


def at(name: str, rows: int, **changes: Any) -> UseCase:
    return toy(name, source=Generated(unlabelled_tail, {"rows": rows}, deterministic=True), **changes)


def features_of(use_case: UseCase) -> Features:
    return featurize(use_case, validate(use_case, collect(use_case)))


def championed(use_case: UseCase) -> ModelVersion:
    version = register(use_case, evaluated(use_case, parts_of(use_case)))
    promote_by_hand(use_case, version.version, "test")
    return version


def predictions(use_case: UseCase) -> pl.DataFrame:
    return lake().frame(f"FROM {use_case.name}.predictions ORDER BY key::BIGINT")


def test_without_a_champion_nothing_is_scored() -> None:
    use_case = at("score_nobody", 500)
    scored = score(use_case, features_of(use_case))
    assert (scored.version, scored.rows, scored.total) == (0, 0, 0)


def test_every_row_the_champion_was_not_fitted_on_is_scored_once_labelled_or_not() -> None:
    use_case = at("score_once", 2_500)
    champion = championed(use_case)
    parts = champion.evaluated.trained.parts
    scored = score(use_case, parts.features)
    found = predictions(use_case)
    counts = parts.counts
    assert scored.rows == scored.total == found.height == counts["gate"] + counts["unlabelled"]
    fitted = {key for part in ("train", "tune") for key in rows(use_case, parts, part).info["_key"]}
    assert not fitted & set(found["key"])
    assert {str(key) for key in range(2_400, 2_500)} <= set(found["key"])
    assert score(use_case, parts.features).rows == 0
    assert predictions(use_case).equals(found)


def test_what_is_written_is_what_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "CHUNK_ROWS", 100)
    use_case = at("score_same", 2_500)
    champion = championed(use_case)
    score(use_case, champion.evaluated.trained.parts.features)
    gate = rows(use_case, champion.evaluated.trained.parts, "gate")
    said = predict(use_case, load(champion.run_id, champion.sha256), gate.X).with_columns(key=gate.info["_key"], time=gate.info["_time"])
    both = said.join(predictions(use_case), on="key", how="left", suffix="_lake", maintain_order="left")
    assert both["probability"].equals(both["probability_lake"].alias("probability"))
    assert both["prediction"].cast(pl.String).equals(both["prediction_lake"].alias("prediction"))
    assert both["time"].equals(both["time_lake"].alias("time"))
    assert both["number"].equals(both["prediction"].cast(pl.Float64).alias("number"))
    assert both["origin"].unique().to_list() == ["batch"]


def test_new_rows_are_scored_when_they_come_and_a_new_champion_scores_anew() -> None:
    use_case = at("score_grow", 2_500, split=TimeSplit())
    first = championed(use_case)
    parts = first.evaluated.trained.parts
    before = score(use_case, parts.features).rows
    more = at("score_grow", 2_800, split=TimeSplit())
    features = features_of(more)
    assert score(more, features).rows == 300
    assert score(more, features).total == before + 300
    second = championed(more)
    assert score(more, features).version == second.version
    assert score(more, features, first).rows == 0
    assert set(predictions(more)["model_version"]) == {1, 2}


def test_an_id_is_given_once_and_depends_on_version_and_key_alone() -> None:
    use_case = at("score_ids", 2_500)
    champion = championed(use_case)
    score(use_case, champion.evaluated.trained.parts.features)
    found = predictions(use_case)
    assert found["id"].is_unique().all()
    lake().cursor().execute(f"DELETE FROM {use_case.name}.predictions WHERE key::BIGINT % 2 = 0")
    score(use_case, champion.evaluated.trained.parts.features)
    assert predictions(use_case)["id"].equals(found["id"])


def test_a_kill_leaves_no_part_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = at("score_killed", 2_500)
    champion = championed(use_case)
    features = champion.evaluated.trained.parts.features
    monkeypatch.setattr(scoring, "CHUNK_ROWS", 100)
    calls = iter(range(100))

    def dies(*given: Any) -> pl.DataFrame:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return predict(*given)

    with monkeypatch.context() as broken:
        broken.setattr(scoring, "predict", dies)
        with pytest.raises(KeyboardInterrupt):
            score(use_case, features)
    assert predictions(use_case).is_empty()
    assert score(use_case, features).rows == predictions(use_case).height > 0


def test_features_that_are_gone_are_named() -> None:
    use_case = at("score_gone", 2_500)
    championed(use_case)
    changed = at("score_gone", 2_500, features=lambda rows: rows.select("amount", "age"))
    with pytest.raises(LifecycleError, match=r"version 1 needs the features it was trained with, found no kind, log_amount; bring them back"):
        score(changed, features_of(changed))


def test_after_another_split_only_rows_that_came_later_are_scored() -> None:
    use_case = at("score_resplit", 2_500)
    championed(use_case)
    resplit = at("score_resplit", 2_700, split=TimeSplit())
    features = features_of(resplit)
    assert score(resplit, features).rows == 200
    assert set(predictions(resplit)["key"]) == {str(key) for key in range(2_500, 2_700)}
