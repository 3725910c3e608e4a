// The in-memory engine: one ordered map a family, each key with the versions that readers may still
// see. A write gets the next sequence number; a reader shows the newest version up to the number it
// started with. Versions and keys are removed only while no reader is open, so an open iterator's
// position in the map stays valid.
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "kv/open.h"

namespace helios::kv {
namespace {

struct Version {
  uint64_t sequence;
  std::optional<std::string> value;
};
using Map = std::map<std::string, std::vector<Version>, std::less<>>;

struct Shared {
  mutable std::shared_mutex mutex;
  std::array<Map, kFamilyCount> families;
  uint64_t sequence = 0;
  size_t reader_count = 0;
  // Keys with more than one version, or a deletion, to tidy up once nobody reads.
  std::vector<std::pair<size_t, std::string>> untidy;

  const std::string* Visible(const std::vector<Version>& versions, uint64_t at) const {
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
      if (version->sequence <= at) return version->value ? &*version->value : nullptr;
    }
    return nullptr;
  }

  void Set(size_t family, std::string_view key, std::optional<std::string> value) {
    Map& map = families[family];
    auto entry = map.lower_bound(key);
    if (entry == map.end() || entry->first != key) {
      entry = map.emplace_hint(entry, std::string(key), std::vector<Version>());
    }
    if (!entry->second.empty() || !value) untidy.emplace_back(family, key);
    entry->second.push_back({sequence, std::move(value)});
  }

  void Tidy() {
    if (reader_count > 0) return;
    for (const auto& [family, key] : untidy) {
      Map& map = families[family];
      const auto entry = map.find(key);
      if (entry == map.end()) continue;
      std::vector<Version>& versions = entry->second;
      versions.erase(versions.begin(), versions.end() - 1);
      if (!versions.back().value) map.erase(entry);
    }
    untidy.clear();
  }
};

// Keeps versions alive from its sequence number on.
class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    std::unique_lock lock(shared_->mutex);
    ++shared_->reader_count;
    sequence_ = shared_->sequence;
  }
  ~MemorySnapshot() override {
    std::unique_lock lock(shared_->mutex);
    --shared_->reader_count;
  }
  uint64_t sequence() const { return sequence_; }
  Shared& shared() const { return *shared_; }

 private:
  const std::shared_ptr<Shared> shared_;
  uint64_t sequence_;
};

class MemoryIterator final : public Iterator {
 public:
  MemoryIterator(std::shared_ptr<Shared> shared, Family family, ReadOptions options)
      : options_(std::move(options)),
        hold_(std::move(shared)),
        sequence_(options_.snapshot == nullptr
                      ? hold_.sequence()
                      : static_cast<const MemorySnapshot*>(options_.snapshot)->sequence()),
        map_(hold_.shared().families[static_cast<size_t>(family)]) {}

  bool Valid() const override { return value_ != nullptr; }
  void Seek(std::string_view key) override {
    std::shared_lock lock(hold_.shared().mutex);
    Forward(map_.lower_bound(std::max(key, std::string_view(options_.lower))));
  }
  void SeekForPrev(std::string_view key) override {
    std::shared_lock lock(hold_.shared().mutex);
    auto from = map_.upper_bound(key);
    if (!options_.upper.empty() && key >= options_.upper) from = map_.lower_bound(options_.upper);
    Backward(from);
  }
  void SeekToFirst() override { Seek(options_.lower); }
  void SeekToLast() override {
    std::shared_lock lock(hold_.shared().mutex);
    Backward(options_.upper.empty() ? map_.end() : map_.lower_bound(options_.upper));
  }
  void Next() override {
    std::shared_lock lock(hold_.shared().mutex);
    Forward(std::next(at_));
  }
  void Prev() override {
    std::shared_lock lock(hold_.shared().mutex);
    Backward(at_);
  }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return *value_; }
  Status status() const override { return Status::Ok(); }

 private:
  // The first visible entry from `from` on.
  void Forward(Map::const_iterator from) {
    value_ = nullptr;
    for (; from != map_.end(); ++from) {
      if (!options_.upper.empty() && from->first >= options_.upper) return;
      if (Take(from)) return;
    }
  }
  // The last visible entry before `from`.
  void Backward(Map::const_iterator from) {
    value_ = nullptr;
    while (from != map_.begin()) {
      --from;
      if (from->first < options_.lower) return;
      if (Take(from)) return;
    }
  }
  bool Take(Map::const_iterator entry) {
    const std::string* value = hold_.shared().Visible(entry->second, sequence_);
    if (value == nullptr) return false;
    // A copy: a writer may append a version, which moves the others, while we show this one.
    copy_ = *value;
    value_ = &copy_;
    at_ = entry;
    return true;
  }

  const ReadOptions options_;
  const MemorySnapshot hold_;
  const uint64_t sequence_;
  const Map& map_;
  Map::const_iterator at_;
  std::string copy_;
  const std::string* value_ = nullptr;
};

class MemoryBatch final : public WriteBatch {
 public:
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  struct Operation {
    Kind kind;
    Family family;
    std::string key;
    std::string value;
  };
  void Put(Family family, std::string_view key, std::string_view value) override {
    Add(Kind::kPut, family, key, value);
  }
  void Delete(Family family, std::string_view key) override { Add(Kind::kDelete, family, key, {}); }
  void DeleteRange(Family family, std::string_view begin, std::string_view end) override {
    Add(Kind::kDeleteRange, family, begin, end);
  }
  void Clear() override {
    operations_.clear();
    byte_count_ = 0;
  }
  size_t operation_count() const override { return operations_.size(); }
  size_t byte_count() const override { return byte_count_; }
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  void Add(Kind kind, Family family, std::string_view key, std::string_view value) {
    byte_count_ += key.size() + value.size();
    operations_.push_back({kind, family, std::string(key), std::string(value)});
  }
  std::vector<Operation> operations_;
  size_t byte_count_ = 0;
};

class MemoryStore final : public KvStore {
 public:
  Result<bool> Get(Family family, std::string_view key, PinnedValue* value) override {
    std::shared_lock lock(shared_->mutex);
    const Map& map = shared_->families[static_cast<size_t>(family)];
    const auto entry = map.find(key);
    if (entry == map.end()) return false;
    const std::string* found = shared_->Visible(entry->second, shared_->sequence);
    if (found == nullptr) return false;
    auto copy = std::make_shared<const std::string>(*found);
    const std::string_view view = *copy;
    value->Set(view, std::move(copy));
    return true;
  }

  Status MultiGet(Family family, std::span<const std::string_view> keys,
                  std::vector<PinnedValue>* values, std::vector<bool>* found) override {
    values->assign(keys.size(), {});
    found->assign(keys.size(), false);
    for (size_t index = 0; index < keys.size(); ++index) {
      HELIOS_TRY(bool exists, Get(family, keys[index], &(*values)[index]));
      (*found)[index] = exists;
    }
    return Status::Ok();
  }

  std::unique_ptr<Iterator> NewIterator(Family family, ReadOptions options) override {
    return std::make_unique<MemoryIterator>(shared_, family, std::move(options));
  }
  std::unique_ptr<Snapshot> NewSnapshot() override {
    return std::make_unique<MemorySnapshot>(shared_);
  }
  std::unique_ptr<WriteBatch> NewBatch() override { return std::make_unique<MemoryBatch>(); }

  Status Sync() override {
    std::unique_lock lock(shared_->mutex);
    ++metrics_.syncs;
    return Status::Ok();
  }
  Status Write(WriteBatch* batch, bool sync) override {
    std::unique_lock lock(shared_->mutex);
    ++shared_->sequence;
    const auto* memory_batch = static_cast<const MemoryBatch*>(batch);
    for (const MemoryBatch::Operation& operation : memory_batch->operations()) {
      const size_t family = static_cast<size_t>(operation.family);
      switch (operation.kind) {
        case MemoryBatch::Kind::kPut:
          shared_->Set(family, operation.key, operation.value);
          break;
        case MemoryBatch::Kind::kDelete:
          if (shared_->families[family].contains(operation.key)) {
            shared_->Set(family, operation.key, std::nullopt);
          }
          break;
        case MemoryBatch::Kind::kDeleteRange: {
          Map& map = shared_->families[family];
          const auto end = map.lower_bound(operation.value);
          for (auto entry = map.lower_bound(operation.key); entry != end; ++entry) {
            shared_->Set(family, entry->first, std::nullopt);
          }
          break;
        }
      }
    }
    shared_->Tidy();
    metrics_.write_batches += 1;
    metrics_.syncs += sync ? 1 : 0;
    metrics_.bytes_written += batch->byte_count();
    return Status::Ok();
  }

  std::vector<uint64_t> ApproximateSizes(Family family,
                                         std::span<const KeyRangeView> ranges) override {
    std::shared_lock lock(shared_->mutex);
    const Map& map = shared_->families[static_cast<size_t>(family)];
    std::vector<uint64_t> sizes;
    for (const KeyRangeView& range : ranges) {
      uint64_t bytes = 0;
      const auto end = range.end.empty() ? map.end() : map.lower_bound(range.end);
      for (auto entry = map.lower_bound(range.begin); entry != end; ++entry) {
        const Version& newest = entry->second.back();
        bytes += entry->first.size() + (newest.value ? newest.value->size() : 0);
      }
      sizes.push_back(bytes);
    }
    return sizes;
  }

  Status Flush() override { return Status::Ok(); }
  Status CompactRange(Family, std::string_view, std::string_view) override { return Status::Ok(); }
  void ReclaimRange(Family, std::string_view, std::string_view) override {}
  Health health() const override { return Health::kServing; }
  Status WriteStatus() const override { return Status::Ok(); }
  void CheckDisk() override {}
  Metrics GetMetrics() const override {
    std::shared_lock lock(shared_->mutex);
    return metrics_;
  }

 private:
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  Metrics metrics_;  // Guarded by shared_->mutex.
};

}  // namespace

std::unique_ptr<KvStore> OpenInMemory() { return std::make_unique<MemoryStore>(); }

}  // namespace helios::kv
