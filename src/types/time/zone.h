#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace helios {

// A time zone: a named one of the system's tz database, a POSIX-style one ("EST5EDT4"), or a fixed
// offset. Timestamps are microseconds since 2000-01-01, as in datetime.h.
//
// Thread safety: all calls, from any thread. Lifetime: zones are interned and live forever.
class TimeZone {
 public:
  struct Offset {
    int32_t seconds_east = 0;
    bool is_dst = false;
  };

  static const TimeZone& Utc();
  // By name ("Europe/Paris", "utc"; case does not matter), abbreviation in use ("EST"), POSIX
  // string
  // ("<+03>-3", "EST5EDT"), or number of hours ("-5", "+5:30"). Null when it is none of them.
  static const TimeZone* Find(std::string_view name);
  // As SET timezone and AT TIME ZONE report: 22023 `time zone "x" not recognized`.
  static Result<const TimeZone*> FindOrError(std::string_view name);
  // A fixed offset, seconds east of Greenwich; its name is as PostgreSQL shows it: "<+02>-02".
  static const TimeZone& Fixed(int32_t seconds_east);

  const std::string& name() const { return name_; }
  Offset AtUtc(int64_t utc_us) const;
  // "CET"; "+03" of zones without letters.
  std::string AbbreviationAtUtc(int64_t utc_us) const;
  // The offset that local time `local_us` has. In a gap (spring) and in a repeated hour (autumn) it
  // is standard time, as PostgreSQL decides.
  int32_t SecondsEastOfLocal(int64_t local_us) const;

  // An abbreviation of pg_timezone_abbrevs: a fixed offset.
  struct Abbreviation {
    std::string_view name;  // Upper case.
    int32_t seconds_east;
    bool is_dst;
  };
  static const Abbreviation* FindAbbreviation(std::string_view name);
  static const std::vector<Abbreviation>& Abbreviations();
  // Names of the tz database, sorted: for pg_timezone_names.
  static std::vector<std::string> AllNames();

  struct Rules;
  // For the registry of zones.
  TimeZone(std::string name, const Rules* rules) : name_(std::move(name)), rules_(rules) {}

 private:
  const std::string name_;
  const Rules* const rules_;
};

}  // namespace helios
