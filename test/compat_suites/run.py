"""Runs the test suites that drivers ship, unmodified, against a server.

    run.py --suite asyncpg
    run.py --suite sqlalchemy --match reflection

The source distributions are fetched once into .cache/ at the version that test/requirements.txt
pins. `exclusions/<suite>.txt` lists the tests that cannot pass and why; such a test runs all the
same, and counts as skipped while it fails. One whose reason begins with "not run:" would spoil
others and is left out.
"""

import argparse
import dataclasses
import fnmatch
import os
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

from harness.helios import HeliosServer
from harness.paths import ROOT, TEST
from harness.postgres import PostgresServer
from harness.target import Server

HERE = TEST / "compat_suites"
CACHE = ROOT / ".cache" / "suites"
RESULTS = ROOT / "build" / "compat_suites"
FAILURES_SHOWN_MAX = 400


@dataclasses.dataclass(frozen=True)
class Suite:
    package: str
    files: tuple[str, ...]
    # Given the server, what pytest gets besides the common options, and the environment.
    command: Callable[[Server], tuple[list[str], dict[str, str]]]
    prepare: tuple[str, ...] = ()
    # Run only with --full: long, and mostly about the client.
    more_files: tuple[str, ...] = ()
    # Folders to unpack; none means all.
    folders: tuple[str, ...] = ()


def sqlalchemy_command(server: Server) -> tuple[list[str], dict[str, str]]:
    url = f"postgresql+psycopg://{server.info.url}"
    options = ["--dburi", url, "--maxfail=100000", "--tb=line"]
    if server.name == "pg":
        return options, {}
    return ["-p", "no_extensions", *options], {"PYTHONPATH": str(HERE)}


def asyncpg_command(server: Server) -> tuple[list[str], dict[str, str]]:
    # The suite looks for lint tools in this one file; it says nothing about a server.
    options = ["--ignore=tests/test__sourcecode.py", "--timeout=60", "--tb=native"]
    if server.name == "pg":
        return options, server.info.environment
    # As the suite's own clusters: without TLS, whose transport keeps objects that tests expect gone.
    environment = server.info.environment | {"PYTHONPATH": str(HERE), "PGSSLMODE": "disable"}
    return ["-p", "one_database", *options], environment


SUITES = {
    "sqlalchemy": Suite(
        "SQLAlchemy",
        ("test/dialect/test_suite.py",),
        sqlalchemy_command,
        more_files=("test/dialect/postgresql",),
        # What SQLAlchemy's README.unittests.rst asks for.
        prepare=("CREATE SCHEMA test_schema", "CREATE SCHEMA test_schema_2"),
    ),
    # Without its own sources, which would hide the compiled package.
    "asyncpg": Suite("asyncpg", ("tests",), asyncpg_command, folders=("tests",)),
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    test: str
    verdict: str  # passed, failed, skipped
    message: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--suite", choices=sorted(SUITES), required=True)
    parser.add_argument("--target", choices=("helios", "pg"), default="helios")
    parser.add_argument("--match", default="", help="pytest's -k expression")
    parser.add_argument("--full", action="store_true", help="run the suite's longer part too")
    arguments = parser.parse_args()
    suite = SUITES[arguments.suite]
    source = fetch(suite)
    server = PostgresServer() if arguments.target == "pg" else HeliosServer()
    try:
        server.start()
        with server.info.connect() as connection:
            for sql in suite.prepare:
                connection.query(sql)
        files = suite.files + (suite.more_files if arguments.full else ())
        command, environment = suite.command(server)
        exclusions = read_exclusions(arguments.suite)
        left_out = left_out_tests(exclusions) if arguments.target == "helios" else []
        command = [*files, *command, "-k", arguments.match]
        command += [f"--deselect={test}" for test in left_out]
        outcomes = run_pytest(arguments.suite, command, source, environment)
    finally:
        server.close()
    outcomes += [Outcome(test, "skipped") for test in left_out]
    return report(outcomes, exclusions, arguments.target)


def fetch(suite: Suite) -> Path:
    """The unpacked source distribution of the pinned version."""
    package = suite.package
    pins = (TEST / "requirements.txt").read_text()
    pin = re.search(rf"^{package}==(\S+)$", pins, re.MULTILINE)
    if pin is None:
        raise LookupError(f"{package} is not pinned")
    folder = CACHE / f"{package.lower()}-{pin[1]}"
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    print(f"fetching the source of {package} {pin[1]}", flush=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE)]
        + ["--no-binary", package, f"{package}=={pin[1]}"],
        check=True,
    )
    with tarfile.open(f"{folder}.tar.gz") as archive:
        wanted = tuple(f"{folder.name}/{name}/" for name in suite.folders)
        members = [m for m in archive if not wanted or m.name.startswith(wanted)]
        archive.extractall(CACHE, members, filter="data")
    return folder


def run_pytest(
    name: str, arguments: list[str], source: Path, environment: dict[str, str]
) -> list[Outcome]:
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = RESULTS / f"{name}.xml"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={result}"]
    command += ["-q", "-p", "no:cacheprovider"]
    log_path = RESULTS / f"{name}.log"
    print(f"running; the log is {log_path.relative_to(ROOT)}", flush=True)
    with log_path.open("w") as log:
        subprocess.run(
            command, cwd=source, env=os.environ | environment, stdout=log, stderr=log, check=False
        )
    if not result.exists():
        raise RuntimeError(f"the suite did not run:\n{log_path.read_text()[-3000:]}")
    return [read_case(case) for case in ElementTree.parse(result).iter("testcase")]


def read_case(case: ElementTree.Element) -> Outcome:
    test = f"{case.get('classname')}.{case.get('name')}"
    for tag in ("failure", "error"):
        found = case.find(tag)
        if found is not None:
            return Outcome(test, "failed", (found.get("message") or "").split("\n")[0][:200])
    return Outcome(test, "skipped" if case.find("skipped") is not None else "passed")


def read_exclusions(name: str) -> dict[str, str]:
    """Patterns of test names with their reasons; each line is `pattern | reason`."""
    exclusions = {}
    for line in (HERE / "exclusions" / f"{name}.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            pattern, _, reason = line.partition(" | ")
            if not reason.strip():
                raise ValueError(f"no reason for {pattern!r}")
            exclusions[pattern.strip()] = reason.strip()
    return exclusions


def left_out_tests(exclusions: dict[str, str]) -> list[str]:
    """Those that are not to run, as pytest names them."""
    left_out = []
    for pattern, reason in exclusions.items():
        if reason.startswith("not run:"):
            *module, suite, test = pattern.split(".")
            left_out.append(f"{'/'.join(module)}.py::{suite}::{test}")
    return left_out


def report(outcomes: list[Outcome], exclusions: dict[str, str], target: str) -> int:
    passed = sum(outcome.verdict == "passed" for outcome in outcomes)
    skipped = sum(outcome.verdict == "skipped" for outcome in outcomes)
    excluded, failures = 0, []
    for outcome in outcomes:
        if outcome.verdict == "failed":
            if any(fnmatch.fnmatchcase(outcome.test, pattern) for pattern in exclusions):
                excluded += 1
            else:
                failures.append(outcome)
    for outcome in failures[:FAILURES_SHOWN_MAX]:
        print(f"  FAILED {outcome.test}: {outcome.message}")
    print(f"{target}: {excluded} of the {skipped + excluded} skipped are on our list of exclusions")
    print(f"{passed} passed, {len(failures)} failed, {skipped + excluded} skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
