#include "storage/internal/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
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

// A stage that is entered and left as the test says.
class Gate {
 public:
  // Counts the group, and waits for its pass.
  void Enter(size_t group_size) {
    std::unique_lock lock(mutex_);
    groups_.push_back(group_size);
    changed_.notify_all();
    changed_.wait(lock, [this, number = groups_.size()] { return passes_ >= number; });
  }
  void AwaitGroups(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return groups_.size() >= count; });
  }
  void Pass(size_t count) {
    std::lock_guard lock(mutex_);
    passes_ += count;
    changed_.notify_all();
  }
  std::vector<size_t> groups() {
    std::lock_guard lock(mutex_);
    return groups_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<size_t> groups_;  // Their sizes.
  size_t passes_ = 0;
};

// A thread that commits once.
class CommitThread {
 public:
  CommitThread(CommitQueue& queue, MemoryTracker* tracker)
      : committer_(tracker), thread_("committer", [this, &queue] {
          CommitEntry entry(committer_.request);
          queue.Commit(&entry);
          status_ = entry.status;
        }) {}
  const Status& Join() {
    thread_.Join();
    return status_;
  }

 private:
  Committer committer_;
  Status status_;
  sys::Thread thread_;
};

using CommitThreads = std::vector<std::unique_ptr<CommitThread>>;

void FailAll(std::span<CommitEntry* const> group, ErrorCode code) {
  for (CommitEntry* entry : group) entry->status = Error(code).Message("failed");
}

void ExpectAll(const CommitThreads& threads, ErrorCode code) {
  for (const auto& thread : threads) EXPECT_EQ(thread->Join().code(), code);
}

TEST(CommitQueueTest, WritesOneAtOnce) {
  std::vector<size_t> groups;
  CommitQueue queue({[&](std::span<CommitEntry* const> group) {
                       groups.push_back(group.size());
                       for (CommitEntry* entry : group) entry->timestamp = 7;
                     },
                     [&](std::span<CommitEntry* const> group) {
                       EXPECT_EQ(group[0]->timestamp, 7);
                       groups.push_back(10 + group.size());
                     }});
  MemoryTracker tracker("test", 0);
  Committer committer(&tracker);
  CommitEntry entry(committer.request);
  queue.Commit(&entry);
  EXPECT_EQ(entry.timestamp, 7);
  EXPECT_EQ(groups, (std::vector<size_t>{1, 11}));
}

// While the first is being appended, others come: they make one group, which has its own outcome.
TEST(CommitQueueTest, GathersThoseWhoWait) {
  constexpr size_t kOthers = 5;
  Gate gate;
  std::vector<size_t> synced;
  CommitQueue queue({[&](std::span<CommitEntry* const> group) {
                       gate.Enter(group.size());
                       if (group.size() > 1) FailAll(group, ErrorCode::kDiskFull);
                     },
                     [&](std::span<CommitEntry* const> group) { synced.push_back(group.size()); }});
  MemoryTracker tracker("test", 0);
  CommitThread first(queue, &tracker);
  gate.AwaitGroups(1);
  CommitThreads others;
  for (size_t i = 0; i < kOthers; ++i) {
    others.push_back(std::make_unique<CommitThread>(queue, &tracker));
  }
  while (queue.waiting_count() < kOthers) {
  }
  gate.Pass(2);
  EXPECT_TRUE(first.Join().ok());
  ExpectAll(others, ErrorCode::kDiskFull);
  EXPECT_EQ(gate.groups(), (std::vector<size_t>{1, kOthers}));
  EXPECT_EQ(synced, std::vector<size_t>{1});
}

// While the log is synced for the first, others are appended; one more sync serves them all.
TEST(CommitQueueTest, AppendsWhileTheLogIsSynced) {
  constexpr size_t kOthers = 3;
  Gate gate;
  std::atomic<size_t> appended = 0;
  CommitQueue queue({[&](std::span<CommitEntry* const> group) { appended += group.size(); },
                     [&](std::span<CommitEntry* const> group) {
                       gate.Enter(group.size());
                       if (group.size() > 1) FailAll(group, ErrorCode::kIoError);
                     }});
  MemoryTracker tracker("test", 0);
  CommitThread first(queue, &tracker);
  gate.AwaitGroups(1);
  CommitThreads others;
  for (size_t i = 0; i < kOthers; ++i) {
    others.push_back(std::make_unique<CommitThread>(queue, &tracker));
    while (appended < 2 + i) {
    }
  }
  gate.Pass(2);
  EXPECT_TRUE(first.Join().ok());
  ExpectAll(others, ErrorCode::kIoError);
  EXPECT_EQ(gate.groups(), (std::vector<size_t>{1, kOthers}));
}

TEST(CommitQueueTest, EveryCommitIsWrittenOnce) {
  constexpr int kThreads = 6;
  constexpr int kCommits = 2000;
  size_t written = 0;
  size_t synced = 0;
  CommitQueue queue({[&](std::span<CommitEntry* const> group) {
                       for (CommitEntry* entry : group) {
                         EXPECT_EQ(entry->timestamp, 0u);
                         entry->timestamp = ++written;
                       }
                     },
                     [&](std::span<CommitEntry* const> group) {
                       // In the order of the log, without gaps.
                       for (CommitEntry* entry : group) EXPECT_EQ(entry->timestamp, ++synced);
                     }});
  MemoryTracker tracker("test", 0);
  std::vector<sys::Thread> threads;
  threads.reserve(kThreads);
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
  EXPECT_EQ(synced, written);
}

}  // namespace
}  // namespace helios::storage
