"""psycopg 3, unmodified: sync, async, pipeline, prepared statements, cursors."""

import asyncio

import psycopg
import psycopg.errors
import psycopg_pool
import pytest
from harness.target import ConnInfo
from psycopg.rows import dict_row


@pytest.fixture
def connection(info: ConnInfo, schema: str):
    with psycopg.connect(info.dsn, options=f"-c search_path={schema}") as connection:
        yield connection


def test_nested_transactions(connection) -> None:
    connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    connection.commit()
    with connection.transaction():
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            connection.execute("INSERT INTO t VALUES (2)")
            connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO t VALUES (3)")
    assert connection.execute("SELECT id FROM t ORDER BY id").fetchall() == [(1,), (3,)]


def test_prepared_after_five_runs(connection) -> None:
    connection.autocommit = True
    for number in range(10):
        assert connection.execute("SELECT %s::int + 1", (number,)).fetchone() == (number + 1,)
    (count,) = connection.execute(
        "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '\\_pg3\\_%%'", prepare=False
    ).fetchone()
    assert count >= 1
    connection.execute("SELECT 1", prepare=True)
    connection.execute("DEALLOCATE ALL", prepare=False)


def test_prepared_statement_survives_ddl(connection) -> None:
    connection.autocommit = True
    connection.execute("CREATE TABLE t (a int)")
    connection.execute("INSERT INTO t VALUES (1)")
    for _ in range(6):
        assert connection.execute("SELECT a FROM t WHERE a = %s", (1,)).fetchone() == (1,)
    connection.execute("ALTER TABLE t ADD COLUMN b int")
    assert connection.execute("SELECT a FROM t WHERE a = %s", (1,)).fetchone() == (1,)


@pytest.mark.checklist(25)
def test_pipeline(connection) -> None:
    connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    connection.commit()
    with connection.pipeline():
        cursors = [connection.execute("INSERT INTO t VALUES (%s) RETURNING id", (n,)) for n in range(100)]
        assert [cursor.fetchone()[0] for cursor in cursors] == list(range(100))
    connection.commit()
    with pytest.raises(psycopg.errors.UniqueViolation), connection.pipeline():
        connection.execute("INSERT INTO t VALUES (1000)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO t VALUES (1001)")
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (100,)


@pytest.mark.checklist(25)
def test_pipeline_with_sync_points(connection) -> None:
    connection.autocommit = True
    connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    with connection.pipeline() as pipeline:
        connection.execute("INSERT INTO t VALUES (1)")
        pipeline.sync()
        bad = connection.cursor()
        bad.execute("SELECT 1 / %s", (0,))
        with pytest.raises(psycopg.errors.DivisionByZero):
            pipeline.sync()
        good = connection.execute("SELECT count(*) FROM t")
        pipeline.sync()
        assert good.fetchone() == (1,)


def test_executemany_with_returning(connection) -> None:
    connection.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
    cursor = connection.cursor()
    cursor.executemany(
        "INSERT INTO t VALUES (%s, %s) RETURNING id", [(n, "x") for n in range(50)], returning=True
    )
    ids = [cursor.fetchone()[0]]
    while cursor.nextset():
        ids.append(cursor.fetchone()[0])
    assert ids == list(range(50))


def test_server_side_cursor(connection) -> None:
    with connection.cursor("big") as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 5000) n")
        assert cursor.fetchmany(10) == [(n,) for n in range(1, 11)]
        assert sum(1 for _ in cursor) == 4990
    with connection.cursor("scroll", scrollable=True, binary=True) as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 10) n")
        cursor.scroll(9, mode="absolute")
        assert cursor.fetchone() == (10,)
        cursor.scroll(-2)
        assert cursor.fetchone() == (9,)


def test_stream(connection) -> None:
    total = 0
    for row in connection.cursor().stream("SELECT n FROM generate_series(1, %s) n", (10_000,)):
        total += row[0]
    assert total == 50_005_000


def test_dict_rows_and_description(connection) -> None:
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute("SELECT 1::numeric(5,2) AS n, 'x'::varchar(7) AS v")
    assert cursor.fetchone() == {"n": 1, "v": "x"}
    number, text = cursor.description
    assert (number.precision, number.scale) == (5, 2)
    assert text.display_size == 7


def test_error_diagnostics(connection) -> None:
    connection.execute("CREATE TABLE t (id int CONSTRAINT positive CHECK (id > 0))")
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        connection.execute("INSERT INTO t VALUES (%s)", (-1,))
    diagnostics = caught.value.diag
    assert diagnostics.constraint_name == "positive"
    assert diagnostics.table_name == "t"
    assert diagnostics.sqlstate == "23514"
    assert diagnostics.severity_nonlocalized == "ERROR"


def test_notifications(connection) -> None:
    connection.autocommit = True
    connection.execute("LISTEN here")
    connection.execute("NOTIFY here, 'p1'")
    notify = next(connection.notifies(timeout=5, stop_after=1))
    assert (notify.channel, notify.payload) == ("here", "p1")


def test_client_side_binding(info: ConnInfo, schema: str) -> None:
    with psycopg.connect(info.dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(f"CREATE TABLE {schema}.t (id int DEFAULT 5, v text)")
        connection.execute(f"INSERT INTO {schema}.t (v) VALUES (%s)", ("it's \\ 😀",))
        assert connection.execute(f"SELECT * FROM {schema}.t").fetchone() == (5, "it's \\ 😀")


async def test_async(info: ConnInfo, schema: str) -> None:
    async with await psycopg.AsyncConnection.connect(info.dsn, options=f"-c search_path={schema}") as connection:
        await connection.execute("CREATE TABLE t (id int)")
        async with connection.pipeline():
            for number in range(10):
                await connection.execute("INSERT INTO t VALUES (%s)", (number,))
        cursor = await connection.execute("SELECT sum(id) FROM t")
        assert await cursor.fetchone() == (45,)
        async with connection.cursor("named") as named:
            await named.execute("SELECT id FROM t ORDER BY id")
            assert [row[0] async for row in named] == list(range(10))
        async with connection.cursor().copy("COPY t TO STDOUT") as copy:
            assert len([row async for row in copy.rows()]) == 10


async def test_async_cancel(info: ConnInfo) -> None:
    async with await psycopg.AsyncConnection.connect(info.dsn, autocommit=True) as connection:
        task = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(task, 0.3)
        cursor = await connection.execute("SELECT 1")
        assert await cursor.fetchone() == (1,)


def test_pool(info: ConnInfo) -> None:
    with psycopg_pool.ConnectionPool(info.dsn, min_size=2, max_size=4) as pool:
        pool.wait(timeout=20)
        for number in range(20):
            with pool.connection() as connection:
                assert connection.execute("SELECT %s::int", (number,)).fetchone() == (number,)
