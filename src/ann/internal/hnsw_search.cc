#include <algorithm>
#include <cmath>

#include "ann/distance.h"
#include "ann/internal/hnsw_impl.h"
#include "base/check.h"

namespace helios::ann {
namespace {

using internal::kNoOrdinal;
using internal::kWordBits;

// So many times k are compared in full: codes order the nearest only nearly.
constexpr size_t kScalarRerankFactor = 3;
constexpr size_t kBitRerankFactor = 20;
constexpr size_t kHalfRerankFactor = 2;
// A scan keeps at least so many times k: deletes may take some away before they are compared.
constexpr size_t kScanFactorMin = 3;
constexpr int kAttemptsMax = 4;
constexpr size_t kScanBatch = 64;
// A list of ordinals has 32 bits for each.
constexpr uint32_t kListDivisor = 32;
constexpr size_t kSeedCount = 16;
// Over bridges a list of the same length finds less.
constexpr size_t kBridgedFactor = 8;

size_t RerankFactor(CodeKind codes) {
  switch (codes) {
    case CodeKind::kScalar8:
      return kScalarRerankFactor;
    case CodeKind::kRabitq:
      return kBitRerankFactor;
    case CodeKind::kBfloat16:
      return kHalfRerankFactor;
    case CodeKind::kFull:
      break;
  }
  return 1;
}

// Gives a scan the ordinals whose bits `word_at` has, in their order.
template <typename WordAt>
auto OrdinalsOfWords(uint32_t ordinal_count, WordAt word_at) {
  const uint32_t word_count = (ordinal_count + kWordBits - 1) / kWordBits;
  return [=, word = uint32_t{0}](std::vector<uint32_t>* batch) mutable {
    for (; word < word_count && batch->size() < kScanBatch; ++word) {
      for (uint64_t bits = word_at(word); bits != 0; bits &= bits - 1) {
        batch->push_back(word * kWordBits + static_cast<uint32_t>(std::countr_zero(bits)));
      }
    }
    return word < word_count;
  };
}

// Nodes of ordinals that pass, spread over all of them.
std::vector<uint32_t> StridedSeeds(const internal::PassTest& passes,
                                   const internal::Duplicates& duplicates, uint32_t ordinal_count,
                                   uint64_t passing_count) {
  std::vector<uint32_t> seeds;
  const uint64_t stride = std::max<uint64_t>(passing_count / kSeedCount, 1);
  uint64_t left = 0;  // How many pass before the next seed.
  const uint32_t word_count = (ordinal_count + kWordBits - 1) / kWordBits;
  for (uint32_t word = 0; word < word_count && seeds.size() < kSeedCount; ++word) {
    uint64_t bits = passes.WordAt(word);
    auto count = static_cast<uint64_t>(std::popcount(bits));
    for (; left < count; count -= left + 1, left = stride - 1) {
      for (uint64_t at = 0; at < left; ++at) bits &= bits - 1;
      seeds.push_back(
          duplicates.NodeOf(word * kWordBits + static_cast<uint32_t>(std::countr_zero(bits))));
      bits &= bits - 1;
    }
    left -= count;
  }
  return seeds;
}

}  // namespace

// A list of few is scanned without a look at all words of bits; of many it would be longer than the
// bits.
bool HnswIndex::Impl::ListPassing(const SearchOptions& options, const internal::DenseFilter& filter,
                                  SearchScratch* scratch) const {
  if (filter.set() == nullptr || !is_trained_.load(std::memory_order_acquire)) return false;
  const uint32_t count = ordinal_count();
  const uint64_t set_count = filter.set()->size();
  if (set_count > count / kListDivisor) return false;
  const Strategy strategy = planner_.Choose(options, set_count, 1);
  if (strategy != Strategy::kExact && strategy != Strategy::kReturnAll) return false;
  const internal::PassTest passes(filter.bitmaps(), live_, duplicates_);
  std::vector<uint32_t>& list = scratch->passing_list;
  list.clear();
  filter.set()->ListBelow(count, &list);
  std::erase_if(list, [&](uint32_t ordinal) { return !passes.Passes(ordinal); });
  scratch->has_list = true;
  return true;
}

// Compares with all that `take_more` gives, which appends some at a time and returns whether there
// are more.
template <typename TakeMore>
void HnswIndex::Impl::Scan(TakeMore take_more, size_t count_max, SearchScratch* scratch,
                           internal::Patience* patience) const {
  // Twice as many as wanted are gathered before the farther half is thrown away.
  std::vector<Candidate>& found = scratch->found;
  found.clear();
  float bound = std::numeric_limits<float>::infinity();
  std::vector<uint32_t>& batch = scratch->batch;
  batch.clear();
  scratch->ranks.resize(std::max(scratch->ranks.size(), kScanBatch + kWordBits));
  const auto rank = [&] {
    codes_->Rank(scratch->query, batch, scratch->ranks);
    scratch->distance_count += batch.size();
    for (size_t at = 0; at < batch.size(); ++at) {
      if (scratch->ranks[at] < bound) found.push_back({scratch->ranks[at], batch[at]});
    }
    batch.clear();
    if (found.size() >= 2 * count_max) internal::KeepNearest(count_max, &found, &bound);
  };
  for (bool has_more = true; has_more;) {
    has_more = take_more(&batch);
    rank();
    if (patience->IsOver()) break;
  }
  internal::KeepNearest(count_max, &found, &bound);
  std::sort(found.begin(), found.end());
}

void HnswIndex::Impl::ScanPassing(const internal::PassTest& passes, size_t count_max,
                                  SearchScratch* scratch, internal::Patience* patience) const {
  if (!scratch->has_list) {
    Scan(OrdinalsOfWords(ordinal_count(), [&](uint32_t word) { return passes.WordAt(word); }),
         count_max, scratch, patience);
    return;
  }
  std::span<const uint32_t> left = scratch->passing_list;
  const auto take_more = [&](std::vector<uint32_t>* batch) {
    const auto slice = left.first(std::min(kScanBatch, left.size()));
    batch->assign(slice.begin(), slice.end());
    left = left.subspan(slice.size());
    return !left.empty();
  };
  Scan(take_more, count_max, scratch, patience);
}

void HnswIndex::Impl::ScanLiving(SearchScratch* scratch, std::vector<Candidate>* candidates) const {
  internal::Patience patience;
  const auto living = [&](uint32_t word) { return linked_.WordAt(word) & ~dead_.WordAt(word); };
  Scan(OrdinalsOfWords(ordinal_count(), living), options_.ef_construction, scratch, &patience);
  *candidates = scratch->found;
}

void HnswIndex::Impl::RunStrategy(Strategy strategy, const SearchOptions& options,
                                  const internal::PassTest& passes, uint64_t passing_count,
                                  SearchScratch* scratch, internal::Patience* patience,
                                  SearchReport* report) const {
  report->strategy = strategy;
  const uint32_t entry = graph_.entry();
  if (strategy == Strategy::kReturnAll || strategy == Strategy::kExact) {
    const size_t factor = std::max(RerankFactor(options_.codes), kScanFactorMin);
    ScanPassing(passes, factor * options.k, scratch, patience);
    return;
  }
  scratch->found.clear();
  if (entry == kNoOrdinal) return;
  scratch->visited.Reset(ordinal_count());
  const size_t ef = std::max(options.ef, options.k);
  internal::Walk walk(graph_, *codes_, scratch->query, scratch);
  if (strategy == Strategy::kBridgedWalk) {
    const auto seeds = StridedSeeds(passes, duplicates_, ordinal_count(), passing_count);
    if (walk.FindBridged(seeds, options.k, kBridgedFactor * ef, passes, patience) ==
        internal::WalkEnd::kStarved) {
      report->fell_back = true;
      RunStrategy(Strategy::kExact, options, passes, passing_count, scratch, patience, report);
    }
    return;
  }
  const Candidate start = walk.Descend(walk.Start(entry), graph_.LevelOf(entry), 0);
  if (strategy == Strategy::kWalk) {
    walk.FindNearest(start, 0, ef, patience);
    for (size_t at = 0; at < scratch->nearest.size(); ++at) {
      scratch->found.push_back(scratch->nearest.At(at));
    }
    return;
  }
  const internal::FilteredPace pace(planner_.costs(), options.k, ef, report->selectivity,
                                    passing_count);
  if (walk.FindPassing(start, pace, passes, patience) == internal::WalkEnd::kStarved) {
    report->fell_back = true;
    RunStrategy(planner_.AfterStarving(passing_count), options, passes, passing_count, scratch,
                patience, report);
  }
}

std::vector<Neighbor> HnswIndex::Impl::Rerank(const VectorRef& query, const SearchOptions& options,
                                              const internal::PassTest& passes, bool are_nodes,
                                              SearchScratch* scratch) const {
  std::vector<Neighbor> neighbors;
  const std::vector<Candidate>& found = scratch->found;
  const size_t count = RerankFactor(options_.codes) * options.k;
  for (size_t at = 0; at < std::min(found.size(), count); ++at) {
    source_.Prefetch(found[at].ordinal);
  }
  const DistanceTo distance_to(options_.metric, query);
  // What was deleted since it was found does not count.
  size_t passed = 0;
  for (size_t at = 0; at < found.size() && passed < count; ++at) {
    const uint32_t node = found[at].ordinal;
    const size_t before = neighbors.size();
    const float distance = distance_to(source_.Get(node));
    if (passes.Passes(node)) neighbors.push_back({node, distance});
    if (are_nodes && duplicates_.HasAny(node)) {
      duplicates_.ForEach(node, [&](uint32_t ordinal) {
        if (passes.Passes(ordinal)) neighbors.push_back({ordinal, distance});
      });
    }
    if (neighbors.size() > before) ++passed;
  }
  return neighbors;
}

bool HnswIndex::Impl::SearchPending(const VectorRef& query, const internal::PassTest& passes,
                                    std::vector<Neighbor>* neighbors) const {
  if (is_trained_.load(std::memory_order_acquire)) return false;
  std::lock_guard lock(ordinals_mutex_);
  if (is_trained_.load(std::memory_order_relaxed)) return false;
  const DistanceTo distance_to(options_.metric, query);
  for (const uint32_t ordinal : pending_) {
    if (passes.Passes(ordinal)) {
      neighbors->push_back({ordinal, distance_to(source_.Get(ordinal))});
    }
  }
  return true;
}

void HnswIndex::Impl::SearchGraph(const VectorRef& query, const SearchOptions& options,
                                  const internal::PassTest& passes, uint64_t passing_count,
                                  SearchScratch* scratch, SearchResult* result) const {
  internal::Patience patience(options);
  SearchReport& report = result->report;
  codes_->Prepare(query, &scratch->query);
  const bool all_pass = options.filter.empty() && dead_count_.load() == 0;
  Strategy strategy = all_pass ? planner_.ChooseUnfiltered(options, passing_count)
                               : planner_.Choose(options, passing_count, report.selectivity);
  for (int attempt = 1;; ++attempt) {
    RunStrategy(strategy, options, passes, passing_count, scratch, &patience, &report);
    const bool are_nodes =
        report.strategy != Strategy::kExact && report.strategy != Strategy::kReturnAll;
    result->neighbors = Rerank(query, options, passes, are_nodes, scratch);
    // Too few: a walk did not reach as far as all that pass, or deletes overtook the search.
    const bool is_short = result->neighbors.size() < std::min<uint64_t>(options.k, passing_count);
    if (!is_short || patience.was_over() || attempt == kAttemptsMax) break;
    strategy = Strategy::kExact;
    report.fell_back = true;
  }
  report.complete = !patience.was_over();
}

Result<SearchResult> HnswIndex::Impl::Search(const VectorRef& query,
                                             const SearchOptions& options) const {
  HELIOS_TRY(CheckVector(query, options_.shape, options_.metric));
  HELIOS_TRY(CheckFilter(options.filter, ordinal_count()));
  const internal::ScratchPool::Lease scratch = scratches_.Take();
  internal::DenseFilter filter(options.filter);
  if (!ListPassing(options, filter, &*scratch)) {
    filter.SetToBits(ordinal_count(), &scratch->filter_words);
  }
  const internal::PassTest passes(filter.bitmaps(), live_, duplicates_);
  const uint64_t passing_count = scratch->has_list        ? scratch->passing_list.size()
                                 : options.filter.empty() ? size()
                                                          : passes.Count(ordinal_count());
  SearchResult result;
  const uint32_t live_count = size();
  if (passing_count < live_count) {
    result.report.selectivity =
        static_cast<double>(passing_count) / static_cast<double>(live_count);
  }
  if (options.k == 0 || passing_count == 0) return result;

  // Nothing is gained by lists that are longer than the index.
  SearchOptions bounded = options;
  const size_t longest = ordinal_count();
  bounded.k = std::min(options.k, longest);
  bounded.ef = std::min(options.ef, longest);
  if (SearchPending(query, passes, &result.neighbors)) {
    result.report.strategy = Strategy::kExact;
    scratch->distance_count = result.neighbors.size();
  } else {
    SearchGraph(query, bounded, passes, passing_count, &*scratch, &result);
  }
  std::sort(result.neighbors.begin(), result.neighbors.end(), IsNearer);
  if (result.neighbors.size() > options.k) result.neighbors.resize(options.k);
  result.report.distance_count = scratch->distance_count;
  result.report.filter_test_count = scratch->filter_test_count;
  return result;
}

HnswMemory HnswIndex::Impl::memory() const {
  return {.graph_bytes = graph_.memory_bytes(),
          .code_bytes = codes_->memory_bytes(),
          .other_bytes = live_.memory_bytes() + allocated_.memory_bytes() + linked_.memory_bytes() +
                         dead_.memory_bytes() + removing_.memory_bytes() +
                         duplicates_.memory_bytes() + scratches_.memory_bytes()};
}

}  // namespace helios::ann
