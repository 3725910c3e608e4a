#include "protocol/pg/internal/pg_connection.h"

#include <algorithm>

#include "sys/log.h"
#include "types/text.h"

namespace helios::protocol::pg {
namespace {

// A client that does not take its last words is not waited for longer than this.
constexpr int64_t kGoodbyeUs = 2 * sys::kMicrosPerSecond;

int64_t NowUs() { return sys::SystemClock().MonotonicMicros(); }

}  // namespace

PgConnection::PgConnection(Server& server, sys::ListeningSocket::Accepted accepted,
                           Admission::Ticket ticket, int64_t login_deadline_us)
    : Connection(std::move(accepted.socket)),
      server_(server),
      peer_(std::move(accepted.peer)),
      ticket_(std::move(ticket)),
      login_deadline_us_(login_deadline_us),
      channel_(std::make_unique<sys::PlainStream>(socket().fd())) {}

PgConnection::~PgConnection() { Leave(); }

void PgConnection::Leave() {
  if (session_ != nullptr) {
    {
      const std::lock_guard lock(end_mutex_);
      cancelable_ = nullptr;
    }
    session_.reset();
    server_.metrics().connections.Add(-1);
  }
  if (has_place_) server_.ReturnPlace();
  has_place_ = false;
  ticket_.Release();
}

void PgConnection::AskToEnd(const Status& reason) {
  {
    const std::lock_guard lock(end_mutex_);
    if (is_ending_) return;
    end_reason_ = reason;
    is_ending_ = true;
  }
  // Somebody who is still logging in is not worth the wait for his next word.
  if (!is_started_) Abort();
  Wake();
}

void PgConnection::CancelStatement() {
  is_canceled_ = true;
  {
    const std::lock_guard lock(end_mutex_);
    if (cancelable_ != nullptr) cancelable_->Cancel();
  }
  Wake();
}

void PgConnection::OnTerminate(Status reason) {
  // The session cancels what it runs; a COPY that waits for its client has to be told by us.
  is_canceled_ = true;
  AskToEnd(reason);
}

Status PgConnection::EndReason() {
  const std::lock_guard lock(end_mutex_);
  return end_reason_;
}

Connection::Next PgConnection::Serve(Reason reason, sys::WakeEvent& wake) {
  wake_ = &wake;
  channel_.stream().SetWakeEvent(wake_);
  Next next = Close();
  if (session_ == nullptr) {
    if (reason == Reason::kReadable) {
      auto started = StartUp();
      if (!started.ok()) {
        SendFatal(started.status());
      } else if (*started) {
        next = ServeMessages(reason);
      }
    }
  } else {
    next = ServeMessages(reason);
  }
  server_.metrics().received_bytes.Add(channel_.received_bytes() - counted_received_);
  server_.metrics().sent_bytes.Add(channel_.sent_bytes() - counted_sent_);
  counted_received_ = channel_.received_bytes();
  counted_sent_ = channel_.sent_bytes();
  if (next.close) {
    // The session ends here, not whenever the last reference to the connection goes.
    Leave();
    channel_.stream().CloseWrite();
    DiscardReceived();
  }
  channel_.stream().SetWakeEvent(nullptr);
  wake_ = nullptr;
  return next;
}

bool PgConnection::IsIdle() const {
  return !in_extended_ && session_->transaction_status() == compute::TransactionStatus::kIdle;
}

Connection::Next PgConnection::ServeMessages(Reason reason) {
  int64_t linger_until_us = NowUs() + server_.options().linger_us;
  bool is_timeout = reason == Reason::kTimeout;
  while (true) {
    if (is_ending_) {
      SendFatal(EndReason());
      return Close();
    }
    int64_t idle_until_us = sys::kNoDeadline;
    if (!channel_.HasMessage()) {
      if (IsIdle()) SendNotifications();
      if (!channel_.Flush().ok()) return Close();
      if (const auto limit = in_extended_ ? std::nullopt : session_->idle_limit()) {
        idle_until_us = idle_since_us_ + limit->microseconds;
        if (NowUs() >= idle_until_us) {
          SendFatal(limit->error);
          return Close();
        }
      }
      if (is_timeout && !channel_.HasInput()) {
        channel_.ReleaseMemory();
        return Park(idle_until_us, !IsIdle());
      }
    }
    auto read = channel_.ReadMessage(std::min(linger_until_us, idle_until_us));
    is_timeout = false;
    if (!read.ok()) {
      if (!read.status().Is(ErrorCode::kConnectionFailure)) SendFatal(read.status());
      return Close();
    }
    switch (read->outcome) {
      case Channel::Outcome::kEnd:
        return Close();
      case Channel::Outcome::kWoken:
        wake_->Clear();
        continue;
      case Channel::Outcome::kTimeout:
        // Half a message holds the thread until the rest has come.
        is_timeout = !channel_.HasPartialInput();
        linger_until_us = NowUs() + server_.options().linger_us;
        continue;
      case Channel::Outcome::kMessage:
        break;
    }
    if (!Dispatch(read->type, read->body) || is_broken_) return Close();
    if (!channel_.HasInput()) linger_until_us = NowUs() + server_.options().linger_us;
  }
}

bool PgConnection::Dispatch(char type, std::string_view body) {
  if (skip_until_sync_ && type != 'S' && type != 'X') return true;
  switch (type) {
    case 'Q':
      return SimpleQuery(body);
    case 'P':
    case 'B':
    case 'D':
    case 'E':
    case 'C':
      return Extended(type, body);
    case 'S':
      return Sync();
    case 'H':
      return channel_.Flush().ok();
    case 'F':
      // The function-call protocol ends with ReadyForQuery, as a query does.
      SendError(Error(ErrorCode::kFeatureNotSupported)
                    .Message("the function call protocol is not supported")
                    .Hint("Call the function with SELECT."));
      session_->AbortStatement();
      Ready();
      return true;
    case 'X':
      return false;
    // What a client went on sending after a COPY had failed.
    case 'd':
    case 'c':
    case 'f':
      return true;
    default:
      return false;
  }
}

PgSink PgConnection::MakeSink(std::span<const int16_t> formats) {
  return PgSink(channel_, *session_,
                {.formats = formats, .is_canceled = &is_canceled_, .wake = wake_});
}

bool PgConnection::SimpleQuery(std::string_view body) {
  const int64_t start_us = NowUs();
  auto sql = DecodeString(body);
  Status status = sql.ok() ? ValidateUtf8(*sql) : sql.status();
  if (status.ok()) {
    PgSink sink = MakeSink({});
    status = session_->ExecuteSimple(*sql, sink);
    is_broken_ = sink.is_broken();
  } else {
    session_->AbortStatement();
  }
  server_.metrics().statements.Add();
  server_.metrics().statement_seconds.ObserveMicros(NowUs() - start_us);
  if (is_broken_) {
    if (!status.ok() && status.Is(ErrorCode::kProtocolViolation)) SendFatal(status);
    return false;
  }
  if (!status.ok() && status.Is(ErrorCode::kAdminShutdown)) {
    // The session ends with the statement: nothing comes behind this error.
    SendFatal(status);
    return false;
  }
  if (!status.ok()) SendError(status);
  portal_formats_.erase("");
  Ready();
  return true;
}

bool PgConnection::Sync() {
  skip_until_sync_ = false;
  in_extended_ = false;
  PgSink sink = MakeSink({});
  const Status status = session_->Sync(sink);
  if (sink.is_broken()) return false;
  if (!status.ok()) SendError(status);
  Ready();
  return true;
}

void PgConnection::Ready() {
  std::string& out = channel_.out();
  for (const auto& [name, value] : session_->TakeParameterChanges()) {
    AppendParameterStatus(name, value, &out);
  }
  const compute::TransactionStatus status = session_->transaction_status();
  if (status == compute::TransactionStatus::kIdle) {
    SendNotifications();
    // Portals end with their transaction.
    portal_formats_.clear();
  }
  AppendReadyForQuery(status, &out);
  idle_since_us_ = NowUs();
}

void PgConnection::SendNotifications() {
  for (const auto& notification : session_->TakeNotifications()) {
    AppendNotification(notification, &channel_.out());
  }
}

void PgConnection::SendError(const Status& status) {
  server_.metrics().errors.Add();
  AppendError("ERROR", status.info(), &channel_.out());
  if (status.Is(ErrorCode::kInternal) || status.Is(ErrorCode::kDataCorrupted)) {
    sys::Log(sys::LogLevel::kError, "statement failed with an internal error",
             {{"pid", session_->process_id()}, {"error", status.ToString()}});
  }
}

void PgConnection::SendFatal(const Status& status) {
  // Nobody is there to hear it.
  if (status.Is(ErrorCode::kConnectionFailure)) return;
  server_.metrics().errors.Add();
  AppendError("FATAL", status.info(), &channel_.out());
  (void)channel_.Flush(NowUs() + kGoodbyeUs).ok();
}

}  // namespace helios::protocol::pg
