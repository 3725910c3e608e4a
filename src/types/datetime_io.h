#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/datetime.h"

namespace helios {

enum class DateStyle : uint8_t { kIso, kSql, kPostgres, kGerman };
enum class DateOrder : uint8_t { kYmd, kDmy, kMdy };
enum class IntervalStyle : uint8_t { kPostgres, kPostgresVerbose, kSqlStandard, kIso8601 };

// What the text of a date or time means besides its letters.
struct DateTimeContext {
  DateOrder order = DateOrder::kMdy;
  const TimeZone* zone = nullptr;  // Null means UTC.
  int64_t now_us = 0;              // The transaction's start (timestamptz): 'now', 'today'.
};

// Text in. 22007 `invalid input syntax for type date: "x"`, 22008 `date/time field value out of
// range: "x"`, 22009, 22023 for unknown time zones. Typmods are applied by the caller
// (ApplyTypmod).
Result<int32_t> ParseDate(std::string_view text, const DateTimeContext& context);
Result<int64_t> ParseTime(std::string_view text, const DateTimeContext& context);
Result<TimeTz> ParseTimeTz(std::string_view text, const DateTimeContext& context);
Result<int64_t> ParseTimestamp(std::string_view text, const DateTimeContext& context);
Result<int64_t> ParseTimestamptz(std::string_view text, const DateTimeContext& context);
// `typmod` restricts the fields and decides what a bare number means; it is applied to the result.
Result<Interval> ParseInterval(std::string_view text, int32_t typmod, IntervalStyle style);

// Text out; each appends.
void FormatDate(int32_t date, DateStyle style, DateOrder order, std::string* out);
void FormatTime(int64_t time, std::string* out);
void FormatTimeTz(const TimeTz& time, DateStyle style, std::string* out);
void FormatTimestamp(int64_t timestamp, DateStyle style, DateOrder order, std::string* out);
void FormatTimestamptz(int64_t utc, DateStyle style, DateOrder order, const TimeZone& zone,
                       std::string* out);
void FormatInterval(const Interval& interval, IntervalStyle style, std::string* out);

// "ISO, MDY" and the like: SET datestyle and SHOW. 22023 on nonsense; parts not named keep.
Status ParseDateStyle(std::string_view text, DateStyle* style, DateOrder* order);
std::string DateStyleName(DateStyle style, DateOrder order);
Result<IntervalStyle> ParseIntervalStyle(std::string_view text);
std::string_view IntervalStyleName(IntervalStyle style);

}  // namespace helios
