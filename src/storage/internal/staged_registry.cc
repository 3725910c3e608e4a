#include "storage/internal/staged_registry.h"

namespace helios::storage {

// Readers keep the map that they captured: a change makes a new one. Changes are few: each carries
// all that a transaction stages at a time.
template <typename Change>
void StagedRegistry::Update(Change change) {
  std::lock_guard lock(mutex_);
  auto states = std::make_shared<StagedStates>(*states_);
  change(*states);
  count_.store(states->size(), std::memory_order_release);
  states_ = std::move(states);
}

void StagedRegistry::Add(std::span<const Timestamp> timestamps, TxnId txn) {
  Update([&](StagedStates& states) {
    for (Timestamp timestamp : timestamps) states.emplace(timestamp, StagedState{txn});
    stagers_.insert(txn.value());
  });
}

void StagedRegistry::SetCommitted(std::span<const Timestamp> timestamps, Timestamp commit) {
  Update([&](StagedStates& states) {
    for (Timestamp timestamp : timestamps) states[timestamp].committed = commit;
  });
}

void StagedRegistry::Remove(std::span<const Timestamp> timestamps) {
  Update([&](StagedStates& states) {
    for (Timestamp timestamp : timestamps) states.erase(timestamp);
  });
}

std::vector<Timestamp> StagedRegistry::TakeUndone(TxnId txn) {
  std::vector<Timestamp> timestamps;
  if (size() == 0) return timestamps;
  std::lock_guard lock(mutex_);
  if (stagers_.erase(txn.value()) == 0) return timestamps;
  for (const auto& [timestamp, state] : *states_) {
    if (state.txn == txn && state.committed == 0) timestamps.push_back(timestamp);
  }
  return timestamps;
}

void StagedRegistry::Settle(Timestamp oldest) {
  if (size() == 0) return;
  Update([&](StagedStates& states) {
    std::erase_if(states, [&](const auto& entry) {
      return entry.second.committed != 0 && entry.second.committed <= oldest;
    });
  });
}

Timestamp StagedRegistry::Lowest() const {
  if (size() == 0) return kTimestampMax;
  std::lock_guard lock(mutex_);
  return states_->empty() ? kTimestampMax : states_->begin()->first;
}

}  // namespace helios::storage
