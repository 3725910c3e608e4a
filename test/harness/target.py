"""What every runner needs to know about a running server, whichever product it is."""

import argparse
import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from harness.wire import Connection


@dataclasses.dataclass(frozen=True)
class ConnInfo:
    """How to reach a database."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def with_database(self, database: str) -> "ConnInfo":
        return dataclasses.replace(self, database=database)

    def with_user(self, user: str, password: str = "") -> "ConnInfo":
        return dataclasses.replace(self, user=user, password=password)

    @property
    def dsn(self) -> str:
        """Key/value form, as libpq takes it."""
        parts = [
            f"host={self.host}",
            f"port={self.port}",
            f"user={self.user}",
            f"dbname={self.database}",
        ]
        if self.password:
            parts.append(f"password={self.password}")
        return " ".join(parts)

    @property
    def url(self) -> str:
        """URL form without a scheme: SQLAlchemy wants `postgresql+driver`, JDBC its own."""
        secret = f":{self.password}" if self.password else ""
        return f"{self.user}{secret}@{self.host}:{self.port}/{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """The PG* variables that libpq programs, node-postgres and pgx read."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    def connect(self, **parameters: str) -> Connection:
        """Opens a raw-wire connection; `parameters` go into the startup packet."""
        return Connection.open(
            self.host, self.port, self.user, self.database, self.password, parameters
        )


class Server(Protocol):
    """A server that a test owns."""

    name: str
    info: ConnInfo

    @property
    def pid(self) -> int: ...

    def start(self) -> None:
        """Returns once clients are served."""

    def stop(self) -> None:
        """Shuts down in good order."""

    def kill(self) -> None:
        """Ends the server as a crash would; the data directory stays."""

    def restart(self) -> None:
        """Starts again on the same data directory after stop() or kill()."""

    def close(self) -> None:
        """Stops the server and removes its data."""


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns once `condition` holds; raises TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.01)  # The condition decides; this only keeps the poll from burning a core.


def add_target_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target",
        choices=("helios", "pg"),
        default="helios",
        help="the server to test; pg validates the test itself against PostgreSQL 15",
    )


def make_server(target: str, *, durable: bool = False, auth: str = "trust") -> Server:
    """Builds a server of the named product; the caller starts and closes it."""
    # Imported here because both modules build on ConnInfo.
    from harness.helios import HeliosServer
    from harness.postgres import PostgresServer

    if target == "pg":
        return PostgresServer(durable=durable, auth=auth)
    return HeliosServer(auth=auth)


@contextlib.contextmanager
def running(target: str, *, durable: bool = False, auth: str = "trust") -> Iterator[Server]:
    """A started server for the length of a `with` block."""
    server = make_server(target, durable=durable, auth=auth)
    try:
        server.start()
        yield server
    finally:
        server.close()
