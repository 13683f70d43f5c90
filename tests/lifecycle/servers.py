"""Real servers for tests of sources: PostgreSQL over TCP with a password, S3-compatible storage, http."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lifecycle.store import outside_home, programs

USER, PASSWORD = "team", "hush-hush/1"
KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": PASSWORD, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


@dataclass(frozen=True)
class Shop:
    """A PostgreSQL server with a password."""

    port: int
    log: Path

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} password='{PASSWORD}' dbname=postgres"

    @property
    def address(self) -> str:
        """Its address, with the password as `${SHOP_PASSWORD}`."""
        return f"postgresql://{USER}:${{SHOP_PASSWORD}}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def shop() -> Iterator[Shop]:
    """A PostgreSQL server, gone at the end, in a folder with a short path that its account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="lifecycle-shop-"))
    folder.chmod(0o711)
    data, port = folder / "data", free_port()
    programs.give(data)
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    how = ("-U", USER, "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C")
    programs.run(folder, "initdb", "-D", programs.data(data), *how, within=data)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c log_statement=all -k ''"
    programs.run(folder, "pg_ctl", "-D", programs.data(data), "start", "-w", "-l", "log", "-o", options, within=data)
    try:
        yield Shop(port, data / "log")
    finally:
        programs.run(folder, "pg_ctl", "-D", programs.data(data), "stop", "-m", "immediate", check=False, within=data)
        outside_home.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def storage() -> Iterator[dict[str, str]]:
    """S3-compatible storage with the bucket `data`: the variables by which it is reached."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server._server.server_port}"  # pyright: ignore[reportOptionalMemberAccess]
    client: Any = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="somebody", aws_secret_access_key=PASSWORD, region_name="us-east-1"
    )  # fmt: skip
    client.create_bucket(Bucket="data")
    try:
        yield {**KEYS, "AWS_ENDPOINT_URL": address}
    finally:
        client.close()
        server.stop()


@dataclass
class Web:
    """An http server over a folder, and what it was asked."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def web(folder: Path, handler: type[SimpleHTTPRequestHandler] | None = None) -> Iterator[Web]:
    """An http server over the files of a folder, or with a handler of its own."""
    served = Web("")

    class Quiet(handler or SimpleHTTPRequestHandler):  # type: ignore[misc]
        def log_message(self, format: str, *arguments: Any) -> None:
            served.asked.append(f"{self.command} {self.path}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
