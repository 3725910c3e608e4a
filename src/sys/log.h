#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace helios::sys {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool json = false;
  std::string file;  // Empty: standard error.
};

// One named value of a log line.
class LogField {
 public:
  template <typename T>
  LogField(std::string_view key, const T& value) : key_(key) {  // NOLINT: brace lists are the use.
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      value_ = std::string_view(value);
      quoted_ = true;
    } else {
      value_ = fmt::format("{}", value);
    }
  }
  std::string_view key() const { return key_; }
  const std::string& value() const { return value_; }
  // Whether the value is text: JSON puts numbers and truth values bare.
  bool is_text() const { return quoted_; }

 private:
  std::string_view key_;
  std::string value_;
  bool quoted_ = false;
};

// Where log lines go from now on. 58030 when the file cannot be opened; nothing changes then.
Status ConfigureLog(const LogOptions& options);
bool IsLogged(LogLevel level);

// One line: time, level, message, then the fields as key=value or as members of a JSON object. What
// is in `message` and in the fields cannot break out of its line. Thread safety: any thread.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
void FlushLog();

}  // namespace helios::sys
