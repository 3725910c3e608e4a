#include "storage/node.h"

#include <gtest/gtest.h>

#include "storage/internal/test_support.h"

namespace helios::storage {
namespace {

using Strings = std::vector<std::string>;

// Both engines, one behaviour.
class NodeTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    node_.reset();
    auto node = OpenNode(TestOptions(GetParam() ? directory_.path() : ""));
    ASSERT_TRUE(node.ok()) << node.status().ToString();
    node_ = std::move(*node);
  }
  sys::TemporaryDirectory directory_;
  std::unique_ptr<Node> node_;
};

TEST_P(NodeTest, SnapshotsSeeWhatWasCommittedBefore) {
  TestSession session(*node_);
  const auto before = node_->AcquireSnapshot();
  ASSERT_TRUE(session.Put("aa", 1, "one").ok());
  const Result<Timestamp> first = session.Commit();
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  const auto between = node_->AcquireSnapshot();
  EXPECT_EQ(between->timestamp(), *first);
  ASSERT_TRUE(session.Put("aa", 2, "two").ok());
  ASSERT_TRUE(session.Put("bb", 3, "a name that does not fit into a string reference").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(session.Delete("aa").ok());
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(ScanAll(*node_, TableScan({before->timestamp()})), Strings());
  EXPECT_EQ(ScanAll(*node_, TableScan({between->timestamp()})), Strings{"aa:1:one"});
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})),
            Strings{"bb:3:a name that does not fit into a string reference"});
  EXPECT_EQ(ScanAll(*node_, TableScan({between->timestamp()}, true)), Strings{"aa:1:one"});
}

TEST_P(NodeTest, OwnWritesLieAboveTheSnapshot) {
  TestSession session(*node_);
  for (const char* key : {"a", "c", "e", "g"}) ASSERT_TRUE(session.Put(key, 1, "old").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(session.Put("b", 2, "new", 1).ok());
  ASSERT_TRUE(session.Put("c", 2, "new", 1).ok());
  ASSERT_TRUE(session.Delete("e", 2).ok());
  ASSERT_TRUE(session.Put("z", 2, "new", 3).ok());
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View())),
            (Strings{"a:1:old", "b:2:new", "c:2:new", "g:1:old", "z:2:new"}));
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View(), true)),
            (Strings{"z:2:new", "g:1:old", "c:2:new", "b:2:new", "a:1:old"}));
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View(kTimestampMax, 2))),
            (Strings{"a:1:old", "b:2:new", "c:2:new", "e:1:old", "g:1:old"}));
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View(), false, {{"b", "c"}, {"e", "h"}})),
            (Strings{"b:2:new", "g:1:old"}));
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View(), true, {{"b", "c"}, {"e", "h"}})),
            (Strings{"g:1:old", "b:2:new"}));
  std::string key;
  EXPECT_TRUE(node_->Exists(kTableSpace, {"d", ""}, session.View(), &key).value());
  EXPECT_EQ(key, "g");
  EXPECT_FALSE(node_->Exists(kTableSpace, {"d", "f"}, session.View(), &key).value());
  session.Abort();
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})).size(), 4u);
}

TEST_P(NodeTest, RangesEndAtKeysNotAtTimestamps) {
  TestSession session(*node_);
  for (int version = 1; version <= 3; ++version) {
    for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(session.Put(key, version, "v").ok());
    ASSERT_TRUE(session.Commit().ok());
  }
  const std::string after_b("b\0", 2);
  EXPECT_TRUE(node_->Exists(kTableSpace, {"b", after_b}, {kTimestampMax}, nullptr).value());
  EXPECT_FALSE(node_->Exists(kTableSpace, {after_b, "c"}, {kTimestampMax}, nullptr).value());
  for (bool reverse : {false, true}) {
    EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax}, reverse, {{"b", after_b}})),
              Strings{"b:3:v"});
    EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax}, reverse, {{after_b, ""}})),
              Strings{"c:3:v"});
    EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax}, reverse, {{"", "b\xff\xff"}})),
              reverse ? (Strings{"b:3:v", "a:3:v"}) : (Strings{"a:3:v", "b:3:v"}));
  }
}

TEST_P(NodeTest, ManyVersionsOfAKey) {
  TestSession session(*node_);
  std::vector<std::unique_ptr<hidb::SnapshotLease>> leases;
  for (int version = 1; version <= 40; ++version) {
    ASSERT_TRUE(session.Put("m", version, "v").ok());
    if (version == 1) {
      ASSERT_TRUE(session.Put("a", 0, "x").ok());
      ASSERT_TRUE(session.Put("z", 0, "x").ok());
    }
    ASSERT_TRUE(session.Commit(false).ok());
    leases.push_back(node_->AcquireSnapshot());
  }
  for (int version = 1; version <= 40; ++version) {
    const Timestamp at = leases[version - 1]->timestamp();
    const std::string middle = "m:" + std::to_string(version) + ":v";
    EXPECT_EQ(ScanAll(*node_, TableScan({at})), (Strings{"a:0:x", middle, "z:0:x"}));
    EXPECT_EQ(ScanAll(*node_, TableScan({at}, true)), (Strings{"z:0:x", middle, "a:0:x"}));
  }
}

TEST_P(NodeTest, IndexScansReturnRowsInIndexOrder) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("k1", 1, "pear").ok());
  ASSERT_TRUE(session.Put("k2", 2, "apple").ok());
  ASSERT_TRUE(session.PutEntry("pear", "k1").ok());
  ASSERT_TRUE(session.PutEntry("apple", "k2").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(session.Put("k3", 3, "mango").ok());
  ASSERT_TRUE(session.PutEntry("mango", "k3").ok());
  EXPECT_EQ(ScanAll(*node_, IndexScan(session.View())),
            (Strings{"k2:2:apple", "k3:3:mango", "k1:1:pear"}));
  EXPECT_EQ(ScanAll(*node_, IndexScan(session.View(), true)),
            (Strings{"k1:1:pear", "k3:3:mango", "k2:2:apple"}));
  EXPECT_EQ(ScanAll(*node_, IndexScan({kTimestampMax}, false, {{"b", ""}})), Strings{"k1:1:pear"});
  // An entry without its row is damage, not an empty answer.
  ASSERT_TRUE(session.PutEntry("zzz", "k9").ok());
  EXPECT_NE(ScanAll(*node_, IndexScan(session.View())).at(0).find("XX002"), std::string::npos);
}

TEST_P(NodeTest, GetReturnsFoundRowsInOrder) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "one").ok());
  ASSERT_TRUE(session.Put("b", 2, "two").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(session.Put("c", 3, "three").ok());
  hidb::GetRequest request;
  request.table = TestTable();
  request.row_keys = {"c", "missing", "a"};
  request.columns = {1};
  request.view = session.View();
  Chunk chunk;
  std::vector<bool> found;
  ASSERT_TRUE(node_->Get(request, &chunk, &found).ok());
  EXPECT_EQ(found, (std::vector<bool>{true, false, true}));
  ASSERT_EQ(chunk.row_count(), 2u);
  EXPECT_EQ(chunk.column(0).View(0), "three");
  EXPECT_EQ(chunk.column(0).View(1), "one");
}

TEST_P(NodeTest, CountsAndLimits) {
  TestSession session(*node_);
  char key[8];
  for (int id = 0; id < 5000; ++id) {
    std::snprintf(key, sizeof(key), "k%05d", id);
    ASSERT_TRUE(session.Put(key, id, "n").ok());
  }
  session.writes().AddRowCount(kTableSpace, 5000, 1);
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(node_->Statistics(kTableSpace).row_count, 5000u);
  auto count = [&](uint64_t limit) {
    hidb::ScanRequest request = TableScan({kTimestampMax});
    request.limit = limit;
    auto stream = node_->Scan(request);
    size_t rows = 0;
    Chunk chunk;
    do {
      EXPECT_TRUE((*stream)->Next(&chunk).ok());
      EXPECT_EQ(chunk.column_count(), 0u);
      rows += chunk.row_count();
    } while (chunk.row_count() > 0);
    return rows;
  };
  EXPECT_EQ(count(0), 5000u);
  EXPECT_EQ(count(3000), 3000u);
  hidb::ScanRequest limited = TableScan({kTimestampMax}, true);
  limited.limit = 2;
  EXPECT_EQ(ScanAll(*node_, limited), (Strings{"k04999:4999:n", "k04998:4998:n"}));
}

// The row cache follows every way of committing: in a group, alone, staged, as a deletion.
TEST_P(NodeTest, GetSeesEveryCommit) {
  TestSession session(*node_);
  const auto get = [&] {
    hidb::GetRequest request;
    request.table = TestTable();
    request.row_keys = {"aa"};
    request.columns = {0};
    request.view = {kTimestampMax};
    Chunk chunk;
    std::vector<bool> found;
    // Twice: the second finds what the first has left in the cache.
    EXPECT_TRUE(node_->Get(request, &chunk, &found).ok());
    EXPECT_TRUE(node_->Get(request, &chunk, &found).ok());
    return found[0] ? chunk.column(0).At<int32_t>(0) : -1;
  };
  ASSERT_TRUE(session.Put("aa", 1, "x").ok());
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(get(), 1);
  ASSERT_TRUE(session.Put("aa", 2, "x").ok());
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(get(), 2);
  ASSERT_TRUE(session.Put("aa", 3, "of another length").ok());
  ASSERT_TRUE(session.Commit(/*durable=*/false).ok());
  EXPECT_EQ(get(), 3);
  ASSERT_TRUE(session.Put("aa", 4, "x").ok());
  ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
  EXPECT_EQ(get(), 3);
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(get(), 4);
  node_->RunMaintenance();
  EXPECT_EQ(get(), 4);
  ASSERT_TRUE(session.Delete("aa").ok());
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(get(), -1);
}

TEST_P(NodeTest, ScansSayWhichVersionTheyShow) {
  TestSession session(*node_);
  std::vector<int64_t> wanted;
  for (int row = 0; row < 5; ++row) {
    ASSERT_TRUE(session.Put(std::string("k") + static_cast<char>('0' + row), row, "x").ok());
    const Result<Timestamp> timestamp = session.Commit();
    ASSERT_TRUE(timestamp.ok());
    wanted.push_back(static_cast<int64_t>(*timestamp));
  }
  hidb::ScanRequest request = TableScan({kTimestampMax});
  request.columns = {0};
  request.with_version = true;
  auto stream = node_->Scan(std::move(request));
  ASSERT_TRUE(stream.ok());
  Chunk chunk;
  ASSERT_TRUE((*stream)->Next(&chunk).ok());
  ASSERT_EQ(chunk.row_count(), wanted.size());
  std::vector<int64_t> versions;
  for (size_t row = 0; row < wanted.size(); ++row) {
    versions.push_back(chunk.column(1).At<int64_t>(row));
  }
  EXPECT_EQ(versions, wanted);
}

TEST_P(NodeTest, SplitRangesCoverEveryRowOnce) {
  TestSession session(*node_);
  for (int id = 0; id < 20'000; ++id) {
    std::string key;
    AppendBigEndian<int32_t>(&key, id);
    ASSERT_TRUE(session.Put(key, id, std::string(40, 'x')).ok());
  }
  ASSERT_TRUE(session.Commit().ok());
  const std::vector<hidb::KeyRange> parts = node_->SplitRange(kTableSpace, {}, 4);
  EXPECT_GE(parts.size(), 2u);
  size_t total = 0;
  size_t largest = 0;
  for (size_t index = 0; index < parts.size(); ++index) {
    const size_t rows = ScanAll(*node_, TableScan({kTimestampMax}, false, {parts[index]})).size();
    total += rows;
    largest = std::max(largest, rows);
    EXPECT_EQ(parts[index].begin, index == 0 ? "" : parts[index - 1].end);
  }
  EXPECT_EQ(total, 20'000u);
  // RocksDB guesses at what is in memory from a random sample.
  EXPECT_LT(largest, 19'000u);
  EXPECT_EQ(node_->SplitRange(kTableSpace + 5, {}, 4).size(), 1u);
}

TEST_P(NodeTest, RowLocksTellOfChangesSinceTheSnapshot) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "one").ok());
  ASSERT_TRUE(session.Commit().ok());
  const auto snapshot = node_->AcquireSnapshot();
  ASSERT_TRUE(session.Put("b", 1, "one").ok());
  ASSERT_TRUE(session.Commit().ok());
  const Strings keys = {"a", "b", "c"};
  hidb::RowLockRequest request;
  request.txn = node_->BeginTransaction();
  request.space = kTableSpace;
  request.keys = keys;
  request.snapshot = snapshot->timestamp();
  const auto outcomes = node_->LockRows(request);
  ASSERT_TRUE(outcomes.ok());
  EXPECT_FALSE((*outcomes)[0].changed);
  EXPECT_TRUE((*outcomes)[1].changed);
  EXPECT_FALSE((*outcomes)[2].changed);

  request.txn = node_->BeginTransaction();
  request.options.wait = hidb::LockWait::kSkipLocked;
  EXPECT_TRUE(node_->LockRows(request)->at(0).skipped);
  request.options.wait = hidb::LockWait::kNoWait;
  request.options.relation = "t";
  const Status status = node_->LockRows(request).status();
  EXPECT_EQ(status.info().message, "could not obtain lock on row in relation \"t\"");
  EXPECT_TRUE(status.Is(ErrorCode::kLockNotAvailable));
}

TEST_P(NodeTest, CatalogChangesAreRefusedWhenAnotherCameFirst) {
  hidb::CommitRequest request;
  request.txn = node_->BeginTransaction();
  request.catalog = {{"t/1", "first"}, {"t/2", "second"}};
  request.base_catalog_version = 0;
  ASSERT_TRUE(node_->Commit(request).ok());
  EXPECT_EQ(node_->CatalogVersion(), 1u);
  request.txn = node_->BeginTransaction();
  EXPECT_TRUE(node_->Commit(request).status().Is(ErrorCode::kSerializationFailure));
  node_->Abort(request.txn);
  request.txn = node_->BeginTransaction();
  request.base_catalog_version = 1;
  request.catalog = {{"t/1", std::nullopt}};
  ASSERT_TRUE(node_->Commit(request).ok());
  const auto records = node_->LoadCatalog();
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->at(0).key, "t/2");
  EXPECT_EQ(*records->at(0).value, "second");
}

TEST_P(NodeTest, DroppedSpacesAreEmpty) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "one").ok());
  ASSERT_TRUE(session.PutEntry("one", "a").ok());
  ASSERT_TRUE(session.Commit().ok());
  hidb::CommitRequest request;
  request.txn = node_->BeginTransaction();
  request.dropped_spaces = {kTableSpace};
  ASSERT_TRUE(node_->Commit(request).ok());
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings());
  EXPECT_TRUE(node_->Exists(kIndexSpace, {}, {kTimestampMax}, nullptr).value());
}

TEST_P(NodeTest, StagedWritesShowAllAtOnce) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "old").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(session.Put("a", 2, "new", 1).ok());
  ASSERT_TRUE(session.Put("b", 2, "new", 1).ok());
  ASSERT_TRUE(session.Put("c", 2, "new", 2).ok());
  ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
  EXPECT_EQ(session.writes().bytes(), 0u);
  const auto during = node_->AcquireSnapshot();
  const Strings all = {"a:2:new", "b:2:new", "c:2:new"};
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View())), all);
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View(), true)), (Strings{all[2], all[1], all[0]}));
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View(kTimestampMax, 2))),
            (Strings{"a:2:new", "b:2:new"}));
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings{"a:1:old"});
  EXPECT_EQ(ScanAll(*node_, TableScan({during->timestamp()})), Strings{"a:1:old"});
  // Collecting garbage must not take the old version for hidden.
  ASSERT_TRUE(node_->CollectGarbage(kTableSpace).ok());
  ASSERT_TRUE(session.Put("d", 3, "late", 3).ok());
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(ScanAll(*node_, TableScan({during->timestamp()})), Strings{"a:1:old"});
  ASSERT_TRUE(node_->CollectGarbage(kTableSpace).ok());
  EXPECT_EQ(ScanAll(*node_, TableScan({during->timestamp()})), Strings{"a:1:old"});
  const Strings after = {"a:2:new", "b:2:new", "c:2:new", "d:3:late"};
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), after);
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax}, true)),
            (Strings{after[3], after[2], after[1], after[0]}));
}

TEST_P(NodeTest, StagedWritesVanishWithTheirTransactionOrSavepoint) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "gone", 1).ok());
  ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
  session.Abort();
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings());
  ASSERT_TRUE(session.Put("b", 1, "stays", 1).ok());
  ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
  ASSERT_TRUE(session.Put("c", 1, "gone", 2).ok());
  ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
  session.writes().RollbackTo(2);
  EXPECT_EQ(ScanAll(*node_, TableScan(session.View())), Strings{"b:1:stays"});
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings{"b:1:stays"});
  node_->RunMaintenance();
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings{"b:1:stays"});
  EXPECT_EQ(node_->GetMetrics().versions_collected, 2u);
}

// A transaction of many statements: each has its place, staged or not, and all of them together do
// not cost more than one by one.
TEST_P(NodeTest, ManyCommandsStageInOneGo) {
  constexpr hidb::CommandId kCommands = 30'000;
  const std::string text(200, 'x');
  const auto key_of = [](hidb::CommandId command) { return fmt::format("k{:06}", command); };
  TestSession session(*node_);
  const auto count_before = [&](hidb::CommandId command) {
    return ScanAll(
        *node_, TableScan(session.View(kTimestampMax, command), false, {{"counter", "counter~"}}));
  };
  for (hidb::CommandId command = 1; command <= kCommands; ++command) {
    ASSERT_TRUE(session.Put(key_of(command), 0, text, command).ok());
    ASSERT_TRUE(session.Put("counter", static_cast<int32_t>(command), "", command).ok());
    if (command == 10'000 || command == 20'000) {
      ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
    }
  }
  EXPECT_EQ(count_before(1), Strings());
  EXPECT_EQ(count_before(5'001), Strings{"counter:5000:"});
  EXPECT_EQ(count_before(10'001), Strings{"counter:10000:"});
  EXPECT_EQ(count_before(20'002), Strings{"counter:20001:"});
  EXPECT_EQ(count_before(kAllCommands), Strings{"counter:30000:"});
  session.writes().RollbackTo(15'001);
  EXPECT_EQ(count_before(kAllCommands), Strings{"counter:15000:"});
  for (hidb::CommandId command = kCommands; command < 2 * kCommands; ++command) {
    ASSERT_TRUE(session.Put(key_of(command), 0, text, command).ok());
  }
  ASSERT_TRUE(session.Commit().ok());
  EXPECT_EQ(count_before(kAllCommands), Strings{"counter:15000:"});
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})).size(), 1 + 15'000 + kCommands);
  node_->RunMaintenance();
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})).size(), 1 + 15'000 + kCommands);
  EXPECT_EQ(node_->GetMetrics().versions_collected, 2 * 5'000u);
}

TEST_P(NodeTest, ManyCommandsAreUndoneInOneGo) {
  TestSession session(*node_);
  for (hidb::CommandId command = 1; command <= 20'000; ++command) {
    ASSERT_TRUE(session.Put(fmt::format("k{:06}", command), 0, "gone", command).ok());
  }
  ASSERT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
  session.Abort();
  node_->RunMaintenance();
  EXPECT_EQ(node_->GetMetrics().versions_collected, 20'000u);
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings());
}

TEST_P(NodeTest, GarbageGoesAndNothingElse) {
  TestSession session(*node_);
  for (int version = 0; version < 10; ++version) {
    ASSERT_TRUE(session.Put("a", version, "v").ok());
    ASSERT_TRUE(session.Put("b", version, "v").ok());
    ASSERT_TRUE(session.Commit(false).ok());
  }
  const auto snapshot = node_->AcquireSnapshot();
  ASSERT_TRUE(session.Delete("a").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(node_->CollectGarbage(kTableSpace).ok());
  EXPECT_EQ(node_->GetMetrics().versions_collected, 18u);
  EXPECT_EQ(ScanAll(*node_, TableScan({snapshot->timestamp()})), (Strings{"a:9:v", "b:9:v"}));
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings{"b:9:v"});
}

TEST_P(NodeTest, DeletionsGoOnceNobodySeesThem) {
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "v").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(session.Delete("a").ok());
  ASSERT_TRUE(session.Commit().ok());
  ASSERT_TRUE(node_->CollectGarbage(kTableSpace).ok());
  EXPECT_EQ(node_->GetMetrics().versions_collected, 2u);
  EXPECT_EQ(ScanAll(*node_, TableScan({kTimestampMax})), Strings());
}

TEST_P(NodeTest, SequencesBehaveAsPostgres) {
  hidb::SequenceOptions options;
  options.maximum = 3;
  options.name = "s";
  EXPECT_FALSE(node_->ReadSequence(7, options)->is_called);
  for (int64_t expected : {1, 2, 3}) {
    EXPECT_EQ(node_->NextSequenceValue(7, options).value(), expected);
  }
  const Status end = node_->NextSequenceValue(7, options).status();
  EXPECT_TRUE(end.Is(ErrorCode::kSequenceGeneratorLimitExceeded));
  EXPECT_EQ(end.info().message, "nextval: reached maximum value of sequence \"s\" (3)");
  options.cycle = true;
  EXPECT_EQ(node_->NextSequenceValue(7, options).value(), 1);
  ASSERT_TRUE(node_->SetSequence(7, {2, false}).ok());
  EXPECT_EQ(node_->NextSequenceValue(7, options).value(), 2);
  hidb::SequenceOptions down;
  down.increment = -1;
  down.start = down.maximum = -1;
  down.minimum = INT64_MIN;
  EXPECT_EQ(node_->NextSequenceValue(8, down).value(), -1);
  EXPECT_EQ(node_->NextSequenceValue(8, down).value(), -2);
}

// Goal: values that a transaction took are durable with its commit, at one sync a commit.
TEST_P(NodeTest, CommitsMakeSequencesDurable) {
  const auto syncs = [this] { return node_->GetMetrics().kv.syncs; };
  const auto commit = [this] {
    hidb::CommitRequest request;
    request.txn = node_->BeginTransaction();
    return node_->Commit(request).ok();
  };
  uint64_t before = syncs();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(node_->NextSequenceValue(7, {}).ok());
  EXPECT_EQ(syncs(), before);
  ASSERT_TRUE(commit());
  EXPECT_GT(syncs(), before);
  before = syncs();
  ASSERT_TRUE(commit());
  EXPECT_EQ(syncs(), before);
}

TEST_P(NodeTest, IdentifiersNeverRepeat) {
  const uint64_t first = node_->AllocateRowIds(kTableSpace, 10).value();
  EXPECT_EQ(node_->AllocateRowIds(kTableSpace, 1).value(), first + 10);
  EXPECT_EQ(node_->AllocateRowIds(kTableSpace + 1, 1).value(), 1u);
  const uint32_t oid = node_->AllocateOids(3).value();
  EXPECT_GE(oid, kFirstUserOid);
  EXPECT_EQ(node_->AllocateOids(1).value(), oid + 3);
}

INSTANTIATE_TEST_SUITE_P(Engines, NodeTest, testing::Values(false, true));

}  // namespace
}  // namespace helios::storage
