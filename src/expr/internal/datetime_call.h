#pragma once

#include "expr/internal/kernel.h"
#include "types/datetime.h"
#include "types/io.h"
#include "types/time/zone.h"

namespace helios::expr {

inline const TimeZone& ZoneOf(const FunctionCall& call) {
  const TimeZone* zone = call.context.text_format.zone;
  return zone == nullptr ? TimeZone::Utc() : *zone;
}
inline constexpr int64_t kUnixEpochMicros = int64_t{kUnixEpochDays} * kMicrosPerDay;

}  // namespace helios::expr
