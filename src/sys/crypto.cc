#include "sys/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace helios::sys {
namespace {

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

std::string Digest(const EVP_MD* algorithm, std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  // With a built-in algorithm and memory at hand this cannot fail.
  HELIOS_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &length, algorithm, nullptr) == 1);
  return {reinterpret_cast<const char*>(digest), length};
}

}  // namespace

std::string Md5(std::string_view bytes) { return Digest(EVP_md5(), bytes); }
std::string Sha224(std::string_view bytes) { return Digest(EVP_sha224(), bytes); }
std::string Sha384(std::string_view bytes) { return Digest(EVP_sha384(), bytes); }
std::string Sha512(std::string_view bytes) { return Digest(EVP_sha512(), bytes); }

std::string Sha256(std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  SHA256(Unsigned(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  unsigned int digest_bytes = 0;
  HELIOS_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Unsigned(bytes),
                    bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                    &digest_bytes) != nullptr);
  HELIOS_CHECK(digest_bytes == kSha256Bytes);
  return digest;
}

std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, uint32_t iterations) {
  std::string key(kSha256Bytes, '\0');
  HELIOS_CHECK(iterations > 0);
  HELIOS_CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), Unsigned(salt),
                                 static_cast<int>(salt.size()), static_cast<int>(iterations),
                                 EVP_sha256(), static_cast<int>(key.size()),
                                 reinterpret_cast<unsigned char*>(key.data())) == 1);
  return key;
}

bool ConstantTimeEqual(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string Base64Encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a zero byte.
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), Unsigned(bytes),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

Result<std::string> Base64Decode(std::string_view text) {
  const auto invalid = [] {
    return Error(ErrorCode::kInvalidTextRepresentation).Message("invalid base64 encoding");
  };
  if (text.size() % 4 != 0) return invalid();
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t at = 0; at < text.size(); at += 4) {
    const bool is_last = at + 4 == text.size();
    size_t padding = 0;
    if (is_last && text[at + 3] == '=') padding = text[at + 2] == '=' ? 2 : 1;
    uint32_t group = 0;
    for (size_t i = 0; i < 4; ++i) {
      const int digit = i >= 4 - padding ? 0 : Base64Digit(text[at + i]);
      if (digit < 0) return invalid();
      group = group << 6 | static_cast<uint32_t>(digit);
    }
    // Bits that padding leaves over must be zero, or two texts would mean the same bytes.
    if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0)) {
      return invalid();
    }
    bytes.push_back(static_cast<char>(group >> 16));
    if (padding < 2) bytes.push_back(static_cast<char>(group >> 8));
    if (padding < 1) bytes.push_back(static_cast<char>(group));
  }
  return bytes;
}

std::string HexEncode(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace helios::sys
