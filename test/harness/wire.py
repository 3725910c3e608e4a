"""A small PostgreSQL v3 client that hides nothing: what the server sent is what a test sees.

Drivers are tested with drivers. This client serves where they are too polite (malformed messages,
pipelines, half-open states) or too slow and too lossy (sqllogictest, differential runs).
"""

import base64
import dataclasses
import hashlib
import hmac
import os
import socket
import ssl
import struct
from typing import Self

PROTOCOL_3_0 = 196608
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102

_RECEIVE_BYTES = 1 << 16


class ConnectionLost(Exception):
    """The server closed the connection."""


class ServerError(Exception):
    """An ErrorResponse; `fields` maps its one-letter codes to their text."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields.get('C', '?????')}: {fields.get('M', '')}")
        self.fields = fields

    @property
    def sqlstate(self) -> str:
        return self.fields.get("C", "")

    @property
    def message(self) -> str:
        return self.fields.get("M", "")


@dataclasses.dataclass(frozen=True)
class Message:
    """One backend message: its letter and what follows the length."""

    kind: str
    body: bytes


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    table_oid: int
    attribute_number: int
    type_oid: int
    type_size: int
    type_modifier: int
    format_code: int


@dataclasses.dataclass
class Result:
    """What one statement answered; `error` is set when it failed."""

    columns: list[Column] = dataclasses.field(default_factory=list)
    rows: list[tuple[bytes | None, ...]] = dataclasses.field(default_factory=list)
    tag: str = ""
    error: ServerError | None = None
    copy_data: list[bytes] = dataclasses.field(default_factory=list)

    def text_rows(self) -> list[tuple[str | None, ...]]:
        return [
            tuple(None if value is None else value.decode("utf-8", "replace") for value in row)
            for row in self.rows
        ]


class Connection:
    """One session. Not thread-safe."""

    def __init__(self, host: str, port: int, timeout_seconds: float = 60.0) -> None:
        self.host = host
        self.port = port
        self.socket: socket.socket | ssl.SSLSocket = socket.create_connection(
            (host, port), timeout=timeout_seconds
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parameters: dict[str, str] = {}
        self.notices: list[dict[str, str]] = []
        self.notifications: list[tuple[int, str, str]] = []
        self.backend_pid = 0
        self.secret_key = b""
        self.transaction_status = ""
        self._buffer = b""
        self._position = 0

    @classmethod
    def open(
        cls,
        host: str,
        port: int,
        user: str,
        database: str,
        password: str = "",
        parameters: dict[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> Self:
        connection = cls(host, port, timeout_seconds)
        try:
            connection.start({"user": user, "database": database} | (parameters or {}))
            connection.authenticate(user, password)
        except BaseException:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()

    # Bytes and messages.

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, kind: str, body: bytes = b"") -> None:
        self.socket.sendall(frame(kind, body))

    def receive_exactly(self, byte_count: int) -> bytes:
        while len(self._buffer) - self._position < byte_count:
            self._fill()
        start = self._position
        self._position += byte_count
        return self._buffer[start : self._position]

    def receive(self) -> Message:
        """The next message of any kind, asynchronous ones included."""
        while len(self._buffer) - self._position < 5:
            self._fill()
        start = self._position
        kind = chr(self._buffer[start])
        (length,) = struct.unpack_from("!i", self._buffer, start + 1)
        end = start + 1 + length
        if end <= len(self._buffer):
            self._position = end
            return Message(kind, self._buffer[start + 5 : end])
        # Read the rest in place: growing the buffer would copy a large value many times.
        head = self._buffer[start + 5 :]
        rest = memoryview(bytearray(end - len(self._buffer)))
        filled = 0
        while filled < len(rest):
            received = self.socket.recv_into(rest[filled:])
            if received == 0:
                raise ConnectionLost("the server closed the connection within a message")
            filled += received
        self._buffer = b""
        self._position = 0
        return Message(kind, head + rest)

    def next(self) -> Message:
        """The next message that answers a request; asynchronous ones are filed away."""
        while True:
            message = self.receive()
            if message.kind == "N":
                self.notices.append(parse_fields(message.body))
            elif message.kind == "S":
                name, value = message.body.split(b"\0")[:2]
                self.parameters[name.decode()] = value.decode()
            elif message.kind == "A":
                (pid,) = struct.unpack_from("!i", message.body)
                channel, payload = message.body[4:].split(b"\0")[:2]
                self.notifications.append((pid, channel.decode(), payload.decode()))
            else:
                if message.kind == "Z":
                    self.transaction_status = message.body.decode()
                return message

    def expect(self, kinds: str) -> list[Message]:
        """Reads one message for each letter and fails on the first that differs."""
        messages = []
        for kind in kinds:
            message = self.next()
            if message.kind != kind:
                detail = parse_fields(message.body) if message.kind == "E" else message.body[:80]
                seen = "".join(m.kind for m in messages)
                raise AssertionError(f"wanted {kinds!r}, got {seen}{message.kind!r}: {detail}")
            messages.append(message)
        return messages

    def until_ready(self) -> list[Message]:
        """Every message up to and including ReadyForQuery."""
        messages = [self.next()]
        while messages[-1].kind != "Z":
            messages.append(self.next())
        return messages

    def is_closed_by_server(self) -> bool:
        """Reads to the end; True if the server closes without another message."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.socket.close()

    def terminate(self) -> None:
        try:
            self.send("X")
        except OSError:
            pass  # The server may have gone first.
        self.close()

    # Connecting.

    def start(self, parameters: dict[str, str], version: int = PROTOCOL_3_0) -> None:
        body = struct.pack("!i", version)
        for name, value in parameters.items():
            body += name.encode() + b"\0" + value.encode() + b"\0"
        body += b"\0"
        self.send_raw(struct.pack("!i", len(body) + 4) + body)

    def request_tls(self) -> bytes:
        self.send_raw(struct.pack("!ii", 8, SSL_REQUEST))
        return self.receive_exactly(1)

    def wrap_tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_hostname=self.host)

    def authenticate(self, user: str, password: str) -> None:
        """Answers the server's requests and reads up to ReadyForQuery."""
        while True:
            message = self.next()
            if message.kind == "E":
                raise ServerError(parse_fields(message.body))
            if message.kind == "R":
                (code,) = struct.unpack_from("!i", message.body)
                if code == 10:
                    self._scram(password)
                elif code not in (0, 12):
                    raise NotImplementedError(f"authentication request {code}")
            elif message.kind == "K":
                (self.backend_pid,) = struct.unpack_from("!i", message.body)
                self.secret_key = message.body[4:]
            elif message.kind == "Z":
                return
            elif message.kind != "v":
                raise AssertionError(f"unexpected {message} while connecting")

    def cancel(self) -> None:
        """Sends a CancelRequest for this session over a connection of its own."""
        with socket.create_connection((self.host, self.port), timeout=10) as other:
            body = struct.pack("!ii", CANCEL_REQUEST, self.backend_pid) + self.secret_key
            other.sendall(struct.pack("!i", len(body) + 4) + body)
            other.recv(1)  # The server closes once it has taken the request.

    # Simple query protocol.

    def query(self, sql: str) -> list[Result]:
        """Runs `sql` and raises the first error."""
        results = self.try_query(sql)
        for result in results:
            if result.error is not None:
                raise result.error
        return results

    def try_query(self, sql: str, copy_data: bytes | None = None) -> list[Result]:
        """Runs `sql`; an error ends the list as a Result of its own."""
        self.send("Q", sql.encode() + b"\0")
        return self.collect(copy_data)

    def collect(self, copy_data: bytes | None = None) -> list[Result]:
        """Gathers the answers of a simple query up to ReadyForQuery.

        `copy_data` feeds a COPY FROM STDIN; without it such a COPY is made to fail.
        """
        results: list[Result] = []
        current = Result()
        while True:
            message = self.next()
            kind = message.kind
            if kind == "D":
                current.rows.append(parse_row(message.body))
            elif kind == "T":
                current.columns = parse_columns(message.body)
            elif kind == "C":
                current.tag = message.body[:-1].decode()
                results.append(current)
                current = Result()
            elif kind == "I":
                results.append(current)
                current = Result()
            elif kind == "E":
                current.error = ServerError(parse_fields(message.body))
                results.append(current)
                current = Result()
            elif kind == "d":
                current.copy_data.append(message.body)
            elif kind == "G":
                if copy_data is None:
                    self.send("f", b"no data\0")
                else:
                    self.send_raw(frame("d", copy_data) + frame("c"))
            elif kind == "Z":
                return results
            elif kind not in "Hc":
                raise AssertionError(f"unexpected message {kind!r} in a simple query")

    # Messages of the extended protocol.

    def parse(self, sql: str, name: str = "", type_oids: tuple[int, ...] = ()) -> None:
        body = name.encode() + b"\0" + sql.encode() + b"\0"
        body += struct.pack("!H", len(type_oids)) + b"".join(struct.pack("!I", o) for o in type_oids)
        self.send("P", body)

    def bind(
        self,
        values: tuple[bytes | None, ...] = (),
        portal: str = "",
        statement: str = "",
        formats: tuple[int, ...] = (),
        result_formats: tuple[int, ...] = (),
    ) -> None:
        parts = [portal.encode() + b"\0" + statement.encode() + b"\0"]
        parts.append(struct.pack(f"!H{len(formats)}h", len(formats), *formats))
        parts.append(struct.pack("!H", len(values)))
        for value in values:
            parts.append(struct.pack("!i", -1 if value is None else len(value)))
            parts.append(value or b"")
        parts.append(struct.pack(f"!H{len(result_formats)}h", len(result_formats), *result_formats))
        self.send("B", b"".join(parts))

    def describe_statement(self, name: str = "") -> None:
        self.send("D", b"S" + name.encode() + b"\0")

    def describe_portal(self, name: str = "") -> None:
        self.send("D", b"P" + name.encode() + b"\0")

    def execute(self, portal: str = "", row_count_max: int = 0) -> None:
        self.send("E", portal.encode() + b"\0" + struct.pack("!i", row_count_max))

    def close_statement(self, name: str = "") -> None:
        self.send("C", b"S" + name.encode() + b"\0")

    def close_portal(self, name: str = "") -> None:
        self.send("C", b"P" + name.encode() + b"\0")

    def sync(self) -> None:
        self.send("S")

    def flush(self) -> None:
        self.send("H")

    def _fill(self) -> None:
        data = self.socket.recv(_RECEIVE_BYTES)
        if not data:
            raise ConnectionLost("the server closed the connection")
        self._buffer = self._buffer[self._position :] + data
        self._position = 0

    def _scram(self, password: str) -> None:
        nonce = base64.b64encode(os.urandom(18)).decode()
        first_bare = f"n=,r={nonce}"
        first = ("n,," + first_bare).encode()
        self.send("p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
        server_first = self._scram_message(11)
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        salt, rounds = base64.b64decode(fields["s"]), int(fields["i"])
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        stored_key = hashlib.sha256(client_key).digest()
        final_bare = f"c=biws,r={fields['r']}"
        signed = f"{first_bare},{server_first},{final_bare}".encode()
        signature = hmac.digest(stored_key, signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self.send("p", f"{final_bare},p={base64.b64encode(proof).decode()}".encode())
        server_final = self._scram_message(12)
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        wanted = base64.b64encode(hmac.digest(server_key, signed, "sha256")).decode()
        if server_final != f"v={wanted}":
            raise AssertionError("the server's SCRAM signature is wrong")

    def _scram_message(self, code_wanted: int) -> str:
        message = self.next()
        if message.kind == "E":
            raise ServerError(parse_fields(message.body))
        (code,) = struct.unpack_from("!i", message.body)
        assert message.kind == "R" and code == code_wanted, message
        return message.body[4:].decode()


def frame(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def parse_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse."""
    return {
        chr(field[0]): field[1:].decode("utf-8", "replace")
        for field in body.split(b"\0")
        if field
    }


def parse_row(body: bytes) -> tuple[bytes | None, ...]:
    values: list[bytes | None] = []
    position = 2
    for _ in range(int.from_bytes(body[:2])):
        length = int.from_bytes(body[position : position + 4])
        position += 4
        if length == 0xFFFFFFFF:
            values.append(None)
        else:
            values.append(body[position : position + length])
            position += length
    return tuple(values)


def parse_columns(body: bytes) -> list[Column]:
    columns = []
    position = 2
    for _ in range(int.from_bytes(body[:2])):
        end = body.index(b"\0", position)
        columns.append(
            Column(body[position:end].decode(), *struct.unpack_from("!IhIhih", body, end + 1))
        )
        position = end + 19
    return columns


def parse_parameter_types(body: bytes) -> tuple[int, ...]:
    """The type OIDs of a ParameterDescription."""
    (count,) = struct.unpack_from("!H", body)
    return struct.unpack_from(f"!{count}I", body, 2)
