"""A PostgreSQL 15 of the test's own: the reference that HeliosDB is compared with."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from harness.paths import POSTGRES_BIN
from harness.target import ConnInfo, wait_until

USER = "helios"
DATABASE = "helios"
START_SECONDS_MAX = 60.0

# What the tests count on. HeliosDB promises the same defaults.
BASE_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "max_connections": "300",
    "max_prepared_transactions": "0",
    "shared_buffers": "128MB",
    "logging_collector": "off",
    "log_min_messages": "fatal",
    "jit": "off",
    "ssl": "off",
}
# Speed for tests that never crash the server.
VOLATILE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """Owns a data directory in the temporary folder and a postmaster on a free port."""

    name = "pg"

    def __init__(
        self,
        *,
        durable: bool = False,
        auth: str = "trust",
        tls: bool = False,
        settings: dict[str, str] | None = None,
    ) -> None:
        self._settings = dict(BASE_SETTINGS)
        if not durable:
            self._settings |= VOLATILE_SETTINGS
        self._settings |= settings or {}
        self._tls = tls
        self._auth = {"trust": "trust", "scram": "scram-sha-256"}[auth]
        self._process: subprocess.Popen | None = None
        self._home = Path(tempfile.mkdtemp(prefix="heliosdb-pg-"))
        password = "reference" if auth == "scram" else ""
        self.info = ConnInfo("127.0.0.1", free_port(), USER, password, DATABASE)
        self._initialise()

    @property
    def data_dir(self) -> Path:
        return self._home / "data"

    @property
    def log_path(self) -> Path:
        return self._home / "log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        command = [str(POSTGRES_BIN / "postgres"), "-D", str(self.data_dir)]
        with self.log_path.open("ab") as log:
            # INT is PostgreSQL's fast shutdown: no server outlives a test that died.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "INT", *_as_postgres(), *command],
                stdout=log,
                stderr=log,
                cwd=self._home,
                start_new_session=True,
            )
        wait_until(self._is_ready, START_SECONDS_MAX, f"PostgreSQL, see {self.log_path}")
        self._create_database()

    def stop(self) -> None:
        self._end("fast")

    def kill(self) -> None:
        # A killed postmaster leaves orphans that hold its shared memory; an immediate stop skips
        # the checkpoint just as well and waits for them.
        self._end("immediate")

    def restart(self) -> None:
        self.start()

    def close(self) -> None:
        if self._process is not None:
            self._end("immediate")
        shutil.rmtree(self._home, ignore_errors=True)

    def _initialise(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._home, "postgres", "postgres")
        secret = self._home / "secret"
        secret.write_text("reference\n")
        secret.chmod(0o644)  # initdb reads it as another user; the password guards test data only.
        subprocess.run(
            [
                *_run_as_postgres(),
                str(POSTGRES_BIN / "initdb"),
                f"--pgdata={self.data_dir}",
                f"--username={USER}",
                f"--pwfile={secret}",
                f"--auth={self._auth}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._home,
        )
        if self._tls:
            self._make_certificate()
        lines = [f"{name} = '{value}'" for name, value in self._settings.items()]
        lines.append(f"port = {self.info.port}")
        lines.append(f"unix_socket_directories = '{self._home}'")
        with (self.data_dir / "postgresql.conf").open("a") as config:
            config.write("\n".join(lines) + "\n")

    def _make_certificate(self) -> None:
        key, certificate = self.data_dir / "server.key", self.data_dir / "server.crt"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext"]
            + ["subjectAltName=DNS:localhost,IP:127.0.0.1"]
            + ["-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
        for path in (key, certificate):
            path.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(path, "postgres", "postgres")
        self._settings["ssl"] = "on"

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start:\n{self.log_path.read_text()}")
        try:
            status = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return (
            len(status) >= 8
            and status[0] == str(self._process.pid)
            and status[7].strip() == "ready"
        )

    def _create_database(self) -> None:
        with self.info.with_database("postgres").connect() as connection:
            exists = connection.query(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")
            if not exists[0].rows:
                connection.query(f"CREATE DATABASE {DATABASE}")

    def _end(self, mode: str) -> None:
        if self._process is None:
            return
        subprocess.run(
            [*_run_as_postgres(), str(POSTGRES_BIN / "pg_ctl")]
            + ["-D", str(self.data_dir), "-m", mode, "-w", "stop"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            cwd=self._home,
        )
        self._process.wait(timeout=START_SECONDS_MAX)
        self._process = None


def _as_postgres() -> list[str]:
    """Options of setpriv: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _run_as_postgres() -> list[str]:
    return ["setpriv", *_as_postgres()] if os.geteuid() == 0 else []
