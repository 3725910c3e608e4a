#include "hidb/write_set.h"

#include <gtest/gtest.h>

namespace helios::hidb {
namespace {

constexpr SpaceId kSpace = 16384;
constexpr CommandId kAll = ~CommandId{0};

class WriteSetTest : public testing::Test {
 protected:
  std::vector<std::string> Keys(std::string_view begin, std::string_view end, bool reverse,
                                size_t count_max = 100, CommandId before = kAll) {
    std::vector<std::string> keys;
    for (const WriteSet::Write& write :
         writes_.Capture().buffer->Range(kSpace, begin, end, reverse, count_max, before)) {
      keys.push_back(write.key);
    }
    return keys;
  }
  MemoryTracker tracker_{"test", 1 << 20};
  WriteSet writes_{&tracker_};
};

using Strings = std::vector<std::string>;

TEST_F(WriteSetTest, CommandSeesEarlierCommandsOnly) {
  ASSERT_TRUE(writes_.Put(kSpace, "a", "1", 1).ok());
  ASSERT_TRUE(writes_.Put(kSpace, "a", "2", 2).ok());
  ASSERT_TRUE(writes_.Delete(kSpace, "a", 3).ok());
  EXPECT_FALSE(writes_.Capture().buffer->Find(kSpace, "a", 1).has_value());
  EXPECT_EQ(writes_.Capture().buffer->Find(kSpace, "a", 2)->value, "1");
  EXPECT_EQ(writes_.Capture().buffer->Find(kSpace, "a", 3)->value, "2");
  EXPECT_FALSE(writes_.Capture().buffer->Find(kSpace, "a", 4)->value.has_value());
  EXPECT_FALSE(writes_.Capture().buffer->Find(kSpace + 1, "a", 4).has_value());
}

TEST_F(WriteSetTest, RangesGoBothWays) {
  for (const char* key : {"d", "b", "a", "c"}) ASSERT_TRUE(writes_.Put(kSpace, key, "v", 1).ok());
  EXPECT_EQ(Keys("", "", false), (Strings{"a", "b", "c", "d"}));
  EXPECT_EQ(Keys("b", "d", false), (Strings{"b", "c"}));
  EXPECT_EQ(Keys("b", "d", true), (Strings{"c", "b"}));
  EXPECT_EQ(Keys("", "", true, 2), (Strings{"d", "c"}));
  EXPECT_EQ(Keys("d", "b", false), Strings());
  EXPECT_EQ(Keys("", "", false, 100, 1), Strings());
}

TEST_F(WriteSetTest, RollbackRestoresEarlierVersions) {
  ASSERT_TRUE(writes_.Put(kSpace, "a", "1", 1).ok());
  writes_.AddRowCount(kSpace, 1, 1);
  ASSERT_TRUE(writes_.Put(kSpace, "a", "2", 2).ok());
  ASSERT_TRUE(writes_.Put(kSpace, "a", "3", 2).ok());
  ASSERT_TRUE(writes_.Put(kSpace + 1, "b", "4", 3).ok());
  writes_.AddRowCount(kSpace, 5, 3);
  EXPECT_EQ(writes_.RowCountDeltas().at(kSpace), 6);
  writes_.RollbackTo(2);
  EXPECT_EQ(writes_.Capture().buffer->Find(kSpace, "a", kAll)->value, "1");
  EXPECT_FALSE(writes_.Capture().buffer->HasWrites(kSpace + 1));
  EXPECT_EQ(writes_.RowCountDeltas().at(kSpace), 1);
  writes_.RollbackTo(1);
  EXPECT_TRUE(writes_.empty());
  EXPECT_EQ(writes_.bytes(), 0u);
  EXPECT_EQ(tracker_.used_bytes(), 0u);
}

TEST_F(WriteSetTest, MemoryLimitRefusesTheWrite) {
  const std::string large(700 << 10, 'x');
  ASSERT_TRUE(writes_.Put(kSpace, "a", large, 1).ok());
  EXPECT_TRUE(writes_.Put(kSpace, "b", large, 1).Is(ErrorCode::kOutOfMemory));
  EXPECT_FALSE(writes_.Capture().buffer->Find(kSpace, "b", kAll).has_value());
  writes_.Clear();
  EXPECT_EQ(tracker_.used_bytes(), 0u);
}

TEST_F(WriteSetTest, ForEachShowsFinalWrites) {
  ASSERT_TRUE(writes_.Put(kSpace, "b", "1", 1).ok());
  ASSERT_TRUE(writes_.Put(kSpace, "a", "2", 1).ok());
  ASSERT_TRUE(writes_.Delete(kSpace, "b", 2).ok());
  Strings seen;
  writes_.ForEach([&](SpaceId, std::string_view key, const std::optional<std::string>& value) {
    seen.push_back(std::string(key) + "=" + value.value_or("deleted"));
  });
  EXPECT_EQ(seen, (Strings{"a=2", "b=deleted"}));
}

TEST_F(WriteSetTest, StagedWritesLeaveMemoryAndRollBackByCommand) {
  ASSERT_TRUE(writes_.Put(kSpace, "a", "1", 1).ok());
  ASSERT_TRUE(writes_.Put(kSpace, "a", "2", 4).ok());
  ASSERT_TRUE(writes_.Put(kSpace, "b", "3", 4).ok());
  Strings by_command;
  for (const WriteSet::CommandWrites& writes : writes_.ByCommand()) {
    writes.ForEach([&](SpaceId, std::string_view key, const std::optional<std::string>& value) {
      by_command.push_back(fmt::format("{}: {}={}", writes.command(), key, *value));
    });
  }
  EXPECT_EQ(by_command, (Strings{"1: a=1", "4: a=2", "4: b=3"}));
  writes_.ReplaceByStaged({{100, 1}, {101, 4}});
  EXPECT_FALSE(writes_.Capture().buffer->HasWrites(kSpace));
  EXPECT_FALSE(writes_.empty());
  EXPECT_EQ(writes_.bytes(), 0u);
  writes_.RollbackTo(2);
  ASSERT_EQ(writes_.staged()->size(), 1u);
  EXPECT_EQ(writes_.staged()->front().timestamp, 100u);
  EXPECT_TRUE(writes_.has_staged());
  writes_.RollbackTo(1);
  EXPECT_EQ(writes_.staged(), nullptr);
  EXPECT_FALSE(writes_.has_staged());
}

TEST_F(WriteSetTest, AReaderKeepsWhatIsStagedUnderIt) {
  ASSERT_TRUE(writes_.Put(kSpace, "a", "1", 1).ok());
  const WriteSet::Own before = writes_.Capture();
  writes_.ReplaceByStaged({{.timestamp = 7, .command = 1}});
  ASSERT_TRUE(writes_.Put(kSpace, "a", "2", 2).ok());
  EXPECT_EQ(before.buffer->Find(kSpace, "a", kAll)->value, "1");
  EXPECT_EQ(before.staged, nullptr);
  const WriteSet::Own after = writes_.Capture();
  EXPECT_EQ(after.buffer->Find(kSpace, "a", kAll)->value, "2");
  EXPECT_FALSE(after.buffer->Find(kSpace, "a", 2).has_value());
  ASSERT_EQ(after.staged->size(), 1u);
}

}  // namespace
}  // namespace helios::hidb
