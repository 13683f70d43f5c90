"""DICOM at the border: points and a few facts come in, and nothing that names a person."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lifecycle import extras
from lifecycle.models import images
from lifecycle.settings import settings
from lifecycle.source import File
from lifecycle.sources import Images
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from schemas.imaging import Scan
from tests.toys import toy

pytestmark = pytest.mark.skipif(not extras.installed("imaging"), reason="the extra 'imaging' is not installed")
SECRETS = {
    "PatientName": "Zyxwvut^Qwerty", "PatientID": "HN-4711-0815", "PatientBirthDate": "19610203", "InstitutionName": "Klinik Xanadu",
    "ReferringPhysicianName": "Brrzl^Doc", "OperatorsName": "Opqrst^Ruth", "StudyDate": "20231224", "AccessionNumber": "ACC99887766",
    "DeviceSerialNumber": "SER55443322", "PatientComments": "neighbour of Mrs Plmokn", "StationName": "STATVWXY", "Manufacturer": "Acme",
}  # fmt: skip


def written(points: np.ndarray, kind: str = "MONOCHROME2", **tags: object) -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPInstanceUID, meta.MediaStorageSOPClassUID = (
        ExplicitVRLittleEndian,
        generate_uid(),
        UID("1.2.840.10008.5.1.4.1.1.1"),
    )
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = *points.shape[:2], 1, kind
    made.BitsAllocated = made.BitsStored = 8 * points.dtype.itemsize
    made.HighBit, made.PixelRepresentation, made.PixelData = made.BitsStored - 1, 0, points.tobytes()
    for name, value in tags.items():
        setattr(made, name, value)
    kept = io.BytesIO()
    made.save_as(kept, enforce_file_format=True)
    return kept.getvalue()


def read(content: bytes) -> dict:
    from lifecycle.sources import dicom

    return dicom.read(content, "Zyxwvut/1.dcm")


def points(content: bytes, size: int = 8) -> np.ndarray:
    return images.points([images.read(read(content)["image"], size, 1)], (size, size, 1))[0, :, :, 0]


wedge = np.tile(np.arange(8, dtype=np.uint16) * 100, (8, 1))


def test_a_window_and_the_photometric_interpretation_decide_what_is_seen():
    plain = points(written(wedge))
    assert (plain[0, 0], plain[0, -1]) == (0, 255)
    assert (points(written(wedge, "MONOCHROME1")) == 255 - plain).all()
    windowed = points(written(wedge, WindowCenter="200", WindowWidth="200"))
    assert windowed[0, 4] == 255
    assert windowed[0, 0] == 0


def test_spacing_becomes_the_width_and_the_same_patient_has_the_same_pseudonym():
    found = [read(written(wedge, PixelSpacing=[0.5, 0.25], PatientID=each)) for each in ("a", "a", "b")]
    assert found[0]["width_mm"] == 2.0
    assert found[0]["patient"] == found[1]["patient"] != found[2]["patient"]
    assert "PatientID" in found[0]["dropped"]


@pytest.mark.parametrize(
    ("content", "says"),
    [(lambda: written(wedge, NumberOfFrames=3), "frames"), (lambda: b"nothing", "cannot be read"), (lambda: written(wedge)[:400], "")],
    ids=["frames", "other bytes", "cut"],
)
def test_what_has_no_image_has_a_reason(content, says: str):
    found = read(content())
    assert says in images.wrong(found["image"])
    assert "an image, found none: " in images.wrong(found["image"])


def test_the_files_of_pydicoms_own_tests_are_read_or_refused_with_a_sentence():
    import pydicom

    came = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
    read_, refused = 0, 0
    for each in came:
        found = read(each.read_bytes())
        if found["image"].startswith(images.NONE):
            refused += 1
        else:
            assert images.wrong(found["image"]) == ""
            read_ += 1
    assert min(read_, refused) > 10, "compressed ones need a library that is not installed; all others are read"


def test_no_tag_that_names_a_person_is_in_any_file_of_the_lake(tmp_path: Path):
    folder = tmp_path / "ward" / "scans" / "normal"
    folder.mkdir(parents=True)
    for at in range(40):
        (folder / f"Zyxwvut-{at}.dcm").write_bytes(written(wedge + at, **SECRETS))
    (folder / "Zyxwvut-frames.dcm").write_bytes(written(wedge, **SECRETS, NumberOfFrames=2))
    (folder / "Zyxwvut-broken.dcm").write_bytes(b"DICM of Zyxwvut^Qwerty")
    source = Images(File(str(tmp_path / "ward")))
    case = toy("ward", schema=Scan, problem="multiclass", source=source, features=lambda rows: rows.select("site"), bad_rows=1.0)
    batch = collect(case)
    staged = pl.read_parquet(Path(batch.folder) / "rows.parquet")
    snapshot = validate(case, batch)
    assert (snapshot.kept, snapshot.quarantined) == (40, 2)
    kept, refused = lake().frame("FROM ward.raw"), lake().frame("FROM ward.quarantine")
    assert kept["patient"].n_unique() == 1
    assert sorted("frames" in check for check in refused["check"]) == [False, True]
    words = [part.encode() for name, value in SECRETS.items() if name != "Manufacturer" for part in value.split("^")]
    files = [file for file in (*settings().home.rglob("*.parquet"), *settings().home.rglob("segment*")) if file.is_file()]
    whole = [file for file in files if file.suffix == ".parquet" and file.read_bytes().endswith(b"PAR1")]  # another test may leave half of one
    seen = [str(frame.rows()).encode() for frame in (staged, kept, refused, *map(pl.read_parquet, whole))]
    for content in [*seen, *(file.read_bytes() for file in files)]:
        assert not [word for word in words if word in content]
