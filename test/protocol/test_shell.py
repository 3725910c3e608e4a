"""`heliosdb sql`: psql is its specification, so each script goes through both and must print the same."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.paths import HELIOSDB, POSTGRES_BIN
from harness.target import ConnInfo, wait_until

PSQL = [str(POSTGRES_BIN / "psql"), "-X"]
SHELL = [str(HELIOSDB), "sql"]

SETUP = """
CREATE TABLE parent (id int PRIMARY KEY, v text NOT NULL DEFAULT 'x');
CREATE TABLE child (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  p int REFERENCES parent ON DELETE CASCADE,
  n numeric(6,2) CHECK (n > 0)
);
CREATE INDEX child_p ON child (p);
CREATE VIEW both_v AS SELECT p.id, c.n FROM parent p JOIN child c ON c.p = p.id;
CREATE SEQUENCE s;
CREATE TYPE mood AS ENUM ('sad', 'happy');
COMMENT ON TABLE parent IS 'those above';
INSERT INTO parent VALUES (1, 'one'), (2, 'two');
INSERT INTO child (p, n) VALUES (1, 1.5), (1, 2.5), (2, NULL);
"""

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def run(info: ConnInfo, schema: str, tmp_path: Path) -> Run:
    """Runs a program, a script as its input, in the schema as SETUP leaves it and a folder of its own."""

    def call(command: list[str], script: str) -> subprocess.CompletedProcess:
        with info.connect() as connection:
            connection.query(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}; SET search_path TO {schema}; {SETUP}")
        for left in tmp_path.iterdir():
            left.unlink()
        return subprocess.run(
            command, input=script, cwd=tmp_path, capture_output=True, text=True, timeout=60,
            env=os.environ | info.environment | {
                "PSQLRC": "/dev/null", "HOME": str(tmp_path), "COLUMNS": "200", "LC_ALL": "C.UTF-8",
                "PGOPTIONS": f"-c search_path={schema}",
            },
        )

    return call


SAME = {
    "describe": r"""
\d
\d parent
\d child
\d both_v
\d s
\d child_p
\d nope
\d par*
""",
    "lists": r"""
\dt
\di
\dv
\ds
\dT
\dt parent
\dn nope
\df lower
""",
    "formats": r"""
\pset null NIL
SELECT id, n FROM child ORDER BY id;
\a
SELECT * FROM parent;
\f ;
SELECT * FROM parent;
\t
SELECT * FROM parent;
\a
\t
\pset border 2
SELECT * FROM parent;
\pset border 0
SELECT * FROM parent;
\pset border 1
\pset format csv
SELECT * FROM parent;
\pset nope
\pset format aligned
\pset footer off
SELECT 1 AS a;
\x auto
\x on
SELECT * FROM parent;
\x off
SELECT * FROM parent \gx
""",
    "statements": r"""
SELECT 1 AS a
\p
;
\p
\g
\gx
SELECT 2
\r
SELECT 3 AS b;
\w written.sql
\i written.sql
\i missing.sql
\! cat written.sql
SELECT 4 \; SELECT 5 \g
/* a comment; over
lines */ SELECT $$a;b$$ AS quoted, 'it''s' AS other;
""",
    "variables": r"""
\set x 5
\set word 'a b'
SELECT :x AS x, :'word' AS w, 1 AS :"word";
\echo :x :'word' done
\echo -n no newline
\echo
\qecho to output
\warn careful
\unset x
SELECT :x;
""",
    "output": r"""
\o out.txt
SELECT 42 AS answer;
\qecho also
\o
\! cat out.txt
\o |cat
SELECT 43 AS piped;
\o
\o /nonexistent/folder/x
\cd /nonexistent
""",
    "copy": r"""
\copy parent TO 'p.csv' CSV HEADER
\! cat p.csv
DELETE FROM child; DELETE FROM parent;
\copy parent FROM 'p.csv' WITH (FORMAT csv, HEADER)
SELECT * FROM parent;
\copy parent FROM 'none.csv'
\copy (SELECT id * 2 FROM parent) TO STDOUT
\copy parent TO PROGRAM 'cat >piped'
\! cat piped
COPY parent FROM STDIN;
3	three
4	four
\.
COPY parent TO STDOUT;
COPY parent FROM STDIN;
bad	row	extra
\.
SELECT count(*) FROM parent;
""",
    "errors": r"""
SELECT nope FROM parent;
SELECT 1/0;
INSERT INTO parent VALUES (1, 'dup');
\nonsense
BEGIN;
SELECT 1;
SELEC 2;
SELECT 3;
ROLLBACK;
SELECT 'no semicolon' AS last
""",
    "stop": r"""
\set ON_ERROR_STOP on
SELECT 1/0;
SELECT 'not reached';
""",
    "connect": r"""
\c - - - -
\encoding
\encoding UTF8
\c nosuch
SELECT 'not meant for the old database';
""",
    "password": r"""
\password nobody
secret
other
\password nobody
secret
secret
SELECT 1;
""",
}


@pytest.mark.parametrize("name", SAME)
def test_prints_what_psql_prints(name: str, run: Run) -> None:
    wanted = run(PSQL, SAME[name])
    got = run(SHELL, SAME[name])
    assert (got.stdout, got.stderr, got.returncode) == (wanted.stdout, wanted.stderr, wanted.returncode)


ARGUMENTS = [
    ["-c", "SELECT 1 AS a", "-c", "SELECT 2/0", "-c", "SELECT 3"],
    ["-A", "-t", "-F", "|", "-c", "SELECT * FROM parent"],
    ["--csv", "-c", "SELECT * FROM parent"],
    ["-x", "-P", "null=-", "-c", "SELECT NULL AS nothing"],
    ["-v", "ON_ERROR_STOP=1", "-c", "SELECT 1/0", "-c", "SELECT 2"],
    ["-v", "n=7", "-f", "-"],
    ["-1", "-c", "INSERT INTO parent VALUES (9, 'nine')", "-c", "SELECT 1/0"],
    ["-q", "-o", "out", "-c", "SELECT 1"],
    ["-e", "-c", "SELECT 1"],
    ["-a", "-f", "-"],
    ["-f", "missing.sql"],
    ["-d", "nosuch", "-c", "SELECT 1"],
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_takes_the_options_of_psql(arguments: list[str], run: Run, tmp_path: Path) -> None:
    results = []
    for command in (PSQL, SHELL):
        done = run([*command, *arguments], "SELECT :n + 1 AS next;\nSELECT count(*) FROM parent;\n")
        written = {path.name: path.read_text() for path in tmp_path.iterdir()}
        # Each names itself.
        error = re.sub(r"^(psql|heliosdb)( sql)?:( error:)? ?", "", done.stderr, flags=re.MULTILINE)
        results.append((done.stdout, error, done.returncode, written))
    assert results[1] == results[0]


def test_helps(run: Run) -> None:
    assert "\\copy" in run(SHELL, "\\?\n").stdout
    assert "CREATE TABLE" in run(SHELL, "\\h CREATE TABLE\n").stdout
    usage = run([*SHELL, "--help"], "")
    assert usage.returncode == 0 and "--single-transaction" in usage.stdout
    unknown = run([*SHELL, "--nonsense"], "")
    assert unknown.returncode == 1 and "--help" in unknown.stderr


def test_refuses_settings_that_it_does_not_know(run: Run) -> None:
    done = run([*SHELL, "-P", "nope=1", "-c", "SELECT 1"], "")
    assert (done.returncode, done.stdout) == (1, "") and "unknown option: nope" in done.stderr


def test_edits_a_statement(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "sed -i s/1/2/")
    done = run([*SHELL, "-A", "-t"], "SELECT 1 AS edited\n\\e\n;\n")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_includes_itself_a_bounded_number_of_times(run: Run) -> None:
    done = run(SHELL, "\\! echo '\\i self.sql' >self.sql\n\\i self.sql\nSELECT 'alive' AS still;\n")
    assert "too deeply" in done.stderr and "alive" in done.stdout


SECONDS_MAX = 30


class Terminal:
    """The shell on a terminal of its own, as a person has it."""

    def __init__(self, info: ConnInfo, schema: str, home: Path) -> None:
        master, slave = pty.openpty()
        self._master = master
        self._seen = ""
        self.process = subprocess.Popen(
            SHELL, stdin=slave, stdout=slave, stderr=slave, cwd=home, start_new_session=True,
            env=os.environ | info.environment | {
                "HOME": str(home), "TERM": "dumb", "INPUTRC": "/dev/null", "LC_ALL": "C.UTF-8",
                "PGOPTIONS": f"-c search_path={schema}",
            },
        )
        os.close(slave)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def await_text(self, text: str) -> str:
        """What was shown up to and with `text`, which later calls do not see again."""
        end = time.monotonic() + SECONDS_MAX
        while text not in self._seen:
            ready, _, _ = select.select([self._master], [], [], end - time.monotonic())
            assert ready, f"waited for {text!r}, saw {self._seen!r}"
            self._seen += os.read(self._master, 65536).decode()
        shown, self._seen = self._seen.split(text, 1)
        return shown + text

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(info: ConnInfo, schema: str, tmp_path: Path) -> Iterator[Terminal]:
    with info.connect() as connection:
        connection.query(f"SET search_path TO {schema}; {SETUP}")
    shell = Terminal(info, schema, tmp_path)
    yield shell
    shell.close()


def test_on_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    assert "for help" in terminal.await_text("=# ")
    # Completion: a command, a table, a column, a keyword.
    terminal.type("\\conni\t\n")
    assert "You are connected" in terminal.await_text("=# ")
    terminal.type("SELECT v FROM paren\t\n")
    terminal.await_text("-# ")
    terminal.type("ORD\tBY id;\n")
    assert "(2 rows)" in terminal.await_text("=# ")
    terminal.type("BEGIN;\n")
    terminal.await_text("=*# ")
    terminal.type("SELECT nope;\n")
    assert "does not exist" in terminal.await_text("=!# ")
    terminal.type("ROLLBACK;\n")
    terminal.await_text("=# ")
    # The previous statement, changed.
    terminal.type("SELECT 'seen" + "' AS again;\n")
    terminal.await_text("(1 row)")
    terminal.await_text("=# ")
    terminal.type("\x10\n")
    assert "again" in terminal.await_text("(1 row)")
    terminal.await_text("=# ")
    terminal.type("\\q\n")
    assert terminal.process.wait(timeout=SECONDS_MAX) == 0
    history = (tmp_path / ".heliosdb_history").read_text()
    assert "SELECT v FROM parent  ORDER BY id;" in history, history


def test_interrupts(terminal: Terminal, info: ConnInfo) -> None:
    terminal.await_text("=# ")
    terminal.type("SELECT 'half a statement'\n")
    terminal.await_text("-# ")
    # On a terminal that the process does not lead, the key sends no signal.
    terminal.process.send_signal(signal.SIGINT)
    terminal.await_text("=# ")
    terminal.type("SELECT pg_sleep(1000);\n")
    with info.connect() as connection:
        running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(1000);'"
        wait_until(lambda: connection.query(running)[0].text_rows() == [("1",)], SECONDS_MAX, "the statement")
    terminal.process.send_signal(signal.SIGINT)
    terminal.await_text("canceling statement due to user request")
    terminal.await_text("=# ")
    terminal.type("\x04")
    assert terminal.process.wait(timeout=SECONDS_MAX) == 0
