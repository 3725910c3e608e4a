#include "sys/tls.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>

#include "sys/internal/poll_wait.h"
#include "sys/randomness.h"

namespace helios::sys {
namespace {

using internal::Direction;
using internal::PollFor;
using internal::PollOutcome;

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

// What OpenSSL says of its oldest error; forgets the others.
std::string TakeSslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  char text[256];
  ERR_error_string_n(code, text, sizeof(text));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : text;
}

class TlsStream final : public Stream {
 public:
  TlsStream(int fd, SslPtr ssl) : fd_(fd), ssl_(std::move(ssl)) {}

  Status Handshake(int64_t deadline_us) {
    while (true) {
      ERR_clear_error();
      const int code = SSL_accept(ssl_.get());
      if (code == 1) return Status::Ok();
      HELIOS_TRY(const PollOutcome outcome, WaitFor(code, -1, deadline_us));
      if (outcome == PollOutcome::kTimeout) return ConnectionError("shake hands with", ETIMEDOUT);
    }
  }

  Result<ReadResult> Read(char* to, size_t byte_count_max, int64_t deadline_us) override {
    while (true) {
      ERR_clear_error();
      size_t received = 0;
      const int code = SSL_read_ex(ssl_.get(), to, byte_count_max, &received);
      if (code == 1) return ReadResult{ReadOutcome::kBytes, received};
      const int error = SSL_get_error(ssl_.get(), code);
      if (error == SSL_ERROR_ZERO_RETURN) return ReadResult{ReadOutcome::kEnd};
      // A peer that closes without a goodbye: the protocols above see whether something is missing.
      if (error == SSL_ERROR_SSL &&
          ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        return ReadResult{ReadOutcome::kEnd};
      }
      HELIOS_TRY(const PollOutcome outcome, WaitFor(code, wake_fd_, deadline_us));
      if (outcome == PollOutcome::kTimeout) return ReadResult{ReadOutcome::kTimeout};
      if (outcome == PollOutcome::kWoken) return ReadResult{ReadOutcome::kWoken};
    }
  }

  Status Write(std::string_view bytes, int64_t deadline_us) override {
    while (!bytes.empty()) {
      ERR_clear_error();
      size_t sent = 0;
      const int code = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
      if (code == 1) {
        bytes.remove_prefix(sent);
        continue;
      }
      HELIOS_TRY(const PollOutcome outcome, WaitFor(code, -1, deadline_us));
      if (outcome == PollOutcome::kTimeout) return ConnectionError("send data to", ETIMEDOUT);
    }
    return Status::Ok();
  }

  bool HasBufferedBytes() const override { return SSL_has_pending(ssl_.get()) == 1; }
  void CloseWrite() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  int fd() const override { return fd_; }
  bool is_encrypted() const override { return true; }
  std::string_view alpn() const {
    const unsigned char* name = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &length);
    return {reinterpret_cast<const char*>(name), length};
  }

 private:
  // After a call that returned `code`: waits for what OpenSSL needs.
  Result<PollOutcome> WaitFor(int code, int wake_fd, int64_t deadline_us) {
    switch (SSL_get_error(ssl_.get(), code)) {
      case SSL_ERROR_WANT_READ:
        return PollFor(fd(), Direction::kRead, wake_fd, deadline_us);
      case SSL_ERROR_WANT_WRITE:
        return PollFor(fd(), Direction::kWrite, wake_fd, deadline_us);
      case SSL_ERROR_SYSCALL:
        return ConnectionError("exchange data with", errno != 0 ? errno : ECONNRESET);
      default:
        return Error(ErrorCode::kConnectionFailure).Message("TLS failed: {}", TakeSslError());
    }
  }

  const int fd_;
  SslPtr ssl_;
};

std::string EndPointHash(X509* certificate) {
  int digest_nid = NID_undef;
  if (X509_get_signature_info(certificate, &digest_nid, nullptr, nullptr, nullptr) != 1) return "";
  // RFC 5929: MD5 and SHA-1 are replaced by SHA-256.
  if (digest_nid == NID_md5 || digest_nid == NID_sha1) digest_nid = NID_sha256;
  const EVP_MD* digest = EVP_get_digestbynid(digest_nid);
  if (digest == nullptr) return "";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int hash_bytes = 0;
  if (X509_digest(certificate, digest, hash, &hash_bytes) != 1) return "";
  return std::string(reinterpret_cast<char*>(hash), hash_bytes);
}

Result<std::string> BioText(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  if (length <= 0) return Error(ErrorCode::kInternal).Message("could not write PEM");
  return std::string(text, static_cast<size_t>(length));
}

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

}  // namespace

struct TlsContext::Impl {
  SslContextPtr context;
  std::string end_point;
  std::string alpn;  // Each name behind its length.
};

namespace {

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* in,
               unsigned int in_bytes, void* argument) {
  const auto& ours = *static_cast<const std::string*>(argument);
  unsigned char* chosen = nullptr;
  const int code =
      SSL_select_next_proto(&chosen, out_bytes, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned int>(ours.size()), in, in_bytes);
  if (code != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

const std::string& TlsContext::server_end_point() const { return impl_->end_point; }

Result<std::unique_ptr<TlsContext>> TlsContext::Create(const Options& options) {
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = impl->context.get();
  HELIOS_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // Sessions are not resumed: a ticket key would have to be shared and rotated to be safe.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return Error(ErrorCode::kConfigFileError)
        .Message("could not load certificate \"{}\": {}", options.certificate_file, TakeSslError());
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Error(ErrorCode::kConfigFileError)
        .Message("could not load private key \"{}\": {}", options.key_file, TakeSslError());
  }
  impl->end_point = EndPointHash(SSL_CTX_get0_certificate(context));
  for (const std::string& name : options.alpn_protocols) {
    impl->alpn.push_back(static_cast<char>(name.size()));
    impl->alpn += name;
  }
  if (!impl->alpn.empty()) SSL_CTX_set_alpn_select_cb(context, SelectAlpn, &impl->alpn);
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::unique_ptr<Stream>> TlsContext::Accept(int fd, int64_t deadline_us) const {
  SslPtr ssl(SSL_new(impl_->context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) {
    return Error(ErrorCode::kOutOfMemory).Message("out of memory");
  }
  auto stream = std::make_unique<TlsStream>(fd, std::move(ssl));
  HELIOS_TRY(stream->Handshake(deadline_us));
  return std::unique_ptr<Stream>(std::move(stream));
}

std::string_view NegotiatedProtocol(const Stream& stream) {
  const auto* tls = dynamic_cast<const TlsStream*>(&stream);
  return tls == nullptr ? std::string_view() : tls->alpn();
}

Result<SelfSignedCertificate> MakeSelfSignedCertificate(std::string_view host_name) {
  constexpr long kLifetimeSeconds = 10L * 365 * 24 * 3600;
  ERR_clear_error();
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  const auto failed = [] {
    return Error(ErrorCode::kInternal).Message("could not make a certificate: {}", TakeSslError());
  };
  if (key == nullptr || certificate == nullptr) return failed();
  X509* x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  // 63 random bits: positive, and no two servers of one name share a number.
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), SecureRandom64() >> 1 | 1);
  // An hour back, for clients whose clock is behind.
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), kLifetimeSeconds);
  X509_set_pubkey(x509, key.get());
  const std::string name(host_name.substr(0, 64));
  X509_NAME* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, subject);
  const std::string alternatives =
      (name == "localhost" ? "" : "DNS:" + name + ",") + "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (!AddExtension(x509, NID_basic_constraints, "critical,CA:TRUE") ||
      !AddExtension(x509, NID_subject_alt_name, alternatives) ||
      X509_sign(x509, key.get(), EVP_sha256()) == 0) {
    return failed();
  }
  const BioPtr certificate_bio(BIO_new(BIO_s_mem()));
  const BioPtr key_bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_bio.get(), x509) != 1 ||
      PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return failed();
  }
  SelfSignedCertificate result;
  HELIOS_TRY(result.certificate_pem, BioText(certificate_bio.get()));
  HELIOS_TRY(result.key_pem, BioText(key_bio.get()));
  return result;
}

}  // namespace helios::sys
