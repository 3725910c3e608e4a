"""Sends the same scripts to HeliosDB and to a PostgreSQL 15, and compares every answer.

    run.py                      all files
    run.py --match joins        files whose name contains the word
    run.py --messages           compare error messages, details, hints and positions too
    run.py --show               print what PostgreSQL answers, to write scripts by

Compared are column names, type OIDs, rows in text form, command tags, SQLSTATEs and the names of
violated constraints. Rows are compared in order where the statement orders them.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from compare import describe, outcome
from harness.script import split_script
from harness.target import ConnInfo, add_target_option, running
from harness.wire import ConnectionLost, Result, ServerError
from sessions import Cast, read_steps

HERE = Path(__file__).resolve().parent
KNOWN_DIFFERENCES = HERE / "known_differences.txt"

# A server that answers nothing right should not bury the reader.
DIFFERENCES_SHOWN_MAX = 1000


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one server said to one statement."""

    line: int
    sql: str
    is_ordered: bool
    result: Result


@dataclasses.dataclass
class Difference:
    line: int
    sql: str
    reference: str
    ours: str


@dataclasses.dataclass
class FileReport:
    path: Path
    agreed: int = 0
    accepted: int = 0
    differences: list[Difference] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Options:
    ours: ConnInfo
    reference: ConnInfo
    with_messages: bool
    known: frozenset[tuple[str, str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_target_option(parser)
    parser.add_argument("--match", default="", help="only files whose name contains this")
    parser.add_argument("--messages", action="store_true", help="compare error texts too")
    parser.add_argument("--show", action="store_true", help="print PostgreSQL's answers only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    files = sorted(
        path
        for path in [*HERE.glob("scripts/*.sql"), *HERE.glob("scripts/*.sessions")]
        if arguments.match in path.name
    )
    with contextlib.ExitStack() as stack:
        reference = stack.enter_context(running("pg"))
        if arguments.show:
            show(files, reference.info)
            return 0
        server = stack.enter_context(running(arguments.target))
        options = Options(
            server.info, reference.info, arguments.messages, read_known_differences()
        )
        reports = run_all(files, options, arguments.jobs)
    agreed = sum(report.agreed for report in reports)
    differing = sum(len(report.differences) for report in reports)
    accepted = sum(report.accepted for report in reports)
    print(f"{agreed + differing + accepted} statements in {len(files)} files")
    print(f"{agreed} passed, {differing} failed, {accepted} skipped")
    return 1 if differing else 0


def read_known_differences() -> frozenset[tuple[str, str]]:
    """Pairs of file name and statement; each line is `file | statement | reason`."""
    known = set()
    for line in KNOWN_DIFFERENCES.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" | ")
            statement, _, reason = rest.rpartition(" | ")
            if not reason.strip() or not statement:
                raise ValueError(f"{KNOWN_DIFFERENCES}: no reason in {line!r}")
            known.add((name.strip(), statement.strip()))
    return frozenset(known)


def show(files: list[Path], reference: ConnInfo) -> None:
    for path in files:
        for answer in answers(path, reference, "shown"):
            print(f"{path.name}:{answer.line}: {flatten(answer.sql)}")
            print(f"    {describe(answer.result)}")


def run_all(files: list[Path], options: Options, jobs: int) -> list[FileReport]:
    reports = []
    with concurrent.futures.ProcessPoolExecutor(max_workers=jobs) as pool:
        tasks = [
            pool.submit(run_file, path, options, f"diff_{number}")
            for number, path in enumerate(files)
        ]
        for task in concurrent.futures.as_completed(tasks):
            report = task.result()
            reports.append(report)
            verdict = "DIFF" if report.differences else "ok"
            print(
                f"[{len(reports)}/{len(files)}] {verdict:4} {report.path.name}: "
                f"{report.agreed} agree, {len(report.differences)} differ, "
                f"{report.accepted} accepted",
                flush=True,
            )
            for difference in report.differences[:DIFFERENCES_SHOWN_MAX]:
                print(f"  {report.path.name}:{difference.line}: {flatten(difference.sql)}")
                print(f"    pg:   {difference.reference}")
                print(f"    ours: {difference.ours}", flush=True)
    return reports


def run_file(path: Path, options: Options, schema: str) -> FileReport:
    report = FileReport(path)
    # Two generators in step: each statement runs on both servers before the next one.
    theirs, ours = (answers(path, info, schema) for info in (options.reference, options.ours))
    try:
        for wanted, got in zip(theirs, ours, strict=True):
            if comparable(wanted, options) == comparable(got, options):
                report.agreed += 1
            elif (path.name, flatten(wanted.sql)) in options.known:
                report.accepted += 1
            else:
                report.differences.append(
                    Difference(
                        wanted.line, wanted.sql, describe(wanted.result), describe(got.result)
                    )
                )
    except (ConnectionLost, OSError, ServerError) as lost:
        report.differences.append(Difference(0, "(the rest of the file)", "", f"lost: {lost}"))
    return report


def comparable(answer: Answer, options: Options) -> tuple[object, ...]:
    return outcome(
        answer.result, is_ordered=answer.is_ordered, with_messages=options.with_messages
    )


def answers(path: Path, info: ConnInfo, schema: str) -> Iterator[Answer]:
    if path.suffix == ".sessions":
        return session_answers(path, info, schema)
    return script_answers(path, info, schema)


def script_answers(path: Path, info: ConnInfo, schema: str) -> Iterator[Answer]:
    session = info.connect()
    session.query(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    session.query(f"CREATE SCHEMA {schema}")
    session.query(f"SET search_path TO {schema}")
    for statement in split_script(path.read_text()):
        try:
            result = session.try_query(statement.sql, statement.copy_data)[-1]
        except (ConnectionLost, OSError) as lost:
            # One crash must not hide what the rest of the file would show.
            result = Result(tag=f"connection lost: {lost}")
            session.close()
            session = info.connect()
            session.query(f"SET search_path TO {schema}")
        yield Answer(statement.line, statement.sql, statement.is_ordered, result)
    session.try_query("ROLLBACK")
    session.try_query(f"DROP SCHEMA {schema} CASCADE")
    session.terminate()


def session_answers(path: Path, info: ConnInfo, schema: str) -> Iterator[Answer]:
    cast = Cast(info, schema)
    for step in read_steps(path.read_text()):
        label = f"@{step.sessions} {step.kind} {step.sql}"
        yield Answer(step.line, label, "order by" in step.sql.lower(), cast.run(step))
    cast.close()


def flatten(sql: str) -> str:
    return " ".join(sql.split())


if __name__ == "__main__":
    sys.exit(main())
