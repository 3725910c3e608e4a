"""Reads sqllogictest files.

The format is SQLite's, with two additions for our own files (`test/sql`):

* `statement error 23505` wants exactly that SQLSTATE.
* A result block may hold one line per row with tabs between the columns, instead of one line per
  value.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

# The name that `skipif` and `onlyif` call us by.
ENGINE = "postgresql"


@dataclasses.dataclass(frozen=True)
class Statement:
    line: int
    sql: str
    fails: bool
    sqlstate: str = ""


@dataclasses.dataclass(frozen=True)
class Query:
    line: int
    sql: str
    types: str
    sort: str
    label: str
    expected: tuple[str, ...]
    hash_threshold: int


class FormatError(Exception):
    """The file is not a sqllogictest file."""


def read_records(path: Path) -> Iterator[Statement | Query]:
    """Yields the records meant for us, up to `halt`."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    hash_threshold = 0
    index = 0
    wanted = True
    while index < len(lines):
        words = lines[index].split("#")[0].split()
        number = index + 1
        index += 1
        if not words:
            continue
        match words[0]:
            case "skipif":
                wanted = wanted and words[1] != ENGINE
            case "onlyif":
                wanted = wanted and words[1] == ENGINE
            case "halt":
                if wanted:
                    return
                wanted = True
            case "hash-threshold":
                hash_threshold = int(words[1])
                wanted = True
            case "statement":
                sql, index = _block(lines, index)
                if wanted:
                    yield _statement(number, words, sql)
                wanted = True
            case "query":
                body, index = _block(lines, index)
                sql, _, expected = body.partition("\n----")
                if wanted:
                    results = tuple(expected.strip("\n").split("\n")) if expected.strip("\n") else ()
                    yield Query(
                        number,
                        sql,
                        words[1] if len(words) > 1 else "",
                        words[2] if len(words) > 2 else "nosort",
                        words[3] if len(words) > 3 else "",
                        results,
                        hash_threshold,
                    )
                wanted = True
            case _:
                raise FormatError(f"{path}:{number}: unknown record {words[0]!r}")


def _statement(number: int, words: list[str], sql: str) -> Statement:
    fails = words[1] == "error"
    return Statement(number, sql, fails, words[2] if fails and len(words) > 2 else "")


def _block(lines: list[str], index: int) -> tuple[str, int]:
    """The lines up to the next empty one, and the index behind them."""
    start = index
    while index < len(lines) and lines[index].rstrip("\r"):
        index += 1
    return "\n".join(line.rstrip("\r") for line in lines[start:index]), index
