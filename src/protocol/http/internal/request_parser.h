#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/http/router.h"

namespace helios::protocol::http {

// Parses one request at a time from bytes as they come, within bounds.
//
// Thread safety: none.
class RequestParser {
 public:
  RequestParser(size_t header_bytes_max, size_t body_bytes_max);
  ~RequestParser();

  enum class Outcome : uint8_t { kNeedsMore, kDone, kFailed };
  // Takes `bytes`; what belongs to later requests is kept for Next.
  Outcome Feed(std::string_view bytes);
  // After kDone: begins the next request with what is left of the bytes.
  Outcome Next();

  // After kDone.
  Request TakeRequest();
  bool keep_alive() const;
  // After kFailed: the HTTP status that says why.
  int failure_status() const { return failure_status_; }
  // Whether part of a request has come.
  bool has_partial() const;
  // Whether the client waits for "100 Continue" before it sends the body; once a request.
  bool TakeExpectContinue();

 private:
  struct Impl;
  Outcome Advance();
  const size_t header_bytes_max_;
  const size_t body_bytes_max_;
  std::unique_ptr<Impl> impl_;
  int failure_status_ = 400;
};

}  // namespace helios::protocol::http
