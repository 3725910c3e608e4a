// EXTRACT, date_trunc, date_bin, make_*, AT TIME ZONE, to_char and its reverses.

#include "types/datetime_fields.h"

#include "expr/internal/datetime_call.h"
#include "expr/internal/families.h"
#include "types/format.h"

namespace helios::expr {
namespace {

// --- extract and date_part ---

template <Oid kType>
Result<ExtractedField> ExtractRow(FunctionCall& call, std::string_view field, const Vector& value,
                                  size_t row) {
  if constexpr (kType == type_oid::kDate) return ExtractFromDate(field, value.At<int32_t>(row));
  if constexpr (kType == type_oid::kTime) return ExtractFromTime(field, value.At<int64_t>(row));
  if constexpr (kType == type_oid::kTimetz) return ExtractFromTimeTz(field, value.At<TimeTz>(row));
  if constexpr (kType == type_oid::kInterval) {
    return ExtractFromInterval(field, value.At<Interval>(row));
  }
  if constexpr (kType == type_oid::kTimestamptz) {
    return ExtractFromTimestamptz(field, value.At<int64_t>(row), ZoneOf(call));
  }
  return ExtractFromTimestamp(field, value.At<int64_t>(row));
}

// Year, month and day of finite dates and timestamps: what analytic queries group by.
bool ExtractCalendarField(DateTimeField field, bool is_date, const Vector& value, size_t row,
                          int64_t* result) {
  CivilTime civil;
  if (is_date) {
    const int32_t date = value.At<int32_t>(row);
    if (!IsFiniteDate(date)) return false;
    civil = CivilFromDays(date);
  } else {
    const int64_t timestamp = value.At<int64_t>(row);
    if (!IsFiniteTimestamp(timestamp)) return false;
    civil = CivilFromTimestamp(timestamp);
  }
  if (field == DateTimeField::kMonth) *result = civil.month;
  if (field == DateTimeField::kDay) *result = civil.day;
  if (field == DateTimeField::kYear) {
    // There is no year 0: astronomical 0 is 1 BC.
    *result = civil.year > 0 ? civil.year : civil.year - 1;
  }
  return true;
}

void StoreField(int64_t value, PhysicalType physical, Vector* out, size_t row) {
  if (physical == PhysicalType::kFloat64) {
    out->Data<double>()[row] = static_cast<double>(value);
  } else {
    out->Data<StringRef>()[row] = EncodeSmallNumeric(value, 0);
  }
}

// extract() gives numeric, date_part() double precision.
template <Oid kType>
Status Extract(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& fields = *arguments[0];
  const Vector& values = *arguments[1];
  constexpr bool kHasCalendar = kType == type_oid::kDate || kType == type_oid::kTimestamp;
  DateTimeField field = DateTimeField::kEpoch;
  const bool fast = kHasCalendar && fields.is_constant() && !fields.IsNull(0) &&
                    FindDateTimeField(fields.View(0), &field) &&
                    (field == DateTimeField::kYear || field == DateTimeField::kMonth ||
                     field == DateTimeField::kDay);
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    int64_t small = 0;
    if (fast && ExtractCalendarField(field, kType == type_oid::kDate, values, row, &small)) {
      StoreField(small, out->physical(), out, row);
      continue;
    }
    HELIOS_TRY(const ExtractedField extracted,
               ExtractRow<kType>(call, fields.View(row), values, row));
    if (extracted.kind == ExtractedField::Kind::kNull) {
      out->SetNull(row);
    } else if (out->physical() == PhysicalType::kFloat64) {
      out->Data<double>()[row] = extracted.ToDouble();
    } else {
      out->SetString(row, extracted.ToNumeric().Encode());
    }
  }
  return Status::Ok();
}

// date_part() of a date is that of its midnight: hours are 0, not an error as in extract().
Status DatePartOfDate(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& dates = *arguments[1];
  Vector midnights({type_oid::kTimestamp}, PhysicalType::kInt64);
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    HELIOS_TRY(const int64_t midnight, TimestampFromDate(dates.At<int32_t>(row)));
    midnights.Set<int64_t>(row, midnight);
  }
  const Vector* shown[] = {arguments[0], &midnights};
  return Extract<type_oid::kTimestamp>(call, shown, row_count, out);
}

// --- date_trunc ---

Result<int64_t> TruncateZoned(FunctionCall& call, std::string_view field, int64_t utc) {
  return TruncateTimestamptz(field, utc, ZoneOf(call));
}
Result<int64_t> TruncateInZone(std::string_view field, int64_t utc, std::string_view zone_name) {
  HELIOS_TRY(const TimeZone* zone, TimeZone::FindOrError(zone_name));
  return TruncateTimestamptz(field, utc, *zone);
}
// --- make_* ---

Result<int64_t> MakeZoned(FunctionCall& call, int32_t year, int32_t month, int32_t day,
                          int32_t hour, int32_t minute, double second) {
  return MakeTimestamptz(year, month, day, hour, minute, second, ZoneOf(call));
}
Result<int64_t> MakeInZone(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute,
                           double second, std::string_view zone_name) {
  HELIOS_TRY(const TimeZone* zone, TimeZone::FindOrError(zone_name));
  return MakeTimestamptz(year, month, day, hour, minute, second, *zone);
}

// --- AT TIME ZONE ---

Result<int64_t> UtcAtZone(std::string_view zone_name, int64_t utc) {
  HELIOS_TRY(const TimeZone* zone, TimeZone::FindOrError(zone_name));
  return TimestampFromTimestamptz(utc, *zone);
}
Result<int64_t> LocalAtZone(std::string_view zone_name, int64_t local) {
  HELIOS_TRY(const TimeZone* zone, TimeZone::FindOrError(zone_name));
  return TimestamptzFromTimestamp(local, *zone);
}
Result<TimeTz> TimeTzInZone(FunctionCall& call, std::string_view zone_name, const TimeTz& time) {
  HELIOS_TRY(const TimeZone* zone, TimeZone::FindOrError(zone_name));
  return TimeTzAtZone(time, *zone, call.context.transaction_start_us);
}
Result<int32_t> SecondsEast(FunctionCall& call, const Interval& offset) {
  if (offset.months != 0 || offset.days != 0) {
    std::string text;
    FormatInterval(offset, call.context.text_format.interval_style, &text);
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("interval time zone \"{}\" must not include months or days", text);
  }
  return static_cast<int32_t>(offset.microseconds / kMicrosPerSecond);
}
Status TimestampOutOfRange() {
  return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
}
Result<int64_t> UtcAtOffset(FunctionCall& call, const Interval& offset, int64_t utc) {
  if (!IsFiniteTimestamp(utc)) return utc;
  HELIOS_TRY(const int32_t seconds, SecondsEast(call, offset));
  const int64_t local = utc + seconds * kMicrosPerSecond;
  if (!IsValidTimestamp(local)) return TimestampOutOfRange();
  return local;
}
Result<int64_t> LocalAtOffset(FunctionCall& call, const Interval& offset, int64_t local) {
  if (!IsFiniteTimestamp(local)) return local;
  HELIOS_TRY(const int32_t seconds, SecondsEast(call, offset));
  const int64_t utc = local - seconds * kMicrosPerSecond;
  if (!IsValidTimestamp(utc)) return TimestampOutOfRange();
  return utc;
}
Result<TimeTz> TimeTzInOffset(FunctionCall& call, const Interval& offset, const TimeTz& time) {
  HELIOS_TRY(const int32_t seconds, SecondsEast(call, offset));
  return TimeTzAtOffset(time, -seconds);
}

// --- to_char and its reverses ---

using MaybeText = std::optional<std::string>;

Result<MaybeText> TimestampText(int64_t timestamp, std::string_view format) {
  if (format.empty() || !IsFiniteTimestamp(timestamp)) return MaybeText();
  HELIOS_TRY(std::string text, TimestampToChar(timestamp, format));
  return MaybeText(std::move(text));
}
Result<MaybeText> TimestamptzText(FunctionCall& call, int64_t utc, std::string_view format) {
  if (format.empty() || !IsFiniteTimestamp(utc)) return MaybeText();
  HELIOS_TRY(std::string text, TimestamptzToChar(utc, format, ZoneOf(call)));
  return MaybeText(std::move(text));
}
Result<MaybeText> IntervalText(const Interval& interval, std::string_view format) {
  if (format.empty()) return MaybeText();
  HELIOS_TRY(std::string text, IntervalToChar(interval, format));
  return MaybeText(std::move(text));
}
Result<std::string> NumericText(const Numeric& value, std::string_view format) {
  return NumericToChar(value, format);
}
Result<std::string> Int32Text(int32_t value, std::string_view format) {
  return Int64ToChar(value, format);
}
Result<std::string> Int64Text(int64_t value, std::string_view format) {
  return Int64ToChar(value, format);
}
Result<std::string> FloatText(float value, std::string_view format) {
  return DoubleToChar(static_cast<double>(value), format, 6);
}
Result<std::string> DoubleText(double value, std::string_view format) {
  return DoubleToChar(value, format, 15);
}
Result<int64_t> TimestampOfText(FunctionCall& call, std::string_view text,
                                std::string_view format) {
  return ToTimestamp(text, format, ZoneOf(call));
}
Result<std::optional<Numeric>> NumberOfText(std::string_view text, std::string_view format) {
  if (format.empty()) return std::optional<Numeric>();
  HELIOS_TRY(Numeric value, ToNumber(text, format));
  return std::optional<Numeric>(std::move(value));
}

constexpr KernelEntry kKernels[] = {
    {"extract_date", Extract<type_oid::kDate>},
    {"extract_time", Extract<type_oid::kTime>},
    {"extract_timetz", Extract<type_oid::kTimetz>},
    {"extract_timestamp", Extract<type_oid::kTimestamp>},
    {"extract_timestamptz", Extract<type_oid::kTimestamptz>},
    {"extract_interval", Extract<type_oid::kInterval>},
    {"sql_1384", DatePartOfDate},
    {"time_part", Extract<type_oid::kTime>},
    {"timetz_part", Extract<type_oid::kTimetz>},
    {"timestamp_part", Extract<type_oid::kTimestamp>},
    {"timestamptz_part", Extract<type_oid::kTimestamptz>},
    {"interval_part", Extract<type_oid::kInterval>},
    {"timestamp_trunc", Map<TruncateTimestamp>},
    {"timestamptz_trunc", Map<TruncateZoned>},
    {"timestamptz_trunc_zone", Map<TruncateInZone>},
    {"interval_trunc", Map<TruncateInterval>},
    {"timestamp_bin", Map<BinTimestamp>},
    {"timestamptz_bin", Map<BinTimestamp>},
    {"make_date", Map<MakeDate>},
    {"make_time", Map<MakeTime>},
    {"make_timestamp", Map<MakeTimestamp>},
    {"make_timestamptz", Map<MakeZoned>},
    {"make_timestamptz_at_timezone", Map<MakeInZone>},
    {"make_interval", Map<MakeInterval>},
    {"timestamptz_zone", Map<UtcAtZone>},
    {"timestamp_zone", Map<LocalAtZone>},
    {"timetz_zone", Map<TimeTzInZone>},
    {"timestamptz_izone", Map<UtcAtOffset>},
    {"timestamp_izone", Map<LocalAtOffset>},
    {"timetz_izone", Map<TimeTzInOffset>},
    {"timestamp_to_char", Map<TimestampText>},
    {"timestamptz_to_char", Map<TimestamptzText>},
    {"interval_to_char", Map<IntervalText>},
    {"numeric_to_char", Map<NumericText>},
    {"int4_to_char", Map<Int32Text>},
    {"int8_to_char", Map<Int64Text>},
    {"float4_to_char", Map<FloatText>},
    {"float8_to_char", Map<DoubleText>},
    {"to_date", Map<ToDate>},
    {"to_timestamp", Map<TimestampOfText>},
    {"numeric_to_number", Map<NumberOfText>},
};

}  // namespace

std::span<const KernelEntry> DateTimeFieldKernels() { return kKernels; }

}  // namespace helios::expr
