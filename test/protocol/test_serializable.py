"""SERIALIZABLE shows no anomaly: at least one session of each conflict fails with 40001.

Which one fails, and at which statement, is the server's choice, so these are no differential tests.
"""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from harness.target import ConnInfo
from harness.wire import Connection

pytestmark = pytest.mark.checklist(11)


class Session:
    """A serializable transaction that notes whether it has failed."""

    def __init__(self, info: ConnInfo, schema: str) -> None:
        self.connection: Connection = info.connect()
        self.connection.query(f"SET search_path TO {schema}")
        self.connection.query("SET lock_timeout = '5s'")
        self.connection.query("BEGIN ISOLATION LEVEL SERIALIZABLE")
        self.failed = False

    def run(self, sql: str) -> list[tuple[str | None, ...]]:
        if self.failed:
            return []
        result = self.connection.try_query(sql)[-1]
        if result.error is not None:
            assert result.error.sqlstate == "40001", result.error
            self.failed = True
            self.connection.query("ROLLBACK")
        return result.text_rows()

    def close(self) -> None:
        self.connection.terminate()


@pytest.fixture
def pair(info: ConnInfo, schema: str):
    with info.connect() as connection:
        connection.query(f"SET search_path TO {schema}")
        connection.query(
            "CREATE TABLE doctor (name text PRIMARY KEY, on_call bool);"
            "INSERT INTO doctor VALUES ('ann', true), ('bob', true);"
            "CREATE TABLE num (id int PRIMARY KEY, class int, v int);"
            "INSERT INTO num VALUES (1, 1, 10), (2, 1, 20), (3, 2, 100), (4, 2, 200);"
            "CREATE INDEX num_class ON num (class)"
        )
    first, second = Session(info, schema), Session(info, schema)
    yield first, second
    first.close()
    second.close()


def test_write_skew(pair) -> None:
    first, second = pair
    for session in pair:
        assert session.run("SELECT count(*) FROM doctor WHERE on_call") == [("2",)]
    first.run("UPDATE doctor SET on_call = false WHERE name = 'ann'")
    second.run("UPDATE doctor SET on_call = false WHERE name = 'bob'")
    first.run("COMMIT")
    second.run("COMMIT")
    assert first.failed != second.failed


def test_phantom_by_insert(pair) -> None:
    first, second = pair
    first.run("SELECT sum(v) FROM num WHERE class = 1")
    second.run("SELECT sum(v) FROM num WHERE class = 2")
    first.run("INSERT INTO num VALUES (10, 2, 30)")
    second.run("INSERT INTO num VALUES (11, 1, 300)")
    first.run("COMMIT")
    second.run("COMMIT")
    assert first.failed != second.failed


def test_lost_update(pair) -> None:
    first, second = pair
    first.run("SELECT v FROM num WHERE id = 1")
    second.run("SELECT v FROM num WHERE id = 1")
    first.run("UPDATE num SET v = 11 WHERE id = 1")
    first.run("COMMIT")
    second.run("UPDATE num SET v = 12 WHERE id = 1")
    second.run("COMMIT")
    assert not first.failed and second.failed


def test_read_only_anomaly(pair, info: ConnInfo, schema: str) -> None:
    """Fekete's example: two writers that are fine alone, and a reader that sees an impossible state."""
    first, second = pair
    second.run("SELECT sum(v) FROM num WHERE id IN (1, 2)")
    first.run("SELECT v FROM num WHERE id = 2")
    first.run("UPDATE num SET v = v + 20 WHERE id = 2")
    first.run("COMMIT")
    reader = Session(info, schema)
    reader.run("SELECT id, v FROM num WHERE id IN (1, 2)")
    reader.run("COMMIT")
    second.run("UPDATE num SET v = v - 11 WHERE id = 1")
    second.run("COMMIT")
    assert second.failed or reader.failed
    reader.close()


def test_no_conflict_both_commit(pair) -> None:
    first, second = pair
    first.run("UPDATE num SET v = 1 WHERE id = 1")
    second.run("UPDATE num SET v = 2 WHERE id = 2")
    first.run("COMMIT")
    second.run("COMMIT")
    assert not first.failed or not second.failed


def test_retry_succeeds(pair, info: ConnInfo, schema: str) -> None:
    first, second = pair
    first.run("SELECT count(*) FROM doctor WHERE on_call")
    second.run("SELECT count(*) FROM doctor WHERE on_call")
    first.run("UPDATE doctor SET on_call = false WHERE name = 'ann'")
    second.run("UPDATE doctor SET on_call = false WHERE name = 'bob'")
    first.run("COMMIT")
    second.run("COMMIT")
    again = Session(info, schema)
    assert again.run("SELECT count(*) FROM doctor WHERE on_call") == [("1",)]
    again.run("COMMIT")
    assert not again.failed
    again.close()


def test_no_anomaly_among_many(info: ConnInfo, schema: str) -> None:
    """Each transaction looks at every row of its group and takes from one: no group ever falls below zero."""
    groups, rows, threads, rounds = 3, 4, 4, 60
    with info.connect() as connection:
        connection.query(f"SET search_path TO {schema}")
        connection.query("CREATE TABLE purse (id int PRIMARY KEY, grp int, v int); CREATE INDEX ON purse (grp)")
        connection.query(f"INSERT INTO purse SELECT n, n % {groups}, 5 FROM generate_series(1, {groups * rows}) n")

    def work(seed: int) -> int:
        random = Random(seed)
        committed = 0
        for _ in range(rounds):
            session = Session(info, schema)
            group, take = random.randrange(groups), random.randint(1, 4)
            left = session.run(f"SELECT coalesce(sum(v), 0) FROM purse WHERE grp = {group}")
            victim = random.randrange(rows) * groups + (group or groups)
            if left and int(left[0][0] or 0) >= take:
                session.run(f"UPDATE purse SET v = v - {take} WHERE id = {victim}")
            session.run("COMMIT")
            committed += not session.failed
            session.close()
        return committed

    with ThreadPoolExecutor(threads) as pool:
        committed = sum(pool.map(work, range(threads)))
    assert committed > 0
    with info.connect() as connection:
        connection.query(f"SET search_path TO {schema}")
        sums = connection.query("SELECT grp, sum(v) FROM purse GROUP BY grp")[0].text_rows()
    assert len(sums) == groups
    assert all(int(total or 0) >= 0 for _, total in sums), sums
