"""Kills the server under load, again and again, and checks what it kept.

Eight writers work and note in a log of their own what they are about to do and what the server
acknowledged. Then the server gets kill -9 at a random moment, starts again, and must satisfy:

* nothing acknowledged is missing;
* a transaction is there whole or not at all, also one whose answer was lost;
* totals that every transaction keeps stay what they were;
* secondary indexes find exactly the rows that a full scan finds, also one that is built and dropped
  again and again while the writers work.

A failure prints the seed; `--seed N --rounds M` replays the choice of moments and of work, though
not the interleaving, which the machine decides.
"""

import argparse
import dataclasses
import random
import sys
import threading
import time
from collections import defaultdict

from harness.target import ConnInfo, Server, add_target_option, make_server
from harness.wire import Connection, ConnectionLost, ServerError

WRITER_COUNT = 8
ACCOUNT_COUNT = 200
ACCOUNT_START = 1_000
# Between the start of the load and the kill.
RUN_SECONDS_MIN, RUN_SECONDS_MAX = 0.05, 1.5

SETUP = f"""
CREATE TABLE entry (
  id bigint PRIMARY KEY, writer int NOT NULL, txn bigint NOT NULL, part int NOT NULL, parts int NOT NULL,
  payload text NOT NULL, hash text GENERATED ALWAYS AS (md5(payload)) STORED);
CREATE INDEX entry_txn ON entry (writer, txn);
CREATE UNIQUE INDEX entry_payload ON entry (payload);
CREATE INDEX entry_half ON entry (hash) WHERE part = 0;
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE INDEX account_balance ON account (balance);
INSERT INTO account SELECT g, {ACCOUNT_START} FROM generate_series(1, {ACCOUNT_COUNT}) g;
CREATE TABLE counter (writer int PRIMARY KEY, value bigint NOT NULL);
INSERT INTO counter SELECT g, 0 FROM generate_series(0, {WRITER_COUNT - 1}) g;
CREATE TABLE churn (id bigint PRIMARY KEY, writer int NOT NULL, version int NOT NULL);
CREATE INDEX churn_version ON churn (version);
"""


@dataclasses.dataclass
class Journal:
    """What one writer knows. Its own thread alone writes it while the load runs."""

    next_txn: int = 1
    # Transactions by number, with how many entries each inserts.
    acknowledged: dict[int, int] = dataclasses.field(default_factory=dict)
    in_doubt: dict[int, int] = dataclasses.field(default_factory=dict)
    counter_acknowledged: int = 0
    counter_attempted: int = 0
    # The row of `churn` that the writer keeps: its version, and what it may have become.
    churn: dict[int, set[int | None]] = dataclasses.field(default_factory=lambda: defaultdict(lambda: {None}))


class Writer(threading.Thread):
    """Runs transactions of several kinds until the server goes away or `stop` is set."""

    def __init__(self, number: int, info: ConnInfo, journal: Journal, seed: int, stop: threading.Event) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self._number = number
        self._info = info
        self._journal = journal
        self._random = random.Random(seed)
        self._halted = stop
        self.problem: str = ""

    def run(self) -> None:
        try:
            with self._info.connect() as connection:
                while not self._halted.is_set():
                    self._random.choice(
                        (self._insert, self._insert, self._transfer, self._count, self._churn)
                    )(connection)
        except (ConnectionLost, OSError):
            pass  # The kill.
        except ServerError as error:
            # 57P01 is the shutdown that PostgreSQL announces; all others are bugs.
            if error.sqlstate != "57P01":
                self.problem = f"{self.name}: {error}"

    def _insert(self, connection: Connection) -> None:
        """One to ten rows in one transaction, by one statement or by several."""
        journal, number = self._journal, self._number
        txn = journal.next_txn
        parts = self._random.randint(1, 10)
        journal.next_txn += 1
        journal.in_doubt[txn] = parts
        size = self._random.choice((10, 100, 5_000))
        rows = [
            f"({(txn * 10 + part) * WRITER_COUNT + number}, {number}, {txn}, {part}, {parts},"
            f" '{number}-{txn}-{part}-{'x' * size}')"
            for part in range(parts)
        ]
        insert = "INSERT INTO entry (id, writer, txn, part, parts, payload) VALUES "
        if self._random.random() < 0.5:
            connection.query(insert + ", ".join(rows))
        else:
            connection.query("BEGIN")
            for row in rows:
                connection.query(insert + row)
                if self._random.random() < 0.2:
                    # What a savepoint takes back must not come back after the crash.
                    connection.query("SAVEPOINT s")
                    connection.query(f"UPDATE entry SET part = -1 WHERE writer = {number} AND txn = {txn}")
                    connection.query("ROLLBACK TO s")
            connection.query("COMMIT")
        journal.acknowledged[txn] = journal.in_doubt.pop(txn)

    def _transfer(self, connection: Connection) -> None:
        """Moves money between two accounts; the sum over all stays."""
        first, second = sorted(self._random.sample(range(1, ACCOUNT_COUNT + 1), 2))
        amount = self._random.randint(1, 5)
        connection.query("BEGIN")
        try:
            # In the order of the ids, so that no deadlock arises.
            connection.query(f"UPDATE account SET balance = balance - {amount} WHERE id = {first}")
            connection.query(f"UPDATE account SET balance = balance + {amount} WHERE id = {second}")
            connection.query("COMMIT")
        except ServerError as error:
            if error.sqlstate != "23514":
                raise
            connection.query("ROLLBACK")

    def _count(self, connection: Connection) -> None:
        """Adds one: the counter tells lost and doubled updates."""
        self._journal.counter_attempted += 1
        connection.query(f"UPDATE counter SET value = value + 1 WHERE writer = {self._number}")
        self._journal.counter_acknowledged += 1

    def _churn(self, connection: Connection) -> None:
        """Inserts, updates and deletes a few keys over and over."""
        key = self._random.randint(1, 20) * WRITER_COUNT + self._number
        known = self._journal.churn[key]
        version = next(iter(known)) if len(known) == 1 else self._read_churn(connection, key)
        if version is None:
            after, sql = 1, f"INSERT INTO churn VALUES ({key}, {self._number}, 1)"
        elif self._random.random() < 0.3:
            after, sql = None, f"DELETE FROM churn WHERE id = {key}"
        else:
            after, sql = version + 1, f"UPDATE churn SET version = version + 1 WHERE id = {key}"
        self._journal.churn[key] = {version, after}
        connection.query(sql)
        self._journal.churn[key] = {after}

    def _read_churn(self, connection: Connection, key: int) -> int | None:
        rows = connection.query(f"SELECT version FROM churn WHERE id = {key}")[0].rows
        return int(rows[0][0]) if rows else None


class Builder(threading.Thread):
    """Builds an index beside the writers until the server goes away or `stop` is set."""

    def __init__(self, info: ConnInfo, stop: threading.Event) -> None:
        super().__init__(name="builder", daemon=True)
        self._info = info
        self._halted = stop
        self.problem: str = ""

    def run(self) -> None:
        try:
            with self._info.connect() as connection:
                while not self._halted.is_set():
                    connection.query("DROP INDEX IF EXISTS entry_online")
                    connection.query("CREATE INDEX CONCURRENTLY entry_online ON entry (part, id)")
        except (ConnectionLost, OSError):
            pass  # The kill.
        except ServerError as error:
            # PostgreSQL's builds wait for writers' snapshots too, and may meet one that waits for them.
            if error.sqlstate not in ("57P01", "40P01"):
                self.problem = f"{self.name}: {error}"


def check(connection: Connection, journals: list[Journal]) -> list[str]:
    """Compares the server with the journals; settles what was in doubt."""
    problems: list[str] = []

    def rows(sql: str) -> list[tuple[str | None, ...]]:
        return connection.query(sql)[0].text_rows()

    found: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    for writer, txn, count, parts in rows("SELECT writer, txn, count(*), min(parts) FROM entry GROUP BY 1, 2"):
        found[int(writer)][int(txn)] = (int(count), int(parts))
    for writer, journal in enumerate(journals):
        for txn, parts in journal.acknowledged.items():
            if txn not in found[writer]:
                problems.append(f"writer {writer}: acknowledged transaction {txn} is missing")
            elif found[writer][txn][0] != parts:
                problems.append(f"writer {writer}: transaction {txn} has {found[writer][txn][0]} of {parts} rows")
        for txn, parts in list(journal.in_doubt.items()):
            del journal.in_doubt[txn]
            if txn in found[writer]:
                journal.acknowledged[txn] = parts
                if found[writer][txn][0] != parts:
                    problems.append(f"writer {writer}: half of transaction {txn} is there")
        strange = set(found[writer]) - set(journal.acknowledged)
        if strange:
            problems.append(f"writer {writer}: transactions {sorted(strange)[:5]} were never sent")
    if rows("SELECT count(*) FROM entry WHERE part < 0 OR hash <> md5(payload)") != [("0",)]:
        problems.append("entries hold what a savepoint took back, or a wrong generated value")

    total = rows("SELECT sum(balance), count(*) FROM account")[0]
    if total != (str(ACCOUNT_COUNT * ACCOUNT_START), str(ACCOUNT_COUNT)):
        problems.append(f"the accounts' sum and count are {total}")

    for writer, value in rows("SELECT writer, value FROM counter"):
        journal = journals[int(writer)]
        if not journal.counter_acknowledged <= int(value) <= journal.counter_attempted:
            problems.append(
                f"counter {writer} is {value}, acknowledged {journal.counter_acknowledged},"
                f" attempted {journal.counter_attempted}"
            )
        journal.counter_acknowledged = journal.counter_attempted = int(value)

    versions = {int(key): int(version) for key, version in rows("SELECT id, version FROM churn")}
    for journal in journals:
        for key, allowed in journal.churn.items():
            got = versions.get(key)
            if got not in allowed:
                problems.append(f"churn {key} has version {got}, wanted one of {allowed}")
            journal.churn[key] = {got}
    return problems + check_indexes(connection)


# Each pair must give one answer: the first form invites an index, the second forbids it.
INDEX_PAIRS = [
    ("SELECT count(*), sum(id) FROM entry WHERE writer = {n}", "SELECT count(*), sum(id) FROM entry WHERE writer + 0 = {n}"),
    ("SELECT count(*) FROM entry WHERE payload >= '{n}-' AND payload < '{n}.'",
     "SELECT count(*) FROM entry WHERE payload || '' >= '{n}-' AND payload || '' < '{n}.'"),
    ("SELECT count(*) FROM entry WHERE part = 0 AND hash >= '{n}'",
     "SELECT count(*) FROM entry WHERE part + 0 = 0 AND hash || '' >= '{n}'"),
    ("SELECT count(*), sum(id) FROM entry WHERE part = {n}", "SELECT count(*), sum(id) FROM entry WHERE part + 0 = {n}"),
    ("SELECT count(*), sum(id) FROM account WHERE balance >= 900 + {n} * 20",
     "SELECT count(*), sum(id) FROM account WHERE balance + 0 >= 900 + {n} * 20"),
    ("SELECT count(*), sum(id) FROM churn WHERE version = {n}", "SELECT count(*), sum(id) FROM churn WHERE version + 0 = {n}"),
    ("SELECT count(*), sum(version) FROM churn WHERE id BETWEEN {n} * 20 AND {n} * 20 + 19",
     "SELECT count(*), sum(version) FROM churn WHERE id + 0 BETWEEN {n} * 20 AND {n} * 20 + 19"),
]


def check_indexes(connection: Connection) -> list[str]:
    problems = []
    for by_index, by_scan in INDEX_PAIRS:
        for number in range(WRITER_COUNT):
            connection.query("SET enable_seqscan = off")
            indexed = connection.query(by_index.format(n=number))[0].rows
            connection.query("SET enable_seqscan = on")
            scanned = connection.query(by_scan.format(n=number))[0].rows
            if indexed != scanned:
                problems.append(f"{by_index.format(n=number)}: index {indexed}, scan {scanned}")
    return problems


def run_round(server: Server, journals: list[Journal], rng: random.Random) -> list[str]:
    stop = threading.Event()
    writers = [
        Writer(number, server.info, journal, rng.getrandbits(64), stop)
        for number, journal in enumerate(journals)
    ]
    builder = Builder(server.info, stop)
    for thread in (*writers, builder):
        thread.start()
    # The moment of the kill is the point of the test, so this is a wait by the clock.
    time.sleep(rng.uniform(RUN_SECONDS_MIN, RUN_SECONDS_MAX))
    server.kill()
    stop.set()
    for thread in (*writers, builder):
        thread.join(timeout=60)
    problems = [thread.problem for thread in (*writers, builder) if thread.problem]
    # Some rounds crash the recovery too.
    if rng.random() < 0.2:
        server.restart()
        server.kill()
    server.restart()
    with server.info.connect() as connection:
        return problems + check(connection, journals)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_target_option(parser)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.SystemRandom().getrandbits(32) if arguments.seed is None else arguments.seed
    rng = random.Random(seed)
    print(f"seed {seed}", flush=True)
    server = make_server(arguments.target, durable=True)
    journals = [Journal() for _ in range(WRITER_COUNT)]
    passed = failed = 0
    try:
        server.start()
        with server.info.connect() as connection:
            connection.query(SETUP)
        for number in range(1, arguments.rounds + 1):
            problems = run_round(server, journals, rng)
            kept = sum(len(journal.acknowledged) for journal in journals)
            print(f"[{number}/{arguments.rounds}] {kept} transactions kept, {len(problems)} problems", flush=True)
            for problem in problems[:20]:
                print(f"  {problem}")
            if problems:
                failed += 1
                print(f"  replay: test/crash/crash.py --seed {seed} --rounds {number}")
            else:
                passed += 1
    finally:
        server.close()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
