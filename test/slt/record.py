"""Writes PostgreSQL 15's answers into our own sqllogictest files.

    record.py test/sql/joins.test

A new record may start with the single word `auto`; it becomes a statement or a query, whichever
PostgreSQL makes of it. Results in the file are replaced, so read the diff before committing it.
"""

import argparse
import sys
from pathlib import Path

from harness.script import split_script
from harness.target import running
from harness.wire import Connection, Result

INTEGER_OIDS = {20, 21, 23, 26}
FLOAT_OIDS = {700, 701}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    with running("pg") as server:
        for path in arguments.files:
            with server.info.connect() as connection:
                connection.query("DROP SCHEMA IF EXISTS recorded CASCADE")
                connection.query("CREATE SCHEMA recorded")
                connection.query("SET search_path TO recorded")
                path.write_text(record(path.read_text(), connection))
                print(f"recorded {path}")
    return 0


def record(text: str, connection: Connection) -> str:
    blocks = [block for block in text.strip("\n").split("\n\n") if block.strip()]
    return "\n\n".join(record_block(block.strip("\n"), connection) for block in blocks) + "\n"


def record_block(block: str, connection: Connection) -> str:
    lines = block.split("\n")
    comments = []
    while lines and lines[0].startswith("#"):
        comments.append(lines.pop(0))
    if not lines:
        return block
    sql = "\n".join(lines[1:]).partition("\n----")[0]
    result = connection.try_query(sql)[-1]
    answer = answer_of(sql, result)
    return "\n".join([*comments, *answer])


def answer_of(sql: str, result: Result) -> list[str]:
    if result.error is not None:
        return [f"statement error {result.error.sqlstate}", sql]
    if not result.columns:
        return ["statement ok", sql]
    types = "".join(type_letter(column.type_oid) for column in result.columns)
    is_ordered = next(iter(split_script(sql))).is_ordered
    lines = ["\t".join(map(show, types, row)) for row in result.rows]
    if not is_ordered:
        lines = ["\t".join(row) for row in sorted([*map(show, types, row)] for row in result.rows)]
    header = f"query {types} {'nosort' if is_ordered else 'rowsort'}"
    return [header, sql, "----", *lines]


def type_letter(oid: int) -> str:
    if oid in INTEGER_OIDS:
        return "I"
    return "R" if oid in FLOAT_OIDS else "T"


def show(kind: str, value: bytes | None) -> str:
    if value is None:
        return "NULL"
    text = value.decode()
    if kind == "R":
        return f"{float(text):.3f}"
    return text if text else "(empty)"


if __name__ == "__main__":
    sys.exit(main())
