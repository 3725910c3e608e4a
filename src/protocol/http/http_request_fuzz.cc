#include <cstdint>

#include "protocol/http/internal/request_parser.h"

// Requests in two pieces: where they are cut must not matter.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using helios::protocol::http::RequestParser;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = bytes.empty() ? 0 : data[0] % (bytes.size() + 1);
  RequestParser parser(16 * 1024, 1 << 16);
  auto outcome = parser.Feed(bytes.substr(0, cut));
  if (outcome == RequestParser::Outcome::kNeedsMore) outcome = parser.Feed(bytes.substr(cut));
  while (outcome == RequestParser::Outcome::kDone) {
    (void)parser.TakeRequest();
    outcome = parser.Next();
  }
  return 0;
}
