#include "compute/internal/settings.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "types/datetime_io.h"
#include "types/time/zone.h"

namespace helios::compute {

namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Status Unrecognized(std::string_view name) {
  return Error(ErrorCode::kUndefinedObject)
      .Message("unrecognized configuration parameter \"{}\"", name);
}

Status Invalid(const SettingDefinition& definition, std::string_view value) {
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("invalid value for parameter \"{}\": \"{}\"", definition.name, value);
}

struct UnitName {
  SettingUnit unit;
  const char* name;
  double factor;  // How many of the setting's own unit one of these is.
};
constexpr UnitName kUnits[] = {
    {SettingUnit::kMilliseconds, "us", 0.001},
    {SettingUnit::kMilliseconds, "ms", 1},
    {SettingUnit::kMilliseconds, "s", 1000},
    {SettingUnit::kMilliseconds, "min", 60000},
    {SettingUnit::kMilliseconds, "h", 3600000},
    {SettingUnit::kMilliseconds, "d", 86400000},
    {SettingUnit::kSeconds, "ms", 0.001},
    {SettingUnit::kSeconds, "s", 1},
    {SettingUnit::kSeconds, "min", 60},
    {SettingUnit::kSeconds, "h", 3600},
    {SettingUnit::kSeconds, "d", 86400},
    {SettingUnit::kMinutes, "min", 1},
    {SettingUnit::kMinutes, "h", 60},
    {SettingUnit::kMinutes, "d", 1440},
    {SettingUnit::kKilobytes, "B", 1.0 / 1024},
    {SettingUnit::kKilobytes, "kB", 1},
    {SettingUnit::kKilobytes, "MB", 1024},
    {SettingUnit::kKilobytes, "GB", 1048576},
    {SettingUnit::kKilobytes, "TB", 1073741824},
    {SettingUnit::kBlocks, "kB", 1.0 / 8},
    {SettingUnit::kBlocks, "MB", 128},
    {SettingUnit::kBlocks, "GB", 131072},
    {SettingUnit::kBlocks, "TB", 134217728},
};

// A number with an optional unit, in the setting's own unit. NaN when it is neither.
double ParseNumber(SettingUnit unit, std::string_view text) {
  const std::string copy(Trim(text));
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  if (end == copy.c_str()) return NAN;
  const std::string_view suffix = Trim(std::string_view(end));
  if (suffix.empty()) return number;
  for (const UnitName& candidate : kUnits) {
    if (candidate.unit == unit && suffix == candidate.name) return number * candidate.factor;
  }
  return NAN;
}

// The largest unit that divides the value: how SHOW prints it.
std::string FormatWithUnit(SettingUnit unit, int64_t value) {
  if (value <= 0 || unit == SettingUnit::kNone) return std::to_string(value);
  const UnitName* best = nullptr;
  for (const UnitName& candidate : kUnits) {
    if (candidate.unit != unit || candidate.factor < 1) continue;
    if (value % static_cast<int64_t>(candidate.factor) != 0) continue;
    if (best == nullptr || candidate.factor > best->factor) best = &candidate;
  }
  if (best == nullptr) return std::to_string(value * 8) + "kB";  // Blocks of 8 kB.
  return std::to_string(value / static_cast<int64_t>(best->factor)) + best->name;
}

bool InChoices(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const size_t comma = std::min(choices.find(','), choices.size());
    if (choices.substr(0, comma) == value) return true;
    choices.remove_prefix(std::min(comma + 1, choices.size()));
  }
  return false;
}

std::string_view UnitLabel(SettingUnit unit) {
  switch (unit) {
    case SettingUnit::kMilliseconds:
      return " ms";
    case SettingUnit::kSeconds:
      return " s";
    case SettingUnit::kMinutes:
      return " min";
    case SettingUnit::kKilobytes:
      return " kB";
    case SettingUnit::kBlocks:
      return " 8kB";
    case SettingUnit::kNone:
      break;
  }
  return "";
}

Status CheckNumber(const SettingDefinition& definition, std::string_view value,
                   std::string* canonical) {
  const double number = ParseNumber(definition.unit, value);
  if (std::isnan(number)) return Invalid(definition, value);
  const bool whole = definition.kind == SettingKind::kInteger;
  const double rounded = whole ? std::nearbyint(number) : number;
  const bool bounded = definition.minimum < definition.maximum;
  if (bounded && (rounded < definition.minimum || rounded > definition.maximum)) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("{}{} is outside the valid range for parameter \"{}\" ({} .. {})",
                 whole ? std::to_string(static_cast<int64_t>(rounded)) : std::string(value),
                 UnitLabel(definition.unit), definition.name,
                 static_cast<int64_t>(definition.minimum),
                 static_cast<int64_t>(definition.maximum));
  }
  *canonical = whole ? std::to_string(static_cast<int64_t>(rounded)) : std::string(Trim(value));
  return Status::Ok();
}

Status CheckString(const SettingDefinition& definition, std::string_view value,
                   const TextFormat& format, std::string* canonical) {
  const std::string name = Lower(definition.name);
  *canonical = value;
  if (name == "datestyle") {
    DateStyle style = format.date_style;
    DateOrder order = format.date_order;
    if (Lower(Trim(value)) == "default") {
      style = DateStyle::kIso;
      order = DateOrder::kMdy;
    } else if (Status status = ParseDateStyle(value, &style, &order); !status.ok()) {
      return Invalid(definition, value);
    }
    *canonical = DateStyleName(style, order);
  } else if (name == "timezone") {
    const std::string_view wanted = Lower(value) == "default" ? "UTC" : value;
    const TimeZone* zone = TimeZone::Find(wanted);
    if (zone == nullptr) return Invalid(definition, value);
    *canonical = zone->name();
  } else if (name == "client_encoding") {
    std::string plain;
    for (const char c : Lower(value)) {
      if (c != '-' && c != '_' && c != '\'' && c != '"' && c != ' ') plain += c;
    }
    if (plain == "utf8" || plain == "unicode" || plain == "default") {
      *canonical = "UTF8";
    } else if (plain == "sqlascii") {
      *canonical = "SQL_ASCII";
    } else {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid value for parameter \"client_encoding\": \"{}\"", value)
          .Hint("HeliosDB speaks UTF8 with its clients.");
    }
  } else if (name == "application_name") {
    for (char& c : *canonical) {
      if (c < 32 || c > 126) c = '?';
    }
    if (canonical->size() > 63) canonical->resize(63);
  }
  return Status::Ok();
}

bool IsTransactionMode(std::string_view name) {
  return name == "transaction_isolation" || name == "transaction_read_only" ||
         name == "transaction_deferrable";
}

}  // namespace

Settings::Settings() {
  Refresh("timezone");
  Refresh("datestyle");
}

Status Settings::Check(const SettingDefinition& definition, std::string_view value,
                       std::string* canonical) const {
  switch (definition.kind) {
    case SettingKind::kBool: {
      Result<bool> parsed = ParseBool(Trim(value));
      if (!parsed.ok()) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("parameter \"{}\" requires a Boolean value", definition.name);
      }
      *canonical = *parsed ? "on" : "off";
      return Status::Ok();
    }
    case SettingKind::kInteger:
    case SettingKind::kReal:
      return CheckNumber(definition, value, canonical);
    case SettingKind::kEnum: {
      const std::string lower = Lower(Trim(value));
      if (!InChoices(definition.choices, lower)) {
        std::string shown(definition.choices);
        for (size_t at = 0; (at = shown.find(',', at)) != std::string::npos; at += 2) {
          shown.replace(at, 1, ", ");
        }
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("invalid value for parameter \"{}\": \"{}\"", definition.name, value)
            .Hint("Available values: {}.", shown);
      }
      *canonical = lower;
      return Status::Ok();
    }
    case SettingKind::kString:
      return CheckString(definition, value, text_format_, canonical);
  }
  return Status::Ok();
}

Status Settings::SetDefault(std::string_view name, std::string_view value) {
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr) {
    if (name.find('.') == std::string_view::npos) return Unrecognized(name);
    custom_[Lower(name)] = value;
    return Status::Ok();
  }
  std::string canonical;
  HELIOS_TRY(Check(*definition, value, &canonical));
  const std::string key = Lower(definition->name);
  defaults_[key] = canonical;
  ++change_count_;
  Refresh(key);
  return Status::Ok();
}

Status Settings::Set(std::string_view name, std::string_view value, bool local, bool is_superuser) {
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr) {
    // A name with a dot is an application's own.
    if (name.find('.') == std::string_view::npos) return Unrecognized(name);
    ChangeTo(Lower(name), std::string(value), local);
    return Status::Ok();
  }
  switch (definition->context) {
    case SettingContext::kInternal:
      return Error(ErrorCode::kCannotChangeRuntimeParameter)
          .Message("parameter \"{}\" cannot be changed", definition->name);
    case SettingContext::kServer:
      return Error(ErrorCode::kCannotChangeRuntimeParameter)
          .Message("parameter \"{}\" cannot be changed without restarting the server",
                   definition->name);
    case SettingContext::kBackend:
      return Error(ErrorCode::kCannotChangeRuntimeParameter)
          .Message("parameter \"{}\" cannot be set after connection start", definition->name);
    case SettingContext::kSuperuser:
      if (!is_superuser) {
        return Error(ErrorCode::kInsufficientPrivilege)
            .Message("permission denied to set parameter \"{}\"", definition->name);
      }
      break;
    case SettingContext::kUser:
      break;
  }
  std::string canonical;
  HELIOS_TRY(Check(*definition, value, &canonical));
  ChangeTo(Lower(definition->name), canonical, local);
  return Status::Ok();
}

Status Settings::Reset(std::string_view name, bool is_superuser) {
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr) {
    const std::string key = Lower(name);
    if (custom_.find(key) == custom_.end()) return Unrecognized(name);
    ChangeTo(key, "", false);
    return Status::Ok();
  }
  const std::string reset = ResetValue(name);
  if (definition->context == SettingContext::kInternal) {
    return Set(name, reset, false, is_superuser);  // For its error.
  }
  ChangeTo(Lower(definition->name), std::nullopt, false);
  return Status::Ok();
}

void Settings::ResetAll() {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_) {
    const SettingDefinition* definition = FindSetting(name);
    if (definition == nullptr || definition->context == SettingContext::kInternal) continue;
    if (IsTransactionMode(name)) continue;
    names.push_back(name);
  }
  for (const std::string& name : names) ChangeTo(name, std::nullopt, false);
}

void Settings::SetInternal(std::string_view name, std::string value, bool local) {
  ChangeTo(Lower(name), std::move(value), local);
}

const std::string& Settings::Raw(std::string_view name) const {
  const std::string key = Lower(name);
  if (const auto value = values_.find(key); value != values_.end()) return value->second;
  if (const auto value = defaults_.find(key); value != defaults_.end()) return value->second;
  if (const auto value = custom_.find(key); value != custom_.end()) return value->second;
  static const auto* const kDefaults = [] {
    auto* map = new std::map<std::string, std::string>;
    for (const SettingDefinition& definition : AllSettings()) {
      (*map)[Lower(definition.name)] = definition.default_value;
    }
    return map;
  }();
  const auto found = kDefaults->find(key);
  static const std::string* const kEmpty = new std::string;
  return found == kDefaults->end() ? *kEmpty : found->second;
}

std::string Settings::ResetValue(std::string_view name) const {
  const std::string key = Lower(name);
  if (const auto value = defaults_.find(key); value != defaults_.end()) return value->second;
  const SettingDefinition* definition = FindSetting(name);
  return definition == nullptr ? "" : definition->default_value;
}

Result<std::string> Settings::Show(std::string_view name) const {
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr) {
    const auto found = custom_.find(Lower(name));
    if (found == custom_.end()) return Unrecognized(name);
    return found->second;
  }
  const std::string& raw = Raw(name);
  if (definition->kind == SettingKind::kInteger) {
    return FormatWithUnit(definition->unit, std::strtoll(raw.c_str(), nullptr, 10));
  }
  return raw;
}

bool Settings::Bool(std::string_view name) const { return Raw(name) == "on"; }

int64_t Settings::Integer(std::string_view name) const {
  return std::strtoll(Raw(name).c_str(), nullptr, 10);
}

void Settings::ChangeTo(const std::string& name, std::optional<std::string> value, bool local) {
  const bool custom = FindSetting(name) == nullptr;
  std::optional<std::string> before;
  if (custom) {
    if (const auto found = custom_.find(name); found != custom_.end()) before = found->second;
  } else if (const auto found = values_.find(name); found != values_.end()) {
    before = found->second;
  }
  if (in_transaction) log_.push_back({name, before, value, local});
  // SET LOCAL outside a transaction has no effect.
  if (local && !in_transaction) return;
  Assign(name, std::move(value));
}

void Settings::Assign(const std::string& name, std::optional<std::string> value) {
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr) {
    if (value.has_value()) {
      custom_[name] = *value;
    } else {
      custom_.erase(name);
    }
    return;
  }
  const std::string before = Raw(name);
  if (value.has_value()) {
    values_[name] = *value;
  } else {
    values_.erase(name);
  }
  if (Raw(name) == before) return;
  ++change_count_;
  if (!IsTransactionMode(name)) ++generation_;
  if (definition->report) reported_changes_.push_back(definition->name);
  Refresh(name);
}

void Settings::RefreshRun() const {
  run_change_ = change_count_;
  run_.lock_timeout_us = Integer("lock_timeout") * 1000;
  run_.statement_timeout_ms = Integer("statement_timeout");
  run_.idle_in_transaction_timeout_ms = Integer("idle_in_transaction_session_timeout");
  run_.idle_timeout_ms = Integer("idle_session_timeout");
  run_.operator_memory_bytes = static_cast<size_t>(Integer("work_mem")) * 1024;
  run_.query_memory_bytes = static_cast<size_t>(Integer("query_memory_limit")) * 1024;
  run_.vector_rows = static_cast<size_t>(Integer("vector_rows"));
  run_.parallel_rows_min = static_cast<double>(Integer("parallel_rows_min"));
  run_.durable_commit = Raw("synchronous_commit") != "off";
  run_.default_read_only = Bool("default_transaction_read_only");
  run_.default_isolation = Raw("default_transaction_isolation");
  run_.modes_are_default = Raw("transaction_isolation") == run_.default_isolation &&
                           Bool("transaction_read_only") == run_.default_read_only;
  run_.application_name = Raw("application_name");
}

void Settings::RollbackTo(size_t mark) {
  while (log_.size() > mark) {
    Change change = std::move(log_.back());
    log_.pop_back();
    Assign(change.name, std::move(change.before));
  }
}

void Settings::Commit() {
  // The lasting value of a name is the last one set without LOCAL, else what stood before.
  std::vector<Change> log = std::move(log_);
  log_.clear();
  std::map<std::string, std::optional<std::string>> lasting;
  std::map<std::string, bool> has_local;
  for (Change& change : log) {
    if (lasting.find(change.name) == lasting.end()) lasting[change.name] = change.before;
    has_local[change.name] |= change.local;
    if (!change.local) lasting[change.name] = change.after;
  }
  for (auto& [name, value] : lasting) {
    if (has_local[name]) Assign(name, std::move(value));
  }
}

void Settings::Refresh(const std::string& name) {
  if (name == "datestyle") {
    // Stored values were checked when they were set.
    static_cast<void>(
        ParseDateStyle(Raw(name), &text_format_.date_style, &text_format_.date_order).ok());
  } else if (name == "intervalstyle") {
    Result<IntervalStyle> style = ParseIntervalStyle(Raw(name));
    if (style.ok()) text_format_.interval_style = *style;
  } else if (name == "timezone") {
    text_format_.zone = TimeZone::Find(Raw(name));
  } else if (name == "bytea_output") {
    text_format_.bytea_output = Raw(name) == "hex" ? ByteaOutput::kHex : ByteaOutput::kEscape;
  } else if (name == "extra_float_digits") {
    text_format_.extra_float_digits = static_cast<int32_t>(Integer(name));
  }
}

std::vector<std::string> Settings::TakeReportedChanges() {
  std::vector<std::string> changes = std::move(reported_changes_);
  reported_changes_.clear();
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  return changes;
}

}  // namespace helios::compute
