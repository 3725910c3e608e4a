#include "protocol/pg/sink.h"

#include "protocol/pg/messages.h"
#include "protocol/pg/row_encoder.h"

namespace helios::protocol::pg {

Status PgSink::Check(Status status) {
  if (status.Is(ErrorCode::kConnectionFailure)) is_broken_ = true;
  return status;
}

Status PgSink::OnFields(std::span<const compute::FieldDescription> fields) {
  AppendRowDescription(fields, options_.formats, &channel_.out());
  return Status::Ok();
}

Status PgSink::OnRows(const Chunk& rows) {
  return Check(SendDataRows(rows, options_.formats, session_.text_format(), channel_));
}

Status PgSink::OnComplete(std::string_view command_tag) {
  AppendCommandComplete(command_tag, &channel_.out());
  return Check(channel_.FlushIfLarge());
}

Status PgSink::OnEmptyQuery() {
  AppendEmpty('I', &channel_.out());
  return Status::Ok();
}

Status PgSink::OnNotice(const compute::Notice& notice) {
  AppendNotice(notice, &channel_.out());
  return Check(channel_.FlushIfLarge());
}

Status PgSink::OnCopyIn(const compute::CopyFormat& format) {
  AppendCopyResponse('G', format, &channel_.out());
  return Check(channel_.Flush());
}

Result<bool> PgSink::ReadCopyData(std::string* data) {
  while (true) {
    auto read = channel_.ReadMessage(sys::kNoDeadline);
    if (!read.ok()) {
      // Whatever follows cannot be told apart from data: the connection has to end.
      is_broken_ = true;
      return std::move(read).status();
    }
    switch (read->outcome) {
      case Channel::Outcome::kMessage:
        break;
      case Channel::Outcome::kTimeout:
        continue;
      case Channel::Outcome::kWoken:
        options_.wake->Clear();
        if (!options_.is_canceled->load()) continue;
        return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
      case Channel::Outcome::kEnd:
        is_broken_ = true;
        return Error(ErrorCode::kConnectionFailure)
            .Message("unexpected EOF on client connection with an open transaction");
    }
    switch (read->type) {
      case 'd':
        data->append(read->body);
        return true;
      case 'c':
        return false;
      case 'f': {
        HELIOS_TRY(const std::string_view reason, DecodeString(read->body));
        return Error(ErrorCode::kQueryCanceled).Message("COPY from stdin failed: {}", reason);
      }
      // Clients that pipeline sent these before they knew of the COPY.
      case 'H':
      case 'S':
        continue;
      default:
        if (read->type == 'X') is_broken_ = true;
        return Error(ErrorCode::kProtocolViolation)
            .Message("unexpected message type 0x{:02X} during COPY from stdin",
                     static_cast<unsigned char>(read->type));
    }
  }
}

Status PgSink::OnCopyOut(const compute::CopyFormat& format) {
  AppendCopyResponse('H', format, &channel_.out());
  return Status::Ok();
}

Status PgSink::OnCopyData(std::string_view data) {
  std::string& out = channel_.out();
  {
    const MessageScope scope(&out, 'd');
    out.append(data);
  }
  return Check(channel_.FlushIfLarge());
}

Status PgSink::OnCopyOutDone() {
  AppendEmpty('c', &channel_.out());
  return Status::Ok();
}

}  // namespace helios::protocol::pg
