"""asyncpg, unmodified: named statements, Flush without Sync, everything binary, introspection."""

import asyncio
import datetime as dt
import decimal
import json
import uuid

import asyncpg
import pytest
from harness.target import ConnInfo

UTC = dt.timezone.utc


async def connect(info: ConnInfo, schema: str = "public", **options) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=info.host,
        port=info.port,
        user=info.user,
        password=info.password or None,
        database=info.database,
        server_settings={"search_path": schema},
        **options,
    )


@pytest.fixture
async def connection(info: ConnInfo, schema: str):
    connection = await connect(info, schema)
    yield connection
    await connection.close()


async def test_fetch(connection) -> None:
    await connection.execute("CREATE TABLE t (id int8 PRIMARY KEY, v text, n numeric)")
    assert await connection.execute("INSERT INTO t VALUES ($1, $2, $3)", 1, "x", decimal.Decimal("1.5")) == "INSERT 0 1"
    await connection.executemany("INSERT INTO t VALUES ($1, $2, $3)", [(n, str(n), None) for n in range(2, 100)])
    assert await connection.fetchval("SELECT count(*) FROM t") == 99
    row = await connection.fetchrow("SELECT * FROM t WHERE id = $1", 1)
    assert dict(row) == {"id": 1, "v": "x", "n": decimal.Decimal("1.5")}
    assert await connection.fetch("SELECT id FROM t WHERE id = ANY($1) ORDER BY id", [5, 7]) == [(5,), (7,)]


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("int2", 5), ("int4", -5), ("int8", 2**60), ("float4", 1.5), ("float8", 0.1), ("bool", True),
        ("text", "é😀"), ("varchar", "v"), ("bytea", b"\x00\x01"), ("numeric", decimal.Decimal("-12345.6789000")),
        ("numeric", decimal.Decimal("1e100")), ("date", dt.date(2020, 1, 1)), ("date", dt.date.max),
        ("time", dt.time(1, 2, 3, 4)), ("timestamp", dt.datetime(2020, 1, 1, 2, 3, 4, 5)),
        ("timestamptz", dt.datetime(2020, 1, 1, tzinfo=UTC)), ("interval", dt.timedelta(days=3, seconds=4)),
        ("uuid", uuid.UUID(int=77)), ("jsonb", '{"a": 1}'), ("json", "[1,2]"), ("int4[]", [1, 2, None]),
        ("text[]", ["a", "b,c"]), ("int4[]", [[1, 2], [3, 4]]), ("numeric[]", [decimal.Decimal("0.1")]),
        ("timestamptz[]", [dt.datetime(2020, 1, 1, tzinfo=UTC)]), ("oid", 4000000000), ("name", "nm"),
        ("uuid[]", [uuid.UUID(int=1)]), ('"char"', b"x"), ("int8[]", []), ("bool[]", [True, False]),
    ],
)
async def test_types(connection, type_name: str, value: object) -> None:
    assert await connection.fetchval(f"SELECT $1::{type_name}", value) == value
    await connection.execute(f"CREATE TABLE v (x {type_name})")
    await connection.execute("INSERT INTO v VALUES ($1)", value)
    assert await connection.fetchval("SELECT x FROM v") == value


async def test_prepared_statement(connection) -> None:
    statement = await connection.prepare("SELECT $1::int + g AS s FROM generate_series(1, 3) g")
    assert [p.name for p in statement.get_parameters()] == ["int4"]
    assert [(a.name, a.type.name) for a in statement.get_attributes()] == [("s", "int4")]
    assert await statement.fetch(10) == [(11,), (12,), (13,)]
    assert statement.get_statusmsg() == "SELECT 3"


async def test_cursors(connection) -> None:
    async with connection.transaction():
        rows = [row[0] async for row in connection.cursor("SELECT generate_series(1, 500)", prefetch=50)]
        assert rows == list(range(1, 501))
        cursor = await connection.cursor("SELECT generate_series(1, 10)")
        assert await cursor.fetch(3) == [(1,), (2,), (3,)]
        assert await cursor.forward(2) == 2
        assert await cursor.fetchrow() == (6,)


async def test_transactions(connection) -> None:
    await connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute("INSERT INTO t VALUES (1)")
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (1)")
    assert caught.value.constraint_name == "t_pkey"
    assert caught.value.detail == "Key (id)=(1) already exists."
    assert await connection.fetchval("SELECT count(*) FROM t") == 0
    async with connection.transaction(readonly=True):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (1)")


@pytest.mark.checklist(20)
async def test_introspection_of_user_types(connection) -> None:
    await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    await connection.execute("CREATE TYPE pair AS (a int, b mood)")
    await connection.execute("CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    await connection.execute("CREATE TABLE t (m mood, ms mood[], p pair, ps pair[], d positive)")
    await connection.execute(
        "INSERT INTO t VALUES ($1, $2, $3, $4, $5)", "ok", ["sad", "ok"], (1, "ok"), [(2, "sad")], 3
    )
    row = await connection.fetchrow("SELECT * FROM t")
    assert row["m"] == "ok" and row["ms"] == ["sad", "ok"] and row["d"] == 3
    assert tuple(row["p"]) == (1, "ok") and tuple(row["ps"][0]) == (2, "sad")


@pytest.mark.checklist(20)
async def test_codecs(connection, schema: str) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    assert await connection.fetchval("SELECT $1::jsonb", {"a": [1]}) == {"a": [1]}
    await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    await connection.set_type_codec("mood", schema=schema, encoder=str.lower, decoder=str.upper, format="text")
    assert await connection.fetchval("SELECT $1::mood", "OK") == "OK"


@pytest.mark.checklist(16)
async def test_cached_statement_after_ddl(connection) -> None:
    await connection.execute("CREATE TABLE t (a int)")
    await connection.execute("INSERT INTO t VALUES (1)")
    assert await connection.fetch("SELECT * FROM t") == [(1,)]
    await connection.execute("ALTER TABLE t ADD COLUMN b int DEFAULT 2")
    assert await connection.fetch("SELECT * FROM t") == [(1, 2)]


@pytest.mark.checklist(9)
async def test_copy(connection) -> None:
    await connection.execute("CREATE TABLE t (id int, v text, d timestamptz)")
    now = dt.datetime(2020, 1, 1, tzinfo=UTC)
    records = [(n, f"v{n}", now) for n in range(10_000)]
    assert await connection.copy_records_to_table("t", records=records) == "COPY 10000"
    chunks: list[bytes] = []

    async def collect(data: bytes) -> None:
        chunks.append(data)

    await connection.copy_from_query("SELECT id FROM t WHERE id < $1 ORDER BY id", 3, output=collect, format="csv")
    assert b"".join(chunks) == b"0\n1\n2\n"


@pytest.mark.checklist(13)
async def test_listeners(connection, info: ConnInfo) -> None:
    heard: asyncio.Queue = asyncio.Queue()
    await connection.add_listener("ch", lambda _c, _pid, channel, payload: heard.put_nowait((channel, payload)))
    other = await connect(info)
    await other.execute("NOTIFY ch, 'hi'")
    await other.close()
    assert await asyncio.wait_for(heard.get(), 10) == ("ch", "hi")


async def test_timeout_and_cancel(connection) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await connection.execute("SELECT pg_sleep(60)", timeout=0.3)
    assert await connection.fetchval("SELECT 1") == 1


async def test_pool(info: ConnInfo) -> None:
    async with asyncpg.create_pool(
        host=info.host, port=info.port, user=info.user, database=info.database, min_size=2, max_size=5
    ) as pool:
        async def work(number: int) -> int:
            async with pool.acquire() as connection:
                return await connection.fetchval("SELECT $1::int * 2", number)

        assert await asyncio.gather(*(work(n) for n in range(50))) == [2 * n for n in range(50)]


async def test_large_arrays_and_many_arguments(connection) -> None:
    numbers = list(range(100_000))
    assert await connection.fetchval("SELECT sum(x) FROM unnest($1::int8[]) x", numbers) == sum(numbers)
    placeholders = ", ".join(f"${n}::int" for n in range(1, 1001))
    row = await connection.fetchrow(f"SELECT {placeholders}", *range(1000))
    assert tuple(row) == tuple(range(1000))


async def test_errors_carry_their_position(connection) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError) as caught:
        await connection.fetch("SELECT nope")
    assert caught.value.position == "8"
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await connection.fetch("SELEC 1")
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await connection.fetch("SELECT 'x'::int")


@pytest.mark.checklist(2)
async def test_scram(scram_server) -> None:
    connection = await connect(scram_server.info)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(scram_server.info.with_user(scram_server.info.user, "wrong"))


@pytest.mark.checklist(1)
async def test_tls(info: ConnInfo) -> None:
    connection = await connect(info, ssl="require")
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


@pytest.mark.checklist(1)
async def test_direct_tls(info: ConnInfo, target: str) -> None:
    if target == "pg":
        pytest.skip("PostgreSQL has direct TLS from version 17 on")
    connection = await connect(info, ssl="require", direct_tls=True)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
