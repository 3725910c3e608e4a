// COPY FROM STDIN and TO STDOUT.
#include <fmt/format.h>
#include <unistd.h>

#include "server/shell/internal/session.h"

namespace helios::shell {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;

// One line with its end, however long; empty at the end of the file.
std::string ReadLine(std::FILE* file) {
  char* text = nullptr;
  size_t capacity = 0;
  const ssize_t length = getline(&text, &capacity, file);
  std::string line;
  if (length > 0) line.assign(text, static_cast<size_t>(length));
  free(text);
  return line;
}

}  // namespace

// Data inside a script or typed at the terminal ends with a line of \. alone; a file ends where it
// ends.
bool Session::CopyIn(const CopyFile* copy) {
  PGconn* connection = connection_.get();
  std::FILE* file = copy != nullptr ? copy->file : input;
  bool is_ok = true;
  if (copy != nullptr) {
    std::string buffer(kBufferBytes, '\0');
    for (size_t bytes = 1; bytes > 0 && is_ok;) {
      bytes = std::fread(buffer.data(), 1, buffer.size(), file);
      if (bytes > 0) is_ok = PQputCopyData(connection, buffer.data(), static_cast<int>(bytes)) == 1;
    }
    is_ok = is_ok && std::ferror(file) == 0;
  } else {
    const bool prompts = interactive && isatty(fileno(file)) != 0;
    if (prompts) {
      PrintLine("Enter data to be copied followed by a newline.");
      PrintLine("End with a backslash and a period on a line by itself, or an EOF signal.");
    }
    while (is_ok) {
      if (prompts) {
        std::fputs(">> ", stdout);
        std::fflush(stdout);
      }
      const std::string line = ReadLine(file);
      ++script_line;
      if (line.empty() || line == "\\.\n" || line == "\\.\r\n" || line == "\\.") break;
      is_ok = PQputCopyData(connection, line.data(), static_cast<int>(line.size())) == 1;
    }
  }
  const char* reason = is_ok ? nullptr : "aborted because of read failure";
  if (PQputCopyEnd(connection, reason) != 1) {
    PrintError(PQerrorMessage(connection));
    return false;
  }
  return is_ok;
}

bool Session::CopyOut(const CopyFile* copy) {
  std::FILE* file = copy != nullptr ? copy->file : output;
  bool is_written = true;
  for (;;) {
    char* data = nullptr;
    const int bytes = PQgetCopyData(connection_.get(), &data, 0);
    if (bytes <= 0) break;
    const auto length = static_cast<size_t>(bytes);
    is_written = std::fwrite(data, 1, length, file) == length && is_written;
    PQfreemem(data);
  }
  if (!is_written) PrintError("could not write COPY data");
  return is_written;
}

}  // namespace helios::shell
