// UUIDs, enums, network addresses, counts of NULLs, type names, sizes, hashes.

#include <algorithm>
#include <limits>

#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "sys/randomness.h"
#include "types/compare.h"
#include "types/net.h"
#include "types/uuid.h"

namespace helios::expr {
namespace {

// Version 4, random.
Uuid RandomUuid() {
  Uuid uuid;
  sys::FillSecureRandom(uuid.bytes, sizeof(uuid.bytes));
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

template <bool kNulls>
Status CountNulls(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    int32_t count = 0;
    for (const Vector* argument : arguments) count += argument->IsNull(row) == kNulls ? 1 : 0;
    out->Data<int32_t>()[row] = count;
  }
  return Status::Ok();
}

Status TypeOf(FunctionCall& call, Arguments, size_t row_count, Vector* out) {
  const Oid type = call.argument_types.empty() ? type_oid::kUnknown : call.argument_types[0].oid;
  std::fill_n(out->Data<uint32_t>(), row_count, type);
  return Status::Ok();
}

// --- enums: the argument's value does not matter where PostgreSQL asks for its type only ---

Result<std::vector<int64_t>> EnumKeys(FunctionCall& call) {
  const TypeLookup* lookup = call.context.text_format.lookup;
  if (lookup == nullptr || call.argument_types.empty()) {
    return Error(ErrorCode::kFeatureNotSupported).Message("could not determine actual enum type");
  }
  return lookup->EnumKeys(call.argument_types[0].oid);
}
template <bool kFirst>
Status EnumEnd(FunctionCall& call, Arguments, size_t row_count, Vector* out) {
  HELIOS_TRY(const std::vector<int64_t> keys, EnumKeys(call));
  if (keys.empty()) {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("enum {} contains no values",
                 FormatType(call.argument_types[0], call.context.text_format.lookup));
  }
  std::fill_n(out->Data<int64_t>(), row_count, kFirst ? keys.front() : keys.back());
  return Status::Ok();
}
Status EnumRange(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  HELIOS_TRY(const std::vector<int64_t> keys, EnumKeys(call));
  const bool bounded = arguments.size() == 2;
  for (size_t row = 0; row < row_count; ++row) {
    ArrayBuilder builder(call.argument_types[0].oid, PhysicalType::kInt64);
    for (const int64_t key : keys) {
      if (bounded && !arguments[0]->IsNull(row) && key < arguments[0]->At<int64_t>(row)) continue;
      if (bounded && !arguments[1]->IsNull(row) && key > arguments[1]->At<int64_t>(row)) continue;
      builder.AddFixed<int64_t>(key);
    }
    out->SetString(row, builder.Finish());
  }
  return Status::Ok();
}

// --- sizes ---

Status ColumnSize(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& value = *arguments[0];
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    int32_t size = static_cast<int32_t>(PhysicalWidth(value.physical()));
    if (value.physical() == PhysicalType::kVarlen) {
      const size_t bytes = value.View(row).size();
      size = static_cast<int32_t>(bytes + (bytes < 127 ? 1 : 4));
    }
    out->Data<int32_t>()[row] = size;
  }
  return Status::Ok();
}

constexpr std::string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};

// The largest unit of which there would be less than 10240 (20480 before the last rounding).
std::string SizePretty(int64_t size) {
  size_t unit = 0;
  bool halves = false;  // `size` counts half units, to round once at the end.
  const auto magnitude = [&] {
    return size < 0 ? -static_cast<uint64_t>(size) : static_cast<uint64_t>(size);
  };
  while (unit + 1 < std::size(kUnits)) {
    if (magnitude() < (halves ? 20479u : 10240u)) break;
    size = halves ? size / 1024 : size / 512;
    halves = true;
    ++unit;
  }
  if (halves) size = (size + (size > 0 ? 1 : -1)) / 2;
  return fmt::format("{} {}", size, kUnits[unit]);
}
Result<std::string> NumericSizePretty(const Numeric& value) {
  // Below ten kilobytes a fraction shows.
  const Numeric limit = Numeric::FromInt64(10240);
  const bool is_small =
      Numeric::Compare(value, limit) < 0 && Numeric::Compare(value, limit.Negate()) > 0;
  if (is_small) return value.ToString() + " bytes";
  if (!value.is_finite()) return value.ToString() + " PB";
  const Result<int64_t> size = value.Truncate(0).ToInt64();
  if (!size.ok()) return size.status();
  return SizePretty(*size);
}
// How many transactions ago `xid` was given out; the frozen ones are as old as can be.
Status TransactionAge(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  if (call.context.session == nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("function {} cannot be used in this place", call.function->name);
  }
  constexpr uint32_t kFirstNormal = 3;
  Vector now({type_oid::kInt8}, PhysicalType::kInt64);
  HELIOS_TRY(call.context.session->Call("txid_current", {}, 0, &now, 0));
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    const auto xid = arguments[0]->At<uint32_t>(row);
    out->Data<int32_t>()[row] =
        xid < kFirstNormal ? std::numeric_limits<int32_t>::max()
                           : static_cast<int32_t>(static_cast<uint32_t>(now.At<int64_t>(0)) - xid);
  }
  return Status::Ok();
}
Status VectorTypes(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    const ArrayReader types(arguments[0]->View(row));
    std::string names;
    for (uint32_t i = 0; i < types.size(); ++i) {
      names += i == 0 ? "" : ", ";
      names += FormatType({types.Fixed<uint32_t>(i)}, call.context.text_format.lookup);
    }
    out->SetString(row, names);
  }
  return Status::Ok();
}
Result<int64_t> SizeBytes(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  size_t digits = 0;
  while (digits < rest.size() &&
         (std::string_view("0123456789.+-").find(rest[digits]) != std::string_view::npos)) {
    ++digits;
  }
  Result<Numeric> number = Numeric::Parse(rest.substr(0, digits));
  const auto invalid = [&] {
    return Error(ErrorCode::kInvalidParameterValue).Message("invalid size: \"{}\"", text);
  };
  if (digits == 0 || !number.ok()) return invalid();
  std::string unit(rest.substr(digits));
  unit.erase(0, unit.find_first_not_of(' ') == std::string::npos ? unit.size()
                                                                 : unit.find_first_not_of(' '));
  for (char& c : unit) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  int64_t factor = 1;
  if (!unit.empty()) {
    bool known = false;
    int64_t power = 1;
    for (const std::string_view candidate : kUnits) {
      std::string lower(candidate);
      for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      if (lower == unit) {
        factor = power;
        known = true;
      }
      power *= 1024;
    }
    if (!known) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid size: \"{}\"", text)
          .Detail("Invalid size unit: \"{}\".", rest.substr(digits))
          .Hint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".");
    }
  }
  HELIOS_TRY(const Numeric bytes, Numeric::Multiply(*number, Numeric::FromInt64(factor)));
  return bytes.ToInt64();
}

// Hash functions answer with our own hash: equal values agree, the numbers are not PostgreSQL's.
template <typename R>
Status HashAny(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& value = *arguments[0];
  const HashFunction hash = HashFunctionOf(value.type().oid, value.physical());
  if (hash == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify a hash function for type {}",
                 FormatType(value.type(), call.context.text_format.lookup));
  }
  const size_t width = PhysicalWidth(value.physical());
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    uint64_t result = hash(value.RawData() + value.Position(row) * width);
    if (arguments.size() > 1) result ^= static_cast<uint64_t>(arguments[1]->At<int64_t>(row));
    out->Data<R>()[row] = static_cast<R>(result);
  }
  return Status::Ok();
}

// text(inet): unlike the type's own output it always shows the prefix length.
Result<std::string> NetworkShow(std::string_view encoded) {
  HELIOS_TRY(const NetAddress address, DecodeNetAddress(encoded));
  std::string text;
  FormatNetAddress(address, /*is_cidr=*/true, &text);
  return text;
}

#define HELIOS_HASH(name) \
  {"hash" name, HashAny<int32_t>}, { "hash" name "extended", HashAny<int64_t> }

constexpr KernelEntry kKernels[] = {
    {"gen_random_uuid", Map<RandomUuid>},
    {"pg_num_nulls", CountNulls<true>},
    {"pg_num_nonnulls", CountNulls<false>},
    {"pg_typeof", TypeOf},
    {"enum_first", EnumEnd<true>},
    {"enum_last", EnumEnd<false>},
    {"enum_range_all", EnumRange},
    {"enum_range_bounds", EnumRange},
    {"pg_column_size", ColumnSize},
    {"pg_size_pretty", Map<SizePretty>},
    {"pg_size_pretty_numeric", Map<NumericSizePretty>},
    {"pg_size_bytes", Map<SizeBytes>},
    {"xid_age", TransactionAge},
    {"oidvectortypes", VectorTypes},
    HELIOS_HASH("text"),
    HELIOS_HASH("int2"),
    HELIOS_HASH("int4"),
    HELIOS_HASH("int8"),
    HELIOS_HASH("float4"),
    HELIOS_HASH("float8"),
    HELIOS_HASH("oid"),
    HELIOS_HASH("name"),
    HELIOS_HASH("char"),
    HELIOS_HASH("bpchar"),
    HELIOS_HASH("enum"),
    {"hash_array", HashAny<int32_t>},
    {"hash_numeric", HashAny<int32_t>},
    {"uuid_hash", HashAny<int32_t>},
    {"jsonb_hash", HashAny<int32_t>},
    {"time_hash", HashAny<int32_t>},
    {"timestamp_hash", HashAny<int32_t>},
    {"interval_hash", HashAny<int32_t>},
    {"network_show", Map<NetworkShow>},
};

}  // namespace

std::span<const KernelEntry> MiscKernels() { return kKernels; }

}  // namespace helios::expr
