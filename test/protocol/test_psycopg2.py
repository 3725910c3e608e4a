"""psycopg2, unmodified: the simple protocol, cursors, errors, adaptation."""

import datetime as dt
import decimal
import select
import uuid

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool
import pytest
from harness.target import ConnInfo


@pytest.fixture
def connection(info: ConnInfo, schema: str):
    connection = psycopg2.connect(info.dsn, options=f"-c search_path={schema}")
    yield connection
    connection.close()


def test_transactions(connection) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
        cursor.execute("INSERT INTO t VALUES (%s, %s)", (1, "it's"))
        assert cursor.rowcount == 1
    with pytest.raises(psycopg2.errors.UniqueViolation) as caught, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (2, 'x')")
        cursor.execute("INSERT INTO t VALUES (1, 'y')")
    assert caught.value.diag.constraint_name == "t_pkey"
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, v FROM t")
        assert cursor.fetchall() == [(1, "it's")]
        assert [c.name for c in cursor.description] == ["id", "v"]


def test_status_of_a_failed_transaction(connection) -> None:
    cursor = connection.cursor()
    with pytest.raises(psycopg2.errors.DivisionByZero):
        cursor.execute("SELECT 1/0")
    assert connection.get_transaction_status() == psycopg2.extensions.TRANSACTION_STATUS_INERROR
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("SELECT 1")
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)


def test_adaptation(connection) -> None:
    psycopg2.extras.register_uuid()
    values = (
        5, 2**40, decimal.Decimal("1.50"), 2.5, True, None, "te'x\\t", b"\x00\xff", dt.date(2020, 1, 2),
        dt.datetime(2020, 1, 2, 3, 4, 5, 678), dt.time(1, 2, 3), dt.timedelta(days=1, seconds=5),
        [1, 2, 3], ["a", None], uuid.UUID(int=9),
    )
    cursor = connection.cursor()
    cursor.execute("SELECT " + ", ".join(["%s"] * len(values)), values)
    row = list(cursor.fetchone())
    row[7] = bytes(row[7])
    assert tuple(row) == values


def test_json_and_dict_rows(connection) -> None:
    cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
    cursor.execute("SELECT %s::jsonb AS j, 1 AS one", (psycopg2.extras.Json({"a": [1, None]}),))
    assert cursor.fetchone() == {"j": {"a": [1, None]}, "one": 1}


def test_named_cursor(connection) -> None:
    cursor = connection.cursor("server_side")
    cursor.itersize = 100
    cursor.execute("SELECT n FROM generate_series(1, 1000) n")
    assert sum(row[0] for row in cursor) == 500_500
    cursor.close()
    scroll = connection.cursor("scrolling", scrollable=True)
    scroll.execute("SELECT n FROM generate_series(1, 10) n")
    scroll.scroll(5)
    assert scroll.fetchone() == (6,)
    scroll.scroll(-3)
    assert scroll.fetchone() == (4,)


def test_hold_cursor(connection) -> None:
    cursor = connection.cursor("held", withhold=True)
    cursor.execute("SELECT n FROM generate_series(1, 3) n")
    connection.commit()
    assert cursor.fetchall() == [(1,), (2,), (3,)]
    cursor.close()


def test_execute_values_and_batch(connection) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE b (id int, v text)")
    rows = [(n, f"v{n}") for n in range(1000)]
    got = psycopg2.extras.execute_values(
        cursor, "INSERT INTO b VALUES %s RETURNING id", rows, page_size=200, fetch=True
    )
    assert [row[0] for row in got] == list(range(1000))
    psycopg2.extras.execute_batch(cursor, "UPDATE b SET v = %s WHERE id = %s", [("new", n) for n in range(50)])
    cursor.execute("SELECT count(*) FROM b WHERE v = 'new'")
    assert cursor.fetchone() == (50,)


def test_isolation_levels_and_autocommit(connection) -> None:
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    cursor = connection.cursor()
    cursor.execute("SHOW transaction_isolation")
    assert cursor.fetchone() == ("repeatable read",)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        cursor.execute("CREATE TABLE x (i int)")
    connection.rollback()
    connection.set_session(isolation_level="DEFAULT", readonly=False, autocommit=True)
    cursor.execute("CREATE TABLE x (i int)")
    assert connection.get_transaction_status() == psycopg2.extensions.TRANSACTION_STATUS_IDLE


def test_notices_and_notifications(connection) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS nope")
    assert "NOTICE" in connection.notices[-1]
    cursor.execute("LISTEN chan")
    cursor.execute("NOTIFY chan, 'payload'")
    if not connection.notifies:
        select.select([connection], [], [], 5)
    connection.poll()
    notify = connection.notifies.pop()
    assert (notify.channel, notify.payload) == ("chan", "payload")


def test_error_classes(connection) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL CHECK (v > 0))")
    for sql, error in (
        ("SELEC", psycopg2.errors.SyntaxError),
        ("SELECT * FROM nope", psycopg2.errors.UndefinedTable),
        ("SELECT nope", psycopg2.errors.UndefinedColumn),
        ("SELECT 'x'::int", psycopg2.errors.InvalidTextRepresentation),
        ("INSERT INTO t VALUES (1, NULL)", psycopg2.errors.NotNullViolation),
        ("INSERT INTO t VALUES (1, -1)", psycopg2.errors.CheckViolation),
        ("CREATE TABLE t (i int)", psycopg2.errors.DuplicateTable),
        ("SELECT nope()", psycopg2.errors.UndefinedFunction),
    ):
        with pytest.raises(error):
            cursor.execute(sql)


def test_pool_and_reset(info: ConnInfo) -> None:
    pool = psycopg2.pool.ThreadedConnectionPool(1, 4, info.dsn)
    first = pool.getconn()
    first.cursor().execute("SET timezone = 'Asia/Tokyo'")
    first.commit()
    first.reset()
    cursor = first.cursor()
    cursor.execute("SHOW timezone")
    assert cursor.fetchone() == ("UTC",)
    pool.putconn(first)
    pool.closeall()


def test_cancel_from_a_thread(connection) -> None:
    import threading

    timer = threading.Timer(0.2, connection.cancel)
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        connection.cursor().execute("SELECT pg_sleep(60)")
    connection.rollback()


def test_asynchronous_connection(info: ConnInfo) -> None:
    connection = psycopg2.connect(info.dsn, async_=1)

    def wait() -> None:
        while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
            readers = [connection] if state == psycopg2.extensions.POLL_READ else []
            select.select(readers, [] if readers else [connection], [], 10)

    wait()
    cursor = connection.cursor()
    cursor.execute("SELECT 42")
    wait()
    assert cursor.fetchone() == (42,)
    connection.close()


@pytest.mark.checklist(1)
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_sslmode(info: ConnInfo, mode: str) -> None:
    connection = psycopg2.connect(info.dsn, sslmode=mode)
    assert connection.info.ssl_in_use == (mode in ("prefer", "require"))
    connection.close()


@pytest.mark.checklist(2)
@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_scram_with_channel_binding(scram_server, binding: str) -> None:
    info = scram_server.info
    connection = psycopg2.connect(info.dsn, sslmode="require", channel_binding=binding)
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)
    connection.close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(info.with_user(info.user, "wrong").dsn, sslmode="require", channel_binding=binding)


def test_password_change(scram_server) -> None:
    info = scram_server.info
    with info.connect() as admin:
        admin.query("CREATE ROLE changer LOGIN PASSWORD 'first'")
        psycopg2.connect(info.with_user("changer", "first").dsn).close()
        admin.query("ALTER ROLE changer PASSWORD 'second'")
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(info.with_user("changer", "first").dsn)
        psycopg2.connect(info.with_user("changer", "second").dsn).close()
        admin.query("ALTER ROLE changer NOLOGIN")
        with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
            psycopg2.connect(info.with_user("changer", "second").dsn)
        admin.query("DROP ROLE changer")
