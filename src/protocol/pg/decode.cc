#include "base/codec.h"
#include "protocol/pg/messages.h"

namespace helios::protocol::pg {
namespace {

// Reads a message's fields in order; past the end is 08P01, in PostgreSQL's words.
class FieldReader {
 public:
  explicit FieldReader(std::string_view body) : rest_(body) {}

  template <typename T>
  Result<T> Int() {
    if (rest_.size() < sizeof(T)) return Short();
    const T value = LoadBigEndian<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  Result<char> Byte() {
    if (rest_.empty()) return Short();
    const char value = rest_.front();
    rest_.remove_prefix(1);
    return value;
  }
  Result<std::string_view> String() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      return Error(ErrorCode::kProtocolViolation).Message("invalid string in message");
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  Result<std::string_view> Bytes(size_t byte_count) {
    if (rest_.size() < byte_count) return Short();
    const std::string_view bytes = rest_.substr(0, byte_count);
    rest_.remove_prefix(byte_count);
    return bytes;
  }
  // A count of things that take `bytes_each` at least: it cannot promise more than is there.
  Result<size_t> Count(size_t bytes_each) {
    HELIOS_TRY(const uint16_t count, Int<uint16_t>());
    if (count * bytes_each > rest_.size()) return Short();
    return size_t{count};
  }
  Status End() const {
    if (rest_.empty()) return Status::Ok();
    return Error(ErrorCode::kProtocolViolation).Message("invalid message format");
  }
  bool empty() const { return rest_.empty(); }

 private:
  static Status Short() {
    return Error(ErrorCode::kProtocolViolation).Message("insufficient data left in message");
  }
  std::string_view rest_;
};

}  // namespace

Result<StartupPacket> DecodeStartupPacket(std::string_view body) {
  FieldReader reader(body);
  StartupPacket packet;
  const auto invalid = [] {
    return Error(ErrorCode::kProtocolViolation).Message("invalid length of startup packet");
  };
  if (body.size() < 4) return invalid();
  HELIOS_TRY(packet.code, reader.Int<uint32_t>());
  if (packet.code == kCancelRequestCode) {
    if (body.size() != 12) return invalid();
    HELIOS_TRY(packet.cancel_process_id, reader.Int<int32_t>());
    HELIOS_TRY(packet.cancel_key, reader.Int<uint32_t>());
    return packet;
  }
  if (packet.code == kSslRequestCode || packet.code == kGssEncRequestCode) {
    if (!reader.empty()) return invalid();
    return packet;
  }
  // What follows another major version is not ours to read.
  if (packet.code >> 16 != 3) return packet;
  const auto bad_layout = [] {
    return Error(ErrorCode::kProtocolViolation)
        .Message("invalid startup packet layout: expected terminator as last byte");
  };
  while (true) {
    auto name = reader.String();
    if (!name.ok()) return bad_layout();
    if (name->empty()) break;
    auto value = reader.String();
    if (!value.ok()) return bad_layout();
    packet.parameters.emplace_back(*name, *value);
  }
  if (!reader.empty()) return bad_layout();
  return packet;
}

Result<ParseMessage> DecodeParse(std::string_view body) {
  FieldReader reader(body);
  ParseMessage message;
  HELIOS_TRY(message.statement, reader.String());
  HELIOS_TRY(message.sql, reader.String());
  HELIOS_TRY(const size_t count, reader.Count(sizeof(Oid)));
  message.parameter_types.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    HELIOS_TRY(const Oid type, reader.Int<Oid>());
    message.parameter_types.push_back(type);
  }
  HELIOS_TRY(reader.End());
  return message;
}

Result<BindMessage> DecodeBind(std::string_view body) {
  FieldReader reader(body);
  BindMessage message;
  HELIOS_TRY(message.portal, reader.String());
  HELIOS_TRY(message.statement, reader.String());
  HELIOS_TRY(const size_t format_count, reader.Count(sizeof(int16_t)));
  message.parameter_formats.reserve(format_count);
  for (size_t i = 0; i < format_count; ++i) {
    HELIOS_TRY(const int16_t format, reader.Int<int16_t>());
    message.parameter_formats.push_back(format);
  }
  HELIOS_TRY(const size_t parameter_count, reader.Count(sizeof(int32_t)));
  if (format_count > 1 && format_count != parameter_count) {
    return Error(ErrorCode::kProtocolViolation)
        .Message("bind message has {} parameter formats but {} parameters", format_count,
                 parameter_count);
  }
  message.parameters.reserve(parameter_count);
  for (size_t i = 0; i < parameter_count; ++i) {
    HELIOS_TRY(const int32_t byte_count, reader.Int<int32_t>());
    BindMessage::Parameter parameter{.is_null = byte_count == -1};
    if (!parameter.is_null) {
      // A length below -1 becomes larger than any message.
      HELIOS_TRY(parameter.bytes, reader.Bytes(static_cast<uint32_t>(byte_count)));
    }
    message.parameters.push_back(parameter);
  }
  HELIOS_TRY(const size_t result_count, reader.Count(sizeof(int16_t)));
  message.result_formats.reserve(result_count);
  for (size_t i = 0; i < result_count; ++i) {
    HELIOS_TRY(const int16_t format, reader.Int<int16_t>());
    message.result_formats.push_back(format);
  }
  HELIOS_TRY(reader.End());
  return message;
}

Result<TargetMessage> DecodeTarget(std::string_view body) {
  FieldReader reader(body);
  TargetMessage message;
  HELIOS_TRY(message.kind, reader.Byte());
  HELIOS_TRY(message.name, reader.String());
  HELIOS_TRY(reader.End());
  return message;
}

Result<ExecuteMessage> DecodeExecute(std::string_view body) {
  FieldReader reader(body);
  ExecuteMessage message;
  HELIOS_TRY(message.portal, reader.String());
  HELIOS_TRY(message.row_count_max, reader.Int<int32_t>());
  HELIOS_TRY(reader.End());
  return message;
}

Result<std::string_view> DecodeString(std::string_view body) {
  FieldReader reader(body);
  HELIOS_TRY(const std::string_view text, reader.String());
  HELIOS_TRY(reader.End());
  return text;
}

Result<SaslInitialMessage> DecodeSaslInitial(std::string_view body) {
  FieldReader reader(body);
  SaslInitialMessage message;
  HELIOS_TRY(message.mechanism, reader.String());
  HELIOS_TRY(const int32_t byte_count, reader.Int<int32_t>());
  message.has_data = byte_count != -1;
  if (message.has_data) {
    HELIOS_TRY(message.data, reader.Bytes(static_cast<uint32_t>(byte_count)));
  }
  HELIOS_TRY(reader.End());
  return message;
}

size_t MessageBytesMax(char type) {
  switch (type) {
    case 'Q':
    case 'P':
    case 'B':
    case 'F':
    case 'd':
      return kLargeMessageBytesMax;
    case 'C':
    case 'D':
    case 'E':
    case 'H':
    case 'S':
    case 'X':
    case 'c':
      return kSmallMessageBytesMax;
    case 'f':
      return kSmallMessageBytesMax;
    default:
      return 0;
  }
}

}  // namespace helios::protocol::pg
