#include "storage/internal/commit_validator.h"

#include <gtest/gtest.h>

#include "storage/internal/test_support.h"

namespace helios::storage {
namespace {

// A serializable transaction at its commit.
class Writer {
 public:
  Writer(MemoryTracker* tracker, Timestamp snapshot) : writes_(tracker), snapshot_(snapshot) {}
  hidb::ReadSet& reads() { return reads_; }
  Writer& Write(const std::string& key) {
    EXPECT_TRUE(writes_.Put(kTableSpace, key, "value", 1).ok());
    return *this;
  }
  Result<Timestamp> Commit(CommitValidator& validator, Timestamp timestamp) {
    hidb::CommitRequest request;
    request.writes = &writes_;
    request.reads = &reads_;
    request.snapshot = snapshot_;
    return validator.Begin(request, [timestamp]() -> Result<Timestamp> { return timestamp; });
  }

 private:
  hidb::WriteSet writes_;
  hidb::ReadSet reads_;
  const Timestamp snapshot_;
};

class CommitValidatorTest : public testing::Test {
 protected:
  MemoryTracker tracker_{"test", 0};
  Timestamp oldest_ = 0;
  CommitValidator validator_{[this] { return oldest_; }};
};

TEST_F(CommitValidatorTest, RefusesWhoReadWhatAnotherWroteSince) {
  Writer first(&tracker_, 10);
  Writer second(&tracker_, 10);
  Writer later(&tracker_, 20);
  for (Writer* writer : {&first, &second, &later}) {
    writer->reads().AddRange(kTableSpace, {"a", "c"});
  }
  const Result<Timestamp> timestamp = first.Write("a").Commit(validator_, 20);
  ASSERT_TRUE(timestamp.ok());
  EXPECT_EQ(*timestamp, 20u);
  const Result<Timestamp> refused = second.Write("b").Commit(validator_, 21);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), ErrorCode::kSerializationFailure);
  EXPECT_TRUE(later.Write("b").Commit(validator_, 22).ok());
}

TEST_F(CommitValidatorTest, LetsThoseCommitWhoReadElsewhere) {
  Writer first(&tracker_, 10);
  Writer second(&tracker_, 10);
  second.reads().AddKey(kTableSpace, "b");
  second.reads().AddRange(kIndexSpace, {});
  EXPECT_TRUE(first.Write("a").Commit(validator_, 20).ok());
  EXPECT_TRUE(second.Write("a").Commit(validator_, 21).ok());
}

// What every snapshot sees is forgotten; what one does not see is not.
TEST_F(CommitValidatorTest, ForgetsWhatEverySnapshotSees) {
  Writer first(&tracker_, 10);
  EXPECT_TRUE(first.Write("a").Commit(validator_, 20).ok());
  EXPECT_EQ(validator_.remembered_count(), 1u);
  oldest_ = 19;
  Writer second(&tracker_, 19);
  second.reads().AddKey(kTableSpace, "a");
  EXPECT_FALSE(second.Write("b").Commit(validator_, 21).ok());
  oldest_ = 20;
  Writer third(&tracker_, 20);
  third.reads().AddKey(kTableSpace, "a");
  EXPECT_TRUE(third.Write("c").Commit(validator_, 22).ok());
  EXPECT_EQ(validator_.remembered_count(), 1u);
}

// A snapshot that stays holds on to commits, but not to more than the limit.
TEST_F(CommitValidatorTest, MemoryIsBounded) {
  const std::string wide(CommitValidator::kKeyBytesMax / 8, 'k');
  for (Timestamp timestamp = 20; timestamp < 30; ++timestamp) {
    Writer writer(&tracker_, timestamp - 1);
    ASSERT_TRUE(writer.Write(wide).Commit(validator_, timestamp).ok());
  }
  EXPECT_LT(validator_.remembered_count(), 8u);
  Writer old(&tracker_, 19);
  old.reads().AddKey(kTableSpace, "elsewhere");
  EXPECT_FALSE(old.Write("a").Commit(validator_, 30).ok());
  Writer recent(&tracker_, 29);
  recent.reads().AddKey(kTableSpace, "elsewhere");
  EXPECT_TRUE(recent.Write("a").Commit(validator_, 31).ok());
}

}  // namespace
}  // namespace helios::storage
