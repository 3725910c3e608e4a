"""psql 15 itself: its backslash commands, variables, output formats and error messages."""

import os
import subprocess
from pathlib import Path

import pytest
from harness.paths import POSTGRES_BIN
from harness.target import ConnInfo

pytestmark = pytest.mark.checklist(17)

SETUP = """
CREATE TABLE shop (id int PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x');
CREATE TABLE item (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shop_id int REFERENCES shop ON DELETE CASCADE,
  price numeric(8,2) CHECK (price > 0),
  double_price numeric GENERATED ALWAYS AS (price * 2) STORED,
  tags text[],
  made timestamptz DEFAULT now(),
  UNIQUE (shop_id, price)
);
CREATE INDEX item_made ON item (made DESC) WHERE price > 10;
CREATE VIEW cheap AS SELECT id, price FROM item WHERE price < 10;
CREATE SEQUENCE counter;
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
COMMENT ON TABLE item IS 'things to sell';
COMMENT ON COLUMN item.price IS 'in euro';
INSERT INTO shop VALUES (1, 'corner'), (2, 'mall');
"""


@pytest.fixture
def psql(info: ConnInfo, schema: str):
    environment = os.environ | info.environment | {
        "PGOPTIONS": f"-c search_path={schema}", "PSQLRC": "/dev/null", "PSQL_HISTORY": "/dev/null",
        "PAGER": "cat", "COLUMNS": "200", "LC_ALL": "C.UTF-8",
    }

    def run(*arguments: str, script: str | None = None, succeeds: bool = True) -> str:
        done = subprocess.run(
            [str(POSTGRES_BIN / "psql"), "-X", *arguments],
            env=environment, input=script, capture_output=True, text=True, timeout=60,
        )
        assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("-q", "-v", "ON_ERROR_STOP=1", script=SETUP)
    return run


def test_describe_table(psql) -> None:
    out = psql("-c", r"\d item")
    for wanted in (
        "id           | bigint                   |           | not null | generated always as identity",
        "price        | numeric(8,2)",
        "generated always as (price * 2::numeric) stored",
        "tags         | text[]",
        "made         | timestamp with time zone |           |          | now()",
        '"item_pkey" PRIMARY KEY, btree (id)',
        '"item_made" btree (made DESC) WHERE price > 10::numeric',
        '"item_shop_id_price_key" UNIQUE CONSTRAINT, btree (shop_id, price)',
        '"item_price_check" CHECK (price > 0::numeric)',
        '"item_shop_id_fkey" FOREIGN KEY (shop_id) REFERENCES shop(id) ON DELETE CASCADE',
    ):
        assert wanted in out, out
    out = psql("-c", r"\d shop")
    assert "'x'::character varying" in out
    assert 'TABLE "item" CONSTRAINT "item_shop_id_fkey" FOREIGN KEY (shop_id)' in out


def test_describe_table_plus(psql) -> None:
    out = psql("-c", r"\d+ item")
    assert "in euro" in out and "extended" in out and "Access method: heap" in out


def test_describe_view_index_and_sequence(psql) -> None:
    assert "SELECT item.id" in psql("-c", r"\d+ cheap")
    assert 'View "' in psql("-c", r"\d cheap")
    assert 'primary key, btree, for table "' in psql("-c", r"\d item_pkey")
    assert "Increment" in psql("-c", r"\d counter")
    assert "Did not find any relation" in psql("-c", r"\d no_such", succeeds=False)


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (r"\d", ["cheap       | view     | helios", "counter     | sequence", "item_id_seq | sequence"]),
        (r"\dt", ["item | table | helios", "shop | table"]),
        (r"\dt+", ["things to sell", "permanent"]),
        (r"\dt pg_catalog.pg_cl*", ["pg_class"]),
        (r"\di", ["item_made              | index | helios | item", "shop_pkey"]),
        (r"\di+ item_made", ["btree"]),
        (r"\dv", ["cheap | view"]),
        (r"\dv+", ["cheap"]),
        (r"\ds", ["counter     | sequence"]),
        (r"\dn", ["public"]),
        (r"\dn+", ["public"]),
        (r"\du", ["helios"]),
        (r"\du+", ["helios"]),
        (r"\dg", ["helios"]),
        (r"\l", ["helios", "UTF8"]),
        (r"\l+ helios", ["helios"]),
        (r"\dT", ["colour", "positive"]),
        (r"\dT+ colour", ["red", "green"]),
        (r"\dD", ["positive", "CHECK (VALUE > 0)"]),
        (r"\df now", ["timestamp with time zone"]),
        (r"\df pg_catalog.lower", ["lower"]),
        (r"\da count", ["count"]),
        (r"\do +", ["integer"]),
        (r"\dC", ["integer"]),
        (r"\dp item", ["item"]),
        (r"\z item", ["item"]),
        (r"\ddp", ["Default access privileges"]),
        (r"\dx", ["installed extensions"]),
        (r"\dd", ["Object descriptions"]),
        (r"\dE", ["Did not find any relations"]),
        (r"\dm", ["Did not find any relations"]),
        (r"\dO", ["List of collations"]),
        (r"\dc", ["List of conversions"]),
        (r"\dF", ["List of text search configurations"]),
        (r"\dL", ["List of languages"]),
        (r"\db", ["pg_default"]),
        (r"\dconfig work_mem", ["work_mem"]),
        (r"\drds", ["Did not find any settings"]),
        (r"\dRp", ["List of publications"]),
        (r"\sf lower(text)", ["lower"]),
        (r"\sv cheap", ["CREATE OR REPLACE VIEW"]),
        (r"\conninfo", ["You are connected to database", 'as user "helios"']),
        (r"\encoding", ["UTF8"]),
        (r"\echo :SERVER_VERSION_NUM", ["15"]),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_backslash_command(psql, command: str, wanted: list[str]) -> None:
    out = psql("-c", command)
    for text in wanted:
        assert text in out, out


def test_expanded_output_and_null(psql) -> None:
    out = psql("-c", r"\pset null '(none)'", "-c", r"\x", "-c", "SELECT 1 AS one, NULL AS nothing")
    assert "-[ RECORD 1 ]" in out and "nothing | (none)" in out


def test_output_formats(psql) -> None:
    assert psql("-At", "-c", "SELECT 1, 'a'") == "1|a\n"
    assert psql("--csv", "-c", "SELECT 1 AS x, 'a,b' AS y") == 'x,y\n1,"a,b"\n'
    assert "<td" in psql("-H", "-c", "SELECT 1")


def test_copy_in_and_out(psql, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,name\n10,ten\n11,\"el,even\"\n")
    assert "COPY 2" in psql("-c", rf"\copy shop FROM '{source}' CSV HEADER")
    target = tmp_path / "out.csv"
    assert "COPY 4" in psql("-c", rf"\copy (SELECT * FROM shop ORDER BY id) TO '{target}' CSV HEADER")
    assert target.read_text().splitlines()[-1] == '11,"el,even"'
    out = psql(script="\\copy shop FROM STDIN\n20\ttwenty\n\\.\nSELECT name FROM shop WHERE id = 20;\n")
    assert "twenty" in out
    assert "20\ttwenty" in psql("-c", r"\copy shop TO STDOUT")


def test_script_with_variables_and_control(psql, tmp_path: Path) -> None:
    included = tmp_path / "included.sql"
    included.write_text("SELECT 'from file';\n")
    script = f"""
\\set n 5
SELECT :n + 1 AS six \\gset
SELECT :six * 2, :'six' || 'x';
SELECT format('SELECT %s', g) FROM generate_series(1, 2) g \\gexec
\\i {included}
\\if true
SELECT 'yes';
\\endif
SELECT name FROM shop ORDER BY id \\g (format=unaligned tuples_only=on)
SELECT 1 AS a, 2 AS b \\gdesc
BEGIN;
INSERT INTO shop VALUES (30, 'rolled back');
\\echo :AUTOCOMMIT
ROLLBACK;
SELECT count(*) FROM shop;
"""
    out = psql("-At", "-v", "ON_ERROR_STOP=1", script=script)
    for wanted in ("12|6x", "from file", "yes", "corner", "a|integer", "2"):
        assert wanted in out, out


def test_errors(psql) -> None:
    out = psql("-c", "SELECT nope FROM shop", succeeds=False)
    assert 'ERROR:  column "nope" does not exist' in out
    assert "LINE 1: SELECT nope FROM shop" in out and "               ^" in out
    out = psql("-v", "VERBOSITY=verbose", "-c", "INSERT INTO shop VALUES (1, 'dup')", succeeds=False)
    assert "ERROR:  23505:" in out and "DETAIL:  Key (id)=(1) already exists." in out
    assert "CONSTRAINT NAME:  shop_pkey" in out
    out = psql("-c", "SELECT lower(1)", succeeds=False)
    assert "HINT:  No function matches the given name and argument types." in out
    out = psql("-v", "ON_ERROR_STOP=1", script="SELECT 1;\nSELEC;\nSELECT 2;\n", succeeds=False)
    assert 'syntax error at or near "SELEC"' in out and "2\n" not in out.split("ERROR")[1]
    out = psql("-1", "-v", "ON_ERROR_STOP=1", script="INSERT INTO shop VALUES (99, 'x');\nSELECT 1/0;\n", succeeds=False)
    assert psql("-At", "-c", "SELECT count(*) FROM shop WHERE id = 99") == "0\n"


def test_timing_and_explain(psql) -> None:
    out = psql("-c", r"\timing on", "-c", "SELECT 1")
    assert "Time: " in out
    for options in ("", "ANALYZE", "(VERBOSE)", "(ANALYZE, FORMAT JSON)", "(COSTS OFF)"):
        assert psql("-c", f"EXPLAIN {options} SELECT * FROM item JOIN shop ON shop.id = item.shop_id ORDER BY price")


def test_fetch_count_uses_a_cursor(psql) -> None:
    out = psql("-At", "-v", "FETCH_COUNT=100", "-c", "SELECT n FROM generate_series(1, 1000) n")
    assert out.splitlines() == [str(n) for n in range(1, 1001)]


@pytest.mark.checklist(2)
def test_password_prompt_and_change(scram_server) -> None:
    info = scram_server.info
    environment = os.environ | info.environment

    def run(password: str, sql: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(POSTGRES_BIN / "psql"), "-X", "-At", "-w", "-c", sql],
            env=environment | {"PGPASSWORD": password}, capture_output=True, text=True, timeout=60,
        )

    assert run(info.password, "SELECT 1").stdout == "1\n"
    wrong = run("wrong", "SELECT 1")
    assert wrong.returncode == 2 and "password authentication failed" in wrong.stderr
    assert "no password supplied" in run("", "SELECT 1").stderr
