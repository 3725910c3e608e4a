// node-postgres, unmodified, in one session of ordinary work. Prints "done" or fails.

import assert from "node:assert/strict";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import pg from "pg";
import Cursor from "pg-cursor";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";

const schema = process.argv[2];
const client = new pg.Client();
await client.connect();
await client.query(`SET search_path TO ${schema}`);

await client.query("CREATE TABLE t (id int PRIMARY KEY, v text, n numeric, b boolean, d timestamptz, j jsonb, a int[], x bytea)");
const inserted = await client.query(
  "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
  [1, "naïve 😀", "12.50", true, new Date("2020-01-01T00:00:00Z"), { k: [1, null] }, [1, 2, null], Buffer.from([0, 255])],
);
assert.equal(inserted.rowCount, 1);
assert.deepEqual(inserted.rows[0], {
  id: 1, v: "naïve 😀", n: "12.50", b: true, d: new Date("2020-01-01T00:00:00Z"),
  j: { k: [1, null] }, a: [1, 2, null], x: Buffer.from([0, 255]),
});
assert.equal(inserted.fields[2].dataTypeID, 1700);

// A named statement is prepared once and reused.
for (let i = 0; i < 10; i++) {
  const { rows } = await client.query({ name: "plus", text: "SELECT $1::int + 1 AS r", values: [i] });
  assert.equal(rows[0].r, i + 1);
}

// Several statements and array rows.
const results = await client.query("SELECT 1 AS a; SELECT 2 AS b");
assert.deepEqual(results.map((r) => r.rows), [[{ a: 1 }], [{ b: 2 }]]);
const arrays = await client.query({ text: "SELECT 1, 2", rowMode: "array" });
assert.deepEqual(arrays.rows, [[1, 2]]);

// Transactions and errors.
await client.query("BEGIN");
await client.query("INSERT INTO t (id) VALUES (2)");
await client.query("SAVEPOINT s");
await assert.rejects(client.query("INSERT INTO t (id) VALUES ($1)", [1]), {
  code: "23505", constraint: "t_pkey", table: "t", detail: "Key (id)=(1) already exists.",
});
await assert.rejects(client.query("SELECT 1"), { code: "25P02" });
await client.query("ROLLBACK TO s");
await client.query("COMMIT");
assert.equal((await client.query("SELECT count(*)::int AS c FROM t")).rows[0].c, 2);
await assert.rejects(client.query("SELECT nope"), { code: "42703", position: "8" });

// A cursor reads in portions.
const cursor = client.query(new Cursor("SELECT n FROM generate_series(1, $1) n", [1000]));
assert.equal((await cursor.read(300)).length, 300);
assert.equal((await cursor.read(1000)).length, 700);
await cursor.close();

// COPY in both directions.
await client.query("CREATE TABLE c (id int, v text)");
const rows = Array.from({ length: 10000 }, (_, i) => `${i}\tv${i}\n`);
await pipeline(Readable.from(rows), client.query(copyFrom("COPY c FROM STDIN")));
let bytes = "";
for await (const chunk of client.query(copyTo("COPY (SELECT * FROM c WHERE id < 2 ORDER BY id) TO STDOUT"))) bytes += chunk;
assert.equal(bytes, "0\tv0\n1\tv1\n");

// Notifications and notices.
await client.query("LISTEN ch");
const heard = once(client, "notification");
const other = new pg.Client({ ssl: { rejectUnauthorized: false } });
await other.connect();
await other.query("SELECT pg_notify('ch', 'hi')");
assert.equal((await heard)[0].payload, "hi");
await other.end();
const noticed = once(client, "notice");
await client.query("DROP TABLE IF EXISTS nope");
assert.match((await noticed)[0].message, /nope/);

// A pool under load.
const pool = new pg.Pool({ max: 8 });
const answers = await Promise.all(
  Array.from({ length: 200 }, (_, i) => pool.query("SELECT $1::int * 2 AS r", [i])),
);
assert.deepEqual(answers.map((r) => r.rows[0].r), Array.from({ length: 200 }, (_, i) => 2 * i));
await pool.end();

await client.end();
console.log("done");
