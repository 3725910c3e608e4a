"""COPY over the wire: formats, failure, volume."""

import io
import struct

import psycopg
import psycopg2
import pytest
from harness.target import ConnInfo
from harness.wire import Connection, parse_fields

pytestmark = pytest.mark.checklist(9)

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)


def begin_copy(wire: Connection, sql: str, kind: str) -> tuple[int, list[int]]:
    """Starts a COPY; returns the overall format and that of each column."""
    wire.send("Q", sql.encode() + b"\0")
    (message,) = wire.expect(kind)
    count = struct.unpack_from("!h", message.body, 1)[0]
    return message.body[0], list(struct.unpack_from(f"!{count}h", message.body, 3))


@pytest.fixture
def table(wire: Connection) -> Connection:
    wire.query("CREATE TABLE t (id int PRIMARY KEY, name text)")
    return wire


def test_copy_in_split_anywhere(table: Connection) -> None:
    assert begin_copy(table, "COPY t FROM STDIN", "G") == (0, [0, 0])
    for byte in b"1\tone\n2\t\\N\n3\tthr\\tee\n":
        table.send("d", bytes([byte]))
    table.send("c")
    complete, _ = table.expect("CZ")
    assert complete.body == b"COPY 3\0"
    rows = table.query("SELECT * FROM t ORDER BY id")[0].text_rows()
    assert rows == [("1", "one"), ("2", None), ("3", "thr\tee")]


def test_copy_fail_leaves_nothing(table: Connection) -> None:
    begin_copy(table, "COPY t FROM STDIN", "G")
    table.send("d", b"1\tone\n")
    table.send("f", b"changed my mind\0")
    error, _ = table.expect("EZ")
    fields = parse_fields(error.body)
    assert fields["C"] == "57014" and "changed my mind" in fields["M"]
    assert table.query("SELECT count(*) FROM t")[0].text_rows() == [("0",)]


def test_error_in_the_data_names_the_line(table: Connection) -> None:
    begin_copy(table, "COPY t FROM STDIN", "G")
    table.send("d", b"1\tone\nx\ttwo\n")
    table.send("c")
    error, _ = table.expect("EZ")
    fields = parse_fields(error.body)
    assert fields["C"] == "22P02"
    assert fields["W"].startswith("COPY t, line 2, column id")
    assert table.query("SELECT count(*) FROM t")[0].text_rows() == [("0",)]


def test_data_after_an_error_is_dropped(table: Connection) -> None:
    begin_copy(table, "COPY t FROM STDIN", "G")
    table.send("d", b"x\tbad\n")
    for number in range(1_000):
        table.send("d", f"{number}\tmore\n".encode())
    table.send("c")
    table.expect("EZ")
    assert table.query("SELECT count(*) FROM t")[0].text_rows() == [("0",)]


def test_a_query_during_copy_in_is_an_error(table: Connection) -> None:
    begin_copy(table, "COPY t FROM STDIN", "G")
    table.send("Q", b"SELECT 1\0")
    message = table.next()
    assert message.kind == "E" and parse_fields(message.body)["C"] == "08P01"


def test_copy_out(table: Connection) -> None:
    table.query("INSERT INTO t VALUES (1, 'one'), (2, NULL)")
    assert begin_copy(table, "COPY t TO STDOUT", "H") == (0, [0, 0])
    data = b"".join(m.body for m in table.expect("ddcCZ") if m.kind == "d")
    assert data == b"1\tone\n2\t\\N\n"


def test_copy_binary_out_and_in(table: Connection) -> None:
    table.query("INSERT INTO t VALUES (1, 'one'), (2, NULL)")
    assert begin_copy(table, "COPY t TO STDOUT (FORMAT binary)", "H") == (1, [1, 1])
    data = b"".join(m.body for m in table.until_ready() if m.kind == "d")
    first = struct.pack("!hiii", 2, 4, 1, 3) + b"one"
    second = struct.pack("!hiii", 2, 4, 2, -1)
    assert data == SIGNATURE + first + second + TRAILER
    table.query("DELETE FROM t")
    begin_copy(table, "COPY t FROM STDIN (FORMAT binary)", "G")
    table.send("d", data)
    table.send("c")
    table.expect("CZ")
    assert table.query("SELECT * FROM t ORDER BY id")[0].text_rows() == [("1", "one"), ("2", None)]


@pytest.mark.parametrize(
    "data",
    [
        b"not a signature at all",
        b"",
        SIGNATURE + struct.pack("!h", 5),
        SIGNATURE + struct.pack("!hi", 2, 1_000_000),
        SIGNATURE + struct.pack("!hii", 2, 4, 1),
        SIGNATURE + struct.pack("!hi", 2, -7),
        SIGNATURE + struct.pack("!hi", 2, 3) + b"abc" + struct.pack("!i", -1),
        b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 1 << 20, 0),
    ],
)
def test_malformed_binary_copy(table: Connection, data: bytes) -> None:
    begin_copy(table, "COPY t FROM STDIN (FORMAT binary)", "G")
    table.send("d", data)
    table.send("c")
    error, _ = table.expect("EZ")
    assert parse_fields(error.body)["C"] in ("22P04", "22P03", "0A000", "08P01")
    assert table.query("SELECT 1")[0].tag == "SELECT 1"


def test_copy_in_the_extended_protocol(table: Connection) -> None:
    table.parse("COPY t FROM STDIN")
    table.bind()
    table.execute()
    table.send("d", b"1\tone\n")
    table.send("c")
    table.sync()
    assert "".join(m.kind for m in table.until_ready()) == "12GCZ"
    table.parse("COPY t TO STDOUT")
    table.bind()
    table.execute()
    table.sync()
    assert "".join(m.kind for m in table.until_ready()) == "12HdcCZ"


def test_copy_within_a_transaction(table: Connection) -> None:
    table.query("BEGIN")
    table.query("INSERT INTO t VALUES (1, 'before')")
    begin_copy(table, "COPY t FROM STDIN", "G")
    table.send("d", b"2\tcopied\n")
    table.send("c")
    table.expect("CZ")
    assert table.query("SELECT count(*) FROM t")[0].text_rows() == [("2",)]
    table.query("ROLLBACK")
    assert table.query("SELECT count(*) FROM t")[0].text_rows() == [("0",)]


def test_100k_rows_with_psycopg(info: ConnInfo, schema: str) -> None:
    with psycopg.connect(info.dsn, options=f"-c search_path={schema}") as connection:
        connection.execute("CREATE TABLE bulk (id int PRIMARY KEY, v text, n numeric)")
        with connection.cursor().copy("COPY bulk FROM STDIN") as copy:
            for number in range(100_000):
                copy.write_row((number, f"row {number}", number / 4))
        count, total = connection.execute("SELECT count(*), sum(n) FROM bulk").fetchone()
        assert (count, float(total)) == (100_000, sum(n / 4 for n in range(100_000)))
        with connection.cursor().copy("COPY (SELECT * FROM bulk ORDER BY id) TO STDOUT") as copy:
            rows = sum(1 for _ in copy.rows())
        assert rows == 100_000


def test_binary_with_types_in_psycopg(info: ConnInfo, schema: str) -> None:
    with psycopg.connect(info.dsn, options=f"-c search_path={schema}") as connection:
        connection.execute("CREATE TABLE typed (a int8, b text, c float8, d timestamptz, e int[])")
        cursor = connection.cursor()
        with cursor.copy("COPY typed FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int8", "text", "float8", "timestamptz", "int4[]"])
            for number in range(1_000):
                copy.write_row((number, "x" * (number % 7), number / 3, None, [number, None]))
        with cursor.copy("COPY typed TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int8", "text", "float8", "timestamptz", "int4[]"])
            rows = list(copy.rows())
        assert rows[5] == (5, "xxxxx", 5 / 3, None, [5, None])
        assert len(rows) == 1_000


def test_copy_expert_of_psycopg2(info: ConnInfo, schema: str) -> None:
    connection = psycopg2.connect(info.dsn, options=f"-c search_path={schema}")
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t2 (id int, name text)")
    cursor.copy_expert("COPY t2 FROM STDIN (FORMAT csv, HEADER)", io.StringIO('id,name\n1,"a,b"\n2,\n'))
    out = io.StringIO()
    cursor.copy_expert("COPY t2 TO STDOUT (FORMAT csv, HEADER)", out)
    assert out.getvalue() == 'id,name\n1,"a,b"\n2,\n'
    cursor.copy_from(io.StringIO("3\tthree\n"), "t2")
    out = io.StringIO()
    cursor.copy_to(out, "t2", columns=("name",))
    assert out.getvalue() == "a,b\n\\N\nthree\n"
    connection.close()
