// The beginning of a connection: encryption, the start-up packet, authentication, the session.

#include <algorithm>

#include "protocol/common/scram.h"
#include "protocol/pg/internal/command_line_options.h"
#include "protocol/pg/internal/pg_connection.h"
#include "sys/crypto.h"
#include "sys/log.h"
#include "sys/randomness.h"

namespace helios::protocol::pg {
namespace {

constexpr char kTlsHandshakeByte = 0x16;
constexpr size_t kServerNonceBytes = 18;
constexpr int32_t kAuthenticationOk = 0;
constexpr int32_t kAuthenticationSaslContinue = 11;
constexpr int32_t kAuthenticationSaslFinal = 12;

Status AuthenticationFailed(std::string_view user) {
  return Error(ErrorCode::kInvalidPassword)
      .Message("password authentication failed for user \"{}\"", user);
}

Status ClientLeft() {
  return Error(ErrorCode::kConnectionFailure).Message("client closed the connection");
}

Status UnencryptedDataAfter(std::string_view request) {
  return Error(ErrorCode::kProtocolViolation)
      .Message("received unencrypted data after {} request", request)
      .Detail(
          "This could be either a client-software bug or evidence of an attempted "
          "man-in-the-middle "
          "attack.");
}

// "'utf-8'", "UNICODE", "utf8" all mean UTF8: PostgreSQL looks at letters and digits alone.
std::string CanonicalEncoding(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      letters.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    }
  }
  return letters == "utf8" || letters == "unicode" ? "UTF8" : std::string(name);
}

bool IsTrue(std::string_view value) {
  return value == "true" || value == "on" || value == "yes" || value == "1" || value == "database";
}

}  // namespace

Result<Channel::Incoming> PgConnection::ReadOrEnd(
    Result<Channel::Incoming> (Channel::*read)(int64_t)) {
  HELIOS_TRY(channel_.Flush(login_deadline_us_));
  while (true) {
    HELIOS_TRY(const Channel::Incoming incoming, (channel_.*read)(login_deadline_us_));
    switch (incoming.outcome) {
      case Channel::Outcome::kMessage:
        return incoming;
      case Channel::Outcome::kEnd:
        return ClientLeft();
      case Channel::Outcome::kTimeout:
        return Error(ErrorCode::kConnectionFailure).Message("login timed out");
      case Channel::Outcome::kWoken:
        wake_->Clear();
        if (is_ending_) return EndReason();
        break;
    }
  }
}

Result<bool> PgConnection::AcceptTls() {
  HELIOS_TRY(auto stream,
             server_.options().tls->Accept(channel_.stream().fd(), login_deadline_us_));
  stream->SetWakeEvent(wake_);
  channel_.ReplaceStream(std::move(stream));
  return true;
}

// Reads start-up packets until one is not about encryption.
Result<bool> PgConnection::NegotiateEncryption(StartupPacket* packet) {
  char first = 0;
  auto& plain = static_cast<sys::PlainStream&>(channel_.stream());
  HELIOS_TRY(const sys::ReadResult peeked, plain.Peek(&first, 1, login_deadline_us_));
  if (peeked.outcome != sys::ReadOutcome::kBytes) return false;
  bool tls_was_asked = false;
  bool gss_was_asked = false;
  if (first == kTlsHandshakeByte) {
    if (server_.options().tls == nullptr) return false;
    HELIOS_TRY(AcceptTls());
    // Direct TLS. Clients name "postgresql" by ALPN, and another name ends the handshake; older
    // drivers name nothing, which is good enough on a port that speaks nothing else.
    tls_was_asked = gss_was_asked = true;
  }
  while (true) {
    HELIOS_TRY(const auto incoming, ReadOrEnd(&Channel::ReadStartupPacket));
    HELIOS_TRY(*packet, DecodeStartupPacket(incoming.body));
    if (packet->code == kSslRequestCode && !tls_was_asked) {
      tls_was_asked = true;
      if (channel_.HasBufferedInput()) return UnencryptedDataAfter("SSL");
      const bool accepts = server_.options().tls != nullptr;
      channel_.out().push_back(accepts ? 'S' : 'N');
      HELIOS_TRY(channel_.Flush(login_deadline_us_));
      if (accepts) HELIOS_TRY(AcceptTls());
    } else if (packet->code == kGssEncRequestCode && !gss_was_asked) {
      gss_was_asked = true;
      if (channel_.HasBufferedInput()) return UnencryptedDataAfter("GSSAPI encryption");
      channel_.out().push_back('N');
    } else {
      return true;
    }
  }
}

Status PgConnection::CheckStartup(const StartupPacket& packet, compute::SessionOptions* options) {
  if (packet.code >> 16 != 3) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0",
                 packet.code >> 16, packet.code & 0xffff);
  }
  std::vector<std::string> unknown_options;
  for (const auto& [name, value] : packet.parameters) {
    if (name == "user") {
      options->user = value;
    } else if (name == "database") {
      options->database = value;
    } else if (name == "replication") {
      if (IsTrue(value)) {
        return Error(ErrorCode::kFeatureNotSupported).Message("replication is not supported");
      }
    } else if (name == "options") {
      HELIOS_TRY(ParseCommandLineOptions(value, &options->settings));
    } else if (name.starts_with("_pq_.")) {
      unknown_options.push_back(name);
    } else {
      options->settings.emplace_back(name,
                                     name == "client_encoding" ? CanonicalEncoding(value) : value);
    }
  }
  if ((packet.code & 0xffff) != 0 || !unknown_options.empty()) {
    AppendNegotiateVersion(kProtocolVersion30, unknown_options, &channel_.out());
  }
  if (options->user.empty()) {
    return Error(ErrorCode::kInvalidAuthorization)
        .Message("no PostgreSQL user name specified in startup packet");
  }
  if (options->database.empty()) options->database = options->user;
  if (!peer_.is_local_socket) {
    const sys::PeerAddress here = socket().LocalAddress();
    options->client_host = peer_.host;
    options->client_port = peer_.port;
    options->server_host = here.host;
    options->server_port = here.port;
  }
  if (server_.options().require_tls && !peer_.is_local_socket &&
      !channel_.stream().is_encrypted()) {
    return Error(ErrorCode::kInvalidAuthorization)
        .Message("connection requires encryption")
        .Hint("Connect with sslmode=require.");
  }
  return Status::Ok();
}

Result<std::string> PgConnection::ReadSasl() {
  HELIOS_TRY(const auto incoming, ReadOrEnd(&Channel::ReadPasswordMessage));
  return std::string(incoming.body);
}

Status PgConnection::AuthenticateScram(const std::string& user) {
  const std::string& binding =
      server_.options().tls == nullptr ? "" : server_.options().tls->server_end_point();
  const bool binding_is_possible = channel_.stream().is_encrypted() && !binding.empty();
  AppendSaslMechanisms(binding_is_possible, &channel_.out());
  HELIOS_TRY(const std::string first, ReadSasl());
  HELIOS_TRY(const SaslInitialMessage initial, DecodeSaslInitial(first));
  const bool with_binding = initial.mechanism == "SCRAM-SHA-256-PLUS" && binding_is_possible;
  if (!with_binding && initial.mechanism != "SCRAM-SHA-256") {
    return Error(ErrorCode::kProtocolViolation)
        .Message("client selected an invalid SASL authentication mechanism");
  }
  const auto found = server_.engine().FindScramVerifier(user);
  ScramServer::Verifier verifier = MakeMockVerifier(user, server_.mock_secret());
  if (found.has_value()) {
    verifier = {found->iterations, found->salt, found->stored_key, found->server_key};
  }
  ScramServer scram(std::move(verifier), found.has_value(),
                    {.with_channel_binding = with_binding,
                     .binding_is_possible = binding_is_possible,
                     .channel_binding = with_binding ? binding : "",
                     .server_nonce = sys::Base64Encode(sys::SecureRandomBytes(kServerNonceBytes))});
  std::string client_first(initial.data);
  if (!initial.has_data) {
    // The client waits for an empty challenge first.
    AppendAuthentication(kAuthenticationSaslContinue, "", &channel_.out());
    HELIOS_TRY(client_first, ReadSasl());
  }
  HELIOS_TRY(const std::string server_first, scram.FirstMessage(client_first));
  AppendAuthentication(kAuthenticationSaslContinue, server_first, &channel_.out());
  HELIOS_TRY(const std::string client_final, ReadSasl());
  auto server_final = scram.FinalMessage(client_final);
  if (!server_final.ok()) {
    if (!server_final.status().Is(ErrorCode::kInvalidPassword)) return server_final.status();
    return AuthenticationFailed(user);
  }
  AppendAuthentication(kAuthenticationSaslFinal, *server_final, &channel_.out());
  return Status::Ok();
}

Status PgConnection::Authenticate(const std::string& user) {
  if (server_.options().auth == AuthMethod::kScram) {
    Status status = AuthenticateScram(user);
    if (!status.ok()) {
      if (!status.Is(ErrorCode::kConnectionFailure)) {
        server_.metrics().authentication_failures.Add();
        sys::Log(sys::LogLevel::kWarning, "authentication failed",
                 {{"user", user}, {"client", peer_.ToString()}, {"reason", status.info().message}});
      }
      return status;
    }
  }
  AppendAuthentication(kAuthenticationOk, "", &channel_.out());
  return Status::Ok();
}

Status PgConnection::OpenSession(const compute::SessionOptions& options) {
  HELIOS_TRY(session_, server_.engine().OpenSession(options, *this));
  {
    const std::lock_guard lock(end_mutex_);
    cancelable_ = session_.get();
  }
  server_.metrics().connections.Add(1);
  server_.metrics().connections_total.Add();
  std::string& out = channel_.out();
  for (const auto& [name, value] : server_.engine().ReportedSettings(*session_)) {
    AppendParameterStatus(name, value, &out);
  }
  (void)session_->TakeParameterChanges();  // They are in the list above.
  AppendBackendKeyData(session_->process_id(), server_.engine().SecretKey(*session_), &out);
  is_started_ = true;
  sys::Log(sys::LogLevel::kDebug, "session opened",
           {{"pid", session_->process_id()},
            {"user", options.user},
            {"database", options.database},
            {"client", peer_.ToString()},
            {"encrypted", channel_.stream().is_encrypted()}});
  return Status::Ok();
}

Result<bool> PgConnection::StartUp() {
  StartupPacket packet;
  HELIOS_TRY(const bool goes_on, NegotiateEncryption(&packet));
  if (!goes_on) return false;
  if (packet.code == kCancelRequestCode) {
    server_.engine().CancelSession(packet.cancel_process_id, packet.cancel_key);
    return false;
  }
  compute::SessionOptions options;
  HELIOS_TRY(CheckStartup(packet, &options));
  has_place_ = server_.TakePlace();
  if (!has_place_) {
    return Error(ErrorCode::kTooManyConnections).Message("sorry, too many clients already");
  }
  HELIOS_TRY(Authenticate(options.user));
  HELIOS_TRY(OpenSession(options));
  ticket_.Release();
  Ready();
  return true;
}

}  // namespace helios::protocol::pg
