"""Drivers of other languages: each runs a program of its own and reports."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness.paths import BUILD, TEST
from harness.target import ConnInfo

HERE = TEST / "protocol"


def need(command: str) -> None:
    if shutil.which(command) is None:
        pytest.fail(f"{command} is missing; run scripts/bootstrap test")


def run(command: list[str], directory: Path, info: ConnInfo, schema: str) -> str:
    # PGOPTIONS does not reach node-postgres, so programs get the schema as an argument.
    done = subprocess.run(
        command, cwd=directory, env=os.environ | info.environment, capture_output=True, text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.checklist(19, 9, 13, 23)
def test_node_postgres(info: ConnInfo, schema: str) -> None:
    need("node")
    assert run(["node", "session.mjs", schema], HERE / "node", info, schema) == "done\n"


@pytest.mark.checklist(9, 13, 25)
def test_pgx(info: ConnInfo, schema: str) -> None:
    need("go")
    program = BUILD / "pgx_session"
    program.parent.mkdir(exist_ok=True)
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE / "go", check=True, timeout=110)
    assert run([str(program), schema], HERE / "go", info, schema) == "done\n"


SECTIONS = (
    "types", "preparedToBinary", "transactions", "batches", "fetchSize", "generatedKeys", "copy", "errors",
    "timeout", "notifications", "updatableResultSet", "metaDataTables", "metaDataKeys", "metaDataTypes",
    "simpleMode",
)


@pytest.fixture(scope="module")
def jdbc_report(server) -> dict[str, str]:
    """What each section of the Java program printed."""
    need("javac")
    info = server.info
    classes = BUILD / "jdbc_session"
    classpath = f"{BUILD / 'jdbc'}/*"
    subprocess.run(
        ["javac", "-cp", classpath, "-d", str(classes), "JdbcSession.java"], cwd=HERE / "java", check=True
    )
    with info.connect() as connection:
        connection.query("DROP SCHEMA IF EXISTS jdbc CASCADE")
        connection.query("CREATE SCHEMA jdbc")
    done = subprocess.run(
        ["java", "-cp", f"{classes}:{classpath}", "JdbcSession",
         f"jdbc:postgresql://{info.host}:{info.port}/{info.database}", info.user, info.password, "jdbc"],
        capture_output=True, text=True, timeout=110,
    )
    report: dict[str, str] = {"": done.stderr}
    name = ""
    for line in done.stdout.splitlines():
        if line.split(" ")[0] in SECTIONS:
            name = line.split(" ")[0]
            report[name] = ""
        report[name] += line + "\n"
    return report


@pytest.mark.checklist(18)
@pytest.mark.parametrize("section", SECTIONS)
def test_pgjdbc(jdbc_report: dict[str, str], section: str) -> None:
    assert section in jdbc_report, jdbc_report[""]
    assert jdbc_report[section] == f"{section} ok\n", jdbc_report[section]
