#include "ann/internal/graph.h"

#include <gtest/gtest.h>

#include <atomic>

#include "sys/thread.h"

namespace helios::ann::internal {
namespace {

TEST(GraphTest, ListsAreReplacedAndGivenBack) {
  Graph graph(4);
  graph.Grow(3);
  uint32_t links[8];
  graph.AddNode(0, 2);
  graph.AddNode(1, 0);
  EXPECT_EQ(graph.LevelOf(0), 2);
  for (const int level : {0, 1, 2}) EXPECT_EQ(graph.Links(0, level, links), 0u);
  graph.SetLinks(0, 0, std::vector<uint32_t>{1, 2, 0, 1, 2, 0, 1, 2});
  graph.SetLinks(0, 1, std::vector<uint32_t>{1});
  EXPECT_EQ(graph.Links(0, 0, links), 8u);
  EXPECT_EQ(graph.Links(0, 1, links), 1u);
  EXPECT_EQ(graph.Links(0, 2, links), 0u);
  graph.SetLinks(0, 0, std::vector<uint32_t>{2, 1});
  ASSERT_EQ(graph.Links(0, 0, links), 2u);
  EXPECT_EQ(links[0], 2u);
  EXPECT_EQ(links[1], 1u);
  graph.RemoveNode(0);
  const size_t bytes = graph.memory_bytes();
  graph.AddNode(2, 2);
  for (const int level : {0, 1, 2}) EXPECT_EQ(graph.Links(2, level, links), 0u);
  EXPECT_EQ(graph.memory_bytes(), bytes);
}

// Goal: whoever reads a list while it grows and shrinks never sees what it was long ago.
// Method: each list's links say which list they belong to; along a reading that never goes back.
TEST(GraphTest, ReadersNeverSeeOlderLinksBehindNewer) {
  constexpr uint32_t kM = 16;
  constexpr uint32_t kLengths[] = {32, 3, 17, 1, 32, 31, 0, 9};
  constexpr uint32_t kListCount = 2'000'000;
  Graph graph(kM);
  graph.Grow(1);
  graph.AddNode(0, 0);
  std::atomic<bool> is_done{false};
  uint32_t older_count = 0;
  sys::Thread reader("graph test", [&] {
    uint32_t links[2 * kM];
    while (!is_done.load(std::memory_order_relaxed)) {
      const uint32_t count = graph.Links(0, 0, links);
      for (uint32_t at = 1; at < count; ++at) older_count += links[at] < links[at - 1] ? 1 : 0;
    }
  });
  std::vector<uint32_t> links;
  for (uint32_t list = 1; list <= kListCount; ++list) {
    links.assign(kLengths[list % std::size(kLengths)], list);
    graph.SetLinks(0, 0, links);
  }
  is_done = true;
  reader.Join();
  EXPECT_EQ(older_count, 0u);
}

}  // namespace
}  // namespace helios::ann::internal
