"""Scripts of several sessions, for isolation and locking.

A `*.sessions` file holds one step per line:

    @1 BEGIN                    runs in session 1
    @2 blocks: UPDATE …         must not answer before another session lets it, or be a deadlock's
                                victim: when a server looks for deadlocks, and which session it
                                picks, is its own affair
    @2 await                    reads the answer of the blocked step
    deadlock 1 2                exactly one of two blocked sessions fails with 40P01
    # comment

Sessions open when first named. Steps before the first `@` line of a file are none: each file makes
its tables itself, in a fresh schema.
"""

import dataclasses
import re
import select
from collections.abc import Iterator

from harness.target import ConnInfo
from harness.wire import Connection, Result

# How long a step that should block is watched. A loaded machine can only make a step that does not
# block look blocked, never the other way round, so the result does not flicker.
BLOCK_WATCH_SECONDS = 0.3


@dataclasses.dataclass(frozen=True)
class Step:
    line: int
    kind: str  # run, blocks, await, deadlock
    sessions: tuple[int, ...]
    sql: str = ""


class StepError(Exception):
    """The file breaks its own rules."""


def read_steps(text: str) -> Iterator[Step]:
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        deadlock = re.fullmatch(r"deadlock (\d+) (\d+)", line)
        if deadlock:
            yield Step(number, "deadlock", (int(deadlock[1]), int(deadlock[2])))
            continue
        match = re.fullmatch(r"@(\d+) (blocks: )?(.*)", line)
        if match is None:
            raise StepError(f"line {number}: {line!r} is no step")
        session = (int(match[1]),)
        if match[3] == "await":
            yield Step(number, "await", session)
        else:
            yield Step(number, "blocks" if match[2] else "run", session, match[3])


class Cast:
    """The sessions of one file on one server."""

    def __init__(self, info: ConnInfo, schema: str) -> None:
        self._info = info
        self._schema = schema
        self._connections: dict[int, Connection] = {}
        self._blocked: set[int] = set()
        self._victims: dict[int, Result] = {}  # Answers of blocked steps that came at once.
        with info.connect() as connection:
            connection.query(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.query(f"CREATE SCHEMA {schema}")

    def run(self, step: Step) -> Result:
        """Performs a step; its result carries what is to be compared."""
        first = step.sessions[0]
        if step.kind == "run":
            return self._connection(first).try_query(step.sql)[-1]
        if step.kind == "blocks":
            connection = self._connection(first)
            connection.send("Q", step.sql.encode() + b"\0")
            readable, _, _ = select.select([connection.socket], [], [], BLOCK_WATCH_SECONDS)
            if readable:
                result = connection.collect()[-1]
                if result.error is None or result.error.sqlstate != "40P01":
                    result.tag += " (did not block)"
                    return result
                self._victims[first] = result
            self._blocked.add(first)
            return Result(tag="blocked")
        if step.kind == "await":
            return self._await(first)
        results = [self._await(session) for session in step.sessions]
        states = sorted(result.error.sqlstate if result.error else "ok" for result in results)
        return Result(tag=f"deadlock: {', '.join(states)}")

    def close(self) -> None:
        for connection in self._connections.values():
            connection.terminate()
        with self._info.connect() as connection:
            connection.try_query(f"DROP SCHEMA {self._schema} CASCADE")

    def _connection(self, session: int) -> Connection:
        if session not in self._connections:
            self._connections[session] = self._info.connect()
            self._connections[session].query(f"SET search_path TO {self._schema}")
        return self._connections[session]

    def _await(self, session: int) -> Result:
        if session not in self._blocked:
            return Result(tag="nothing to await")
        self._blocked.remove(session)
        if session in self._victims:
            return self._victims.pop(session)
        return self._connections[session].collect()[-1]
