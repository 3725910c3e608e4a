"""Every type in text and binary, in and out."""

import datetime as dt
import decimal
import ipaddress
import math
import uuid

import psycopg
import pytest
from harness.target import ConnInfo
from psycopg.types.json import Json, Jsonb

pytestmark = pytest.mark.checklist(7)

UTC = dt.timezone.utc
D = decimal.Decimal

# Type, Python value, text form.
VALUES = [
    ("bool", True, "true"),
    ("bool", False, "false"),
    ("int2", -32768, "-32768"),
    ("int2", 32767, "32767"),
    ("int4", -2147483648, "-2147483648"),
    ("int4", 2147483647, "2147483647"),
    ("int8", -(2**63), "-9223372036854775808"),
    ("int8", 2**63 - 1, "9223372036854775807"),
    ("float4", 1.5, "1.5"),
    ("float4", math.inf, "Infinity"),
    ("float8", 0.1, "0.1"),
    ("float8", -math.inf, "-Infinity"),
    ("float8", 1e300, "1e+300"),
    ("float8", 5e-324, "5e-324"),
    ("numeric", D("0"), "0"),
    ("numeric", D("-1.50"), "-1.50"),
    ("numeric", D("12345678901234567890.123456789"), "12345678901234567890.123456789"),
    ("numeric", D("1E-20"), "0.00000000000000000001"),
    ("numeric", D("10000"), "10000"),
    ("numeric", D("99999999.00010000"), "99999999.00010000"),
    ("numeric", D("Infinity"), "Infinity"),
    ("text", "", ""),
    ("text", "naïve 日本 😀", "naïve 日本 😀"),
    ("varchar", "x" * 5000, "x" * 5000),
    ("bpchar", "ab  ", "ab  "),
    ("name", "a_name", "a_name"),
    ('"char"', "q", "q"),
    ("bytea", b"", "\\x"),
    ("bytea", bytes(range(256)), "\\x" + bytes(range(256)).hex()),
    ("date", dt.date(2020, 2, 29), "2020-02-29"),
    ("date", dt.date(1, 1, 1), "0001-01-01"),
    ("date", dt.date(9999, 12, 31), "9999-12-31"),
    ("time", dt.time(0, 0), "00:00:00"),
    ("time", dt.time(23, 59, 59, 999999), "23:59:59.999999"),
    ("timetz", dt.time(12, 0, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))), "12:00:00+05:30"),
    ("timestamp", dt.datetime(2020, 1, 1, 12, 30, 0, 123456), "2020-01-01 12:30:00.123456"),
    ("timestamp", dt.datetime(1900, 1, 1), "1900-01-01 00:00:00"),
    ("timestamptz", dt.datetime(2020, 1, 1, tzinfo=UTC), "2020-01-01 00:00:00+00"),
    ("interval", dt.timedelta(0), "00:00:00"),
    ("interval", dt.timedelta(days=-1, microseconds=1), "-1 days +00:00:00.000001"),
    ("interval", dt.timedelta(days=400, hours=5), "400 days 05:00:00"),
    ("uuid", uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("oid", 4294967295, "4294967295"),
    ("int4[]", [1, None, 3], "{1,NULL,3}"),
    ("int4[]", [], "{}"),
    ("int4[]", [[1, 2], [3, 4]], "{{1,2},{3,4}}"),
    ("text[]", ["a", None, "", 'q"x', "b,c", "NULL"], '{a,NULL,"","q\\"x","b,c","NULL"}'),
    ("numeric[]", [D("1.50"), None], "{1.50,NULL}"),
    ("float8[]", [0.5, 1e100], "{0.5,1e+100}"),
    ("bool[]", [True, False, None], "{t,f,NULL}"),
    ("date[]", [dt.date(2020, 1, 1)], "{2020-01-01}"),
    ("timestamptz[]", [dt.datetime(2020, 1, 1, tzinfo=UTC)], '{"2020-01-01 00:00:00+00"}'),
    ("uuid[]", [uuid.UUID(int=1)], "{00000000-0000-0000-0000-000000000001}"),
    ("bytea[]", [b"\x00\xff"], '{"\\\\x00ff"}'),
    ("inet", ipaddress.ip_address("192.168.0.1"), "192.168.0.1/32"),
    ("inet", ipaddress.ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
]


@pytest.fixture
def connection(info: ConnInfo, schema: str):
    with psycopg.connect(info.dsn, options=f"-c search_path={schema} -c timezone=UTC") as connection:
        yield connection


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize(("type_name", "value", "text"), VALUES, ids=lambda v: repr(v)[:24])
def test_round_trip(connection, type_name: str, value: object, text: str, binary: bool) -> None:
    placeholder = "%b" if binary else "%t"
    cursor = connection.cursor(binary=binary)
    row = cursor.execute(f"SELECT {placeholder}::{type_name}, ({placeholder}::{type_name})::text", (value, value))
    got, as_text = row.fetchone()
    assert got == value
    assert type(got) is type(value)
    # The cast to text drops a bpchar's padding.
    assert as_text == (text.rstrip() if type_name == "bpchar" else text)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize(("type_name", "value", "text"), VALUES, ids=lambda v: repr(v)[:24])
def test_stored_and_read_back(connection, type_name: str, value: object, text: str, binary: bool) -> None:
    connection.execute(f"CREATE TABLE v (id int PRIMARY KEY, x {type_name})")
    connection.execute("INSERT INTO v VALUES (1, %s), (2, NULL)", (value,))
    rows = connection.cursor(binary=binary).execute("SELECT x FROM v ORDER BY id").fetchall()
    assert rows == [(value,), (None,)]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_nan(connection, binary: bool) -> None:
    cursor = connection.cursor(binary=binary)
    row = cursor.execute("SELECT 'NaN'::float4, 'NaN'::float8, 'NaN'::numeric").fetchone()
    assert all(math.isnan(value) for value in row)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("value", [None, 1, "x", [1, {"a": None}], {"k": [1.5, True]}, {}])
def test_json(connection, value: object, binary: bool) -> None:
    cursor = connection.cursor(binary=binary)
    row = cursor.execute("SELECT %s::json, %s::jsonb", (Json(value), Jsonb(value))).fetchone()
    assert row == (value, value)


@pytest.mark.checklist(8)
@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_enum_domain_and_composite(connection, binary: bool) -> None:
    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    connection.execute("CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    connection.execute("CREATE TYPE pair AS (a int, b text)")
    connection.execute("CREATE TABLE e (m mood, ms mood[], p positive, c pair)")
    connection.execute("INSERT INTO e VALUES (%s, %s, %s, ROW(1, 'x y'))", ("ok", ["sad", "ok"], 5))
    cursor = connection.cursor(binary=binary)
    cursor.execute("SELECT m, p, m::text FROM e")
    assert cursor.fetchone() == ("ok", 5, "ok") if not binary else cursor.fetchone() is not None
    assert cursor.description[1].type_code == 23, "a domain is described by its base type"
    cursor = connection.cursor()
    assert cursor.execute("SELECT c, (c).b, ms::text FROM e").fetchone() == ('(1,"x y")', "x y", "{sad,ok}")
    assert connection.execute("SELECT m FROM e WHERE m = %s", ("ok",)).fetchone() == ("ok",)


@pytest.mark.checklist(8, 20)
def test_registered_enum_and_composite(connection) -> None:
    from psycopg.types.composite import CompositeInfo, register_composite
    from psycopg.types.enum import EnumInfo, register_enum

    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    connection.execute("CREATE TYPE pair AS (a int, b text)")
    enum_info = EnumInfo.fetch(connection, "mood")
    assert enum_info is not None and list(enum_info.labels) == ["sad", "ok"]
    register_enum(enum_info, connection)
    assert connection.execute("SELECT 'ok'::mood").fetchone()[0] is enum_info.enum["ok"]
    composite = CompositeInfo.fetch(connection, "pair")
    assert composite is not None and list(composite.field_names) == ["a", "b"]
    register_composite(composite, connection)
    assert connection.execute("SELECT ROW(1, 'x')::pair").fetchone()[0] == (1, "x")


def test_special_dates(connection) -> None:
    cursor = connection.cursor(binary=True)
    for text in ("infinity", "-infinity"):
        with pytest.raises(psycopg.DataError):
            cursor.execute(f"SELECT '{text}'::date").fetchone()
    row = connection.execute("SELECT 'infinity'::date::text, '0044-03-15 BC'::date::text").fetchone()
    assert row == ("infinity", "0044-03-15 BC")


def test_unknown_parameters_take_the_type_of_their_place(connection) -> None:
    connection.execute("CREATE TABLE u (a int, b date, c jsonb, d uuid)")
    connection.execute(
        "INSERT INTO u VALUES (%s, %s, %s, %s)", ("5", "2020-01-01", '{"a": 1}', str(uuid.UUID(int=7)))
    )
    assert connection.execute("SELECT * FROM u").fetchone() == (5, dt.date(2020, 1, 1), {"a": 1}, uuid.UUID(int=7))
