"""From the first byte to ReadyForQuery."""

import socket
import ssl
import struct

import pytest
from harness.target import ConnInfo, Server
from harness.wire import (
    CANCEL_REQUEST,
    GSSENC_REQUEST,
    PROTOCOL_3_0,
    SSL_REQUEST,
    Connection,
    ConnectionLost,
    ServerError,
    parse_fields,
)


def raw(info: ConnInfo) -> Connection:
    return Connection(info.host, info.port, timeout_seconds=20)


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.checklist(3)
def test_parameter_status_has_what_drivers_require(info: ConnInfo) -> None:
    with info.connect() as connection:
        parameters = connection.parameters
    assert parameters["client_encoding"] == "UTF8"
    assert parameters["server_encoding"] == "UTF8"
    assert parameters["DateStyle"].startswith("ISO")
    assert parameters["standard_conforming_strings"] == "on"
    assert parameters["integer_datetimes"] == "on"
    assert int(parameters["server_version"].split(".")[0]) in (14, 15, 16)
    assert {"TimeZone", "IntervalStyle", "is_superuser", "session_authorization"} <= set(parameters)
    assert "crdb_version" not in parameters


@pytest.mark.checklist(3)
def test_parameter_status_is_sent_again_on_set(wire: Connection) -> None:
    wire.query("SET application_name TO 'again'")
    assert wire.parameters["application_name"] == "again"
    wire.query("SET timezone TO 'Europe/Berlin'")
    assert wire.parameters["TimeZone"] == "Europe/Berlin"
    wire.query("BEGIN; SET timezone TO 'Asia/Tokyo'")
    assert wire.parameters["TimeZone"] == "Asia/Tokyo"
    wire.query("ROLLBACK")
    assert wire.parameters["TimeZone"] == "Europe/Berlin"
    wire.query("RESET timezone")
    assert wire.parameters["TimeZone"] == "UTC"


def test_startup_parameters_become_settings(info: ConnInfo) -> None:
    with info.connect(application_name="probe", DateStyle="SQL, DMY", options="-c timezone=Asia/Tokyo") as c:
        assert c.parameters["application_name"] == "probe"
        assert c.query("SHOW DateStyle")[0].text_rows() == [("SQL, DMY",)]
        assert c.query("SHOW timezone")[0].text_rows() == [("Asia/Tokyo",)]


def test_client_encoding_with_quotes(info: ConnInfo) -> None:
    """asyncpg sends the value with quotes around it."""
    with info.connect(client_encoding="'utf-8'") as connection:
        assert connection.parameters["client_encoding"] == "UTF8"


def test_backend_key_is_given(wire: Connection) -> None:
    assert wire.backend_pid > 0
    assert len(wire.secret_key) >= 4


@pytest.mark.checklist(1)
def test_gssenc_request_is_declined_and_the_connection_goes_on(info: ConnInfo, target: str) -> None:
    if target == "pg":
        pytest.skip("Debian's PostgreSQL accepts GSS encryption")
    connection = raw(info)
    connection.send_raw(struct.pack("!ii", 8, GSSENC_REQUEST))
    assert connection.receive_exactly(1) == b"N"
    connection.start({"user": info.user, "database": info.database})
    connection.authenticate(info.user, info.password)
    assert connection.query("SELECT 1")[0].text_rows() == [("1",)]
    connection.terminate()


@pytest.mark.checklist(1)
def test_tls_after_ssl_request(info: ConnInfo) -> None:
    connection = raw(info)
    assert connection.request_tls() == b"S"
    connection.wrap_tls(unverified())
    connection.start({"user": info.user, "database": info.database})
    connection.authenticate(info.user, info.password)
    assert connection.query("SELECT 'over tls'")[0].text_rows() == [("over tls",)]
    connection.terminate()


@pytest.mark.checklist(1)
def test_gssenc_then_ssl_request(info: ConnInfo, target: str) -> None:
    if target == "pg":
        pytest.skip("Debian's PostgreSQL accepts GSS encryption")
    connection = raw(info)
    connection.send_raw(struct.pack("!ii", 8, GSSENC_REQUEST))
    assert connection.receive_exactly(1) == b"N"
    assert connection.request_tls() == b"S"
    connection.wrap_tls(unverified())
    connection.start({"user": info.user, "database": info.database})
    connection.authenticate(info.user, info.password)
    connection.terminate()


def test_bytes_before_tls_are_refused(info: ConnInfo) -> None:
    """CVE-2021-23214: what came in plain text must not be taken as part of the TLS session."""
    connection = raw(info)
    startup = struct.pack("!ii", 8, PROTOCOL_3_0)
    connection.send_raw(struct.pack("!ii", 8, SSL_REQUEST) + startup)
    first = connection.socket.recv(1)
    if first == b"S":
        with pytest.raises((ServerError, ConnectionLost, OSError)):
            connection.wrap_tls(unverified())
            connection.start({"user": info.user})
            connection.authenticate(info.user, info.password)
    else:
        assert first in (b"E", b"")
    connection.close()


@pytest.mark.checklist(4)
def test_protocol_3_2_is_negotiated_down(info: ConnInfo) -> None:
    connection = raw(info)
    connection.start({"user": info.user, "database": info.database}, version=PROTOCOL_3_0 + 2)
    message = connection.next()
    assert message.kind == "v"
    minor, option_count = struct.unpack_from("!ii", message.body)
    # PostgreSQL 15 sends the minor version alone, newer ones the whole version.
    assert minor in (0, PROTOCOL_3_0)
    assert option_count == 0
    connection.authenticate(info.user, info.password)
    assert connection.query("SELECT 1")[0].tag == "SELECT 1"
    connection.terminate()


@pytest.mark.checklist(4)
def test_unknown_protocol_options_are_reported(info: ConnInfo) -> None:
    connection = raw(info)
    connection.start(
        {"user": info.user, "database": info.database, "_pq_.no_such": "1"}, version=PROTOCOL_3_0
    )
    message = connection.next()
    assert message.kind == "v"
    assert message.body[4:] == struct.pack("!i", 1) + b"_pq_.no_such\0"
    connection.authenticate(info.user, info.password)
    connection.terminate()


@pytest.mark.parametrize("version", [4 << 16, 0x12345678])
def test_other_major_versions_are_refused(info: ConnInfo, version: int) -> None:
    connection = raw(info)
    connection.start({"user": info.user}, version=version)
    message = connection.next()
    assert message.kind == "E"
    fields = parse_fields(message.body)
    assert fields["C"] == "0A000" and fields["S"] == "FATAL"
    assert connection.is_closed_by_server()


def expect_fatal(connection: Connection, sqlstates: tuple[str, ...]) -> None:
    """A clear FATAL, or a silent close where PostgreSQL closes silently too."""
    try:
        message = connection.next()
    except (ConnectionLost, ConnectionResetError):
        return
    assert message.kind == "E"
    fields = parse_fields(message.body)
    assert fields["S"] == "FATAL" and fields["C"] in sqlstates, fields
    assert connection.is_closed_by_server()


@pytest.mark.parametrize("length", [0, 3, 7, 10_100, 100_000_000, -1, -2147483648])
def test_bad_startup_length_is_refused(info: ConnInfo, length: int) -> None:
    connection = raw(info)
    connection.send_raw(struct.pack("!ii", length, PROTOCOL_3_0))
    expect_fatal(connection, ("08P01",))
    connection.close()


def test_startup_without_user_is_refused(info: ConnInfo) -> None:
    connection = raw(info)
    connection.start({"database": info.database})
    expect_fatal(connection, ("28000",))
    connection.close()


def test_startup_without_terminator_is_refused(info: ConnInfo) -> None:
    connection = raw(info)
    body = struct.pack("!i", PROTOCOL_3_0) + b"user\0helios\0database"
    connection.send_raw(struct.pack("!i", len(body) + 4) + body)
    expect_fatal(connection, ("08P01",))
    connection.close()


def test_http_on_the_port_is_refused(info: ConnInfo) -> None:
    with socket.create_connection((info.host, info.port), timeout=10) as other:
        other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while other.recv(1024):
            pass
    with info.connect() as connection:
        connection.query("SELECT 1")


def test_database_defaults_to_the_user(info: ConnInfo) -> None:
    connection = raw(info)
    connection.start({"user": info.user})
    connection.authenticate(info.user, info.password)
    assert connection.query("SELECT current_database()")[0].text_rows() == [(info.user,)]
    connection.terminate()


@pytest.mark.checklist(2)
def test_unknown_database(info: ConnInfo) -> None:
    with pytest.raises(ServerError) as caught:
        info.with_database("no_such_database").connect()
    assert caught.value.sqlstate == "3D000"
    assert caught.value.fields["S"] == "FATAL"


@pytest.mark.checklist(2)
def test_unknown_user_under_trust(info: ConnInfo) -> None:
    with pytest.raises(ServerError) as caught:
        info.with_user("no_such_user").connect()
    assert caught.value.sqlstate == "28000"


@pytest.mark.checklist(2)
def test_scram_login(scram_server: Server) -> None:
    with scram_server.info.connect() as connection:
        assert connection.query("SELECT 1")[0].text_rows() == [("1",)]


@pytest.mark.checklist(2)
@pytest.mark.parametrize("password", ["wrong", ""])
def test_wrong_password(scram_server: Server, password: str) -> None:
    info = scram_server.info
    with pytest.raises(ServerError) as caught:
        info.with_user(info.user, password).connect()
    assert caught.value.sqlstate == "28P01"
    assert caught.value.fields["S"] == "FATAL"


@pytest.mark.checklist(2)
def test_unknown_user_runs_the_whole_scram_dialogue(scram_server: Server) -> None:
    """The answer must not tell an unknown user from a wrong password."""
    info = scram_server.info
    with pytest.raises(ServerError) as unknown:
        info.with_user("no_such_user", "x").connect()
    with pytest.raises(ServerError) as wrong:
        info.with_user(info.user, "x").connect()
    assert unknown.value.sqlstate == wrong.value.sqlstate == "28P01"
    assert unknown.value.message.replace("no_such_user", info.user) == wrong.value.message


@pytest.mark.checklist(2)
def test_mechanisms_offered_depend_on_tls(scram_server: Server) -> None:
    info = scram_server.info

    def offered(connection: Connection) -> list[str]:
        connection.start({"user": info.user, "database": info.database})
        message = connection.next()
        assert message.kind == "R" and message.body[:4] == struct.pack("!i", 10)
        names = [name.decode() for name in message.body[4:].split(b"\0") if name]
        connection.close()
        return names

    assert offered(raw(info)) == ["SCRAM-SHA-256"]
    secure = raw(info)
    assert secure.request_tls() == b"S"
    secure.wrap_tls(unverified())
    assert offered(secure) == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]


@pytest.mark.checklist(2)
def test_unknown_mechanism_and_garbage_in_scram(scram_server: Server) -> None:
    info = scram_server.info
    for body in (b"NOPE\0" + struct.pack("!i", 0), b"SCRAM-SHA-256\0" + struct.pack("!i", 4) + b"junk",
                 b"SCRAM-SHA-256\0" + struct.pack("!i", 999_999), b""):
        connection = raw(info)
        connection.start({"user": info.user, "database": info.database})
        connection.expect("R")
        connection.send("p", body)
        expect_fatal(connection, ("08P01", "28P01", "28000", "22021"))
        connection.close()


def test_query_before_authentication_is_refused(scram_server: Server) -> None:
    info = scram_server.info
    connection = raw(info)
    connection.start({"user": info.user, "database": info.database})
    connection.expect("R")
    connection.send("Q", b"SELECT 1\0")
    expect_fatal(connection, ("08P01", "28000", "28P01"))
    connection.close()


def test_oversized_password_message_is_refused(scram_server: Server) -> None:
    info = scram_server.info
    connection = raw(info)
    connection.start({"user": info.user, "database": info.database})
    connection.expect("R")
    connection.send_raw(b"p" + struct.pack("!i", 1_000_000_000))
    expect_fatal(connection, ("08P01", "28P01", "28000"))
    connection.close()


@pytest.mark.checklist(10)
def test_cancel_request_with_a_wrong_key_does_nothing(info: ConnInfo) -> None:
    with info.connect() as connection:
        with socket.create_connection((info.host, info.port), timeout=10) as other:
            body = struct.pack("!iii", CANCEL_REQUEST, connection.backend_pid, 12345)
            other.sendall(struct.pack("!i", len(body) + 4) + body)
            assert other.recv(100) == b""
        assert connection.query("SELECT 1")[0].tag == "SELECT 1"
