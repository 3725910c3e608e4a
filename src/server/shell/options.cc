#include "server/shell/internal/options.h"

#include <functional>
#include <optional>

namespace helios::shell {
namespace {

constexpr std::string_view kUsage =
    R"(heliosdb sql: the interactive shell of HeliosDB

Usage:
  heliosdb sql [OPTION]... [DBNAME [USERNAME]]

DBNAME may be a connection string (host=... port=... user=... dbname=...) or a URI (postgresql://...).

General:
  -c, --command=COMMAND    run one command (SQL or a backslash command) and exit
  -d, --dbname=DBNAME      database to connect to (default: "helios")
  -f, --file=FILE          run the commands of a file and exit; - is standard input
  -l, --list               list the databases and exit
  -v, --set=NAME=VALUE     set a variable (as -v ON_ERROR_STOP=1)
  -1, --single-transaction run all of -c and -f in one transaction
  -X, --no-psqlrc          accepted for compatibility; no start-up file is read
  -V, --version            print the version and exit
  -?, --help               print this and exit

Input and output:
  -a, --echo-all           print every line of input
  -b, --echo-errors        print the commands that failed
  -e, --echo-queries       print the commands sent to the server
  -n, --no-readline        no line editing
  -o, --output=FILE        write results to a file
  -q, --quiet              no messages but results

Format:
  -A, --no-align           unaligned output
      --csv                comma-separated values
  -F, --field-separator=S  between the fields of unaligned output (default: "|")
  -P, --pset=VAR=VALUE     set a printing option (format, border, null, expanded, ...)
  -R, --record-separator=S between the records of unaligned output (default: newline)
  -t, --tuples-only        rows alone
  -x, --expanded           a line per column
  -z, --field-separator-zero, -0, --record-separator-zero
                           the zero byte as a separator

Connection:
  -h, --host=HOST          host or directory of the socket (default: "localhost")
  -p, --port=PORT          port (default: 5432)
  -U, --username=USER      user (default: "helios")
  -w, --no-password        never ask for a password
  -W, --password           ask for a password at once

Inside the shell, \? lists its commands.
)";

struct Flag {
  char letter;
  std::string_view name;
  bool has_value;
  std::function<Status(Options&, const std::string&)> apply;
};

Status Done() { return Status::Ok(); }

Status ApplySet(Options& options, const std::string& value) {
  const size_t equals = value.find('=');
  if (equals == 0) {
    return Error(ErrorCode::kInvalidParameterValue).Message("invalid variable name: \"{}\"", value);
  }
  if (equals == std::string::npos) {
    options.variables.erase(value);
  } else {
    options.variables[value.substr(0, equals)] = value.substr(equals + 1);
  }
  return Done();
}

Status ApplyPset(Options& options, const std::string& value) {
  const size_t equals = value.find('=');
  options.settings.push_back(
      "\\pset " + value.substr(0, equals) +
      (equals == std::string::npos ? std::string() : " '" + value.substr(equals + 1) + "'"));
  return Done();
}

template <typename F>
Flag Switch(char letter, std::string_view name, F set) {
  return {letter, name, false, [set](Options& options, const std::string&) {
            set(options);
            return Done();
          }};
}

template <typename F>
Flag Value(char letter, std::string_view name, F set) {
  return {letter, name, true, [set](Options& options, const std::string& value) {
            set(options, value);
            return Done();
          }};
}

std::vector<Flag> OutputFlags() {
  return {
      Switch('a', "echo-all", [](Options& o) { o.echo_all = true; }),
      Switch('b', "echo-errors", [](Options& o) { o.echo_errors = true; }),
      Switch('e', "echo-queries", [](Options& o) { o.echo_queries = true; }),
      Switch('n', "no-readline", [](Options& o) { o.no_readline = true; }),
      Value('o', "output", [](Options& o, const std::string& v) { o.output_file = v; }),
      Switch('q', "quiet", [](Options& o) { o.quiet = true; }),
      Switch('A', "no-align", [](Options& o) { o.format.format = OutputFormat::kUnaligned; }),
      Switch('\0', "csv", [](Options& o) { o.format.format = OutputFormat::kCsv; }),
      Value('F', "field-separator",
            [](Options& o, const std::string& v) { o.format.field_separator = v; }),
      Value('R', "record-separator",
            [](Options& o, const std::string& v) { o.format.record_separator = v; }),
      Switch('t', "tuples-only", [](Options& o) { o.format.tuples_only = true; }),
      Switch('x', "expanded", [](Options& o) { o.format.expanded = Expanded::kOn; }),
      Switch('z', "field-separator-zero",
             [](Options& o) { o.format.field_separator = std::string(1, '\0'); }),
      Switch('0', "record-separator-zero",
             [](Options& o) { o.format.record_separator = std::string(1, '\0'); }),
      {'P', "pset", true, ApplyPset},
  };
}

std::vector<Flag> AllFlags() {
  std::vector<Flag> flags = OutputFlags();
  const std::vector<Flag> general = {
      Value('c', "command",
            [](Options& o, const std::string& v) {
              o.actions.push_back({false, v});
            }),
      Value('d', "dbname", [](Options& o, const std::string& v) { o.database = v; }),
      Value('f', "file",
            [](Options& o, const std::string& v) {
              o.actions.push_back({true, v});
            }),
      Switch('l', "list", [](Options& o) { o.list_databases = true; }),
      {'v', "set", true, ApplySet},
      {'\0', "variable", true, ApplySet},
      Switch('1', "single-transaction", [](Options& o) { o.single_transaction = true; }),
      Switch('X', "no-psqlrc", [](Options&) {}),
      Switch('V', "version", [](Options& o) { o.version = true; }),
      Switch('?', "help", [](Options& o) { o.help = true; }),
      Value('h', "host", [](Options& o, const std::string& v) { o.host = v; }),
      Value('p', "port", [](Options& o, const std::string& v) { o.port = v; }),
      Value('U', "username", [](Options& o, const std::string& v) { o.user = v; }),
      Switch('w', "no-password", [](Options& o) { o.no_password = true; }),
      Switch('W', "password", [](Options& o) { o.ask_password = true; }),
  };
  flags.insert(flags.end(), general.begin(), general.end());
  return flags;
}

class Reader {
 public:
  Reader(int argc, char** argv) : flags_(AllFlags()) {
    for (int i = 1; i < argc; ++i) arguments_.emplace_back(argv[i]);
  }

  Result<Options> Read() {
    bool only_names = false;
    for (at_ = 0; at_ < arguments_.size(); ++at_) {
      const std::string& argument = arguments_[at_];
      if (!only_names && argument == "--") {
        only_names = true;
      } else if (!only_names && argument.starts_with("--")) {
        HELIOS_TRY(ReadLong(argument.substr(2)));
      } else if (!only_names && argument.size() > 1 && argument[0] == '-') {
        HELIOS_TRY(ReadShort(argument.substr(1)));
      } else {
        HELIOS_TRY(ReadName(argument));
      }
    }
    return std::move(options_);
  }

 private:
  Status ReadName(const std::string& name) {
    if (names_ == 0) {
      options_.database = name;
    } else if (names_ == 1) {
      options_.user = name;
    } else {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("extra command-line argument \"{}\"", name);
    }
    ++names_;
    return Done();
  }

  Result<std::string> NextValue(std::string_view flag) {
    if (at_ + 1 >= arguments_.size()) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("option requires an argument: {}", flag);
    }
    return arguments_[++at_];
  }

  Status ReadLong(const std::string& text) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    for (const Flag& flag : flags_) {
      if (flag.name != name) continue;
      std::string value;
      if (flag.has_value) {
        if (equals != std::string::npos) {
          value = text.substr(equals + 1);
        } else {
          HELIOS_TRY(value, NextValue("--" + name));
        }
      }
      return flag.apply(options_, value);
    }
    return Error(ErrorCode::kInvalidParameterValue).Message("unrecognized option \"--{}\"", name);
  }

  // A cluster of one-letter options; the last may take the rest, or the next argument, as its
  // value.
  Status ReadShort(const std::string& letters) {
    for (size_t i = 0; i < letters.size(); ++i) {
      const Flag* found = nullptr;
      for (const Flag& flag : flags_) {
        if (flag.letter == letters[i] && flag.letter != '\0') found = &flag;
      }
      if (found == nullptr) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("unrecognized option \"-{}\"", letters[i]);
      }
      if (!found->has_value) {
        HELIOS_TRY(found->apply(options_, ""));
        continue;
      }
      std::string value = letters.substr(i + 1);
      if (value.empty()) {
        HELIOS_TRY(value, NextValue(std::string("-") + letters[i]));
      }
      return found->apply(options_, value);
    }
    return Done();
  }

  std::vector<Flag> flags_;
  std::vector<std::string> arguments_;
  size_t at_ = 0;
  int names_ = 0;
  Options options_;
};

}  // namespace

Result<Options> ParseOptions(int argc, char** argv) { return Reader(argc, argv).Read(); }

std::string_view UsageText() { return kUsage; }

}  // namespace helios::shell
