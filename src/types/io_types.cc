// Types by name: format_type, typmods in and out, casts to a typmod, the reg types and money.

#include <algorithm>
#include <cmath>

#include "types/array.h"
#include "types/bits.h"
#include "types/internal/sink.h"
#include "types/io.h"
#include "types/numeric.h"
#include "types/text.h"

namespace helios {

namespace {

constexpr int64_t kCharLengthMax = 10485760;
constexpr int64_t kBitLengthMax = 83886080;
constexpr int32_t kSecondDigitsMax = 6;

// Interval field bits, as PostgreSQL numbers the fields.
constexpr int32_t kMonth = 1 << 1, kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10,
                  kMinute = 1 << 11, kSecond = 1 << 12;

std::string FormatIntervalType(int32_t typmod) {
  const int32_t precision = typmod & kIntervalFullPrecision;
  std::string out = "interval";
  out += IntervalFieldsName(typmod >> 16 & kIntervalFullRange);
  if (precision != kIntervalFullPrecision) out += fmt::format("({})", precision);
  return out;
}

Status InvalidModifier(std::string_view prefix) {
  return Error(ErrorCode::kInvalidParameterValue).Message("invalid {}type modifier", prefix);
}

Result<int32_t> LengthTypmod(std::string_view name, const std::vector<int64_t>& modifiers,
                             int64_t length_max, int32_t offset) {
  if (modifiers.size() != 1) return InvalidModifier("");
  if (modifiers[0] < 1) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("length for type {} must be at least 1", name);
  }
  if (modifiers[0] > length_max) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("length for type {} cannot exceed {}", name, length_max);
  }
  return static_cast<int32_t>(modifiers[0]) + offset;
}

Result<int32_t> SecondsTypmod(std::string_view name, std::string_view suffix,
                              const std::vector<int64_t>& modifiers) {
  if (modifiers.size() != 1) return InvalidModifier("");
  if (modifiers[0] < 0) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("{}({}){} precision must not be negative", name, modifiers[0], suffix);
  }
  return static_cast<int32_t>(std::min<int64_t>(modifiers[0], kSecondDigitsMax));
}

Result<int32_t> IntervalModifiers(const std::vector<int64_t>& modifiers) {
  if (modifiers.empty() || modifiers.size() > 2) return InvalidModifier("INTERVAL ");
  const int32_t range = static_cast<int32_t>(modifiers[0]);
  if (range != kIntervalFullRange && IntervalFieldsName(range).empty()) {
    return InvalidModifier("INTERVAL ");
  }
  if (modifiers.size() == 1) {
    if (range == kIntervalFullRange) return -1;
    return IntervalTypmod(kIntervalFullPrecision, range);
  }
  if (modifiers[1] < 0) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("INTERVAL({}) precision must not be negative", modifiers[1]);
  }
  return IntervalTypmod(static_cast<int32_t>(std::min<int64_t>(modifiers[1], kSecondDigitsMax)),
                        range);
}

// The name that PostgreSQL's errors give a type family.
std::string_view RegTypeKind(Oid reg_type) {
  switch (reg_type) {
    case type_oid::kRegtype:
      return "type";
    case type_oid::kRegclass:
      return "relation";
    case type_oid::kRegrole:
      return "role";
    case type_oid::kRegnamespace:
      return "schema";
    case type_oid::kRegoper:
    case type_oid::kRegoperator:
      return "operator";
    case type_oid::kRegcollation:
      return "collation";
    default:
      return "function";
  }
}

Status ApplyArrayTypmod(SqlType target, Oid element, bool is_explicit, Vector* vector, size_t row) {
  const ArrayReader array(vector->View(row));
  ArrayBuilder builder(element, array.element_physical());
  Vector scratch({element, target.typmod}, array.element_physical());
  for (uint32_t i = 0; i < array.size(); ++i) {
    array.Load(i, &scratch, 0);
    if (!array.IsNull(i))
      HELIOS_TRY(ApplyTypmod({element, target.typmod}, is_explicit, &scratch, 0));
    builder.AddFrom(scratch, 0);
  }
  if (array.dimension_count() == 0) return Status::Ok();
  std::vector<int32_t> dimensions;
  std::vector<int32_t> lower_bounds;
  for (int32_t i = 0; i < array.dimension_count(); ++i) {
    dimensions.push_back(array.dimension(i));
    lower_bounds.push_back(array.lower_bound(i));
  }
  vector->SetString(row, builder.Finish(dimensions, lower_bounds));
  return Status::Ok();
}

}  // namespace

std::string_view IntervalFieldsName(int32_t range) {
  switch (range) {
    case kYear:
      return " year";
    case kMonth:
      return " month";
    case kDay:
      return " day";
    case kHour:
      return " hour";
    case kMinute:
      return " minute";
    case kSecond:
      return " second";
    case kYear | kMonth:
      return " year to month";
    case kDay | kHour:
      return " day to hour";
    case kDay | kHour | kMinute:
      return " day to minute";
    case kDay | kHour | kMinute | kSecond:
      return " day to second";
    case kHour | kMinute:
      return " hour to minute";
    case kHour | kMinute | kSecond:
      return " hour to second";
    case kMinute | kSecond:
      return " minute to second";
    default:
      return "";
  }
}

std::string FormatType(SqlType type, const TypeLookup* lookup) {
  const TypeInfo* known = FindType(type.oid);
  if (known == nullptr) {
    const TypeLookup::UserType* user = lookup == nullptr ? nullptr : lookup->FindUserType(type.oid);
    if (user == nullptr) return "???";
    if (user->kind == TypeLookup::UserKind::kArray && user->element != kInvalidOid) {
      return FormatType({user->element, type.typmod}, lookup) + "[]";
    }
    return user->sql_name;
  }
  if (known->category == TypeCategory::kArray && known->element != kInvalidOid &&
      known->name.starts_with('_')) {
    return FormatType({known->element, type.typmod}, lookup) + "[]";
  }
  if (type.typmod < 0) return std::string(known->sql_name);
  switch (type.oid) {
    case type_oid::kBpchar:
    case type_oid::kVarchar:
      return fmt::format("{}({})", known->sql_name, type.typmod - 4);
    case type_oid::kBit:
    case type_oid::kVarbit:
      return fmt::format("{}({})", known->sql_name, type.typmod);
    case type_oid::kNumeric:
      return fmt::format("numeric({},{})", NumericTypmodPrecision(type.typmod),
                         NumericTypmodScale(type.typmod));
    case type_oid::kTime:
      return fmt::format("time({}) without time zone", type.typmod);
    case type_oid::kTimetz:
      return fmt::format("time({}) with time zone", type.typmod);
    case type_oid::kTimestamp:
      return fmt::format("timestamp({}) without time zone", type.typmod);
    case type_oid::kTimestamptz:
      return fmt::format("timestamp({}) with time zone", type.typmod);
    case type_oid::kInterval:
      return FormatIntervalType(type.typmod);
    default:
      return std::string(known->sql_name);
  }
}

Result<int32_t> MakeTypmod(Oid type, const std::vector<int64_t>& modifiers) {
  switch (type) {
    case type_oid::kVarchar:
      return LengthTypmod("varchar", modifiers, kCharLengthMax, 4);
    case type_oid::kBpchar:
      return LengthTypmod("char", modifiers, kCharLengthMax, 4);
    case type_oid::kBit:
      return LengthTypmod("bit", modifiers, kBitLengthMax, 0);
    case type_oid::kVarbit:
      return LengthTypmod("varbit", modifiers, kBitLengthMax, 0);
    case type_oid::kTime:
      return SecondsTypmod("TIME", "", modifiers);
    case type_oid::kTimetz:
      return SecondsTypmod("TIME", " WITH TIME ZONE", modifiers);
    case type_oid::kTimestamp:
      return SecondsTypmod("TIMESTAMP", "", modifiers);
    case type_oid::kTimestamptz:
      return SecondsTypmod("TIMESTAMP", " WITH TIME ZONE", modifiers);
    case type_oid::kInterval:
      return IntervalModifiers(modifiers);
    case type_oid::kNumeric: {
      if (modifiers.empty() || modifiers.size() > 2) return InvalidModifier("NUMERIC ");
      const auto narrow = [](int64_t value) {
        return static_cast<int32_t>(std::clamp<int64_t>(value, INT32_MIN, INT32_MAX));
      };
      return NumericTypmod(narrow(modifiers[0]), modifiers.size() == 2 ? narrow(modifiers[1]) : 0);
    }
    default:
      break;
  }
  const TypeInfo* known = FindType(type);
  if (known != nullptr && known->element != kInvalidOid)
    return MakeTypmod(known->element, modifiers);
  return Error(ErrorCode::kSyntaxError)
      .Message("type modifier is not allowed for type \"{}\"",
               known == nullptr ? std::string_view("?") : known->name);
}

bool HasTypmodCoercion(SqlType target) {
  if (target.typmod < 0) return false;
  switch (target.oid) {
    case type_oid::kVarchar:
    case type_oid::kBpchar:
    case type_oid::kBit:
    case type_oid::kVarbit:
    case type_oid::kNumeric:
    case type_oid::kTime:
    case type_oid::kTimetz:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kInterval:
      return true;
    default:
      break;
  }
  const TypeInfo* known = FindType(target.oid);
  return known != nullptr && known->element != kInvalidOid &&
         HasTypmodCoercion({known->element, target.typmod});
}

Status ApplyTypmod(SqlType target, bool is_explicit, Vector* vector, size_t row) {
  if (target.typmod < 0 || vector->IsNull(row)) return Status::Ok();
  switch (target.oid) {
    case type_oid::kVarchar:
    case type_oid::kBpchar: {
      const StringRef value = vector->At<StringRef>(row);
      std::string_view text = value.view();
      std::string scratch;
      HELIOS_TRY(ApplyTextTypmod(target, is_explicit, &text, &scratch));
      // A text that was only cut may go on pointing into the old bytes.
      if (scratch.empty() && text.size() > StringRef::kInlineBytesMax) {
        vector->Set(row, StringRef(text));
      } else {
        vector->SetString(row, text);
      }
      return Status::Ok();
    }
    case type_oid::kNumeric: {
      const StringRef value = vector->At<StringRef>(row);
      SmallNumeric small;
      if (DecodeSmallNumeric(value, &small) && small.scale == NumericTypmodScale(target.typmod) &&
          std::abs(static_cast<double>(small.coefficient)) <
              std::pow(10.0, std::min(NumericTypmodPrecision(target.typmod), 15))) {
        return Status::Ok();
      }
      HELIOS_TRY(const Numeric rounded, Numeric::Decode(value.view()).ApplyTypmod(target.typmod));
      vector->SetString(row, rounded.Encode());
      return Status::Ok();
    }
    case type_oid::kBit:
    case type_oid::kVarbit: {
      HELIOS_TRY(const std::string bits,
                 ApplyBitTypmod(target, std::string(vector->View(row)), is_explicit));
      vector->SetString(row, bits);
      return Status::Ok();
    }
    case type_oid::kTime:
      vector->Set(row, RoundTime(vector->At<int64_t>(row), target.typmod));
      return Status::Ok();
    case type_oid::kTimetz: {
      TimeTz time = vector->At<TimeTz>(row);
      time.microseconds = RoundTime(time.microseconds, target.typmod);
      vector->Set(row, time);
      return Status::Ok();
    }
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
      vector->Set(row, RoundTimestamp(vector->At<int64_t>(row), target.typmod));
      return Status::Ok();
    case type_oid::kInterval: {
      HELIOS_TRY(const Interval interval,
                 ApplyIntervalTypmod(vector->At<Interval>(row), target.typmod));
      vector->Set(row, interval);
      return Status::Ok();
    }
    default:
      break;
  }
  const TypeInfo* known = FindType(target.oid);
  if (known == nullptr || known->element == kInvalidOid ||
      !HasTypmodCoercion({known->element, target.typmod})) {
    return Status::Ok();
  }
  return ApplyArrayTypmod(target, known->element, is_explicit, vector, row);
}

bool IsRegType(Oid oid) {
  switch (oid) {
    case type_oid::kRegproc:
    case type_oid::kRegprocedure:
    case type_oid::kRegoper:
    case type_oid::kRegoperator:
    case type_oid::kRegclass:
    case type_oid::kRegtype:
    case type_oid::kRegrole:
    case type_oid::kRegnamespace:
    case type_oid::kRegcollation:
      return true;
    default:
      return false;
  }
}

Result<Oid> ParseRegType(Oid reg_type, std::string_view text, const TypeLookup* lookup) {
  if (text == "-") return kInvalidOid;
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    return ParseOid(text);
  }
  if (lookup != nullptr) return lookup->ResolveName(reg_type, text);
  if (reg_type == type_oid::kRegtype) {
    if (const TypeInfo* type = FindTypeByName(text)) return type->oid;
  }
  return Error(ErrorCode::kUndefinedObject)
      .Message("{} \"{}\" does not exist", RegTypeKind(reg_type), text);
}

void FormatRegType(Oid reg_type, Oid value, const TypeLookup* lookup, std::string* out) {
  if (value == kInvalidOid) {
    out->append(reg_type == type_oid::kRegoper || reg_type == type_oid::kRegoperator ? "0" : "-");
    return;
  }
  std::optional<std::string> name;
  if (lookup != nullptr) name = lookup->NameOf(reg_type, value);
  if (!name.has_value() && reg_type == type_oid::kRegtype && FindType(value) != nullptr) {
    name = FormatType({value, -1}, lookup);
  }
  if (name.has_value()) {
    out->append(*name);
  } else {
    FormatInt64(value, out);
  }
}

Result<int64_t> ParseMoney(std::string_view text) {
  const auto invalid = [text] {
    return Error(ErrorCode::kInvalidTextRepresentation)
        .Message("invalid input syntax for type money: \"{}\"", text)
        .ToStatus();
  };
  std::string_view body = TrimSpaces(text);
  bool negative = false;
  const auto take = [&body](char c) {
    if (body.empty() || body[0] != c) return false;
    body.remove_prefix(1);
    body = TrimSpaces(body);
    return true;
  };
  if (body.size() > 1 && body.front() == '(' && body.back() == ')') {
    negative = true;
    body = TrimSpaces(body.substr(1, body.size() - 2));
  }
  take('$');
  if (take('-')) negative = true;
  take('+');
  take('$');
  std::string digits;
  int decimals = -1;
  for (char c : body) {
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
      if (decimals >= 0) ++decimals;
    } else if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (c != ',' || decimals >= 0) {
      return invalid();
    }
  }
  if (digits.empty()) return invalid();
  const Numeric value = Numeric::FromDigits(negative, digits, std::max(decimals, 0));
  const Numeric cents = Numeric::Multiply(value, Numeric::FromInt64(100)).value();
  const Result<int64_t> result = cents.ToInt64();
  if (!result.ok()) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("value \"{}\" is out of range for type money", text);
  }
  return *result;
}

void FormatMoney(int64_t cents, std::string* out) {
  const uint64_t size =
      cents < 0 ? ~static_cast<uint64_t>(cents) + 1 : static_cast<uint64_t>(cents);
  std::string dollars = fmt::format("{}", size / 100);
  for (size_t at = dollars.size(); at > 3;) {
    at -= 3;
    dollars.insert(at, ",");
  }
  out->append(fmt::format("{}${}.{:02}", cents < 0 ? "-" : "", dollars, size % 100));
}

}  // namespace helios
