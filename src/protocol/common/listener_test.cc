#include "protocol/common/listener.h"

#include <gtest/gtest.h>

#include "sys/stream.h"

namespace helios::protocol {
namespace {

// Answers every byte with the same byte, and hangs up at 'x'.
class EchoConnection final : public Connection {
 public:
  EchoConnection(sys::Socket socket, Admission::Ticket ticket)
      : Connection(std::move(socket)), ticket_(std::move(ticket)) {}
  Next Serve(Reason reason, sys::WakeEvent&) override {
    if (reason != Reason::kReadable) return Close();
    sys::PlainStream stream(socket().fd());
    char byte;
    auto read = stream.Read(&byte, 1, sys::SystemClock().MonotonicMicros());
    if (!read.ok() || read->outcome == sys::ReadOutcome::kEnd) return Close();
    if (read->outcome == sys::ReadOutcome::kTimeout) return Park(sys::kNoDeadline, false);
    if (!stream.Write({&byte, 1}, sys::kNoDeadline).ok() || byte == 'x') return Close();
    return Park(sys::kNoDeadline, byte == 'u');
  }
  void AskToEnd(const Status&) override { Wake(); }

 private:
  Admission::Ticket ticket_;
};

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() : runner_(reactor_, {.thread_count_max = 2}) {
    Listener::Options options{.limits = {.total_max = 3, .per_address_max = 2}, .refusal = "full"};
    listener_ = std::make_unique<Listener>(
        reactor_, runner_, sys::ListenTcp("127.0.0.1", 0).value(), options,
        [](sys::ListeningSocket::Accepted accepted, Admission::Ticket ticket, int64_t) {
          return std::make_shared<EchoConnection>(std::move(accepted.socket), std::move(ticket));
        });
  }
  ~ListenerTest() override {
    listener_->Stop();
    runner_.Stop();
    reactor_.Stop();
  }
  static int64_t Deadline() {
    return sys::SystemClock().MonotonicMicros() + 20 * sys::kMicrosPerSecond;
  }
  sys::Socket Connect() {
    return sys::ConnectTcp("127.0.0.1", listener_->port(), Deadline()).value();
  }
  // What comes back for `byte`; empty when the server has hung up.
  static std::string Echo(const sys::Socket& socket, char byte) {
    sys::PlainStream stream(socket.fd());
    (void)stream.Write({&byte, 1}, Deadline()).ok();
    char answer[8];
    auto read = stream.Read(answer, sizeof(answer), Deadline());
    if (!read.ok() || read->outcome != sys::ReadOutcome::kBytes) return "";
    return std::string(answer, read->byte_count);
  }

  sys::Reactor reactor_;
  ConnectionRunner runner_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, ConnectionsAreServedParkedAndEnd) {
  const sys::Socket client = Connect();
  for (const char byte : {'a', 'u', 'b'}) EXPECT_EQ(Echo(client, byte), std::string(1, byte));
  EXPECT_EQ(runner_.connection_count(), 1u);
  EXPECT_EQ(Echo(client, 'x'), "x");
  EXPECT_EQ(Echo(client, 'a'), "");
  EXPECT_TRUE(runner_.WaitUntilEmpty(Deadline()));
}

TEST_F(ListenerTest, PlacesAreLimitedAndGivenBack) {
  const sys::Socket first = Connect();
  EXPECT_EQ(Echo(first, 'a'), "a");
  const sys::Socket second = Connect();
  EXPECT_EQ(Echo(second, 'a'), "a");
  EXPECT_EQ(Echo(Connect(), 'a'), "full");
  EXPECT_EQ(Echo(first, 'x'), "x");
  while (runner_.connection_count() > 1) {
  }
  EXPECT_EQ(Echo(Connect(), 'a'), "a");
}

TEST_F(ListenerTest, AskingAllToEnd) {
  const sys::Socket client = Connect();
  EXPECT_EQ(Echo(client, 'a'), "a");
  runner_.AskAllToEnd(Error(ErrorCode::kAdminShutdown).Message("bye"));
  EXPECT_TRUE(runner_.WaitUntilEmpty(Deadline()));
  EXPECT_EQ(Echo(client, 'a'), "");
}

}  // namespace
}  // namespace helios::protocol
