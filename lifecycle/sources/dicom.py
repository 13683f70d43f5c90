"""A DICOM file as an image and a few facts: the border at which everything that names a person is left behind.

What is kept is listed; whatever is not listed is dropped, so that a tag that nobody thought of names nobody. The list follows the idea of the
basic profile of DICOM PS3.15, annex E, but keeps far less than that allows.
"""

import hashlib
import hmac
import io
import secrets
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.errors import LifecycleError
from lifecycle.models import images
from lifecycle.settings import settings

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

KEPT = {"device": "Manufacturer", "view": "ViewPosition"}
"""What is kept as it is, where its value is a plain word, by the column it becomes."""
PSEUDONYMS = {"patient": "PatientID", "site": "InstitutionName"}
"""What becomes a pseudonym: the same person (or hospital) has the same, and nobody can tell which without this machine's key."""
IDENTIFYING = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientAddress", "PatientTelephoneNumbers", "OtherPatientIDs",
    "OtherPatientNames", "PatientMotherBirthName", "PatientComments", "AccessionNumber", "StudyID", "StudyDate", "SeriesDate", "AcquisitionDate",
    "ContentDate", "StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName", "ReferringPhysicianName", "PerformingPhysicianName", "PhysiciansOfRecord", "OperatorsName",
    "RequestingPhysician", "StationName", "DeviceSerialNumber", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "StudyDescription",
    "SeriesDescription", "ProtocolName", "ImageComments",
)  # fmt: skip
"""Tags that name a person, or lead to one, by their keywords: of these a note says that they were dropped; all others are dropped without a word."""
WORD = 40
KEY = "pseudonyms.key"


def read(content: bytes, name: str) -> dict[str, Any]:
    """What a row keeps of a DICOM file: `image` (as PNG), `patient`, `site`, `device`, `view`, `width_mm`, `file` and a note of what was `dropped`.

    A file whose points cannot be had has the reason in the place of its image (`lifecycle.models.images.NONE`): its row is in quarantine with that,
    and nothing that names a person is there either.

    Raises:
        LifecycleError: pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise LifecycleError(
            "DICOM files need the extra 'imaging', whose pydicom is not installed; run: make extras, or pip install '.[imaging]'"
        ) from None
    known: dict[str, Any] = {"file": pseudonym("file", name)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(content), force=False)
            known |= _facts(dataset)
            points = _points(dataset)
    except Refused as refused:
        return {**known, "image": images.NONE + str(refused).encode()}
    except Exception as error:  # whatever a damaged file makes of the library; its message may hold a value of a tag
        return {**known, "image": images.NONE + f"it cannot be read as DICOM ({type(error).__name__})".encode()}
    return {**known, "image": images.png(points)}


class Refused(Exception):
    """Why a file has no image that a model could be given."""


def _facts(dataset: "FileDataset") -> dict[str, Any]:
    found: dict[str, Any] = {column: _word(dataset.get(tag)) for column, tag in KEPT.items()}
    for column, tag in PSEUDONYMS.items():
        value = str(dataset.get(tag) or "").strip()
        found[column] = pseudonym(column, value) if value else None
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    try:
        found["width_mm"] = float(spacing[1]) * int(dataset.Columns) if spacing else None
    except (TypeError, ValueError, IndexError, AttributeError):
        found["width_mm"] = None
    dropped = [tag for tag in IDENTIFYING if str(dataset.get(tag) or "").strip()]
    private = sum(element.tag.is_private for element in dataset)
    found["dropped"] = ", ".join([*dropped, *([f"{private} private tags"] if private else [])]) or "nothing that names a person"
    return found


def _points(dataset: "FileDataset") -> np.ndarray:
    """The points as they are meant to be seen: uint8 of shape (height, width) or (height, width, 3)."""
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space

    if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
        raise Refused("it has no points")
    height, width = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if height * width > images.MAX_POINTS or height * width == 0:
        raise Refused(f"it says that it has {height:,} x {width:,} points, at most {images.MAX_POINTS:,} are read")
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise Refused(f"it has {int(dataset.NumberOfFrames):,} frames, one is needed")
    try:
        raw = dataset.pixel_array
    except (RuntimeError, NotImplementedError, ValueError, AttributeError, KeyError) as error:
        syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
        told = f"its compression ({getattr(syntax, 'name', syntax)}) needs a library that is not installed; pip install pylibjpeg pylibjpeg-libjpeg"
        packed = bool(getattr(syntax, "is_compressed", False))
        raise Refused(f"{told} (GPL-3) reads most" if packed else f"its points cannot be unpacked ({type(error).__name__})") from None
    kind = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if kind == "PALETTE COLOR":
        return images.stretched(np.asarray(apply_color_lut(raw, dataset), np.float64))
    if raw.ndim == 3:
        colours = convert_color_space(raw, kind, "RGB") if kind.startswith("YBR") and not _compressed(dataset) else raw
        return colours.astype(np.uint8) if colours.dtype == np.uint8 else images.stretched(colours.astype(np.float64))
    seen = np.asarray(apply_voi_lut(apply_modality_lut(raw, dataset), dataset), np.float64)
    grey = images.stretched(seen)
    return 255 - grey if kind == "MONOCHROME1" else grey


def _compressed(dataset: "FileDataset") -> bool:
    return bool(getattr(dataset.file_meta.get("TransferSyntaxUID"), "is_compressed", False))


def _word(value: Any) -> str | None:
    """A value where it is a short word; what is written freely may hold a name."""
    text = " ".join(str(value or "").split())
    return text if 0 < len(text) <= WORD and all(sign.isalnum() or sign in " .-/&" for sign in text) else None


def pseudonym(what: str, value: str) -> str:
    """A name for what shall not be named: always the same one on this machine, and none that anybody could guess without its key."""
    return hmac.new(_key(), f"{what}\0{value}".encode(), hashlib.sha256).hexdigest()[:16]


@cache
def _key() -> bytes:
    """This home's own key, made once; who loses it gets other pseudonyms."""
    place = settings().home / KEY
    try:
        with place.open("xb") as file:
            place.chmod(0o600)
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    return place.read_bytes()
