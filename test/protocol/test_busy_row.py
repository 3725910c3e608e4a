"""Many sessions change one row, each in a way of its own: no change is lost, and no reader goes back.

Row locks go when a commit is in the log, before it is durable: who gets one must see what was done under it,
while everybody else sees a commit once it is durable.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest
from harness.target import ConnInfo
from psycopg.errors import SerializationFailure

pytestmark = pytest.mark.checklist(11)

SESSIONS = 6
CHANGES = 60  # Of each session.

Change = Callable[[psycopg.Connection], None]


def by_key(connection: psycopg.Connection) -> None:
    """The short road: by the whole primary key, prepared."""
    with connection.transaction():
        connection.execute("UPDATE counter SET value = value + 1 WHERE id = %s", [1], prepare=True)


def by_scan(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("UPDATE counter SET value = value + 1 WHERE name LIKE 'o%%'", prepare=False)


def locked_first(connection: psycopg.Connection) -> None:
    with connection.transaction():
        row = connection.execute("SELECT value FROM counter WHERE id = 1 FOR UPDATE").fetchone()
        connection.execute("UPDATE counter SET value = %s WHERE id = 1", [row[0] + 1])


def read_after_lock(connection: psycopg.Connection) -> None:
    """A later statement of a transaction sees all that an earlier one has seen."""
    with connection.transaction():
        connection.execute("UPDATE counter SET value = value + 1 WHERE id = 1")
        rows = connection.execute("SELECT value FROM counter ORDER BY id").fetchall()
        connection.execute("UPDATE counter SET value = value + 1 WHERE id = 2")
        assert rows[1][0] == rows[0][0] - 1


def upsert(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute(
            "INSERT INTO counter VALUES (1, 'one', 1) ON CONFLICT (id) DO UPDATE SET value = counter.value + 1"
        )


def upsert_by_name(connection: psycopg.Connection) -> None:
    """By a key that is not the row's: the row is locked before the key, as by those who change the row."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO counter VALUES (3, 'one', 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1"
        )


def rename(connection: psycopg.Connection) -> None:
    """The name goes and comes back in one transaction."""
    with connection.transaction():
        connection.execute("UPDATE counter SET name = 'other', value = value + 1 WHERE id = 1")
        connection.execute("UPDATE counter SET name = 'one' WHERE id = 1")


def repeatable_read(connection: psycopg.Connection) -> None:
    while True:
        try:
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                row = connection.execute("SELECT value FROM counter WHERE id = 1").fetchone()
                connection.execute("UPDATE counter SET value = %s WHERE id = 1", [row[0] + 1])
            return
        except SerializationFailure:
            pass


def run(info: ConnInfo, schema: str, changes: list[Change]) -> None:
    """Each session makes its changes, a reader beside them."""
    done = Event()

    def connect() -> psycopg.Connection:
        return psycopg.connect(info.dsn, autocommit=True, options=f"-c search_path={schema}")

    def change(number: int) -> None:
        with connect() as connection:
            for _ in range(CHANGES):
                changes[number % len(changes)](connection)
                mine = connection.execute("SELECT value FROM counter WHERE id = 1").fetchone()
                assert mine[0] > 0

    def read() -> int:
        last, count = 0, 0
        with connect() as connection:
            while not done.is_set():
                row = connection.execute("SELECT value FROM counter WHERE id = 1").fetchone()
                assert row[0] >= last
                last, count = row[0], count + 1
        return count

    with connect() as connection:
        connection.execute("CREATE TABLE counter (id int PRIMARY KEY, name text UNIQUE, value int)")
        connection.execute("INSERT INTO counter VALUES (1, 'one', 0), (2, 'two', 0)")
    with ThreadPoolExecutor(SESSIONS + 1) as pool:
        reader = pool.submit(read)
        try:
            for session in [pool.submit(change, number) for number in range(SESSIONS)]:
                session.result()
        finally:
            done.set()
        assert reader.result() > 0
    with connect() as connection:
        assert connection.execute("SELECT value FROM counter WHERE id = 1").fetchone()[0] == SESSIONS * CHANGES


@pytest.mark.parametrize(
    "change",
    [by_key, by_scan, locked_first, read_after_lock, upsert, upsert_by_name, rename, repeatable_read],
)
def test_no_change_is_lost(info: ConnInfo, schema: str, change: Change) -> None:
    run(info, schema, [change])


def test_all_ways_at_once(info: ConnInfo, schema: str) -> None:
    run(info, schema, [by_key, by_scan, locked_first, upsert, upsert_by_name, repeatable_read])


def test_a_key_that_goes_and_comes(info: ConnInfo, schema: str) -> None:
    run(info, schema, [rename, upsert_by_name, by_key])
