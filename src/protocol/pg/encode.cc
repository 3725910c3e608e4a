#include "protocol/pg/messages.h"

namespace helios::protocol::pg {
namespace {

void AppendString(std::string_view text, std::string* out) {
  // A zero byte would end the field early and shift all that follows.
  out->append(text.substr(0, text.find('\0')));
  out->push_back('\0');
}

void AppendField(char code, std::string_view text, std::string* out) {
  if (text.empty()) return;
  out->push_back(code);
  AppendString(text, out);
}

// Drivers (asyncpg, pgjdbc) prepare again and retry when PostgreSQL's own routine is named for this
// error; its SQLSTATE alone says nothing.
std::string_view RoutineOf(const ErrorInfo& info) {
  return info.message == "cached plan must not change result type" ? "RevalidateCachedQuery" : "";
}

void AppendFields(std::string_view severity, std::string_view sqlstate, const ErrorInfo& info,
                  std::string* out) {
  AppendField('S', severity, out);
  AppendField('V', severity, out);
  AppendField('C', sqlstate, out);
  // The message field is always there, even if nobody had anything to say.
  out->push_back('M');
  AppendString(info.message, out);
  AppendField('D', info.detail, out);
  AppendField('H', info.hint, out);
  if (info.position > 0) AppendField('P', std::to_string(info.position), out);
  AppendField('W', info.context, out);
  AppendField('s', info.schema, out);
  AppendField('t', info.table, out);
  AppendField('c', info.column, out);
  AppendField('d', info.datatype, out);
  AppendField('n', info.constraint, out);
  AppendField('R', RoutineOf(info), out);
  out->push_back('\0');
}

std::string_view SeverityName(compute::Notice::Severity severity) {
  switch (severity) {
    case compute::Notice::Severity::kDebug:
      return "DEBUG";
    case compute::Notice::Severity::kLog:
      return "LOG";
    case compute::Notice::Severity::kInfo:
      return "INFO";
    case compute::Notice::Severity::kNotice:
      return "NOTICE";
    case compute::Notice::Severity::kWarning:
      return "WARNING";
  }
  return "NOTICE";
}

}  // namespace

void AppendEmpty(char type, std::string* out) {
  const char message[5] = {type, 0, 0, 0, 4};
  out->append(message, 5);
}

void AppendAuthentication(int32_t request, std::string_view data, std::string* out) {
  const MessageScope scope(out, 'R');
  AppendBigEndian(out, request);
  out->append(data);
}

void AppendSaslMechanisms(bool with_plus, std::string* out) {
  const MessageScope scope(out, 'R');
  AppendBigEndian<int32_t>(out, 10);
  if (with_plus) AppendString("SCRAM-SHA-256-PLUS", out);
  AppendString("SCRAM-SHA-256", out);
  out->push_back('\0');
}

void AppendNegotiateVersion(uint32_t version, const std::vector<std::string>& unknown_options,
                            std::string* out) {
  const MessageScope scope(out, 'v');
  AppendBigEndian(out, version);
  AppendBigEndian(out, static_cast<int32_t>(unknown_options.size()));
  for (const std::string& option : unknown_options) AppendString(option, out);
}

void AppendParameterStatus(std::string_view name, std::string_view value, std::string* out) {
  const MessageScope scope(out, 'S');
  AppendString(name, out);
  AppendString(value, out);
}

void AppendBackendKeyData(int32_t process_id, uint32_t key, std::string* out) {
  const MessageScope scope(out, 'K');
  AppendBigEndian(out, process_id);
  AppendBigEndian(out, key);
}

void AppendReadyForQuery(compute::TransactionStatus status, std::string* out) {
  const char message[6] = {'Z', 0, 0, 0, 5, static_cast<char>(status)};
  out->append(message, 6);
}

void AppendCommandComplete(std::string_view tag, std::string* out) {
  const MessageScope scope(out, 'C');
  AppendString(tag, out);
}

void AppendParameterDescription(const std::vector<Oid>& types, std::string* out) {
  const MessageScope scope(out, 't');
  AppendBigEndian(out, static_cast<uint16_t>(types.size()));
  for (const Oid type : types) AppendBigEndian(out, type);
}

void AppendRowDescription(std::span<const compute::FieldDescription> fields,
                          std::span<const int16_t> formats, std::string* out) {
  const MessageScope scope(out, 'T');
  AppendBigEndian(out, static_cast<uint16_t>(fields.size()));
  for (size_t i = 0; i < fields.size(); ++i) {
    const compute::FieldDescription& field = fields[i];
    AppendString(field.name, out);
    AppendBigEndian(out, field.table);
    AppendBigEndian(out, field.column_number);
    AppendBigEndian(out, field.type.oid);
    AppendBigEndian(out, field.type_length);
    AppendBigEndian(out, field.type.typmod);
    const int16_t format = formats.empty() ? int16_t{0} : formats[formats.size() == 1 ? 0 : i];
    AppendBigEndian(out, format);
  }
}

void AppendCopyResponse(char type, const compute::CopyFormat& format, std::string* out) {
  const MessageScope scope(out, type);
  out->push_back(format.binary ? 1 : 0);
  AppendBigEndian(out, format.column_count);
  for (int16_t i = 0; i < format.column_count; ++i) {
    AppendBigEndian<int16_t>(out, format.binary ? 1 : 0);
  }
}

void AppendNotification(const compute::Notification& notification, std::string* out) {
  const MessageScope scope(out, 'A');
  AppendBigEndian(out, notification.sender_pid);
  AppendString(notification.channel, out);
  AppendString(notification.payload, out);
}

void AppendError(std::string_view severity, const ErrorInfo& error, std::string* out) {
  const MessageScope scope(out, 'E');
  AppendFields(severity, SqlState(error.code), error, out);
}

void AppendNotice(const compute::Notice& notice, std::string* out) {
  const MessageScope scope(out, 'N');
  AppendFields(SeverityName(notice.severity), notice.sqlstate, notice.info, out);
}

}  // namespace helios::protocol::pg
