#include "server/shell/internal/line_editor.h"

// readline's headers need stdio before them.
#include <readline/history.h>
#include <readline/readline.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "server/shell/internal/completion.h"

namespace helios::shell {
namespace {

constexpr int kHistoryLinesMax = 2000;

// What the signal handler needs. While a line is being read it jumps out of readline; while a
// statement runs it asks the server to cancel it, which libpq allows inside a handler.
sigjmp_buf read_jump;
std::atomic<bool> is_reading{false};
std::atomic<Session*> running_session{nullptr};
Session* completing_session = nullptr;

void OnInterrupt(int) {
  if (is_reading.exchange(false)) siglongjmp(read_jump, 1);
  Session* session = running_session.load();
  if (session != nullptr) session->Interrupt();
}

char* NextMatch(const char*, int state) {
  static size_t next = 0;
  if (state == 0) next = 0;
  const auto& matches = CurrentMatches();
  return next < matches.size() ? strdup(matches[next++].c_str()) : nullptr;
}

char** Complete(const char* word, int begin, int) {
  rl_attempted_completion_over = 1;
  FindMatches(*completing_session, rl_line_buffer, static_cast<size_t>(begin), word);
  rl_completion_append_character = ' ';
  return rl_completion_matches(word, NextMatch);
}

// Apart from Read, so that no object with a destructor stands between the jump and its target.
char* ReadRaw(const char* prompt, bool* interrupted) {
  if (sigsetjmp(read_jump, 1) != 0) {
    rl_free_line_state();
    rl_cleanup_after_signal();
    *interrupted = true;
    return nullptr;
  }
  is_reading.store(true);
  char* line = readline(prompt);
  is_reading.store(false);
  return line;
}

}  // namespace

void InstallInterruptHandler(Session& session) {
  running_session.store(&session);
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

LineEditor::LineEditor(Session& session) {
  completing_session = &session;
  rl_readline_name = "heliosdb";
  rl_catch_signals = 0;
  rl_attempted_completion_function = Complete;
  rl_basic_word_break_characters = const_cast<char*>("\t\n@$><=;|&{() ,");
  using_history();
  stifle_history(kHistoryLinesMax);
  const char* home = std::getenv("HOME");
  if (home == nullptr) return;
  history_path_ = std::string(home) + "/.heliosdb_history";
  read_history(history_path_.c_str());
}

LineEditor::~LineEditor() {
  completing_session = nullptr;
  if (!history_path_.empty()) write_history(history_path_.c_str());
}

bool LineEditor::Read(const std::string& prompt, std::string& line, bool& interrupted) {
  interrupted = false;
  char* text = ReadRaw(prompt.c_str(), &interrupted);
  if (interrupted) {
    std::fputs("\n", stdout);
    line.clear();
    return true;
  }
  if (text == nullptr) {
    std::fputs("\\q\n", stdout);
    return false;
  }
  line = text;
  free(text);
  return true;
}

void LineEditor::Remember(const std::string& text) {
  if (text.empty() || text[0] == ' ') return;
  // A statement of several lines is one entry; the file keeps an entry a line.
  std::string entry = text;
  for (char& c : entry) {
    if (c == '\n') c = ' ';
  }
  const HIST_ENTRY* last =
      history_length > 0 ? history_get(history_base + history_length - 1) : nullptr;
  if (last == nullptr || entry != last->line) add_history(entry.c_str());
}

}  // namespace helios::shell
