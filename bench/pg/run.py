"""HeliosDB against PostgreSQL 15, side by side on this machine, with durable commits on both.

    make bench-pg
    make bench-pg ARGS="--rounds 1 --seconds 5 --only copy,join"

Each round runs every workload on one server and then on the other, and swaps who goes first; the
ratio is that of the medians. Above 1 HeliosDB is faster.
"""

import argparse
import contextlib
import dataclasses
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from harness import flights
from harness.helios import HeliosServer
from harness.paths import POSTGRES_BIN
from harness.postgres import PostgresServer
from harness.target import Server

AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")
CLIENT_COUNT = 8
THREAD_COUNT = 2
SCALE = 10
QUERY_REPEATS = 5

# What a careful administrator sets on a machine of this size; fsync and synchronous_commit stay on.
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "wal_buffers": "64MB",
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "max_parallel_workers_per_gather": "2",
    "jit": "off",
}

AGGREGATE = (
    "SELECT carrier, origin, count(*), avg(dep_delay), sum(distance), max(arr_delay) FROM flights "
    "WHERE dep_delay IS NOT NULL GROUP BY carrier, origin"
)
JOIN = (
    "SELECT a.name, p.manufacturer, count(*), avg(f.arr_delay) FROM flights f "
    "JOIN airlines a ON a.carrier = f.carrier JOIN planes p ON p.tailnum = f.tailnum "
    "WHERE f.distance > 500 GROUP BY a.name, p.manufacturer"
)
# Neither side encrypts: PostgreSQL as installed has no certificate, HeliosDB makes one.
os.environ["PGSSLMODE"] = "disable"

SINGLE_INSERT = """
\\set a random(1, 1000000)
INSERT INTO single (a, note) VALUES (:a, 'a row of ordinary width, written alone');
"""


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    unit: str
    # Returns operations a second; more is better.
    run: Callable[[Server, float], float]


def pgbench(server: Server, arguments: list[str]) -> str:
    done = subprocess.run(
        [str(POSTGRES_BIN / "pgbench"), *arguments],
        env=os.environ | server.info.environment,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed on {server.name}:\n{done.stdout}{done.stderr}")
    return done.stdout


def transactions_per_second(server: Server, seconds: float, options: list[str]) -> float:
    out = pgbench(
        server,
        ["-n", "-M", "prepared", "-c", str(CLIENT_COUNT), "-j", str(THREAD_COUNT)]
        + ["-T", str(int(seconds)), *options],
    )
    match = re.search(r"tps = ([\d.]+) \(without initial connection time\)", out)
    if match is None:
        raise RuntimeError(f"pgbench gave no rate:\n{out}")
    return float(match[1])


def tpcb(server: Server, seconds: float) -> float:
    return transactions_per_second(server, seconds, [])


def select_only(server: Server, seconds: float) -> float:
    return transactions_per_second(server, seconds, ["-S"])


def single_inserts(server: Server, seconds: float) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SINGLE_INSERT)
        script.flush()
        return transactions_per_second(server, seconds, ["-f", script.name])


def copy_flights(server: Server, _: float) -> float:
    """Rows a second into a table with its keys, commit included."""
    table = next(table for table in flights.TABLES if table.name == "flights")
    data = flights.read_csv(table)
    copied = dataclasses.replace(table, name="flights_copy")
    with psycopg.connect(server.info.dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS flights_copy")
        flights.create_table(connection, copied)
        started = time.perf_counter()
        count = flights.copy_table(connection, copied, data)
        seconds = time.perf_counter() - started
        connection.execute("DROP TABLE flights_copy")
    return count / seconds


def query_rate(sql: str) -> Callable[[Server, float], float]:
    def run(server: Server, _: float) -> float:
        with psycopg.connect(server.info.dsn, autocommit=True) as connection:
            times = []
            for _ in range(QUERY_REPEATS):
                started = time.perf_counter()
                connection.execute(sql).fetchall()
                times.append(time.perf_counter() - started)
        return 1 / statistics.median(times)

    return run


WORKLOADS = [
    Workload("tpcb", "tps", tpcb),
    Workload("select", "tps", select_only),
    Workload("copy", "rows/s", copy_flights),
    Workload("inserts", "tps", single_inserts),
    Workload("aggregate", "queries/s", query_rate(AGGREGATE)),
    Workload("join", "queries/s", query_rate(JOIN)),
]


@contextlib.contextmanager
def equal_scheduling() -> Iterator[None]:
    """The kernel shares the processors between processes, not between sessions, while this lasts.

    With its autogroups each session has one share. Every process of PostgreSQL is a session, so
    eight connections get eight shares against one of pgbench; HeliosDB gets one, and pgbench, which
    then always goes first, answers each message alone instead of several in a turn. Guides to
    PostgreSQL switch them off too; services of systemd are not in any.
    """
    if not AUTOGROUP.exists() or AUTOGROUP.read_text().strip() == "0":
        yield
        return
    try:
        AUTOGROUP.write_text("0\n")
    except OSError:
        print(
            f"{AUTOGROUP} is 1 and only root may change it: PostgreSQL gets a share of the"
            " processors for each connection, HeliosDB one for all"
        )
        yield
        return
    try:
        yield
    finally:
        AUTOGROUP.write_text("1\n")


def prepare(server: Server) -> None:
    print(f"loading {server.name} …", flush=True)
    pgbench(server, ["-i", "-q", "-s", str(SCALE)])
    with psycopg.connect(server.info.dsn, autocommit=True) as connection:
        flights.load(connection)
        connection.execute(
            "CREATE TABLE single (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, note text)"
        )
        connection.execute("ANALYZE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="length of a pgbench run")
    parser.add_argument("--only", default="", help="workloads, separated by commas")
    parser.add_argument(
        "--target",
        choices=("helios", "pg"),
        default="helios",
        help="pg compares PostgreSQL with itself, which shows the noise of the machine",
    )
    arguments = parser.parse_args()
    names = set(filter(None, arguments.only.split(",")))
    workloads = [w for w in WORKLOADS if not names or w.name in names]
    if names - {w.name for w in WORKLOADS}:
        parser.error(f"the workloads are {', '.join(w.name for w in WORKLOADS)}")
    reference = PostgresServer(durable=True, settings=POSTGRES_SETTINGS)
    ours: Server
    if arguments.target == "pg":
        ours = PostgresServer(durable=True, settings=POSTGRES_SETTINGS)
    else:
        ours = HeliosServer()
    try:
        for server in (reference, ours):
            server.start()
            prepare(server)
        with equal_scheduling():
            results = measure(workloads, ours, reference, arguments.rounds, arguments.seconds)
    finally:
        ours.close()
        reference.close()
    report(workloads, results)
    return 0


Results = dict[str, tuple[list[float], list[float]]]


def measure(
    workloads: list[Workload], ours: Server, reference: Server, rounds: int, seconds: float
) -> Results:
    results: Results = {workload.name: ([], []) for workload in workloads}
    for number in range(rounds):
        order = [(ours, 0), (reference, 1)]
        if number % 2:
            order.reverse()
        for workload in workloads:
            for server, side in order:
                results[workload.name][side].append(workload.run(server, seconds))
            got, wanted = (results[workload.name][side][-1] for side in (0, 1))
            print(
                f"round {number + 1}/{rounds} {workload.name:<10} {got / wanted:6.2f}", flush=True
            )
    return results


def report(workloads: list[Workload], results: Results) -> None:
    print(f"\n{'workload':<10} {'HeliosDB':>12} {'PostgreSQL':>12} {'':<10} {'ratio':>6}")
    for workload in workloads:
        got, wanted = (statistics.median(side) for side in results[workload.name])
        print(
            f"{workload.name:<10} {got:>12,.1f} {wanted:>12,.1f} {workload.unit:<10}"
            f" {got / wanted:>6.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
