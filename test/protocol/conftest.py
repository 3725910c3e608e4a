"""Servers and schemas for the protocol tests, and the report on the checklist.

    pytest test/protocol                   against HeliosDB
    pytest test/protocol --target pg       validates the tests against PostgreSQL 15
    pytest test/protocol --checklist       prints which checklist items passed
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator

import pytest
from harness.helios import HeliosServer
from harness.postgres import PostgresServer
from harness.target import ConnInfo, Server
from harness.wire import Connection

_schema_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--target", choices=("helios", "pg"), default="helios")
    parser.addoption("--checklist", action="store_true", help="print the checklist at the end")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> str:
    return request.config.getoption("--target")


def _make(target: str, auth: str) -> Server:
    if target == "pg":
        return PostgresServer(auth=auth, tls=True)
    return HeliosServer(auth=auth)


@pytest.fixture(scope="session")
def server(target: str) -> Iterator[Server]:
    """Trusts everyone; TLS is offered."""
    server = _make(target, "trust")
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def scram_server(target: str) -> Iterator[Server]:
    """Wants a password by SCRAM-SHA-256; TLS is offered."""
    server = _make(target, "scram")
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def info(server: Server) -> ConnInfo:
    return server.info


@pytest.fixture
def schema(info: ConnInfo) -> Iterator[str]:
    """The name of a fresh schema, dropped at the end."""
    name = f"test_{next(_schema_numbers)}"
    with info.connect() as connection:
        connection.query(f"CREATE SCHEMA {name}")
    yield name
    with info.connect() as connection:
        connection.query(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def wire(info: ConnInfo, schema: str) -> Iterator[Connection]:
    """A raw connection whose tables go into a fresh schema."""
    connection = info.connect()
    connection.query(f"SET search_path TO {schema}")
    yield connection
    connection.terminate()


_outcomes: dict[int, list[tuple[str, str]]] = defaultdict(list)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report = (yield).get_result()
    if report.when == "call" or report.outcome != "passed":
        for mark in item.iter_markers("checklist"):
            for number in mark.args:
                _outcomes[number].append((item.name, report.outcome))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--checklist"):
        return
    terminalreporter.section("protocol checklist")
    for number in sorted(_outcomes):
        outcomes = _outcomes[number]
        passed = sum(outcome == "passed" for _, outcome in outcomes)
        missing = [name for name, outcome in outcomes if outcome != "passed"]
        line = f"{number:2}: {passed} of {len(outcomes)} tests pass"
        terminalreporter.write_line(line + (f"; not: {', '.join(missing)}" if missing else ""))
