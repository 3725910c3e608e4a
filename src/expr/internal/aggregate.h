#pragma once

#include <new>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "expr/internal/hot_loop.h"

namespace helios::expr {

// Building blocks of aggregates. A state type S is plain memory (moved with memcpy, aligned to 8).

// States are aligned to 8 bytes only.
typedef __int128 StateInt128 __attribute__((aligned(8)));

template <typename S>
void InitState(uint8_t* state) {
  static_assert(alignof(S) <= 8);
  new (state) S();
}
template <typename S>
S& StateOf(uint8_t* state) {
  return *reinterpret_cast<S*>(state);
}
template <typename S>
const S& StateOf(const uint8_t* state) {
  return *reinterpret_cast<const S*>(state);
}

// `A` has a State, and Apply(State&, T) that returns whether it failed, and Failure().
template <typename A, typename T>
Status UpdateFixed(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* const* states) {
  const FixedArgument<T> values(*arguments[0], row_count);
  bool failed = false;
  for (size_t row = 0; row < row_count; ++row) {
    failed |= A::Apply(StateOf<typename A::State>(states[row]), values.at(row));
  }
  return failed ? A::Failure() : Status::Ok();
}
template <typename A, typename T>
Status UpdateFixedOne(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* state) {
  const FixedArgument<T> values(*arguments[0], row_count);
  auto local = StateOf<typename A::State>(state);
  bool failed = false;
  if (values.is_constant) {
    for (size_t row = 0; row < row_count; ++row) failed |= A::Apply(local, values.data[0]);
  } else {
    for (size_t row = 0; row < row_count; ++row) failed |= A::Apply(local, values.data[row]);
  }
  StateOf<typename A::State>(state) = local;
  return failed ? A::Failure() : Status::Ok();
}

// States without pointers are their own serial form.
template <typename S>
void SerializeRaw(const uint8_t* state, std::string* out) {
  out->append(reinterpret_cast<const char*>(state), sizeof(S));
}
template <typename S>
Status DeserializeRaw(AggregateCall&, std::string_view bytes, uint8_t* state) {
  if (bytes.size() != sizeof(S)) {
    return Error(ErrorCode::kDataCorrupted).Message("a spilled aggregate state has the wrong size");
  }
  std::memcpy(state, bytes.data(), sizeof(S));
  return Status::Ok();
}

// `A::Finish(call, state)` returns a value, an optional of one, or a Result of either.
template <typename A>
Status FinalizeEach(AggregateCall& call, uint8_t* const* states, size_t count, Vector* out,
                    size_t first_row) {
  for (size_t i = 0; i < count; ++i) {
    out->validity().SetValid(first_row + i);
    HELIOS_TRY(
        StoreResult(A::Finish(call, StateOf<typename A::State>(states[i])), out, first_row + i));
  }
  return Status::Ok();
}

// A growing byte buffer in an arena; room doubles, what it leaves behind is freed with the arena.
struct ArenaBuffer {
  char* data = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;

  void Reserve(Arena& arena, size_t bytes) {
    if (bytes <= capacity) return;
    const size_t room = std::max<size_t>(std::max<size_t>(bytes, 16), size_t{capacity} * 2);
    char* grown = arena.Allocate(room);
    if (size != 0) std::memcpy(grown, data, size);
    data = grown;
    capacity = static_cast<uint32_t>(room);
  }
  void Assign(Arena& arena, std::string_view bytes) {
    size = 0;
    Append(arena, bytes);
  }
  void Append(Arena& arena, std::string_view bytes) {
    Reserve(arena, size_t{size} + bytes.size());
    if (!bytes.empty()) std::memcpy(data + size, bytes.data(), bytes.size());
    size += static_cast<uint32_t>(bytes.size());
  }
  std::string_view view() const { return {data, size}; }
};

}  // namespace helios::expr
