"""Bodies as clients send them: compressed, with a mark of byte order; what cannot be read is said in a sentence."""

import gzip
import json
import zlib
from typing import Any

import pytest

from lifecycle.references import ModelVersion
from tests.app.http.conftest import NAME, ROW, running
from tests.app.http.test_operations import ask

BODY = json.dumps({"rows": [ROW]}).encode()


def deflated(body: bytes, window: int = -zlib.MAX_WBITS) -> bytes:
    stream = zlib.compressobj(wbits=window)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(BODY)), ("GZIP", gzip.compress(BODY)), ("x-gzip", gzip.compress(BODY)), ("deflate", zlib.compress(BODY)), ("deflate", deflated(BODY)), ("identity", BODY)],
)  # fmt: skip
def test_a_compressed_body_is_answered_like_any_other(port: int, encoding: str, body: bytes) -> None:
    plain = ask(port, f"/{NAME}/predict", BODY)[2]["predictions"][0]
    status, _, answer = ask(port, f"/{NAME}/predict", body, Content_Encoding=encoding)
    assert (status, answer["predictions"][0]["probability"]) == (200, plain["probability"])


def test_labels_and_explanations_come_compressed_too(port: int) -> None:
    labels = gzip.compress(json.dumps({"labels": [{"key": 71_000, "target": True}]}).encode())
    assert ask(port, f"/{NAME}/labels", labels, Content_Encoding="gzip")[2] == {"accepted": 1}
    assert ask(port, f"/{NAME}/explain", gzip.compress(BODY), Content_Encoding="gzip")[0] == 200


def test_a_mark_of_byte_order_is_no_part_of_the_json(port: int) -> None:
    for path, body in ((f"/{NAME}/predict", BODY), (f"/{NAME}/labels", b'{"labels": [{"key": 71001, "target": false}]}')):
        assert ask(port, path, b"\xef\xbb\xbf" + body)[0] == 200


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip;q=1", "\xff"])
def test_another_encoding_is_415_with_those_we_take(port: int, encoding: str) -> None:
    status, headers, answer = ask(port, f"/{NAME}/predict", gzip.compress(BODY), Content_Encoding=encoding)
    assert (status, headers["accept-encoding"]) == (415, "gzip, deflate")
    assert "Content-Encoding" in answer["error"]


@pytest.mark.parametrize(
    "body",
    [BODY, gzip.compress(BODY)[:-9], gzip.compress(BODY) + b"more", b"\x1f\x8b", gzip.compress(BODY)[:20] + b"\0" * 40, gzip.compress(BODY) * 2],
)
def test_a_body_that_is_not_compressed_as_it_says_is_400(port: int, body: bytes) -> None:
    status, _, answer = ask(port, f"/{NAME}/predict", body, Content_Encoding="gzip")
    assert status == 400
    assert answer["error"].startswith("the body is not compressed as its header Content-Encoding says (")


def test_a_body_is_never_inflated_beyond_what_a_body_may_have(version: ModelVersion) -> None:
    with running(max_body_mb=1.0) as (_, port):
        bomb = gzip.compress(b" " * 200_000_000, compresslevel=9)
        assert len(bomb) < 1_000_000
        assert ask(port, f"/{NAME}/predict", bomb, Content_Encoding="gzip")[0] == 413
        twice: dict[str, Any] = {"rows": [ROW] * 4_000}
        assert ask(port, f"/{NAME}/predict", gzip.compress(json.dumps(twice).encode()), Content_Encoding="gzip")[0] == 200
        for _ in range(20):  # what was held for a body that was refused is given back
            assert ask(port, f"/{NAME}/predict", bomb, Content_Encoding="gzip")[0] == 413
        assert ask(port, f"/{NAME}/predict", gzip.compress(BODY), Content_Encoding="gzip")[0] == 200


def test_bytes_that_are_no_text_are_said_to_be_none(port: int) -> None:
    for body in (
        gzip.compress(BODY),
        json.dumps({"rows": [{**ROW, "kind": "ä"}]}, ensure_ascii=False).encode("latin-1"),
        BODY.decode().encode("utf-16"),
    ):
        status, _, answer = ask(port, f"/{NAME}/predict", body)
        assert (status, answer["error"]) == (422, "the body must be JSON in UTF-8, found bytes that are no text in it; see /docs")
