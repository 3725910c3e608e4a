#!/usr/bin/env python3
"""Asks a PostgreSQL 15 what the expressions of this folder's .def files give.

Usage: expect.py PSQL_ARGUMENTS...

A file is a list of HELIOS_EXPRESSION(R"~(expression)~", R"~(expected)~"); lines that are no such item
and do not start with // are taken as new expressions. Expected is the text form, `NULL`, or
`ERROR sqlstate: message`.
"""
import pathlib
import re
import subprocess
import sys

ITEM = re.compile(r'^HELIOS_EXPRESSION\(R"~\((.*?)\)~", R"~\((.*)\)~"\)$', re.S)
SETTINGS = (
    "set timezone = 'America/New_York'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres';"
    "set extra_float_digits = 1;"
)


def read(path):
    expressions = []
    pending = ""
    for line in path.read_text().split("\n"):
        pending = pending + "\n" + line if pending else line
        if pending.startswith("HELIOS_EXPRESSION(") and not pending.endswith(')~")'):
            continue
        match = ITEM.match(pending)
        if match:
            expressions.append(match.group(1))
        elif pending and not pending.startswith("//"):
            expressions.append(pending)
        pending = ""
    return expressions


def ask(expressions):
    script = ["\\set VERBOSITY verbose", "\\pset null NULL", SETTINGS]
    for expression in expressions:
        script.append("\\echo @@@")
        script.append(f"SELECT {expression};")
    out = subprocess.run(
        ["psql", *sys.argv[1:], "-X", "-q", "-A", "-t", "-P", "pager=off"],
        input="\n".join(script) + "\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout
    answers = []
    for answer in out.split("@@@\n")[1:]:
        answer = answer.removesuffix("\n")
        error = re.match(r"ERROR:  (\w{5}): ([^\n]*)", answer)
        answers.append(f"ERROR {error.group(1)}: {error.group(2)}" if error else answer)
    return answers


def main():
    for path in sorted(pathlib.Path(__file__).resolve().parent.glob("*.def")):
        expressions = read(path)
        answers = ask(expressions)
        assert len(answers) == len(expressions), path
        lines = ["// Expected values are PostgreSQL 15's: see expect.py."]
        for expression, answer in zip(expressions, answers):
            lines.append(f'HELIOS_EXPRESSION(R"~({expression})~", R"~({answer})~")')
        path.write_text("\n".join(lines) + "\n")


main()
