#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "base/growing_reservation.h"
#include "types/value.h"

namespace helios::exec {

// Memory of values that are kept.
inline size_t BytesOf(const std::vector<Value>& values) {
  size_t bytes = values.capacity() * sizeof(Value);
  for (const Value& value : values) {
    if (value.physical() == PhysicalType::kVarlen && !value.is_null())
      bytes += value.bytes().size();
  }
  return bytes;
}

// A set of keys that a statement must not meet again; what it holds is counted.
//
// Thread safety: none.
class CountedKeys {
 public:
  explicit CountedKeys(MemoryTracker* memory) : reservation_(memory) {}

  // False: it is there already. 53200 when there is no memory to keep it.
  Result<bool> Insert(const std::string& key) {
    if (!keys_.insert(key).second) return false;
    HELIOS_TRY(reservation_.Add(sizeof(Node) + key.size()));
    return true;
  }
  bool Contains(const std::string& key) const { return keys_.contains(key); }
  void Clear() {
    keys_.clear();
    reservation_.Clear();
  }

 private:
  // A key in its hash table, roughly: with the link, the hash, the slot and what malloc takes.
  struct Node {
    std::string key;
    void* link_and_slot[4];
  };
  std::unordered_set<std::string> keys_;
  GrowingReservation reservation_;
};

}  // namespace helios::exec
