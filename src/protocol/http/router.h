#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace helios::protocol::http {

struct Request {
  std::string method;                                        // Upper case.
  std::string path;                                          // Percent-decoded, without the query.
  std::string query;                                         // What follows '?', as it came.
  std::vector<std::pair<std::string, std::string>> headers;  // Names in lower case.
  std::string body;
  std::string client_address;

  // Empty when absent.
  std::string_view Header(std::string_view lower_case_name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using Handler = std::function<Response(const Request&)>;

// Which handler answers which path. Exact paths, and prefixes that end in '/'; the longest match
// wins.
//
// Thread safety: Handle from any thread, once everything is added. Handlers are called from many
// threads at once and may block.
class Router {
 public:
  // GET serves HEAD too.
  void Add(std::string method, std::string path, Handler handler);
  // 404 and 405 (with Allow) where nothing fits.
  Response Handle(const Request& request) const;

 private:
  std::map<std::string, std::map<std::string, Handler>, std::less<>> routes_;
};

// "%41b" to "Ab"; false when malformed or when a zero byte comes of it.
bool PercentDecode(std::string_view text, std::string* out);
std::string_view ReasonPhrase(int status);

}  // namespace helios::protocol::http
