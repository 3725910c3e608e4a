"""Ending statements and sessions early."""

import threading
import time

import pytest
from harness.target import ConnInfo, wait_until
from harness.wire import Connection, ConnectionLost, parse_fields

# A statement that would run for minutes.
LONG = "SELECT count(*) FROM generate_series(1, 100000000000)"


def is_running(info: ConnInfo, pid: int) -> bool:
    with info.connect() as other:
        rows = other.query(f"SELECT state FROM pg_stat_activity WHERE pid = {pid}")[0].text_rows()
    return rows == [("active",)]


@pytest.mark.checklist(10)
@pytest.mark.parametrize("sql", [LONG, "SELECT pg_sleep(100)"])
def test_cancel_request_stops_a_statement(wire: Connection, info: ConnInfo, sql: str) -> None:
    wire.send("Q", sql.encode() + b"\0")
    wait_until(lambda: is_running(info, wire.backend_pid), 10, "the statement")
    wire.cancel()
    result = wire.collect()[0]
    assert result.error is not None and result.error.sqlstate == "57014"
    assert wire.query("SELECT 1")[0].tag == "SELECT 1"


@pytest.mark.checklist(10)
def test_cancel_of_a_lock_wait(wire: Connection, info: ConnInfo, schema: str) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY)")
    wire.query("INSERT INTO t VALUES (1)")
    with info.connect() as holder:
        holder.query(f"BEGIN; UPDATE {schema}.t SET id = 1")
        wire.send("Q", b"UPDATE t SET id = 2\0")
        wait_until(lambda: is_running(info, wire.backend_pid), 10, "the lock wait")
        wire.cancel()
        assert wire.collect()[0].error.sqlstate == "57014"
        holder.query("ROLLBACK")


@pytest.mark.checklist(10)
def test_cancel_of_an_idle_session_does_nothing(wire: Connection) -> None:
    wire.cancel()
    assert wire.query("SELECT 1")[0].tag == "SELECT 1"


@pytest.mark.checklist(10)
@pytest.mark.parametrize("sql", [LONG, "SELECT pg_sleep(100)"])
def test_statement_timeout(wire: Connection, sql: str) -> None:
    wire.query("SET statement_timeout = '200ms'")
    started = time.monotonic()
    error = wire.try_query(sql)[0].error
    assert error is not None and error.sqlstate == "57014"
    assert "statement timeout" in error.message
    assert 0.15 < time.monotonic() - started < 30
    wire.query("RESET statement_timeout")
    wire.query("SELECT pg_sleep(0.3)")


@pytest.mark.checklist(10)
def test_statement_timeout_in_the_extended_protocol(wire: Connection) -> None:
    wire.query("SET statement_timeout = '200ms'")
    wire.parse("SELECT pg_sleep(100)")
    wire.bind()
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert parse_fields(messages[-2].body)["C"] == "57014"


@pytest.mark.checklist(10)
def test_idle_in_transaction_session_timeout(wire: Connection) -> None:
    wire.query("SET idle_in_transaction_session_timeout = '200ms'")
    wire.query("BEGIN")
    message = wire.next()
    assert message.kind == "E"
    fields = parse_fields(message.body)
    assert (fields["S"], fields["C"]) == ("FATAL", "25P03")
    assert wire.is_closed_by_server()


@pytest.mark.checklist(10)
def test_an_idle_session_outside_a_transaction_is_left_alone(wire: Connection) -> None:
    wire.query("SET idle_in_transaction_session_timeout = '50ms'")
    wire.query("SELECT 1")
    wire.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        wire.next()
    wire.socket.settimeout(60)
    wire.query("SELECT 1")


@pytest.mark.checklist(10)
def test_lock_timeout(wire: Connection, info: ConnInfo, schema: str) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY)")
    wire.query("INSERT INTO t VALUES (1)")
    with info.connect() as holder:
        holder.query(f"BEGIN; UPDATE {schema}.t SET id = 1")
        wire.query("SET lock_timeout = '100ms'")
        assert wire.try_query("UPDATE t SET id = 2")[0].error.sqlstate == "55P03"
        holder.query("ROLLBACK")


@pytest.mark.checklist(10)
def test_pg_cancel_backend(wire: Connection, info: ConnInfo) -> None:
    wire.send("Q", b"SELECT pg_sleep(100)\0")
    wait_until(lambda: is_running(info, wire.backend_pid), 10, "the statement")
    with info.connect() as other:
        answer = other.query(f"SELECT pg_cancel_backend({wire.backend_pid})")
        assert answer[0].text_rows() == [("t",)]
    assert wire.collect()[0].error.sqlstate == "57014"


@pytest.mark.checklist(10)
def test_pg_terminate_backend(info: ConnInfo) -> None:
    victim = info.connect()
    with info.connect() as other:
        answer = other.query(f"SELECT pg_terminate_backend({victim.backend_pid})")
        assert answer[0].text_rows() == [("t",)]
    message = victim.next()
    assert message.kind == "E" and parse_fields(message.body)["C"] == "57P01"
    assert victim.is_closed_by_server()


def test_locks_of_a_vanished_client_are_released(info: ConnInfo, wire: Connection, schema: str) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY)")
    wire.query("INSERT INTO t VALUES (1)")
    other = info.connect()
    other.query(f"BEGIN; UPDATE {schema}.t SET id = 1")
    other.close()  # Without Terminate, as a crashed client would.
    wire.query("SET lock_timeout = '20s'")
    wire.query("UPDATE t SET id = 2")
    assert wire.query("SELECT id FROM t")[0].text_rows() == [("2",)]


def test_a_client_that_does_not_read_is_no_burden(info: ConnInfo) -> None:
    """The server must not buffer a huge answer for a client that does not take it."""
    lazy = info.connect()
    lazy.send("Q", b"SELECT repeat('x', 1000) FROM generate_series(1, 2000000)\0")
    done = threading.Event()
    with info.connect() as other:
        other.query("SELECT count(*) FROM generate_series(1, 1000)")
        done.set()
    assert done.is_set()
    lazy.close()
    wait_until(lambda: not is_running(info, lazy.backend_pid), 30, "the end of the query")
    with pytest.raises((ConnectionLost, OSError)):
        lazy.query("SELECT 1")
