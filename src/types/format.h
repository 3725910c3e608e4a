#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/datetime.h"
#include "types/numeric.h"

namespace helios {

// to_char, to_date, to_timestamp and to_number with PostgreSQL's template patterns.

// An infinite value gives an empty string (SQL NULL is the caller's to return): see
// IsFiniteTimestamp.
Result<std::string> TimestampToChar(int64_t timestamp, std::string_view format);
Result<std::string> TimestamptzToChar(int64_t utc, std::string_view format, const TimeZone& zone);
Result<std::string> IntervalToChar(const Interval& interval, std::string_view format);

Result<int64_t> ToTimestamp(std::string_view text, std::string_view format, const TimeZone& zone);
Result<int32_t> ToDate(std::string_view text, std::string_view format);

Result<std::string> NumericToChar(const Numeric& value, std::string_view format);
Result<std::string> Int64ToChar(int64_t value, std::string_view format);
Result<std::string> DoubleToChar(double value, std::string_view format, int32_t significant_digits);
Result<Numeric> ToNumber(std::string_view text, std::string_view format);

}  // namespace helios
