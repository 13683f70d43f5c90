"""docs/sources.md does what it says: its examples run, its spellings are understood, its REST example meets a real server."""

import json
import re
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pandera.polars as pa
import pytest

from lifecycle import sources
from lifecycle.errors import LifecycleError, Outage
from lifecycle.rest import fetched
from lifecycle.sources import Generated
from lifecycle.sources.spelling import chosen
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from schemas.roles import column
from tests.lifecycle.servers import web
from tests.toys import toy

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SPELLINGS = re.findall(r"^\| [^|]+ \| `([^|]+)` \| `([^|]+)` \|$", PAGE, re.MULTILINE)


class Order(pa.DataFrameModel):
    """What the REST example gives."""

    id: int = column("key")
    amount: float = column()
    paid: bool = column("target")


class Api(SimpleHTTPRequestHandler):
    """Orders in pages of ten; it is away at every third question, and knows one token."""

    orders: ClassVar = [{"id": i, "amount": i / 10, "paid": i % 2 == 0} for i in range(25)]
    asked = 0

    def do_GET(self) -> None:
        Api.asked += 1
        if self.headers["Authorization"] != "Bearer let-me-in":
            return self.answer(401, {})
        if Api.asked % 3 == 0:
            return self.answer(503, {})
        given = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        first = int(given.get("since", -1)) + 1
        page = [order for order in self.orders if first <= order["id"] < int(given.get("until", 1_000))][:10]
        more = f"http://{self.headers['Host']}/orders?since={page[-1]['id']}" if len(page) == 10 else None
        return self.answer(200, {"orders": page, "next": more})

    def answer(self, code: int, data: Any) -> None:
        body = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)


def run(code: str) -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "docs/sources.md", "exec"), found)
    return found


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 9
    assert len(SPELLINGS) == 9


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_example_defines_a_source(code: str) -> None:
    assert any(isinstance(value, sources.Source) for value in run(code).values())


@pytest.mark.parametrize(("definition", "typed"), SPELLINGS)
def test_what_is_typed_is_the_source_of_the_definition(definition: str, typed: str) -> None:
    def orders(rows: int) -> Any: ...

    defined = eval(definition, {**vars(sources), "orders": orders})
    own = Generated(orders) if isinstance(defined, Generated) else defined
    found = chosen(toy("typed_source", source=own), typed)
    assert found.name == defined.name
    assert type(found) is type(defined)


def test_the_rest_example_reads_every_page_waits_while_the_server_is_away_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = run(next(code for code in EXAMPLES if "fetched" in code))
    monkeypatch.setenv("SHOP_TOKEN", "let-me-in")
    with web(tmp_path, Api) as served:
        source = Generated(example["orders"], {"url": served.address}, incremental=example["source"].incremental)
        use_case = toy("from_rest", schema=Order, source=source, features=lambda rows: rows.select("amount"))
        assert validate(use_case, collect(use_case)).kept == 25
        assert len(served.asked) == 4  # three pages, and one question in vain
        assert validate(use_case, collect(use_case)).came == 0
        monkeypatch.setattr(Api, "orders", [*Api.orders, {"id": 25, "amount": 1.0, "paid": True}])
        assert validate(use_case, collect(use_case)).kept == 1


def test_a_server_that_refuses_is_not_asked_again_and_one_that_stays_away_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "wrong-token")
    with web(tmp_path, Api) as served:
        with pytest.raises(LifecycleError, match="401") as error:
            fetched(f"{served.address}/orders", {"Authorization": "Bearer ${SHOP_TOKEN}"})
        assert len(served.asked) == 1
        assert "wrong-token" not in str(error.value)
    with pytest.raises(Outage, match="does not answer"):
        fetched(f"{served.address}/orders", wait=0)
