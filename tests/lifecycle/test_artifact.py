"""Weights that somebody else has made: where they may come from, and that nothing is used that is not what the definition says."""

import hashlib
from pathlib import Path

import pytest

from lifecycle.artifact import Artifact
from lifecycle.errors import DefinitionError, LifecycleError
from lifecycle.settings import settings
from tests.lifecycle.servers import web

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("place", "sha256", "licence", "said"),
    [
        ("model.pkl", SHA256, "MIT", "nothing else is read"),
        ("hf://team/model@main/model.onnx", SHA256, "MIT", "40 digits of a commit"),
        ("hf://team/model/model.onnx", SHA256, "MIT", "40 digits of a commit"),
        ("package:thing/../../secret.json", SHA256, "MIT", "lies inside of it"),
        ("model.onnx", "", "MIT", "64 hexadecimal digits"),
        ("model.onnx", SHA256, "", "licence"),
    ],
)
def test_what_cannot_be_pinned_or_could_be_code_is_refused(place: str, sha256: str, licence: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        Artifact(place, sha256, licence)


def test_a_file_is_used_only_as_long_as_it_is_what_the_definition_says(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(CONTENT)
    artifact = Artifact(str(file), SHA256, "MIT")
    assert artifact.content() == CONTENT
    assert artifact.checked() == file
    file.write_bytes(b"weights of somebody else")
    for use in (artifact.content, artifact.checked):
        with pytest.raises(LifecycleError, match="it is not used"):
            use()


def test_a_file_of_a_package_is_read_and_its_package_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weighty").mkdir()
    (tmp_path / "weighty" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "weighty" / "model.onnx").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    assert Artifact("package:weighty/model.onnx", SHA256, "MIT").content() == CONTENT
    with pytest.raises(LifecycleError, match="no such file"):
        Artifact("package:weighty/other.onnx", SHA256, "MIT").path()
    with pytest.raises(LifecycleError, match="no such package"):
        Artifact("package:nowhere_at_all/model.onnx", SHA256, "MIT").path()


def test_a_file_of_the_hub_is_fetched_once_at_its_commit_and_kept_only_if_it_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = tmp_path / "team" / "model" / "resolve" / COMMIT / "onnx"
    hosted.mkdir(parents=True)
    (hosted / "model.onnx").write_bytes(CONTENT)
    monkeypatch.setenv("LIFECYCLE_DOWNLOAD", "true")
    settings.cache_clear()
    try:
        with web(tmp_path) as server:
            monkeypatch.setenv("HF_ENDPOINT", server.address)
            artifact = Artifact(f"hf://team/model@{COMMIT}/onnx/model.onnx", SHA256, "MIT")
            assert artifact.content() == CONTENT
            with pytest.raises(LifecycleError, match="SHA-256"):
                Artifact(f"hf://team/model@{COMMIT}/onnx/model.onnx", "0" * 64, "MIT").path()
        assert artifact.content() == CONTENT  # the server is gone
    finally:
        monkeypatch.undo()
        settings.cache_clear()
