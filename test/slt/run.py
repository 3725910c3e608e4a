"""Runs sqllogictest files against HeliosDB or PostgreSQL 15.

    run.py PATH...               files or folders
    run.py --corpus              the public corpus in shared/data
    run.py --corpus --match evidence

Files run in parallel, each in a schema of its own. Some folders of the corpus hold records on which
PostgreSQL 15 itself disagrees with the file: for them the expectation is what a PostgreSQL 15 beside
the target does.
"""

import argparse
import concurrent.futures
import contextlib
import os
import sys
import time
from pathlib import Path

from execute import FileReport, run_file, run_file_against
from harness.paths import shared_data
from harness.target import ConnInfo, add_target_option, running

# `evidence` describes SQLite's own behaviour, `index/view` drops views that others need, and
# `index/random` applies arithmetic to text.
REFERENCE_FOLDERS = ("/evidence/", "/index/view/", "/index/random/")


def main() -> int:
    arguments = parse_arguments()
    files = find_files(arguments)
    if not files:
        print("no test file matches", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(arguments.target))
        reference: ConnInfo | None = None
        if any(needs_reference(path) for path in files):
            reference = stack.enter_context(running("pg")).info
        reports = run_all(files, server.info, reference, arguments.jobs)
    passed = sum(report.passed for report in reports)
    failed = sum(report.failed for report in reports)
    known = count_known(reports) if arguments.target == "helios" else 0
    print(f"{passed} passed, {failed - known} failed, {known} skipped")
    failed -= known
    return 1 if failed else 0


def count_known(reports: list[FileReport]) -> int:
    """Failures that known_failures.txt lists with their reasons; they count as skipped."""
    listed = Path(__file__).with_name("known_failures.txt").read_text().splitlines()
    places = {line.split()[0] for line in listed if line.strip() and not line.startswith("#")}
    return sum(
        any(f"{place}:" in str(failure) for place in places)
        for report in reports
        for failure in report.failures
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_target_option(parser)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--corpus", action="store_true", help="run the corpus in shared/data")
    parser.add_argument("--match", default="", help="only files whose path contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def find_files(arguments: argparse.Namespace) -> list[Path]:
    roots = list(arguments.paths)
    if arguments.corpus:
        roots.append(shared_data() / "sqllogictest")
    files = []
    for root in roots:
        files += [root] if root.is_file() else sorted(root.rglob("*.test"))
    # The largest first keeps all workers busy to the end.
    return sorted(
        (path for path in files if arguments.match in str(path)),
        key=lambda path: -path.stat().st_size,
    )


def needs_reference(path: Path) -> bool:
    return any(folder in str(path) for folder in REFERENCE_FOLDERS)


def run_all(
    files: list[Path], info: ConnInfo, reference: ConnInfo | None, jobs: int
) -> list[FileReport]:
    reports = []
    with concurrent.futures.ProcessPoolExecutor(max_workers=jobs) as pool:
        tasks = [
            pool.submit(run_one, path, info, reference, f"slt_{number}")
            for number, path in enumerate(files)
        ]
        for task in concurrent.futures.as_completed(tasks):
            report = task.result()
            reports.append(report)
            verdict = "FAIL" if report.failed else "ok"
            name = "/".join(report.path.parts[-4:])
            print(
                f"[{len(reports)}/{len(files)}] {verdict:4} {name}: {report.passed} passed, "
                f"{report.failed} failed in {report.seconds:.1f} s",
                flush=True,
            )
            for failure in report.failures:
                print(f"  {failure}", flush=True)
    return reports


def run_one(path: Path, info: ConnInfo, reference: ConnInfo | None, schema: str) -> FileReport:
    started = time.monotonic()
    if needs_reference(path) and reference is not None:
        report = run_file_against(path, info, reference, schema)
    else:
        report = run_file(path, info, schema)
    report.seconds = time.monotonic() - started
    return report


if __name__ == "__main__":
    sys.exit(main())
