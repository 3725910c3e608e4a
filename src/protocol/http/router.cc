#include "protocol/http/router.h"

namespace helios::protocol::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Response PlainAnswer(int status) {
  return {.status = status, .body = std::string(ReasonPhrase(status)) + "\n"};
}

}  // namespace

std::string_view Request::Header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

void Router::Add(std::string method, std::string path, Handler handler) {
  auto& methods = routes_[std::move(path)];
  if (method == "GET") methods["HEAD"] = handler;
  methods[std::move(method)] = std::move(handler);
}

Response Router::Handle(const Request& request) const {
  auto found = routes_.find(request.path);
  if (found == routes_.end()) {
    // The longest prefix: cut the path back, one slash after the other.
    std::string_view prefix = request.path;
    while (!prefix.empty() && found == routes_.end()) {
      const size_t slash = prefix.substr(0, prefix.size() - 1).rfind('/');
      if (slash == std::string_view::npos) break;
      prefix = prefix.substr(0, slash + 1);
      // "/" itself is the front page, not a place for everything else.
      if (prefix.size() > 1) found = routes_.find(prefix);
    }
  }
  if (found == routes_.end()) return PlainAnswer(404);
  const auto handler = found->second.find(request.method);
  if (handler != found->second.end()) return handler->second(request);
  Response response = PlainAnswer(405);
  std::string allowed;
  for (const auto& [method, unused] : found->second) {
    if (!allowed.empty()) allowed += ", ";
    allowed += method;
  }
  response.headers.emplace_back("Allow", std::move(allowed));
  return response;
}

bool PercentDecode(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out->push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    out->push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return true;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace helios::protocol::http
