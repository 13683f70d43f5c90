"""What is meant for one server is not sent to another, wherever the first one sends us: two real servers, each noting what it was told."""

import datetime as dt
import hashlib
import logging
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lifecycle.errors import LifecycleError, Outage
from lifecycle.reading import files, remote
from lifecycle.rest import fetched
from lifecycle.settings import settings
from lifecycle.sources import File, Files, Query
from lifecycle.stages.collect import collect
from tests.toys import toy, visits

SECRET = "hush-hush"
TABLE = visits(50).write_csv().encode()


class Server:
    """Gives a table at /visits.csv and JSON at /visits.json; sends on from /away/..., and from /home/... to itself."""

    def __init__(self, away: str = "", certificate: Path | None = None) -> None:
        self.told: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.told.append(f"{self.path}\n{self.headers}")
                file = self.path.partition("?")[0]
                if file.startswith(("/away/", "/home/")):
                    to = f"{away if file.startswith('/away') else ''}/{file.split('/', 2)[2]}"
                    self.answer(307 if "307" in self.path else 302, b"", Location=to, **{"Set-Cookie": f"session={SECRET}; Path=/"})
                elif file == "/forbidden.csv":
                    self.answer(401, b"")
                elif file == "/torn.csv":
                    self.answer(200, TABLE[:100], **{"Content-Length": "1000"})
                else:
                    self.answer(200, b'{"answer": 42}' if file.endswith(".json") else TABLE)

            do_HEAD = do_GET

            def answer(self, code: int, body: bytes, **headers: str) -> None:
                self.send_response(code)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, format: str, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"{scheme}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def other() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


@pytest.fixture
def first(other: Server) -> Iterator[Server]:
    made = Server(other.address)
    yield made
    made.end()


@pytest.fixture
def secure(other: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The first server over https, with a certificate that is trusted here."""
    made = Server(other.address, certificate(tmp_path / "server.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    yield made
    made.end()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)


def certificate(to: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    building = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    building = building.not_valid_before(now - day).not_valid_after(now + day)
    building = building.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    made = building.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    to.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return to


def rows(source: Any) -> int:
    use_case = toy("redirected", **({} if isinstance(source, str) else {"source": source}))
    return collect(use_case, source if isinstance(source, str) else None).rows


def test_headers_stay_with_the_server_they_were_given_for(first: Server, other: Server) -> None:
    for path in ("/away/visits.csv", "/away/visits.csv?307", "/away/home/visits.csv"):
        headers = {"Authorization": "Bearer ${SHOP_TOKEN}", "X-Api-Key": "${SHOP_TOKEN}", "Cookie": "s=${SHOP_TOKEN}", "X-Whatever": "${SHOP_TOKEN}"}
        assert rows(Files((File(f"{first.address}{path}", headers=headers),))) == 50
    assert all(told.count(SECRET) == 4 for told in first.told)
    assert other.told
    assert SECRET not in "".join(other.told)


def test_user_and_password_of_an_address_stay_too(first: Server, other: Server) -> None:
    assert rows(f"{first.address.replace('://', '://me:${SHOP_TOKEN}@')}/away/visits.csv") == 50
    assert all("Authorization: Basic" in told for told in first.told)
    assert other.told
    assert "Authorization" not in "".join(other.told)


def test_they_follow_within_the_same_server(first: Server) -> None:
    for name in ("Authorization", "Cookie"):
        assert rows(Files((File(f"{first.address}/home/visits.csv", headers={name: "s=${SHOP_TOKEN}"}),))) == 50
    assert [told.partition("\n")[0] for told in first.told if told.count(SECRET) == 1] == ["/home/visits.csv", "/visits.csv"] * 2


def test_they_do_not_follow_from_https_to_http(secure: Server, other: Server) -> None:
    assert rows(Files((File(f"{secure.address}/away/visits.csv", headers={"Authorization": "Bearer ${SHOP_TOKEN}"}),))) == 50
    assert SECRET in "".join(secure.told)
    assert other.told
    assert SECRET not in "".join(other.told)


def test_a_json_interface_that_sends_us_on_gets_no_token_there(first: Server, other: Server) -> None:
    assert fetched(f"{first.address}/away/visits.json", headers={"Authorization": "Bearer ${SHOP_TOKEN}"}) == {"answer": 42}
    assert SECRET in first.told[0]
    assert SECRET not in other.told[0]


def test_a_signature_of_a_file_asks_nobody_else_with_a_secret(first: Server, other: Server) -> None:
    remote.sign(File("", headers={"X-Key": "${SHOP_TOKEN}"}), f"{first.address}/away/visits.csv")
    assert other.told
    assert SECRET not in other.told[0]


def test_a_query_of_duckdb_does_not_take_them_along_either(first: Server, other: Server) -> None:
    address = first.address.replace("://", "://me:${SHOP_TOKEN}@")
    assert rows(Query(f"FROM read_csv('{address}/away/visits.csv')")) == 50
    assert other.told
    assert "authorization" not in "".join(other.told).lower()


def test_a_download_is_checked_wherever_it_comes_from(first: Server, other: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_DOWNLOAD", "true")
    settings.cache_clear()
    try:
        right = File("redirected-visits.csv", url=f"{first.address}/away/visits.csv", sha256=hashlib.sha256(TABLE).hexdigest())
        assert Path(files.locate(right)).read_bytes() == TABLE
        with pytest.raises(LifecycleError, match="the definition says 0000"):
            files.locate(File("other.csv", url=f"{first.address}/away/visits.csv", sha256="0" * 64))
        for address in ("file:///etc/hostname", "ftp://127.0.0.1/visits.csv"):
            with pytest.raises(LifecycleError, match="is not spoken here"):
                files.locate(File("other.csv", url=address, sha256="0" * 64))
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_refusal_says_that_nothing_followed(first: Server) -> None:
    with pytest.raises(LifecycleError, match=r"answers 401 .*it had sent us to http://127\.0\.0\.1:\d+, where headers and passwords do not follow"):
        rows(Files((File(f"{first.address}/away/forbidden.csv", headers={"Authorization": "Bearer ${SHOP_TOKEN}"}),)))


def test_a_file_can_say_that_its_server_may_not_send_us_on(first: Server, other: Server) -> None:
    with pytest.raises(LifecycleError, match=r"sends us to http://127\.0\.0\.1:\d+, which this source may not be read from"):
        rows(Files((File(f"{first.address}/away/visits.csv", redirects=False),)))
    assert rows(Files((File(f"{first.address}/home/visits.csv", redirects=False),))) == 50
    assert other.told == []


def test_a_secret_in_an_address_is_in_no_log(first: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert fetched(f"{first.address}/visits.json?key=${{SHOP_TOKEN}}") == {"answer": 42}
    assert SECRET in first.told[0]
    assert first.address in caplog.text
    assert SECRET not in caplog.text


def test_a_file_that_breaks_off_is_an_outage_that_says_where(first: Server) -> None:
    with pytest.raises(Outage, match="broke off after 100 of 1,000 bytes"):
        rows(f"{first.address}/torn.csv")


def test_a_proxy_is_used_for_others_and_not_for_this_machine(first: Server, other: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, other.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,::1")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost,::1")
    assert fetched(f"{first.address}/visits.json") == {"answer": 42}
    assert (len(first.told), other.told) == (1, [])
    assert fetched("http://shop.example/visits.json") == {"answer": 42}
    assert other.told[0].startswith("http://shop.example/visits.json")
