// Searches of an inverted file. Codes of one bit are compared in full at once, while what they may
// be off leaves it open whether they are near; of other codes the nearest are, at the end.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "ann/internal/dense_filter.h"
#include "ann/internal/ivf_impl.h"
#include "base/check.h"

namespace helios::ann {
namespace {

using internal::kNoSlot;
using internal::kWordBits;

constexpr size_t kScanBatch = 64;
constexpr int kAttemptsMax = 4;
// So many times k are compared in full: codes order the nearest only nearly.
constexpr size_t kScalarRerankFactor = 3;
constexpr size_t kProductRerankFactor = 10;
// Codes of centers order the nearest only nearly: so many more than are looked into, and a part of
// these, are measured in full.
constexpr size_t kMoreCenters = 8;
constexpr size_t kMoreCentersPart = 4;

size_t RerankFactor(ListCodes codes) {
  switch (codes) {
    case ListCodes::kScalar8:
      return kScalarRerankFactor;
    case ListCodes::kProduct:
      return kProductRerankFactor;
    case ListCodes::kFlat:
    case ListCodes::kCopy:
    case ListCodes::kRabitq:
      break;
  }
  return 1;
}

void SortNeighbors(std::vector<Neighbor>* neighbors, size_t k) {
  std::sort(neighbors->begin(), neighbors->end(), IsNearer);
  // What was deleted and inserted again meanwhile may have been met twice.
  const auto end = std::unique(
      neighbors->begin(), neighbors->end(),
      [](const Neighbor& left, const Neighbor& right) { return left.ordinal == right.ordinal; });
  neighbors->erase(end, neighbors->end());
  if (neighbors->size() > k) neighbors->resize(k);
}

}  // namespace

// One search: what it has looked into and found.
class IvfIndex::Impl::Probing {
 public:
  // Keeps what may be among the `count_max` nearest; without that, all.
  Probing(const Impl& index, const VectorRef& vector, const SearchOptions& options,
          std::optional<size_t> count_max)
      : index_(index),
        options_(options),
        vector_(vector),
        distance_to_(index.options_.metric, vector),
        patience_(options),
        scratch_(index.scratches_.Take()),
        filter_(options_.filter),
        passes_(filter_.bitmaps(), index.live_, index.no_duplicates_),
        count_max_(count_max.value_or(0)),
        keeps_all_(!count_max.has_value()) {
    filter_.SetToBits(index.ordinal_count(), &scratch_->filter_words);
    scratch_->batch.clear();
    slots_.reserve(2 * kScanBatch);
  }

  // Before Probe.
  void StartProbing();
  // Looks into the next `count` lists. Returns false when there are no more, or it is over.
  bool Probe(size_t count);
  // Looks at all that pass.
  void ScanPassing();
  // The nearest k of those found. Fewer although as many were: deletes have overtaken the search.
  std::vector<Neighbor> Finish();
  // To find others. Requires: after Finish.
  void StartAnew();
  bool was_over() const { return patience_.was_over(); }

  const internal::PassTest& passes() const { return passes_; }
  const DistanceTo& distance_to() const { return distance_to_; }
  size_t found_count() const { return found_.size(); }
  // From near to far; of codes of one bit, by how near they may be. Then there are none.
  std::vector<Candidate> TakeFound();
  bool Passes(uint32_t ordinal) const { return passes_.Passes(ordinal); }
  float Compare(uint32_t ordinal) {
    ++scratch_->distance_count;
    return distance_to_(index_.source_.Get(ordinal));
  }
  void Report(SearchReport* report) const {
    report->distance_count = scratch_->distance_count;
    report->filter_test_count = scratch_->filter_test_count;
    report->complete = !patience_.was_over();
  }

 private:
  void SortFartherLists();
  void ScanList(uint32_t list);
  void Push(uint32_t slot, uint32_t ordinal) {
    slots_.push_back(slot);
    scratch_->batch.push_back(ordinal);
  }
  void RankBatch();
  void RankByBounds(std::span<const uint32_t> ordinals);
  void Keep(float rank, uint32_t ordinal);

  const Impl& index_;
  const SearchOptions options_;
  const VectorRef vector_;
  const DistanceTo distance_to_;
  internal::Patience patience_;
  const internal::ScratchPool::Lease scratch_;
  internal::DenseFilter filter_;
  const internal::PassTest passes_;
  const size_t count_max_;
  const bool keeps_all_;
  std::vector<Candidate> lists_;
  size_t sorted_count_ = 0;
  bool is_measured_ = false;  // All centers are.
  size_t next_list_ = 0;
  std::vector<uint32_t> slots_;
  std::vector<float> errors_;
  // Up to twice count_max_; under bounds, a heap of count_max_ that have been compared in full.
  std::vector<Candidate> found_;
  float bound_ = std::numeric_limits<float>::infinity();
};

void IvfIndex::Impl::Probing::StartProbing() {
  internal::CodeQuery* const query = &scratch_->query;
  sorted_count_ = index_.RankListsRoughly(vector_, options_.probes, query, &lists_);
  if (sorted_count_ == 0) {
    index_.MeasureCenters(vector_, query);
    lists_ = index_.RankLists(*query, options_.probes);
    sorted_count_ = options_.probes;
    is_measured_ = true;
  }
  index_.Prepare(vector_, query);
}

void IvfIndex::Impl::Probing::SortFartherLists() {
  const auto first = lists_.begin() + static_cast<std::ptrdiff_t>(next_list_);
  if (!is_measured_) {
    internal::CodeQuery* const query = &scratch_->query;
    index_.MeasureCenters(vector_, query);
    for (auto list = first; list != lists_.end(); ++list) {
      *list = index_.RankList(*query, list->ordinal);
    }
    index_.Prepare(vector_, query);
    is_measured_ = true;
  }
  std::sort(first, lists_.end());
  sorted_count_ = lists_.size();
}

bool IvfIndex::Impl::Probing::Probe(size_t count) {
  const size_t end = std::min({next_list_ + count, lists_.size(), size_t{options_.probes_max}});
  if (next_list_ == end) return false;
  if (end > sorted_count_) SortFartherLists();
  for (; next_list_ < end && !patience_.IsOver(); ++next_list_)
    ScanList(lists_[next_list_].ordinal);
  RankBatch();
  return !patience_.was_over();
}

void IvfIndex::Impl::Probing::ScanList(uint32_t list) {
  const bool has_filter = !options_.filter.empty();
  index_.lists_.ForEachBlock(
      list, [&](uint32_t first_slot, std::span<const uint32_t> ordinals, uint32_t living) {
        if (has_filter) {
          scratch_->filter_test_count += static_cast<uint64_t>(std::popcount(living));
        }
        for (uint32_t bits = living; bits != 0; bits &= bits - 1) {
          const auto at = static_cast<uint32_t>(std::countr_zero(bits));
          if (!has_filter || passes_.Passes(ordinals[at])) Push(first_slot + at, ordinals[at]);
        }
        if (slots_.size() >= kScanBatch) RankBatch();
        return !patience_.IsOver();
      });
}

void IvfIndex::Impl::Probing::ScanPassing() {
  // They may be of any list.
  index_.MeasureCenters(vector_, &scratch_->query);
  index_.Prepare(vector_, &scratch_->query);
  const uint32_t word_count = (index_.ordinal_count() + kWordBits - 1) / kWordBits;
  for (uint32_t word = 0; word < word_count && !patience_.was_over(); ++word) {
    for (uint64_t bits = passes_.WordAt(word); bits != 0; bits &= bits - 1) {
      const uint32_t ordinal = word * kWordBits + static_cast<uint32_t>(std::countr_zero(bits));
      const uint32_t slot = index_.lists_.SlotOf(ordinal);
      if (slot != kNoSlot) Push(slot, ordinal);
    }
    patience_.IsOver();  // Of words of which nothing passes there may be many.
    if (slots_.size() < kScanBatch) continue;
    RankBatch();
    patience_.IsOver();
  }
  RankBatch();
}

void IvfIndex::Impl::Probing::RankBatch() {
  const std::vector<uint32_t>& ordinals = scratch_->batch;
  std::vector<float>& ranks = scratch_->ranks;
  if (ranks.size() < slots_.size()) ranks.resize(slots_.size());
  scratch_->distance_count += slots_.size();
  if (index_.rabitq_ != nullptr) {
    RankByBounds(ordinals);
  } else {
    const bool is_flat = index_.options_.codes == ListCodes::kFlat;
    index_.codes_->Rank(scratch_->query, is_flat ? ordinals : slots_, ranks);
    for (size_t at = 0; at < ordinals.size(); ++at) Keep(ranks[at], ordinals[at]);
  }
  slots_.clear();
  scratch_->batch.clear();
}

void IvfIndex::Impl::Probing::RankByBounds(std::span<const uint32_t> ordinals) {
  std::vector<float>& ranks = scratch_->ranks;
  if (errors_.size() < slots_.size()) errors_.resize(slots_.size());
  index_.rabitq_->RankWithErrors(scratch_->query, slots_, ranks, errors_);
  for (size_t at = 0; at < ordinals.size(); ++at) {
    ranks[at] -= options_.epsilon * errors_[at];
    // Of huge values the terms are infinite, and say nothing: it may be near.
    if (!std::isfinite(ranks[at])) ranks[at] = std::numeric_limits<float>::lowest();
    if (!keeps_all_ && ranks[at] < bound_) index_.source_.Prefetch(ordinals[at]);
  }
  for (size_t at = 0; at < ordinals.size(); ++at) {
    if (ranks[at] >= bound_) continue;
    if (keeps_all_) {
      found_.push_back({ranks[at], ordinals[at]});
      continue;
    }
    ++scratch_->distance_count;
    const float rank = distance_to_.Rank(index_.source_.Get(ordinals[at]));
    if (rank >= bound_) continue;
    if (found_.size() == count_max_) {
      std::pop_heap(found_.begin(), found_.end());
      found_.pop_back();
    }
    found_.push_back({rank, ordinals[at]});
    std::push_heap(found_.begin(), found_.end());
    if (found_.size() == count_max_) bound_ = found_.front().rank;
  }
}

void IvfIndex::Impl::Probing::Keep(float rank, uint32_t ordinal) {
  if (rank >= bound_) return;
  found_.push_back({rank, ordinal});
  if (!keeps_all_ && found_.size() >= 2 * count_max_) {
    internal::KeepNearest(count_max_, &found_, &bound_);
  }
}

std::vector<internal::Candidate> IvfIndex::Impl::Probing::TakeFound() {
  if (!keeps_all_) internal::KeepNearest(count_max_, &found_, &bound_);
  std::sort(found_.begin(), found_.end());
  return std::move(found_);
}

std::vector<Neighbor> IvfIndex::Impl::Probing::Finish() {
  const ListCodes codes = index_.options_.codes;
  const bool is_exact = RerankFactor(codes) == 1;
  const std::vector<Candidate> found = TakeFound();
  std::vector<Neighbor> neighbors;
  if (!is_exact) {
    for (const Candidate& candidate : found) index_.source_.Prefetch(candidate.ordinal);
  }
  for (const Candidate& candidate : found) {
    // Deleted since.
    if (!passes_.Passes(candidate.ordinal)) continue;
    neighbors.push_back(
        {candidate.ordinal, is_exact ? DistanceFromRank(index_.options_.metric, candidate.rank)
                                     : Compare(candidate.ordinal)});
  }
  SortNeighbors(&neighbors, options_.k);
  return neighbors;
}

void IvfIndex::Impl::Probing::StartAnew() {
  found_.clear();
  bound_ = std::numeric_limits<float>::infinity();
  lists_.clear();
  next_list_ = 0;
  is_measured_ = false;
}

// The search of IvfIndex::Scan. What it has looked into and not returned is in two parts: by its
// code alone, and compared in full.
class IvfIndex::ScanImpl final : public IvfScan {
 public:
  ScanImpl(const Impl& index, const VectorRef& vector, const SearchOptions& options)
      : index_(index), options_(options), probing_(index, vector, options, std::nullopt) {
    if (index.SearchPending(probing_.distance_to(), probing_.passes(), &compared_)) {
      has_lists_ = false;
      std::make_heap(compared_.begin(), compared_.end(), IsFarther);
    } else {
      probing_.StartProbing();
    }
  }

  SearchResult Next() override {
    SearchResult result;
    result.report.strategy = Strategy::kProbe;
    while (result.neighbors.size() < options_.k) {
      if (next_ == found_.size() && compared_.empty() && !LookFurther()) break;
      TakeNearest(&result.neighbors);
    }
    std::sort(result.neighbors.begin(), result.neighbors.end(), IsNearer);
    probing_.Report(&result.report);
    return result;
  }

 private:
  static bool IsFarther(const Neighbor& left, const Neighbor& right) {
    return IsNearer(right, left);
  }
  bool LookFurther() {
    while (has_lists_) {
      has_lists_ = probing_.Probe(options_.probes);
      found_ = probing_.TakeFound();
      next_ = 0;
      if (!found_.empty()) return true;
    }
    return false;
  }
  // As many as k, out of the best by their codes.
  void TakeNearest(std::vector<Neighbor>* neighbors) {
    const size_t wanted = options_.k - neighbors->size();
    const size_t left = found_.size() - next_;
    const size_t ahead = RerankFactor(index_.options_.codes) * std::min(wanted, left);
    const size_t least = next_ + std::min(left, ahead);
    while (next_ < least) CompareNext();
    while (neighbors->size() < options_.k) {
      // Whose code says that it may be nearer than the nearest so far.
      while (next_ < found_.size() && (compared_.empty() || MayBeNearer(found_[next_].rank))) {
        CompareNext();
      }
      if (compared_.empty()) return;
      std::pop_heap(compared_.begin(), compared_.end(), IsFarther);
      const Neighbor nearest = compared_.back();
      compared_.pop_back();
      // It may have waited for several calls, and been deleted meanwhile.
      if (probing_.Passes(nearest.ordinal)) neighbors->push_back(nearest);
    }
  }
  bool MayBeNearer(float rank) const {
    // Eight bits rank by the square of the distance of vectors of length 1, twice the cosine's.
    const IvfOptions& options = index_.options_;
    const bool is_square =
        options.codes == ListCodes::kScalar8 && options.metric == Metric::kCosine;
    return DistanceFromRank(options.metric, is_square ? rank / 2 : rank) <
           compared_.front().distance;
  }
  void CompareNext() {
    const uint32_t ordinal = found_[next_++].ordinal;
    if (!probing_.Passes(ordinal)) return;  // Deleted since.
    compared_.push_back({ordinal, probing_.Compare(ordinal)});
    std::push_heap(compared_.begin(), compared_.end(), IsFarther);
  }

  const Impl& index_;
  const SearchOptions options_;
  Impl::Probing probing_;
  bool has_lists_ = true;
  std::vector<internal::Candidate> found_;
  size_t next_ = 0;
  std::vector<Neighbor> compared_;  // A heap, the nearest first.
};

Status IvfIndex::Impl::CheckSearch(const VectorRef& query, const SearchOptions& options) const {
  HELIOS_TRY(CheckVector(query, options_.shape, options_.metric));
  HELIOS_TRY(CheckFilter(options.filter, ordinal_count()));
  constexpr uint32_t kProbesMax = internal::CenteredCodes::kCenterCountMax;
  const std::pair<std::string_view, uint32_t> bounded[] = {{"probes", options.probes},
                                                           {"max_probes", options.probes_max}};
  for (const auto& [name, value] : bounded) {
    if (value >= 1 && value <= kProbesMax) continue;
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("{} is outside the valid range for parameter \"ivfflat.{}\" (1 .. {})", value,
                 name, kProbesMax);
  }
  return Status::Ok();
}

void IvfIndex::Impl::MeasureCenters(const VectorRef& vector, internal::CodeQuery* query) const {
  if (options_.shape.type == ElementType::kBit) {
    const auto* const words = static_cast<const uint64_t*>(vector.data);
    centers().Squares(std::span(words, DenseBytes(options_.shape) / sizeof(uint64_t)),
                      &query->center_squares);
    return;
  }
  ToElements(vector, &query->floats);
  centers().Squares(query->floats, &query->center_squares);
}

void IvfIndex::Impl::ToElements(const VectorRef& vector, std::vector<float>* floats) const {
  ToFloats(vector, floats);
  if (options_.metric == Metric::kCosine) Normalize(floats);
}

std::vector<internal::Candidate> IvfIndex::Impl::RankLists(const internal::CodeQuery& query,
                                                           size_t count) const {
  std::vector<Candidate> lists(query.center_squares.size());
  for (uint32_t list = 0; list < lists.size(); ++list) lists[list] = RankList(query, list);
  const auto end = lists.begin() + static_cast<std::ptrdiff_t>(std::min(count, lists.size()));
  std::partial_sort(lists.begin(), end, lists.end());
  return lists;
}

internal::Candidate IvfIndex::Impl::RankList(const internal::CodeQuery& query,
                                             uint32_t list) const {
  // Clusters are around centers by L2; which to look into is a matter of the metric.
  const bool is_product = options_.metric == Metric::kInnerProduct;
  const float square = query.center_squares[list];
  return {is_product ? square - centers().square(list) : square, list};
}

size_t IvfIndex::Impl::RankListsRoughly(const VectorRef& vector, size_t count,
                                        internal::CodeQuery* query,
                                        std::vector<Candidate>* lists) const {
  const size_t sorted_count = count + count / kMoreCentersPart + kMoreCenters;
  if (options_.shape.type == ElementType::kBit || 2 * sorted_count > centers().count()) return 0;
  ToElements(vector, &query->floats);
  if (!centers().RoughSquares(query->floats, &query->bytes, &query->center_squares)) return 0;
  *lists = RankLists(*query, sorted_count);
  for (size_t at = 0; at < sorted_count; ++at) {
    const uint32_t list = (*lists)[at].ordinal;
    query->center_squares[list] = centers().Square(list, query->floats);
    (*lists)[at] = RankList(*query, list);
  }
  std::sort(lists->begin(), lists->begin() + static_cast<std::ptrdiff_t>(sorted_count));
  return sorted_count;
}

void IvfIndex::Impl::Prepare(const VectorRef& vector, internal::CodeQuery* query) const {
  if (centered_ != nullptr) {
    centered_->PrepareAt(vector, query);
  } else {
    codes_->Prepare(vector, query);
  }
}

bool IvfIndex::Impl::SearchPending(const DistanceTo& distance_to, const internal::PassTest& passes,
                                   std::vector<Neighbor>* neighbors) const {
  if (is_trained_.load(std::memory_order_acquire)) return false;
  std::lock_guard lock(pending_mutex_);
  if (is_trained_.load(std::memory_order_relaxed)) return false;
  for (const uint32_t ordinal : pending_) {
    if (!passes.Passes(ordinal)) continue;
    neighbors->push_back({ordinal, distance_to(source_.Get(ordinal))});
  }
  return true;
}

Result<SearchResult> IvfIndex::Impl::Search(const VectorRef& query,
                                            const SearchOptions& options) const {
  HELIOS_TRY(CheckSearch(query, options));
  SearchResult result;
  result.report.strategy = options.strategy.value_or(Strategy::kProbe);
  // More than there are cannot be found, and a multiple of them does not overflow.
  SearchOptions bounded = options;
  bounded.k = std::min<size_t>(options.k, ordinal_count());
  Probing probing(*this, query, bounded, RerankFactor(options_.codes) * bounded.k);
  const uint32_t live_count = size();
  const uint64_t passing_count =
      options.filter.empty() ? live_count : probing.passes().Count(ordinal_count());
  result.report.selectivity =
      live_count == 0 ? 1 : static_cast<double>(passing_count) / static_cast<double>(live_count);
  if (bounded.k == 0 || passing_count == 0) return result;
  if (SearchPending(probing.distance_to(), probing.passes(), &result.neighbors)) {
    result.report.strategy = Strategy::kExact;
    result.report.distance_count = result.neighbors.size();
    SortNeighbors(&result.neighbors, options.k);
    return result;
  }
  // All that pass take no longer than the lists do.
  const uint64_t probed_count = uint64_t{live_count} * options.probes / lists_.list_count();
  if (!options.filter.empty() && !options.strategy.has_value()) {
    if (passing_count <= probed_count) result.report.strategy = Strategy::kExact;
    if (passing_count <= options.k) result.report.strategy = Strategy::kReturnAll;
  }
  for (int attempt = 1;; ++attempt) {
    if (result.report.strategy == Strategy::kProbe) {
      probing.StartProbing();
      bool has_more = probing.Probe(options.probes);
      while (has_more && probing.found_count() < bounded.k) has_more = probing.Probe(1);
    } else {
      probing.ScanPassing();
    }
    const bool had_enough = probing.found_count() >= bounded.k;
    result.neighbors = probing.Finish();
    const bool is_short = had_enough && result.neighbors.size() < bounded.k;
    if (!is_short || probing.was_over() || attempt == kAttemptsMax) break;
    // Deletes have taken away some of those that it kept.
    probing.StartAnew();
  }
  probing.Report(&result.report);
  return result;
}

Result<std::unique_ptr<IvfScan>> IvfIndex::Impl::Scan(const VectorRef& query,
                                                      const SearchOptions& options) const {
  HELIOS_TRY(CheckSearch(query, options));
  return std::unique_ptr<IvfScan>(std::make_unique<ScanImpl>(*this, query, options));
}

}  // namespace helios::ann
