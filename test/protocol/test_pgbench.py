"""pgbench in its three query modes, with a check of its own invariant."""

import os
import subprocess

import pytest
from harness.paths import POSTGRES_BIN
from harness.target import ConnInfo

pytestmark = pytest.mark.checklist(22)


def pgbench(info: ConnInfo, schema: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(POSTGRES_BIN / "pgbench"), *arguments],
        env=os.environ | info.environment | {"PGOPTIONS": f"-c search_path={schema}"},
        capture_output=True, text=True, timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_modes(info: ConnInfo, schema: str) -> None:
    pgbench(info, schema, "-i", "-q", "-s", "1")
    for mode in ("simple", "extended", "prepared"):
        out = pgbench(info, schema, "-n", "-M", mode, "-c", "4", "-j", "2", "-t", "50")
        assert "number of failed transactions: 0 (0.000%)" in out
        assert "number of transactions actually processed: 200/200" in out
    pgbench(info, schema, "-n", "-S", "-M", "prepared", "-c", "4", "-t", "200")
    pgbench(info, schema, "-n", "-N", "-c", "4", "-t", "50")
    with info.connect() as connection:
        connection.query(f"SET search_path TO {schema}")
        sums = {
            connection.query(f"SELECT sum({column}) FROM {table}")[0].rows[0][0]
            for table, column in (
                ("pgbench_accounts", "abalance"), ("pgbench_history", "delta"))
        }
        assert len(sums) == 1, "accounts and history must agree"
        tellers = connection.query("SELECT sum(tbalance) FROM pgbench_tellers")[0].rows
        branches = connection.query("SELECT sum(bbalance) FROM pgbench_branches")[0].rows
        assert tellers == branches
    pgbench(info, schema, "-i", "-I", "dtGvp", "-s", "1")
