"""Large values, many parameters, wide tables, many connections."""

import resource
import struct
from pathlib import Path

import pytest
from harness.target import ConnInfo, Server
from harness.wire import Connection, ConnectionLost, frame, parse_columns, parse_fields, parse_row

PARAMETER_COUNT_MAX = 65_535
COLUMN_COUNT_MAX = 1_600


@pytest.mark.checklist(26)
def test_65535_parameters(wire: Connection) -> None:
    placeholders = ",".join(f"(${n})" for n in range(1, PARAMETER_COUNT_MAX + 1))
    wire.parse(f"SELECT count(*), sum(v::int) FROM (VALUES {placeholders}) x(v)")
    wire.bind(tuple(b"1" for _ in range(PARAMETER_COUNT_MAX)))
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert messages[0].kind == "1", parse_fields(messages[0].body)
    row = next(m for m in messages if m.kind == "D")
    assert parse_row(row.body) == (b"65535", b"65535")


@pytest.mark.checklist(26)
def test_more_parameters_than_bind_can_carry(wire: Connection) -> None:
    """The count in Bind has 16 bits: it must not wrap around into a success."""
    placeholders = ",".join(f"(${n})" for n in range(1, PARAMETER_COUNT_MAX + 2))
    wire.parse(f"SELECT count(*) FROM (VALUES {placeholders}) x(v)")
    wire.bind()
    wire.execute()
    wire.sync()
    assert any(message.kind == "E" for message in wire.until_ready())
    assert wire.query("SELECT 1")[0].tag == "SELECT 1"


@pytest.mark.checklist(26)
def test_insert_of_many_rows_by_parameters(wire: Connection) -> None:
    wire.query("CREATE TABLE t (a int, b text, c int)")
    rows = 20_000
    values = ",".join(f"(${3 * n + 1},${3 * n + 2},${3 * n + 3})" for n in range(rows))
    wire.parse(f"INSERT INTO t VALUES {values}")
    wire.bind(tuple(text for n in range(rows) for text in (str(n).encode(), b"row", b"7")))
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert [m.kind for m in messages] == ["1", "2", "C", "Z"], parse_fields(messages[-2].body)
    assert wire.query("SELECT count(*), sum(a) FROM t")[0].text_rows() == [("20000", "199990000")]


@pytest.mark.checklist(26)
@pytest.mark.timeout(300)
def test_100_mb_value(wire: Connection) -> None:
    size = 100 * 1024 * 1024
    wire.query("CREATE TABLE big (id int PRIMARY KEY, v text, b bytea)")
    wire.parse("INSERT INTO big VALUES ($1, $2, NULL)")
    wire.bind((b"1", b"x" * size))
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert [m.kind for m in messages] == ["1", "2", "C", "Z"], parse_fields(messages[-2].body)
    row = wire.query("SELECT length(v), md5(v) = md5(repeat('x', 104857600)) FROM big")[0]
    assert row.text_rows() == [(str(size), "t")]
    value = wire.query("SELECT v FROM big")[0].rows[0][0]
    assert len(value) == size and value[:3] == b"xxx" and value[-3:] == b"xxx"
    wire.query("UPDATE big SET b = decode(repeat('ff', 1000000), 'hex')")
    wire.parse("SELECT b FROM big")
    wire.bind(result_formats=(1,))
    wire.execute()
    wire.sync()
    assert parse_row(wire.expect("12DCZ")[2].body) == (b"\xff" * 1_000_000,)


@pytest.mark.checklist(26)
def test_1600_columns(wire: Connection) -> None:
    columns = ", ".join(f"c{n} int" for n in range(COLUMN_COUNT_MAX))
    wire.query(f"CREATE TABLE wide ({columns})")
    values = ", ".join(str(n) for n in range(COLUMN_COUNT_MAX))
    wire.query(f"INSERT INTO wide VALUES ({values})")
    wire.parse("SELECT * FROM wide")
    wire.bind(result_formats=(1,))
    wire.describe_portal()
    wire.execute()
    wire.sync()
    messages = wire.expect("12TDCZ")
    assert len(parse_columns(messages[2].body)) == COLUMN_COUNT_MAX
    assert parse_row(messages[3].body)[-1] == struct.pack("!i", COLUMN_COUNT_MAX - 1)
    too_many = f"CREATE TABLE wider ({columns}, one_more int)"
    assert wire.try_query(too_many)[0].error.sqlstate == "54011"


@pytest.mark.checklist(26)
def test_1664_target_entries(wire: Connection) -> None:
    entries = ", ".join("1" for _ in range(1_664))
    assert len(wire.query(f"SELECT {entries}")[0].columns) == 1_664
    assert wire.try_query(f"SELECT {entries}, 1")[0].error.sqlstate == "54011"


def test_identifier_of_63_bytes(wire: Connection) -> None:
    wire.query(f"CREATE TABLE {'t' * 70} (id int)")
    assert wire.notices[-1]["C"] == "42622"
    assert wire.query(f"SELECT * FROM {'t' * 63}")[0].rows == []


def test_a_message_beyond_the_bound_is_refused(info: ConnInfo) -> None:
    """A gigabyte and more is refused when its length is read, without allocating it."""
    connection = info.connect()
    connection.send_raw(b"Q" + struct.pack("!i", 0x7FFFFFF0))
    connection.send_raw(b"SELECT 1")
    try:
        message = connection.next()
    except (ConnectionLost, ConnectionResetError):
        pass  # As PostgreSQL does.
    else:
        assert message.kind == "E" and parse_fields(message.body)["S"] == "FATAL"
    connection.close()


def test_a_large_result(wire: Connection) -> None:
    wire.send("Q", b"SELECT n, md5(n::text) FROM generate_series(1, 500000) n\0")
    count = 0
    while (message := wire.next()).kind != "Z":
        count += message.kind == "D"
    assert count == 500_000


def test_many_statements_in_one_string(wire: Connection) -> None:
    wire.query("CREATE TABLE t (i int)")
    results = wire.query("INSERT INTO t VALUES (1);" * 2_000)
    assert len(results) == 2_000
    assert wire.query("SELECT count(*) FROM t")[0].text_rows() == [("2000",)]


def test_many_prepared_statements_and_portals(wire: Connection) -> None:
    batch = b"".join(frame("P", b"s%d\0SELECT %d\0\0\0" % (n, n)) for n in range(3_000))
    wire.send_raw(batch + frame("S"))
    assert [m.kind for m in wire.until_ready()] == ["1"] * 3_000 + ["Z"]
    wire.bind(statement="s2999")
    wire.execute()
    wire.sync()
    assert parse_row(wire.expect("2DCZ")[1].body) == (b"2999",)
    wire.query("DEALLOCATE ALL")


@pytest.mark.timeout(300)
def test_5000_idle_connections_cost_kilobytes(server: Server, target: str) -> None:
    if target == "pg":
        pytest.skip("PostgreSQL runs a process for each connection")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 12_000:
        pytest.skip(f"the machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = resident_kib(server.pid)
    connections = [server.info.connect() for _ in range(5_000)]
    try:
        grown = resident_kib(server.pid) - before
        assert connections[0].query("SELECT 1")[0].tag == "SELECT 1"
        assert connections[-1].query("SELECT 1")[0].tag == "SELECT 1"
    finally:
        for connection in connections:
            connection.terminate()
    assert grown / 5_000 < 100, f"{grown / 5_000:.0f} KiB for each connection"


def resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS line")
