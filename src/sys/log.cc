#include "sys/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <mutex>

#include "sys/clock.h"

namespace helios::sys {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "INFO";
}

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink, LogLevel level) {
  auto logger = std::make_shared<spdlog::logger>("heliosdb", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(SpdlogLevel(level));
  logger->flush_on(spdlog::level::info);
  return logger;
}

// The process's log: the one place where state is global, since everything logs.
struct LogState {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger =
      MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), LogLevel::kInfo);
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::atomic<bool> json{false};
};

LogState& State() {
  // Never destroyed: threads may log until the very end.
  static auto* const state = new LogState;
  return *state;
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      *out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// Bare where that is unambiguous, else quoted.
void AppendPlainValue(std::string_view text, std::string* out) {
  const bool plain =
      !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos &&
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
  if (plain) {
    out->append(text);
  } else {
    AppendJsonString(text, out);
  }
}

std::string FormatTime(int64_t unix_us) {
  const time_t seconds = static_cast<time_t>(unix_us / kMicrosPerSecond);
  tm parts;
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     unix_us % kMicrosPerSecond);
}

// A message keeps its words; a line break in it would forge a second entry.
void AppendMessage(std::string_view message, std::string* out) {
  for (const char c : message) out->push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
}

}  // namespace

Status ConfigureLog(const LogOptions& options) {
  std::shared_ptr<spdlog::logger> logger;
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    logger = MakeLogger(std::move(sink), options.level);
  } catch (const spdlog::spdlog_ex& failure) {
    return Error(ErrorCode::kIoError)
        .Message("could not open log file \"{}\": {}", options.file, failure.what());
  }
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  state.logger = std::move(logger);
  state.level = options.level;
  state.json = options.json;
  return Status::Ok();
}

bool IsLogged(LogLevel level) { return level >= State().level.load(std::memory_order_relaxed); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!IsLogged(level)) return;
  LogState& state = State();
  std::string line;
  const std::string time = FormatTime(SystemClock().UnixMicros());
  if (state.json) {
    line = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"message\":", time, LevelName(level));
    AppendJsonString(message, &line);
    for (const LogField& field : fields) {
      line.push_back(',');
      AppendJsonString(field.key(), &line);
      line.push_back(':');
      if (field.is_text()) {
        AppendJsonString(field.value(), &line);
      } else {
        line += field.value();
      }
    }
    line.push_back('}');
  } else {
    line = fmt::format("{} {:<7} ", time, LevelName(level));
    AppendMessage(message, &line);
    for (const LogField& field : fields) {
      line += fmt::format(" {}=", field.key());
      AppendPlainValue(field.value(), &line);
    }
  }
  std::shared_ptr<spdlog::logger> logger;
  {
    const std::lock_guard lock(state.mutex);
    logger = state.logger;
  }
  logger->log(SpdlogLevel(level), spdlog::string_view_t(line));
}

void FlushLog() {
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  state.logger->flush();
}

}  // namespace helios::sys
