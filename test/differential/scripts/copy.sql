CREATE TABLE cp (id int PRIMARY KEY, t text, n numeric, d date, b bool, a int[]);
COPY cp FROM STDIN;
1	plain	1.5	2020-01-01	t	{1,2}
2	\N	\N	\N	\N	\N
3	tab\there\nnewline\\slash	0	2020-02-29	f	{}
4		-1	infinity	true	{NULL}
\.
SELECT * FROM cp ORDER BY id;
COPY cp TO STDOUT;
COPY cp TO STDOUT WITH (FORMAT csv);
COPY cp TO STDOUT WITH (FORMAT csv, HEADER);
COPY cp TO STDOUT (FORMAT csv, DELIMITER ';', NULL 'nil', QUOTE '''', FORCE_QUOTE (t));
COPY cp (id, t) TO STDOUT (DELIMITER '|', NULL 'x');
COPY (SELECT id, upper(t) FROM cp WHERE id < 3 ORDER BY id DESC) TO STDOUT;
COPY (VALUES (1, 'a"b'), (2, 'c,d'), (3, E'e\nf'), (4, ''), (5, NULL)) TO STDOUT CSV;
COPY (VALUES (1, 'a"b'), (2, 'c,d')) TO STDOUT (FORMAT csv, FORCE_QUOTE *);
COPY (INSERT INTO cp (id) VALUES (99) RETURNING id) TO STDOUT;
COPY cp TO STDOUT CSV HEADER QUOTE '"' ESCAPE '\';
COPY cp (id, t, n) FROM STDIN (FORMAT csv);
10,"quoted ""x"", y",5
11,,
12,"",7
13,"multi
line",8
\.
COPY cp (id, t) FROM STDIN (FORMAT csv, HEADER true, DELIMITER ';', NULL 'NA');
id;t
20;NA
21;"NA"
22;x
\.
COPY cp (t, id) FROM STDIN WITH DELIMITER '|' NULL '-';
swapped|30
-|31
\.
SELECT id, t, t IS NULL, n FROM cp WHERE id >= 10 ORDER BY id;
COPY cp (id) FROM STDIN;
1
\.
COPY cp (id) FROM STDIN;
abc
\.
COPY cp (id, t) FROM STDIN;
40
\.
COPY cp (id, t) FROM STDIN;
40	x	extra
\.
COPY cp (id, n) FROM STDIN;
41	12x
\.
COPY cp (id, t) FROM STDIN (FORMAT csv);
42,"unterminated
\.
COPY cp (id, t) FROM STDIN (FORMAT csv, HEADER match);
id,wrong
1,x
\.
COPY cp (nope) FROM STDIN;
\.
COPY nope FROM STDIN;
\.
COPY cp TO STDOUT (FORMAT nope);
COPY cp TO STDOUT (DELIMITER 'ab');
COPY cp TO STDOUT (FORMAT csv, FORMAT text);
COPY (SELECT * FROM cp ORDER BY id) TO STDOUT (HEADER);
COPY cp TO STDOUT (FORMAT binary, HEADER);
COPY cp TO STDOUT (NOPE true);
COPY cp (id, id) TO STDOUT;
COPY (SELECT nope) TO STDOUT;
COPY nope TO STDOUT;
SELECT count(*) FROM cp;
CREATE TABLE cpd (id serial, v int DEFAULT 7 CHECK (v > 0), g int GENERATED ALWAYS AS (v * 2) STORED);
COPY cpd (v) FROM STDIN;
1
2
\.
COPY cpd (id) FROM STDIN;
50
\.
COPY cpd (v) FROM STDIN;
5
-5
\.
COPY cpd FROM STDIN;
60	6
\.
SELECT * FROM cpd ORDER BY id;
COPY cpd TO STDOUT;
COPY cpd (g) TO STDOUT;
COPY cpd (g) FROM STDIN;
1
\.
BEGIN;
COPY cpd (v) FROM STDIN;
100
\.
ROLLBACK;
SELECT count(*) FROM cpd;
CREATE TABLE cpt (b bytea, j jsonb, ts timestamptz, u uuid, f float8, i interval);
COPY cpt FROM STDIN;
\\x00ff	{"a": [1, 2]}	2020-01-01 00:00:00+00	00000000-0000-0000-0000-000000000001	NaN	1 day 02:00:00
\\xde	"s"	infinity	\N	-Infinity	-1 mons
\.
COPY cpt TO STDOUT;
COPY cpt TO STDOUT CSV;
COPY cpt FROM STDIN (FORMAT csv);
\x01,"{""k"": ""v""}",2020-06-01 12:00+02,,1e-5,P1D
\.
SELECT * FROM cpt ORDER BY f;
COPY cp (id) FROM '/nonexistent/file';
COPY cp (id, t) FROM STDIN;
500	\x41\101\b\f\v
\.
SELECT t = E'AA\b\f\v' FROM cp WHERE id = 500;
