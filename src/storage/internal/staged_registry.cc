#include "storage/internal/staged_registry.h"

namespace helios::storage {

// Readers keep the map that they captured: a change makes a new one. There are few entries.
template <typename Change>
void StagedRegistry::Update(Change change) {
  std::lock_guard lock(mutex_);
  auto states = std::make_shared<StagedStates>(*states_);
  change(*states);
  count_.store(states->size(), std::memory_order_release);
  states_ = std::move(states);
}

void StagedRegistry::Add(Timestamp timestamp, TxnId txn) {
  Update([&](StagedStates& states) { states.emplace(timestamp, StagedState{txn}); });
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

std::vector<Timestamp> StagedRegistry::OfTransaction(TxnId txn) const {
  std::vector<Timestamp> timestamps;
  if (size() == 0) return timestamps;
  std::lock_guard lock(mutex_);
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
