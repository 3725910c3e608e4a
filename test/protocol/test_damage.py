"""Damaged directories and full disks, end to end. HeliosDB only."""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.helios import HeliosServer
from harness.paths import HELIOSDB
from harness.target import wait_until
from harness.wire import Connection, ServerError


@pytest.fixture(autouse=True)
def _only_for_helios(target: str) -> None:
    if target == "pg":
        pytest.skip("about HeliosDB's own files")


# Rows that do not compress, so that tables and logs have the size that they seem to have.
FILL = (
    "INSERT INTO t SELECT g, (SELECT string_agg(md5(g::text || i || random()::text), '')"
    " FROM generate_series(1, 30) i) FROM generate_series({first}, {last}) g"
)


def table_bytes(server: HeliosServer) -> int:
    """Of the table files that are part of the store; a file that is being written is not."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http_port}/metrics", timeout=10) as answer:
        found = re.search(r"^heliosdb_storage_table_file_bytes (\S+)$", answer.read().decode(), re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, target: str) -> Path:
    """A directory with table files, a manifest and a log, as kill -9 leaves it."""
    directory = tmp_path_factory.mktemp("killed") / "data"
    if target == "pg":
        return directory
    server = HeliosServer(data_dir=directory, options=["--memory-limit", "256MB"])
    try:
        server.start()
        with server.info.connect() as connection:
            connection.query("CREATE TABLE t (id int PRIMARY KEY, v text)")
            first = 1
            while table_bytes(server) < 1 << 20:
                connection.query(FILL.format(first=first, last=first + 1999))
                first += 2000
            connection.query("CREATE TABLE small (id int PRIMARY KEY)")
            for number in range(100):
                connection.query(f"INSERT INTO small VALUES ({number})")
    finally:
        server.kill()
    return directory


@pytest.fixture
def copy(killed: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(killed, tmp_path / "data"))


def start_and_fail(directory: Path) -> str:
    """What the server says when it refuses to start."""
    done = subprocess.run(
        [str(HELIOSDB), "start", "--data-dir", str(directory), "--pg-port", "0", "--http-port", "off"],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


def largest(directory: Path, pattern: str) -> Path:
    return max((directory / "kv").glob(pattern), key=lambda path: path.stat().st_size)


def newest(directory: Path, pattern: str) -> Path:
    return max((directory / "kv").glob(pattern))


def fullest_log(directory: Path) -> Path:
    return max((directory / "kv").glob("*.log"), key=written)


def flip(path: Path, at: int) -> Path:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    return path


def clear(path: Path, at: int) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[:at] + b"\0" * 4096 + data[at + 4096:])
    return path


def cut(path: Path, byte_count: int) -> Path:
    os.truncate(path, path.stat().st_size - byte_count)
    return path


def remove(path: Path) -> Path:
    path.unlink()
    return path


def overwrite(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def half(path: Path) -> int:
    return written(path) // 2


def written(path: Path) -> int:
    """The size of a file without the zeros that a log is filled with ahead of what is written."""
    return len(path.read_bytes().rstrip(b"\0"))


DAMAGE: dict[str, Callable[[Path], Path]] = {
    "a bit in the manifest": lambda d: flip(newest(d, "MANIFEST-*"), half(newest(d, "MANIFEST-*"))),
    "no manifest": lambda d: remove(newest(d, "MANIFEST-*")),
    "another CURRENT": lambda d: overwrite(d / "kv" / "CURRENT", b"garbage\n"),
    "no CURRENT": lambda d: remove(d / "kv" / "CURRENT"),
    "the end of a table file": lambda d: flip(largest(d, "*.sst"), -4),
    "a short table file": lambda d: cut(largest(d, "*.sst"), 1000),
    "no table file": lambda d: remove(largest(d, "*.sst")),
    "a bit in the log": lambda d: flip(fullest_log(d), half(fullest_log(d))),
    "a page of the log": lambda d: clear(fullest_log(d), half(fullest_log(d))),
    "another FORMAT": lambda d: overwrite(d / "FORMAT", b"\x00\x01"),
    "no FORMAT": lambda d: remove(d / "FORMAT"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_directory_is_refused(copy: Path, name: str) -> None:
    damaged = DAMAGE[name](copy)
    said = start_and_fail(copy)
    assert damaged.name in said, said
    assert "backup" in said, said


def test_a_directory_of_the_future_is_refused(copy: Path) -> None:
    (copy / "FORMAT").write_text("heliosdb data directory\nformat 999\n")
    said = start_and_fail(copy)
    assert str(copy) in said and "newer" in said and "999" in said


def test_a_damaged_block_is_an_error_of_the_statement(copy: Path) -> None:
    """Blocks are checked when they are read; what does not need the block goes on."""
    damaged = flip(largest(copy, "*.sst"), half(largest(copy, "*.sst")))
    server = HeliosServer(data_dir=copy)
    try:
        server.start()
        with server.info.connect() as connection:
            error = connection.try_query("SELECT count(v) FROM t")[-1].error
            assert error is not None and error.sqlstate == "XX001"
            assert damaged.name in error.message, error.message
            assert connection.query("SELECT count(*) FROM small")[0].text_rows() == [("100",)]
    finally:
        server.close()


def cut_written(log: Path) -> None:
    """Without zeros behind: another system wrote it, or its device had no room for them."""
    os.truncate(log, written(log) - 3)


def lose_written(log: Path) -> None:
    data = log.read_bytes()
    end = written(log)
    log.write_bytes(data[: end - 3] + b"\0" * (len(data) - end + 3))


@pytest.mark.parametrize("tear", [cut_written, lose_written])
def test_a_torn_end_of_the_log_is_what_a_crash_leaves(copy: Path, tear: Callable[[Path], None]) -> None:
    """The last commit was not acknowledged as far as the log knows; all others are there."""
    tear(newest(copy, "*.log"))
    server = HeliosServer(data_dir=copy)
    try:
        server.start()
        with server.info.connect() as connection:
            assert connection.query("SELECT count(*), max(id) FROM small")[0].text_rows() == [("99", "98")]
            connection.query("INSERT INTO small VALUES (99)")
        server.kill()
        server.restart()
        with server.info.connect() as connection:
            assert connection.query("SELECT count(*) FROM small")[0].text_rows() == [("100",)]
    finally:
        server.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 320 MB."""
    where = tmp_path / "disk"
    where.mkdir()
    if os.geteuid() != 0 or resize(where, 320, "").returncode != 0:
        pytest.skip("mounting a file system takes a privilege that this machine does not give")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)


def resize(where: Path, megabytes: int, how: str = "remount,") -> subprocess.CompletedProcess:
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"{how}size={megabytes}m", "tmpfs", str(where)], capture_output=True
    )


def fill_up(where: Path) -> Path:
    """What another program may do to the device."""
    ballast = where / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\x00" * 65536):
                pass
        except OSError:
            pass
    return ballast


def insert_until_refused(connection: Connection) -> tuple[list[int], ServerError]:
    kept: list[int] = []
    for number in range(100_000):
        first = number * 500 + 1
        error = connection.try_query(FILL.format(first=first, last=first + 499))[-1].error
        if error is not None:
            return kept, error
        kept.append(first)
    raise AssertionError("the disk does not get full")


def await_writing(connection: Connection, sql: str) -> None:
    """Asks until the server has seen that there is space again."""
    def accepted() -> bool:
        error = connection.try_query(sql)[-1].error
        assert error is None or (error.sqlstate, error.fields["H"].split(";")[0]) == (
            "53100", "Free some space on the device"
        ), error.fields
        return error is None

    wait_until(accepted, 60, "writing to go on")


def test_a_full_disk_refuses_writes_and_serves_reads(small_disk: Path) -> None:
    server = HeliosServer(data_dir=small_disk / "data", options=["--memory-limit", "512MB"])
    try:
        server.start()
        with server.info.connect() as connection:
            connection.query("CREATE TABLE t (id int PRIMARY KEY, v text)")
            connection.query("CREATE TABLE u (id int)")
            kept, error = insert_until_refused(connection)
            assert error.sqlstate == "53100" and "No space left on device" in error.message
            for sql in ("INSERT INTO u VALUES (1)", "UPDATE t SET v = '' WHERE id = 1", "CREATE TABLE w (a int)"):
                assert connection.try_query(sql)[-1].error.sqlstate == "53100", sql
            wanted = [(str(len(kept) * 500), str(len(kept) * 500 * 960))]
            assert connection.query("SELECT count(*), sum(length(v)) FROM t")[0].text_rows() == wanted
            # Another program takes what was kept in reserve for the server.
            ballast = fill_up(small_disk)
            assert connection.query("SELECT count(*), sum(length(v)) FROM t")[0].text_rows() == wanted
            ballast.unlink()
            assert resize(small_disk, 640).returncode == 0
            await_writing(connection, "INSERT INTO u VALUES (1)")
        server.kill()
        server.restart()
        with server.info.connect() as connection:
            assert connection.query("SELECT count(*), sum(length(v)) FROM t")[0].text_rows() == wanted
            assert connection.query("SELECT count(*) FROM u")[0].text_rows() == [("1",)]
    finally:
        server.close()


def test_a_disk_that_another_fills_under_load(small_disk: Path) -> None:
    """Commits run into the end of the device itself: none is half there, none that was acknowledged is missing."""
    server = HeliosServer(data_dir=small_disk / "data", options=["--memory-limit", "256MB"])
    try:
        server.start()
        with server.info.connect() as connection:
            connection.query("CREATE TABLE t (id int PRIMARY KEY, v text)")
            kept: list[int] = []
            for turn in range(3):
                ballast = fill_up(small_disk)
                for number in range(30):
                    first = (turn * 30 + number) * 500 + 1
                    if connection.try_query(FILL.format(first=first, last=first + 499))[-1].error is None:
                        kept.append(first)
                ballast.unlink()
                await_writing(connection, f"INSERT INTO t VALUES ({-1 - turn}, '')")
                kept.append(-1 - turn)
            found = {int(row[0]) for row in connection.query("SELECT id FROM t")[0].text_rows()}
            wanted = {id for first in kept for id in (range(first, first + 500) if first > 0 else (first,))}
            assert found == wanted
        server.kill()
        server.restart()
        with server.info.connect() as connection:
            assert {int(row[0]) for row in connection.query("SELECT id FROM t")[0].text_rows()} == wanted
    finally:
        server.close()


def test_no_room_to_start(small_disk: Path) -> None:
    server = HeliosServer(data_dir=small_disk / "data")
    try:
        server.start()
        server.stop()
        ballast = fill_up(small_disk)
        # What the server kept in reserve lets it start; reading works.
        if (small_disk / "data" / "kv" / "RESERVE").exists():
            server.restart()
            with server.info.connect() as connection:
                assert connection.query("SELECT 1")[0].text_rows() == [("1",)]
                assert connection.try_query("CREATE TABLE t (a int)")[-1].error.sqlstate == "53100"
            server.kill()
            fill_up(small_disk)
        said = start_and_fail(small_disk / "data")
        assert "No space left on device" in said
        ballast.unlink()
        server.restart()
    finally:
        server.close()
