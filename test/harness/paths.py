"""Where things lie, seen from the repository's root."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEST = ROOT / "test"
BUILD = ROOT / "build"
HELIOSDB = Path(os.environ.get("HELIOSDB_BINARY", BUILD / "release" / "bin" / "heliosdb"))
POSTGRES_BIN = Path(os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))


def shared_data() -> Path:
    """The folder of public corpora that lies beside the repository and is never copied into it.

    A git worktree may lie deeper than a clone, so every parent is tried.
    """
    named = os.environ.get("HELIOSDB_SHARED")
    candidates = [Path(named)] if named else [parent / "shared" for parent in ROOT.parents]
    for candidate in candidates:
        if (candidate / "data").is_dir():
            return candidate / "data"
    raise FileNotFoundError(
        "no shared/data folder beside the repository; name shared/ in HELIOSDB_SHARED"
    )
