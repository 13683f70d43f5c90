"""Two hundred files that something happened to: each ends in a sentence or in quarantine, and nothing is ever half loaded."""

import gzip
import io
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import Lake, load
from tests.toys import toy, visits

FILES = 200
ROWS = 120
Mangle = Callable[[bytes, random.Random], bytes]
TABLE = visits(ROWS)
CSV = TABLE.write_csv().encode()
LINES = CSV.splitlines(keepends=True)


def in_lines(change: Callable[[bytes, random.Random], bytes], share: float) -> Mangle:
    """A change of some lines after the first, of one at least."""

    def mangle(_: bytes, dice: random.Random) -> bytes:
        chosen = {dice.randrange(1, len(LINES))} | {place for place in range(1, len(LINES)) if dice.random() < share}
        return b"".join(change(line, dice) if place in chosen else line for place, line in enumerate(LINES))

    return mangle


def at(place: Callable[[random.Random, int], int], put: Callable[[random.Random], bytes]) -> Mangle:
    """Something put into the file."""

    def mangle(data: bytes, dice: random.Random) -> bytes:
        where = place(dice, len(data))
        return data[:where] + put(dice) + data[where:]

    return mangle


def anywhere(dice: random.Random, size: int) -> int:
    return dice.randrange(size)


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(1, len(data))]


def noise(data: bytes, dice: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(dice.choice([1, 5, 50])):
        found[dice.randrange(len(found))] = dice.randrange(256)
    return bytes(found)


def packed(make: Callable[[], bytes], change: Mangle) -> Mangle:
    return lambda _, dice: change(make(), dice)


def parquet() -> bytes:
    out = io.BytesIO()
    TABLE.write_parquet(out)
    return out.getvalue()


def ndjson() -> bytes:
    return b"".join(json.dumps(row, default=str).encode() + b"\n" for row in TABLE.to_dicts())


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The table as an Excel book and as an SQLite file."""
    import duckdb

    folder = tmp_path_factory.mktemp("books")
    TABLE.write_parquet(folder / "visits.parquet")
    with duckdb.connect() as connection:
        load(connection, "excel")
        connection.execute(f"COPY (FROM '{folder}/visits.parquet') TO '{folder}/visits.xlsx' (FORMAT xlsx, HEADER true)")
    with sqlite3.connect(folder / "visits.db") as connection:
        connection.execute(f"CREATE TABLE visits ({', '.join(TABLE.columns)})")
        rows = [tuple(str(cell) for cell in row) for row in TABLE.rows()]
        connection.executemany(f"INSERT INTO visits VALUES ({', '.join('?' * TABLE.width)})", rows)
    connection.close()
    return {name: (folder / name).read_bytes() for name in ("visits.xlsx", "visits.db")}


WRONG: dict[str, Mangle] = {
    "cut.csv": cut,
    "latin.csv": in_lines(lambda line, dice: line.replace(b",a,", b",\xe9,").replace(b",b,", b",\xfc,"), 0.1),
    "bytes.csv": in_lines(lambda line, dice: line[:5] + bytes(dice.randrange(128, 256) for _ in range(4)) + line[5:], 0.02),
    "utf16.csv": lambda data, dice: data.decode().encode(dice.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32"])),
    "utf16_cut.csv": lambda data, dice: cut(data.decode().encode("utf-16"), dice),
    "mixed_ends.csv": in_lines(lambda line, dice: line.rstrip(b"\n") + dice.choice([b"\r\n", b"\r", b"\n\n", b"\r\r\n"]), 0.3),
    "returns.csv": lambda data, dice: data.replace(b"\n", b"\r"),
    "twice_named.csv": lambda data, dice: data.replace(b"visit,at", dice.choice([b"visit,visit", b"at,at", b"VISIT,visit", b" visit ,at"]), 1),
    "no_names.csv": lambda data, dice: data.replace(b"visit,at", dice.choice([b",at", b",", b'"",""']), 1),
    "nulls.csv": in_lines(lambda line, dice: line[:3] + b"\0" * dice.choice([1, 3]) + line[3:], 0.02),
    "all_nulls.csv": lambda data, dice: b"\0" * len(data),
    "null_tail.csv": lambda data, dice: data + b"\0" * dice.choice([1, 512, 4096]),
    "enormous.csv": in_lines(lambda line, dice: line.replace(b",a,", b"," + b"x" * dice.choice([70_000, 17 << 20]) + b","), 0),
    "semicolons.csv": in_lines(lambda line, dice: line.replace(b",", b";"), 0.5),
    "tabs.csv": lambda data, dice: data.replace(b",", dice.choice([b"\t", b"|", b" ", b"\x01", b"::"])),
    "empty.csv": lambda data, dice: dice.choice([b"", b"\n", b"   \n\n", b"\xef\xbb\xbf", b"\xff\xfe"]),
    "binary.csv": lambda data, dice: bytes(dice.randrange(256) for _ in range(dice.choice([10, 1_000, 100_000]))),
    "header.csv": lambda data, dice: LINES[0] if dice.random() < 0.5 else LINES[0].strip(),
    "ragged.csv": in_lines(lambda line, dice: dice.choice([line[:9] + b"\n", line.rstrip(b"\n") + b",9,9\n", b",\n", b"?\n"]), 0.05),
    "open_quote.csv": in_lines(lambda line, dice: line.replace(b",a,", b',"a,').replace(b",b,", b',"b,').replace(b",c,", b',"c,'), 0.01),
    "quotes.csv": at(anywhere, lambda dice: dice.choice([b'"', b'""', b'"\n', b',"', b"'"])),
    "noise.csv": noise,
    "backwards.csv": lambda data, dice: b"".join(reversed(LINES)),
    "repeated.csv": lambda data, dice: data + data,
    "page.csv": lambda data, dice: b"<!DOCTYPE html>\n<html><body><h1>404, not found</h1></body></html>\n",
    "picture.csv": lambda data, dice: b"\x89PNG\r\n\x1a\n" + bytes(dice.randrange(256) for _ in range(500)),
    "cut.csv.gz": packed(lambda: gzip.compress(CSV), cut),
    "noise.csv.gz": packed(lambda: gzip.compress(CSV), noise),
    "not.csv.gz": lambda data, dice: data,
    "cut.parquet": packed(parquet, cut),
    "noise.parquet": packed(parquet, noise),
    "not.parquet": lambda data, dice: data,
    "cut.ndjson": packed(ndjson, cut),
    "noise.ndjson": packed(ndjson, noise),
    "not.json": lambda data, dice: dice.choice([b"{", b"[", b"[1, 2]", b"null", b"{}", b"[]", b'{"a": [', b"[" * 100_000, data]),
}
BOOKS: dict[str, tuple[str, Mangle]] = {
    "cut.xlsx": ("visits.xlsx", cut),
    "noise.xlsx": ("visits.xlsx", noise),
    "cut.db": ("visits.db", cut),
    "noise.db": ("visits.db", noise),
}


def mangled(number: int, books: dict[str, bytes]) -> tuple[str, bytes]:
    """The file of a number: its kind in turn, what happens to it by chance."""
    dice = random.Random(number)
    names = [*WRONG, *BOOKS]
    name = names[number % len(names)]
    if name in BOOKS:
        book, change = BOOKS[name]
        return name, change(books[book], dice)
    return name, WRONG[name](CSV, dice)


def state(lake: Lake) -> tuple[int, int]:
    """The number of the newest batch, and a hash of all rows."""
    return lake.rows("SELECT (SELECT max(batch) FROM mangled.batches), (SELECT sum(hash(r)::HUGEINT) FROM mangled.raw AS r)")[0]  # type: ignore[return-value]


@pytest.mark.parametrize("quarter", range(4))
def test_mangled_files_end_in_a_sentence_or_in_quarantine(tmp_path: Path, the_lake: Lake, books: dict[str, bytes], quarter: int) -> None:
    use_case = toy("mangled")
    validate(use_case, collect(use_case))
    for number in range(quarter, FILES, 4):
        name, data = mangled(number, books)
        path = tmp_path / f"{number:03}_{name}"
        path.write_bytes(data)
        before = state(the_lake)
        try:
            snapshot = validate(use_case, collect(use_case, str(path)))
        except LifecycleError as error:
            said = str(error)
            assert len(said) < 2_000, f"{path.name}: {said[:3_000]}"
            assert "\n" not in said
            assert all(word not in said for word in ("Traceback", "LINE 1:", "/staging/")), f"{path.name}: {said}"
        else:
            assert snapshot.came == snapshot.kept + snapshot.quarantined + snapshot.duplicates, path.name
        came, kept, bad, known = the_lake.rows("SELECT came, kept, quarantined, duplicates FROM mangled.batches ORDER BY batch DESC LIMIT 1")[0]
        assert came == kept + bad + known, path.name
        after = state(the_lake)
        if before[0] == after[0] or bad == came:
            assert before[1] == after[1], f"{path.name} left half a load"
    assert not list((settings().home / "staging" / "mangled").iterdir())


def test_what_happens_to_a_line_is_said_with_its_number_and_the_rest_is_kept(tmp_path: Path, the_lake: Lake) -> None:
    lines = [*LINES]
    lines[10] = b'10,"2026-01-01 00:09:00,1,f,1,a,30,true\n'
    lines[20] = lines[20][:3] + b"\0" + lines[20][3:]
    lines[30] = b"\x81" + lines[30]  # in no encoding of western letters
    lines[40] = lines[40].replace(b"2026", b"2" * 17_000_000)
    lines[50] = b"50,,,\r\n"
    (tmp_path / "lines.csv").write_bytes(b"".join(lines))
    snapshot = validate(use_case := toy("told_lines"), collect(use_case, str(tmp_path / "lines.csv")))
    assert (snapshot.came, snapshot.kept, snapshot.quarantined) == (ROWS, ROWS - 5, 5)
    found = the_lake.rows('SELECT row, "check", record FROM told_lines.quarantine ORDER BY row')
    assert [(row, check.removeprefix("readable line: ")) for row, check, _ in found] == [
        (11, "unclosed quote"), (21, "null byte"), (31, "invalid encoding"), (41, "line size over maximum"), (51, "missing columns"),
    ]  # fmt: skip
    assert found[0][2] == lines[10].decode().strip()
    assert found[1][2] == lines[20].decode().strip().replace("\0", "\\x00")
    assert found[2][2] == "\\x81" + LINES[30].decode().strip()
    assert found[3][2] == lines[40].decode().strip()


def test_a_file_full_of_quotes_that_are_never_closed_is_refused(tmp_path: Path) -> None:
    lines = [b"visit,at\n", *(b'1,"a"b\n' if number % 2 else b'"x\n' for number in range(60))]
    (tmp_path / "quotes.csv").write_bytes(b"".join(lines))
    with pytest.raises(LifecycleError):
        collect(toy("mangled"), str(tmp_path / "quotes.csv"))
