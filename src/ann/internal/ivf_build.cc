// Training, insertion, deletion and compaction of an inverted file.

#include <algorithm>
#include <cmath>
#include <functional>

#include "ann/internal/copied_codes.h"
#include "ann/internal/full_codes.h"
#include "ann/internal/ivf_impl.h"
#include "ann/internal/ivf_train.h"
#include "ann/internal/product_codes.h"
#include "ann/internal/scalar_codes.h"
#include "base/check.h"
#include "sys/thread.h"

namespace helios::ann {
namespace {

// Fewer teach clusters too little; until then searches compare all in full.
constexpr size_t kTrainingCountMin = 1024;
// So many vectors for each cluster are learnt from, but at least a sample's worth for the codes.
constexpr size_t kTrainingPerList = 64;
constexpr size_t kTrainingSample = 10'000;
constexpr uint32_t kListsPerRoot = 4;
constexpr uint32_t kBytesPerElement = 4;  // Elements that share a byte of a code by products.
constexpr uint32_t kBuildSlice = 64;

std::unique_ptr<internal::Codes> MakeCodes(const IvfOptions& options, const VectorSource& source) {
  const uint32_t dimension_count = options.shape.dimension_count;
  switch (options.codes) {
    case ListCodes::kFlat:
      break;
    case ListCodes::kCopy:
      return std::make_unique<internal::CopiedCodes>(options.shape, options.metric);
    case ListCodes::kScalar8:
      return std::make_unique<internal::ScalarCodes>(options.shape, options.metric);
    case ListCodes::kRabitq:
      return std::make_unique<internal::RabitqCodes>(options.shape, options.metric, options.seed);
    case ListCodes::kProduct: {
      const uint32_t part_count = options.product_bytes != 0
                                      ? options.product_bytes
                                      : (dimension_count + kBytesPerElement - 1) / kBytesPerElement;
      return std::make_unique<internal::ProductCodes>(options.shape, options.metric, part_count,
                                                      options.seed);
    }
  }
  return std::make_unique<internal::FullCodes>(options.metric, source);
}

// `count` of all, evenly.
std::vector<uint32_t> Spread(std::span<const uint32_t> all, size_t count) {
  std::vector<uint32_t> spread;
  count = std::min(count, all.size());
  for (size_t at = 0; at < count; ++at) spread.push_back(all[at * all.size() / count]);
  return spread;
}

// Calls body(first, end) for slices of `count` by several threads, until all are done or it is
// stopped; `report` is called by this one. Returns whether all are done.
bool InSlices(uint32_t count, const BuildOptions& options,
              const std::function<void(uint32_t, uint32_t)>& body,
              const std::function<void(uint32_t)>& report) {
  std::atomic<uint32_t> next{0};
  std::atomic<uint32_t> done{0};
  const auto work = [&](bool reports) {
    while (!options.stop.stop_requested()) {
      const uint32_t first = next.fetch_add(kBuildSlice);
      if (first >= count) break;
      const uint32_t end = std::min(count, first + kBuildSlice);
      body(first, end);
      done.fetch_add(end - first);
      if (reports) report(done.load());
    }
  };
  {
    std::vector<sys::Thread> threads;
    for (size_t at = 1; at < options.thread_count; ++at) {
      threads.emplace_back("ann build", [&] { work(false); });
    }
    work(true);
  }
  return done == count;
}

Status Canceled() {
  return Error(ErrorCode::kQueryCanceled).Message("building the vector index was canceled");
}

}  // namespace

IvfIndex::Impl::Impl(const IvfOptions& options, const VectorSource& source)
    : options_(options),
      source_(source),
      codes_(MakeCodes(options, source)),
      centered_(dynamic_cast<internal::CenteredCodes*>(codes_.get())),
      rabitq_(dynamic_cast<const internal::RabitqCodes*>(codes_.get())) {}

void IvfIndex::Impl::Grow(uint32_t ordinal_count) {
  lists_.GrowOrdinals(ordinal_count);
  live_.Grow(ordinal_count);
  claimed_.Grow(ordinal_count);
  uint32_t known = ordinal_count_.load(std::memory_order_relaxed);
  while (known < ordinal_count &&
         !ordinal_count_.compare_exchange_weak(known, ordinal_count, std::memory_order_release)) {
  }
}

Status IvfIndex::Impl::Claim(uint32_t ordinal) {
  if (ordinal >= internal::kOrdinalCountMax) {
    return Error(ErrorCode::kDataException)
        .Message("ordinal {} is out of range: the index has {}", ordinal,
                 internal::kOrdinalCountMax);
  }
  HELIOS_TRY(CheckVector(source_.Get(ordinal), options_.shape, options_.metric));
  Grow(ordinal + 1);
  if (claimed_.Set(ordinal)) {
    return Error(ErrorCode::kUniqueViolation).Message("ordinal {} is in the index", ordinal);
  }
  return Status::Ok();
}

internal::Centers IvfIndex::Impl::TrainCentersOf(std::span<const uint32_t> ordinals,
                                                 size_t thread_count) const {
  const auto root = static_cast<uint32_t>(std::sqrt(static_cast<double>(ordinals.size())));
  const uint32_t list_count =
      std::clamp(options_.lists != 0 ? options_.lists : kListsPerRoot * root, 1u,
                 internal::CenteredCodes::kCenterCountMax);
  const std::vector<uint32_t> sample =
      Spread(ordinals, std::max(kTrainingPerList * list_count, kTrainingSample));
  const internal::TrainingOptions training{.thread_count = thread_count, .seed = options_.seed};
  const size_t dimension_count = options_.shape.dimension_count;
  if (options_.shape.type == ElementType::kBit) {
    std::vector<uint64_t> all;
    const size_t word_count = DenseBytes(options_.shape) / sizeof(uint64_t);
    for (const uint32_t ordinal : sample) {
      const auto* const words = static_cast<const uint64_t*>(source_.Get(ordinal).data);
      all.insert(all.end(), words, words + word_count);
    }
    return internal::Centers(internal::TrainBitCenters(all, word_count, list_count, training),
                             dimension_count);
  }
  std::vector<float> all;
  std::vector<float> floats;
  for (const uint32_t ordinal : sample) {
    ToElements(source_.Get(ordinal), &floats);
    all.insert(all.end(), floats.begin(), floats.end());
  }
  return internal::Centers(internal::TrainCenters(all, dimension_count, list_count, training),
                           dimension_count);
}

void IvfIndex::Impl::Train(std::span<const uint32_t> ordinals, size_t thread_count) {
  internal::Centers centers = TrainCentersOf(ordinals, thread_count);
  lists_.SetListCount(centers.count());
  if (centered_ != nullptr) {
    centered_->SetCenters(std::move(centers));
  } else {
    centers_ = std::move(centers);
  }
  std::vector<VectorRef> sample;
  for (const uint32_t ordinal : Spread(ordinals, kTrainingSample)) {
    sample.push_back(source_.Get(ordinal));
  }
  codes_->Train(sample);
}

uint32_t IvfIndex::Impl::NearestList(const VectorRef& vector) const {
  std::vector<float> squares;
  if (options_.shape.type == ElementType::kBit) {
    const auto* const words = static_cast<const uint64_t*>(vector.data);
    centers().Squares(std::span(words, DenseBytes(options_.shape) / sizeof(uint64_t)), &squares);
  } else {
    std::vector<float> floats;
    ToElements(vector, &floats);
    centers().Squares(floats, &squares);
  }
  return internal::LeastOf(squares);
}

Status IvfIndex::Impl::AddToList(uint32_t ordinal, uint32_t list) {
  return lists_.Add(list, ordinal, [&](uint32_t slot) { Encode(ordinal, slot, list); });
}

void IvfIndex::Impl::Encode(uint32_t ordinal, uint32_t slot, uint32_t list) {
  codes_->Grow(lists_.slot_count());
  if (centered_ != nullptr) {
    centered_->EncodeAt(slot, source_.Get(ordinal), list);
  } else {
    codes_->Encode(slot, source_.Get(ordinal));
  }
}

Status IvfIndex::Impl::Build(std::span<const uint32_t> ordinals, const BuildOptions& options) {
  HELIOS_CHECK(size() == 0);
  HELIOS_CHECK(ordinals.size() <= internal::kOrdinalCountMax);
  if (ordinals.empty()) return Status::Ok();
  for (const uint32_t ordinal : ordinals) {
    Status status = Claim(ordinal);
    if (status.ok()) continue;
    for (const uint32_t claimed : ordinals.first(static_cast<size_t>(&ordinal - ordinals.data()))) {
      claimed_.Clear(claimed);
    }
    return status;
  }
  // A build before it may have been stopped, or all that was in deleted.
  if (!is_trained_) Train(ordinals, options.thread_count);
  const auto count = static_cast<uint32_t>(ordinals.size());
  std::vector<uint32_t> list_of(count);
  const auto assign = [&](uint32_t first, uint32_t end) {
    for (uint32_t at = first; at < end; ++at) list_of[at] = NearestList(source_.Get(ordinals[at]));
  };
  bool is_whole = InSlices(count, options, assign, [](uint32_t) {});
  // List by list, so that the codes of each lie together.
  std::vector<std::vector<uint32_t>> members(lists_.list_count());
  if (is_whole) {
    for (uint32_t at = 0; at < count; ++at) members[list_of[at]].push_back(ordinals[at]);
  }
  std::mutex failure_mutex;
  Status failure = Status::Ok();
  const auto insert = [&](uint32_t first, uint32_t end) {
    for (uint32_t list = first; list < end; ++list) {
      for (const uint32_t ordinal : members[list]) {
        Status status = AddToList(ordinal, list);
        if (!status.ok()) {
          std::lock_guard lock(failure_mutex);
          failure = std::move(status);
          return;
        }
        live_.Set(ordinal);
        live_count_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  };
  is_whole = is_whole && InSlices(lists_.list_count(), options, insert, [&](uint32_t) {
               if (options.progress != nullptr) options.progress(size(), count);
             });
  is_trained_.store(true, std::memory_order_release);
  if (size() < count) {
    for (const uint32_t ordinal : ordinals) {
      if (!live_.Test(ordinal)) claimed_.Clear(ordinal);
    }
    return failure.ok() ? Canceled() : failure;
  }
  if (options.progress != nullptr) options.progress(count, count);
  return Status::Ok();
}

Status IvfIndex::Impl::Insert(uint32_t ordinal) {
  HELIOS_TRY(Claim(ordinal));
  const auto finish = [&] {
    live_.Set(ordinal);
    live_count_.fetch_add(1, std::memory_order_relaxed);
  };
  if (!is_trained_.load(std::memory_order_acquire)) {
    std::lock_guard lock(pending_mutex_);
    if (!is_trained_.load(std::memory_order_relaxed)) {
      pending_.push_back(ordinal);
      finish();
      if (pending_.size() < kTrainingCountMin) return Status::Ok();
      Train(pending_, 1);
      for (const uint32_t waiting : pending_) {
        HELIOS_CHECK(AddToList(waiting, NearestList(source_.Get(waiting))).ok());
      }
      pending_.clear();
      is_trained_.store(true, std::memory_order_release);
      return Status::Ok();
    }
  }
  Status status = AddToList(ordinal, NearestList(source_.Get(ordinal)));
  if (!status.ok()) {
    claimed_.Clear(ordinal);
    return status;
  }
  finish();
  return Status::Ok();
}

Status IvfIndex::Impl::Delete(uint32_t ordinal) {
  if (ordinal >= ordinal_count()) {
    return Error(ErrorCode::kDataException)
        .Message("ordinal {} is out of range: the index has {}", ordinal, ordinal_count());
  }
  if (!live_.Clear(ordinal)) {
    return Error(ErrorCode::kDataException).Message("ordinal {} is not in the index", ordinal);
  }
  live_count_.fetch_sub(1, std::memory_order_relaxed);
  bool was_pending = false;
  if (!is_trained_.load(std::memory_order_acquire)) {
    std::lock_guard lock(pending_mutex_);
    was_pending = std::erase(pending_, ordinal) != 0;
  }
  if (!was_pending) lists_.Remove(ordinal);
  claimed_.Clear(ordinal);
  return Status::Ok();
}

bool IvfIndex::Impl::Compact(uint32_t list_count) {
  if (!is_trained_.load(std::memory_order_acquire)) return false;
  while (!retired_.empty() && scratches_.HasEnded(retired_.front().epoch)) {
    lists_.Free(retired_.front().blocks);
    retired_.pop_front();
  }
  Retired retired;
  uint32_t compacted = 0;
  bool has_more = false;
  for (uint32_t seen = 0; seen < lists_.list_count() && !has_more; ++seen) {
    const uint32_t list = compact_next_;
    if (lists_.IsWorthCompacting(list)) {
      has_more = compacted++ == list_count;
      // Without room for a copy the list stays as it is.
      const auto encode = [&](uint32_t ordinal, uint32_t slot) { Encode(ordinal, slot, list); };
      if (has_more || !lists_.Compact(list, encode, &retired.blocks).ok()) break;
    }
    compact_next_ = (compact_next_ + 1) % lists_.list_count();
  }
  if (!retired.blocks.empty()) {
    retired.epoch = scratches_.NextEpoch();
    retired_.push_back(std::move(retired));
  }
  return has_more || !retired_.empty();
}

IvfMemory IvfIndex::Impl::memory() const {
  // An insert may be training clusters and codes, which nothing else guards.
  std::lock_guard lock(pending_mutex_);
  return {.list_bytes = lists_.memory_bytes(),
          .code_bytes = codes_->memory_bytes(),
          .other_bytes = centers().memory_bytes() + live_.memory_bytes() + claimed_.memory_bytes() +
                         scratches_.memory_bytes()};
}

}  // namespace helios::ann
