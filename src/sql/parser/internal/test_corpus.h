// Statements for the tests of the parser and of the printer: at least one a rule of the grammar.
#pragma once

namespace helios::sql {

// The printer writes these in full; they come back as equal trees.
inline constexpr const char* kQueryCorpus[] = {
    "SELECT 1",
    "SELECT",
    "SELECT -1, +2, - -3, 1.5e10, 12345678901, 'it''s', E'a\\nb', B'101', X'1F', NULL, TRUE, FALSE",
    "SELECT a, t.a, s.t.a, d.s.t.a, *, t.*, s.t.* FROM t",
    "SELECT a AS b, a b, a \"B c\", a AS \"select\" FROM \"T\" AS \"x y\"(a, b)",
    "SELECT a + b * c - d / e % f ^ g, @ a, ~ b, a || b, a OPERATOR(pg_catalog.+) b, OPERATOR(s.-) "
    "a",
    "SELECT a -> 'x' ->> 'y' #> '{a}' @> b, a <-> b, a ~~ b, a !~* b",
    "SELECT a = 1 AND b <> 2 OR NOT c AND d >= 3 OR (e OR f) AND (g AND h)",
    "SELECT a LIKE 'x%', a NOT LIKE 'x' ESCAPE '!', a ILIKE b, a NOT ILIKE b, a SIMILAR TO 'x', a "
    "NOT "
    "SIMILAR TO 'x' ESCAPE 'y'",
    "SELECT a BETWEEN 1 AND 2, a NOT BETWEEN b AND c, a BETWEEN SYMMETRIC 1 AND 2, a NOT BETWEEN "
    "SYMMETRIC 1 AND 2",
    "SELECT a IN (1, 2), a NOT IN ('x'), (a, b) IN ((1, 2), (3, 4)), a IN (SELECT 1), a NOT IN "
    "(SELECT "
    "2)",
    "SELECT a = ANY (b), a <> ALL (ARRAY[1, 2]), a > SOME (SELECT 1), a < ALL (SELECT 2), a LIKE "
    "ANY (b), "
    "(a, b) = ANY (SELECT 1, 2)",
    "SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM NULL, NULLIF(a, b), COALESCE(a, b, 1), "
    "GREATEST(a, b), LEAST(1, 2)",
    "SELECT a IS NULL, a IS NOT NULL, a ISNULL, a NOTNULL, a IS TRUE, a IS NOT TRUE, a IS FALSE, a "
    "IS NOT "
    "FALSE, a IS UNKNOWN, a IS NOT UNKNOWN",
    "SELECT CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END, CASE a WHEN 1 THEN 'x' END",
    "SELECT CAST(a AS int), a::text, a::numeric(10, 2), a::varchar(9), a::int[], a::int[3][4], "
    "a::timestamp(3) "
    "with time zone, a::\"My Type\", a::s.t, a::bit(3), a::char, a::character varying, a::double "
    "precision, "
    "a::interval day to second(2), a::interval(3), a::interval year, a::bpchar, a::\"char\", "
    "a::time(2), "
    "a::float(20), a::decimal(3), a::bit varying(4), a::national character(3)",
    "SELECT date '2020-01-01', interval '1 day', interval '1' year, int '5', timestamp(3) "
    "'2020-01-01'",
    "SELECT a COLLATE \"C\", (a || b) COLLATE pg_catalog.\"default\"",
    "SELECT EXISTS (SELECT 1), (SELECT a FROM t LIMIT 1), ARRAY(SELECT 1), NOT EXISTS (SELECT 2)",
    "SELECT ARRAY[1, 2], ARRAY[[1, 2], [3, 4]], ARRAY[]::int[], ROW(1, 2), (1, 2), ROW(), ROW(1)",
    "SELECT a[1], a[1][2], a[1:2], a[:2], a[1:], a[:], (a).b, (a).b.c, (a).*, (f(x)).y, (ARRAY[1, "
    "2])[1], "
    "t.a[1].b, ($1).x, $1[2]",
    "SELECT f(), f(a, b), s.f(a), f(a => 1, b := 2), f(VARIADIC a), f(a, VARIADIC ARRAY[1]), "
    "count(*), "
    "count(DISTINCT a), sum(a ORDER BY b DESC NULLS LAST), sum(a) FILTER (WHERE b), "
    "string_agg(DISTINCT a, "
    "',' ORDER BY a, ',')",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), mode() WITHIN GROUP (ORDER BY a DESC) "
    "FILTER "
    "(WHERE b > 1), rank(1, 2) WITHIN GROUP (ORDER BY a, b)",
    "SELECT row_number() OVER (), sum(a) OVER w, sum(a) OVER (w ROWS 1 PRECEDING), sum(a) OVER "
    "(PARTITION BY "
    "b, c ORDER BY d ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), sum(a) OVER (ORDER BY b "
    "RANGE "
    "BETWEEN '1 day' PRECEDING AND '1 day' FOLLOWING EXCLUDE TIES), sum(a) OVER (ORDER BY b GROUPS "
    "BETWEEN "
    "1 FOLLOWING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW), sum(a) OVER (ROWS UNBOUNDED "
    "PRECEDING EXCLUDE "
    "GROUP) FROM t WINDOW w AS (PARTITION BY a ORDER BY b), w2 AS (w)",
    "SELECT CURRENT_DATE, CURRENT_TIME, CURRENT_TIME(2), CURRENT_TIMESTAMP, CURRENT_TIMESTAMP(0), "
    "LOCALTIME, "
    "LOCALTIME(1), LOCALTIMESTAMP, LOCALTIMESTAMP(3), CURRENT_ROLE, CURRENT_USER, USER, "
    "SESSION_USER, "
    "CURRENT_CATALOG, CURRENT_SCHEMA",
    "SELECT EXTRACT(year FROM a), EXTRACT('epoch' FROM b), a AT TIME ZONE 'UTC', (a, b) OVERLAPS "
    "(c, d), "
    "OVERLAY(a PLACING b FROM 1 FOR 2), OVERLAY(a PLACING b FROM 1), POSITION('x' IN a), "
    "SUBSTRING(a FROM 1 "
    "FOR 2), SUBSTRING(a FROM 2), SUBSTRING(a FOR 3), SUBSTRING(a SIMILAR 'x' ESCAPE 'y'), "
    "SUBSTRING(a, 1, "
    "2), TRIM(a), TRIM(BOTH 'x' FROM a), TRIM(LEADING FROM a), TRIM(TRAILING 'x' FROM a), "
    "NORMALIZE(a), "
    "NORMALIZE(a, NFC), a IS NORMALIZED, a IS NOT NFKD NORMALIZED, COLLATION FOR (a)",
    "SELECT $1, $2::int + $65535",
    "SELECT DISTINCT a, b FROM t",
    "SELECT ALL a FROM t",
    "SELECT DISTINCT ON (a, b + 1) a, b FROM t ORDER BY a, b + 1, c USING <, d USING OPERATOR(s.>)",
    "SELECT a, count(*) FROM t WHERE b > 0 GROUP BY a HAVING count(*) > 1 ORDER BY 2 DESC, a ASC "
    "NULLS FIRST "
    "LIMIT 10 OFFSET 5",
    "SELECT a FROM t LIMIT ALL",
    "SELECT a FROM t OFFSET 3 ROWS FETCH FIRST 2 ROWS ONLY",
    "SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES",
    "SELECT GROUPING(a, b) FROM t GROUP BY ROLLUP (a, b), CUBE (c, (d, e)), GROUPING SETS ((a), "
    "(b, c), ()), "
    "f + 1, ()",
    "SELECT a FROM t GROUP BY DISTINCT a, ROLLUP (b)",
    "SELECT GROUPING(a) FROM t GROUP BY GROUPING SETS (a, ROLLUP (b, c), GROUPING SETS ((d), (e)))",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM a, b FOR NO KEY UPDATE OF a NOWAIT FOR SHARE OF b SKIP LOCKED FOR KEY SHARE",
    "SELECT * FROM a, s.b x, ONLY c, d AS y (p, q), LATERAL (SELECT 1) z, (VALUES (1, 'a'), (2, "
    "'b')) v (m, "
    "n)",
    "SELECT * FROM f(1) WITH ORDINALITY AS t(a, b), LATERAL g(t.a) h, ROWS FROM (f(1), g(2) AS (a "
    "int, b "
    "text)) WITH ORDINALITY x, k() AS (a int, b text COLLATE \"C\"), k2() AS m(a int), "
    "CURRENT_DATE d, "
    "generate_series(1, 3) s",
    "SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x, y) RIGHT OUTER JOIN d USING (z) AS "
    "j FULL JOIN "
    "e ON true CROSS JOIN f NATURAL JOIN g NATURAL LEFT JOIN h",
    "SELECT * FROM a JOIN (b JOIN c ON b.x = c.x) ON a.x = b.x, (d CROSS JOIN e) AS de (m)",
    "SELECT * FROM t TABLESAMPLE system (10), u AS x TABLESAMPLE bernoulli (5.5) REPEATABLE (42)",
    "VALUES (1, 'a'), (2, DEFAULT)",
    "VALUES (1) ORDER BY 1 LIMIT 1",
    "TABLE t",
    "SELECT 1 UNION SELECT 2 UNION ALL SELECT 3",
    "SELECT 1 UNION (SELECT 2 UNION ALL SELECT 3)",
    "(SELECT 1 ORDER BY 1 LIMIT 2) UNION (SELECT 2) ORDER BY 1 LIMIT 1",
    "SELECT 1 INTERSECT SELECT 2 EXCEPT ALL SELECT 3",
    "SELECT 1 EXCEPT (SELECT 2 INTERSECT ALL SELECT 3)",
    "WITH a AS (SELECT 1), b (x, y) AS MATERIALIZED (SELECT 2, 3), c AS NOT MATERIALIZED (SELECT "
    "4) SELECT * "
    "FROM a, b, c",
    "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT sum(n) "
    "FROM t",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SEARCH DEPTH FIRST BY n SET o "
    "SELECT * FROM "
    "t",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SEARCH BREADTH FIRST BY n SET o "
    "CYCLE n SET c "
    "TO true DEFAULT false USING p SELECT * FROM t",
    "WITH x AS (INSERT INTO t VALUES (1) RETURNING *), y AS (UPDATE t SET a = 1 RETURNING a), z AS "
    "(DELETE FROM "
    "t RETURNING b) SELECT * FROM x, y, z",
    "(WITH a AS (SELECT 1) SELECT * FROM a) UNION ALL SELECT 2",
    "SELECT a INTO TEMP x FROM t",
    "INSERT INTO t VALUES (1, DEFAULT, 'x')",
    "INSERT INTO s.t AS x (a, b[1], c.d) OVERRIDING SYSTEM VALUE SELECT 1, 2, 3 RETURNING a AS z, "
    "*",
    "INSERT INTO t DEFAULT VALUES",
    "INSERT INTO t (a) OVERRIDING USER VALUE VALUES (1) ON CONFLICT DO NOTHING",
    "INSERT INTO t VALUES (1) ON CONFLICT (a, lower(b) COLLATE \"C\" text_ops) WHERE c > 0 DO "
    "UPDATE SET b = "
    "excluded.b, (c, d) = (1, 2) WHERE t.a <> 1 RETURNING *",
    "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET (a, b) = (SELECT 1, "
    "2), c = DEFAULT",
    "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
    "UPDATE t SET a = 1, b[2] = 3, c.d = DEFAULT, (e, f) = (SELECT 1, 2), (g) = ROW(4) FROM u, v "
    "WHERE t.x = "
    "u.x RETURNING t.*",
    "UPDATE ONLY t AS z SET a = a + 1 WHERE CURRENT OF cur",
    "DELETE FROM t",
    "WITH x AS (SELECT 1) DELETE FROM ONLY s.t z USING u, v WHERE z.a = u.a RETURNING z.a, 1 AS "
    "one",
    "MERGE INTO t AS x USING s ON x.a = s.a WHEN MATCHED AND s.b > 1 THEN UPDATE SET c = 1, (d, e) "
    "= (1, 2) WHEN "
    "MATCHED THEN DELETE WHEN NOT MATCHED AND s.b = 2 THEN INSERT (a, b) OVERRIDING USER VALUE "
    "VALUES (s.a, "
    "DEFAULT) WHEN NOT MATCHED THEN DO NOTHING",
    "MERGE INTO t USING (SELECT 1 AS a) s ON true WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
};

}  // namespace helios::sql
