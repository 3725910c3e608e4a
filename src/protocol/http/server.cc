#include "protocol/http/server.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>

#include "protocol/http/internal/request_parser.h"
#include "sys/metrics.h"
#include "sys/stream.h"

namespace helios::protocol::http {
namespace {

int64_t NowUs() { return sys::SystemClock().MonotonicMicros(); }

std::string FormatResponse(const Response& response, bool keep_alive, bool head_only) {
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
      response.status, ReasonPhrase(response.status), response.content_type, response.body.size(),
      keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) {
    text += fmt::format("{}: {}\r\n", name, value);
  }
  text += "\r\n";
  if (!head_only) text += response.body;
  return text;
}

// One client, request after request; parked in between.
class HttpConnection final : public Connection {
 public:
  HttpConnection(const Server& server, sys::ListeningSocket::Accepted accepted,
                 Admission::Ticket ticket)
      : Connection(std::move(accepted.socket)),
        server_(server),
        peer_(std::move(accepted.peer)),
        ticket_(std::move(ticket)),
        stream_(socket().fd()),
        parser_(server.options().header_bytes_max, server.options().body_bytes_max),
        requests_(sys::Metrics().AddCounter("heliosdb_http_requests_total", "HTTP requests")) {}

  Next Serve(Reason reason, sys::WakeEvent& wake) override {
    if (reason != Reason::kReadable || is_ending_) return Finish();
    stream_.SetWakeEvent(&wake);
    const bool goes_on = ServeRequests();
    stream_.SetWakeEvent(nullptr);
    if (!goes_on) return Finish();
    return Park(NowUs() + server_.options().keep_alive_us, false);
  }

  void AskToEnd(const Status&) override {
    is_ending_ = true;
    Wake();
  }

 private:
  Next Finish() {
    stream_.CloseWrite();
    DiscardReceived();
    ticket_.Release();
    return Close();
  }

  // Answers what has arrived; false when the connection is over.
  bool ServeRequests() {
    const int64_t deadline_us = NowUs() + server_.options().request_timeout_us;
    char piece[8192];
    while (true) {
      auto read = stream_.Read(piece, sizeof(piece), parser_.has_partial() ? deadline_us : NowUs());
      if (!read.ok()) return false;
      if (read->outcome == sys::ReadOutcome::kTimeout) {
        if (!parser_.has_partial()) return true;
        return Refuse(408);
      }
      if (read->outcome != sys::ReadOutcome::kBytes) return false;
      auto outcome = parser_.Feed({piece, read->byte_count});
      while (outcome == RequestParser::Outcome::kDone) {
        if (!Answer()) return false;
        outcome = parser_.Next();
      }
      if (outcome == RequestParser::Outcome::kFailed) return Refuse(parser_.failure_status());
      if (parser_.TakeExpectContinue() && !Send("HTTP/1.1 100 Continue\r\n\r\n")) return false;
    }
  }

  bool Answer() {
    requests_.Add();
    const bool keep_alive = parser_.keep_alive() && !is_ending_;
    Request request = parser_.TakeRequest();
    request.client_address = peer_.ToString();
    const Response response = server_.router().Handle(request);
    return Send(FormatResponse(response, keep_alive, request.method == "HEAD")) && keep_alive;
  }

  bool Refuse(int status) {
    const Response response{.status = status, .body = std::string(ReasonPhrase(status)) + "\n"};
    Send(FormatResponse(response, false, false));
    return false;
  }

  bool Send(std::string_view bytes) {
    return stream_.Write(bytes, NowUs() + server_.options().request_timeout_us).ok();
  }

  const Server& server_;
  const sys::PeerAddress peer_;
  Admission::Ticket ticket_;
  sys::PlainStream stream_;
  RequestParser parser_;
  sys::Counter& requests_;
  std::atomic<bool> is_ending_{false};
};

}  // namespace

Server::~Server() { StopListening(); }

void Server::Listen(sys::Reactor& reactor, std::vector<sys::ListeningSocket> sockets) {
  Listener::Options options{.limits = options_.limits,
                            .login_timeout_us = options_.request_timeout_us};
  listeners_.push_back(std::make_unique<Listener>(
      reactor, runner_, std::move(sockets), std::move(options),
      [this](sys::ListeningSocket::Accepted accepted, Admission::Ticket ticket, int64_t) {
        return NewConnection(std::move(accepted), std::move(ticket));
      }));
}

uint16_t Server::port() const { return listeners_.empty() ? 0 : listeners_.front()->port(); }

void Server::StopListening() {
  for (const auto& listener : listeners_) listener->Stop();
  listeners_.clear();
}

std::shared_ptr<Connection> Server::NewConnection(sys::ListeningSocket::Accepted accepted,
                                                  Admission::Ticket ticket) {
  return std::make_shared<HttpConnection>(*this, std::move(accepted), std::move(ticket));
}

}  // namespace helios::protocol::http
