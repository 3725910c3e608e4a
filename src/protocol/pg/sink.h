#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "compute/session.h"
#include "protocol/pg/channel.h"

namespace helios::protocol::pg {

// Sends a statement's results to the client as they come.
//
// Thread safety: none. Lifetime: one statement.
class PgSink final : public compute::ResultSink {
 public:
  struct Options {
    std::span<const int16_t> formats;  // Of the portal; empty: text.
    // Whether the statement is to end, for a COPY that waits for its client.
    const std::atomic<bool>* is_canceled = nullptr;
    sys::WakeEvent* wake = nullptr;
  };
  PgSink(Channel& channel, const compute::Session& session, Options options)
      : channel_(channel), session_(session), options_(options) {}

  Status OnFields(std::span<const compute::FieldDescription> fields) override;
  Status OnRows(const Chunk& rows) override;
  Status OnComplete(std::string_view command_tag) override;
  Status OnEmptyQuery() override;
  Status OnNotice(const compute::Notice& notice) override;
  Status OnCopyIn(const compute::CopyFormat& format) override;
  Result<bool> ReadCopyData(std::string* data) override;
  Status OnCopyOut(const compute::CopyFormat& format) override;
  Status OnCopyData(std::string_view data) override;
  Status OnCopyOutDone() override;

  // Whether the client is gone, or out of step with us: the connection cannot go on.
  bool is_broken() const { return is_broken_; }

 private:
  Status Check(Status status);

  Channel& channel_;
  const compute::Session& session_;
  const Options options_;
  bool is_broken_ = false;
};

}  // namespace helios::protocol::pg
