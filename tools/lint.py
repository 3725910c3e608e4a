#!/usr/bin/env python3
"""Runs clang-tidy on sources, one file at a time and as many at once as there are processors.

    tools/lint.py src/txn/txn.cc ...

A file that passed is remembered in .cache/lint until it changes, or a header of ours that it includes, its command line,
clang-tidy or its settings. One at a time, because clang-tidy misses unused using-declarations in a run over several files.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATABASE = ROOT / "build" / "fuzz" / "compile_commands.json"
CACHE = ROOT / ".cache" / "lint"
TIDY = "clang-tidy-14"


@functools.cache
def content(path: Path) -> bytes:
    return path.read_bytes()


@functools.cache
def included(path: Path) -> tuple[Path, ...]:
    """Headers of ours that a file names itself; they are all named from src."""
    names = re.findall(rb'^\s*#\s*include\s+"([^"]+)"', content(path), re.MULTILINE)
    paths = (ROOT / "src" / os.fsdecode(name) for name in names)
    return tuple(path for path in paths if path.exists())


def key_of(source: Path, settings: bytes, command: str) -> str:
    seen = {source}
    pending = [source]
    while pending:
        for header in included(pending.pop()):
            if header not in seen:
                seen.add(header)
                pending.append(header)
    digest = hashlib.sha256(settings + command.encode())
    for path in sorted(seen):
        digest.update(b"\0%b\0" % os.fsencode(path.relative_to(ROOT)))
        digest.update(content(path))
    return digest.hexdigest()


def run(source: Path, passed: Path) -> str | None:
    """What clang-tidy complains of; None if nothing, which the file `passed` then remembers."""
    result = subprocess.run(
        [TIDY, "--quiet", "-p", str(DATABASE.parent), str(source)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )
    if result.returncode != 0:
        return result.stdout
    passed.touch()
    return None


def main() -> int:
    commands = {Path(entry["file"]): entry["command"] for entry in json.loads(DATABASE.read_text())}
    # A file that no target compiles has no command; headers are seen through sources.
    sources = [path for path in map(Path.absolute, map(Path, sys.argv[1:])) if path in commands]
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_bytes()
    CACHE.mkdir(parents=True, exist_ok=True)
    passed = {path: CACHE / key_of(path, settings, commands[path]) for path in sources}
    pending = [path for path in sources if not passed[path].exists()]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, complaints in zip(pending, pool.map(run, pending, [passed[path] for path in pending])):
            if complaints is None:
                continue
            failures += 1
            print(f"{path.relative_to(ROOT)}:\n{complaints}", flush=True)
    print(f"{len(sources)} sources, {len(sources) - len(pending)} unchanged since they passed, {failures} with complaints")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
