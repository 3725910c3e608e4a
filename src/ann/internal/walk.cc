// Best-first search of a proximity graph (Malkov, Yashunin 2018), and two ways to do it under a
// filter. The first, FindPassing, differs from a plain walk only in what it keeps; the second,
// FindBridged, follows ACORN-1 (Patel et al. 2024) with sampled bridges.

#include "ann/internal/walk.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace helios::ann::internal {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// So many tests the share begins with, as if the selectivity had been seen in them.
constexpr double kPriorTests = 16;
// Starved: after kStarvedTests + kStarvedPasses / selectivity tests, fewer passed than this part
// of what the selectivity lets expect.
constexpr double kStarvedTests = 16;
constexpr double kStarvedPasses = 24;
constexpr double kStarvedPart = 0.5;

// The share of nodes that pass where the walk is now: what was met long ago, on the way, counts
// less and less.
class SeenShare {
 public:
  explicit SeenShare(double selectivity)
      : selectivity_(selectivity), tests_enough_(kStarvedTests + kStarvedPasses / selectivity) {}

  void Add(bool passes) {
    ++tests_;
    passed_ += passes ? 1 : 0;
    if (tests_ < 2 * tests_enough_) return;
    tests_ /= 2;
    passed_ /= 2;
  }
  double share() const { return (passed_ + kPriorTests * selectivity_) / (tests_ + kPriorTests); }
  bool IsStarved() const {
    return tests_ >= tests_enough_ && passed_ < tests_ * selectivity_ * kStarvedPart;
  }

 private:
  const double selectivity_;
  const double tests_enough_;
  double tests_ = 0;
  double passed_ = 0;
};

constexpr auto kFarthestLast = [](const Candidate& left, const Candidate& right) {
  return right < left;
};

// The nearest of those that pass, sorted, at most as many as it is told.
class FoundList {
 public:
  explicit FoundList(std::vector<Candidate>* entries) : entries_(*entries) { entries_.clear(); }

  float bound(size_t count_max) const {
    return entries_.size() < count_max ? kInfinity : entries_[count_max - 1].rank;
  }
  void Add(Candidate candidate, size_t count_max) {
    entries_.insert(std::upper_bound(entries_.begin(), entries_.end(), candidate), candidate);
    if (entries_.size() > count_max) entries_.pop_back();
  }
  size_t size() const { return entries_.size(); }

 private:
  std::vector<Candidate>& entries_;
};

void PushFrontier(std::vector<Candidate>* frontier, Candidate candidate) {
  frontier->push_back(candidate);
  std::push_heap(frontier->begin(), frontier->end(), kFarthestLast);
}

Candidate PopFrontier(std::vector<Candidate>* frontier) {
  std::pop_heap(frontier->begin(), frontier->end(), kFarthestLast);
  const Candidate candidate = frontier->back();
  frontier->pop_back();
  return candidate;
}

}  // namespace

void Walk::RankBatch() {
  scratch_.ranks.resize(std::max(scratch_.ranks.size(), scratch_.batch.size()));
  codes_.Rank(query_, scratch_.batch, scratch_.ranks);
  scratch_.distance_count += scratch_.batch.size();
}

Candidate Walk::Start(uint32_t ordinal) {
  scratch_.batch.assign(1, ordinal);
  RankBatch();
  return {scratch_.ranks[0], ordinal};
}

void Walk::TakeNeighbors(uint32_t ordinal, int level) {
  const uint32_t link_count_max = graph_.link_count_max(0);
  scratch_.links.resize(link_count_max);
  scratch_.batch.resize(link_count_max);
  uint32_t* const links = scratch_.links.data();
  uint32_t* const batch = scratch_.batch.data();
  const uint32_t link_count = graph_.Links(ordinal, level, links);
  for (uint32_t at = 0; at < link_count; ++at) scratch_.visited.Prefetch(links[at]);
  size_t count = 0;
  for (uint32_t at = 0; at < link_count; ++at) {
    batch[count] = links[at];
    count += scratch_.visited.Add(links[at]) ? 1 : 0;
  }
  scratch_.batch.resize(count);
}

Candidate Walk::Descend(Candidate from, int from_level, int to_level) {
  scratch_.links.resize(graph_.link_count_max(0));
  for (int level = from_level; level > to_level; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const uint32_t count = graph_.Links(from.ordinal, level, scratch_.links.data());
      scratch_.batch.assign(scratch_.links.begin(), scratch_.links.begin() + count);
      RankBatch();
      for (uint32_t at = 0; at < count; ++at) {
        if (scratch_.ranks[at] < from.rank) {
          from = {scratch_.ranks[at], scratch_.batch[at]};
          moved = true;
        }
      }
    }
  }
  return from;
}

// The next node is chosen before the neighbours of this one are ranked, so that its links are on
// their way meanwhile: a twentieth more distances, none of them waited for.
void Walk::FindNearest(Candidate from, int level, size_t ef, Patience* patience) {
  NearestList& nearest = scratch_.nearest;
  nearest.Reset(ef);
  nearest.Add(from.rank, from.ordinal);
  scratch_.visited.Add(from.ordinal);
  uint32_t next = nearest.Expand();
  while (next != NearestList::kNone) {
    TakeNeighbors(next, level);
    next = nearest.Expand();
    if (next != NearestList::kNone && level == 0) graph_.Prefetch(next);
    RankBatch();
    for (size_t at = 0; at < scratch_.batch.size(); ++at) {
      nearest.Add(scratch_.ranks[at], scratch_.batch[at]);
    }
    if (next == NearestList::kNone) next = nearest.Expand();
    if (patience->IsOver()) return;
  }
}

WalkEnd Walk::FindPassing(Candidate from, const FilteredPace& pace, const PassTest& passes,
                          Patience* patience) {
  const uint64_t distances_before = scratch_.distance_count;
  FoundList found(&scratch_.found);
  SeenShare seen(pace.selectivity());
  size_t found_max = pace.FoundMax(pace.selectivity());
  const auto meet = [&](Candidate candidate) {
    if (candidate.rank >= found.bound(found_max)) return;
    PushFrontier(&scratch_.frontier, candidate);
    const bool does_pass = passes(candidate.ordinal);
    seen.Add(does_pass);
    ++scratch_.filter_test_count;
    if (does_pass) found.Add(candidate, found_max);
  };
  scratch_.frontier.clear();
  scratch_.visited.Add(from.ordinal);
  meet(from);
  while (!scratch_.frontier.empty()) {
    const Candidate candidate = PopFrontier(&scratch_.frontier);
    if (candidate.rank > found.bound(found_max)) return WalkEnd::kFound;
    TakeNeighbors(candidate.ordinal, 0);
    if (!scratch_.frontier.empty()) graph_.Prefetch(scratch_.frontier.front().ordinal);
    RankBatch();
    for (size_t at = 0; at < scratch_.batch.size(); ++at) {
      meet({scratch_.ranks[at], scratch_.batch[at]});
    }
    const double share = seen.share();
    found_max = pace.FoundMax(share);
    if (patience->IsOver()) return WalkEnd::kOver;
    const auto spent = static_cast<double>(scratch_.distance_count - distances_before);
    if (pace.IsScanBetter(spent, share, seen.IsStarved())) return WalkEnd::kStarved;
  }
  return found.size() >= pace.k() ? WalkEnd::kFound : WalkEnd::kStarved;
}

// The neighbours that pass, and those of neighbours that do not: for each of the latter a sample at
// equal strides, since the nearest of its list all lie on one side.
void Walk::CollectBridged(uint32_t ordinal, const PassTest& passes, size_t count_max) {
  const uint32_t link_count_max = graph_.link_count_max(0);
  scratch_.links.resize(2 * link_count_max);
  uint32_t* const links = scratch_.links.data();
  uint32_t* const farther = links + link_count_max;
  const uint32_t link_count = graph_.Links(ordinal, 0, links);
  scratch_.batch.clear();
  uint32_t bridge_count = 0;
  for (uint32_t at = 0; at < link_count; ++at) {
    if (!scratch_.visited.Add(links[at])) continue;
    ++scratch_.filter_test_count;
    if (passes(links[at])) {
      scratch_.batch.push_back(links[at]);
    } else {
      links[bridge_count++] = links[at];
    }
  }
  for (uint32_t bridge = 0; bridge < bridge_count && scratch_.batch.size() < count_max; ++bridge) {
    const uint32_t farther_count = graph_.Links(links[bridge], 0, farther);
    for (uint32_t at = 0; at < farther_count; ++at) {
      ++scratch_.filter_test_count;
      if (passes(farther[at]) && scratch_.visited.Add(farther[at])) {
        scratch_.batch.push_back(farther[at]);
      }
    }
  }
}

WalkEnd Walk::FindBridged(std::span<const uint32_t> seeds, size_t k, size_t ef,
                          const PassTest& passes, Patience* patience) {
  FoundList found(&scratch_.found);
  scratch_.frontier.clear();
  const auto meet_batch = [&] {
    RankBatch();
    for (size_t at = 0; at < scratch_.batch.size(); ++at) {
      const Candidate candidate{scratch_.ranks[at], scratch_.batch[at]};
      if (candidate.rank >= found.bound(ef)) continue;
      found.Add(candidate, ef);
      PushFrontier(&scratch_.frontier, candidate);
    }
  };
  scratch_.batch.clear();
  for (const uint32_t seed : seeds) {
    if (scratch_.visited.Add(seed)) scratch_.batch.push_back(seed);
  }
  meet_batch();
  const size_t count_max = graph_.link_count_max(0);
  while (!scratch_.frontier.empty()) {
    const Candidate candidate = PopFrontier(&scratch_.frontier);
    if (candidate.rank > found.bound(ef)) return WalkEnd::kFound;
    CollectBridged(candidate.ordinal, passes, count_max);
    meet_batch();
    if (patience->IsOver()) return WalkEnd::kOver;
  }
  return found.size() >= k ? WalkEnd::kFound : WalkEnd::kStarved;
}

}  // namespace helios::ann::internal
