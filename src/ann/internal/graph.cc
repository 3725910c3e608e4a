#include "ann/internal/graph.h"

#include "base/check.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kLineBytes = 64;

}  // namespace

Graph::Graph(uint32_t m)
    : m_(m), nodes_(sizeof(Node)), lists_(2 * m * sizeof(Link)), upper_lists_(m * sizeof(Link)) {
  HELIOS_CHECK(2 * m <= kLinkCountMax);
}

void Graph::Grow(uint32_t ordinal_count) {
  nodes_.Grow(ordinal_count);
  lists_.Grow(ordinal_count);
}

void Graph::AddNode(uint32_t ordinal, int level) {
  HELIOS_CHECK(level <= kLevelMax);
  Node& node = nodes_.At<Node>(ordinal);
  node.level = level;
  if (level == 0) return;
  std::lock_guard lock(upper_mutex_);
  const auto wanted = static_cast<size_t>(level);
  for (size_t row_count = wanted; row_count < free_upper_.size(); ++row_count) {
    if (free_upper_[row_count].empty()) continue;
    node.upper = free_upper_[row_count].back();
    free_upper_[row_count].pop_back();
    if (row_count > wanted) {
      free_upper_[row_count - wanted].push_back(node.upper + static_cast<uint32_t>(level));
    }
    return;
  }
  node.upper = upper_count_;
  upper_count_ += static_cast<uint32_t>(level);
  upper_lists_.Grow(upper_count_);
}

void Graph::RemoveNode(uint32_t ordinal) {
  Node& node = nodes_.At<Node>(ordinal);
  for (int level = 0; level <= node.level; ++level) SetLinks(ordinal, level, {});
  if (node.level > 0) {
    std::lock_guard lock(upper_mutex_);
    free_upper_[static_cast<size_t>(node.level)].push_back(node.upper);
  }
  node = Node();
}

const Graph::Link* Graph::List(uint32_t ordinal, int level) const {
  if (level == 0) return &lists_.At<Link>(ordinal);
  const Node& node = nodes_.At<Node>(ordinal);
  return &upper_lists_.At<Link>(node.upper + static_cast<uint32_t>(level - 1));
}

uint32_t Graph::Links(uint32_t ordinal, int level, uint32_t* links) const {
  const Link* const list = List(ordinal, level);
  const uint32_t count_max = link_count_max(level);
  uint32_t count = 0;
  for (uint32_t at = 0; at < count_max; ++at) {
    // Acquire: who sees the link sees the node that it leads to.
    const uint32_t link = list[at].load(std::memory_order_acquire);
    if (link == 0) break;
    links[count++] = link - 1;
  }
  return count;
}

void Graph::SetLinks(uint32_t ordinal, int level, std::span<const uint32_t> links) {
  HELIOS_CHECK(links.size() <= link_count_max(level));
  auto* const list = const_cast<Link*>(List(ordinal, level));
  // From the end: who reads a new link reads only new ones behind it. From the front, a reader
  // could run past the old end, into what longer lists left there long ago.
  if (links.size() < link_count_max(level)) list[links.size()].store(0, std::memory_order_release);
  for (size_t at = links.size(); at-- > 0;) {
    list[at].store(links[at] + 1, std::memory_order_release);
  }
  if (level == 0) {
    lists_.Mark(ordinal);
  } else {
    upper_lists_.Mark(nodes_.At<Node>(ordinal).upper + static_cast<uint32_t>(level - 1));
  }
}

uint32_t Graph::upper_count() const {
  std::lock_guard lock(upper_mutex_);
  return upper_count_;
}

void Graph::RestoreUpper(const std::vector<bool>& is_used) {
  std::lock_guard lock(upper_mutex_);
  upper_count_ = static_cast<uint32_t>(is_used.size());
  uint32_t free_count = 0;
  for (uint32_t row = 0; row <= upper_count_; ++row) {
    const bool is_free = row < upper_count_ && !is_used[row];
    if (free_count > 0 && (!is_free || free_count == kLevelMax)) {
      free_upper_[free_count].push_back(row - free_count);
      free_count = 0;
    }
    if (is_free) ++free_count;
  }
}

void Graph::Prefetch(uint32_t ordinal) const {
  const auto* const list = reinterpret_cast<const char*>(lists_.Row(ordinal));
  for (size_t at = 0; at < lists_.row_bytes(); at += kLineBytes) __builtin_prefetch(list + at);
}

size_t Graph::memory_bytes() const {
  return nodes_.memory_bytes() + lists_.memory_bytes() + upper_lists_.memory_bytes();
}

}  // namespace helios::ann::internal
