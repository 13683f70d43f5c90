"""An image over HTTP: as Base64 or as a file of a form, answered as in batch, shown with what matters in it; or refused with a sentence."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle.candidates import linear
from lifecycle.models import images
from lifecycle.monitoring import drift, role_views
from lifecycle.predict import predict
from lifecycle.references import ModelVersion
from lifecycle.settings import Settings, settings
from lifecycle.sources import Generated
from lifecycle.store import models, versions
from lifecycle.table.feature_table import compute
from lifecycle.usecase import Monitoring, UseCase
from schemas.imaging import Scan
from tests.challengers import parts_of
from tests.served import Client, beside, champion, serving
from tests.toys import toy
from usecases._phantoms import phantoms
from usecases.imaging import features


def scans() -> UseCase:
    source = Generated(phantoms, {"patients": 260}, deterministic=True)
    return toy(
        "served_scans", schema=Scan, problem="multiclass", source=source, features=features, candidates=(linear(),), monitoring=Monitoring(window=300)
    )


@pytest.fixture(scope="module")
def version() -> ModelVersion:
    case = scans()
    return champion(case, parts_of(case), beside=beside)


@pytest.fixture(scope="module")
def port(version: ModelVersion) -> Iterator[int]:
    application = create(Options(use_cases=(scans(),), at=Settings(**settings().model_dump()), place=Place()))
    with serving(application, "app.http.timeouts:TimeoutProtocol") as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        yield port


def rows(**changes: Any) -> pl.DataFrame:
    return pl.concat(list(phantoms(**{"patients": 40, "since": 5_000, **changes})))


def coded(cell: bytes) -> str:
    return base64.b64encode(cell).decode()


def form(port: int, **cells: str | bytes) -> tuple[int, Any]:
    import http.client

    body = b""
    for name, cell in cells.items():
        file = '; filename="scan.png"' if isinstance(cell, bytes) else ""
        body += (
            f'--edge\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
            + (cell if isinstance(cell, bytes) else cell.encode())
            + b"\r\n"
        )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/served_scans/predict", body + b"--edge--\r\n", {"Content-Type": "multipart/form-data; boundary=edge"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_an_image_is_answered_as_in_batch_in_json_and_in_a_form(version: ModelVersion, port: int):
    came = rows()[:5]
    case = scans()
    whole = came.with_columns(pl.lit(None, pl.String).alias("split")).select(case.columns.names)
    batch = predict(case, models.load(version.run_id, version.sha256), compute(case, whole))
    status, said = Client(port).post("/served_scans/predict", {"rows": [{"image": coded(cell)} for cell in came["image"]]})
    assert status == 200, said
    for at, one in enumerate(said["predictions"]):
        assert one["prediction"] == batch["prediction"][at]
        assert abs(one["probability"] - batch["probability"][at]) < 1e-9
    status, again = form(port, image=came["image"][0], site="north")
    assert status == 200, again
    assert abs(again["predictions"][0]["probability"] - said["predictions"][0]["probability"]) < 1e-9


def test_an_explanation_shows_the_image_with_what_matters_in_it(port: int):
    status, why = Client(port).post("/served_scans/explain", {"rows": [{"image": coded(rows()["image"][0])}]})
    assert status == 200, why
    (part,) = why["contributions"]
    assert part["value"] is None
    assert Image.open(io.BytesIO(base64.b64decode(part["picture"]))).size == (224, 224)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "no bytes"),
        (coded(b"hello"), "other bytes"),
        (coded(images.png(np.random.default_rng(1).integers(0, 255, (60, 60), dtype=np.uint8))[:500]), "broken"),
        (coded(bytes(128) + b"DICM"), "DICOM"),
        ("%%%", "type BLOB"),
        (None, "not_nullable"),
    ],
    ids=["empty", "text", "cut", "dicom", "no base64", "null"],
)
def test_what_is_no_image_is_refused_with_a_sentence(port: int, cell: str | None, says: str):
    status, said = Client(port).post("/served_scans/predict", {"rows": [{"image": cell}]})
    assert status == 422
    assert says in said["error"]
    assert said["detail"][0]["column"] == "image"


def test_a_form_that_is_none_is_refused(port: int):
    assert form(port, image=b"no image")[0] == 422
    assert form(port, other="x")[0] == 422


def test_the_form_of_the_page_asks_for_a_file(port: int):
    _, found = Client(port).get("/served_scans/form")
    assert next(each for each in found["fields"] if each["name"] == "image")["input"] == "image"


def test_brighter_images_are_drift_and_other_images_of_the_same_world_are_none(version: ModelVersion):
    case = scans()
    profile = json.loads(versions.artifact(version, "profile.json"))
    assert {"image: brightness", "image: contrast"} <= set(profile["columns"])
    found = {}
    for name, brighter in (("same", 0.0), ("brighter", 25.0)):
        came = rows(patients=200, brighter=brighter).with_columns(pl.lit(None, pl.String).alias("split")).select(case.columns.names)[:500]
        X = role_views.beside(case, profile, compute(case, came))
        found[name] = drift.by_window(profile, X, None, np.zeros(len(X), np.int64), 1)[0]
    assert not [name for name, one in found["same"].items() if one.beyond]
    assert found["brighter"]["image: brightness"].beyond
