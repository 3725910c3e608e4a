#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sys/stream.h"

namespace helios::sys {

struct SelfSignedCertificate {
  std::string certificate_pem;
  std::string key_pem;
};
// A P-256 key and a certificate for `host_name`, localhost and the loopback addresses, good for ten
// years from now.
Result<SelfSignedCertificate> MakeSelfSignedCertificate(std::string_view host_name);

// The server's side of TLS 1.2 and 1.3: certificate, key, what may be negotiated.
//
// Thread safety: all calls, from any thread. Lifetime: outlives its streams.
class TlsContext {
 public:
  struct Options {
    std::string certificate_file;  // PEM, with the chain behind it.
    std::string key_file;
    std::vector<std::string> alpn_protocols;  // In order of preference.
  };
  static Result<std::unique_ptr<TlsContext>> Create(const Options& options);
  ~TlsContext();

  // Shakes hands on a connected socket that outlives the stream. 08006 when the peer will not, or
  // the deadline comes.
  Result<std::unique_ptr<Stream>> Accept(int fd, int64_t deadline_us) const;

  // RFC 5929 tls-server-end-point: the hash of our certificate; empty when its signature algorithm
  // has no hash of its own (Ed25519).
  const std::string& server_end_point() const;

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The protocol that both sides agreed on by ALPN; empty when `stream` is not encrypted or none was.
std::string_view NegotiatedProtocol(const Stream& stream);

}  // namespace helios::sys
