#include "protocol/common/scram.h"

#include <algorithm>

#include "sys/crypto.h"

namespace helios::protocol {
namespace {

constexpr size_t kSaltBytes = 16;

Status Malformed(std::string_view detail) {
  return Error(ErrorCode::kProtocolViolation)
      .Message("malformed SCRAM message")
      .Detail("{}", detail);
}

// Takes "x=value" up to the next comma off the front of `*rest`.
Result<std::string_view> TakeAttribute(char name, std::string_view* rest) {
  if (rest->size() < 2 || (*rest)[0] != name || (*rest)[1] != '=') {
    return Malformed(fmt::format("Expected attribute \"{}\".", name));
  }
  const size_t comma = std::min(rest->find(','), rest->size());
  const std::string_view value = rest->substr(2, comma - 2);
  rest->remove_prefix(std::min(comma + 1, rest->size()));
  return value;
}

bool IsNonceText(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string Xor(std::string_view left, std::string_view right) {
  std::string result(left);
  for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<char>(result[i] ^ right[i]);
  return result;
}

}  // namespace

Status ScramServer::CheckBindingFlag(std::string_view flag) const {
  if (flag == "n") {
    if (!options_.with_channel_binding) return Status::Ok();
    return Malformed(
        "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel "
        "binding data.");
  }
  if (flag == "y") {
    if (options_.with_channel_binding) {
      return Malformed(
          "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel "
          "binding data.");
    }
    if (!options_.binding_is_possible) return Status::Ok();
    return Error(ErrorCode::kInvalidAuthorization)
        .Message("SCRAM channel binding negotiation error")
        .Detail(
            "The client supports SCRAM channel binding but thinks the server does not.  However, "
            "this server does support channel binding.");
  }
  if (flag.starts_with("p=")) {
    if (!options_.with_channel_binding) {
      return Malformed(
          "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message "
          "includes channel binding data.");
    }
    if (flag != "p=tls-server-end-point") {
      return Error(ErrorCode::kProtocolViolation)
          .Message("unsupported SCRAM channel-binding type \"{}\"", flag.substr(2));
    }
    return Status::Ok();
  }
  return Malformed("Unexpected channel-binding flag.");
}

Result<std::string> ScramServer::FirstMessage(std::string_view client_first) {
  const size_t flag_end = client_first.find(',');
  if (flag_end == std::string_view::npos) return Malformed("Comma expected.");
  const size_t header_end = client_first.find(',', flag_end + 1);
  if (header_end == std::string_view::npos) return Malformed("Comma expected.");
  HELIOS_TRY(CheckBindingFlag(client_first.substr(0, flag_end)));
  if (header_end != flag_end + 1) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("client uses authorization identity, but it is not supported");
  }
  gs2_header_ = client_first.substr(0, header_end + 1);
  client_first_bare_ = client_first.substr(header_end + 1);
  std::string_view rest = client_first_bare_;
  if (rest.starts_with("m=")) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("client requires an unsupported SCRAM extension");
  }
  HELIOS_TRY(TakeAttribute('n', &rest));
  HELIOS_TRY(const std::string_view client_nonce, TakeAttribute('r', &rest));
  if (!IsNonceText(client_nonce)) {
    return Error(ErrorCode::kProtocolViolation).Message("non-printable characters in SCRAM nonce");
  }
  nonce_ = std::string(client_nonce) + options_.server_nonce;
  server_first_ = fmt::format("r={},s={},i={}", nonce_, sys::Base64Encode(verifier_.salt),
                              verifier_.iterations);
  return server_first_;
}

Result<std::string> ScramServer::FinalMessage(std::string_view client_final) {
  std::string_view rest = client_final;
  HELIOS_TRY(const std::string_view binding, TakeAttribute('c', &rest));
  const std::string expected = sys::Base64Encode(
      gs2_header_ + (options_.with_channel_binding ? options_.channel_binding : std::string()));
  if (!sys::ConstantTimeEqual(binding, expected)) {
    if (options_.with_channel_binding) {
      return Error(ErrorCode::kInvalidAuthorization).Message("SCRAM channel binding check failed");
    }
    return Error(ErrorCode::kProtocolViolation)
        .Message("unexpected SCRAM channel-binding attribute in client-final-message");
  }
  HELIOS_TRY(const std::string_view nonce, TakeAttribute('r', &rest));
  if (nonce != nonce_) {
    return Error(ErrorCode::kProtocolViolation)
        .Message("invalid SCRAM response")
        .Detail("Nonce does not match.");
  }
  const size_t proof_at = client_final.rfind(",p=");
  if (proof_at == std::string_view::npos) return Malformed("Expected attribute \"p\".");
  auto proof = sys::Base64Decode(client_final.substr(proof_at + 3));
  if (!proof.ok() || proof->size() != sys::kSha256Bytes) {
    return Malformed("Malformed proof in client-final-message.");
  }
  const std::string auth_message =
      fmt::format("{},{},{}", client_first_bare_, server_first_, client_final.substr(0, proof_at));
  const std::string client_signature = sys::HmacSha256(verifier_.stored_key, auth_message);
  const std::string client_key = Xor(*proof, client_signature);
  // The comparison runs for unknown users too: they must not answer sooner.
  const bool matches = sys::ConstantTimeEqual(sys::Sha256(client_key), verifier_.stored_key);
  if (!matches || !is_known_) return Error(ErrorCode::kInvalidPassword).Message("");
  return "v=" + sys::Base64Encode(sys::HmacSha256(verifier_.server_key, auth_message));
}

ScramServer::Verifier MakeScramVerifier(std::string_view password, std::string_view salt,
                                        uint32_t iterations) {
  const std::string salted = sys::Pbkdf2Sha256(password, salt, iterations);
  return {.iterations = iterations,
          .salt = std::string(salt),
          .stored_key = sys::Sha256(sys::HmacSha256(salted, "Client Key")),
          .server_key = sys::HmacSha256(salted, "Server Key")};
}

ScramServer::Verifier MakeMockVerifier(std::string_view user, std::string_view server_secret) {
  return {
      .iterations = 4096,
      .salt = sys::HmacSha256(server_secret, fmt::format("salt {}", user)).substr(0, kSaltBytes),
      .stored_key = sys::HmacSha256(server_secret, fmt::format("stored {}", user)),
      .server_key = sys::HmacSha256(server_secret, fmt::format("server {}", user))};
}

}  // namespace helios::protocol
