#include "compute/internal/password.h"

#include "sys/crypto.h"
#include "sys/randomness.h"

namespace helios::compute {

namespace {

constexpr std::string_view kPrefix = "SCRAM-SHA-256$";
constexpr uint32_t kIterations = 4096;
constexpr size_t kSaltBytes = 16;
constexpr uint32_t kIterationsMax = 10'000'000;

}  // namespace

std::string MakeScramVerifier(std::string_view password) {
  const std::string salt = sys::SecureRandomBytes(kSaltBytes);
  const std::string salted = sys::Pbkdf2Sha256(password, salt, kIterations);
  const std::string client_key = sys::HmacSha256(salted, "Client Key");
  const std::string stored_key = sys::Sha256(client_key);
  const std::string server_key = sys::HmacSha256(salted, "Server Key");
  return std::string(kPrefix) + std::to_string(kIterations) + ":" + sys::Base64Encode(salt) + "$" +
         sys::Base64Encode(stored_key) + ":" + sys::Base64Encode(server_key);
}

std::optional<ScramVerifier> ParseScramVerifier(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const size_t first_colon = text.find(':');
  const size_t dollar = text.find('$');
  const size_t second_colon = text.find(':', dollar == std::string_view::npos ? 0 : dollar);
  if (first_colon == std::string_view::npos || dollar == std::string_view::npos ||
      second_colon == std::string_view::npos || first_colon > dollar) {
    return std::nullopt;
  }
  ScramVerifier verifier;
  verifier.iterations = 0;
  for (const char digit : text.substr(0, first_colon)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    verifier.iterations = verifier.iterations * 10 + static_cast<uint32_t>(digit - '0');
    if (verifier.iterations > kIterationsMax) return std::nullopt;
  }
  Result<std::string> salt =
      sys::Base64Decode(text.substr(first_colon + 1, dollar - first_colon - 1));
  Result<std::string> stored =
      sys::Base64Decode(text.substr(dollar + 1, second_colon - dollar - 1));
  Result<std::string> server = sys::Base64Decode(text.substr(second_colon + 1));
  if (!salt.ok() || !stored.ok() || !server.ok() || verifier.iterations == 0) return std::nullopt;
  if (stored->size() != sys::kSha256Bytes || server->size() != sys::kSha256Bytes) {
    return std::nullopt;
  }
  verifier.salt = *salt;
  verifier.stored_key = *stored;
  verifier.server_key = *server;
  return verifier;
}

}  // namespace helios::compute
