"""Runs the records of one sqllogictest file in one session."""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.target import ConnInfo
from harness.wire import Connection, ConnectionLost, Result
from records import FormatError, Query, Statement, read_records

# Enough to see a pattern; the counts stay complete.
REPORTED_FAILURES_MAX = 20

_NUMBER_PREFIX = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclasses.dataclass
class FileReport:
    path: Path
    passed: int = 0
    failed: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def fail(self, line: int, sql: str, why: str) -> None:
        self.failed += 1
        if len(self.failures) < REPORTED_FAILURES_MAX:
            self.failures.append(f"{self.path}:{line}: {why}\n    {_shorten(sql)}")


class Session:
    """A connection in a fresh schema, opened again if the server drops it."""

    def __init__(self, info: ConnInfo, schema: str) -> None:
        self._info = info
        self._schema = schema
        self._connection: Connection | None = None
        with info.connect() as connection:
            connection.query(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.query(f"CREATE SCHEMA {schema}")

    def run(self, sql: str) -> Result:
        """The last result of `sql`, or the first error."""
        if self._connection is None:
            self._connection = self._info.connect()
            self._connection.query(f"SET search_path TO {self._schema}")
            # What survives a crash is other tests' concern; a sync a statement takes most of the time.
            self._connection.query("SET synchronous_commit TO off")
        try:
            results = self._connection.try_query(sql)
        except (ConnectionLost, OSError):
            self._connection.close()
            self._connection = None
            raise
        for result in results:
            if result.error is not None:
                return result
        return results[-1]

    def close(self) -> None:
        """Drops the schema, so that the next file starts with a small catalog."""
        if self._connection is not None:
            self._connection.try_query("ROLLBACK")
            self._connection.try_query(f"DROP SCHEMA {self._schema} CASCADE")
            self._connection.terminate()


def run_file(path: Path, info: ConnInfo, schema: str) -> FileReport:
    """Compares the server with what the file expects."""
    labels: dict[str, str] = {}

    def check(record: Statement | Query, result: Result) -> str:
        if isinstance(record, Statement):
            return _check_statement(record, result)
        return _check_query(record, result, labels)

    return _run(path, info, schema, check)


def run_file_against(path: Path, info: ConnInfo, reference: ConnInfo, schema: str) -> FileReport:
    """Compares the server with what the reference server answers, whatever the file says."""
    peer = Session(reference, schema)

    def check(record: Statement | Query, result: Result) -> str:
        wanted = peer.run(record.sql)
        if (wanted.error is None) != (result.error is None):
            return f"PostgreSQL: {wanted.error or 'ok'}; here: {result.error or 'ok'}"
        if isinstance(record, Query) and wanted.error is None:
            ours, theirs = (_arrange(record, answer) for answer in (result, wanted))
            if ours != theirs:
                return _difference(theirs, ours)
        return ""

    try:
        return _run(path, info, schema, check)
    finally:
        peer.close()


def _run(
    path: Path,
    info: ConnInfo,
    schema: str,
    check: Callable[[Statement | Query, Result], str],
) -> FileReport:
    report = FileReport(path)
    session = Session(info, schema)
    try:
        for record in read_records(path):
            try:
                why = check(record, session.run(record.sql))
            except (ConnectionLost, OSError) as lost:
                why = f"connection lost: {lost}"
            if why:
                report.fail(record.line, record.sql, why)
            else:
                report.passed += 1
        session.close()
    except FormatError as error:
        report.fail(0, "", str(error))
    except (ConnectionLost, OSError) as lost:
        report.fail(0, "", f"the server is gone: {lost}")
    return report


def _check_statement(record: Statement, result: Result) -> str:
    if not record.fails:
        return "" if result.error is None else f"wanted success, got {result.error}"
    if result.error is None:
        return "wanted an error, got success"
    if record.sqlstate and result.error.sqlstate != record.sqlstate:
        return f"wanted {record.sqlstate}, got {result.error}"
    return ""


def _check_query(record: Query, result: Result, labels: dict[str, str]) -> str:
    if result.error is not None:
        return f"wanted rows, got {result.error}"
    if record.types and len(result.columns) != len(record.types):
        return f"wanted {len(record.types)} columns, got {len(result.columns)}"
    values = _arrange(record, result)
    if record.label:
        digest = _digest(values)
        if labels.setdefault(record.label, digest) != digest:
            return f"the result differs from another one labelled {record.label}"
    expected = list(record.expected)
    if len(expected) == 1 and " values hashing to " in expected[0]:
        count, _, digest = expected[0].partition(" values hashing to ")
        if int(count) != len(values) or digest != _digest(values):
            return f"wanted {expected[0]}, got {len(values)} values hashing to {_digest(values)}"
        return ""
    width = len(result.columns)
    if width > 1 and any("\t" in line for line in expected):
        expected = [value for line in expected for value in line.split("\t")]
    return "" if values == expected else _difference(expected, values)


def _arrange(record: Query, result: Result) -> list[str]:
    """The values in the order that the record's sort mode asks for."""
    types = record.types or "T" * len(result.columns)
    rows = [
        [_format(kind, value) for kind, value in zip(types, row, strict=False)]
        for row in result.rows
    ]
    if record.sort == "rowsort":
        rows.sort()
    values = [value for row in rows for value in row]
    if record.sort == "valuesort":
        values.sort()
    return values


def _format(kind: str, value: bytes | None) -> str:
    if value is None:
        return "NULL"
    text = value.decode("utf-8", "replace")
    if kind == "I":
        if text.lstrip("-").isdigit():
            return text
        # The corpus also asks for text as an integer, and means what C's atoi() makes of it.
        number = _NUMBER_PREFIX.match(text)
        return str(int(float(number[0]))) if number else "0"
    if kind == "R":
        try:
            return f"{float(text):.3f}"
        except ValueError:
            return text
    return text if text else "(empty)"


def _digest(values: Iterable[str]) -> str:
    return hashlib.md5("".join(f"{value}\n" for value in values).encode()).hexdigest()


def _difference(wanted: list[str], got: list[str]) -> str:
    if len(wanted) != len(got):
        return f"wanted {len(wanted)} values {wanted[:8]}, got {len(got)} {got[:8]}"
    index = next(i for i, pair in enumerate(zip(wanted, got, strict=True)) if pair[0] != pair[1])
    return f"value {index}: wanted {wanted[index]!r}, got {got[index]!r}"


def _shorten(sql: str) -> str:
    flat = " ".join(sql.split())
    return flat if len(flat) <= 400 else flat[:400] + " …"
