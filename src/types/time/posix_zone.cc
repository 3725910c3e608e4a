#include "types/time/posix_zone.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "types/datetime.h"

namespace helios {

namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool TakeNumber(std::string_view* text, int32_t value_max, int32_t* out) {
  int32_t value = 0;
  size_t digits = 0;
  while (digits < text->size() && IsDigit((*text)[digits])) {
    value = value * 10 + ((*text)[digits++] - '0');
    if (value > value_max) return false;
  }
  if (digits == 0) return false;
  text->remove_prefix(digits);
  *out = value;
  return true;
}

bool TakeName(std::string_view* text, std::string* out) {
  if (!text->empty() && (*text)[0] == '<') {
    const size_t end = text->find('>');
    if (end == std::string_view::npos || end < 2) return false;
    *out = text->substr(1, end - 1);
    text->remove_prefix(end + 1);
    return true;
  }
  size_t length = 0;
  while (length < text->size() && IsLetter((*text)[length])) ++length;
  if (length < 3) return false;
  *out = text->substr(0, length);
  text->remove_prefix(length);
  return true;
}

// [+-]hh[:mm[:ss]]
bool TakeTime(std::string_view* text, int32_t* seconds) {
  bool negative = false;
  if (!text->empty() && ((*text)[0] == '+' || (*text)[0] == '-')) {
    negative = (*text)[0] == '-';
    text->remove_prefix(1);
  }
  int32_t total = 0;
  int32_t part = 0;
  int32_t unit = 3600;
  if (!TakeNumber(text, 167, &part)) return false;
  total = part * unit;
  while (unit > 1 && !text->empty() && (*text)[0] == ':') {
    text->remove_prefix(1);
    unit /= 60;
    if (!TakeNumber(text, 59, &part)) return false;
    total += part * unit;
  }
  *seconds = negative ? -total : total;
  return true;
}

bool TakeRule(std::string_view* text, PosixZone::Rule* rule) {
  if (text->size() < 2 || !text->starts_with(",M")) return false;
  text->remove_prefix(2);
  const auto dot = [text] {
    if (text->empty() || (*text)[0] != '.') return false;
    text->remove_prefix(1);
    return true;
  };
  if (!TakeNumber(text, 12, &rule->month) || !dot() || !TakeNumber(text, 5, &rule->week) ||
      !dot() || !TakeNumber(text, 6, &rule->weekday) || rule->month == 0 || rule->week == 0) {
    return false;
  }
  rule->seconds = 7200;
  if (!text->empty() && (*text)[0] == '/') {
    text->remove_prefix(1);
    return TakeTime(text, &rule->seconds);
  }
  return true;
}

// Local seconds since 2000 when the rule strikes in `year`.
int64_t RuleSeconds(const PosixZone::Rule& rule, int32_t year) {
  const auto first = static_cast<int32_t>(DaysFromCivil(year, rule.month, 1));
  int32_t day = (rule.weekday - DayOfWeek(first) + 7) % 7 + 7 * (rule.week - 1);
  while (day >= DaysInMonth(year, rule.month)) day -= 7;
  return (int64_t{first} + day) * 86400 + rule.seconds;
}

}  // namespace

PosixZone::Period PosixZone::AtUtc(int64_t utc_seconds) const {
  if (dst_name.empty()) return {std_seconds_east, false};
  const int64_t local = utc_seconds + std_seconds_east;
  const int32_t year = CivilFromTimestamp(local * kMicrosPerSecond).year;
  const int64_t begin = RuleSeconds(dst_begin, year) - std_seconds_east;
  const int64_t end = RuleSeconds(dst_end, year) - dst_seconds_east;
  const bool is_dst = begin < end ? utc_seconds >= begin && utc_seconds < end
                                  : utc_seconds >= begin || utc_seconds < end;
  return {is_dst ? dst_seconds_east : std_seconds_east, is_dst};
}

int32_t PosixZone::AtLocal(int64_t local_seconds) const {
  if (dst_name.empty()) return std_seconds_east;
  const Period as_std = AtUtc(local_seconds - std_seconds_east);
  const Period as_dst = AtUtc(local_seconds - dst_seconds_east);
  return as_std.is_dst && as_dst.is_dst ? dst_seconds_east : std_seconds_east;
}

std::optional<PosixZone> ParsePosixZone(std::string_view text) {
  PosixZone zone;
  int32_t west = 0;
  if (!TakeName(&text, &zone.std_name) || !TakeTime(&text, &west)) return std::nullopt;
  zone.std_seconds_east = -west;
  if (text.empty()) return zone;
  if (!TakeName(&text, &zone.dst_name)) return std::nullopt;
  zone.dst_seconds_east = zone.std_seconds_east + 3600;
  if (!text.empty() && text[0] != ',') {
    if (!TakeTime(&text, &west)) return std::nullopt;
    zone.dst_seconds_east = -west;
  }
  if (text.empty()) return zone;
  if (!TakeRule(&text, &zone.dst_begin) || !TakeRule(&text, &zone.dst_end) || !text.empty()) {
    return std::nullopt;
  }
  return zone;
}

PosixZone FixedPosixZone(int32_t seconds_east) {
  PosixZone zone;
  zone.std_seconds_east = seconds_east;
  const std::string name = FixedPosixZoneName(seconds_east);
  zone.std_name = name.substr(1, name.find('>') - 1);
  return zone;
}

std::string FixedPosixZoneName(int32_t seconds_east) {
  const int32_t size = std::abs(seconds_east);
  std::string digits = fmt::format("{:02}", size / 3600);
  if (size % 3600 != 0) digits += fmt::format(":{:02}", size / 60 % 60);
  if (size % 60 != 0) digits += fmt::format(":{:02}", size % 60);
  const char shown = seconds_east < 0 ? '-' : '+';
  const char posix = seconds_east < 0 ? '+' : '-';
  return fmt::format("<{}{}>{}{}", shown, digits, posix, digits);
}

}  // namespace helios
