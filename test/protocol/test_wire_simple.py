"""The simple query protocol, message by message."""

import pytest
from harness.target import ConnInfo
from harness.wire import Connection, ConnectionLost, parse_fields


def kinds(messages: list) -> str:
    return "".join(message.kind for message in messages)


@pytest.mark.checklist(5)
def test_row_description_and_rows(wire: Connection) -> None:
    wire.query("CREATE TABLE t (id int PRIMARY KEY, name varchar(10), n numeric(6,2))")
    wire.query("INSERT INTO t VALUES (1, 'x', 1.5), (2, NULL, NULL)")
    result = wire.query("SELECT id, name, n, id + 1 AS more FROM t ORDER BY id")[0]
    ident, name, number, more = result.columns
    assert ident.table_oid == name.table_oid != 0
    assert [c.attribute_number for c in result.columns] == [1, 2, 3, 0]
    assert [c.type_oid for c in result.columns] == [23, 1043, 1700, 23]
    assert [c.type_size for c in result.columns] == [4, -1, -1, 4]
    assert name.type_modifier == 14
    assert number.type_modifier == ((6 << 16) | 2) + 4
    assert more.table_oid == 0 and more.name == "more"
    assert all(c.format_code == 0 for c in result.columns)
    assert result.text_rows() == [("1", "x", "1.50", "2"), ("2", None, None, "3")]


@pytest.mark.checklist(5)
@pytest.mark.parametrize("sql", ["", "   ", ";", " ; ; ", "-- only a comment", "/* nothing */"])
def test_empty_query(wire: Connection, sql: str) -> None:
    wire.send("Q", sql.encode() + b"\0")
    assert kinds(wire.until_ready()) == "IZ"


@pytest.mark.checklist(5)
def test_several_statements_answer_in_turn(wire: Connection) -> None:
    wire.send("Q", b"SELECT 1; SELECT 2 WHERE false; CREATE TABLE m (i int); INSERT INTO m VALUES (1)\0")
    assert kinds(wire.until_ready()) == "TDCTCCCZ"


@pytest.mark.checklist(5)
def test_several_statements_are_one_transaction(wire: Connection) -> None:
    wire.query("CREATE TABLE m (i int)")
    results = wire.try_query("INSERT INTO m VALUES (1); INSERT INTO m VALUES (2); SELECT 1/0; SELECT 9")
    assert [r.tag for r in results[:2]] == ["INSERT 0 1", "INSERT 0 1"]
    assert results[-1].error is not None and results[-1].error.sqlstate == "22012"
    assert len(results) == 3, "nothing runs after the error"
    assert wire.query("SELECT count(*) FROM m")[0].text_rows() == [("0",)]
    assert wire.transaction_status == "I"


@pytest.mark.checklist(5)
def test_begin_inside_several_statements(wire: Connection) -> None:
    wire.query("CREATE TABLE m (i int)")
    wire.try_query("INSERT INTO m VALUES (1); BEGIN; INSERT INTO m VALUES (2); SELECT 1/0")
    assert wire.transaction_status == "E"
    wire.query("ROLLBACK")
    assert wire.query("SELECT count(*) FROM m")[0].text_rows() == [("0",)]
    wire.try_query("INSERT INTO m VALUES (1); COMMIT; INSERT INTO m VALUES (2); SELECT 1/0")
    assert wire.query("SELECT count(*) FROM m")[0].text_rows() == [("1",)]


def test_a_syntax_error_stops_the_whole_string(wire: Connection) -> None:
    results = wire.try_query("SELECT 1; SELEC 2")
    assert len(results) == 1 and results[0].error is not None
    assert results[0].error.sqlstate == "42601"


@pytest.mark.checklist(11)
def test_transaction_status_letters(wire: Connection) -> None:
    states = []
    for sql in ("SELECT 1", "BEGIN", "SELECT 1", "SELECT 1/0", "SELECT 1", "ROLLBACK", "BEGIN", "COMMIT"):
        wire.try_query(sql)
        states.append(wire.transaction_status)
    assert "".join(states) == "ITTEEITI"


@pytest.mark.checklist(11)
def test_commands_in_a_failed_transaction(wire: Connection) -> None:
    wire.try_query("BEGIN")
    wire.try_query("SELECT 1/0")
    for sql in ("SELECT 1", "INSERT INTO nowhere VALUES (1)", "SAVEPOINT s", "SET timezone = 'UTC'"):
        assert wire.try_query(sql)[0].error.sqlstate == "25P02"
    assert wire.query("COMMIT")[0].tag == "ROLLBACK"


@pytest.mark.checklist(5)
def test_notices(wire: Connection) -> None:
    wire.query("DROP TABLE IF EXISTS no_such_table")
    assert wire.notices[-1]["S"] == "NOTICE"
    assert wire.notices[-1]["C"] == "00000"
    assert "no_such_table" in wire.notices[-1]["M"]
    wire.query("COMMIT")
    assert wire.notices[-1]["S"] == "WARNING" and wire.notices[-1]["C"] == "25P01"
    wire.query("BEGIN")
    wire.query("BEGIN")
    assert wire.notices[-1]["C"] == "25001"
    wire.query("ROLLBACK")
    count = len(wire.notices)
    wire.query("SET client_min_messages = error")
    wire.query("DROP TABLE IF EXISTS no_such_table")
    assert len(wire.notices) == count


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("SELECT 1", "SELECT 1"),
        ("CREATE TABLE tags (i int)", "CREATE TABLE"),
        ("INSERT INTO tags VALUES (1), (2)", "INSERT 0 2"),
        ("INSERT INTO tags VALUES (3) RETURNING i", "INSERT 0 1"),
        ("UPDATE tags SET i = i + 1", "UPDATE 3"),
        ("DELETE FROM tags WHERE i > 3", "DELETE 1"),
        ("SELECT i FROM tags", "SELECT 2"),
        ("VALUES (1), (2)", "SELECT 2"),
        ("CREATE INDEX tags_i ON tags (i)", "CREATE INDEX"),
        ("CREATE VIEW tags_v AS SELECT 1", "CREATE VIEW"),
        ("CREATE SEQUENCE tags_s", "CREATE SEQUENCE"),
        ("CREATE TABLE tags2 AS SELECT 1 AS x", "SELECT 1"),
        ("ALTER TABLE tags ADD COLUMN j int", "ALTER TABLE"),
        ("TRUNCATE tags", "TRUNCATE TABLE"),
        ("COMMENT ON TABLE tags IS 'x'", "COMMENT"),
        ("BEGIN", "BEGIN"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("RELEASE a", "RELEASE"),
        ("DECLARE c CURSOR FOR SELECT 1", "DECLARE CURSOR"),
        ("FETCH c", "FETCH 1"),
        ("MOVE c", "MOVE 0"),
        ("CLOSE c", "CLOSE CURSOR"),
        ("ROLLBACK", "ROLLBACK"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("COMMIT", "COMMIT"),
        ("SET timezone = 'UTC'", "SET"),
        ("RESET timezone", "RESET"),
        ("SHOW timezone", "SHOW"),
        ("PREPARE p AS SELECT 1", "PREPARE"),
        ("EXECUTE p", "SELECT 1"),
        ("DEALLOCATE p", "DEALLOCATE"),
        ("DEALLOCATE ALL", "DEALLOCATE ALL"),
        ("LISTEN ch", "LISTEN"),
        ("NOTIFY ch", "NOTIFY"),
        ("UNLISTEN *", "UNLISTEN"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("ANALYZE tags", "ANALYZE"),
        ("DROP VIEW tags_v", "DROP VIEW"),
        ("DROP INDEX tags_i", "DROP INDEX"),
        ("DROP SEQUENCE tags_s", "DROP SEQUENCE"),
        ("DROP TABLE tags, tags2", "DROP TABLE"),
        ("CREATE TYPE tags_e AS ENUM ('a')", "CREATE TYPE"),
        ("DROP TYPE tags_e", "DROP TYPE"),
        ("DISCARD ALL", "DISCARD ALL"),
    ],
)
def test_command_tags(tag_session: Connection, sql: str, tag: str) -> None:
    assert tag_session.query(sql)[-1].tag == tag


@pytest.fixture(scope="module")
def tag_session(server):
    """One session for the whole list above: its statements build on each other."""
    with server.info.connect() as connection:
        connection.query("DROP SCHEMA IF EXISTS tags CASCADE")
        connection.query("CREATE SCHEMA tags")
        connection.query("SET search_path TO tags")
        yield connection


@pytest.mark.checklist(14)
def test_error_fields_of_a_syntax_error(wire: Connection) -> None:
    fields = wire.try_query("SELECT 'é' FROM WHERE")[0].error.fields
    assert fields["S"] == fields["V"] == "ERROR"
    assert fields["C"] == "42601"
    assert "WHERE" in fields["M"]
    assert fields["P"] == "17", "the position counts characters, not bytes"


@pytest.mark.checklist(14)
def test_error_position_of_an_unknown_column(wire: Connection) -> None:
    fields = wire.try_query("SELECT 1, nope")[0].error.fields
    assert (fields["C"], fields["P"]) == ("42703", "11")
    fields = wire.try_query("SELECT nope(1)")[0].error.fields
    assert (fields["C"], fields["P"]) == ("42883", "8")
    assert "H" in fields
    fields = wire.try_query("SELECT * FROM nope")[0].error.fields
    assert (fields["C"], fields["P"]) == ("42P01", "15")


@pytest.mark.checklist(14)
def test_error_fields_of_constraints(wire: Connection, schema: str) -> None:
    wire.query("CREATE TABLE p (id int PRIMARY KEY)")
    wire.query(
        "CREATE TABLE c (id int PRIMARY KEY, p int CONSTRAINT c_p REFERENCES p,"
        " n int NOT NULL DEFAULT 1, k int CONSTRAINT k_ok CHECK (k > 0))"
    )
    wire.query("INSERT INTO c VALUES (1)")

    def fields_of(sql: str) -> dict[str, str]:
        return wire.try_query(sql)[0].error.fields

    unique = fields_of("INSERT INTO c VALUES (1)")
    assert (unique["C"], unique["n"], unique["t"], unique["s"]) == ("23505", "c_pkey", "c", schema)
    assert unique["D"] == "Key (id)=(1) already exists."
    foreign = fields_of("INSERT INTO c VALUES (2, 99)")
    assert (foreign["C"], foreign["n"], foreign["t"]) == ("23503", "c_p", "c")
    assert foreign["D"] == 'Key (p)=(99) is not present in table "p".'
    null = fields_of("INSERT INTO c (id, n) VALUES (3, NULL)")
    assert (null["C"], null["c"], null["t"], null["s"]) == ("23502", "n", "c", schema)
    assert null["D"].startswith("Failing row contains (3, null, null, null)")
    check = fields_of("INSERT INTO c (id, k) VALUES (4, -1)")
    assert (check["C"], check["n"], check["t"]) == ("23514", "k_ok", "c")


def test_bytes_behind_the_query_text_are_refused(wire: Connection) -> None:
    wire.send("Q", b"SELECT 1\0garbage\0")
    message = wire.next()
    assert message.kind == "E" and parse_fields(message.body)["C"] == "08P01"


def test_invalid_utf8_is_refused(wire: Connection) -> None:
    wire.send("Q", b"SELECT '\xff'\0")
    messages = wire.until_ready()
    assert kinds(messages) == "EZ"
    assert wire.query("SELECT 'ok'")[0].text_rows() == [("ok",)]


def test_a_long_query_text(wire: Connection) -> None:
    numbers = ",".join(str(n) for n in range(20_000))
    result = wire.query(f"SELECT count(*) FROM unnest(ARRAY[{numbers}]) AS n")
    assert result[0].text_rows() == [("20000",)]


def test_deep_nesting_is_an_error_and_not_a_crash(wire: Connection) -> None:
    for depth in (1_000, 20_000, 200_000):
        result = wire.try_query("SELECT " + "(" * depth + "1" + ")" * depth)[0]
        assert result.error is None or result.error.sqlstate in ("54001", "53200", "42601", "54000")
    deep_not = "SELECT " + "NOT " * 100_000 + "true"
    result = wire.try_query(deep_not)[0]
    assert result.error is None or result.error.sqlstate in ("54001", "53200", "42601", "54000")
    assert wire.query("SELECT 1")[0].text_rows() == [("1",)]


@pytest.mark.checklist(15)
def test_discard_all_and_reset_all(wire: Connection) -> None:
    wire.query("PREPARE p AS SELECT 1")
    wire.query("SET timezone = 'Asia/Tokyo'")
    wire.query("CREATE TEMP TABLE tmp (i int)")
    wire.query("LISTEN somewhere")
    wire.query("BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT 1; COMMIT")
    wire.query("DISCARD ALL")
    assert wire.parameters["TimeZone"] == "UTC"
    assert wire.try_query("EXECUTE p")[0].error.sqlstate == "26000"
    assert wire.try_query("SELECT * FROM tmp")[0].error.sqlstate == "42P01"
    assert wire.try_query("FETCH h")[0].error.sqlstate == "34000"
    assert wire.query("SELECT pg_listening_channels()")[0].rows == []


@pytest.mark.checklist(15)
def test_pool_reset_of_asyncpg(wire: Connection) -> None:
    results = wire.query("SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;")
    assert [r.tag for r in results] == ["SELECT 1", "CLOSE CURSOR ALL", "UNLISTEN", "RESET"]


def test_a_cursor_outlives_a_failed_savepoint(wire: Connection) -> None:
    wire.query("BEGIN; DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 5)")
    assert wire.query("FETCH 2 FROM c")[0].text_rows() == [("1",), ("2",)]
    wire.query("SAVEPOINT s; DECLARE inner_one CURSOR FOR SELECT 1")
    assert wire.try_query("SELECT 1/0")[0].error.sqlstate == "22012"
    wire.query("ROLLBACK TO s")
    assert wire.query("FETCH 1 FROM c")[0].text_rows() == [("3",)]
    assert wire.try_query("FETCH 1 FROM inner_one")[0].error.sqlstate == "34000"
    wire.query("ROLLBACK")


def test_session_authorization_is_about_who_logged_in(wire: Connection, schema: str) -> None:
    wire.query(f"CREATE ROLE {schema}_a; CREATE ROLE {schema}_b")
    try:
        for name in (f"{schema}_a", f"{schema}_b"):
            wire.query(f"SET SESSION AUTHORIZATION {name}")
            assert wire.query("SELECT session_user, current_user")[0].text_rows() == [(name, name)]
            assert wire.try_query("CREATE ROLE nobody_may")[0].error.sqlstate == "42501"
        wire.query("RESET SESSION AUTHORIZATION")
        assert wire.query("SHOW is_superuser")[0].text_rows() == [("on",)]
    finally:
        wire.query("RESET SESSION AUTHORIZATION")
        wire.query(f"DROP ROLE {schema}_a; DROP ROLE {schema}_b")


def test_a_domain_over_a_domain(wire: Connection) -> None:
    wire.query("CREATE DOMAIN inner_one AS int; CREATE DOMAIN outer_one AS inner_one")
    assert wire.query("SELECT 3::outer_one, NULL::outer_one, '4'::outer_one")[0].text_rows() == [("3", None, "4")]
    wire.query("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN feeling AS mood")
    assert wire.query("SELECT 'ok'::feeling, 'sad'::mood::feeling")[0].text_rows() == [("ok", "sad")]


@pytest.mark.checklist(10)
def test_termination_ends_with_its_one_error(wire: Connection, info: ConnInfo) -> None:
    """No ReadyForQuery comes behind it: a client would take the connection for usable."""
    pid = wire.query("SELECT pg_backend_pid()")[0].text_rows()[0][0]
    wire.send("Q", b"SELECT pg_sleep(60)\0")
    with info.connect() as other:
        other.query(f"SELECT pg_terminate_backend({pid})")
    message = wire.next()
    while message.kind == "T":
        message = wire.next()
    fields = parse_fields(message.body)
    assert fields["S"] == "FATAL" and fields["C"] == "57P01"
    with pytest.raises((ConnectionLost, ConnectionResetError)):
        wire.next()


@pytest.mark.checklist(11)
def test_isolation_shown_outside_a_block_is_the_next_one(wire: Connection) -> None:
    wire.query("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert wire.query("SHOW TRANSACTION ISOLATION LEVEL")[0].text_rows() == [("repeatable read",)]
    wire.query("BEGIN ISOLATION LEVEL READ UNCOMMITTED")
    assert wire.query("SHOW TRANSACTION ISOLATION LEVEL")[0].text_rows() == [("read uncommitted",)]
    wire.query("COMMIT")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("ANALYZE", ["Planning Time", "Execution Time"]),
        ("ANALYZE, SUMMARY off", []),
        ("SUMMARY", ["Planning Time"]),
        ("COSTS off", []),
    ],
)
def test_explain_says_how_long(wire: Connection, options: str, expected: list[str]) -> None:
    lines = [row[0] for row in wire.query(f"EXPLAIN ({options}) SELECT 1")[0].text_rows()]
    assert [line.split(":")[0] for line in lines if "Time:" in line] == expected
