// pgx, unmodified, in one session of ordinary work. Prints "done" or fails.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

func must(err error) {
	if err != nil {
		log.Fatalf("%+v", err)
	}
}

func equal(got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		log.Fatalf("wanted %#v, got %#v", wanted, got)
	}
}

func main() {
	log.SetFlags(log.Lshortfile)
	schema := os.Args[1]
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig("")
	must(err)
	config.RuntimeParams["search_path"] = schema
	conn, err := pgx.ConnectConfig(ctx, config)
	must(err)
	defer conn.Close(ctx)

	types(ctx, conn)
	transactions(ctx, conn)
	batch(ctx, conn)
	copyFrom(ctx, conn)
	notifications(ctx, conn)
	cancellation(ctx, conn)
	pool(ctx, schema)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		queryMode(ctx, config, mode)
	}
	fmt.Println("done")
}

func types(ctx context.Context, conn *pgx.Conn) {
	_, err := conn.Exec(ctx, `CREATE TABLE g (id int8 PRIMARY KEY, t text, f float8, b bool, y bytea,
		ts timestamptz, d date, a int4[], j jsonb, u uuid, n numeric, i interval)`)
	must(err)
	now := time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC)
	number := pgtype.Numeric{}
	must(number.Scan("12345.6700"))
	for id := int64(0); id < 5; id++ {
		_, err = conn.Exec(ctx, "INSERT INTO g VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
			id, "naïve 😀", 0.1, true, []byte{0, 255}, now, now, []int32{1, 2}, map[string]any{"k": 1.5},
			[16]byte{1, 2}, number, 90*time.Minute)
		must(err)
	}
	var (
		text  string
		float float64
		yes   bool
		bytes []byte
		stamp time.Time
		array []int32
		doc   map[string]any
		uuid  [16]byte
		num   pgtype.Numeric
		span  pgtype.Interval
	)
	must(conn.QueryRow(ctx, "SELECT t, f, b, y, ts, a, j, u, n, i FROM g WHERE id = $1", 3).Scan(
		&text, &float, &yes, &bytes, &stamp, &array, &doc, &uuid, &num, &span))
	equal(text, "naïve 😀")
	equal(float, 0.1)
	equal(yes, true)
	equal(bytes, []byte{0, 255})
	equal(stamp.Equal(now), true)
	equal(array, []int32{1, 2})
	equal(doc, map[string]any{"k": 1.5})
	equal(uuid, [16]byte{1, 2})
	value, err := num.Value()
	must(err)
	equal(value, "12345.6700")
	equal(span.Microseconds, int64(90*60*1000000))
	var missing *string
	must(conn.QueryRow(ctx, "SELECT NULL::text").Scan(&missing))
	equal(missing == nil, true)
	rows, err := conn.Query(ctx, "SELECT id FROM g WHERE id = ANY($1) ORDER BY id", []int64{1, 4, 9})
	must(err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	must(err)
	equal(ids, []int64{1, 4})
}

func transactions(ctx context.Context, conn *pgx.Conn) {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO g (id) VALUES (100)"); err != nil {
			return err
		}
		inner := pgx.BeginFunc(ctx, tx, func(nested pgx.Tx) error {
			_, err := nested.Exec(ctx, "INSERT INTO g (id) VALUES (100)")
			return err
		})
		var pgErr *pgconn.PgError
		equal(errors.As(inner, &pgErr), true)
		equal(pgErr.Code, "23505")
		equal(pgErr.ConstraintName, "g_pkey")
		_, err := tx.Exec(ctx, "INSERT INTO g (id) VALUES (101)")
		return err
	})
	must(err)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	must(err)
	_, err = tx.Exec(ctx, "DELETE FROM g")
	var pgErr *pgconn.PgError
	equal(errors.As(err, &pgErr), true)
	equal(pgErr.Code, "25006")
	must(tx.Rollback(ctx))
	var count int
	must(conn.QueryRow(ctx, "SELECT count(*) FROM g WHERE id >= 100").Scan(&count))
	equal(count, 2)
}

func batch(ctx context.Context, conn *pgx.Conn) {
	queue := &pgx.Batch{}
	for id := 200; id < 300; id++ {
		queue.Queue("INSERT INTO g (id) VALUES ($1)", id)
	}
	queue.Queue("SELECT count(*) FROM g WHERE id BETWEEN 200 AND 299")
	results := conn.SendBatch(ctx, queue)
	for id := 200; id < 300; id++ {
		tag, err := results.Exec()
		must(err)
		equal(tag.RowsAffected(), int64(1))
	}
	var count int
	must(results.QueryRow().Scan(&count))
	equal(count, 100)
	must(results.Close())

	bad := &pgx.Batch{}
	bad.Queue("INSERT INTO g (id) VALUES (900)")
	bad.Queue("INSERT INTO g (id) VALUES (200)")
	bad.Queue("INSERT INTO g (id) VALUES (901)")
	if conn.SendBatch(ctx, bad).Close() == nil {
		log.Fatal("the batch did not fail")
	}
	must(conn.QueryRow(ctx, "SELECT count(*) FROM g WHERE id >= 900").Scan(&count))
	equal(count, 0)
}

func copyFrom(ctx context.Context, conn *pgx.Conn) {
	_, err := conn.Exec(ctx, "CREATE TABLE c (id int4, v text, ts timestamptz)")
	must(err)
	rows := make([][]any, 10000)
	for i := range rows {
		rows[i] = []any{int32(i), fmt.Sprint("v", i), time.Unix(int64(i), 0)}
	}
	count, err := conn.CopyFrom(ctx, pgx.Identifier{"c"}, []string{"id", "v", "ts"}, pgx.CopyFromRows(rows))
	must(err)
	equal(count, int64(10000))
	var sum int64
	must(conn.QueryRow(ctx, "SELECT sum(id) FROM c").Scan(&sum))
	equal(sum, int64(49995000))
}

func notifications(ctx context.Context, conn *pgx.Conn) {
	_, err := conn.Exec(ctx, "LISTEN ch")
	must(err)
	_, err = conn.Exec(ctx, "SELECT pg_notify('ch', 'hi')")
	must(err)
	heard, err := conn.WaitForNotification(ctx)
	must(err)
	equal(heard.Payload, "hi")
}

func cancellation(ctx context.Context, conn *pgx.Conn) {
	config := conn.Config().Copy()
	other, err := pgx.ConnectConfig(ctx, config)
	must(err)
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = other.Exec(short, "SELECT pg_sleep(60)")
	equal(errors.Is(err, context.DeadlineExceeded), true)
}

func pool(ctx context.Context, schema string) {
	config, err := pgxpool.ParseConfig("")
	must(err)
	config.MaxConns = 5
	config.ConnConfig.RuntimeParams["search_path"] = schema
	p, err := pgxpool.NewWithConfig(ctx, config)
	must(err)
	defer p.Close()
	answers := make(chan int, 100)
	for i := 0; i < 100; i++ {
		go func(i int) {
			var r int
			must(p.QueryRow(ctx, "SELECT $1::int4 * 2", i).Scan(&r))
			answers <- r
		}(i)
	}
	sum := 0
	for i := 0; i < 100; i++ {
		sum += <-answers
	}
	equal(sum, 9900)
}

func queryMode(ctx context.Context, config *pgx.ConnConfig, mode pgx.QueryExecMode) {
	own := config.Copy()
	own.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(ctx, own)
	must(err)
	defer conn.Close(ctx)
	var number int32
	var text string
	must(conn.QueryRow(ctx, "SELECT $1::int4 + 1, $2::text", int32(41), "it's").Scan(&number, &text))
	equal(number, int32(42))
	equal(text, "it's")
	// The statement is described again after the table has changed.
	_, err = conn.Exec(ctx, "DROP TABLE IF EXISTS m")
	must(err)
	_, err = conn.Exec(ctx, "CREATE TABLE m (a int4)")
	must(err)
	_, err = conn.Exec(ctx, "INSERT INTO m VALUES (1)")
	must(err)
	equal(columnCount(ctx, conn), 1)
	_, err = conn.Exec(ctx, "ALTER TABLE m ADD COLUMN b int4")
	must(err)
	columnCount(ctx, conn) // May fail once, as the cached plan is stale.
	equal(columnCount(ctx, conn), 2)
}

// columnCount returns how many columns the table m shows, or -1 if the query fails.
func columnCount(ctx context.Context, conn *pgx.Conn) int {
	rows, err := conn.Query(ctx, "SELECT * FROM m")
	if err != nil {
		return -1
	}
	count := len(rows.FieldDescriptions())
	rows.Close()
	if rows.Err() != nil {
		return -1
	}
	return count
}
