#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace helios {

// An integer that mixes with no other kind of id. 0 is never a valid id.
template <typename Tag, typename Rep = uint64_t>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr bool valid() const { return value_ != 0; }
  constexpr auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_ = 0;
};

// PostgreSQL's object identifier: types, tables, functions, roles. Ids of ours start at 16384.
using Oid = uint32_t;
inline constexpr Oid kInvalidOid = 0;
inline constexpr Oid kFirstUserOid = 16384;

using ShardId = StrongId<struct ShardIdTag, uint32_t>;
using NodeId = StrongId<struct NodeIdTag, uint32_t>;
using TxnId = StrongId<struct TxnIdTag, uint64_t>;
using SessionId = StrongId<struct SessionIdTag, uint64_t>;

// A hybrid timestamp of the transaction clock: larger is later; 0 is before everything.
using Timestamp = uint64_t;
inline constexpr Timestamp kTimestampMax = ~uint64_t{0};

}  // namespace helios

template <typename Tag, typename Rep>
struct std::hash<helios::StrongId<Tag, Rep>> {
  size_t operator()(helios::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>()(id.value());
  }
};
