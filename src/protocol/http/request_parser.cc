#include "protocol/http/internal/request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace helios::protocol::http {
namespace {

namespace beast_http = boost::beast::http;
using Parser = beast_http::request_parser<beast_http::string_body>;

int StatusOf(const boost::system::error_code& error) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return 431;
  }
  if (error == beast_http::error::body_limit) return 413;
  return 400;
}

std::string Lower(boost::beast::string_view text) {
  std::string lower(text.data(), text.size());
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

struct RequestParser::Impl {
  std::optional<Parser> parser;
  std::string pending;  // Not yet parsed.
  bool continue_was_sent = false;
};

RequestParser::RequestParser(size_t header_bytes_max, size_t body_bytes_max)
    : header_bytes_max_(header_bytes_max),
      body_bytes_max_(body_bytes_max),
      impl_(std::make_unique<Impl>()) {}

RequestParser::~RequestParser() = default;

RequestParser::Outcome RequestParser::Feed(std::string_view bytes) {
  impl_->pending.append(bytes);
  return Advance();
}

RequestParser::Outcome RequestParser::Next() {
  impl_->parser.reset();
  impl_->continue_was_sent = false;
  return Advance();
}

RequestParser::Outcome RequestParser::Advance() {
  if (impl_->pending.empty() && !impl_->parser.has_value()) return Outcome::kNeedsMore;
  if (!impl_->parser.has_value()) {
    impl_->parser.emplace();
    impl_->parser->header_limit(static_cast<uint32_t>(header_bytes_max_));
    impl_->parser->body_limit(body_bytes_max_);
  }
  Parser& parser = *impl_->parser;
  while (!parser.is_done() && !impl_->pending.empty()) {
    boost::system::error_code error;
    const size_t used = parser.put(boost::asio::buffer(impl_->pending), error);
    impl_->pending.erase(0, used);
    if (error == beast_http::error::need_more) {
      // Beast wants the header in one piece: more than the limit will never become one.
      if (!parser.is_header_done() && impl_->pending.size() > header_bytes_max_) {
        failure_status_ = 431;
        return Outcome::kFailed;
      }
      if (used == 0) return Outcome::kNeedsMore;
      continue;
    }
    if (error) {
      failure_status_ = StatusOf(error);
      return Outcome::kFailed;
    }
  }
  return parser.is_done() ? Outcome::kDone : Outcome::kNeedsMore;
}

Request RequestParser::TakeRequest() {
  auto& message = impl_->parser->get();
  Request request;
  request.method = std::string(message.method_string());
  const std::string target(message.target());
  const size_t question = target.find('?');
  if (question != std::string::npos) request.query = target.substr(question + 1);
  // A path that cannot be decoded matches nothing.
  if (!PercentDecode(std::string_view(target).substr(0, question), &request.path)) {
    request.path.clear();
  }
  for (const auto& field : message) {
    request.headers.emplace_back(Lower(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

bool RequestParser::keep_alive() const { return impl_->parser->keep_alive(); }

bool RequestParser::has_partial() const {
  return !impl_->pending.empty() || (impl_->parser.has_value() && !impl_->parser->is_done());
}

bool RequestParser::TakeExpectContinue() {
  if (!impl_->parser.has_value() || impl_->continue_was_sent || !impl_->parser->is_header_done() ||
      impl_->parser->is_done()) {
    return false;
  }
  const auto& message = impl_->parser->get();
  if (Lower(message[beast_http::field::expect]) != "100-continue") return false;
  impl_->continue_was_sent = true;
  return true;
}

}  // namespace helios::protocol::http
