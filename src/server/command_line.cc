#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>

#include "server/config.h"
#include "server/shell/shell.h"
#include "server/start.h"
#include "server/version.h"

namespace helios::server {
namespace {

constexpr const char* kStartFooter =
    "\nThe same settings can stand in the TOML file that --config names; an option here wins over "
    "the "
    "file.\nSIGTERM and SIGINT stop the server in order, a second one at once.\n"
    "Exit codes: 0 stopped in order, 1 could not start or stop, 2 wrong options or configuration.";

// Adds every setting as an option of `command`; what is given lands in `texts`.
void AddSettings(CLI::App* command, std::map<std::string, std::vector<std::string>>* texts) {
  (*texts)["--config"];
  command->add_option("--config", (*texts)["--config"], "TOML file with settings")
      ->type_name("FILE")
      ->expected(1);
  for (const Setting& setting : AllSettings()) {
    const std::string option(setting.option);
    command->add_option(option, (*texts)[option], std::string(setting.help))
        ->type_name(std::string(setting.value_name))
        ->expected(1)
        ->take_all()
        // Else `--data-dir here there` would be there.
        ->allow_extra_args(false);
  }
}

SettingTexts Given(const std::map<std::string, std::vector<std::string>>& texts) {
  SettingTexts given;
  for (const auto& [option, values] : texts) {
    if (values.empty()) continue;
    std::string joined;
    for (const std::string& value : values) {
      // Only addresses make sense more than once; otherwise the last one counts.
      if (option != "--listen") {
        joined = value;
      } else {
        joined += joined.empty() ? value : "," + value;
      }
    }
    given.emplace_back(option, joined);
  }
  return given;
}

int Start(const std::map<std::string, std::vector<std::string>>& texts) {
  auto config = MakeConfig(Given(texts));
  if (!config.ok()) {
    PrintError(config.status());
    return kExitUsage;
  }
  return StartServer(*config);
}

// What ends before a command runs: help and version that were asked for, or wrong options.
int Refuse(const CLI::App& app, const CLI::ParseError& failure) {
  if (failure.get_exit_code() == 0) {
    app.exit(failure);
    return kExitOk;
  }
  const std::string_view hint =
      app.got_subcommand("start") ? "See heliosdb start --help." : "See heliosdb --help.";
  const std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) {
    PrintError(Error(ErrorCode::kSyntaxError)
                   .Message("unknown argument \"{}\"", unknown[0])
                   .Hint("{}", hint));
  } else if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stderr);
  } else {
    PrintError(Error(ErrorCode::kSyntaxError).Message("{}", failure.what()).Hint("{}", hint));
  }
  return kExitUsage;
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  // The shell reads its options itself: they are those of psql.
  if (argc > 1 && std::string_view(argv[1]) == "sql") return shell::ShellMain(argc - 1, argv + 1);
  constexpr std::string_view kCommands[] = {"start", "sql", "version"};
  if (argc > 1 && argv[1][0] != '-' &&
      std::ranges::find(kCommands, std::string_view(argv[1])) == std::end(kCommands)) {
    PrintError(Error(ErrorCode::kSyntaxError)
                   .Message("unknown command \"{}\"", argv[1])
                   .Hint("The commands are start, sql and version; see heliosdb --help."));
    return kExitUsage;
  }
  CLI::App app("HeliosDB, a distributed SQL database", "heliosdb");
  app.require_subcommand(1);
  app.set_version_flag("--version", VersionText());
  CLI::App* const start = app.add_subcommand("start", "Start a server");
  app.add_subcommand("sql", "Open the interactive shell (heliosdb sql --help)");
  CLI::App* const version = app.add_subcommand("version", "Print the version");
  std::map<std::string, std::vector<std::string>> texts;
  AddSettings(start, &texts);
  start->footer(kStartFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return Refuse(app, failure);
  }
  if (version->parsed()) {
    std::puts(VersionText().c_str());
    return kExitOk;
  }
  return Start(texts);
}

}  // namespace helios::server
