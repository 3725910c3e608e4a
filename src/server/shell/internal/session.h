// The shell's state: one connection, its settings, and the running of statements.
#pragma once

#include <libpq-fe.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/shell/internal/options.h"
#include "server/shell/internal/table.h"

namespace helios::shell {

struct ConnectionDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

// Where a statement's COPY data comes from or goes to when it is not the shell's own input and
// output.
struct CopyFile {
  std::FILE* file = nullptr;
};

// Thread safety: none, but for Interrupt, which a signal handler may call.
class Session {
 public:
  explicit Session(const Options& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Connects, asking for a password when the server wants one. Prints why it could not.
  bool Connect();
  // \c: keeps what is not given. The old connection stays when the new one fails.
  bool Reconnect(const std::string& database, const std::string& user, const std::string& host,
                 const std::string& port);
  bool IsConnected() const;
  PGconn* connection() const { return connection_.get(); }

  // Sends one string of SQL and prints what comes back. False when the server reported an error.
  bool Run(const std::string& query, const CopyFile* copy = nullptr);
  // The same for a command whose success says nothing.
  bool RunSilently(const std::string& command);
  // The rows of a query that the shell itself asks; nothing, after printing the error, if it
  // failed.
  std::optional<Table> Query(const std::string& query);
  // The same in silence, for completion.
  std::vector<std::string> QueryNames(const std::string& query);

  void Print(const Table& table);
  void PrintLine(std::string_view line);
  // To standard error, with the name and line of the script that is being run.
  void PrintError(std::string_view message);

  // Reads a line from the terminal without showing it.
  std::string AskPassword(const std::string& prompt);

  // Asks the server to stop what it is doing.
  void Interrupt();

  // `name` as a literal for the server.
  std::string Literal(std::string_view text) const;

  std::optional<std::string> Variable(std::string_view name) const;
  bool VariableIsOn(std::string_view name) const;

  FormatOptions format;
  std::map<std::string, std::string> variables;
  bool quiet = false;
  bool timing = false;
  bool expand_once = false;  // \gx: the next result alone is expanded.
  bool interactive = false;
  bool echo_all = false;
  bool echo_queries = false;
  bool echo_errors = false;
  std::FILE* output = stdout;  // \o
  bool output_is_pipe = false;
  // Where \copy ... FROM STDIN and COPY FROM STDIN read: the script or the terminal.
  std::FILE* input = stdin;
  std::string script_name;
  size_t script_line = 0;

 private:
  bool RunOnce(const std::string& query, const CopyFile* copy);
  bool Handle(ResultPtr result, const CopyFile* copy);
  bool CopyIn(const CopyFile* copy);
  bool CopyOut(const CopyFile* copy);
  bool CheckConnection();
  void PrintTag(const PGresult* result);
  Table TableOf(const PGresult* result) const;
  PGconn* Open(const std::string& database, const std::string& user, const std::string& host,
               const std::string& port);

  const Options options_;
  std::unique_ptr<PGconn, ConnectionDeleter> connection_;
  std::string password_;
};

}  // namespace helios::shell
