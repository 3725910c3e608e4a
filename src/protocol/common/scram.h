#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios::protocol {

// The server's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), with or without channel
// binding. Messages:
//
//   client first   gs2-header "n=user,r=client-nonce"
//   server first   "r=client-nonce server-nonce,s=salt,i=iterations"
//   client final   "c=base64(gs2-header [binding]),r=nonce,p=base64(proof)"
//   server final   "v=base64(signature)"
//
// The user name in the message is ignored, as in PostgreSQL: the start-up packet has named it.
// Thread safety: none.
class ScramServer {
 public:
  struct Verifier {
    uint32_t iterations = 4096;
    std::string salt;
    std::string stored_key;
    std::string server_key;
  };
  struct Options {
    bool with_channel_binding = false;  // The client chose SCRAM-SHA-256-PLUS.
    bool binding_is_possible = false;   // PLUS was on offer: a client that says "y" was deceived.
    std::string channel_binding;        // tls-server-end-point
    std::string server_nonce;           // Printable, without commas.
  };
  // `is_known` false: a mock exchange that always fails at its end, for roles without a password.
  ScramServer(Verifier verifier, bool is_known, Options options)
      : verifier_(std::move(verifier)), is_known_(is_known), options_(std::move(options)) {}

  // Both return the answer. 08P01 malformed, 28000 channel binding differs. FinalMessage: 28P01
  // with an empty message when the proof is wrong; the caller words it.
  Result<std::string> FirstMessage(std::string_view client_first);
  Result<std::string> FinalMessage(std::string_view client_final);

 private:
  Status CheckBindingFlag(std::string_view flag) const;

  const Verifier verifier_;
  const bool is_known_;
  const Options options_;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string server_first_;
  std::string nonce_;
};

// A verifier for `password`, which is used as it is (SASLprep is the caller's).
ScramServer::Verifier MakeScramVerifier(std::string_view password, std::string_view salt,
                                        uint32_t iterations);
// One for a user without a password: the same for the same name and secret, so that asking twice
// reveals nothing.
ScramServer::Verifier MakeMockVerifier(std::string_view user, std::string_view server_secret);

}  // namespace helios::protocol
