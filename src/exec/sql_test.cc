#include <gtest/gtest.h>

#include "exec/internal/test_support.h"
#include "exec/point.h"
#include "sql/test_catalog.h"
#include "storage/node.h"

// Whole statements: parsed, planned, and run over a node in memory.
namespace helios::exec::test {
namespace {

class SqlTest : public ::testing::Test {
 protected:
  SqlTest() : memory_("test", 0) {
    node_ = storage::OpenNode({.background_maintenance = false}).value();
    format_.lookup = &catalog_.lookup();
  }

  struct Txn {
    TxnId id;
    std::unique_ptr<hidb::WriteSet> writes;
    hidb::CommandId command = 1;
    DeferredChecks deferred;
  };

  Txn Begin() {
    return {.id = node_->BeginTransaction(),
            .writes = std::make_unique<hidb::WriteSet>(&memory_),
            .deferred = DeferredChecks(&memory_)};
  }
  std::string Commit(Txn& txn) {
    hidb::CommitRequest request;
    request.txn = txn.id;
    request.writes = txn.writes.get();
    auto committed = node_->Commit(request);
    return committed.ok() ? "" : committed.status().ToString();
  }

  ExecutionContext Context(Txn& txn, Timestamp snapshot) {
    ExecutionContext context = ContextOf(mode_);
    context.storage = node_.get();
    context.txn = txn.id;
    context.writes = txn.writes.get();
    context.snapshot = snapshot;
    context.command = txn.command++;
    context.memory = &memory_;
    context.settings.text_format.lookup = &catalog_.lookup();
    context.deferred = &txn.deferred;
    context.workers = workers_;
    context.parallel_rows_min = parallel_rows_min_;
    return context;
  }

  static std::string Line(const Status& status) {
    std::string text = fmt::format("{} {}", SqlState(status.code()), status.info().message);
    if (!status.info().detail.empty()) text += " / " + status.info().detail;
    return text;
  }

  // One statement; its writes are taken back when it fails.
  Rows In(Txn& txn, std::string_view sql, Timestamp snapshot = 0) {
    auto plan = catalog_.Plan(sql);
    if (!plan.ok()) return {"plan: " + Line(plan.status())};
    std::shared_ptr<const plan::Plan> shared = std::move(*plan);
    auto lease = node_->AcquireSnapshot();
    ExecutionContext context = Context(txn, snapshot != 0 ? snapshot : lease->timestamp());
    const hidb::CommandId command = context.command;
    if (shared->point && use_point_) {
      ++point_runs_;
      Chunk out;
      const Status status = RunPoint(shared, context, &out, &affected_);
      if (!status.ok()) {
        txn.writes->RollbackTo(command);
        return {Line(status)};
      }
      Rows rows;
      for (size_t row = 0; row < out.row_count(); ++row) rows.push_back(RowText(out, row));
      return rows;
    }
    auto execution = Execution::Start(shared, context);
    if (!execution.ok()) return {Line(execution.status())};
    Rows rows;
    Chunk chunk;
    do {
      const Status status = (*execution)->Next(&chunk);
      if (!status.ok()) {
        txn.writes->RollbackTo(command);
        return {Line(status)};
      }
      for (size_t row = 0; row < chunk.row_count(); ++row) rows.push_back(RowText(chunk, row));
    } while (chunk.row_count() > 0);
    affected_ = (*execution)->affected_rows();
    return rows;
  }
  // A transaction of its own.
  Rows Sql(std::string_view sql) {
    Txn txn = Begin();
    Rows rows = In(txn, sql);
    const std::string error = Commit(txn);
    EXPECT_EQ(error, "") << sql;
    return rows;
  }
  void Ddl(std::string_view sql) { catalog_.Execute(sql); }

  MemoryTracker memory_;
  std::unique_ptr<storage::Node> node_;
  sql::TestCatalog catalog_;
  TextFormat format_;
  Mode mode_;
  WorkerPool* workers_ = nullptr;
  double parallel_rows_min_ = 50000;
  bool use_point_ = true;
  int point_runs_ = 0;
  uint64_t affected_ = 0;
};

TEST_F(SqlTest, InsertAndRead) {
  Ddl("create table t(a int primary key, b text, c numeric(5,2))");
  EXPECT_EQ(Sql("insert into t values (1, 'one', 1.5), (2, null, 2), (3, 'three', null)"), Rows{});
  EXPECT_EQ(affected_, 3u);
  EXPECT_EQ(Sql("select * from t order by a desc"), (Rows{"3|three|-", "2|-|2.00", "1|one|1.50"}));
  EXPECT_EQ(Sql("select b from t where a = 1"), Rows{"one"});
  EXPECT_EQ(Sql("insert into t values (4, 'x', 1) returning a + 1, b"), Rows{"5|x"});
  EXPECT_EQ(Sql("insert into t values (4, 'x', 1)"),
            Rows{"23505 duplicate key value violates unique constraint \"t_pkey\" / Key (a)=(4) "
                 "already exists."});
  EXPECT_EQ(Sql("insert into t values (null, 'x', 1)"),
            Rows{"23502 null value in column \"a\" of relation \"t\" violates not-null constraint "
                 "/ Failing row contains (null, x, 1.00)."});
}

TEST_F(SqlTest, RowsWithoutAKeyMayRepeat) {
  Ddl("create table t(a int)");
  Sql("insert into t values (1), (1), (2)");
  Sql("insert into t select a from t");
  EXPECT_EQ(affected_, 3u);
  EXPECT_EQ(Sql("select a, count(*) from t group by a order by a"), (Rows{"1|4", "2|2"}));
  Sql("delete from t where a = 1");
  EXPECT_EQ(affected_, 4u);
  EXPECT_EQ(Sql("select count(*) from t"), Rows{"2"});
}

TEST_F(SqlTest, ChecksAndGeneratedColumns) {
  Ddl("create table t(a int primary key, b int check (b > 0), c int generated always as (b * 2) "
      "stored)");
  Sql("insert into t(a, b) values (1, 5)");
  EXPECT_EQ(Sql("select * from t"), Rows{"1|5|10"});
  EXPECT_EQ(Sql("insert into t(a, b) values (2, -5)"),
            Rows{"23514 new row for relation \"t\" violates check constraint \"t_check\" / Failing "
                 "row contains (2, -5, -10)."});
  Sql("update t set b = 7");
  EXPECT_EQ(Sql("select * from t"), Rows{"1|7|14"});
  EXPECT_EQ(Sql("update t set b = 0 where a = 1")[0].substr(0, 5), "23514");
}

TEST_F(SqlTest, IndexesFollowTheirRows) {
  Ddl("create table t(a int primary key, b int, c text); create index t_b on t(b); "
      "create unique index t_c on t(lower(c)) where b > 0");
  Sql("insert into t select i, i % 10, 'Name' || i from generate_series(1, 1000) i");
  EXPECT_EQ(Sql("select count(*) from t where b = 3"), Rows{"100"});
  Sql("update t set b = 77 where a = 3");
  EXPECT_EQ(Sql("select a from t where b = 77"), Rows{"3"});
  EXPECT_EQ(Sql("select count(*) from t where b = 3"), Rows{"99"});
  EXPECT_EQ(Sql("insert into t values (2000, 1, 'NAME5')"),
            Rows{"23505 duplicate key value violates unique constraint \"t_c\" / Key "
                 "(lower(c))=(name5) already exists."});
  Sql("insert into t values (2000, 0, 'NAME5')");
  EXPECT_EQ(affected_, 1u);
  EXPECT_EQ(Sql("update t set b = 1 where a = 2000")[0].substr(0, 5), "23505");
  Sql("delete from t where b = 77");
  EXPECT_EQ(Sql("select count(*) from t where b = 77"), Rows{"0"});
  EXPECT_EQ(Sql("select count(*) from t"), Rows{"1000"});
}

TEST_F(SqlTest, UpdateMovesPrimaryKeys) {
  Ddl("create table t(a int primary key, b int)");
  Sql("insert into t values (1, 10), (2, 20), (3, 30)");
  Sql("update t set a = a + 10 where a >= 2");
  EXPECT_EQ(Sql("select * from t order by a"), (Rows{"1|10", "12|20", "13|30"}));
  EXPECT_EQ(Sql("update t set a = 12 where a = 1"),
            Rows{"23505 duplicate key value violates unique constraint \"t_pkey\" / Key (a)=(12) "
                 "already exists."});
  Sql("update t set a = 2 where a = 1");
  EXPECT_EQ(Sql("select * from t where a = 2"), Rows{"2|10"});
}

TEST_F(SqlTest, UpdateFromAndReturning) {
  Ddl("create table t(a int primary key, b int); create table s(a int, d int)");
  Sql("insert into t values (1, 10), (2, 20), (3, 30)");
  Sql("insert into s values (1, 5), (3, 7), (3, 7)");
  EXPECT_EQ(Sorted(Sql("update t set b = b + s.d from s where s.a = t.a returning t.a, t.b, s.d")),
            (Rows{"1|15|5", "3|37|7"}));
  EXPECT_EQ(affected_, 2u);
  EXPECT_EQ(Sorted(Sql("delete from t using s where s.a = t.a returning t.*, s.d")),
            (Rows{"1|15|5", "3|37|7"}));
  EXPECT_EQ(Sql("select * from t"), Rows{"2|20"});
}

TEST_F(SqlTest, OnConflict) {
  Ddl("create table t(a int primary key, b int unique, c int)");
  Sql("insert into t values (1, 1, 1), (2, 2, 2)");
  Sql("insert into t values (1, 9, 9), (3, 3, 3), (3, 4, 4) on conflict do nothing");
  EXPECT_EQ(affected_, 1u);
  Sql("insert into t values (9, 2, 9) on conflict (b) do nothing");
  EXPECT_EQ(affected_, 0u);
  EXPECT_EQ(Sql("insert into t values (1, 1, 5), (4, 4, 4) on conflict (a) do update "
                "set c = t.c + excluded.c returning a, c"),
            (Rows{"4|4", "1|6"}));
  EXPECT_EQ(
      Sql("insert into t values (1, 1, 5) on conflict (a) do update set c = 0 where t.c > 100"),
      Rows{});
  EXPECT_EQ(affected_, 0u);
  EXPECT_EQ(Sql("insert into t values (7, 7, 7), (7, 8, 8) on conflict (a) do update set c = 0"),
            Rows{"21000 ON CONFLICT DO UPDATE command cannot affect row a second time"});
  EXPECT_EQ(Sql("insert into t values (5, 1, 5) on conflict (a) do nothing")[0].substr(0, 5),
            "23505");
  EXPECT_EQ(Sql("select * from t order by a"), (Rows{"1|1|6", "2|2|2", "3|3|3", "4|4|4"}));
}

TEST_F(SqlTest, ForeignKeys) {
  Ddl("create table p(a int primary key, b int)");
  Ddl("create table c(x int primary key, a int references p)");
  Ddl("create table d(x int primary key, c int references c on delete cascade)");
  Sql("insert into p values (1, 1), (2, 2)");
  Sql("insert into c values (10, 1), (11, null)");
  EXPECT_EQ(Sql("insert into c values (12, 7)"),
            Rows{"23503 insert or update on table \"c\" violates foreign key constraint "
                 "\"c_a_fkey\" / Key (a)=(7) is not present in table \"p\"."});
  EXPECT_EQ(Sql("update c set a = 7 where x = 10")[0].substr(0, 5), "23503");
  EXPECT_EQ(
      Sql("delete from p where a = 1"),
      Rows{"23503 update or delete on table \"p\" violates foreign key constraint "
           "\"c_a_fkey\" on table \"c\" / Key (a)=(1) is still referenced from table \"c\"."});
  EXPECT_EQ(Sql("update p set a = 9 where a = 1")[0].substr(0, 5), "23503");
  Sql("update p set b = 5 where a = 1");
  EXPECT_EQ(affected_, 1u);
  Sql("delete from p where a = 2");
  EXPECT_EQ(affected_, 1u);
  Sql("insert into d values (1, 10), (2, 10), (3, 11)");
  Sql("delete from c where x = 10");
  EXPECT_EQ(affected_, 1u);
  EXPECT_EQ(Sql("select * from d"), Rows{"3|11"});
  Sql("delete from p where a = 1");
  EXPECT_EQ(affected_, 1u);
}

TEST_F(SqlTest, ModifyingCtes) {
  Ddl("create table t(a int primary key, b int); create table log(a int, b int)");
  Sql("insert into t values (1, 1), (2, 2), (3, 3)");
  EXPECT_EQ(
      Sql("with gone as (delete from t where a < 3 returning *) insert into log select * from "
          "gone returning a"),
      (Rows{"1", "2"}));
  EXPECT_EQ(affected_, 2u);
  EXPECT_EQ(
      Sql("with x as (update t set b = 100 returning a) select count(*) from t where b = 100"),
      Rows{"0"});
  EXPECT_EQ(Sql("select * from t"), Rows{"3|100"});
}

TEST_F(SqlTest, AStatementDoesNotSeeItsOwnRows) {
  Ddl("create table t(a int)");
  Sql("insert into t values (1)");
  for (int i = 0; i < 6; ++i) Sql("insert into t select a + 1 from t");
  EXPECT_EQ(Sql("select count(*) from t"), Rows{"64"});
}

TEST_F(SqlTest, ConcurrentChangesAreNoticed) {
  Ddl("create table t(a int primary key, b int)");
  Sql("insert into t values (1, 1)");
  use_point_ = false;
  auto lease = node_->AcquireSnapshot();
  Sql("update t set b = 2");
  Txn txn = Begin();
  EXPECT_EQ(In(txn, "update t set b = b + 1", lease->timestamp()),
            Rows{"40001 could not serialize access due to concurrent update"});
  EXPECT_EQ(In(txn, "update t set b = b + 1 returning b"), Rows{"3"});
  EXPECT_EQ(Commit(txn), "");
}

TEST_F(SqlTest, PointStatementsAgreeWithTheLongRoad) {
  for (bool point : {false, true}) {
    use_point_ = point;
    const std::string t = point ? "p" : "l";
    Ddl("create table " + t + "(a int, b text, c int, primary key (a, b))");
    Ddl("create index " + t + "_c on " + t + "(c)");
    EXPECT_EQ(Sql("insert into " + t + " values (1, 'x', 5) returning c"), Rows{"5"});
    EXPECT_EQ(Sql("insert into " + t + " values (1, 'x', 6)")[0].substr(0, 5), "23505");
    EXPECT_EQ(Sql("select c, b from " + t + " where a = 1 and b = 'x'"), Rows{"5|x"});
    EXPECT_EQ(Sql("select c from " + t + " where a = 1 and b = 'x' and c = 4"), Rows{});
    EXPECT_EQ(Sql("update " + t + " set c = c + 1 where a = 1 and b = 'x' returning c"), Rows{"6"});
    EXPECT_EQ(Sql("select a from " + t + " where c = 6"), Rows{"1"});
    Sql("update " + t + " set c = 0 where a = 2 and b = 'x'");
    EXPECT_EQ(affected_, 0u);
    EXPECT_EQ(Sql("delete from " + t + " where a = 1 and b = 'x' returning *"), Rows{"1|x|6"});
    EXPECT_EQ(Sql("select count(*) from " + t), Rows{"0"});
  }
}

TEST_F(SqlTest, WindowFunctions) {
  Ddl("create table t(g int, v int)");
  Sql("insert into t values (1, 10), (1, 20), (1, 20), (2, 5), (2, null)");
  for (const Mode& mode : AllModes()) {
    mode_ = mode;
    EXPECT_EQ(Sql("select g, v, row_number() over w, rank() over w, dense_rank() over w, "
                  "sum(v) over w, lag(v) over w, last_value(v) over w from t "
                  "window w as (partition by g order by v) order by g, v, 3"),
              (Rows{"1|10|1|1|1|10|-|10", "1|20|2|2|2|50|10|20", "1|20|3|2|2|50|20|20",
                    "2|5|1|1|1|5|-|5", "2|-|2|2|2|5|5|-"}));
    EXPECT_EQ(Sql("select v, sum(v) over (order by v rows between 1 preceding and 1 following), "
                  "count(*) over (order by v range between 5 preceding and 10 following), "
                  "sum(v) over (order by v groups between 1 preceding and current row exclude ties)"
                  " from t where g = 1 order by 1, 2"),
              (Rows{"10|30|3|10", "20|40|2|30", "20|50|2|30"}));
  }
}

TEST_F(SqlTest, SlidingAggregatesAgreeWithSelfJoins) {
  Ddl("create table t(i int primary key, v int)");
  Sql("insert into t select i, (i * 7919) % 101 from generate_series(1, 400) i");
  const Rows expected =
      Sql("select a.i, (select sum(b.v) from t b where b.i between a.i - 37 and a.i + 21) from t a "
          "order by a.i");
  for (const Mode& mode : AllModes()) {
    mode_ = mode;
    EXPECT_EQ(Sql("select i, sum(v) over (order by i rows between 37 preceding and 21 following) "
                  "from t order by i"),
              expected);
    EXPECT_EQ(Sql("select i, sum(v) over (order by i range between 37 preceding and 21 following) "
                  "from t order by i"),
              expected);
  }
}

TEST_F(SqlTest, Queries) {
  Ddl("create table emp(id int primary key, name text, dept int, pay numeric)");
  Ddl("create table dept(id int primary key, name text)");
  Sql("insert into dept values (1, 'a'), (2, 'b'), (3, 'c')");
  Sql("insert into emp values (1, 'x', 1, 10), (2, 'y', 1, 20), (3, 'z', 2, 30), (4, 'w', null, "
      "5)");
  for (const Mode& mode : AllModes()) {
    mode_ = mode;
    EXPECT_EQ(Sql("select d.name, count(e.id), sum(e.pay) from dept d left join emp e on e.dept = "
                  "d.id group by d.name order by d.name"),
              (Rows{"a|2|30", "b|1|30", "c|0|-"}));
    EXPECT_EQ(Sql("select name from emp e where exists (select 1 from dept d where d.id = e.dept "
                  "and d.name = 'a') order by 1"),
              (Rows{"x", "y"}));
    EXPECT_EQ(Sql("select name from emp where dept not in (select id from dept where name <> 'b')"),
              (Rows{"z"}));
    EXPECT_EQ(Sql("select e.name, (select d.name from dept d where d.id = e.dept) from emp e order "
                  "by 1"),
              (Rows{"w|-", "x|a", "y|a", "z|b"}));
    EXPECT_EQ(Sql("with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) "
                  "select sum(n) from r"),
              (Rows{"15"}));
    EXPECT_EQ(Sql("with recursive r(n) as (select 1 union all select n + 1 from r) select n from r "
                  "limit 3"),
              (Rows{"1", "2", "3"}));
    EXPECT_EQ(
        Sql("select d.id, x.name from dept d cross join lateral (select name from emp e where "
            "e.dept = d.id order by pay desc limit 1) x order by 1"),
        (Rows{"1|y", "2|z"}));
    EXPECT_EQ(
        Sql("select dept, grouping(dept), sum(pay) from emp group by rollup(dept) order by 2, "
            "1"),
        (Rows{"1|0|30", "2|0|30", "-|0|5", "-|1|65"}));
    EXPECT_EQ(Sql("select string_agg(name, ',' order by pay desc) from emp"), (Rows{"z,y,x,w"}));
    EXPECT_EQ(Sql("select distinct dept from emp order by dept nulls first"),
              (Rows{"-", "1", "2"}));
    EXPECT_EQ(Sql("select distinct on (dept) dept, name from emp order by dept, pay desc"),
              (Rows{"1|y", "2|z", "-|w"}));
    EXPECT_EQ(Sql("select id from emp where id in (4, 2, 2, 9) order by id"), (Rows{"2", "4"}));
    EXPECT_EQ(Sql("select unnest(array[1,2]), generate_series(1, 3)"), (Rows{"1|1", "2|2", "-|3"}));
    EXPECT_EQ(Sql("select * from generate_series(1, 3) with ordinality"),
              (Rows{"1|1", "2|2", "3|3"}));
    EXPECT_EQ(Sql("values (1, 'a'), (2, 'b') order by 1 desc"), (Rows{"2|b", "1|a"}));
    EXPECT_EQ(Sql("select array(select id from dept order by id desc)"), (Rows{"{3,2,1}"}));
    EXPECT_EQ(Sql("select count(distinct dept), count(*) filter (where pay > 10) from emp"),
              (Rows{"2|2"}));
    EXPECT_EQ(Sql("select id from emp intersect select id from dept order by 1"),
              (Rows{"1", "2", "3"}));
    EXPECT_EQ(Sql("select 1 / (id - 1) from emp")[0].substr(0, 5), "22012");
  }
}

TEST_F(SqlTest, ParallelQueriesAgreeWithSerialOnes) {
  Ddl("create table t(a int primary key, b int, c text); create table u(b int primary key, d int)");
  Sql("insert into t select i, i % 1000, 'text number ' || (i % 77) from generate_series(1, 20000) "
      "i");
  Sql("insert into u select i, i * 3 from generate_series(1, 900) i");
  WorkerPool pool(3);
  const char* queries[] = {
      "select count(*), sum(a), min(c), max(c) from t",
      "select b, count(*), sum(a) from t group by b order by b",
      "select c, count(*) from t where b > 10 group by c order by c",
      "select count(*), sum(d) from t join u on t.b = u.b where t.a % 2 = 0",
      "select t.b, max(u.d) from t left join u on t.b = u.b group by t.b order by 1",
      "select count(*) from t where b not in (select b from u)",
      "select * from (select t.a, u.d from t join u on u.b = t.b) x order by a desc, d limit 50",
  };
  for (const char* query : queries) {
    workers_ = nullptr;
    mode_ = {};
    const Rows serial = Sql(query);
    workers_ = &pool;
    parallel_rows_min_ = 1;
    for (const Mode& mode : {Mode{}, Mode{100}, Mode{kVectorRowsMax, 1}}) {
      mode_ = mode;
      EXPECT_EQ(Sql(query), serial) << query;
    }
  }
}

}  // namespace
}  // namespace helios::exec::test
