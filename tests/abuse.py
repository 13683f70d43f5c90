"""Mangled requests for a running service: `python -m tests.abuse PORT USE_CASE NUMBER [KEY]` prints what came back."""

import json
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil

HOST = "127.0.0.1"
PATIENCE = 20.0
"""Seconds after which a connection that gives no answer and is not closed hangs."""
ODD: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**63, -(2**63), 2**64, 10**400, 1e308, -1e308, 1e-320, 0.1, "", " ", "0", "1e999", "NaN", "null", "\u0000", "\ud83d\ude00", "ÿ" * 300,
    "2026-01-01", "0001-01-01", "2026-13-99T99:99:99", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "'; DROP TABLE predictions; --", "../../etc/passwd",
    "${jndi:ldap://x}", "{{7*7}}", "<script>alert(1)</script>", [], {}, [[]], [1] * 1000, {"a": {"b": {"c": 1}}}, [None], "x" * 100_000,
]  # fmt: skip
RAW = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "0x10",
    "01",
    "+1",
    ".5",
    "1.",
    "1" * 5000,
    "undefined",
    "'a'",
    '"\\ud800"',
    '"\\uZZZZ"',
    "\t",
    "{",
    "]",
]


@dataclass
class Outcome:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """Requests that were answered with a 5xx, or hung, or leaked something."""


def requests(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """One mangled request, as bytes."""
    kind = random.choice([cell, cell, cell, raw, shape, shape, nested, bytes_, cut, label, label, header, path, chunks, twice])
    return kind(use_case, dict(row), random)


def http(path: str, body: bytes, *more: str, method: str = "POST", length: int | None = None) -> bytes:
    """A request as it goes over the wire."""
    own = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*own, "Connection: close", *more, "", ""]).encode("utf-8", "surrogateescape") + body


def _route(use_case: str, random: random.Random) -> str:
    return f"/{use_case}/{random.choice(['predict', 'predict', 'explain'])}"


def cell(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """A value of another type or size in one or more cells."""
    for name in random.sample(list(row), random.randint(1, len(row))):
        row[name] = random.choice(ODD)
    return http(_route(use_case, random), _json({"rows": [row]}))


def raw(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """A token that is no JSON in the place of a value."""
    row[random.choice(list(row))] = "@"
    return http(_route(use_case, random), _json({"rows": [row]}).replace(b'"@"', random.choice(RAW).encode()))


def shape(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Columns and objects that are missing, extra, of another shape."""
    name = random.choice(list(row))
    shapes: list[Any] = [
        {}, [], None, 3, "rows", {"rows": None}, {"rows": []}, {"rows": {}}, {"rows": [None]}, {"rows": [[row]]}, {"rows": row}, {"row": [row]}, [row],
        {"rows": [{key: value for key, value in row.items() if key != name}]}, {"rows": [{**row, random.choice(["", "\u0000", "x" * 5000]): 1}]},
        {"rows": [row, {}]}, {"rows": [row] * random.randint(2, 50)}, {"rows": [row], "extra": [1]}, {"rows": [{**row, **{str(i): i for i in range(2_000)}}]},
    ]  # fmt: skip
    return http(_route(use_case, random), _json(random.choice(shapes)))


def nested(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Deep nesting, of the body and of one cell."""
    depth = random.choice([100, 253, 254, 255, 256, 600, 1_000, 1_020, 100_000])
    if random.random() < 0.5:
        row[random.choice(list(row))] = "@"
        label = {random.choice(["key", "target", "label_time", "x"]): "@", "key": 1, "target": True}
        route, content = random.choice([(_route(use_case, random), {"rows": [row]}), (f"/{use_case}/labels", {"labels": [label]})])
        return http(route, _json(content).replace(b'"@"', random.choice([b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth])))
    deep = random.choice([b"[" * depth + b"]" * depth, b'{"rows":' * depth + b"1" + b"}" * depth, b'{"rows":[{"a":' * depth])
    return http(_route(use_case, random), deep)


def bytes_(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Bytes that are no UTF-8, or no text at all."""
    body = bytearray(_json({"rows": [row]}))
    for _ in range(random.randint(1, 20)):
        body[random.randrange(len(body))] = random.randrange(256)
    return http(_route(use_case, random), bytes(body))


def cut(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """A body that ends too soon, or a length that is none."""
    body = _json({"rows": [row]})
    path = _route(use_case, random)
    wrong = random.choice(["-1", "abc", "1e3", "99999999999999999999", "5, 5", ""])
    return random.choice(
        [
            http(path, body[: random.randrange(len(body))]),
            http(path, body).replace(f"Content-Length: {len(body)}".encode(), f"Content-Length: {wrong}".encode()),
        ]
    )


def label(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Mangled labels."""
    label = {random.choice(["key", "target", "label_time", "x"]): random.choice(ODD) for _ in range(4)}
    content: Any = random.choice([{"labels": [label]}, {"labels": label}, {"labels": [label] * 50}, [label], {"labels": [random.choice(ODD)]}])
    return http(f"/{use_case}/labels", _json(content))


def header(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Headers that are too many, too long, or lies."""
    odd = [
        "X-API-Key: " + "k" * 9_000, "X-Request-ID: \x01\x02", "X-Request-ID: ../../x", "Authorization: Bearer é", "Origin: https://evil.example", "Host: evil.example",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Expect: 100-continue", "Content-Encoding: gzip", "Content-Type: text/plain; charset=utf-7",
        "Upgrade: websocket\r\nConnection: upgrade", "Cookie: " + "a=b; " * 3_000, "Range: bytes=0-1", *(f"X-{i}: {i}" for i in range(5)),
    ]  # fmt: skip
    return http(_route(use_case, random), _json({"rows": [row]}), *random.sample(odd, random.randint(1, 4)))


def path(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Paths and methods that there are not."""
    paths = [
        "/", "/nothing", f"/{use_case}", f"/{use_case}/", f"/{use_case}/predict/", "/nobody/predict", "/%00", "/%ff%fe", "/../../etc/passwd", "/page/../guard.py",
        "/page/%2e%2e/guard.py", f"/{use_case}/predict?x=" + "y" * 5_000, "/metrics", "/openapi.json", f"/{use_case}/form", f"/{use_case}/model", "//", "/docs", "/live", "*",
    ]  # fmt: skip
    method = random.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "POST", "BREW"])
    return http(random.choice(paths), _json({"rows": [row]}), method=method)


def chunks(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """Chunked bodies, right and wrong; and what is no HTTP."""
    body = _json({"rows": [row]})
    start = http(_route(use_case, random), b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    good = start + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    return random.choice(
        [
            good,
            start + b"zz\r\n",
            start + b"ffffffffffffffff\r\n",
            start + b"-5\r\nhello",
            random.randbytes(400),
            b"GET / HTTP/9.9\r\n\r\n",
            b"\r\n" * 50,
        ]
    )


def twice(use_case: str, row: dict[str, Any], random: random.Random) -> bytes:
    """A name twice, a column twice, a request right after another."""
    body = _json({"rows": [row]})
    double = body[:-1] + b"," + body[1:]
    return random.choice(
        [
            http(_route(use_case, random), double),
            http(_route(use_case, random), body).replace(b"Connection: close\r\n", b"") + http("/live", b"", method="GET"),
        ]
    )


def ask(port: int, request: bytes, key: str, random: random.Random) -> tuple[str, bytes, float]:
    """Send bytes as they are. Returns the status (or `closed`, `hung`), the answer and the seconds."""
    sent = request.replace(b"\r\n", f"\r\nX-API-Key: {key}\r\n".encode(), 1) if key and random.random() < 0.9 else request
    began, answer = time.perf_counter(), b""
    try:
        with socket.create_connection((HOST, port), timeout=PATIENCE) as connection:
            try:
                connection.sendall(sent)
            except OSError:
                pass  # it was closed while we spoke: there may be an answer all the same
            while part := connection.recv(65536):
                answer += part
    except TimeoutError:
        return "hung", answer, time.perf_counter() - began
    except OSError:
        pass
    status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "closed"
    return status, answer, time.perf_counter() - began


def abuse(
    port: int, use_case: str, row: dict[str, Any], number: int, *, key: str = "", seed: int = 1, every: Callable[[int], None] | None = None
) -> Outcome:
    """Send so many mangled requests, one after the other."""
    generator, outcome = random.Random(seed), Outcome()
    for i in range(number):
        request = requests(use_case, row, generator)
        status, answer, seconds = ask(port, request, key, generator)
        outcome.statuses[status] += 1
        outcome.slowest = max(outcome.slowest, seconds)
        if status.startswith("5") or status == "hung" or b"Traceback" in answer or b'File "' in answer:
            outcome.wrong.append(f"{request[:300]!r} -> {answer[:300]!r}")
        if every:
            every(i)
    return outcome


def large(port: int, use_case: str, key: str, megabytes: int = 10) -> str:
    """A body of so many megabytes that is no use."""
    return ask(port, http(f"/{use_case}/predict", b'{"rows":["' + b"x" * (megabytes * 1_000_000) + b'"]}'), key, random.Random(0))[0]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def main(port: int, use_case: str, number: int, key: str = "") -> None:
    """Abuse the service at a port, and say what came of it, with its memory."""
    process = next(
        psutil.Process(each.pid)
        for each in psutil.net_connections("tcp")
        if each.laddr and each.laddr.port == port and each.status == "LISTEN" and each.pid
    )
    answer = ask(port, http(f"/{use_case}/form", b"", method="GET"), key, random.Random(0))[1]
    row = {each["name"]: each["example"] for each in json.loads(answer.split(b"\r\n\r\n", 1)[1])["fields"] if not each["optional"]}
    memory: list[int] = []

    def every(i: int) -> None:
        if i % max(number // 10, 1) == 0:
            memory.append(process.memory_info().rss // 1_000_000)

    began = time.perf_counter()
    outcome = abuse(port, use_case, row, number, key=key, every=every)
    said = {
        "statuses": outcome.statuses, "slowest": round(outcome.slowest, 3), "seconds": round(time.perf_counter() - began, 1),
        "10 MB bodies": Counter(large(port, use_case, key) for _ in range(10)), "memory in MB": [*memory, process.memory_info().rss // 1_000_000],
        "files": process.num_fds(), "threads": process.num_threads(), "wrong": outcome.wrong[:10],
    }  # fmt: skip
    sys.stdout.write(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
