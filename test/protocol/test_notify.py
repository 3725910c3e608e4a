"""LISTEN and NOTIFY between sessions."""

import pytest
from harness.target import ConnInfo
from harness.wire import Connection

pytestmark = pytest.mark.checklist(13)


def drain(connection: Connection) -> list[tuple[str, str]]:
    """What has arrived by the time a statement is answered."""
    connection.query("SELECT 1")
    arrived = [(channel, payload) for _, channel, payload in connection.notifications]
    connection.notifications.clear()
    return arrived


def test_across_sessions(wire: Connection, info: ConnInfo) -> None:
    wire.query("LISTEN ch")
    with info.connect() as other:
        other.query("NOTIFY ch, 'hello'")
        other.query("SELECT pg_notify('ch', 'again')")
        sender = other.backend_pid
    message = wire.receive()  # Arrives without a statement of ours.
    assert message.kind == "A"
    assert int.from_bytes(message.body[:4]) == sender
    assert message.body[4:] == b"ch\0hello\0"
    assert drain(wire) == [("ch", "again")]


def test_own_notifications_arrive(wire: Connection) -> None:
    wire.query("LISTEN mine")
    wire.query("NOTIFY mine")
    assert drain(wire) == [("mine", "")]


def test_sent_at_commit_and_not_after_rollback(wire: Connection, info: ConnInfo) -> None:
    wire.query("LISTEN ch")
    with info.connect() as other:
        other.query("BEGIN; NOTIFY ch, 'one'")
        assert drain(wire) == []
        other.query("COMMIT")
        assert drain(wire) == [("ch", "one")]
        other.query("BEGIN; NOTIFY ch, 'two'; ROLLBACK")
        assert drain(wire) == []
        other.query("BEGIN; SAVEPOINT a; NOTIFY ch, 'three'; ROLLBACK TO a; NOTIFY ch, 'four'; COMMIT")
        assert drain(wire) == [("ch", "four")]


def test_duplicates_in_a_transaction_are_sent_once(wire: Connection, info: ConnInfo) -> None:
    wire.query("LISTEN ch")
    with info.connect() as other:
        other.query("BEGIN; NOTIFY ch, 'x'; NOTIFY ch, 'x'; NOTIFY ch, 'y'; COMMIT")
    assert drain(wire) == [("ch", "x"), ("ch", "y")]


def test_not_delivered_within_a_transaction(wire: Connection, info: ConnInfo) -> None:
    wire.query("LISTEN ch")
    wire.query("BEGIN")
    with info.connect() as other:
        other.query("NOTIFY ch, 'later'")
    assert drain(wire) == []
    wire.query("COMMIT")
    assert drain(wire) == [("ch", "later")]


def test_listen_is_transactional(wire: Connection) -> None:
    wire.query("BEGIN; LISTEN ch; ROLLBACK")
    wire.query("NOTIFY ch, 'x'")
    assert drain(wire) == []
    wire.query("BEGIN; LISTEN ch; COMMIT")
    wire.query("NOTIFY ch, 'y'")
    assert drain(wire) == [("ch", "y")]


def test_unlisten(wire: Connection) -> None:
    wire.query("LISTEN a; LISTEN b; LISTEN \"C d\"")
    assert sorted(wire.query("SELECT pg_listening_channels()")[0].text_rows()) == [("C d",), ("a",), ("b",)]
    wire.query("UNLISTEN a")
    wire.query("NOTIFY a; NOTIFY b; NOTIFY \"C d\", 'p'")
    assert drain(wire) == [("b", ""), ("C d", "p")]
    wire.query("UNLISTEN *")
    wire.query("NOTIFY b")
    assert drain(wire) == []


def test_limits(wire: Connection) -> None:
    wire.query(f"NOTIFY ch, '{'x' * 7999}'")
    assert wire.try_query(f"NOTIFY ch, '{'x' * 8000}'")[0].error.sqlstate == "22023"
    assert wire.try_query("SELECT pg_notify('', 'x')")[0].error.sqlstate == "22023"
    assert wire.try_query(f"SELECT pg_notify('{'c' * 64}', 'x')")[0].error.sqlstate == "22023"


def test_to_many_listeners(info: ConnInfo) -> None:
    listeners = [info.connect() for _ in range(50)]
    for listener in listeners:
        listener.query("LISTEN crowd")
    with info.connect() as other:
        for number in range(20):
            other.query(f"NOTIFY crowd, '{number}'")
    for listener in listeners:
        assert drain(listener) == [("crowd", str(number)) for number in range(20)]
        listener.terminate()
