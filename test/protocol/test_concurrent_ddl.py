"""DDL beside other sessions: relations that go while a statement waits, indexes built online."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from harness.target import ConnInfo, wait_until
from harness.wire import Connection, ServerError


@contextmanager
def in_background(info: ConnInfo, schema: str, sql: str) -> Iterator[list[ServerError | None]]:
    """Runs a statement on a connection of its own; the list gets its outcome by the end of the block."""
    outcome: list[ServerError | None] = []
    with info.connect() as connection:
        connection.query(f"SET search_path TO {schema}")
        thread = threading.Thread(target=lambda: outcome.append(connection.try_query(sql)[-1].error))
        thread.start()
        try:
            yield outcome
        finally:
            thread.join(timeout=60)
            assert not thread.is_alive(), f"still waits: {sql}"


def wait_until_active(wire: Connection, sql: str) -> None:
    """The other session has begun the statement; it may or may not wait for its lock yet."""
    text = sql.replace("'", "''")
    wait_until(
        lambda: wire.query(
            f"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = '{text}' AND pid <> pg_backend_pid()"
        )[0].rows != [],
        10,
        sql,
    )


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX ON t (a)",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "ALTER TABLE t ADD COLUMN b int",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE t OWNER TO CURRENT_USER",
        "ALTER INDEX t_i RENAME TO t_j",
        "TRUNCATE t",
        "DROP TABLE t",
        "DROP INDEX t_i",
        "COPY t FROM stdin",
        "INSERT INTO t VALUES (1)",
        "SELECT * FROM t",
    ],
)
def test_a_relation_that_goes_meanwhile(info: ConnInfo, schema: str, sql: str) -> None:
    with info.connect() as owner, info.connect() as watcher:
        owner.query(f"SET search_path TO {schema}")
        owner.query("CREATE TABLE t (a int PRIMARY KEY)")
        owner.query("CREATE INDEX t_i ON t (a)")
        owner.query("BEGIN")
        owner.query("DROP TABLE t")
        with in_background(info, schema, sql) as outcome:
            wait_until_active(watcher, sql)
            owner.query("COMMIT")
        # PostgreSQL says XX000 ("could not open relation") where it had looked the name up before.
        assert outcome[0] is not None and outcome[0].sqlstate in ("42P01", "42704", "XX000"), outcome
        # The server is there, and so is the catalog.
        assert watcher.query(f"SELECT to_regclass('{schema}.t')")[0].rows == [(None,)]


def both_ways(wire: Connection, where: str) -> tuple[list, list]:
    """What the index finds, and what the rows say."""
    answers = []
    for switch in ("off", "on"):
        wire.query(f"SET enable_seqscan = {switch}")
        column = where if switch == "off" else where.replace("v ", "v + 0 ")
        answers.append(wire.query(f"SELECT count(*), sum(id) FROM t WHERE {column}")[0].text_rows())
    return answers[0], answers[1]


def test_index_built_beside_writers(info: ConnInfo, wire: Connection, schema: str) -> None:
    """No write is kept waiting and none is missing from the index."""
    wire.query("CREATE TABLE t (id int PRIMARY KEY, v int)")
    wire.query("INSERT INTO t SELECT g, g FROM generate_series(1, 20000) g")
    stop = threading.Event()
    problems: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with info.connect() as connection:
                connection.query(f"SET search_path TO {schema}")
                turn = 0
                while not stop.is_set():
                    turn += 1
                    key = (turn * 7919 + number * 104729) % 20000 + 1
                    connection.query(f"UPDATE t SET v = v + 20000 WHERE id = {key}")
                    connection.query(f"DELETE FROM t WHERE id = {key % 20000 + 1}")
                    connection.query(f"INSERT INTO t VALUES ({100_000 * (number + 1) + turn}, {turn})")
                    connection.query(f"UPDATE t SET v = NULL WHERE id = {(key + 5000) % 20000 + 1}")
        except BaseException as error:  # Shown by the test's own thread.
            problems.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            wire.query("CREATE INDEX CONCURRENTLY t_v ON t (v)")
            wire.query("CREATE INDEX CONCURRENTLY t_part ON t (v, id) WHERE v > 1000")
            indexed, scanned = both_ways(wire, "v >= 0 AND id < 0")
            assert indexed == scanned
            wire.query("DROP INDEX t_part")
            wire.query("DROP INDEX t_v")
        wire.query("CREATE INDEX CONCURRENTLY t_v ON t (v)")
    finally:
        stop.set()
        for writer in writers:
            writer.join(timeout=60)
    assert not problems, problems
    for where in ("v >= 0", "v < 500", "v > 20000", "v BETWEEN 15000 AND 25000"):
        indexed, scanned = both_ways(wire, where)
        assert indexed == scanned, where
    assert wire.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_v'::regclass")[0].rows == [(b"t",)]


def test_online_build_waits_for_older_writers_alone(info: ConnInfo, wire: Connection, schema: str) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY, v int)")
    wire.query("BEGIN")
    wire.query("INSERT INTO t VALUES (1, 10)")
    sql = "CREATE INDEX CONCURRENTLY t_v ON t (v)"
    with info.connect() as other:
        other.query(f"SET search_path TO {schema}")
        with in_background(info, schema, sql) as outcome:
            wait_until(
                lambda: other.query("SELECT to_regclass('t_v')")[0].rows != [(None,)], 10, "the index to be announced"
            )
            # It cannot be ready while the transaction above is open; others write meanwhile.
            other.query("INSERT INTO t VALUES (2, 20)")
            other.query("UPDATE t SET v = 21 WHERE id = 2")
            assert other.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_v'::regclass")[0].rows == [(b"f",)]
            wire.query("COMMIT")
        assert outcome == [None]
        other.query("SET enable_seqscan = off")
        assert other.query("SELECT id FROM t WHERE v >= 0 ORDER BY v")[0].text_rows() == [("1",), ("2",)]


def test_unique_online_build_that_fails_leaves_an_invalid_index(info: ConnInfo, wire: Connection) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY, v int)")
    wire.query("INSERT INTO t VALUES (1, 1), (2, 2), (3, 2), (4, NULL), (5, NULL)")
    error = wire.try_query("CREATE UNIQUE INDEX CONCURRENTLY t_v ON t (v)")[-1].error
    assert error is not None and error.sqlstate == "23505"
    assert error.fields["M"] == 'could not create unique index "t_v"'
    assert error.fields["D"] == "Key (v)=(2) is duplicated."
    assert wire.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_v'::regclass")[0].rows == [(b"f",)]
    # Kept up, not used; gone with DROP.
    assert wire.query("SELECT count(*) FROM t WHERE v = 2")[0].text_rows() == [("2",)]
    wire.query("DROP INDEX t_v")
    wire.query("DELETE FROM t WHERE id = 3")
    wire.query("CREATE UNIQUE INDEX CONCURRENTLY t_v ON t (v)")
    assert wire.try_query("INSERT INTO t VALUES (6, 2)")[-1].error.sqlstate == "23505"


def test_online_build_is_refused_in_a_block(wire: Connection) -> None:
    wire.query("CREATE TABLE t (v int)")
    wire.query("BEGIN")
    error = wire.try_query("CREATE INDEX CONCURRENTLY ON t (v)")[-1].error
    assert error is not None and error.sqlstate == "25001"
    assert error.fields["M"] == "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
    wire.query("ROLLBACK")


def test_plain_build_keeps_writers_out(info: ConnInfo, wire: Connection, schema: str) -> None:
    wire.query("CREATE TABLE t (v int)")
    wire.query("BEGIN")
    wire.query("CREATE INDEX ON t (v)")
    with info.connect() as other:
        other.query(f"SET search_path TO {schema}")
        other.query("SET lock_timeout = '50ms'")
        assert other.try_query("INSERT INTO t VALUES (1)")[-1].error.sqlstate == "55P03"
        assert other.query("SELECT count(*) FROM t")[0].text_rows() == [("0",)]
    wire.query("ROLLBACK")


def test_an_old_snapshot_does_not_use_a_new_index(info: ConnInfo, wire: Connection, schema: str) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY, v int)")
    wire.query("INSERT INTO t SELECT g, g % 100 FROM generate_series(1, 5000) g")
    with info.connect() as old:
        old.query(f"SET search_path TO {schema}")
        old.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        assert old.query("SELECT 1")[0].text_rows() == [("1",)]
        wire.query("CREATE INDEX t_v ON t (v)")
        wire.query("DELETE FROM t WHERE v = 7")
        old.query("SET enable_seqscan = off")
        assert old.query("SELECT count(*) FROM t WHERE v = 7")[0].text_rows() == [("50",)]
        old.query("COMMIT")
        assert old.query("SELECT count(*) FROM t WHERE v = 7")[0].text_rows() == [("0",)]


def test_cascades_lock_the_children(info: ConnInfo, wire: Connection, schema: str) -> None:
    """What a referential action writes is as visible to DDL as any other write."""
    wire.query("CREATE TABLE p (id int PRIMARY KEY)")
    wire.query("CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)")
    wire.query("INSERT INTO p VALUES (1), (2)")
    wire.query("INSERT INTO c VALUES (1, 1), (2, 2)")
    with info.connect() as other:
        other.query(f"SET search_path TO {schema}")
        other.query("SET lock_timeout = '50ms'")
        for change in ("DELETE FROM p WHERE id = 1", "UPDATE p SET id = 3 WHERE id = 1"):
            wire.query("BEGIN")
            wire.query(change)
            assert other.try_query("CREATE INDEX ON c (pid)")[-1].error.sqlstate == "55P03", change
            wire.query("ROLLBACK")
        wire.query("BEGIN")
        wire.query("INSERT INTO c VALUES (3, 1)")
        assert other.try_query("DROP TABLE p CASCADE")[-1].error.sqlstate == "55P03"
        wire.query("ROLLBACK")
