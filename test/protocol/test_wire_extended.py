"""The extended query protocol, message by message."""

import struct

import pytest
from harness.target import ConnInfo
from harness.wire import (
    Connection,
    ConnectionLost,
    Message,
    frame,
    parse_columns,
    parse_fields,
    parse_parameter_types,
    parse_row,
)


def kinds(messages: list[Message]) -> str:
    return "".join(message.kind for message in messages)


def int4(value: int) -> bytes:
    return struct.pack("!i", value)


@pytest.mark.checklist(6)
def test_unnamed_statement_with_text_parameters(wire: Connection) -> None:
    wire.parse("SELECT $1::int + $2::int AS total")
    wire.bind((b"40", b"2"))
    wire.describe_portal()
    wire.execute()
    wire.sync()
    parse, bind, description, row, complete, ready = wire.expect("12TDCZ")
    assert parse_columns(description.body)[0].name == "total"
    assert parse_row(row.body) == (b"42",)
    assert complete.body == b"SELECT 1\0"
    assert ready.body == b"I"


@pytest.mark.checklist(6, 7)
def test_binary_parameters_and_results(wire: Connection) -> None:
    wire.parse("SELECT $1::int * 2, $2::text, $3::int8", type_oids=(23, 25, 20))
    wire.bind((int4(21), "é".encode(), struct.pack("!q", 1 << 40)), formats=(1,), result_formats=(1,))
    wire.describe_portal()
    wire.execute()
    wire.sync()
    messages = wire.expect("12TDCZ")
    assert [c.format_code for c in parse_columns(messages[2].body)] == [1, 1, 1]
    assert parse_row(messages[3].body) == (int4(42), "é".encode(), struct.pack("!q", 1 << 40))


@pytest.mark.checklist(6)
def test_mixed_formats(wire: Connection) -> None:
    wire.parse("SELECT $1::int, $2::int, $1::int")
    wire.bind((b"7", int4(8)), formats=(0, 1), result_formats=(0, 1, 1))
    wire.describe_portal()
    wire.execute()
    wire.sync()
    messages = wire.expect("12TDCZ")
    assert parse_row(messages[3].body) == (b"7", int4(8), int4(7))


@pytest.mark.checklist(6)
def test_null_parameters(wire: Connection) -> None:
    wire.parse("SELECT $1::text IS NULL, $1::text, $2::int")
    wire.bind((None, None))
    wire.execute()
    wire.sync()
    assert parse_row(wire.expect("12DCZ")[2].body) == (b"t", None, None)


@pytest.mark.checklist(6)
@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("SELECT $1::int, $2::text", (23, 25)),
        ("SELECT $1 + 1", (23,)),
        ("SELECT $1 + 1.5", (1700,)),
        ("SELECT $1 || 'x'", (25,)),
        ("SELECT $1", (25,)),
        ("SELECT id FROM inferred WHERE id = $1", (20,)),
        ("SELECT id FROM inferred WHERE made > $1 AND name LIKE $2", (1184, 25)),
        ("SELECT id FROM inferred WHERE id = ANY($1)", (1016,)),
        ("SELECT id FROM inferred WHERE id IN ($1, $2)", (20, 20)),
        ("SELECT id FROM inferred WHERE id BETWEEN $1 AND $2", (20, 20)),
        ("SELECT id FROM inferred LIMIT $1 OFFSET $2", (20, 20)),
        ("INSERT INTO inferred VALUES ($1, $2, $3, $4)", (20, 1043, 1184, 3802)),
        ("INSERT INTO inferred (name) VALUES ($1), ($2)", (1043, 1043)),
        ("UPDATE inferred SET name = $1 WHERE id = $2", (1043, 20)),
        ("DELETE FROM inferred WHERE name = $1", (25,)),
        ("SELECT coalesce($1, 5)", (23,)),
        ("SELECT CASE WHEN $1 THEN 1 END", (16,)),
        ("SELECT $1::date - interval '1 day'", (1082,)),
        ("SELECT lower($1)", (25,)),
        ("SELECT now() - $1", (1184,)),
        ("SELECT * FROM generate_series(1, $1)", (23,)),
        ("SELECT data -> $1 FROM inferred", (25,)),
        ("SELECT data @> $1 FROM inferred", (3802,)),
    ],
)
def test_parameter_types_are_inferred(inferred: Connection, sql: str, types: tuple[int, ...]) -> None:
    inferred.parse(sql)
    inferred.describe_statement()
    inferred.sync()
    messages = inferred.until_ready()
    assert messages[0].kind == "1", parse_fields(messages[0].body)
    assert messages[1].kind == "t"
    assert parse_parameter_types(messages[1].body) == types


@pytest.fixture
def inferred(wire: Connection) -> Connection:
    wire.query("CREATE TABLE inferred (id int8, name varchar(9), made timestamptz, data jsonb)")
    return wire


@pytest.mark.checklist(6)
@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("SELECT $1::int, $3::int", "42P18"),
        ("SELECT $0", "42P02"),
        ("SELECT $1 + $2", "42725"),
        ("SELECT $1::int, $1::text || nope", "42703"),
        ("SELECT 1; SELECT 2", "42601"),
        ("SELECT nope", "42703"),
    ],
)
def test_parse_errors(wire: Connection, sql: str, sqlstate: str) -> None:
    wire.parse(sql)
    wire.describe_statement()
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "EZ"
    assert parse_fields(messages[0].body)["C"] == sqlstate


@pytest.mark.checklist(6)
def test_describe_of_statements_without_rows(wire: Connection) -> None:
    wire.query("CREATE TABLE t (id int)")
    for sql, answer in (("INSERT INTO t VALUES ($1)", "n"), ("BEGIN", "n"), ("", "n"),
                        ("INSERT INTO t VALUES (1) RETURNING id", "T"), ("SHOW timezone", "T"),
                        ("EXPLAIN SELECT 1", "T"), ("VALUES (1)", "T")):
        wire.parse(sql)
        wire.describe_statement()
        wire.sync()
        assert kinds(wire.until_ready()) == f"1t{answer}Z", sql


@pytest.mark.checklist(6)
def test_empty_query_in_the_extended_protocol(wire: Connection) -> None:
    wire.parse("")
    wire.bind()
    wire.describe_portal()
    wire.execute()
    wire.sync()
    assert kinds(wire.until_ready()) == "12nIZ"


@pytest.mark.checklist(6)
def test_flush_answers_without_sync(wire: Connection) -> None:
    """asyncpg's way: Parse, Describe, Flush, and no Sync until it has the types."""
    wire.parse("SELECT $1::int", name="s1")
    wire.describe_statement("s1")
    wire.flush()
    wire.expect("1tT")
    wire.bind((b"5",), statement="s1")
    wire.execute()
    wire.flush()
    assert parse_row(wire.expect("2DC")[1].body) == (b"5",)
    wire.sync()
    wire.expect("Z")


@pytest.mark.checklist(6)
def test_named_statements_live_until_closed(wire: Connection) -> None:
    wire.parse("SELECT $1::int + 1", name="plus")
    wire.sync()
    wire.expect("1Z")
    for value in (b"1", b"2", b"3"):
        wire.bind((value,), statement="plus")
        wire.execute()
        wire.sync()
        assert parse_row(wire.expect("2DCZ")[1].body) == (str(int(value) + 1).encode(),)
    wire.parse("SELECT 1", name="plus")
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "EZ" and parse_fields(messages[0].body)["C"] == "42P05"
    wire.close_statement("plus")
    wire.close_statement("never_was")
    wire.sync()
    wire.expect("33Z")
    wire.bind((b"1",), statement="plus")
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "EZ" and parse_fields(messages[0].body)["C"] == "26000"


def test_statements_of_sql_and_protocol_are_one_namespace(wire: Connection) -> None:
    wire.parse("SELECT 11", name="shared")
    wire.sync()
    wire.expect("1Z")
    assert wire.query("EXECUTE shared")[0].text_rows() == [("11",)]
    wire.query("PREPARE from_sql AS SELECT 12")
    wire.bind(statement="from_sql")
    wire.execute()
    wire.sync()
    assert parse_row(wire.expect("2DCZ")[1].body) == (b"12",)
    wire.query("DEALLOCATE shared")
    wire.bind(statement="shared")
    wire.sync()
    assert parse_fields(wire.until_ready()[0].body)["C"] == "26000"


@pytest.mark.checklist(6)
def test_portal_with_row_limit_suspends_and_resumes(wire: Connection) -> None:
    wire.query("BEGIN")
    wire.parse("SELECT generate_series(1, 5)")
    wire.bind(portal="p")
    wire.execute("p", 2)
    wire.execute("p", 2)
    wire.execute("p", 2)
    wire.execute("p", 2)
    wire.sync()
    messages = wire.until_ready()
    # The third answers with the last row and CommandComplete, the fourth with none at all.
    assert kinds(messages) == "12DDsDDsDCCZ"
    assert messages[8].body == b"SELECT 1\0" or messages[9].body == b"SELECT 1\0"
    wire.query("COMMIT")


@pytest.mark.checklist(6)
def test_a_limit_that_meets_the_row_count_suspends(wire: Connection) -> None:
    wire.parse("SELECT generate_series(1, 2)")
    wire.bind()
    wire.execute("", 2)
    wire.sync()
    assert kinds(wire.until_ready()) == "12DDsZ"


@pytest.mark.checklist(6)
def test_several_portals_are_open_at_once(wire: Connection) -> None:
    wire.query("BEGIN")
    wire.parse("SELECT $1::text || n FROM generate_series(1, 3) n", name="gen")
    wire.bind((b"a",), portal="pa", statement="gen")
    wire.bind((b"b",), portal="pb", statement="gen")
    for portal in ("pa", "pb", "pa", "pb"):
        wire.execute(portal, 1)
    wire.sync()
    rows = [parse_row(m.body)[0] for m in wire.until_ready() if m.kind == "D"]
    assert rows == [b"a1", b"b1", b"a2", b"b2"]
    wire.execute("pa")
    wire.close_portal("pb")
    wire.execute("pb")
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "DC3EZ"
    assert parse_fields(messages[3].body)["C"] == "34000"
    wire.query("ROLLBACK")


@pytest.mark.checklist(6)
def test_portals_end_with_the_implicit_transaction(wire: Connection) -> None:
    wire.parse("SELECT generate_series(1, 3)")
    wire.bind(portal="p")
    wire.execute("p", 1)
    wire.sync()
    assert kinds(wire.until_ready()) == "12DsZ"
    wire.execute("p", 1)
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "EZ" and parse_fields(messages[0].body)["C"] == "34000"


@pytest.mark.checklist(6, 25)
def test_an_error_skips_to_sync(wire: Connection) -> None:
    wire.query("CREATE TABLE t (id int)")
    wire.parse("INSERT INTO t VALUES (1)")
    wire.bind()
    wire.execute()
    wire.parse("SELECT 1/0")
    wire.bind()
    wire.execute()
    wire.parse("INSERT INTO t VALUES (2)")
    wire.bind()
    wire.execute()
    wire.sync()
    wire.parse("SELECT 'after'")
    wire.bind()
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) in ("12C12EZ", "12C1EZ"), "constant folding may fail in Bind"
    assert kinds(wire.until_ready()) == "12DCZ"
    assert wire.query("SELECT count(*) FROM t")[0].text_rows() == [("0",)], "Sync rolls back"


@pytest.mark.checklist(6, 25)
def test_a_pipeline_is_one_transaction_up_to_sync(wire: Connection, info: ConnInfo, schema: str) -> None:
    wire.query("CREATE TABLE t (id int)")
    wire.parse("INSERT INTO t VALUES ($1)", name="ins")
    for value in (b"1", b"2", b"3"):
        wire.bind((value,), statement="ins")
        wire.execute()
    wire.flush()
    wire.expect("12C2C2C")
    with info.connect() as other:
        assert other.query(f"SELECT count(*) FROM {schema}.t")[0].text_rows() == [("0",)]
        wire.sync()
        wire.expect("Z")
        assert other.query(f"SELECT count(*) FROM {schema}.t")[0].text_rows() == [("3",)]


@pytest.mark.checklist(6, 25)
def test_a_long_pipeline(wire: Connection) -> None:
    wire.parse("SELECT $1::int", name="n")
    batch = b""
    for value in range(5_000):
        text = str(value).encode()
        batch += frame("B", b"\0n\0" + struct.pack("!hhi", 0, 1, len(text)) + text + struct.pack("!h", 0))
        batch += frame("E", b"\0" + int4(0))
    wire.send_raw(batch + frame("S"))
    wire.expect("1")
    rows = [parse_row(m.body)[0] for m in wire.until_ready() if m.kind == "D"]
    assert rows == [str(value).encode() for value in range(5_000)]


@pytest.mark.checklist(6, 25)
def test_explicit_transaction_across_syncs(wire: Connection) -> None:
    wire.query("CREATE TABLE t (id int)")
    for sql, status in (("BEGIN", "T"), ("INSERT INTO t VALUES (1)", "T"), ("SELECT 1/0", "E"), ("ROLLBACK", "I")):
        wire.parse(sql)
        wire.bind()
        wire.execute()
        wire.sync()
        wire.until_ready()
        assert wire.transaction_status == status


@pytest.mark.checklist(6)
@pytest.mark.parametrize(
    ("parameters", "formats", "sqlstates"),
    [
        ((b"x",), (), ("22P02",)),
        ((), (), ("08P01",)),
        ((b"1", b"2"), (), ("08P01",)),
        ((b"1",), (0, 0), ("08P01",)),
        ((b"1",), (7,), ("22023", "08P01")),
        ((b"\0\0\0",), (1,), ("22P03", "08P01")),
        ((b"\0\0\0\0\0",), (1,), ("22P03",)),
    ],
)
def test_bad_bind(wire: Connection, parameters: tuple, formats: tuple, sqlstates: tuple) -> None:
    wire.parse("SELECT $1::int")
    wire.bind(parameters, formats=formats)
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "1EZ"
    assert parse_fields(messages[1].body)["C"] in sqlstates
    assert wire.query("SELECT 1")[0].tag == "SELECT 1"


def test_result_format_count_must_match(wire: Connection) -> None:
    wire.parse("SELECT 1, 2, 3")
    wire.bind(result_formats=(1, 0))
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "1EZ" and parse_fields(messages[1].body)["C"] == "08P01"


@pytest.mark.checklist(16)
def test_ddl_under_a_prepared_statement(wire: Connection) -> None:
    wire.query("CREATE TABLE t (a int)")
    wire.query("INSERT INTO t VALUES (1)")
    wire.parse("SELECT * FROM t", name="all")
    wire.parse("SELECT a FROM t", name="one")
    wire.sync()
    wire.expect("11Z")
    wire.query("ALTER TABLE t ADD COLUMN b int DEFAULT 2")
    wire.bind(statement="one")
    wire.execute()
    wire.sync()
    assert parse_row(wire.expect("2DCZ")[1].body) == (b"1",)
    wire.bind(statement="all")
    wire.execute()
    wire.sync()
    messages = wire.until_ready()
    assert messages[0].kind == "E"
    fields = parse_fields(messages[0].body)
    assert fields["C"] == "0A000" and fields["M"] == "cached plan must not change result type"
    wire.query("ALTER TABLE t DROP COLUMN a")
    wire.bind(statement="one")
    wire.execute()
    wire.sync()
    assert parse_fields(wire.until_ready()[0].body)["C"] == "42703"
    wire.query("DROP TABLE t")
    wire.bind(statement="all")
    wire.execute()
    wire.sync()
    assert parse_fields(wire.until_ready()[0].body)["C"] == "42P01"


def test_describe_portal_of_a_cursor(wire: Connection) -> None:
    wire.query("BEGIN; DECLARE c CURSOR FOR SELECT 1 AS one, 'x' AS two")
    wire.describe_portal("c")
    wire.execute("c")
    wire.sync()
    messages = wire.until_ready()
    assert kinds(messages) == "TDCZ"
    assert [c.name for c in parse_columns(messages[0].body)] == ["one", "two"]
    wire.query("ROLLBACK")


def test_unknown_statement_and_portal(wire: Connection) -> None:
    for send, sqlstate in (
        (lambda: wire.describe_statement("nope"), "26000"),
        (lambda: wire.describe_portal("nope"), "34000"),
        (lambda: wire.bind(statement="nope"), "26000"),
        (lambda: wire.execute("nope"), "34000"),
    ):
        send()
        wire.sync()
        messages = wire.until_ready()
        assert kinds(messages) == "EZ" and parse_fields(messages[0].body)["C"] == sqlstate


@pytest.mark.parametrize(
    "bad",
    [
        frame("P", b"no terminator"),
        frame("P", b"\0SELECT 1\0"),
        frame("P", b"\0SELECT 1\0\0\x05"),
        frame("B", b"\0\0"),
        frame("B", b"\0\0\0\0\0\x01" + int4(100) + b"short"),
        frame("B", b"\0\0\0\0\0\x01" + int4(-5)),
        frame("B", b"\0\0\xff\xff"),
        frame("D", b"Xname\0"),
        frame("D", b""),
        frame("C", b"S"),
        frame("E", b"\0"),
        frame("E", b"portal"),
    ],
    ids=lambda bad: repr(bad[:12]),
)
def test_malformed_messages_are_protocol_violations(info: ConnInfo, bad: bytes) -> None:
    """An error, or a FATAL with the connection closed; never a hang, never silence."""
    connection = info.connect()
    connection.send_raw(bad + frame("S"))
    message = connection.next()
    while message.kind in "12":
        message = connection.next()
    assert message.kind == "E", message
    assert parse_fields(message.body)["C"] in ("08P01", "26000", "34000")
    connection.close()
    with info.connect() as other:
        other.query("SELECT 1")


@pytest.mark.parametrize("length", [-1, 0, 3, -2147483648, 2147483647])
def test_bad_message_length_is_fatal(info: ConnInfo, length: int) -> None:
    connection = info.connect()
    connection.send_raw(b"Q" + int4(length))
    try:
        message = connection.next()
    except (ConnectionLost, ConnectionResetError):
        pass  # PostgreSQL closes at once when it has lost its place.
    else:
        assert message.kind == "E"
        assert parse_fields(message.body)["S"] == "FATAL"
        assert connection.is_closed_by_server()
    connection.close()
    with info.connect() as other:
        other.query("SELECT 1")


@pytest.mark.parametrize("kind", ["\x00", "z", "9", "~"])
def test_unknown_message_type_is_fatal(info: ConnInfo, kind: str) -> None:
    connection = info.connect()
    connection.send(kind, b"")
    message = connection.next()
    assert message.kind == "E"
    fields = parse_fields(message.body)
    assert (fields["S"], fields["C"]) == ("FATAL", "08P01")
    assert connection.is_closed_by_server()
    connection.close()


def test_copy_messages_outside_copy_are_ignored(wire: Connection) -> None:
    """PostgreSQL drops them, since a client may still send while the server has failed."""
    wire.send("d", b"data")
    wire.send("c")
    wire.send("f", b"x\0")
    assert wire.query("SELECT 1")[0].tag == "SELECT 1"


def test_client_that_vanishes_within_a_message(info: ConnInfo) -> None:
    connection = info.connect()
    connection.send_raw(b"Q" + int4(1000) + b"SELECT")
    connection.close()
    with info.connect() as other:
        other.query("SELECT 1")


def test_one_byte_at_a_time(info: ConnInfo) -> None:
    with info.connect() as connection:
        for byte in frame("Q", b"SELECT 'slow'\0"):
            connection.send_raw(bytes([byte]))
        assert connection.collect()[0].text_rows() == [("slow",)]


@pytest.mark.checklist(12)
def test_parameters_of_a_cursor_and_of_explain(wire: Connection) -> None:
    wire.query("BEGIN")
    wire.parse("DECLARE c CURSOR FOR SELECT g FROM generate_series(1, $1::int) g WHERE g > $2")
    wire.bind((b"5", b"3"))
    wire.execute()
    wire.sync()
    wire.expect("12CZ")
    assert wire.query("FETCH ALL FROM c")[0].text_rows() == [("4",), ("5",)]
    wire.query("COMMIT")
    wire.parse("EXPLAIN (COSTS OFF) SELECT 1 WHERE $1::int = 1")
    wire.bind((b"1",))
    wire.execute()
    wire.sync()
    assert kinds(wire.until_ready()).startswith("12D")


def test_void_parameters_do_not_count(wire: Connection) -> None:
    """pgjdbc declares the output parameters of a call so."""
    wire.parse("SELECT length($1, $2::void)")
    wire.bind((b"four", b""))
    wire.execute()
    wire.sync()
    assert parse_row(wire.expect("12DCZ")[2].body) == (b"4",)
