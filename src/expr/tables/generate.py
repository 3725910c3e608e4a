#!/usr/bin/env python3
"""Writes the tables of this folder from a running PostgreSQL 15.

Usage: generate.py PSQL_ARGUMENTS..., as in: generate.py -h /tmp -U postgres

Facts only: OIDs, names, types, strictness and volatility of pg_proc, pg_operator, pg_cast and
pg_aggregate, for rows whose types are all in types/type_table.def.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TYPES = sorted(
    int(oid)
    for oid in re.findall(
        r"^HELIOS_TYPE\((\d+)", (HERE.parents[1] / "types/type_table.def").read_text(), re.M
    )
    if int(oid) not in (142, 143, 2281, 2279)
)
SEPARATOR = "\x1f"


def query(sql):
    sql = sql.replace("$TYPES", ",".join(map(str, TYPES)))
    out = subprocess.run(
        ["psql", *sys.argv[1:], "-X", "-A", "-t", "-F", SEPARATOR, "-R", "\x1e", "-c", sql],
        check=False,
        capture_output=True,
        text=True,
    )
    if out.returncode != 0:
        sys.exit(out.stderr)
    out = out.stdout
    return [line.split(SEPARATOR) for line in out.rstrip("\n").split("\x1e") if line]


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(name, header, lines):
    text = f"// {header}\n// Written by generate.py from PostgreSQL 15's catalogs; not edited.\n"
    (HERE / name).write_text(text + "".join(line + "\n" for line in lines))


KNOWN = """
  NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) t(o) WHERE o NOT IN ($TYPES))
  AND p.prorettype IN ($TYPES) AND p.pronamespace = 11
"""
FUNCTION_FIELDS = """
  p.oid, p.proname, CASE WHEN l.lanname = 'internal' THEN p.prosrc ELSE 'sql_' || p.oid END,
  array_to_string(p.proargtypes::oid[], ' '), p.prorettype,
  CASE WHEN p.proisstrict THEN 's' ELSE '-' END || p.provolatile::text
    || CASE WHEN p.provariadic <> 0 THEN 'v' ELSE '-' END
    || CASE WHEN p.proretset THEN 'r' ELSE '-' END,
  p.pronargdefaults,
  coalesce((SELECT string_agg(coalesce(p.proargnames[i], ''), ',' ORDER BY i)
     FROM generate_subscripts(p.proargnames, 1) i
     WHERE p.proargmodes IS NULL OR p.proargmodes[i] IN ('i', 'b', 'v')), ''),
  coalesce((SELECT string_agg(coalesce(p.proargnames[i], '') || ' ' || p.proallargtypes[i], ','
     ORDER BY i) FROM generate_subscripts(p.proallargtypes, 1) i
     WHERE p.proargmodes[i] IN ('o', 'b', 't')), ''),
  coalesce(pg_get_expr(p.proargdefaults, 0), '')
"""


def main():
    functions = query(
        f"""SELECT {FUNCTION_FIELDS} FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
        WHERE p.prokind = 'f' AND {KNOWN} AND p.prorettype <> 2275
          AND NOT 2275 = ANY (p.proargtypes::oid[])
        ORDER BY p.proname, p.oid"""
    )
    lines = []
    for oid, name, key, args, result, flags, defaults, names, outs, default_sql in functions:
        lines.append(
            f"HELIOS_PROC({oid}, {quote(name)}, {quote(key)}, {quote(args)}, {result}, "
            f"{quote(flags)}, {defaults}, {quote(names)}, {quote(outs)}, {quote(default_sql)})"
        )
    write(
        "functions.def",
        "HELIOS_PROC(oid, name, key, argument types, result, flags, default_count, argument names,\n"
        "//             output columns, defaults). Flags: strict, volatility, variadic, returns a set.",
        lines,
    )

    operators = query(
        """SELECT o.oid, o.oprname, o.oprleft, o.oprright, o.oprresult, o.oprcode::oid,
        coalesce(c.oprname, ''), coalesce(n.oprname, '')
        FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom
        LEFT JOIN pg_operator n ON n.oid = o.oprnegate
        WHERE (o.oprleft = 0 OR o.oprleft IN ($TYPES)) AND o.oprright IN ($TYPES)
          AND o.oprresult IN ($TYPES) AND o.oprnamespace = 11 ORDER BY o.oprname, o.oid"""
    )
    write(
        "operators.def",
        "HELIOS_OPERATOR(oid, name, left, right, result, function oid, commutator, negator)",
        [
            f"HELIOS_OPERATOR({o[0]}, {quote(o[1])}, {o[2]}, {o[3]}, {o[4]}, {o[5]}, "
            f"{quote(o[6])}, {quote(o[7])})"
            for o in operators
        ],
    )

    keywords = query("SELECT word, catcode, barelabel FROM pg_get_keywords() ORDER BY word")
    write(
        "keywords.def",
        "HELIOS_KEYWORD(word, category, may be a bare label). Categories: Unreserved, Column name, Type or\n"
        "// function name, Reserved.",
        [f'HELIOS_KEYWORD("{k[0]}", \'{k[1]}\', {"true" if k[2] == "t" else "false"})' for k in keywords],
    )

    casts = query(
        """SELECT castsource, casttarget, castcontext, castmethod, castfunc FROM pg_cast
        WHERE castsource IN ($TYPES) AND casttarget IN ($TYPES) ORDER BY 1, 2"""
    )
    write(
        "casts.def",
        "HELIOS_CAST(source, target, context, method, function oid)",
        [f"HELIOS_CAST({c[0]}, {c[1]}, '{c[2]}', '{c[3]}', {c[4]})" for c in casts],
    )

    aggregates = query(
        f"""SELECT p.oid, p.proname, array_to_string(p.proargtypes::oid[], ' '), p.prorettype,
        a.aggkind::text || CASE WHEN p.provariadic <> 0 THEN 'v' ELSE '-' END, a.aggnumdirectargs
        FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid
        WHERE {KNOWN} ORDER BY p.proname, p.oid"""
    )
    write(
        "aggregates.def",
        "HELIOS_AGGREGATE(oid, name, argument types, result, kind and variadic, direct arguments)",
        [
            f"HELIOS_AGGREGATE({a[0]}, {quote(a[1])}, {quote(a[2])}, {a[3]}, {quote(a[4])}, {a[5]})"
            for a in aggregates
        ],
    )

    windows = query(
        f"""SELECT p.oid, p.proname, array_to_string(p.proargtypes::oid[], ' '), p.prorettype
        FROM pg_proc p WHERE p.prokind = 'w' AND {KNOWN} ORDER BY p.proname, p.oid"""
    )
    write(
        "window_functions.def",
        "HELIOS_WINDOW(oid, name, argument types, result)",
        [f"HELIOS_WINDOW({w[0]}, {quote(w[1])}, {quote(w[2])}, {w[3]})" for w in windows],
    )


main()
