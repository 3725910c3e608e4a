#include "storage/internal/highest_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "kv/open.h"
#include "storage/internal/key_format.h"
#include "storage/internal/test_support.h"
#include "sys/thread.h"

namespace helios::storage {
namespace {

class HighestKeysTest : public testing::Test {
 protected:
  void Store(hidb::SpaceId space, std::string_view key) {
    std::string stored = SpacePrefix(space);
    stored.append(key);
    AppendVersion(&stored, 7);
    const auto batch = store_->NewBatch();
    batch->Put(kVersionFamily, stored, kDeletedValue);
    ASSERT_TRUE(store_->Write(batch.get(), false).ok());
  }
  bool IsAbove(hidb::SpaceId space, std::string_view key) {
    return highest_.IsAbove(space, key).value();
  }

  std::unique_ptr<kv::KvStore> store_ = kv::OpenInMemory();
  HighestKeys highest_{*store_};
};

TEST_F(HighestKeysTest, EverythingIsAboveAnEmptySpace) {
  Store(kTableSpace - 1, "z");
  Store(kTableSpace + 1, "z");
  EXPECT_TRUE(IsAbove(kTableSpace, ""));
  EXPECT_TRUE(IsAbove(kTableSpace, "a"));
}

// A deletion is a version: readers with old snapshots may see what was before.
TEST_F(HighestKeysTest, KnowsWhatTheStoreHas) {
  Store(kTableSpace, "b");
  Store(kTableSpace, "ab");
  EXPECT_FALSE(IsAbove(kTableSpace, "ab"));
  EXPECT_FALSE(IsAbove(kTableSpace, "b"));
  EXPECT_TRUE(IsAbove(kTableSpace, std::string_view("b\0", 2)));
  EXPECT_FALSE(IsAbove(kTableSpace, ""));
}

TEST_F(HighestKeysTest, IsRaisedByWhatIsStored) {
  highest_.NoteStored(kTableSpace, "x");  // Of a space that nobody has asked for.
  Store(kTableSpace, "b");
  EXPECT_TRUE(IsAbove(kTableSpace, "c"));
  highest_.NoteStored(kTableSpace, "d");
  EXPECT_FALSE(IsAbove(kTableSpace, "c"));
  EXPECT_FALSE(IsAbove(kTableSpace, "d"));
  highest_.NoteStored(kTableSpace, "c");
  EXPECT_FALSE(IsAbove(kTableSpace, "d"));
  EXPECT_TRUE(IsAbove(kTableSpace, "e"));
  EXPECT_TRUE(IsAbove(kIndexSpace, "a"));
  highest_.Forget(kTableSpace);
  EXPECT_TRUE(IsAbove(kTableSpace, "c"));
}

// A writer stores and notes while the first question looks at the store: one of both is seen.
TEST_F(HighestKeysTest, MissesNothingThatIsStoredWhileItLooks) {
  for (hidb::SpaceId space = kTableSpace; space < kTableSpace + 500; ++space) {
    std::atomic<int> stored{0};
    sys::Thread writer("writer", [&] {
      for (int key = 1; key <= 5; ++key) {
        Store(space, std::to_string(key));
        highest_.NoteStored(space, std::to_string(key));
        stored.store(key);
      }
    });
    int known = 0;
    while (known < 5) {
      known = stored.load();
      if (known > 0) {
        ASSERT_FALSE(IsAbove(space, std::to_string(known)));
      }
    }
    writer.Join();
  }
}

}  // namespace
}  // namespace helios::storage
