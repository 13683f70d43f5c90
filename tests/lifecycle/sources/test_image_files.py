"""Folders, zips and arrays of images as rows: classes, parts, and nothing that leads out."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifecycle.errors import DataError, LifecycleError
from lifecycle.models import images
from lifecycle.references import Snapshot
from lifecycle.source import File, Source
from lifecycle.sources import Images
from lifecycle.sources.spelling import placed
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from lifecycle.table.feature_table import read
from lifecycle.usecase import UseCase
from schemas.imaging import Scan
from tests.toys import toy
from usecases.imaging import features


def png(value: int, side: int = 6) -> bytes:
    return images.png(np.full((side, side), value, np.uint8))


def folder(at: Path) -> Path:
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (at / part / name).mkdir(parents=True)
            for number in range(3):
                (at / part / name / f"{number}.png").write_bytes(png(10 * number + len(name)))
    (at / "train" / ".hidden").mkdir()
    (at / "train" / ".hidden" / "x.png").write_bytes(png(1))
    (at / "notes.txt").write_text("no image")
    return at


def rows(name: str, source: Source, **more: Any) -> tuple[UseCase, Snapshot]:
    case = toy(name, schema=Scan, problem="multiclass", source=source, features=features, **more)
    return case, validate(case, collect(case))


def table(name: str) -> list[tuple]:
    return lake().rows(f"SELECT file, split, label, octet_length(image) > 0 FROM {name}.raw ORDER BY file")


def test_a_folder_gives_classes_and_its_publishers_parts(tmp_path: Path):
    case, snapshot = rows("foldered", placed(str(folder(tmp_path / "pets"))))
    assert table("foldered")[:4] == [
        ("test/cat/0.png", "test", "cat", True), ("test/cat/1.png", "test", "cat", True), ("test/cat/2.png", "test", "cat", True), ("test/dog/0.png", "test", "dog", True),
    ]  # fmt: skip
    made = read(case, featurize(case, snapshot))
    assert images.shape(made.X["image"][0]) == (28, 28, 1)
    assert images.points(made.X["image"][:1], (28, 28, 1)).max() == 3


def test_a_zip_of_a_folder_gives_the_same_rows(tmp_path: Path):
    at = folder(tmp_path / "pets")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as packed:
        for path in at.rglob("*.png"):
            packed.write(path, f"all/{path.relative_to(at)}")
    rows("zipped", placed(str(tmp_path / "pets.zip")))
    rows("unzipped", placed(str(at)))
    assert [(file.removeprefix("all/"), *rest) for file, *rest in table("zipped")] == [tuple(each) for each in table("unzipped")]


def npz(at: Path, shape: tuple[int, ...] = (5, 28, 28), **more: Any) -> Path:
    random = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for part in ("train", "val", "test"):
        arrays |= {
            f"{part}_images": random.integers(0, 255, shape, dtype=np.uint8),
            f"{part}_labels": np.arange(shape[0], dtype=np.uint8)[:, None] % 2,
        }
    np.savez_compressed(at, **(arrays | more))
    return at


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 28, 28, 3)], ids=["grey", "rgb"])
def test_arrays_in_medmnists_layout_are_read_point_by_point_with_their_own_parts(tmp_path: Path, shape: tuple[int, ...]):
    at = npz(tmp_path / f"some{len(shape)}.npz", shape)
    rows(f"arrays{len(shape)}", placed(str(at)))
    found = table(f"arrays{len(shape)}")
    assert [row[:3] for row in found][:2] == [("test/000000", "test", "0"), ("test/000001", "test", "1")]
    assert {row[1] for row in found} == {"train", "val", "test"}
    cell = lake().rows(f"SELECT image FROM arrays{len(shape)}.raw WHERE file = 'val/000002'")[0][0]
    channels = 3 if len(shape) == 4 else 1
    points = images.points([images.read(cell, 28, channels)], (28, 28, channels))[0]
    assert (points.reshape(shape[1:]) == np.load(at)["val_images"][2]).all()


def test_arrays_that_are_no_images_are_refused_with_a_sentence(tmp_path: Path):
    for more, says in [
        ({"train_images": np.zeros((5, 28, 28), np.float32)}, "must be uint8"),
        ({"train_labels": np.zeros((5, 14), np.uint8)}, "one class an image"),
        ({"train_labels": np.array([None] * 5, dtype=object)}, "cannot be read"),
    ]:
        with pytest.raises(DataError, match=says):
            collect(toy("odd_arrays", schema=Scan, problem="multiclass", source=placed(str(npz(tmp_path / "odd.npz", **more))), features=features))
    np.savez(tmp_path / "none.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="train_images and train_labels"):
        collect(toy("odd_arrays", schema=Scan, problem="multiclass", source=placed(str(tmp_path / "none.npz")), features=features))


@pytest.mark.parametrize("path", ["../x.png", "a/../../x.png", "/etc/x.png", "C:\\x.png", "a\\..\\x.png"])
def test_a_zip_with_a_path_that_leads_out_is_refused_as_a_whole(tmp_path: Path, path: str):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr("a/good.png", png(3))
        packed.writestr(path, png(4))
    with pytest.raises(DataError, match="leads out of it"):
        collect(toy("climbing", schema=Scan, problem="multiclass", source=Images(File(str(tmp_path / "bad.zip"))), features=features))


def test_bad_images_are_in_quarantine_with_their_reason_and_the_others_are_kept(tmp_path: Path):
    at = folder(tmp_path / "pets")
    (at / "train" / "cat" / "broken.png").write_bytes(images.png(np.random.default_rng(1).integers(0, 255, (60, 60), dtype=np.uint8))[:500])
    (at / "train" / "cat" / "empty.jpg").write_bytes(b"")
    (at / "train" / "cat" / "text.gif").write_bytes(b"hello")
    _, snapshot = rows("some_bad", placed(str(at)), bad_rows=0.5)
    assert (snapshot.kept, snapshot.quarantined) == (12, 3)
    told = {check for (check,) in lake().rows('SELECT "check" FROM some_bad.quarantine')}
    assert len(told) == 3
    assert all(check.startswith("an image") for check in told)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path):
    (tmp_path / "secret.png").write_bytes(png(9))
    at = folder(tmp_path / "pets")
    (at / "train" / "cat" / "link.png").symlink_to(tmp_path / "secret.png")
    _, snapshot = rows("linked", placed(str(at)))
    assert snapshot.kept == 12


def test_a_file_with_another_hash_than_the_definition_says_is_refused(tmp_path: Path):
    with pytest.raises(LifecycleError, match="SHA-256"):
        collect(
            toy("hashed", schema=Scan, problem="multiclass", source=Images(File(str(npz(tmp_path / "a.npz")), sha256="0" * 64)), features=features)
        )


def test_other_zips_and_files_are_none_of_its(tmp_path: Path):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as packed:
        packed.writestr("table.csv", "a\n1")
    (tmp_path / "t.zip").write_bytes(kept.getvalue())
    (tmp_path / "t.csv").write_text("a\n1")
    assert Images.placed(str(tmp_path / "t.zip")) is None
    assert Images.placed(str(tmp_path / "t.csv")) is None
