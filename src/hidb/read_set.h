#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hidb/layout.h"

namespace helios::hidb {

// Keys from `begin` up to but without `end`; empty: unbounded. Without space and timestamp.
struct KeyRange {
  std::string begin;
  std::string end;
};

// What a serializable transaction has read: its commit is refused when another one has written
// there since its snapshot. Ranges count whether or not something was found in them, which is what
// keeps phantoms away. A space with too many entries counts as read whole: memory is bounded, and
// the answer errs towards a conflict.
//
// Thread safety: all calls, from any thread.
class ReadSet {
 public:
  void AddKey(SpaceId space, std::string_view key);
  void AddRange(SpaceId space, const KeyRange& range);
  bool Covers(SpaceId space, std::string_view key) const;
  bool empty() const;

 private:
  struct Space {
    bool is_whole = false;
    std::set<std::string, std::less<>> keys;
    std::vector<KeyRange> ranges;
  };
  // Null: the space already counts whole.
  Space* Open(SpaceId space);

  mutable std::mutex mutex_;
  std::map<SpaceId, Space> spaces_;
};

}  // namespace helios::hidb
