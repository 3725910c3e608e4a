// Parse, Bind, Describe, Execute, Close: the extended query protocol.

#include "protocol/pg/internal/pg_connection.h"
#include "types/text.h"

namespace helios::protocol::pg {
namespace {

int64_t NowUs() { return sys::SystemClock().MonotonicMicros(); }

Status CheckFormatCode(int16_t code) {
  if (code == 0 || code == 1) return Status::Ok();
  return Error(ErrorCode::kInvalidParameterValue).Message("unsupported format code: {}", code);
}

// The context of an error in a parameter. Its value stays out of it: it may be a secret.
std::string ParameterContext(std::string_view portal, size_t index, bool is_text) {
  const char* const value = is_text ? " = '...'" : "";
  if (portal.empty()) return fmt::format("unnamed portal parameter ${}{}", index + 1, value);
  return fmt::format("portal \"{}\" parameter ${}{}", portal, index + 1, value);
}

}  // namespace

bool PgConnection::Extended(char type, std::string_view body) {
  in_extended_ = true;
  Status status = HandleExtended(type, body);
  if (is_broken_) return false;
  if (!status.ok() && status.Is(ErrorCode::kAdminShutdown)) {
    SendFatal(status);
    return false;
  }
  if (!status.ok()) {
    // An error of ours (a malformed Bind) has to end the session's transaction too.
    session_->AbortStatement();
    SendError(status);
    skip_until_sync_ = true;
    // A client that asked with Flush, not Sync, waits for an answer.
    return channel_.Flush().ok();
  }
  return channel_.FlushIfLarge().ok();
}

Status PgConnection::HandleExtended(char type, std::string_view body) {
  switch (type) {
    case 'P':
      return Parse(body);
    case 'B':
      return Bind(body);
    case 'D':
      return Describe(body);
    case 'E':
      return Execute(body);
    default:
      return CloseTarget(body);
  }
}

Status PgConnection::Parse(std::string_view body) {
  HELIOS_TRY(const ParseMessage message, DecodeParse(body));
  HELIOS_TRY(ValidateUtf8(message.sql));
  HELIOS_TRY(ValidateUtf8(message.statement));
  HELIOS_TRY(session_->Parse(message.statement, message.sql, message.parameter_types));
  AppendEmpty('1', &channel_.out());
  return Status::Ok();
}

Status PgConnection::Bind(std::string_view body) {
  HELIOS_TRY(const BindMessage message, DecodeBind(body));
  HELIOS_TRY(const compute::StatementDescription* description,
             session_->DescribeStatement(message.statement));
  const std::vector<Oid>& types = description->parameter_types;
  if (message.parameters.size() != types.size()) {
    return Error(ErrorCode::kProtocolViolation)
        .Message("bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                 message.parameters.size(), message.statement, types.size());
  }
  HELIOS_TRY(std::vector<Value> parameters, DecodeParameters(message, types));
  HELIOS_TRY(session_->Bind(message.portal, message.statement, std::move(parameters)));
  HELIOS_TRY(CheckResultFormats(message));
  if (message.result_formats.empty()) {
    portal_formats_.erase(std::string(message.portal));
  } else {
    portal_formats_[std::string(message.portal)] = message.result_formats;
  }
  AppendEmpty('2', &channel_.out());
  return Status::Ok();
}

Result<std::vector<Value>> PgConnection::DecodeParameters(const BindMessage& message,
                                                          const std::vector<Oid>& types) const {
  const TextFormat& format = session_->text_format();
  std::vector<Value> values;
  values.reserve(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const BindMessage::Parameter& parameter = message.parameters[i];
    const SqlType type{types[i] == kInvalidOid ? type_oid::kText : types[i]};
    if (parameter.is_null) {
      Value null = Value::Null(type);
      null.SetPhysical(PhysicalTypeOf(type.oid, format.lookup));
      values.push_back(std::move(null));
      continue;
    }
    const auto& codes = message.parameter_formats;
    const int16_t code = codes.empty() ? int16_t{0} : codes[codes.size() == 1 ? 0 : i];
    HELIOS_TRY(CheckFormatCode(code));
    const bool is_text = code == static_cast<int16_t>(Format::kText);
    Status valid = is_text ? ValidateUtf8(parameter.bytes) : Status::Ok();
    Result<Value> value = !valid.ok() ? Result<Value>(std::move(valid))
                          : is_text   ? ParseTextValue(type, parameter.bytes, format)
                                      : ParseBinaryValue(type, parameter.bytes, format);
    if (!value.ok()) {
      Status status = std::move(value).status();
      if (status.Is(ErrorCode::kInvalidBinaryRepresentation)) {
        status.mutable_info().message =
            fmt::format("incorrect binary data format in bind parameter {}", i + 1);
      }
      status.mutable_info().context = ParameterContext(message.portal, i, is_text);
      return status;
    }
    values.push_back(std::move(value).value());
  }
  return values;
}

Status PgConnection::CheckResultFormats(const BindMessage& message) {
  for (const int16_t code : message.result_formats) HELIOS_TRY(CheckFormatCode(code));
  if (message.result_formats.size() <= 1) return Status::Ok();
  HELIOS_TRY(const auto* fields, session_->DescribePortal(message.portal));
  if (fields == nullptr || fields->size() == message.result_formats.size()) return Status::Ok();
  return Error(ErrorCode::kProtocolViolation)
      .Message("bind message has {} result formats but query has {} columns",
               message.result_formats.size(), fields->size());
}

const std::vector<int16_t>& PgConnection::FormatsOf(std::string_view portal) const {
  static const std::vector<int16_t> text;
  const auto found = portal_formats_.find(std::string(portal));
  return found == portal_formats_.end() ? text : found->second;
}

Status PgConnection::Describe(std::string_view body) {
  HELIOS_TRY(const TargetMessage message, DecodeTarget(body));
  std::string& out = channel_.out();
  if (message.kind == 'S') {
    HELIOS_TRY(const compute::StatementDescription* description,
               session_->DescribeStatement(message.name));
    AppendParameterDescription(description->parameter_types, &out);
    if (description->fields.has_value()) {
      AppendRowDescription(*description->fields, {}, &out);
    } else {
      AppendEmpty('n', &out);
    }
    return Status::Ok();
  }
  if (message.kind == 'P') {
    HELIOS_TRY(const auto* fields, session_->DescribePortal(message.name));
    if (fields != nullptr) {
      AppendRowDescription(*fields, FormatsOf(message.name), &out);
    } else {
      AppendEmpty('n', &out);
    }
    return Status::Ok();
  }
  return Error(ErrorCode::kProtocolViolation)
      .Message("invalid DESCRIBE message subtype {}", static_cast<unsigned char>(message.kind));
}

Status PgConnection::Execute(std::string_view body) {
  HELIOS_TRY(const ExecuteMessage message, DecodeExecute(body));
  const int64_t start_us = NowUs();
  PgSink sink = MakeSink(FormatsOf(message.portal));
  const int64_t row_count_max = message.row_count_max > 0 ? message.row_count_max : 0;
  auto outcome = session_->Execute(message.portal, row_count_max, sink);
  server_.metrics().statements.Add();
  server_.metrics().statement_seconds.ObserveMicros(NowUs() - start_us);
  is_broken_ = sink.is_broken();
  HELIOS_TRY(const compute::ExecuteOutcome done, std::move(outcome));
  if (done == compute::ExecuteOutcome::kSuspended) AppendEmpty('s', &channel_.out());
  return Status::Ok();
}

Status PgConnection::CloseTarget(std::string_view body) {
  HELIOS_TRY(const TargetMessage message, DecodeTarget(body));
  if (message.kind == 'S') {
    HELIOS_TRY(session_->CloseStatement(message.name));
  } else if (message.kind == 'P') {
    HELIOS_TRY(session_->ClosePortal(message.name));
    portal_formats_.erase(std::string(message.name));
  } else {
    return Error(ErrorCode::kProtocolViolation)
        .Message("invalid CLOSE message subtype {}", static_cast<unsigned char>(message.kind));
  }
  AppendEmpty('3', &channel_.out());
  return Status::Ok();
}

}  // namespace helios::protocol::pg
