#include "server/config.h"

#include <gtest/gtest.h>

#include "server/first_password.h"
#include "server/tls_files.h"
#include "sys/files.h"
#include "sys/machine.h"
#include "sys/testing/temporary_directory.h"

namespace helios::server {
namespace {

std::string TomlError(std::string_view text) {
  ServerConfig config;
  const Status status = ApplyToml(text, "x.toml", &config);
  return status.ok() ? "" : status.info().message;
}

std::string OptionError(const std::string& option, const std::string& text) {
  auto config = MakeConfig({{option, text}});
  return config.ok() ? "" : config.status().info().message;
}

TEST(Config, FileSetsEverything) {
  ServerConfig config;
  const Status status = ApplyToml(R"(
data_dir = "/data"
listen = ["127.0.0.1", "::1"]
memory_limit = "1GB"
threads = 3
roles = []
[ports]
pg = 0
http = "off"
mysql = "off"
[auth]
method = "trust"
[limits]
max_connections = 77
login_timeout = "500ms"
[log]
level = "debug"
format = "json"
)",
                                  "x.toml", &config);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(config.data_dir, "/data");
  EXPECT_EQ(config.listen, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(config.memory_limit_bytes, 1ull << 30);
  EXPECT_EQ(config.thread_count, 3u);
  EXPECT_TRUE(config.pg.is_open);
  EXPECT_EQ(config.pg.port, 0);
  EXPECT_FALSE(config.http.is_open);
  EXPECT_EQ(config.auth, AuthSetting::kTrust);
  EXPECT_EQ(config.connection_count_max, 77u);
  EXPECT_EQ(config.login_timeout_us, 500'000);
  EXPECT_EQ(config.log.level, sys::LogLevel::kDebug);
  EXPECT_TRUE(config.log.json);
}

TEST(Config, FileErrorsNameTheLine) {
  EXPECT_EQ(TomlError("\ndata_dri = \"x\""), "x.toml, line 2: unknown setting \"data_dri\"");
  EXPECT_EQ(TomlError("[ports]\n\npg = 70000"),
            "x.toml, line 3: ports.pg: \"70000\" is not a port (0 to 65535, or off)");
  EXPECT_EQ(TomlError("[port]\npg = 1"), "x.toml, line 1: unknown setting \"port\"");
  EXPECT_EQ(TomlError("threads = 1.5"),
            "x.toml, line 1: threads: expected a text, a number or a list of them");
  EXPECT_TRUE(TomlError("x = ").starts_with("x.toml, line 1: "));
  EXPECT_EQ(TomlError("[ports]\nmysql = 3306"),
            "x.toml, line 2: ports.mysql: this version does not serve the MySQL protocol");
}

TEST(Config, OptionsWinOverTheFile) {
  const sys::TemporaryDirectory directory;
  const std::string path = directory.path() + "/config.toml";
  ASSERT_TRUE(sys::WriteFileAtomically(path, "threads = 3\n[ports]\npg = 1234\n").ok());
  auto config = MakeConfig({{"--config", path}, {"--threads", "5"}});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->thread_count, 5u);
  EXPECT_EQ(config->pg.port, 1234);
  EXPECT_EQ(config->http.port, 8080);
  EXPECT_GT(config->memory_limit_bytes, 0u);
  ASSERT_TRUE(sys::RemoveFile(path).ok());
  EXPECT_TRUE(MakeConfig({{"--config", path}}).status().Is(ErrorCode::kUndefinedFile));
}

TEST(Config, OptionErrors) {
  EXPECT_EQ(OptionError("--pg-port", "x"), "--pg-port: \"x\" is not a port (0 to 65535, or off)");
  EXPECT_EQ(OptionError("--oracle-port", "1521"),
            "--oracle-port: this version does not serve the Oracle protocol");
  EXPECT_EQ(OptionError("--oracle-port", "off"), "");
  EXPECT_EQ(OptionError("--roles", "storage"),
            "--roles: this version cannot run role \"storage\" by itself");
  EXPECT_EQ(OptionError("--roles", "king"), "--roles: unknown role \"king\"");
  EXPECT_EQ(OptionError("--auth", "md5"), "--auth: \"md5\" is not one of: scram, trust");
  EXPECT_EQ(OptionError("--threads", "0"), "--threads: 0 is not between 1 and 1024");
  EXPECT_EQ(OptionError("--tls-key-file", "k"),
            "tls.cert_file and tls.key_file belong together: one of them is missing");
  EXPECT_NE(OptionError("--memory-limit", "1MB"), "");
  EXPECT_NE(OptionError("--listen", ","), "");
  EXPECT_FALSE(MakeConfig({{"--auth", "trust"}, {"--listen", "0.0.0.0"}}).ok());
  EXPECT_FALSE(MakeConfig({{"--auth", "trust"}, {"--listen", "127.0.0.1,10.0.0.1"}}).ok());
  EXPECT_FALSE(MakeConfig({{"--pg-port", "off"}, {"--http-port", "off"}}).ok());
}

TEST(Config, SizesAndTimes) {
  EXPECT_EQ(ParseSize("4GB", 0).value(), 4ull << 30);
  EXPECT_EQ(ParseSize("512 MB", 0).value(), 512ull << 20);
  EXPECT_EQ(ParseSize("25%", 1000).value(), 250u);
  EXPECT_EQ(ParseSize("7", 0).value(), 7u);
  for (const char* bad : {"", "GB", "-1", "101%", "0%", "1PB", "99999999999TB", "1.5GB"}) {
    EXPECT_FALSE(ParseSize(bad, 1000).ok()) << bad;
  }
  EXPECT_EQ(ParseDuration("2min").value(), 120'000'000);
  EXPECT_EQ(ParseDuration("3").value(), 3'000'000);
  EXPECT_FALSE(ParseDuration("3 weeks").ok());
  EXPECT_FALSE(ParseDuration("99999999999999h").ok());
}

TEST(Start, PasswordsAndCertificatesOfTheFirstStart) {
  ServerConfig config;
  const sys::TemporaryDirectory directory;
  config.data_dir = directory.path();
  const auto password = FirstPassword(config);
  ASSERT_TRUE(password.ok());
  EXPECT_EQ(password->size(), 24u);
  EXPECT_EQ(FirstPassword(config).value(), *password);
  EXPECT_TRUE(sys::CheckFileIsPrivate(InitialPasswordPath(config)).ok());
  config.superuser_password_file = config.data_dir + "/given";
  EXPECT_FALSE(FirstPassword(config).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(config.superuser_password_file, "secret\nmore").ok());
  EXPECT_EQ(FirstPassword(config).value(), "secret");
  ASSERT_TRUE(sys::WriteFileAtomically(config.superuser_password_file, "\n").ok());
  EXPECT_FALSE(FirstPassword(config).ok());
  EXPECT_NE(OpenTls(config).value(), nullptr);
  const std::string certificate = sys::ReadFile(config.data_dir + "/server.crt").value();
  EXPECT_NE(OpenTls(config).value(), nullptr);
  EXPECT_EQ(sys::ReadFile(config.data_dir + "/server.crt").value(), certificate);
  config.tls = TlsSetting::kOff;
  EXPECT_EQ(OpenTls(config).value(), nullptr);
}

}  // namespace
}  // namespace helios::server
