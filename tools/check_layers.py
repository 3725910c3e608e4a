#!/usr/bin/env python3
"""Checks what STYLE.md asks of the source tree and a compiler does not see.

Includes go down the layers only; third-party headers stay in the module that owns them; clocks, threads,
sockets and random numbers are asked for in `sys` alone; every folder has a README; files keep their size.
Prints one line a breach and exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
OVERSIZE = ROOT / "tools" / "tidy" / "oversize.txt"

# Lowest first; a module includes modules of lower levels only.
LEVELS = [
    ["base"],
    ["sys", "types"],
    ["catalog", "expr", "kv", "rpc", "ann"],
    ["hidb"],
    ["raft", "column", "txn"],
    ["sql"],
    ["exec"],
    ["compute", "meta", "storage"],
    ["protocol/common"],
    ["protocol/*"],
    ["server"],
]

# Header prefixes of outside libraries and the modules that may include them.
OWNERS = {
    "rocksdb/": ["kv"],
    "pg_query": ["sql"],
    "protobuf": ["sql", "rpc", "hidb"],
    "google/protobuf": ["rpc", "hidb"],
    "grpc": ["rpc", "hidb"],
    "rdma/": ["rpc"],
    "boost/asio": ["sys", "protocol/http"],
    "boost/beast": ["protocol/http"],
    "boost/multiprecision": ["types"],
    "boost/": ["sys", "protocol/http"],
    "openssl/": ["sys"],
    "argon2": ["compute"],
    "faiss/": ["ann"],
    "roaring": ["base"],
    "lz4": ["column", "base"],
    "zstd": ["column", "base"],
    "re2/": ["expr"],
    "unicode/": ["expr", "types"],
    "date/": ["types"],
    "spdlog/": ["sys"],
    "prometheus/": ["sys"],
    "toml++": ["server"],
    "CLI/": ["server"],
    "mimalloc": ["server"],
    "libpq-fe": ["server"],
    "readline/": ["server"],
    "xxhash": ["base"],
    "sys/socket.h": ["sys"],
    "netinet/": ["sys"],
    "arpa/": ["sys", "types"],
    "sys/epoll.h": ["sys"],
    "poll.h": ["sys"],
    "pthread.h": ["sys"],
}

# What only `sys` may ask the machine for: pattern, and what to use instead.
BANS = [
    (re.compile(r"\bstd::(thread|jthread|async)\b"), "sys::Thread"),
    (re.compile(r"(?<!\w)(system_clock|steady_clock|high_resolution_clock)::now\b"), "a sys::Clock"),
    (re.compile(r"(?<![\w.>:])(clock_gettime|gettimeofday|nanosleep|usleep)\s*\("), "a sys::Clock"),
    (re.compile(r"\bsleep_(for|until)\b"), "a wait with a deadline"),
    (re.compile(r"\bstd::(random_device|mt19937(_64)?|rand)\b|(?<![\w.>:])s?rand\s*\("),
     "sys/randomness.h"),
    (re.compile(r"(?<![\w.>:])(getrandom|arc4random)\s*\("), "sys/randomness.h"),
    (re.compile(r"(?<![\w.>])::?(socket|accept4?|connect|bind|listen)\s*\("), "sys/net.h"),
    (re.compile(r"\bstd::(ifstream|ofstream|fstream)\b|(?<![\w.>])fopen\s*\("), "sys/files.h"),
    (re.compile(r"\bpthread_(create|join|self)\b"), "sys::Thread"),
]
# The shell is a program of its own, a client: it works with standard streams and may wait.
UNBANNED = ("src/server/shell/",)
STYLE_BANS = [
    (re.compile(r"\bFIXME\b"), "FIXME does not merge"),
    (re.compile(r"\bTODO\b(?!\(#\d+\))"), "TODO needs an issue number: TODO(#123)"),
]

SIZE_MAX = {".cc": 600, ".h": 250}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def module_of(path: str) -> str | None:
    """The module that a path below src belongs to."""
    parts = path.split("/")
    if parts[0] == "protocol":
        return "/".join(parts[:2]) if len(parts) > 2 else None
    return parts[0] if len(parts) > 1 else None


def level_of(module: str) -> int | None:
    for level, names in enumerate(LEVELS):
        if module in names:
            return level
    if module.startswith("protocol/"):
        return LEVELS.index(["protocol/*"])
    return None


def oversize_entries() -> dict[str, int]:
    """Files that may be longer, with the length that they may have."""
    entries = {}
    if OVERSIZE.exists():
        for line in OVERSIZE.read_text().splitlines():
            fields = line.split("#")[0].split()
            if len(fields) == 2:
                entries[fields[0]] = int(fields[1])
    return entries


def check_include(module: str, is_system: bool, header: str) -> str | None:
    target = None if is_system else module_of(header)
    if target is not None and (SRC / header).exists():
        if target == module:
            return None
        ours, theirs = level_of(module), level_of(target)
        if ours is None or theirs is None:
            return f"module {module if ours is None else target} has no level in tools/check_layers.py"
        if theirs > ours:
            return f"{module} includes {header}, which is above it"
        if theirs == ours:
            return f"{module} includes {header}, which is beside it"
        if "/internal/" in header:
            return f"{header} is private to {target}"
        return None
    for prefix, owners in OWNERS.items():
        if header.startswith(prefix):
            return None if module in owners else f"<{header}> belongs behind {', '.join(owners)}"
    return None


def strip_comment(line: str) -> str:
    return line.split("//")[0]


def check_file(path: Path, module: str, oversize: dict[str, int]) -> list[str]:
    name = str(path.relative_to(ROOT))
    is_test = path.name.endswith(("_test.cc", "_fuzz.cc", "_bench.cc"))
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    breaches = []
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include is not None:
            problem = check_include(module, include[1] == "<", include[2])
            # A test may use what its module's tests are linked with.
            if problem is not None and not is_test:
                breaches.append(f"{name}:{number}: {problem}")
            continue
        for pattern, reason in STYLE_BANS:
            if pattern.search(line):
                breaches.append(f"{name}:{number}: {reason}")
        if module != "sys" and not is_test and not name.startswith(UNBANNED):
            for pattern, instead in BANS:
                if pattern.search(strip_comment(line)):
                    breaches.append(f"{name}:{number}: outside sys use {instead}")
    limit = oversize.get(name, SIZE_MAX[path.suffix])
    if len(lines) > limit and not path.name.endswith(".gen.cc"):
        breaches.append(f"{name}: {len(lines)} lines, {limit} are allowed")
    return breaches


def check_modules(modules: set[str]) -> list[str]:
    breaches = []
    for module in sorted(modules):
        if level_of(module) is None:
            breaches.append(f"src/{module}: no level in tools/check_layers.py")
        if not (SRC / module / "README.md").exists():
            breaches.append(f"src/{module}: README.md is missing")
        for include in sorted((SRC / module).rglob("CMakeLists.txt")):
            text = include.read_text()
            declared = re.search(r"helios_module\([^)]*?(?<!_)DEPS ([^)]*?)(?:LIBS|SOURCES|TEST_|\))", text)
            for dependency in declared[1].split() if declared else []:
                ours, theirs = level_of(module), level_of(dependency)
                if ours is not None and theirs is not None and theirs >= ours:
                    breaches.append(f"src/{module}/CMakeLists.txt: {dependency} is not below {module}")
    return breaches


def main() -> int:
    oversize = oversize_entries()
    breaches = []
    modules = set()
    for path in sorted(SRC.rglob("*")):
        if path.suffix not in SIZE_MAX:
            continue
        module = module_of(str(path.relative_to(SRC)))
        if module is None:
            breaches.append(f"{path.relative_to(ROOT)}: belongs to no module")
            continue
        modules.add(module)
        breaches.extend(check_file(path, module, oversize))
    breaches.extend(check_modules(modules))
    for name, limit in oversize.items():
        path = ROOT / name
        if not path.exists():
            breaches.append(f"tools/tidy/oversize.txt: {name} is gone, and its entry should be")
        elif len(path.read_text(errors="replace").splitlines()) <= SIZE_MAX[path.suffix]:
            breaches.append(f"tools/tidy/oversize.txt: {name} keeps to {SIZE_MAX[path.suffix]} lines")
    print("\n".join(breaches) if breaches else f"layers: {len(modules)} modules, no breach")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
