// Insertion and the choice of links (Malkov, Yashunin 2018, algorithms 1 and 4). A node's links on
// all levels are chosen and set before the first link leads to it, and level 0 is linked first: who
// comes over an upper level finds a way on.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "ann/internal/bfloat16_codes.h"
#include "ann/internal/full_codes.h"
#include "ann/internal/hnsw_impl.h"
#include "ann/internal/rabitq_codes.h"
#include "ann/internal/scalar_codes.h"
#include "base/check.h"
#include "base/hash.h"
#include "sys/thread.h"

namespace helios::ann {
namespace {

using internal::kNoOrdinal;

// Fewer teach a code too little; until then searches compare all in full.
constexpr size_t kTrainingCountMin = 256;
constexpr uint32_t kTrainingCountMax = 10'000;
// So many of the vectors that teach are not equal to the first of them.
constexpr std::ptrdiff_t kOthersMin = 128;
// A candidate is compared with so many chosen ones before the next look whether it is out.
constexpr size_t kChosenSlice = 8;
// Equal vectors have equal codes; so many of the nearest are looked at.
constexpr size_t kDuplicateLooks = 4;
// The first nodes go in one by one, for a graph that several threads find their way in.
constexpr uint32_t kSerialCount = 512;
constexpr uint32_t kBuildSlice = 64;
// So many of the nearest dead lead to a new node, while they are there.
constexpr size_t kDeadLinks = 4;
// Among the dead, the search for something to link to goes on for so long.
constexpr double kLivingShareMin = 0.01;
constexpr uint64_t kLivingDistancesMax = 4096;
constexpr internal::Costs kLivingCosts = {.scan_ns = 1, .walk_distance_ns = 1};
// On the levels above a new node. Where clusters lie far apart, the nearest one alone often leads
// no further, and the node would be linked to a cluster that is not its own.
constexpr size_t kDescentList = 8;
// Two nodes may lead to nothing but each other; of three that is far less likely.
constexpr size_t kWaysIn = 2;

std::unique_ptr<internal::Codes> MakeCodes(const HnswOptions& options, const VectorSource& source) {
  if (options.codes == CodeKind::kFull) {
    return std::make_unique<internal::FullCodes>(options.metric, source);
  }
  if (options.codes == CodeKind::kRabitq) {
    return std::make_unique<internal::RabitqCodes>(options.shape, options.metric, options.seed);
  }
  if (options.codes == CodeKind::kBfloat16) {
    return std::make_unique<internal::Bfloat16Codes>(options.shape, options.metric);
  }
  return std::make_unique<internal::ScalarCodes>(options.shape, options.metric);
}

bool AreEqual(const VectorRef& left, const VectorRef& right) {
  if (left.shape.type == ElementType::kSparse) {
    return std::ranges::equal(left.indices, right.indices) &&
           std::ranges::equal(left.elements<float>(), right.elements<float>());
  }
  return std::memcmp(left.data, right.data, DenseBytes(left.shape)) == 0;
}

}  // namespace

HnswIndex::Impl::Impl(const HnswOptions& options, const VectorSource& source)
    : options_(options),
      source_(source),
      level_factor_(1 / std::log(options.m)),
      codes_(MakeCodes(options, source)),
      graph_(options.m),
      is_trained_(options.codes == CodeKind::kFull) {}

Result<uint32_t> HnswIndex::Impl::Allocate() {
  std::lock_guard lock(ordinals_mutex_);
  while (!unlinked_.empty() && scratches_.HasEnded(unlinked_.front().epoch)) {
    const auto [ordinal, epoch, has_node] = unlinked_.front();
    unlinked_.pop_front();
    if (has_node) {
      graph_.RemoveNode(ordinal);
      dead_.Clear(ordinal);
    }
    free_.push_back(ordinal);
  }
  if (!free_.empty()) {
    const uint32_t ordinal = free_.back();
    free_.pop_back();
    allocated_.Set(ordinal);
    return ordinal;
  }
  const uint32_t ordinal = ordinal_count_.load(std::memory_order_relaxed);
  if (ordinal == internal::kOrdinalCountMax) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("a vector index cannot have more than {} vectors", internal::kOrdinalCountMax);
  }
  Grow(ordinal + 1);
  allocated_.Set(ordinal);
  return ordinal;
}

void HnswIndex::Impl::Grow(uint32_t count) {
  codes_->Grow(count);
  graph_.Grow(count);
  for (internal::OrdinalBits* bits : {&live_, &allocated_, &linked_, &dead_, &removing_}) {
    bits->Grow(count);
  }
  ordinal_count_.store(count, std::memory_order_release);
}

Status HnswIndex::Impl::CheckAllocated(uint32_t ordinal) const {
  if (ordinal >= ordinal_count()) {
    return Error(ErrorCode::kDataException)
        .Message("ordinal {} is out of range: the index has {}", ordinal, ordinal_count());
  }
  return Status::Ok();
}

Status HnswIndex::Impl::Insert(uint32_t ordinal) {
  HELIOS_TRY(CheckAllocated(ordinal));
  if (live_.Test(ordinal)) {
    return Error(ErrorCode::kUniqueViolation).Message("ordinal {} is in the index", ordinal);
  }
  // From here on it is this call's alone.
  if (!allocated_.Clear(ordinal)) {
    return Error(ErrorCode::kDataException).Message("ordinal {} is not allocated", ordinal);
  }
  const VectorRef vector = source_.Get(ordinal);
  if (Status checked = CheckVector(vector, options_.shape, options_.metric); !checked.ok()) {
    allocated_.Set(ordinal);
    return checked;
  }
  if (!is_trained_.load(std::memory_order_acquire)) {
    std::lock_guard lock(ordinals_mutex_);
    if (!is_trained_.load(std::memory_order_relaxed)) {
      pending_.push_back(ordinal);
      live_.Set(ordinal);
      live_count_.fetch_add(1, std::memory_order_relaxed);
      if (IsTimeToTrain()) TrainOnPending();
      return Status::Ok();
    }
  }
  codes_->Encode(ordinal, vector);
  LinkNode(ordinal);
  Publish(ordinal);
  return Status::Ok();
}

void HnswIndex::Impl::Publish(uint32_t ordinal) {
  std::lock_guard lock(ordinals_mutex_);
  live_.Set(ordinal);
  // A save leaves out what does not live: it is from here on that the rows are changed for it.
  codes_->Mark(ordinal);
  graph_.nodes().Mark(ordinal);
  ++published_count_;
  live_count_.fetch_add(1, std::memory_order_relaxed);
}

// Equal vectors (a column's default, zeros) teach codes nothing, and what they have learned stays:
// among the pending must be others too. Requires: ordinals_mutex_ is held.
bool HnswIndex::Impl::IsTimeToTrain() const {
  if (pending_.size() % kTrainingCountMin != 0) return false;
  if (pending_.size() >= kTrainingCountMax) return true;
  const VectorRef first = source_.Get(pending_.front());
  const auto is_other = [&](uint32_t ordinal) { return !AreEqual(first, source_.Get(ordinal)); };
  return std::ranges::count_if(pending_, is_other) >= kOthersMin;
}

// Requires: ordinals_mutex_ is held, so that nobody inserts beside it.
void HnswIndex::Impl::TrainOnPending() {
  std::vector<VectorRef> sample;
  for (const uint32_t ordinal : pending_) sample.push_back(source_.Get(ordinal));
  codes_->Train(sample);
  for (const uint32_t ordinal : pending_) {
    codes_->Encode(ordinal, source_.Get(ordinal));
    LinkNode(ordinal);
    codes_->Mark(ordinal);
    graph_.nodes().Mark(ordinal);
  }
  pending_.clear();
  is_trained_.store(true, std::memory_order_release);
}

int HnswIndex::Impl::RandomLevel(uint32_t ordinal) const {
  const uint64_t bits = HashCombine(options_.seed, ordinal) >> 11;
  const double uniform = (static_cast<double>(bits) + 1) * 0x1.0p-53;
  return std::min(static_cast<int>(-std::log(uniform) * level_factor_), internal::kLevelMax);
}

uint32_t HnswIndex::Impl::FindDuplicate(uint32_t ordinal,
                                        std::span<const Candidate> nearest) const {
  const VectorRef vector = source_.Get(ordinal);
  for (const Candidate& candidate : nearest.first(std::min(kDuplicateLooks, nearest.size()))) {
    if (candidate.ordinal == ordinal) continue;
    if (candidate.rank > nearest.front().rank) break;
    // One that is not published yet is in no save of this moment, and a duplicate of it would be.
    if (!live_.Test(candidate.ordinal) && !duplicates_.HasAny(candidate.ordinal)) continue;
    if (AreEqual(vector, source_.Get(candidate.ordinal))) return candidate.ordinal;
  }
  return kNoOrdinal;
}

void HnswIndex::Impl::Choose(std::span<const Candidate> candidates, size_t count_max,
                             SearchScratch* scratch, std::vector<uint32_t>* chosen) const {
  chosen->clear();
  ChooseMore(candidates, count_max, scratch, chosen);
}

void HnswIndex::Impl::ChooseMore(std::span<const Candidate> candidates, size_t count_max,
                                 SearchScratch* scratch, std::vector<uint32_t>* chosen) const {
  std::array<float, kChosenSlice> ranks;
  for (const Candidate& candidate : candidates) {
    if (chosen->size() == count_max) break;
    if (!chosen->empty()) codes_->PrepareStored(candidate.ordinal, &scratch->stored);
    bool is_nearest = true;
    for (size_t first = 0; first < chosen->size() && is_nearest; first += kChosenSlice) {
      const std::span<const uint32_t> slice =
          std::span(*chosen).subspan(first, std::min(kChosenSlice, chosen->size() - first));
      codes_->Rank(scratch->stored, slice, ranks);
      is_nearest = std::none_of(ranks.begin(), ranks.begin() + slice.size(),
                                [&](float rank) { return rank < candidate.rank; });
    }
    if (is_nearest) chosen->push_back(candidate.ordinal);
  }
}

void HnswIndex::Impl::LinkBack(uint32_t from, uint32_t to, int level, SearchScratch* scratch) {
  std::lock_guard lock(graph_.LockOf(from));
  const uint32_t count_max = graph_.link_count_max(level);
  std::vector<uint32_t>& links = scratch->links;
  links.resize(count_max + 1);
  const uint32_t count = graph_.Links(from, level, links.data());
  if (std::find(links.begin(), links.begin() + count, to) != links.begin() + count) return;
  links[count] = to;
  links.resize(count + 1);
  if (count < count_max) {
    graph_.SetLinks(from, level, links);
    return;
  }
  codes_->PrepareStored(from, &scratch->stored);
  scratch->ranks.resize(std::max(scratch->ranks.size(), links.size()));
  codes_->Rank(scratch->stored, links, scratch->ranks);
  std::vector<Candidate>& candidates = scratch->frontier;
  candidates.clear();
  for (size_t at = 0; at < links.size(); ++at) {
    candidates.push_back({scratch->ranks[at], links[at]});
  }
  std::sort(candidates.begin(), candidates.end());
  Choose(candidates, count_max, scratch, &links);
  graph_.SetLinks(from, level, links);
  if (level > 0) return;
  for (const Candidate& candidate : candidates) {
    if (candidate.ordinal == to) continue;
    if (std::find(links.begin(), links.end(), candidate.ordinal) == links.end()) {
      scratch->dropped.push_back(candidate.ordinal);
    }
  }
}

size_t HnswIndex::Impl::CountWaysIn(uint32_t ordinal, uint32_t except, size_t enough) const {
  std::array<uint32_t, internal::kLinkCountMax> links;
  std::array<uint32_t, internal::kLinkCountMax> back;
  size_t way_count = 0;
  const uint32_t count = graph_.Links(ordinal, 0, links.data());
  for (const uint32_t link : std::span(links).first(count)) {
    if (way_count == enough) break;
    if (link == except || dead_.Test(link)) continue;
    const auto present = std::span(back).first(graph_.Links(link, 0, back.data()));
    way_count += std::ranges::find(present, ordinal) != present.end() ? 1 : 0;
  }
  return way_count;
}

bool HnswIndex::Impl::ForceLink(uint32_t from, uint32_t to, size_t ways_left,
                                SearchScratch* scratch) {
  std::lock_guard lock(graph_.LockOf(from));
  const uint32_t count_max = graph_.link_count_max(0);
  std::vector<uint32_t>& links = scratch->links;
  links.resize(count_max);
  links.resize(graph_.Links(from, 0, links.data()));
  if (std::ranges::find(links, to) != links.end()) return true;
  if (links.size() < count_max) {
    links.push_back(to);
    graph_.SetLinks(from, 0, links);
    return true;
  }
  codes_->PrepareStored(from, &scratch->stored);
  scratch->ranks.resize(std::max(scratch->ranks.size(), links.size()));
  codes_->Rank(scratch->stored, links, scratch->ranks);
  std::vector<Candidate>& candidates = scratch->frontier;
  candidates.clear();
  for (size_t at = 0; at < links.size(); ++at) {
    candidates.push_back({scratch->ranks[at], static_cast<uint32_t>(at)});
  }
  std::sort(candidates.rbegin(), candidates.rend());
  for (const Candidate& candidate : candidates) {
    const uint32_t link = links[candidate.ordinal];
    if (!dead_.Test(link) && CountWaysIn(link, from, ways_left) < ways_left) continue;
    links[candidate.ordinal] = to;
    graph_.SetLinks(from, 0, links);
    return true;
  }
  return false;
}

void HnswIndex::Impl::KeepReachable(uint32_t ordinal, SearchScratch* scratch) {
  size_t way_count = CountWaysIn(ordinal, kNoOrdinal, kWaysIn);
  if (way_count == kWaysIn) return;
  std::array<uint32_t, internal::kLinkCountMax> links;
  const uint32_t count = graph_.Links(ordinal, 0, links.data());
  // Those who lead elsewhere give up what has as many other ways in, or if there is no such, one.
  for (size_t ways_left = kWaysIn; ways_left > 0; --ways_left) {
    for (const uint32_t link : std::span(links).first(count)) {
      if (dead_.Test(link) || !ForceLink(link, ordinal, ways_left, scratch)) continue;
      way_count = CountWaysIn(ordinal, kNoOrdinal, kWaysIn);
      if (way_count == kWaysIn) return;
    }
    if (way_count > 0) return;
  }
  const uint32_t entry = graph_.entry();
  if (entry == kNoOrdinal || entry == ordinal || dead_.Test(entry)) return;
  // All that was around is gone. Who loses a link for it is seen to when repair comes by.
  ForceLink(ordinal, entry, 0, scratch);
  ForceLink(entry, ordinal, 0, scratch);
}

void HnswIndex::Impl::KeepDropped(SearchScratch* scratch) {
  for (const uint32_t ordinal : scratch->dropped) {
    if (!dead_.Test(ordinal)) KeepReachable(ordinal, scratch);
  }
  scratch->dropped.clear();
}

void HnswIndex::Impl::CollectLiving(SearchScratch* scratch,
                                    std::vector<Candidate>* candidates) const {
  candidates->clear();
  for (size_t index = 0; index < scratch->nearest.size(); ++index) {
    const Candidate candidate = scratch->nearest.At(index);
    if (!dead_.Test(candidate.ordinal)) candidates->push_back(candidate);
  }
}

void HnswIndex::Impl::FindLiving(internal::Walk* walk, Candidate from, SearchScratch* scratch,
                                 std::vector<Candidate>* candidates) const {
  const Filter everything;
  const internal::PassTest lives(everything, live_, duplicates_);
  internal::Patience patience;
  const internal::FilteredPace pace(kLivingCosts, options_.m, options_.ef_construction,
                                    kLivingShareMin, kLivingDistancesMax);
  scratch->visited.Reset(ordinal_count());
  walk->FindPassing(from, pace, lives, &patience);
  *candidates = scratch->found;
  // An insert that has not returned yet is not found, and a delete beside this is.
  std::erase_if(*candidates,
                [&](const Candidate& candidate) { return dead_.Test(candidate.ordinal); });
}

bool HnswIndex::Impl::FindLinks(uint32_t entry, int top, SearchScratch* scratch, NewNode* node) {
  internal::Patience patience;
  codes_->PrepareStored(node->ordinal, &scratch->query);
  internal::Walk walk(graph_, *codes_, scratch->query, scratch);
  const int highest = std::min(node->level, top);
  Candidate nearest = walk.Start(entry);
  for (int level = top; level > highest; --level) {
    scratch->visited.Reset(ordinal_count());
    walk.FindNearest(nearest, level, kDescentList, &patience);
    nearest = scratch->nearest.At(0);
  }
  node->links.resize(static_cast<size_t>(highest) + 1);
  std::vector<Candidate> candidates;
  for (int level = highest; level >= 0; --level) {
    scratch->visited.Reset(ordinal_count());
    walk.FindNearest(nearest, level, options_.ef_construction, &patience);
    CollectLiving(scratch, &candidates);
    nearest = scratch->nearest.At(0);
    if (level == 0) {
      for (size_t at = 0; at < scratch->nearest.size() && node->dead.size() < kDeadLinks; ++at) {
        const uint32_t met = scratch->nearest.At(at).ordinal;
        if (dead_.Test(met)) node->dead.push_back(met);
      }
      if (candidates.size() < options_.m && dead_count_.load() > 0) {
        FindLiving(&walk, nearest, scratch, &candidates);
      }
      const uint32_t same = FindDuplicate(node->ordinal, candidates);
      if (same != kNoOrdinal &&
          duplicates_.Add(same, node->ordinal, [&](uint32_t at) { return dead_.Test(at); })) {
        return false;
      }
    }
    Choose(candidates, options_.m, scratch, &node->links[static_cast<size_t>(level)]);
  }
  return true;
}

void HnswIndex::Impl::Link(const NewNode& node, SearchScratch* scratch) {
  graph_.AddNode(node.ordinal, node.level);
  for (size_t level = 0; level < node.links.size(); ++level) {
    graph_.SetLinks(node.ordinal, static_cast<int>(level), node.links[level]);
  }
  linked_.Set(node.ordinal);
  for (size_t level = 0; level < node.links.size(); ++level) {
    for (const uint32_t neighbor : node.links[level]) {
      LinkBack(neighbor, node.ordinal, static_cast<int>(level), scratch);
    }
    if (level == 0 && !node.links[0].empty()) KeepReachable(node.ordinal, scratch);
  }
  // Where all have been deleted, the next ones to come find each other over what was there.
  for (const uint32_t dead : node.dead) LinkBack(dead, node.ordinal, 0, scratch);
  KeepDropped(scratch);
}

void HnswIndex::Impl::LinkAlone(NewNode* node, SearchScratch* scratch) {
  std::vector<Candidate> candidates;
  codes_->PrepareStored(node->ordinal, &scratch->query);
  ScanLiving(scratch, &candidates);
  node->links.resize(1);
  Choose(candidates, options_.m, scratch, &node->links[0]);
  Link(*node, scratch);
  // Nothing lives: all that is to come is linked to this one.
  if (graph_.entry() == kNoOrdinal || candidates.empty()) graph_.SetEntry(node->ordinal);
}

void HnswIndex::Impl::LinkNode(uint32_t ordinal) {
  const internal::ScratchPool::Lease scratch = scratches_.Take();
  NewNode node{.ordinal = ordinal, .level = RandomLevel(ordinal)};
  std::unique_lock entry_lock(entry_mutex_);
  const uint32_t entry = graph_.entry();
  if (entry == kNoOrdinal) return LinkAlone(&node, &*scratch);
  const int top = graph_.LevelOf(entry);
  if (node.level <= top) entry_lock.unlock();
  if (!FindLinks(entry, top, &*scratch, &node)) return;
  if (node.links[0].empty()) {
    if (!entry_lock.owns_lock()) entry_lock.lock();
    return LinkAlone(&node, &*scratch);
  }
  Link(node, &*scratch);
  if (node.level > top) graph_.SetEntry(ordinal);
}

void HnswIndex::Impl::Train(uint32_t count) {
  const uint32_t sample_count = std::min(count, kTrainingCountMax);
  std::vector<VectorRef> sample;
  for (uint32_t at = 0; at < sample_count; ++at) {
    sample.push_back(source_.Get(static_cast<uint32_t>(uint64_t{at} * count / sample_count)));
  }
  codes_->Train(sample);
  is_trained_.store(true, std::memory_order_release);
}

Status HnswIndex::Impl::Build(uint32_t count, const BuildOptions& options) {
  HELIOS_CHECK(ordinal_count() == 0);
  HELIOS_CHECK(count <= internal::kOrdinalCountMax);
  if (count == 0) return Status::Ok();
  for (uint32_t ordinal = 0; ordinal < count; ++ordinal) {
    HELIOS_TRY(CheckVector(source_.Get(ordinal), options_.shape, options_.metric));
  }
  Grow(count);
  for (uint32_t ordinal = 0; ordinal < count; ++ordinal) allocated_.Set(ordinal);
  Train(count);

  std::atomic<uint32_t> next{0};
  std::atomic<uint32_t> inserted{0};
  const auto insert = [&](uint32_t first, uint32_t end) {
    for (uint32_t ordinal = first; ordinal < end; ++ordinal) {
      allocated_.Clear(ordinal);
      codes_->Encode(ordinal, source_.Get(ordinal));
      LinkNode(ordinal);
      Publish(ordinal);
    }
    inserted.fetch_add(end - first);
  };
  const auto work = [&](bool reports) {
    while (!options.stop.stop_requested()) {
      const uint32_t first = next.fetch_add(kBuildSlice);
      if (first >= count) break;
      insert(first, std::min(count, first + kBuildSlice));
      if (reports && options.progress != nullptr) options.progress(inserted, count);
    }
  };
  next = std::min(count, kSerialCount);
  insert(0, next);
  {
    std::vector<sys::Thread> threads;
    for (size_t at = 1; at < options.thread_count; ++at) {
      threads.emplace_back("ann build", [&] { work(false); });
    }
    work(true);
  }
  if (inserted < count) {
    return Error(ErrorCode::kQueryCanceled).Message("building the vector index was canceled");
  }
  if (options.progress != nullptr) options.progress(count, count);
  Calibrate();
  return Status::Ok();
}

}  // namespace helios::ann
