"""The server as a program: start, stop, lock, files, health. HeliosDB only."""

import concurrent.futures
import dataclasses
import json
import os
import pty
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.helios import HeliosServer
from harness.paths import HELIOSDB
from harness.target import Server, wait_until
from harness.wire import ServerError


@pytest.fixture(autouse=True)
def _only_for_helios(target: str) -> None:
    if target == "pg":
        pytest.skip("about HeliosDB's own program")


@pytest.fixture
def own() -> Iterator[HeliosServer]:
    """A server that the test may stop and break."""
    server = HeliosServer()
    yield server
    server.close()


def start_command(data_dir: Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(HELIOSDB), "start", "--data-dir", str(data_dir), "--pg-port", "0", "--http-port", "0", *options],
        capture_output=True, text=True, timeout=30,
    )


def get(server: Server, path: str) -> tuple[int, str]:
    assert isinstance(server, HeliosServer)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.http_port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_data_survives_a_graceful_stop(own: HeliosServer) -> None:
    own.start()
    with own.info.connect() as connection:
        connection.query("CREATE TABLE t (id int PRIMARY KEY)")
        connection.query("INSERT INTO t SELECT generate_series(1, 1000)")
    own.stop()
    own.restart()
    with own.info.connect() as connection:
        assert connection.query("SELECT count(*) FROM t")[0].text_rows() == [("1000",)]


def test_term_lets_a_running_statement_finish(own: HeliosServer) -> None:
    own.start()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, own.info.connect() as connection:
        with own.info.connect() as watcher:
            answer = pool.submit(connection.query, "SELECT pg_sleep(1), 'finished'")
            wait_until(
                lambda: watcher.query(
                    "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%finished%'"
                    " AND pid <> pg_backend_pid()"
                )[0].rows != [],
                10,
                "the statement",
            )
            os.kill(own.pid, signal.SIGTERM)
        assert answer.result(timeout=30)[0].rows[0][1] == b"finished"
    own.stop()


def test_ready_file(own: HeliosServer) -> None:
    own.start()
    ready = json.loads(own.ready_path.read_text())
    assert ready["pid"] == own.pid
    assert ready["ports"]["pg"] == own.info.port and ready["ports"]["http"] == own.http_port


def test_first_password_is_private(scram_server: Server) -> None:
    assert isinstance(scram_server, HeliosServer)
    secret = scram_server.data_dir / "initial_password"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_text().strip()) >= 16
    assert scram_server.data_dir.stat().st_mode & 0o777 == 0o700


def test_superuser_password_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("chosen by the owner\n")
    secret.chmod(0o600)
    server = HeliosServer(auth="scram", options=["--superuser-password-file", str(secret)])
    try:
        # The harness reads the random password, which is not there now.
        with pytest.raises(FileNotFoundError):
            server.start()
        port = json.loads(server.ready_path.read_text())["ports"]["pg"]
        info = dataclasses.replace(server.info, port=port, password="chosen by the owner")
        with info.connect() as connection:
            assert connection.query("SELECT 1")[0].tag == "SELECT 1"
    finally:
        server.close()


def test_a_second_server_on_the_directory_is_refused(own: HeliosServer) -> None:
    own.start()
    second = start_command(own.data_dir)
    assert second.returncode != 0
    assert str(own.data_dir) in second.stderr and "another" in second.stderr.lower(), second.stderr
    assert f"process id is {json.loads(own.ready_path.read_text())['pid']}" in second.stderr
    with own.info.connect() as connection:
        connection.query("SELECT 1")


def test_trust_is_refused_off_loopback(tmp_path: Path) -> None:
    done = start_command(tmp_path / "data", "--listen", "0.0.0.0", "--auth", "trust")
    assert done.returncode == 2 and "trust" in done.stderr


@pytest.mark.parametrize(
    "options",
    [["--no-such-option"], ["--pg-port", "99999"], ["--memory-limit", "lots"], ["--auth", "nope"], ["--listen", "x.y.z.w"]],
    ids=" ".join,
)
def test_bad_options_are_refused(tmp_path: Path, options: list[str]) -> None:
    done = start_command(tmp_path / "data", *options)
    assert done.returncode != 0 and done.stderr.strip()


def test_an_unknown_command_is_named() -> None:
    done = subprocess.run([str(HELIOSDB), "strat"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and '"strat"' in done.stderr and "start, sql and version" in done.stderr


def test_an_option_takes_one_value(tmp_path: Path) -> None:
    done = start_command(tmp_path / "data", "--auth", "trust", "scram")
    assert done.returncode == 2 and 'unknown argument "scram"' in done.stderr, done.stderr
    assert not (tmp_path / "data").exists()


def test_without_a_command_the_help_is_shown() -> None:
    done = subprocess.run([str(HELIOSDB)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "Usage: heliosdb" in done.stderr


def test_a_directory_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("somebody's file")
    done = start_command(tmp_path)
    assert done.returncode != 0 and str(tmp_path) in done.stderr
    assert (tmp_path / "notes.txt").read_text() == "somebody's file"


def test_a_port_in_use_is_a_clear_error(own: HeliosServer, tmp_path: Path) -> None:
    own.start()
    done = start_command(tmp_path / "data", "--pg-port", str(own.info.port))
    assert done.returncode != 0 and str(own.info.port) in done.stderr


def test_health_and_metrics(server: Server) -> None:
    assert get(server, "/health/liveness")[0] == 200
    assert get(server, "/health/readiness")[0] == 200
    status, before = get(server, "/metrics")
    assert status == 200 and "# TYPE" in before
    assert get(server, "/no/such/page")[0] == 404


def test_metrics_while_connecting(server: Server) -> None:
    """The HTTP port answers while many clients come and go."""
    stop = threading.Event()

    def connect_often() -> None:
        while not stop.is_set():
            with server.info.connect() as connection:
                connection.query("SELECT 1")

    workers = [threading.Thread(target=connect_often) for _ in range(4)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(50):
            assert get(server, "/metrics")[0] == 200
    finally:
        stop.set()
        for worker in workers:
            worker.join()


def test_connection_limit() -> None:
    server = HeliosServer(options=["--max-connections", "5"])
    try:
        server.start()
        held = [server.info.connect() for _ in range(5)]
        with pytest.raises(ServerError) as caught:
            server.info.connect()
        assert caught.value.sqlstate == "53300"
        held.pop().terminate()
        wait_until(lambda: _can_connect(server), 10, "the place to be free again")
    finally:
        server.close()


def _can_connect(server: Server) -> bool:
    try:
        server.info.connect().terminate()
    except ServerError:
        return False
    return True


def test_a_query_over_the_memory_limit_fails_alone() -> None:
    server = HeliosServer(options=["--memory-limit", "256MB"])
    try:
        server.start()
        with server.info.connect() as connection:
            error = connection.try_query("SELECT array_agg(repeat('x', 1000) || g) FROM generate_series(1, 2000000) g")
            assert error[0].error is not None and error[0].error.sqlstate == "53200"
            assert connection.query("SELECT 1")[0].tag == "SELECT 1"
            # What can spill does not need the memory.
            spilled = connection.query(
                "SELECT count(*) FROM (SELECT md5(g::text) AS h FROM generate_series(1, 3000000) g ORDER BY h) q"
            )
            assert spilled[0].text_rows() == [("3000000",)]
    finally:
        server.close()


def test_shell() -> None:
    server = HeliosServer()
    try:
        server.start()
        done = subprocess.run(
            [str(HELIOSDB), "sql"],
            input="CREATE TABLE t (id int PRIMARY KEY, v text);\nINSERT INTO t\nVALUES (1, 'x');\n\\d t\n\\dt\n\\x\n"
                  "SELECT * FROM t;\n\\timing\nSELECT nope;\n\\q\n",
            env=os.environ | server.info.environment, capture_output=True, text=True, timeout=60,
        )
        out = done.stdout + done.stderr
        for wanted in ("CREATE TABLE", "INSERT 0 1", "t_pkey", "RECORD 1", 'column "nope" does not exist'):
            assert wanted in out, out
    finally:
        server.close()


def test_shell_at_a_terminal(own: HeliosServer) -> None:
    """Words of those who do not know the commands yet, and Ctrl-C in the middle of a statement."""
    own.start()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(HELIOSDB, [str(HELIOSDB), "sql"], os.environ | own.info.environment | {"TERM": "xterm"})
    seen = ""

    def expect(text: str) -> None:
        nonlocal seen
        while text not in seen:
            seen += os.read(terminal, 65536).decode(errors="replace")
        seen = seen[seen.index(text) + len(text) :]

    def send(text: str) -> None:
        os.write(terminal, text.encode())

    expect("=# ")
    send("help\n")
    expect("\\q to quit")
    expect("=# ")
    send("SELECT 'long', pg_sleep(600);\n")
    with own.info.connect() as watcher:
        wait_until(
            lambda: watcher.query(
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%long%'"
                " AND pid <> pg_backend_pid()"
            )[0].rows != [],
            10,
            "the statement",
        )
    send("\x03")
    expect("canceling statement due to user request")
    expect("=# ")
    send("SELECT 'open\n")
    expect("'# ")
    send("\x03")
    expect("=# ")
    send("SELECT 40 + 2 AS answer;\n")
    expect("42")
    expect("=# ")
    send("exit\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(terminal)
