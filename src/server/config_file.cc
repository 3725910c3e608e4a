#include <toml++/toml.h>

#include <sstream>

#include "server/config.h"
#include "sys/files.h"

namespace helios::server {
namespace {

constexpr size_t kConfigFileBytesMax = 1 << 20;

const Setting* FindByKey(std::string_view key) {
  for (const Setting& setting : AllSettings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

const Setting* FindByOption(std::string_view option) {
  for (const Setting& setting : AllSettings()) {
    if (setting.option == option) return &setting;
  }
  return nullptr;
}

bool IsSection(std::string_view key) {
  for (const Setting& setting : AllSettings()) {
    if (setting.key.starts_with(key) && setting.key.substr(key.size()).starts_with('.'))
      return true;
  }
  return false;
}

// What a value would be on the command line; lists are joined by commas.
Result<std::string> ValueText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* list = node.as_array()) {
    std::string joined;
    for (const toml::node& element : *list) {
      HELIOS_TRY(const std::string part, ValueText(element));
      if (!joined.empty()) joined += ",";
      joined += part;
    }
    return joined;
  }
  return Error(ErrorCode::kConfigFileError).Message("expected a text, a number or a list of them");
}

Status AtLine(std::string_view file_name, const toml::source_region& where, std::string_view key,
              const Status& problem) {
  Status status = problem;
  status.mutable_info().message =
      fmt::format("{}, line {}: {}: {}", file_name, where.begin.line, key, problem.info().message);
  return status;
}

Status ApplyTable(const toml::table& table, const std::string& prefix, std::string_view file_name,
                  ServerConfig* config) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const auto* section = node.as_table(); section != nullptr && IsSection(key)) {
      HELIOS_TRY(ApplyTable(*section, key + ".", file_name, config));
      continue;
    }
    const Setting* setting = FindByKey(key);
    if (setting == nullptr) {
      return Error(ErrorCode::kConfigFileError)
          .Message("{}, line {}: unknown setting \"{}\"", file_name, name.source().begin.line, key)
          .Hint("docs/configuration.md lists the settings.");
    }
    auto text = ValueText(node);
    if (!text.ok()) return AtLine(file_name, node.source(), key, text.status());
    const Status set = setting->set(*text, config);
    if (!set.ok()) return AtLine(file_name, node.source(), key, set);
  }
  return Status::Ok();
}

}  // namespace

Status ApplyToml(std::string_view text, std::string_view file_name, ServerConfig* config) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& failure) {
    return Error(ErrorCode::kConfigFileError)
        .Message("{}, line {}: {}", file_name, failure.source().begin.line, failure.description());
  }
  return ApplyTable(table, "", file_name, config);
}

Result<ServerConfig> MakeConfig(const SettingTexts& options) {
  ServerConfig config;
  for (const auto& [option, text] : options) {
    if (option == "--config") config.config_file = text;
  }
  if (!config.config_file.empty()) {
    HELIOS_TRY(const std::string text, sys::ReadFile(config.config_file, kConfigFileBytesMax));
    HELIOS_TRY(ApplyToml(text, config.config_file, &config));
  }
  for (const auto& [option, text] : options) {
    if (option == "--config") continue;
    const Setting* setting = FindByOption(option);
    HELIOS_CHECK(setting != nullptr);
    Status status = setting->set(text, &config);
    if (!status.ok()) {
      status.mutable_info().message = fmt::format("{}: {}", option, status.info().message);
      return status;
    }
  }
  HELIOS_TRY(FinishConfig(&config));
  return config;
}

}  // namespace helios::server
