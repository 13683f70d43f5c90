"""What counts as a secret that is written out: refused in a source, masked in what is shown, and the same for a form's schema."""

import re
import time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle.errors import LifecycleError
from lifecycle.reading import credentials
from lifecycle.reading.secrets_in_text import PATTERNS, masked, secret_in, telling
from lifecycle.sources import File, Files, Generated, Postgres
from lifecycle.sources.spelling import chosen
from tests.toys import toy, visit_source

SHAPES = [
    "postgresql://me:{}@host/shop?table=orders",
    "postgresql://me:{}@host:5432/shop",
    "https://me:{}@host/orders.csv",
    "https://{}@host/orders.csv",
    "https://host/orders.csv?key={}",
    "https://host/orders.csv?year=2026&auth={}&x=1",
    "https://host/orders.csv?code={}",
    "https://host/orders.csv?jwt={}",
    "https://host/orders.csv?subscription-key={}",
    "https://host/orders.csv?Ocp-Apim-Subscription-Key={}",
    "https://host/orders.csv?credential={}",
    "https://host/orders.csv?sv=2026&sig={}",
    "https://host/orders.csv?X-Amz-Signature={}",
    "https://host/orders.csv?X-Amz-Credential={}",
    "https://host/orders.csv?X-Amz-Security-Token={}",
    "https://host/orders.csv?AWSAccessKeyId={}",
    "https://host/orders.csv?api_key={}",
    "https://host/orders.csv#{}",
    "https://host/orders.csv#access_token={}",
    "FROM read_csv('https://host/f.csv?key={}')",
    "FROM read_csv('https://me:{}@host/f.csv')",
    "FROM postgres_scan('host=h password={}', 'public', 't')",
    "FROM postgres_scan('host=h password=''{}''', 'public', 't')",
    "FROM postgres_scan('host=h passwd = {} user=u', 'public', 't')",
    "SELECT 1; CREATE SECRET s (TYPE s3, KEY_ID '{}', REGION 'x')",
    "SELECT 1; CREATE SECRET s (TYPE s3, SECRET '{}')",
    "SELECT 1; CREATE SECRET s (TYPE http, BEARER_TOKEN '{}')",
    "SELECT 1; CREATE SECRET s (TYPE http, EXTRA_HTTP_HEADERS MAP {{'Authorization': 'Bearer {}'}})",
    "ATTACH '' (TYPE postgres, PASSWORD '{}')",
    "rows=10,token={}",
    "rows=10,api_key={}",
    'url=https://host,password="{}"',
]  # fmt: skip
PLAIN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._~", min_size=9, max_size=30)
HONEST = [
    "orders/*.csv",
    "data/orders.txt?delimiter=;&encoding=cp1251&header=no",
    "book.xlsx?sheet=May",
    "postgresql://me@host/shop?table=orders",
    "postgresql://me:${SHOP_PASSWORD}@host/shop?table=orders",
    "${SHOP_DATABASE}?table=orders",
    "https://host:8080/orders.csv",
    "https://host:8080/a@b.csv",
    "https://me:${PASSWORD}@host/orders.csv?key=${KEY}",
    "https://${TOKEN}@host/orders.csv",
    "https://me:${PASSWORD}@host/a@b.csv",
    "https://me:${FIRST}${SECOND}@host/a@b.csv",
    "https://host/orders.csv?year=2026&country_code=AT&page=2&keyword=x",
    "s3://bucket/a#b/orders.parquet",
    "SELECT id AS key, code, token, password FROM 'orders.csv' WHERE code = 'AT' AND key = 'x'",
    "FROM a JOIN b ON a.token = b.token",
    "FROM postgres_scan('host=h password=${PASSWORD}', 'public', 't')",
    "FROM postgres_scan('host=h password=''${PASSWORD}''', 'public', 't')",
    "rows=1000000,seed=3",
    "more_days=60,drift_day=150",
    "from=2024-01-01 00:00:00,until=2024-02-01",
    "C:/orders/May.csv",
    "SELECT * FROM 'orders.csv' WHERE at > '2026-01-01 10:00:00'",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None)
@given(secret=PLAIN)
def test_a_secret_is_found_and_masked_wherever_it_stands(shape: str, secret: str) -> None:
    text = shape.format(secret)
    assert secret_in(text)
    assert secret not in masked(text)
    with pytest.raises(LifecycleError, match=r"password or key in its text.*\$\{NAME\}") as error:
        credentials.without_secrets(text)
    assert secret not in str(error.value)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_name_in_its_place_is_none(shape: str) -> None:
    text = shape.format("${SHOP_SECRET}")
    assert not secret_in(text), masked(text)
    assert masked(text) == text
    assert secret_in(shape.format("${SHOP_SECRET}and-more"))
    assert secret_in(shape.format("before-${SHOP_SECRET}"))


@pytest.mark.parametrize("text", HONEST)
def test_what_holds_no_secret_is_let_through(text: str) -> None:
    assert credentials.without_secrets(text) == text
    assert masked(text) == text


@settings(deadline=None)
@given(password=st.text(min_size=6, max_size=30).filter(lambda text: "${" not in text and not re.match(r"\d+(?:[/?#\s]|$)", text) and text.strip()))
def test_a_password_of_any_letters_is_found_in_an_address(password: str) -> None:
    for spelled in (password, quote(password, safe="")):
        text = f"postgresql://me:{spelled}@host/shop"
        assert secret_in(text)
        assert spelled not in masked(text)


@settings(deadline=None)
@example('"00000')
@example('00"""0')
@given(password=st.text(min_size=6, max_size=30).filter(lambda text: "${" not in text and "'" not in text and "\\" not in text and text.strip()))
def test_a_password_of_any_letters_is_found_in_sql(password: str) -> None:
    for text in (f"CREATE SECRET (TYPE postgres, PASSWORD '{password}')", f"FROM postgres_scan('host=h password=''{password}''', 'a', 'b')"):
        assert secret_in(text)
        assert password not in masked(text)


def test_names_in_the_spelling_of_an_address_are_seen_through() -> None:
    assert secret_in("https://host/orders.csv?%6Bey=abcdef")
    assert secret_in("https://host/orders.csv?api%5Fkey=abcdef")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_masking_twice_is_masking_once_and_leaves_no_secret(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@pytest.mark.parametrize("bit", ["://", "a:", "password", "token=", "''", "?key", "bearer ", "${A}", "@", "https://a:", "secret "])
def test_a_long_text_takes_no_long_time(bit: str) -> None:
    began = time.process_time()
    secret_in(bit * (10_000 // len(bit)))
    assert time.process_time() - began < 3


def test_headers_and_parameters_of_a_definition_hold_no_secret() -> None:
    sources = [
        Files((File("https://host/f.csv", headers={"Authorization": "Bearer abcdefgh"}),)),
        Files((File("https://host/f.csv", headers={"X-Api-Key": "abc"}),)),
        Files((File("f.csv", url="https://me:abc@host/f.csv"),)),
        Generated(visit_source, {"token": "abc"}),
        Generated(visit_source, {"url": "https://host?key=abc"}),
        Postgres("postgresql://me@host/db", query="SELECT dblink('password=abc')"),
    ]
    for source in sources:
        with pytest.raises(LifecycleError, match=r"\$\{NAME\}"):
            chosen(toy("written_out", source=source), None)
    honest = Files((File("https://host/f.csv", headers={"Authorization": "Bearer ${TOKEN}", "Accept": "text/csv"}),))
    assert chosen(toy("written_out", source=honest), None) is honest


def test_names_that_tell() -> None:
    assert all(telling(name) for name in ("Authorization", "X-Api-Key", "Cookie", "password", "db_password", "token", "X-Amz-Security-Token"))
    assert not any(telling(name) for name in ("Accept", "rows", "seed", "compass", "monkey", "keyword", "start", "tokens"))


def test_what_was_looked_up_is_hidden_in_every_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "it's a \\ pass/word & more"
    monkeypatch.setenv("SPELLED_SECRET", secret)
    credentials.resolved("${SPELLED_SECRET}")
    spelled = [
        secret,
        quote(secret),
        quote(secret, safe=""),
        secret.replace("'", "''"),
        repr(secret),
        secret.replace("\\", "\\\\").replace("'", "\\'"),
    ]
    for text in spelled:
        assert "pass" not in credentials.hidden(f"error: {text}: refused")


def test_the_patterns_are_those_that_json_schema_reads() -> None:
    """Prefect's server gives them to `re.search`, one after the other."""
    import jsonschema

    schema = {"not": {"anyOf": [{"pattern": pattern} for pattern in PATTERNS]}}
    for shape in SHAPES:
        assert not jsonschema.Draft202012Validator(schema).is_valid(shape.format("abcdefghij"))
    for text in HONEST:
        assert jsonschema.Draft202012Validator(schema).is_valid(text)
