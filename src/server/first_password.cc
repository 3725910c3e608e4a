#include "server/first_password.h"

#include <algorithm>

#include "sys/crypto.h"
#include "sys/files.h"
#include "sys/randomness.h"

namespace helios::server {
namespace {

constexpr size_t kPasswordFileBytesMax = 4096;
// 144 bits: 24 characters of base64.
constexpr size_t kRandomPasswordBytes = 18;

std::string FirstLine(std::string text) {
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

}  // namespace

std::string InitialPasswordPath(const ServerConfig& config) {
  return config.data_dir + "/initial_password";
}

Result<std::string> FirstPassword(const ServerConfig& config) {
  if (!config.superuser_password_file.empty()) {
    HELIOS_TRY(std::string text,
               sys::ReadFile(config.superuser_password_file, kPasswordFileBytesMax));
    std::string password = FirstLine(std::move(text));
    if (password.empty()) {
      return Error(ErrorCode::kConfigFileError)
          .Message("password file \"{}\" is empty", config.superuser_password_file);
    }
    return password;
  }
  const std::string path = InitialPasswordPath(config);
  if (sys::PathExists(path)) {
    // A start that did not come to its end has left it.
    HELIOS_TRY(std::string text, sys::ReadFile(path, kPasswordFileBytesMax));
    std::string password = FirstLine(std::move(text));
    if (!password.empty()) return password;
  }
  std::string password = sys::Base64Encode(sys::SecureRandomBytes(kRandomPasswordBytes));
  // Characters that URLs and shells take as they are.
  for (char& c : password) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  HELIOS_TRY(sys::WriteFileAtomically(path, password + "\n"));
  return password;
}

}  // namespace helios::server
