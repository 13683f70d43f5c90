"""Income on the real census files: read as published, judged on the official test rows."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from lifecycle.candidates import boosting
from lifecycle.dataset import Rows
from lifecycle.fit import fit
from lifecycle.references import Recipe
from lifecycle.stages import collect, featurize, split, validate
from lifecycle.table import parts as partition
from usecases.income import features, use_case


@pytest.fixture(scope="module")
def parts(shared: Path) -> dict[str, Rows]:
    snapshot = validate.validate(use_case, collect.collect(use_case))
    assert (snapshot.came, snapshot.quarantined) == (48_842, 0)
    drawn = split.split(use_case, featurize.featurize(use_case, snapshot))
    return {part: partition.rows(use_case, drawn, part) for part in ("train", "tune", "gate")}


def test_the_gate_is_the_official_test_file(parts: dict[str, Rows]):
    assert len(parts["gate"]) == 16_281
    assert len(parts["train"]) + len(parts["tune"]) == 32_561
    assert int(parts["gate"].y.sum()) == 3_846
    assert set(parts["gate"].info["income"]) == {"<=50K", ">50K"}


def test_what_is_written_as_a_question_mark_is_missing(parts: dict[str, Rows]):
    X = parts["gate"].X
    assert X["occupation"].null_count() > 0
    assert not any((X[name] == "?").any() for name in ("workclass", "occupation", "native_country"))


def test_sex_and_race_are_compared_but_not_used(parts: dict[str, Rows]):
    X = parts["train"].X
    assert {"sex", "race"} <= set(parts["train"].info.columns)
    assert not {"sex", "race"} & set(X.columns)
    assert not {"Husband", "Wife"} & set(X["relationship"].unique())
    changed = pl.DataFrame({"sex": ["Male"], "race": ["Other"], "relationship": ["Husband"]})
    person = {"age": 40, "education_num": 9, "hours_per_week": 40, "capital_gain": 0, "capital_loss": 0}
    person |= {"workclass": "Private", "occupation": None, "marital_status": "Married-civ-spouse", "native_country": None}
    other = changed.with_columns(sex=pl.lit("Female"), race=pl.lit("White"), relationship=pl.lit("Wife"))
    both = [features(frame.with_columns(**{name: pl.lit(value) for name, value in person.items()})) for frame in (changed, other)]
    assert both[0].equals(both[1])


def test_boosting_reaches_a_roc_auc_of_0_925_on_the_official_test_rows(parts: dict[str, Rows]):
    model = fit(use_case, Recipe(candidate="boosting", params=dict(boosting().defaults)), parts["train"], parts["tune"])
    probability = model.predict_proba(parts["gate"].X)[:, 1]
    assert roc_auc_score(parts["gate"].y, probability) >= 0.925
    assert np.abs(probability.mean() - parts["gate"].y.mean()) < 0.02
