"""Models as artifacts."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle.errors import LifecycleError
from lifecycle.predict import predict
from lifecycle.store import models, tracking
from tests.toys import toy, visit_features, visits

USE_CASE = toy("models_toy")


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture(scope="module")
def estimator() -> Any:
    """A small classifier on the toy's inputs."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    rows = visits(500)
    encode = make_column_transformer((OrdinalEncoder(), ["kind"]), remainder="passthrough")
    return make_pipeline(encode, HistGradientBoostingClassifier(max_iter=5)).fit(visit_features(rows), rows["bought"].cast(pl.Int8))


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    models.load.cache_clear()
    yield
    models.load.cache_clear()


def save(estimator: Any) -> tuple[str, str, Path]:
    head = visit_features(visits(500)).head(10)
    run = tracking.begin(USE_CASE.name, "run", "")
    sha256 = models.save(run, USE_CASE, estimator, head, predict(USE_CASE, estimator, head))
    folder = tracking.local(models.logged_model(run, sha256).artifact_location)
    assert folder
    return run, sha256, folder


def test_a_saved_model_comes_back_and_says_the_same(estimator: Any) -> None:
    run, sha256, _ = save(estimator)
    X = visit_features(visits(300, seed=5))
    assert predict(USE_CASE, models.load(run, sha256), X).equals(predict(USE_CASE, estimator, X))


def test_a_changed_file_is_refused_before_anything_in_it_runs(estimator: Any, tmp_path: Path) -> None:
    import cloudpickle

    run, sha256, folder = save(estimator)
    mark = tmp_path / "ran"
    (folder / "model.pkl").write_bytes(cloudpickle.dumps(Trap(mark)))
    with pytest.raises(LifecycleError, match="its files must have the SHA-256"):
        models.load(run, sha256)
    assert not mark.exists()
    cloudpickle.loads((folder / "model.pkl").read_bytes())
    assert mark.exists()  # the trap was a real one


def test_a_model_whose_code_is_gone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "passing.py").write_text("from sklearn.dummy import DummyClassifier\n\n\nclass Passing(DummyClassifier):\n    pass\n")
    passing = importlib.import_module("passing")
    run, sha256, _ = save(passing.Passing(strategy="prior").fit(visit_features(visits(9)), [0, 1, 0, 1, 0, 1, 0, 1, 0]))
    models.load(run, sha256)
    models.load.cache_clear()
    (tmp_path / "passing.py").unlink()
    monkeypatch.delitem(sys.modules, "passing")
    importlib.invalidate_caches()
    with pytest.raises(LifecycleError, match=r"needs the code that it was made with, and here: No module named 'passing'; check out"):
        models.load(run, sha256)


@pytest.mark.parametrize("change", ["add", "remove", "rename"])
def test_the_hash_covers_names_and_presence_of_files(estimator: Any, change: str) -> None:
    run, sha256, folder = save(estimator)
    if change == "add":
        (folder / "more.py").write_text("")
    elif change == "remove":
        (folder / "requirements.txt").unlink()
    else:
        (folder / "requirements.txt").rename(folder / "requirements2.txt")
    with pytest.raises(LifecycleError):
        models.load(run, sha256)


def test_a_model_that_the_run_does_not_hold_is_named(estimator: Any) -> None:
    run, _, _ = save(estimator)
    with pytest.raises(LifecycleError, match=r"should hold the model 0000"):
        models.load(run, "0" * 64)


def test_a_run_saved_into_twice_keeps_both(estimator: Any) -> None:
    run, first, _ = save(estimator)
    head = visit_features(visits(20))
    second = models.save(run, USE_CASE, estimator, head, predict(USE_CASE, estimator, head))
    assert first != second
    assert models.load(run, first) is not models.load(run, second)


def test_mlflow_loads_it_by_alias_and_our_hash_still_holds(estimator: Any) -> None:
    from mlflow.sklearn import load_model

    run, sha256, _ = save(estimator)
    client = tracking.client()
    client.create_registered_model("models_alias")
    made = client.create_model_version("models_alias", f"models:/{models.logged_model(run, sha256).model_id}", run)
    client.set_registered_model_alias("models_alias", "champion", made.version)
    X = visit_features(visits(50))
    loaded: Any = load_model("models:/models_alias@champion")
    assert (loaded.predict_proba(X) == estimator.predict_proba(X)).all()
    assert models.load(run, sha256)


def test_the_signature_and_the_pins_are_what_mlflow_needs(estimator: Any) -> None:
    from mlflow.models import get_model_info

    _, _, folder = save(estimator)
    signature = get_model_info(str(folder)).signature
    assert signature
    assert {each.name: (each.type.name, each.required) for each in signature.inputs} == {
        "amount": ("double", True), "kind": ("string", True), "age": ("double", False), "log_amount": ("double", True),
    }  # fmt: skip
    pins = (folder / "requirements.txt").read_text().split()
    assert all("==" in pin for pin in pins)
    assert any(pin.startswith("scikit-learn==") for pin in pins)


def test_pyfunc_answers_pandas_rows(estimator: Any) -> None:
    import mlflow.pyfunc

    _, _, folder = save(estimator)
    rows = visit_features(visits(20))
    said = mlflow.pyfunc.load_model(str(folder)).predict(rows.to_pandas())
    assert (said == estimator.predict(rows)).all()
