// Random transactions against a simple model: a node shows exactly what a list of committed maps
// shows.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "storage/internal/test_support.h"
#include "sys/randomness.h"

namespace helios::storage {
namespace {

using Model = std::map<std::string, int32_t>;
constexpr int kKeys = 30;
constexpr int kSessions = 3;

std::string KeyOf(uint64_t number) { return fmt::format("k{:02}", number); }

std::vector<std::string> Expected(const Model& model, const hidb::KeyRange& range, bool reverse) {
  std::vector<std::string> rows;
  for (const auto& [key, id] : model) {
    if (key < range.begin || (!range.end.empty() && key >= range.end)) continue;
    rows.push_back(fmt::format("{}:{}:n{}", key, id, id));
  }
  if (reverse) std::reverse(rows.begin(), rows.end());
  return rows;
}

// A transaction in the node and in the model: states after each of its commands.
struct RandomSession {
  explicit RandomSession(Node& node) : session(node) {}
  TestSession session;
  bool open = false;
  std::unique_ptr<hidb::SnapshotLease> snapshot;
  Model base;              // What its snapshot saw.
  std::vector<Model> own;  // own[c]: the view after command c; own[0] = base.
  std::map<std::string, bool> locked;
};

class PropertyTest : public testing::TestWithParam<std::tuple<bool, int>> {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    sessions_.clear();
    leases_.clear();
    node_.reset();
    auto node = OpenNode(TestOptions(std::get<0>(GetParam()) ? directory_.path() : ""));
    ASSERT_TRUE(node.ok()) << node.status().ToString();
    node_ = std::move(*node);
    for (int index = 0; index < kSessions; ++index) {
      sessions_.push_back(std::make_unique<RandomSession>(*node_));
    }
  }
  hidb::KeyRange RandomRange() {
    hidb::KeyRange range;
    if (random_.Below(2) == 0) range.begin = RandomBound();
    if (random_.Below(2) == 0) range.end = RandomBound();
    return range;
  }
  // A key, or something just behind one: there a key's timestamps must not be taken for the key.
  std::string RandomBound() {
    std::string bound = KeyOf(random_.Below(kKeys));
    switch (random_.Below(5)) {
      case 0:
        bound.push_back('\0');
        break;
      case 1:
        bound.append(3, '\xff');
        break;
      case 2:
        AppendBigEndian<uint64_t>(&bound, ~committed_at_);
        break;
      case 3:
        bound.pop_back();
        break;
      default:
        break;
    }
    return bound;
  }
  void Check(const hidb::ReadView& view, const Model& model) {
    const hidb::KeyRange range = RandomRange();
    for (bool reverse : {false, true}) {
      ASSERT_EQ(ScanAll(*node_, TableScan(view, reverse, {range})),
                Expected(model, range, reverse));
    }
    const std::string key = KeyOf(random_.Below(kKeys));
    hidb::GetRequest get;
    get.table = TestTable();
    get.row_keys = {key};
    get.columns = {0};
    get.view = view;
    Chunk chunk;
    std::vector<bool> found;
    ASSERT_TRUE(node_->Get(get, &chunk, &found).ok());
    const auto expected = model.find(key);
    ASSERT_EQ(found[0], expected != model.end());
    if (found[0]) {
      ASSERT_EQ(chunk.column(0).At<int32_t>(0), expected->second);
    }
    get.columns.clear();
    ASSERT_TRUE(node_->Get(get, &chunk, &found).ok());
    ASSERT_EQ(found[0], expected != model.end());
    ASSERT_EQ(node_->Exists(kTableSpace, range, view, nullptr).value(),
              !Expected(model, range, false).empty());
  }
  void Write(RandomSession& me) {
    Model next = me.own.back();
    const hidb::CommandId command = static_cast<hidb::CommandId>(me.own.size());
    for (uint64_t count = random_.Below(4) + 1; count > 0; --count) {
      const std::string key = KeyOf(random_.Below(kKeys));
      hidb::RowLockRequest lock;
      lock.txn = me.session.txn();
      lock.space = kTableSpace;
      lock.keys = {&key, 1};
      lock.options.wait = hidb::LockWait::kSkipLocked;
      lock.snapshot = me.snapshot->timestamp();
      const auto outcome = node_->LockRows(lock);
      ASSERT_TRUE(outcome.ok());
      if (outcome->at(0).skipped) continue;
      const auto before = me.base.find(key);
      const auto now = committed_.find(key);
      const bool same = (before == me.base.end()) == (now == committed_.end()) &&
                        (before == me.base.end() || before->second == now->second);
      if (!same) {
        ASSERT_TRUE(outcome->at(0).changed);
      }
      if (outcome->at(0).changed) continue;
      if (random_.Below(3) == 0) {
        ASSERT_TRUE(me.session.Delete(key, command).ok());
        next.erase(key);
      } else {
        const int32_t id = ++last_id_;
        ASSERT_TRUE(me.session.Put(key, id, fmt::format("n{}", id), command).ok());
        next[key] = id;
      }
      me.locked[key] = true;
    }
    me.own.push_back(std::move(next));
  }
  void Commit(RandomSession& me) {
    // Only locked keys changed, so the rest of the committed state stands.
    for (const auto& [key, locked] : me.locked) {
      const auto mine = me.own.back().find(key);
      if (mine == me.own.back().end()) {
        committed_.erase(key);
      } else {
        committed_[key] = mine->second;
      }
    }
    const Result<Timestamp> committed = me.session.Commit(random_.Below(2) == 0);
    ASSERT_TRUE(committed.ok());
    committed_at_ = *committed;
    End(me);
  }
  void End(RandomSession& me) {
    me.open = false;
    me.snapshot.reset();
    me.own.clear();
    me.locked.clear();
  }
  void Step() {
    RandomSession& me = *sessions_[random_.Below(kSessions)];
    if (!me.open) {
      me.open = true;
      me.snapshot = node_->AcquireSnapshot();
      me.base = committed_;
      me.own = {committed_};
    }
    switch (random_.Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        Write(me);
        break;
      case 6:
        Commit(me);
        break;
      case 7:
        me.session.Abort();
        End(me);
        break;
      case 8: {
        const hidb::CommandId to = static_cast<hidb::CommandId>(1 + random_.Below(me.own.size()));
        me.session.writes().RollbackTo(to);
        me.own.resize(to);
        break;
      }
      case 9:
        ASSERT_TRUE(node_->StageWrites(me.session.txn(), &me.session.writes()).ok());
        break;
      case 10:
        node_->RunMaintenance();
        break;
      case 11:
        ASSERT_TRUE(node_->CollectGarbage(kTableSpace).ok());
        break;
      case 12:
        leases_.emplace_back(node_->AcquireSnapshot(), committed_);
        if (leases_.size() > 4) leases_.erase(leases_.begin() + random_.Below(4));
        break;
      default:
        break;
    }
    if (HasFatalFailure()) return;
    Check({kTimestampMax}, committed_);
    for (const auto& [lease, model] : leases_) Check({lease->timestamp()}, model);
    if (!me.open) return;
    const hidb::CommandId before = static_cast<hidb::CommandId>(1 + random_.Below(me.own.size()));
    Check(me.session.View(me.snapshot->timestamp(), before), me.own[before - 1]);
  }

  sys::TemporaryDirectory directory_;
  sys::Random random_{static_cast<uint64_t>(std::get<1>(GetParam()))};
  std::unique_ptr<Node> node_;
  std::vector<std::unique_ptr<RandomSession>> sessions_;
  std::vector<std::pair<std::unique_ptr<hidb::SnapshotLease>, Model>> leases_;
  Model committed_;
  Timestamp committed_at_ = 0;
  int32_t last_id_ = 0;
};

TEST_P(PropertyTest, NodeBehavesAsTheModel) {
  SCOPED_TRACE(fmt::format("seed {}", std::get<1>(GetParam())));
  for (int step = 0; step < 600; ++step) {
    Step();
    if (HasFatalFailure()) FAIL() << "step " << step;
    if (std::get<0>(GetParam()) && step % 200 == 199) {
      Reopen();
      Check({kTimestampMax}, committed_);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PropertyTest,
                         testing::Combine(testing::Bool(), testing::Range(1, 5)));

}  // namespace
}  // namespace helios::storage
