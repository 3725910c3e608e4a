// min and max of any type, sums of numeric, string_agg and array_agg: states with variable parts.

#include <algorithm>
#include <array>
#include <cstring>

#include "expr/internal/aggregate.h"
#include "expr/internal/families.h"
#include "types/array.h"
#include "types/compare.h"
#include "types/numeric.h"

namespace helios::expr {
namespace {

// --- min and max by the type's comparison; of equal values the last one, as PostgreSQL has it ---

struct AnyExtremeState {
  alignas(8) char value[16] = {};  // The value as it lies in a vector; long strings in `buffer`.
  ArenaBuffer buffer;
  bool has_value = false;
};

void KeepValue(Arena& arena, const char* value, PhysicalType physical, AnyExtremeState* state) {
  state->has_value = true;
  if (physical != PhysicalType::kVarlen) {
    std::memcpy(state->value, value, PhysicalWidth(physical));
    return;
  }
  StringRef reference;
  std::memcpy(&reference, value, sizeof(reference));
  if (!reference.is_inline()) {
    state->buffer.Assign(arena, reference.view());
    reference = StringRef(state->buffer.view());
  }
  std::memcpy(state->value, &reference, sizeof(reference));
}

CompareFunction ComparatorOf(SqlType type, PhysicalType physical) {
  return CompareFunctionOf(type.oid, physical);
}

template <bool kMax>
struct AnyExtreme {
  using State = AnyExtremeState;
  static Status Update(AggregateCall& call, Arguments arguments, size_t row_count,
                       uint8_t* const* states) {
    const Vector& values = *arguments[0];
    const PhysicalType physical = values.physical();
    const size_t width = PhysicalWidth(physical);
    const CompareFunction compare = ComparatorOf(values.type(), physical);
    if (compare == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify a comparison function for this type");
    }
    for (size_t row = 0; row < row_count; ++row) {
      State& state = StateOf<State>(states[row]);
      const char* candidate = values.RawData() + values.Position(row) * width;
      if (state.has_value) {
        const int order = compare(candidate, state.value);
        if (kMax ? order < 0 : order > 0) continue;
      }
      KeepValue(call.arena, candidate, physical, &state);
    }
    return Status::Ok();
  }
  static Status Combine(AggregateCall& call, const uint8_t* source, uint8_t* target) {
    const State& from = StateOf<State>(source);
    State& to = StateOf<State>(target);
    if (!from.has_value) return Status::Ok();
    const SqlType type = call.argument_types[0];
    const PhysicalType physical = PhysicalTypeOf(type.oid, call.context.text_format.lookup);
    const CompareFunction compare = ComparatorOf(type, physical);
    if (to.has_value) {
      const int order = compare(from.value, to.value);
      if (kMax ? order < 0 : order > 0) return Status::Ok();
    }
    KeepValue(call.arena, from.value, physical, &to);
    return Status::Ok();
  }
  static Status Finalize(AggregateCall&, uint8_t* const* states, size_t count, Vector* out,
                         size_t first_row) {
    const size_t width = PhysicalWidth(out->physical());
    for (size_t i = 0; i < count; ++i) {
      const State& state = StateOf<State>(states[i]);
      const size_t row = first_row + i;
      if (!state.has_value) {
        out->SetNull(row);
        continue;
      }
      out->validity().SetValid(row);
      if (out->physical() == PhysicalType::kVarlen) {
        StringRef reference;
        std::memcpy(&reference, state.value, sizeof(reference));
        out->SetString(row, reference.view());
      } else {
        std::memcpy(out->RawData() + row * width, state.value, width);
      }
    }
    return Status::Ok();
  }
};

// Spilled: a flag, then the string or all 16 bytes.
void SerializeExtreme(const uint8_t* bytes, std::string* out) {
  const AnyExtremeState& state = StateOf<AnyExtremeState>(bytes);
  out->push_back(state.has_value ? 1 : 0);
  const bool is_long = state.buffer.size != 0;
  out->push_back(is_long ? 1 : 0);
  out->append(state.value, 16);
  if (is_long) out->append(state.buffer.view());
}
Status DeserializeExtreme(AggregateCall& call, std::string_view bytes, uint8_t* target) {
  if (bytes.size() < 18) {
    return Error(ErrorCode::kDataCorrupted).Message("a spilled aggregate state is too short");
  }
  AnyExtremeState& state = StateOf<AnyExtremeState>(target);
  state.has_value = bytes[0] != 0;
  std::memcpy(state.value, bytes.data() + 2, 16);
  if (bytes[1] == 0) return Status::Ok();
  StringRef reference;
  std::memcpy(&reference, state.value, sizeof(reference));
  // The value itself may have become short after a longer one was kept in the buffer.
  state.buffer.Assign(call.arena, bytes.substr(18));
  if (!reference.is_inline()) {
    reference = StringRef(state.buffer.view());
    std::memcpy(state.value, &reference, sizeof(reference));
  }
  return Status::Ok();
}

template <bool kMax>
AggregateFunction MakeExtreme() {
  AggregateFunction function;
  function.state_bytes = sizeof(AnyExtremeState);
  function.init = InitState<AnyExtremeState>;
  function.update = AnyExtreme<kMax>::Update;
  function.combine = AnyExtreme<kMax>::Combine;
  function.finalize = AnyExtreme<kMax>::Finalize;
  function.serialize = SerializeExtreme;
  function.deserialize = DeserializeExtreme;
  return function;
}

// --- sums of numeric ---

// Coefficients of one scale add up in 128 bits; what does not fit goes to `rest`.
struct NumericSumState {
  StateInt128 sum = 0;
  int64_t count = 0;
  int32_t scale = 0;
  NumericSum* rest = nullptr;
};

bool MultiplyByPowerOfTen(StateInt128* value, int32_t power) {
  if (power > 18) return false;
  __int128 result = *value;
  int64_t factor = 1;
  for (int32_t i = 0; i < power; ++i) factor *= 10;
  if (__builtin_mul_overflow(result, static_cast<__int128>(factor), &result)) return false;
  *value = result;
  return true;
}
bool AddSmall(NumericSumState* state, StateInt128 coefficient, int32_t scale) {
  if (scale != state->scale) {
    if (scale < state->scale) {
      if (!MultiplyByPowerOfTen(&coefficient, state->scale - scale)) return false;
    } else {
      if (!MultiplyByPowerOfTen(&state->sum, scale - state->scale)) return false;
      state->scale = scale;
    }
  }
  __int128 sum = state->sum;
  if (__builtin_add_overflow(sum, static_cast<__int128>(coefficient), &sum)) return false;
  state->sum = sum;
  return true;
}
NumericSum& Rest(NumericSumState* state) {
  if (state->rest == nullptr) state->rest = new NumericSum();
  return *state->rest;
}
void AddNumeric(NumericSumState* state, const StringRef& encoded) {
  SmallNumeric small;
  ++state->count;
  if (DecodeSmallNumeric(encoded, &small) && AddSmall(state, small.coefficient, small.scale)) {
    return;
  }
  Rest(state).Add(encoded);
}
Status UpdateNumericSum(AggregateCall&, Arguments arguments, size_t row_count,
                        uint8_t* const* states) {
  const Vector& values = *arguments[0];
  const StringRef* data = values.Data<StringRef>();
  for (size_t row = 0; row < row_count; ++row) {
    AddNumeric(&StateOf<NumericSumState>(states[row]), data[values.Position(row)]);
  }
  return Status::Ok();
}
Status UpdateNumericSumOne(AggregateCall&, Arguments arguments, size_t row_count, uint8_t* state) {
  const Vector& values = *arguments[0];
  const StringRef* data = values.Data<StringRef>();
  for (size_t row = 0; row < row_count; ++row) {
    AddNumeric(&StateOf<NumericSumState>(state), data[values.Position(row)]);
  }
  return Status::Ok();
}
Status CombineNumericSum(AggregateCall&, const uint8_t* source, uint8_t* target) {
  const NumericSumState& from = StateOf<NumericSumState>(source);
  NumericSumState& to = StateOf<NumericSumState>(target);
  to.count += from.count;
  if (!AddSmall(&to, from.sum, from.scale)) {
    Rest(&to).Add(StringRef(Numeric::FromParts(from.sum, from.scale).Encode()));
  }
  if (from.rest != nullptr) Rest(&to).Merge(*from.rest);
  return Status::Ok();
}
Result<Numeric> Total(const NumericSumState& state) {
  Numeric total = Numeric::FromParts(state.sum, state.scale);
  if (state.rest == nullptr) return total;
  HELIOS_TRY(const Numeric rest, state.rest->Sum());
  return Numeric::Add(total, rest);
}
struct SumNumeric {
  using State = NumericSumState;
  static Result<std::optional<Numeric>> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::optional<Numeric>();
    HELIOS_TRY(Numeric total, Total(state));
    return std::optional<Numeric>(std::move(total));
  }
};
struct AverageNumeric {
  using State = NumericSumState;
  static Result<std::optional<Numeric>> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::optional<Numeric>();
    HELIOS_TRY(const Numeric total, Total(state));
    HELIOS_TRY(Numeric average, Numeric::Divide(total, Numeric::FromInt64(state.count)));
    return std::optional<Numeric>(std::move(average));
  }
};
void DestroyNumericSum(uint8_t* state) { delete StateOf<NumericSumState>(state).rest; }
void SerializeNumericSum(const uint8_t* bytes, std::string* out) {
  const NumericSumState& state = StateOf<NumericSumState>(bytes);
  AppendLengthPrefixed(out, Numeric::FromParts(state.sum, state.scale).Encode());
  AppendLittleEndian<int64_t>(out, state.count);
  if (state.rest != nullptr) state.rest->EncodeTo(out);
}
Status DeserializeNumericSum(AggregateCall&, std::string_view bytes, uint8_t* target) {
  ByteReader reader(bytes);
  HELIOS_TRY(const std::string_view encoded, reader.LengthPrefixed());
  HELIOS_TRY(const Numeric sum, Numeric::DecodeChecked(encoded));
  NumericSumState& state = StateOf<NumericSumState>(target);
  state.sum = sum.small_coefficient();
  state.scale = sum.scale();
  HELIOS_TRY(state.count, reader.LittleEndian<int64_t>());
  if (reader.empty()) return Status::Ok();
  std::string_view rest = reader.rest();
  HELIOS_TRY(Rest(&state), NumericSum::Decode(&rest));
  return Status::Ok();
}
template <typename A>
AggregateFunction MakeNumericSum() {
  AggregateFunction function;
  function.state_bytes = sizeof(NumericSumState);
  function.init = InitState<NumericSumState>;
  function.update = UpdateNumericSum;
  function.update_one = UpdateNumericSumOne;
  function.combine = CombineNumericSum;
  function.finalize = FinalizeEach<A>;
  function.destroy = DestroyNumericSum;
  function.serialize = SerializeNumericSum;
  function.deserialize = DeserializeNumericSum;
  return function;
}

// --- string_agg ---

struct StringAggregate {
  struct State {
    ArenaBuffer text;
    bool has_value = false;
  };
  static Status Update(AggregateCall& call, Arguments arguments, size_t row_count,
                       uint8_t* const* states) {
    for (size_t row = 0; row < row_count; ++row) {
      if (arguments[0]->IsNull(row)) continue;
      State& state = StateOf<State>(states[row]);
      if (state.has_value && !arguments[1]->IsNull(row)) {
        state.text.Append(call.arena, arguments[1]->View(row));
      }
      state.has_value = true;
      if (size_t{state.text.size} + arguments[0]->View(row).size() > 0x3fffffff) {
        return Error(ErrorCode::kProgramLimitExceeded)
            .Message("out of memory")
            .Detail("Cannot enlarge string buffer beyond 1073741823 bytes.");
      }
      state.text.Append(call.arena, arguments[0]->View(row));
    }
    return Status::Ok();
  }
  static std::optional<std::string_view> Finish(AggregateCall&, const State& state) {
    if (!state.has_value) return std::nullopt;
    return state.text.view();
  }
};
AggregateFunction MakeStringAggregate() {
  AggregateFunction function;
  function.ignores_nulls = false;
  function.order_matters = true;
  function.state_bytes = sizeof(StringAggregate::State);
  function.init = InitState<StringAggregate::State>;
  function.update = StringAggregate::Update;
  function.finalize = FinalizeEach<StringAggregate>;
  return function;
}

// --- array_agg ---
//
// The elements lie in the call's arena, in pieces, so that they count as the query's memory and are
// never moved: one byte (NULL or not), then a value of fixed width, or a length and its bytes.

struct ArrayPiece {
  ArrayPiece* next;
  size_t byte_count;
  size_t capacity;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

struct ArrayState {
  static constexpr size_t kPieceBytesMin = 64;
  static constexpr size_t kPieceBytesMax = 64 * 1024;

  ArrayPiece* first = nullptr;
  ArrayPiece* last = nullptr;
  int64_t count = 0;
  Oid element = kInvalidOid;
  PhysicalType physical = PhysicalType::kVarlen;
  // Of the collected arrays, when they are collected into one of a dimension more.
  std::vector<int32_t>* dimensions = nullptr;
  std::vector<int32_t>* lower_bounds = nullptr;

  // Room for that many bytes in one piece.
  char* Extend(Arena& arena, size_t byte_count) {
    if (last == nullptr || last->capacity - last->byte_count < byte_count) {
      size_t capacity = last == nullptr ? kPieceBytesMin : last->capacity * 2;
      capacity = std::max(std::min(capacity, kPieceBytesMax), byte_count);
      auto* piece =
          new (arena.Allocate(sizeof(ArrayPiece) + capacity)) ArrayPiece{nullptr, 0, capacity};
      (last == nullptr ? first : last->next) = piece;
      last = piece;
    }
    char* const to = last->bytes() + last->byte_count;
    last->byte_count += byte_count;
    return to;
  }

  void AddNull(Arena& arena) {
    *Extend(arena, 1) = 0;
    ++count;
  }
  void AddFixed(Arena& arena, const void* value, size_t width) {
    char* const to = Extend(arena, 1 + width);
    *to = 1;
    std::memcpy(to + 1, value, width);
    ++count;
  }
  void AddBytes(Arena& arena, std::string_view bytes) {
    char* const to = Extend(arena, 1 + sizeof(uint64_t) + bytes.size());
    const uint64_t byte_count = bytes.size();
    *to = 1;
    std::memcpy(to + 1, &byte_count, sizeof(byte_count));
    if (!bytes.empty()) std::memcpy(to + 1 + sizeof(byte_count), bytes.data(), bytes.size());
    ++count;
  }
};

// Calls `null()` or `value(pointer, byte_count)` for each element, in order.
template <typename Null, typename Value>
void ForEachElement(const ArrayState& state, const Null& null, const Value& value) {
  const bool is_varlen = state.physical == PhysicalType::kVarlen || state.dimensions != nullptr;
  const size_t width = is_varlen ? 0 : PhysicalWidth(state.physical);
  for (ArrayPiece* piece = state.first; piece != nullptr; piece = piece->next) {
    const char* at = piece->bytes();
    const char* const end = at + piece->byte_count;
    while (at != end) {
      if (*at++ == 0) {
        null();
        continue;
      }
      uint64_t byte_count = width;
      if (is_varlen) {
        std::memcpy(&byte_count, at, sizeof(byte_count));
        at += sizeof(byte_count);
      }
      value(at, static_cast<size_t>(byte_count));
      at += byte_count;
    }
  }
}

void DestroyArrayState(uint8_t* bytes) {
  ArrayState& state = StateOf<ArrayState>(bytes);
  delete state.dimensions;
  delete state.lower_bounds;
}
Status UpdateArray(AggregateCall& call, Arguments arguments, size_t row_count,
                   uint8_t* const* states) {
  const Vector& values = *arguments[0];
  const bool is_varlen = values.physical() == PhysicalType::kVarlen;
  const size_t width = is_varlen ? 0 : PhysicalWidth(values.physical());
  for (size_t row = 0; row < row_count; ++row) {
    ArrayState& state = StateOf<ArrayState>(states[row]);
    state.element = values.type().oid;
    state.physical = values.physical();
    if (values.IsNull(row)) {
      state.AddNull(call.arena);
    } else if (is_varlen) {
      state.AddBytes(call.arena, values.View(row));
    } else {
      state.AddFixed(call.arena, values.RawData() + values.Position(row) * width, width);
    }
  }
  return Status::Ok();
}
Status UpdateArrayOfArrays(AggregateCall& call, Arguments arguments, size_t row_count,
                           uint8_t* const* states) {
  for (size_t row = 0; row < row_count; ++row) {
    ArrayState& state = StateOf<ArrayState>(states[row]);
    if (arguments[0]->IsNull(row)) {
      return Error(ErrorCode::kNullNotAllowed).Message("cannot accumulate null arrays");
    }
    const ArrayReader array(arguments[0]->View(row));
    std::vector<int32_t> dimensions;
    std::vector<int32_t> lower_bounds;
    for (int32_t i = 0; i < array.dimension_count(); ++i) {
      dimensions.push_back(array.dimension(i));
      lower_bounds.push_back(array.lower_bound(i));
    }
    if (dimensions.empty()) {
      return Error(ErrorCode::kArraySubscriptError).Message("cannot accumulate empty arrays");
    }
    if (state.dimensions == nullptr) {
      state.element = array.element_type();
      state.physical = array.element_physical();
      state.dimensions = new std::vector<int32_t>(dimensions);
      state.lower_bounds = new std::vector<int32_t>(lower_bounds);
    } else if (*state.dimensions != dimensions) {
      return Error(ErrorCode::kArraySubscriptError)
          .Message("cannot accumulate arrays of different dimensionality");
    }
    state.AddBytes(call.arena, arguments[0]->View(row));
  }
  return Status::Ok();
}
struct ArrayAggregate {
  using State = ArrayState;
  static std::optional<std::string> Finish(AggregateCall&, const State& state) {
    if (state.count == 0) return std::nullopt;
    ArrayBuilder builder(state.element, state.physical);
    if (state.dimensions != nullptr) {
      ForEachElement(
          state, [] {},
          [&builder](const char* bytes, size_t byte_count) {
            const ArrayReader array(std::string_view(bytes, byte_count));
            for (uint32_t i = 0; i < array.size(); ++i) builder.AddFrom(array, i);
          });
      std::vector<int32_t> dimensions = *state.dimensions;
      std::vector<int32_t> lower_bounds = *state.lower_bounds;
      dimensions.insert(dimensions.begin(), static_cast<int32_t>(state.count));
      lower_bounds.insert(lower_bounds.begin(), 1);
      return builder.Finish(dimensions, lower_bounds);
    }
    const bool is_varlen = state.physical == PhysicalType::kVarlen;
    ForEachElement(
        state, [&builder] { builder.AddNull(); },
        [&](const char* bytes, size_t byte_count) {
          if (is_varlen) {
            builder.AddBytes(std::string_view(bytes, byte_count));
          } else {
            // As wide as the widest value; the builder takes what it needs.
            std::array<char, 16> value = {};
            std::memcpy(value.data(), bytes, byte_count);
            builder.AddFixed(value);
          }
        });
    return builder.Finish();
  }
};
AggregateFunction MakeArrayAggregate(bool of_arrays) {
  AggregateFunction function;
  function.ignores_nulls = false;
  function.order_matters = true;
  function.state_bytes = sizeof(ArrayState);
  function.init = InitState<ArrayState>;
  function.update = of_arrays ? UpdateArrayOfArrays : UpdateArray;
  function.finalize = FinalizeEach<ArrayAggregate>;
  function.destroy = DestroyArrayState;
  return function;
}

}  // namespace

std::span<const AggregateEntry> ValueAggregates() {
  static const std::vector<AggregateEntry>* const entries = new std::vector<AggregateEntry>{
      {"min", "*", MakeExtreme<false>()},
      {"max", "*", MakeExtreme<true>()},
      {"sum", "1700", MakeNumericSum<SumNumeric>()},
      {"avg", "1700", MakeNumericSum<AverageNumeric>()},
      {"string_agg", "*", MakeStringAggregate()},
      {"array_agg", "2776", MakeArrayAggregate(false)},
      {"array_agg", "2277", MakeArrayAggregate(true)},
  };
  return *entries;
}

}  // namespace helios::expr
