#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/ids.h"
#include "base/status.h"
#include "compute/session.h"

namespace helios::protocol::pg {

// The messages of PostgreSQL's protocol 3.0 (PostgreSQL documentation, chapter 55).

// --- codes that stand where a protocol version would
inline constexpr uint32_t kProtocolVersion30 = 3u << 16;
inline constexpr uint32_t kCancelRequestCode = 1234u << 16 | 5678;
inline constexpr uint32_t kSslRequestCode = 1234u << 16 | 5679;
inline constexpr uint32_t kGssEncRequestCode = 1234u << 16 | 5680;

// --- bounds
inline constexpr size_t kStartupPacketBytesMax = 10'000;
// Of messages that carry no data of the user's.
inline constexpr size_t kSmallMessageBytesMax = 10'000;
// Of all others: 1 GiB - 1, as PostgreSQL's largest allocation.
inline constexpr size_t kLargeMessageBytesMax = 0x3fffffff;
inline constexpr size_t kPasswordMessageBytesMax = 65'535;

enum class Format : int16_t { kText = 0, kBinary = 1 };

// --- what clients send; views point into the message

struct StartupPacket {
  uint32_t code = 0;  // A protocol version or one of the codes above.
  std::vector<std::pair<std::string, std::string>> parameters;
  int32_t cancel_process_id = 0;  // Of a CancelRequest.
  uint32_t cancel_key = 0;
};
// `body` follows the length.
Result<StartupPacket> DecodeStartupPacket(std::string_view body);

struct ParseMessage {
  std::string_view statement;
  std::string_view sql;
  std::vector<Oid> parameter_types;
};
Result<ParseMessage> DecodeParse(std::string_view body);

struct BindMessage {
  struct Parameter {
    bool is_null = false;
    std::string_view bytes;
  };
  std::string_view portal;
  std::string_view statement;
  std::vector<int16_t> parameter_formats;
  std::vector<Parameter> parameters;
  std::vector<int16_t> result_formats;
};
Result<BindMessage> DecodeBind(std::string_view body);

// Describe and Close: 'S' a statement, 'P' a portal.
struct TargetMessage {
  char kind = 'S';
  std::string_view name;
};
Result<TargetMessage> DecodeTarget(std::string_view body);

struct ExecuteMessage {
  std::string_view portal;
  int32_t row_count_max = 0;
};
Result<ExecuteMessage> DecodeExecute(std::string_view body);

// Query and CopyFail: one string.
Result<std::string_view> DecodeString(std::string_view body);

struct SaslInitialMessage {
  std::string_view mechanism;
  bool has_data = false;
  std::string_view data;
};
Result<SaslInitialMessage> DecodeSaslInitial(std::string_view body);

// Bytes that a message of this type may have (its length word not counted); 0: there is no such
// type.
size_t MessageBytesMax(char type);

// --- what the server sends; all append to `out`

// A message of `type`: what is appended between the constructor and the destructor, the length put
// in front at the end.
class MessageScope {
 public:
  MessageScope(std::string* out, char type) : out_(out), length_at_(out->size() + 1) {
    const char head[5] = {type, 0, 0, 0, 0};
    out_->append(head, 5);
  }
  ~MessageScope() {
    StoreBigEndian(out_->data() + length_at_, static_cast<uint32_t>(out_->size() - length_at_));
  }
  MessageScope(const MessageScope&) = delete;
  MessageScope& operator=(const MessageScope&) = delete;

 private:
  std::string* const out_;
  const size_t length_at_;
};

// ParseComplete '1', BindComplete '2', CloseComplete '3', NoData 'n', PortalSuspended 's',
// EmptyQueryResponse 'I', CopyDone 'c'.
void AppendEmpty(char type, std::string* out);
void AppendAuthentication(int32_t request, std::string_view data, std::string* out);
void AppendSaslMechanisms(bool with_plus, std::string* out);
void AppendNegotiateVersion(uint32_t version, const std::vector<std::string>& unknown_options,
                            std::string* out);
void AppendParameterStatus(std::string_view name, std::string_view value, std::string* out);
void AppendBackendKeyData(int32_t process_id, uint32_t key, std::string* out);
void AppendReadyForQuery(compute::TransactionStatus status, std::string* out);
void AppendCommandComplete(std::string_view tag, std::string* out);
void AppendParameterDescription(const std::vector<Oid>& types, std::string* out);
// Format codes: none is text for all, one holds for all, else one a field.
void AppendRowDescription(std::span<const compute::FieldDescription> fields,
                          std::span<const int16_t> formats, std::string* out);
// 'G' or 'H'.
void AppendCopyResponse(char type, const compute::CopyFormat& format, std::string* out);
void AppendNotification(const compute::Notification& notification, std::string* out);
// ErrorResponse with severity "ERROR" or "FATAL".
void AppendError(std::string_view severity, const ErrorInfo& error, std::string* out);
void AppendNotice(const compute::Notice& notice, std::string* out);

}  // namespace helios::protocol::pg
