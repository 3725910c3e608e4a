#include "server/shell/internal/session.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace helios::shell {
namespace {

// What Interrupt cancels. A signal handler reads it, so it is replaced before the old one is freed.
std::atomic<PGcancel*> current_cancel{nullptr};

void PrintNotice(void* session, const PGresult* result) {
  static_cast<Session*>(session)->PrintError(PQresultErrorMessage(result));
}

bool IsConnectionString(std::string_view text) {
  return text.find('=') != std::string_view::npos || text.starts_with("postgresql://") ||
         text.starts_with("postgres://");
}

// The types that psql prints right-aligned.
bool IsRightAligned(Oid type) {
  constexpr Oid kTypes[] = {20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069};
  for (const Oid right : kTypes) {
    if (right == type) return true;
  }
  return false;
}

std::string OrEnvironment(const std::string& given, const char* variable,
                          std::string_view fallback) {
  if (!given.empty()) return given;
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : std::string(fallback);
}

// INSERT ... RETURNING and its like say what they did behind their rows.
bool IsDataChange(std::string_view tag) {
  return tag.starts_with("INSERT") || tag.starts_with("UPDATE") || tag.starts_with("DELETE") ||
         tag.starts_with("MERGE");
}

std::string FormatDuration(double milliseconds) {
  constexpr double kSecond = 1000.0;
  if (milliseconds < kSecond) return fmt::format("Time: {:.3f} ms", milliseconds);
  const double seconds = milliseconds / kSecond;
  const int minutes = static_cast<int>(seconds / 60);
  return fmt::format("Time: {:.3f} ms ({:02d}:{:06.3f})", milliseconds, minutes,
                     seconds - minutes * 60);
}

}  // namespace

Session::Session(const Options& options)
    : format(options.format),
      variables(options.variables),
      quiet(options.quiet),
      echo_all(options.echo_all),
      echo_queries(options.echo_queries),
      echo_errors(options.echo_errors),
      options_(options) {
  winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) format.terminal_width = size.ws_col;
}

Session::~Session() {
  if (PGcancel* cancel = current_cancel.exchange(nullptr)) PQfreeCancel(cancel);
}

PGconn* Session::Open(const std::string& database, const std::string& user, const std::string& host,
                      const std::string& port) {
  std::vector<const char*> keys;
  std::vector<const char*> values;
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    keys.push_back(key);
    values.push_back(value.c_str());
  };
  add("host", host);
  add("port", port);
  add("user", user);
  add("password", password_);
  add("dbname", database);
  const std::string name = "heliosdb sql";
  const std::string encoding = "UTF8";
  add("fallback_application_name", name);
  add("client_encoding", encoding);
  keys.push_back(nullptr);
  values.push_back(nullptr);
  constexpr int kExpandDatabaseName = 1;
  return PQconnectdbParams(keys.data(), values.data(), kExpandDatabaseName);
}

bool Session::Reconnect(const std::string& database, const std::string& user,
                        const std::string& host, const std::string& port) {
  std::unique_ptr<PGconn, ConnectionDeleter> fresh(Open(database, user, host, port));
  if (PQstatus(fresh.get()) == CONNECTION_BAD && PQconnectionNeedsPassword(fresh.get()) != 0 &&
      !options_.no_password) {
    password_ = AskPassword(fmt::format("Password for user {}: ", PQuser(fresh.get())));
    fresh.reset(Open(database, user, host, port));
  }
  if (PQstatus(fresh.get()) == CONNECTION_BAD) {
    password_.clear();
    if (connection_ == nullptr || interactive) {
      const std::string_view who =
          interactive || !script_name.empty() ? "" : "heliosdb sql: error: ";
      PrintError(fmt::format("{}{}", who, PQerrorMessage(fresh.get())));
      if (connection_ != nullptr) PrintError("Previous connection kept");
      return false;
    }
    // The rest of a script is not meant for the database that it wanted to leave.
    PrintError(fmt::format("\\connect: {}", PQerrorMessage(fresh.get())));
    if (PGcancel* old = current_cancel.exchange(nullptr)) PQfreeCancel(old);
    connection_.reset();
    return false;
  }
  PQsetNoticeReceiver(fresh.get(), PrintNotice, this);
  connection_ = std::move(fresh);
  if (PGcancel* old = current_cancel.exchange(PQgetCancel(connection_.get()))) PQfreeCancel(old);
  return true;
}

std::string Session::AskPassword(const std::string& prompt) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen("/dev/tty", "r+"),
                                                               std::fclose);
  std::FILE* const terminal = opened != nullptr ? opened.get() : stdin;
  std::FILE* const shown = opened != nullptr ? opened.get() : stderr;
  fmt::print(shown, "{}", prompt);
  std::fflush(shown);
  termios saved;
  const bool is_terminal = tcgetattr(fileno(terminal), &saved) == 0;
  if (is_terminal) {
    termios hidden = saved;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
  }
  std::string password;
  for (int c = std::fgetc(terminal); c != EOF && c != '\n'; c = std::fgetc(terminal)) {
    password += static_cast<char>(c);
  }
  if (is_terminal) tcsetattr(fileno(terminal), TCSAFLUSH, &saved);
  fmt::print(shown, "\n");
  return password;
}

bool Session::Connect() {
  if (options_.ask_password) password_ = AskPassword("Password: ");
  if (IsConnectionString(options_.database)) {
    return Reconnect(options_.database, options_.user, options_.host, options_.port);
  }
  return Reconnect(OrEnvironment(options_.database, "PGDATABASE", "helios"),
                   OrEnvironment(options_.user, "PGUSER", "helios"),
                   OrEnvironment(options_.host, "PGHOST", "localhost"),
                   OrEnvironment(options_.port, "PGPORT", "5432"));
}

bool Session::IsConnected() const {
  return connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK;
}

void Session::Interrupt() {
  PGcancel* cancel = current_cancel.load();
  char error[256];
  if (cancel != nullptr) PQcancel(cancel, error, sizeof(error));
}

void Session::PrintError(std::string_view message) {
  while (!message.empty() && message.back() == '\n') message.remove_suffix(1);
  std::fflush(output);
  if (!script_name.empty()) {
    fmt::print(stderr, "heliosdb:{}:{}: {}\n", script_name, script_line, message);
  } else {
    fmt::print(stderr, "{}\n", message);
  }
}

void Session::PrintLine(std::string_view line) { fmt::print(output, "{}\n", line); }

void Session::Print(const Table& table) {
  FormatOptions options = format;
  if (std::exchange(expand_once, false)) options.expanded = Expanded::kOn;
  const std::string text = FormatTable(table, options);
  std::fwrite(text.data(), 1, text.size(), output);
  std::fflush(output);
}

Table Session::TableOf(const PGresult* result) const {
  Table table;
  const int columns = PQnfields(result);
  for (int i = 0; i < columns; ++i) {
    table.headers.emplace_back(PQfname(result, i));
    table.right_aligned.push_back(IsRightAligned(PQftype(result, i)));
  }
  const int rows = PQntuples(result);
  table.rows.resize(static_cast<size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    auto& cells = table.rows[static_cast<size_t>(row)];
    cells.reserve(static_cast<size_t>(columns));
    for (int i = 0; i < columns; ++i) {
      if (PQgetisnull(result, row, i) != 0) {
        cells.emplace_back(std::nullopt);
      } else {
        cells.emplace_back(std::string(PQgetvalue(result, row, i),
                                       static_cast<size_t>(PQgetlength(result, row, i))));
      }
    }
  }
  return table;
}

void Session::PrintTag(const PGresult* result) {
  if (quiet) return;
  const char* tag = PQcmdStatus(const_cast<PGresult*>(result));
  if (*tag != '\0') PrintLine(tag);
}

bool Session::Handle(ResultPtr result, const CopyFile* copy) {
  switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK:
      Print(TableOf(result.get()));
      if (IsDataChange(PQcmdStatus(result.get()))) PrintTag(result.get());
      return true;
    case PGRES_COMMAND_OK:
      PrintTag(result.get());
      return true;
    case PGRES_EMPTY_QUERY:
      return true;
    case PGRES_COPY_IN:
      return CopyIn(copy);
    case PGRES_COPY_OUT:
      return CopyOut(copy);
    default:
      PrintError(PQresultErrorMessage(result.get()));
      return false;
  }
}

bool Session::RunOnce(const std::string& query, const CopyFile* copy) {
  if (PQsendQuery(connection_.get(), query.c_str()) == 0) {
    PrintError(PQerrorMessage(connection_.get()));
    return false;
  }
  bool is_ok = true;
  bool copied_to_output = false;
  while (PGresult* raw = PQgetResult(connection_.get())) {
    ResultPtr result(raw);
    // Between the rows of COPY TO STDOUT and what follows a tag would be taken for data.
    const bool is_tag_of_copy = copied_to_output && PQresultStatus(raw) == PGRES_COMMAND_OK;
    copied_to_output = PQresultStatus(raw) == PGRES_COPY_OUT && copy == nullptr;
    if (is_tag_of_copy) continue;
    is_ok = Handle(std::move(result), copy) && is_ok;
    if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
  }
  return is_ok;
}

bool Session::CheckConnection() {
  if (IsConnected()) return true;
  if (!interactive) {
    PrintError("connection to server was lost");
    return false;
  }
  fmt::print(stderr, "The connection to the server was lost. Attempting reset: ");
  PQreset(connection_.get());
  const bool is_back = IsConnected();
  fmt::print(stderr, "{}.\n", is_back ? "Succeeded" : "Failed");
  if (is_back) {
    if (PGcancel* old = current_cancel.exchange(PQgetCancel(connection_.get()))) PQfreeCancel(old);
  }
  return is_back;
}

bool Session::Run(const std::string& query, const CopyFile* copy) {
  if (connection_ == nullptr) {
    PrintError("You are currently not connected to a database.");
    return false;
  }
  if (echo_queries) PrintLine(query);
  const auto start = std::chrono::steady_clock::now();
  const bool is_ok = RunOnce(query, copy);
  if (!is_ok && echo_errors) fmt::print(stderr, "STATEMENT:  {}\n", query);
  if (timing) {
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    PrintLine(FormatDuration(taken.count()));
  }
  std::fflush(output);
  return CheckConnection() && is_ok;
}

bool Session::RunSilently(const std::string& command) {
  const ResultPtr result(PQexec(connection_.get(), command.c_str()));
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return true;
  PrintError(PQresultErrorMessage(result.get()));
  return false;
}

std::optional<Table> Session::Query(const std::string& query) {
  const ResultPtr result(PQexec(connection_.get(), query.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
    PrintError(PQresultErrorMessage(result.get()));
    return std::nullopt;
  }
  Table table = TableOf(result.get());
  table.right_aligned.assign(table.headers.size(), false);
  return table;
}

std::vector<std::string> Session::QueryNames(const std::string& query) {
  std::vector<std::string> names;
  // Within a failed transaction or a COPY the server would only answer with an error.
  if (!IsConnected() || PQtransactionStatus(connection_.get()) > PQTRANS_INTRANS ||
      PQtransactionStatus(connection_.get()) == PQTRANS_ACTIVE) {
    return names;
  }
  const ResultPtr result(PQexec(connection_.get(), query.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return names;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    names.emplace_back(PQgetvalue(result.get(), row, 0));
  }
  return names;
}

std::string Session::Literal(std::string_view text) const {
  char* quoted = PQescapeLiteral(connection_.get(), text.data(), text.size());
  std::string result = quoted != nullptr ? quoted : "''";
  PQfreemem(quoted);
  return result;
}

std::optional<std::string> Session::Variable(std::string_view name) const {
  const auto found = variables.find(std::string(name));
  if (found != variables.end()) return found->second;
  if (name == "DBNAME" && connection_ != nullptr) return PQdb(connection_.get());
  if (name == "USER" && connection_ != nullptr) return PQuser(connection_.get());
  if (name == "HOST" && connection_ != nullptr) return PQhost(connection_.get());
  if (name == "PORT" && connection_ != nullptr) return PQport(connection_.get());
  return std::nullopt;
}

bool Session::VariableIsOn(std::string_view name) const {
  const std::optional<std::string> value = Variable(name);
  return value && *value != "0" && *value != "off" && *value != "false" && *value != "no";
}

}  // namespace helios::shell
