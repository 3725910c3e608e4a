#include "storage/internal/identifiers.h"

#include <algorithm>

#include "storage/internal/local_keys.h"

namespace helios::storage {
namespace {

constexpr uint64_t kRowIdBlock = 4096;
constexpr uint64_t kOidBlock = 256;
constexpr int64_t kSequenceBlock = 32;

Result<uint64_t> ReadNumber(kv::KvStore& store, std::string_view key, uint64_t missing) {
  kv::PinnedValue value;
  HELIOS_TRY(bool found, store.Get(kv::Family::kLocal, key, &value));
  if (!found) return missing;
  return ByteReader(value.view()).LittleEndian<uint64_t>();
}

Status WriteOne(kv::KvStore& store, std::string_view key, std::string_view value, bool sync) {
  const std::unique_ptr<kv::WriteBatch> batch = store.NewBatch();
  batch->Put(kv::Family::kLocal, key, value);
  return store.Write(batch.get(), sync);
}

std::string EncodeState(const hidb::SequenceState& state) {
  std::string bytes;
  AppendLittleEndian<int64_t>(&bytes, state.last_value);
  bytes.push_back(state.is_called ? 1 : 0);
  return bytes;
}

// The state after one more value. 2200H at the end of a sequence that does not cycle.
Status Step(const hidb::SequenceOptions& options, hidb::SequenceState* state) {
  if (!state->is_called) {
    state->is_called = true;
    return Status::Ok();
  }
  const bool up = options.increment > 0;
  int64_t next;
  const bool overflow = __builtin_add_overflow(state->last_value, options.increment, &next);
  if (overflow || next > options.maximum || next < options.minimum) {
    if (!options.cycle) {
      return Error(ErrorCode::kSequenceGeneratorLimitExceeded)
          .Message("nextval: reached {} value of sequence \"{}\" ({})", up ? "maximum" : "minimum",
                   options.name, up ? options.maximum : options.minimum);
    }
    next = up ? options.minimum : options.maximum;
  }
  state->last_value = next;
  return Status::Ok();
}

}  // namespace

Status Identifiers::Load() {
  std::lock_guard lock(mutex_);
  HELIOS_TRY(const uint64_t bound, ReadNumber(store_, kOidBoundKey, kFirstUserOid));
  oids_ = {bound, bound};
  return Status::Ok();
}

Result<Identifiers::Counter*> Identifiers::CounterOf(hidb::SpaceId space) {
  const auto known = row_ids_.find(space);
  if (known != row_ids_.end()) return &known->second;
  HELIOS_TRY(const uint64_t bound, ReadNumber(store_, LocalKey(kRowIdPrefix, space), 1));
  return &row_ids_.emplace(space, Counter{bound, bound}).first->second;
}

Result<uint64_t> Identifiers::AllocateRowIds(hidb::SpaceId space, uint64_t count) {
  HELIOS_CHECK(count > 0);
  std::lock_guard lock(mutex_);
  HELIOS_TRY(Counter* const counter, CounterOf(space));
  if (counter->next + count > counter->bound) {
    const uint64_t bound = counter->next + count + kRowIdBlock;
    HELIOS_TRY(WriteOne(store_, LocalKey(kRowIdPrefix, space), EncodeNumber(bound), false));
    counter->bound = bound;
  }
  const uint64_t first = counter->next;
  counter->next += count;
  return first;
}

Result<uint32_t> Identifiers::AllocateOids(uint32_t count) {
  std::lock_guard lock(mutex_);
  const uint64_t end = oids_.next + count;
  if (end > UINT32_MAX) {
    return Error(ErrorCode::kProgramLimitExceeded).Message("object identifiers are used up");
  }
  if (end > oids_.bound) {
    const uint64_t bound = std::min<uint64_t>(end + kOidBlock, UINT32_MAX);
    HELIOS_TRY(WriteOne(store_, kOidBoundKey, EncodeNumber(bound), false));
    oids_.bound = bound;
  }
  const uint32_t first = static_cast<uint32_t>(oids_.next);
  oids_.next = end;
  return first;
}

void Identifiers::Forget(hidb::SpaceId space) {
  std::lock_guard lock(mutex_);
  row_ids_.erase(space);
}

std::shared_ptr<Sequences::Sequence> Sequences::Find(hidb::SpaceId id) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Sequence>& known = sequences_[id];
  if (known == nullptr) known = std::make_shared<Sequence>();
  return known;
}

Result<std::shared_ptr<Sequences::Sequence>> Sequences::Load(hidb::SpaceId id,
                                                             const hidb::SequenceOptions& options) {
  std::shared_ptr<Sequence> sequence = Find(id);
  std::lock_guard lock(sequence->mutex);
  if (sequence->loaded) return sequence;
  kv::PinnedValue value;
  HELIOS_TRY(bool found, store_.Get(kv::Family::kLocal, LocalKey(kSequencePrefix, id), &value));
  if (found) {
    ByteReader reader(value.view());
    HELIOS_TRY(sequence->state.last_value, reader.LittleEndian<int64_t>());
    HELIOS_TRY(const uint8_t is_called, reader.LittleEndian<uint8_t>());
    sequence->state.is_called = is_called != 0;
  } else {
    sequence->state = {options.start, false};
  }
  sequence->loaded = true;
  return sequence;
}

// Not synced: the rows that get the values come later in the same log, and a transaction that
// writes none asks for Sync at its commit.
Status Sequences::Store(hidb::SpaceId id, const hidb::SequenceState& state) {
  HELIOS_TRY(WriteOne(store_, LocalKey(kSequencePrefix, id), EncodeState(state), false));
  stored_count_.fetch_add(1, std::memory_order_release);
  return Status::Ok();
}

Status Sequences::Sync() {
  const uint64_t wanted = stored_count_.load(std::memory_order_acquire);
  if (synced_count_.load(std::memory_order_acquire) >= wanted) return Status::Ok();
  std::lock_guard lock(sync_mutex_);
  if (synced_count_.load(std::memory_order_acquire) >= wanted) return Status::Ok();
  const uint64_t stored = stored_count_.load(std::memory_order_acquire);
  const std::unique_ptr<kv::WriteBatch> nothing = store_.NewBatch();
  HELIOS_TRY(store_.Write(nothing.get(), true));
  synced_count_.store(stored, std::memory_order_release);
  return Status::Ok();
}

Result<int64_t> Sequences::Next(hidb::SpaceId id, const hidb::SequenceOptions& options) {
  HELIOS_TRY(const std::shared_ptr<Sequence> sequence, Load(id, options));
  std::lock_guard lock(sequence->mutex);
  hidb::SequenceState next = sequence->state;
  HELIOS_TRY(Step(options, &next));
  if (sequence->ahead <= 0 || sequence->ahead_increment != options.increment) {
    hidb::SequenceState stored = next;
    int64_t ahead = 1;
    while (ahead <= kSequenceBlock && Step(options, &stored).ok()) ++ahead;
    HELIOS_TRY(Store(id, stored));
    sequence->ahead = ahead;
    sequence->ahead_increment = options.increment;
  }
  --sequence->ahead;
  sequence->state = next;
  return next.last_value;
}

Status Sequences::Set(hidb::SpaceId id, const hidb::SequenceState& state) {
  const std::shared_ptr<Sequence> sequence = Find(id);
  std::lock_guard lock(sequence->mutex);
  HELIOS_TRY(Store(id, state));
  sequence->loaded = true;
  sequence->state = state;
  sequence->ahead = 0;
  return Status::Ok();
}

Result<hidb::SequenceState> Sequences::Read(hidb::SpaceId id,
                                            const hidb::SequenceOptions& options) {
  HELIOS_TRY(const std::shared_ptr<Sequence> sequence, Load(id, options));
  std::lock_guard lock(sequence->mutex);
  return sequence->state;
}

void Sequences::Forget(hidb::SpaceId id) {
  std::lock_guard lock(mutex_);
  sequences_.erase(id);
}

void Sequences::AddExactStates(kv::WriteBatch* batch) {
  std::lock_guard lock(mutex_);
  for (const auto& [id, sequence] : sequences_) {
    std::lock_guard sequence_lock(sequence->mutex);
    if (!sequence->loaded || sequence->ahead <= 0) continue;
    batch->Put(kv::Family::kLocal, LocalKey(kSequencePrefix, id), EncodeState(sequence->state));
  }
}

}  // namespace helios::storage
