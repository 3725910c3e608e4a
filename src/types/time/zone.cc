// Named zones come from the system's tz database through Howard Hinnant's date library. Its tables
// end in 2037; a later year is looked up as the year between 2010 and 2037 that has the same
// calendar, which is what the rules of the last table entry mean.

#include "types/time/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "types/datetime.h"
#include "types/time/posix_zone.h"

namespace helios {

struct TimeZone::Rules {
  const date::time_zone* named = nullptr;  // Else `posix` holds.
  PosixZone posix;
};

namespace {

constexpr int64_t kUnixEpochSeconds = int64_t{kUnixEpochDays} * 86400;
constexpr int32_t kTableEndYear = 2037;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

int64_t FloorSeconds(int64_t us) {
  return us >= 0 ? us / kMicrosPerSecond : -((-(us + 1)) / kMicrosPerSecond) - 1;
}

// Seconds since 1970 of the same moment, moved into a year that the tables cover.
int64_t TableSeconds(int64_t us) {
  const int64_t seconds = FloorSeconds(us);
  constexpr int64_t kTableEnd = (37 * 365 + 10) * int64_t{86400};  // 2037-01-01
  if (seconds < kTableEnd) return seconds + kUnixEpochSeconds;
  const int32_t year = CivilFromTimestamp(seconds * kMicrosPerSecond).year;
  const int64_t first_day = DaysFromCivil(year, 1, 1);
  for (int32_t same = kTableEndYear - 27; same < kTableEndYear; ++same) {
    const int64_t same_day = DaysFromCivil(same, 1, 1);
    if (IsLeapYear(same) == IsLeapYear(year) && (first_day - same_day) % 7 == 0) {
      return seconds - (first_day - same_day) * 86400 + kUnixEpochSeconds;
    }
  }
  return seconds + kUnixEpochSeconds;
}

// Zones made so far, by lower-case name.
//
// Thread safety: all calls, from any thread.
class Registry {
 public:
  static Registry& Get() {
    // Never destroyed: zones live forever.
    static Registry* registry = new Registry;
    return *registry;
  }

  const TimeZone* Find(std::string_view name) {
    const std::string key = Lower(name);
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = zones_.find(key);
    if (known != zones_.end()) return known->second;
    const auto named = names_.find(key);
    TimeZone::Rules rules;
    std::string shown(name);
    if (named != names_.end()) {
      rules.named = named->second;
      shown = named->second->name();
    } else if (std::optional<PosixZone> posix = ParsePosixZone(name)) {
      rules.posix = *posix;
      std::transform(shown.begin(), shown.end(), shown.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    } else {
      return nullptr;
    }
    return Add(key, shown, rules);
  }

  const TimeZone& Fixed(int32_t seconds_east) {
    const PosixZone posix = FixedPosixZone(seconds_east);
    const std::string shown = FixedPosixZoneName(seconds_east);
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = zones_.find(shown);
    if (known != zones_.end()) return *known->second;
    TimeZone::Rules rules;
    rules.posix = posix;
    return *Add(shown, shown, rules);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [key, zone] : names_) names.push_back(zone->name());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  Registry() {
    try {
      for (const date::time_zone& zone : date::get_tzdb().zones) {
        names_.emplace(Lower(zone.name()), &zone);
      }
    } catch (const std::exception&) {
      // No tz database on this machine: only fixed and POSIX-style zones are known.
    }
  }

  // Strings from the outside make zones, so their number has a bound.
  static constexpr size_t kZonesMax = 20000;

  const TimeZone* Add(const std::string& key, const std::string& shown,
                      const TimeZone::Rules& rules) {
    if (zones_.size() >= kZonesMax) return nullptr;
    const TimeZone* zone = new TimeZone(shown, new TimeZone::Rules(rules));
    zones_.emplace(key, zone);
    return zone;
  }

  std::mutex mutex_;
  std::map<std::string, const TimeZone*> zones_;
  std::map<std::string, const date::time_zone*> names_;
};

// "-5", "+5:30", "5.5": hours east of Greenwich.
std::optional<int32_t> ParseHours(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  if (copy.empty() || !((copy[0] >= '0' && copy[0] <= '9') || copy[0] == '-' || copy[0] == '+')) {
    return std::nullopt;
  }
  double hours = std::strtod(copy.c_str(), &end);
  if (*end == ':') {  // "+02:00" is a POSIX zone without a name: what is positive lies west.
    const double minutes = std::strtod(end + 1, &end);
    hours += copy[0] == '-' ? -minutes / 60 : minutes / 60;
    hours = -hours;
  }
  if (*end != '\0' || hours <= -168 || hours >= 168) return std::nullopt;
  return static_cast<int32_t>(hours * 3600);
}

constexpr TimeZone::Abbreviation kAbbreviations[] = {
#define HELIOS_ZONE_ABBREVIATION(name, seconds_east, is_dst) {name, seconds_east, is_dst},
#include "types/time/abbreviations.def"
#undef HELIOS_ZONE_ABBREVIATION
};

}  // namespace

const TimeZone& TimeZone::Utc() {
  static const TimeZone* const utc = [] {
    const TimeZone* zone = Registry::Get().Find("UTC");
    return zone != nullptr ? zone : &Registry::Get().Fixed(0);
  }();
  return *utc;
}

const TimeZone* TimeZone::Find(std::string_view name) {
  constexpr size_t kNameBytesMax = 255;
  if (name.empty() || name.size() > kNameBytesMax) return nullptr;
  if (const std::optional<int32_t> seconds_east = ParseHours(name)) return &Fixed(*seconds_east);
  if (const TimeZone* zone = Registry::Get().Find(name)) return zone;
  if (const Abbreviation* abbreviation = FindAbbreviation(name)) {
    return &Fixed(abbreviation->seconds_east);
  }
  return nullptr;
}

Result<const TimeZone*> TimeZone::FindOrError(std::string_view name) {
  // AT TIME ZONE prefers an abbreviation to a zone of the same name.
  if (const Abbreviation* abbreviation = FindAbbreviation(name)) {
    return &Fixed(abbreviation->seconds_east);
  }
  if (const TimeZone* zone = Find(name)) return zone;
  return Error(ErrorCode::kInvalidParameterValue).Message("time zone \"{}\" not recognized", name);
}

const TimeZone& TimeZone::Fixed(int32_t seconds_east) {
  return Registry::Get().Fixed(seconds_east);
}

TimeZone::Offset TimeZone::AtUtc(int64_t utc_us) const {
  if (rules_->named == nullptr) {
    const PosixZone::Period period = rules_->posix.AtUtc(FloorSeconds(utc_us));
    return {period.seconds_east, period.is_dst};
  }
  const date::sys_info info =
      rules_->named->get_info(date::sys_seconds(std::chrono::seconds(TableSeconds(utc_us))));
  return {static_cast<int32_t>(info.offset.count()), info.save.count() != 0};
}

std::string TimeZone::AbbreviationAtUtc(int64_t utc_us) const {
  if (rules_->named == nullptr) {
    return rules_->posix.AtUtc(FloorSeconds(utc_us)).is_dst ? rules_->posix.dst_name
                                                            : rules_->posix.std_name;
  }
  return rules_->named->get_info(date::sys_seconds(std::chrono::seconds(TableSeconds(utc_us))))
      .abbrev;
}

int32_t TimeZone::SecondsEastOfLocal(int64_t local_us) const {
  if (rules_->named == nullptr) return rules_->posix.AtLocal(FloorSeconds(local_us));
  const date::local_info info =
      rules_->named->get_info(date::local_seconds(std::chrono::seconds(TableSeconds(local_us))));
  // In a gap the offset before it, in a repeated hour the offset after it: both are standard time.
  const date::sys_info& chosen =
      info.result == date::local_info::ambiguous ? info.second : info.first;
  return static_cast<int32_t>(chosen.offset.count());
}

const TimeZone::Abbreviation* TimeZone::FindAbbreviation(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  const Abbreviation* const end = std::end(kAbbreviations);
  const Abbreviation* found = std::lower_bound(
      std::begin(kAbbreviations), end, std::string_view(upper),
      [](const Abbreviation& one, std::string_view wanted) { return one.name < wanted; });
  return found != end && found->name == upper ? found : nullptr;
}

const std::vector<TimeZone::Abbreviation>& TimeZone::Abbreviations() {
  static const std::vector<Abbreviation> all(std::begin(kAbbreviations), std::end(kAbbreviations));
  return all;
}

std::vector<std::string> TimeZone::AllNames() { return Registry::Get().Names(); }

}  // namespace helios
