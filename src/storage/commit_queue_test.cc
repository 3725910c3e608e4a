#include "storage/internal/commit_queue.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <vector>

#include "storage/internal/test_support.h"
#include "sys/thread.h"

namespace helios::storage {
namespace {

struct Committer {
  explicit Committer(MemoryTracker* tracker) : writes(tracker) { request.writes = &writes; }
  hidb::WriteSet writes;
  hidb::CommitRequest request;
};

TEST(CommitQueueTest, WritesOneAtOnce) {
  std::vector<size_t> groups;
  CommitQueue queue([&](std::span<CommitEntry* const> group) {
    groups.push_back(group.size());
    for (CommitEntry* entry : group) entry->timestamp = 7;
  });
  MemoryTracker tracker("test", 0);
  Committer committer(&tracker);
  CommitEntry entry(committer.request);
  queue.Commit(&entry);
  EXPECT_EQ(entry.timestamp, 7);
  EXPECT_EQ(groups, std::vector<size_t>{1});
}

// While the first is being written, others come: they make one group, which has its own outcome.
TEST(CommitQueueTest, GathersThoseWhoWait) {
  constexpr size_t kOthers = 5;
  std::mutex mutex;
  std::condition_variable changed;
  bool is_writing = false;
  bool may_end = false;
  std::vector<size_t> groups;
  CommitQueue queue([&](std::span<CommitEntry* const> group) {
    std::unique_lock lock(mutex);
    groups.push_back(group.size());
    is_writing = true;
    changed.notify_all();
    changed.wait(lock, [&] { return may_end; });
    for (CommitEntry* entry : group) {
      if (groups.size() > 1) entry->status = Error(ErrorCode::kDiskFull).Message("full");
    }
  });
  MemoryTracker tracker("test", 0);
  const auto commit = [&](Status* status) {
    Committer committer(&tracker);
    CommitEntry entry(committer.request);
    queue.Commit(&entry);
    *status = entry.status;
  };
  Status first;
  std::vector<Status> others(kOthers);
  std::vector<sys::Thread> threads;
  threads.emplace_back("first", [&] { commit(&first); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_writing; });
  }
  for (Status& status : others) {
    threads.emplace_back("other", [&] { commit(&status); });
  }
  while (queue.waiting_count() < kOthers) {
  }
  {
    std::lock_guard lock(mutex);
    may_end = true;
  }
  changed.notify_all();
  for (sys::Thread& thread : threads) thread.Join();
  EXPECT_EQ(groups, (std::vector<size_t>{1, kOthers}));
  EXPECT_TRUE(first.ok());
  for (const Status& status : others) EXPECT_EQ(status.code(), ErrorCode::kDiskFull);
}

TEST(CommitQueueTest, EveryCommitIsWrittenOnce) {
  constexpr int kThreads = 6;
  constexpr int kCommits = 2000;
  size_t written = 0;
  CommitQueue queue([&](std::span<CommitEntry* const> group) {
    for (CommitEntry* entry : group) {
      EXPECT_EQ(entry->timestamp, 0u);
      entry->timestamp = ++written;
    }
  });
  MemoryTracker tracker("test", 0);
  std::vector<sys::Thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back("committer", [&] {
      for (int number = 0; number < kCommits; ++number) {
        Committer committer(&tracker);
        CommitEntry entry(committer.request);
        queue.Commit(&entry);
        EXPECT_NE(entry.timestamp, 0u);
      }
    });
  }
  for (sys::Thread& thread : threads) thread.Join();
  EXPECT_EQ(written, static_cast<size_t>(kThreads * kCommits));
}

}  // namespace
}  // namespace helios::storage
