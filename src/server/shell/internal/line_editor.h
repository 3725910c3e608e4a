// The lines that a person types: readline, its history and completion.
#pragma once

#include <string>

#include "server/shell/internal/session.h"

namespace helios::shell {

// One at a time: readline's state is the process's.
class LineEditor {
 public:
  // Reads the history from ~/.heliosdb_history.
  explicit LineEditor(Session& session);
  // Writes it back.
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // False at the end of the input. An interrupt gives an empty line and sets `interrupted`.
  bool Read(const std::string& prompt, std::string& line, bool& interrupted);

  // Adds what was typed for one statement to the history, as one entry.
  void Remember(const std::string& text);

 private:
  std::string history_path_;
};

// The session that SIGINT cancels while a statement runs.
void InstallInterruptHandler(Session& session);

}  // namespace helios::shell
