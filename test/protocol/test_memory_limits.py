"""A query over the memory limit gets 53200; what can spill does not need the memory. The server's own size tells."""

import pytest
from harness.helios import HeliosServer
from harness.wire import Connection

LIMIT_MB = 256
# What one query may push the process beyond what it needs idle: the limit, copies of a value in hand, the allocator.
GROWTH_MB_MAX = 700


def peak_mb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


@pytest.fixture(scope="module")
def server():
    server = HeliosServer(options=["--memory-limit", f"{LIMIT_MB}MB"])
    try:
        server.start()
        yield server
    finally:
        server.close()


SPILLING = {
    "window over one partition": (
        "SELECT max(r), sum(s) / max(r) FROM (SELECT row_number() OVER (ORDER BY h) r, count(*) OVER () s"
        " FROM (SELECT md5(g::text) h FROM generate_series(1, 1500000) g) q) w",
        ("1500000", "1500000.000000000000"),
    ),
    "lag and range frames": (
        "SELECT sum(l), sum(n) FROM (SELECT length(lag(h, 200000) OVER w) l, count(*) OVER"
        " (ORDER BY g RANGE BETWEEN 3 PRECEDING AND CURRENT ROW) n"
        " FROM (SELECT g, repeat('x', 60) h FROM generate_series(1, 800000) g) q WINDOW w AS (ORDER BY g)) w",
        ("36000000", "3199994"),
    ),
    "materialized CTE": (
        "WITH m AS MATERIALIZED (SELECT g, repeat('x', 300) t FROM generate_series(1, 500000) g)"
        " SELECT count(*), sum(length(t)) FROM m",
        ("500000", "150000000"),
    ),
    "recursive CTE": (
        "WITH RECURSIVE r(n, t) AS (SELECT 1, repeat('x', 500) UNION ALL SELECT n + 1, t FROM r WHERE n < 300000)"
        " SELECT count(*), sum(length(t)) FROM r",
        ("300000", "150000000"),
    ),
    "distinct": (
        "SELECT count(*) FROM (SELECT DISTINCT repeat('x', 200) || g FROM generate_series(1, 600000) g) q",
        ("600000",),
    ),
}


@pytest.mark.parametrize("name", SPILLING)
def test_what_spills_keeps_within_the_limit(server: HeliosServer, name: str) -> None:
    sql, expected = SPILLING[name]
    with server.info.connect() as connection:
        assert connection.query(sql)[0].text_rows() == [expected]
    assert peak_mb(server.pid) < LIMIT_MB + GROWTH_MB_MAX


def test_cursor_rows_spill(server: HeliosServer) -> None:
    rows = "SELECT g, repeat('x', 200) || g FROM generate_series(1, 1000000) g"
    with server.info.connect() as connection:
        connection.query("BEGIN")
        connection.query(f"DECLARE c SCROLL CURSOR FOR {rows}")
        assert connection.query("MOVE FORWARD ALL IN c")[0].tag == "MOVE 1000000"
        assert [row[0] for row in connection.query("FETCH BACKWARD 2 FROM c")[0].text_rows()] == ["1000000", "999999"]
        assert connection.query("FETCH ABSOLUTE 17 FROM c")[0].text_rows()[0][0] == "17"
        connection.query(f"DECLARE h CURSOR WITH HOLD FOR {rows}")
        connection.query("COMMIT")
        assert connection.query("FETCH ABSOLUTE 999999 FROM h")[0].text_rows()[0][0] == "999999"
        connection.query("CLOSE h")
    assert peak_mb(server.pid) < LIMIT_MB + GROWTH_MB_MAX


TOO_LARGE = {
    "array_agg": "SELECT array_agg(repeat('x', 1000) || g) FROM generate_series(1, 1000000) g",
    "string_agg": "SELECT length(string_agg(repeat('x', 1000) || g, ',')) FROM generate_series(1, 1000000) g",
    "jsonb_agg": "SELECT jsonb_agg(repeat('x', 1000) || g) FROM generate_series(1, 1000000) g",
    "array of a subselect": "SELECT array(SELECT repeat('x', 1000) FROM generate_series(1, 1000000))",
    "array of arrays of a subselect": (
        "SELECT array(SELECT ARRAY[repeat('x', 100000), repeat('y', 100000)] FROM generate_series(1, 20000))"
    ),
    "one long value": "SELECT length(repeat(g::text, 900000000)) FROM generate_series(1, 1) g",
    "a chunk of long values": "SELECT sum(length(repeat('x', 5000000 + g))) FROM generate_series(1, 4000) g",
    "replace": "SELECT length(replace(repeat('x', 1000000 + g), 'x', repeat('y', 900))) FROM generate_series(0, 0) g",
    "array_fill": "SELECT array_length(array_fill(g, ARRAY[100000000]), 1) FROM generate_series(1, 1) g",
    "rows of a function": "SELECT count(*) FROM string_to_table(repeat('a,', 20000000), ',')",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_cannot_spill_is_refused(server: HeliosServer, name: str) -> None:
    with server.info.connect() as connection:
        error = connection.try_query(TOO_LARGE[name])[-1].error
        assert error is not None and error.sqlstate == "53200", error
        assert connection.query("SELECT 1")[0].text_rows() == [("1",)]
    assert peak_mb(server.pid) < LIMIT_MB + GROWTH_MB_MAX


UPSERT = "INSERT INTO upserted SELECT repeat('k', 40) || g, g FROM generate_series(1, 3000000) g"
NOTED = {
    "rows that an upsert must not meet again": ("upserted", f"{UPSERT} ON CONFLICT (k) DO UPDATE SET v = excluded.v"),
    "deferred checks": ("deferred", UPSERT.replace("upserted", "deferred")),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_a_statement_notes_is_counted(server: HeliosServer, name: str) -> None:
    table, sql = NOTED[name]
    constraint = "UNIQUE DEFERRABLE INITIALLY DEFERRED" if table == "deferred" else "PRIMARY KEY"
    with server.info.connect() as connection:
        connection.query(f"CREATE TABLE {table} (k text {constraint}, v int)")
        error = connection.try_query(sql)[-1].error
        assert error is not None and error.sqlstate == "53200", error
        assert connection.query(f"SELECT count(*) FROM {table}")[0].text_rows() == [("0",)]
    assert peak_mb(server.pid) < LIMIT_MB + GROWTH_MB_MAX


def test_a_statement_may_change_more_rows_than_locks_fit(server: HeliosServer) -> None:
    """A twentieth of the limit is for locks: some 60,000 of them. The table is locked instead when nobody is there."""
    with server.info.connect() as big, server.info.connect() as other:
        big.query("CREATE TABLE many (k int PRIMARY KEY, v int)")
        big.query("INSERT INTO many SELECT g, 0 FROM generate_series(1, 300000) g")
        other.query("SET lock_timeout = '50ms'")
        big.query("BEGIN")
        assert big.query("UPDATE many SET v = v + 1")[0].tag == "UPDATE 300000"
        assert other.query("SELECT sum(v) FROM many")[0].text_rows() == [("0",)]
        for sql in ("UPDATE many SET v = 7 WHERE k = 300000", "SELECT v FROM many WHERE k = 300000 FOR KEY SHARE"):
            error = other.try_query(sql)[-1].error
            assert error is not None and error.sqlstate == "55P03", (sql, error)
        big.query("COMMIT")
        assert other.query("SELECT sum(v) FROM many")[0].text_rows() == [("300000",)]
        assert big.query("BEGIN; SELECT v FROM many FOR UPDATE")[-1].tag == "SELECT 300000"
        big.query("ROLLBACK")
        assert other.query("DELETE FROM many WHERE k > 100")[0].tag == "DELETE 299900"


def test_a_locked_row_keeps_the_table_from_being_locked(server: HeliosServer) -> None:
    with server.info.connect() as big, server.info.connect() as other:
        big.query("CREATE TABLE busy (k int PRIMARY KEY, v int)")
        big.query("INSERT INTO busy SELECT g, 0 FROM generate_series(1, 52000) g")
        other.query("BEGIN")
        other.query("SELECT v FROM busy WHERE k = 52000 FOR UPDATE")
        big.query("SET lock_timeout = '50ms'")
        error = big.try_query("UPDATE busy SET v = 1")[-1].error
        assert error is not None and error.sqlstate == "55P03", error
        other.query("COMMIT")
        assert big.query("UPDATE busy SET v = 1")[0].tag == "UPDATE 52000"


def test_more_parents_than_locks_fit(server: HeliosServer) -> None:
    with server.info.connect() as big, server.info.connect() as other:
        big.query("CREATE TABLE parent (k int PRIMARY KEY, v int)")
        big.query("CREATE TABLE child (k int REFERENCES parent ON DELETE CASCADE)")
        big.query("INSERT INTO parent SELECT g, 0 FROM generate_series(1, 200000) g")
        big.query("BEGIN")
        assert big.query("INSERT INTO child SELECT g FROM generate_series(1, 200000) g")[0].tag == "INSERT 0 200000"
        other.query("SET lock_timeout = '50ms'")
        for k in (1, 200000):
            error = other.try_query(f"DELETE FROM parent WHERE k = {k}")[-1].error
            assert error is not None and error.sqlstate == "55P03", error
        big.query("COMMIT")
        assert big.query("DELETE FROM parent WHERE k <= 20000")[0].tag == "DELETE 20000"
        assert big.query("SELECT count(*) FROM child")[0].text_rows() == [("180000",)]


def test_a_transaction_may_change_more_rows_than_locks_fit(server: HeliosServer) -> None:
    """No statement of it locks enough rows to lock a table: the memory for locks is used up first."""
    with server.info.connect() as big, server.info.connect() as other:
        big.query("CREATE TABLE steps (k int PRIMARY KEY, v int)")
        big.query("CREATE TABLE notes (k int REFERENCES steps, v int)")
        big.query("INSERT INTO steps SELECT g, 0 FROM generate_series(1, 90000) g")
        big.query("BEGIN")
        for k in range(0, 90000, 30000):
            update = f"UPDATE steps SET v = 1 WHERE k > {k} AND k <= {k + 30000}"
            assert big.query(update)[0].tag == "UPDATE 30000"
        assert big.query("UPDATE steps SET v = 2 WHERE k = 90000")[0].tag == "UPDATE 1"
        assert big.query("INSERT INTO notes VALUES (90000, 1)")[0].tag == "INSERT 0 1"
        other.query("SET lock_timeout = '50ms'")
        error = other.try_query("UPDATE steps SET v = 7 WHERE k = 90000")[-1].error
        assert error is not None and error.sqlstate == "55P03", error
        big.query("COMMIT")
        assert other.query("SELECT sum(v) FROM steps")[0].text_rows() == [("90001",)]


def test_full_lock_memory_is_an_error_where_the_table_is_busy(server: HeliosServer) -> None:
    with server.info.connect() as big, server.info.connect() as other:
        big.query("CREATE TABLE shared_rows (k int PRIMARY KEY, v int)")
        big.query("INSERT INTO shared_rows SELECT g, 0 FROM generate_series(1, 90000) g")
        other.query("BEGIN")
        other.query("SELECT v FROM shared_rows WHERE k = 90000 FOR UPDATE")
        big.query("BEGIN")
        error = big.try_query("SELECT count(*) FROM (SELECT v FROM shared_rows WHERE k < 80000 FOR UPDATE) q")[-1].error
        assert error is not None and error.sqlstate == "53200", error
        big.query("ROLLBACK")
        assert big.query("UPDATE shared_rows SET v = 1 WHERE k < 1000")[0].tag == "UPDATE 999"
        other.query("COMMIT")


def test_a_statement_that_stages_sees_what_earlier_ones_wrote(server: HeliosServer) -> None:
    """From 64 MB on a transaction's writes leave memory, also those that the statement is just reading."""
    with server.info.connect() as connection:
        connection.query("CREATE TABLE twice (k int PRIMARY KEY, v int, pad text)")
        connection.query("INSERT INTO twice SELECT g, 0, repeat('x', 100) FROM generate_series(1, 150000) g")
        connection.query("CREATE TABLE source (i int, pad text); CREATE TABLE target (i int, pad text)")
        connection.query("BEGIN")
        for _ in range(2):
            assert connection.query("UPDATE twice SET v = v + 1")[0].tag == "UPDATE 150000"
        assert connection.query("SELECT v, count(*) FROM twice GROUP BY v")[0].text_rows() == [("2", "150000")]
        connection.query("COMMIT; BEGIN")
        connection.query("INSERT INTO source SELECT g, repeat('x', 100) FROM generate_series(1, 150000) g")
        assert connection.query("INSERT INTO target SELECT * FROM source")[0].tag == "INSERT 0 150000"
        connection.query("COMMIT")


def test_a_query_limit_of_its_own(server: HeliosServer) -> None:
    def refused(connection: Connection, sql: str) -> bool:
        error = connection.try_query(sql)[-1].error
        return error is not None and error.sqlstate == "53200"

    with server.info.connect() as connection:
        connection.query("SET query_memory_limit = '8MB'")
        assert refused(connection, "SELECT array_agg(g) FROM generate_series(1, 3000000) g")
        assert refused(connection, "COPY (SELECT array_agg(g) FROM generate_series(1, 3000000) g) TO STDOUT")
        assert refused(connection, "CREATE TABLE made AS SELECT array_agg(g) a FROM generate_series(1, 3000000) g")
        assert refused(connection, "EXPLAIN ANALYZE SELECT array_agg(g) FROM generate_series(1, 3000000) g")
        ordered = "SELECT max(r) FROM (SELECT rank() OVER (ORDER BY g) r FROM generate_series(1, 400000) g) q"
        assert connection.query(ordered)[0].text_rows() == [("400000",)]
