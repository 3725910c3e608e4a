"""A HeliosDB server of the test's own, in the embedded default."""

import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness.paths import HELIOSDB
from harness.target import ConnInfo, wait_until

USER = "helios"
DATABASE = "helios"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0


class HeliosServer:
    """Owns a data directory in the temporary folder and a server on free ports."""

    name = "helios"

    def __init__(
        self,
        *,
        auth: str = "trust",
        options: list[str] | None = None,
        data_dir: Path | None = None,
    ) -> None:
        self._auth = auth
        self._options = options or []
        self._process: subprocess.Popen | None = None
        self._home = Path(tempfile.mkdtemp(prefix="heliosdb-"))
        self.data_dir = data_dir or self._home / "data"
        self.http_port = 0
        self.info = ConnInfo("127.0.0.1", 0, USER, "", DATABASE)

    @property
    def log_path(self) -> Path:
        return self._home / "log"

    @property
    def ready_path(self) -> Path:
        return self._home / "ready.json"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        if not HELIOSDB.exists():
            raise FileNotFoundError(f"{HELIOSDB} is missing; run `make build` first")
        # A file of an earlier start would say ready too soon.
        self.ready_path.unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            # No server outlives a test that died.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(HELIOSDB), "start"]
                + ["--data-dir", str(self.data_dir), "--listen", "127.0.0.1"]
                + ["--pg-port", "0", "--http-port", "0", "--auth", self._auth]
                + ["--ready-file", str(self.ready_path), *self._options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_ready, START_SECONDS_MAX, f"HeliosDB, see {self.log_path}")
        ports = json.loads(self.ready_path.read_text())["ports"]
        self.http_port = ports.get("http", 0)
        password = ""
        if self._auth == "scram":
            password = (self.data_dir / "initial_password").read_text().strip()
        self.info = ConnInfo("127.0.0.1", ports["pg"], USER, password, DATABASE)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.start()

    def close(self) -> None:
        """Stops as an operator would; a server that does not go fails the test, and goes then."""
        try:
            self._end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            assert self._process is not None
            self._process.kill()
            raise
        finally:
            shutil.rmtree(self._home, ignore_errors=True)

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_tail(self, line_count: int = 40) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-line_count:])

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"HeliosDB did not start:\n{self.log_tail()}")
        return self.ready_path.exists()

    def _end(self, signal_number: int) -> None:
        if self._process is None:
            return
        ended_with = self._process.poll()
        if ended_with is None:
            self._process.send_signal(signal_number)
            self._process.wait(timeout=STOP_SECONDS_MAX)
        self._process = None
        if ended_with is not None:
            raise RuntimeError(f"HeliosDB ended by itself with {ended_with}:\n{self.log_tail()}")
