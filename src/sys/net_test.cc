#include "sys/net.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "sys/clock.h"
#include "sys/files.h"
#include "sys/machine.h"
#include "sys/reactor.h"
#include "sys/stream.h"
#include "sys/testing/temporary_directory.h"
#include "sys/thread.h"
#include "sys/tls.h"

namespace helios::sys {
namespace {

int64_t Soon() { return SystemClock().MonotonicMicros() + 20 * kMicrosPerSecond; }

TEST(Net, ListenConnectAccept) {
  auto listening = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listening.ok()) << listening.status().ToString();
  ListeningSocket& socket = listening->front();
  EXPECT_GT(socket.port(), 0);
  auto client = ConnectTcp("127.0.0.1", socket.port(), Soon());
  ASSERT_TRUE(client.ok());
  ListeningSocket::Accepted accepted;
  while (socket.Accept({}, &accepted) != ListeningSocket::Outcome::kAccepted) {
  }
  EXPECT_EQ(accepted.peer.host, "127.0.0.1");
  EXPECT_EQ(socket.Accept({}, &accepted), ListeningSocket::Outcome::kNone);
}

TEST(Net, TakenPortsAndBadAddressesAreErrorsWithHints) {
  auto listening = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listening.ok());
  auto again = ListenTcp("127.0.0.1", listening->front().port());
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.status().info().message.find("Address already in use"), std::string::npos);
  EXPECT_FALSE(again.status().info().hint.empty());
  EXPECT_FALSE(ListenTcp("192.0.2.1", 0).ok());
  EXPECT_FALSE(ListenTcp("not an address", 0).ok());
}

TEST(Net, LoopbackHosts) {
  EXPECT_TRUE(IsLoopbackHost("127.0.0.1"));
  EXPECT_TRUE(IsLoopbackHost("127.8.8.8"));
  EXPECT_TRUE(IsLoopbackHost("::1"));
  EXPECT_FALSE(IsLoopbackHost("0.0.0.0"));
  EXPECT_FALSE(IsLoopbackHost("*"));
  EXPECT_FALSE(IsLoopbackHost("10.0.0.1"));
}

TEST(Net, UnixSocketsOfTheDeadAreReplaced) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/socket";
  {
    auto first = ListenUnix(path);
    ASSERT_TRUE(first.ok()) << first.status().ToString();
    EXPECT_FALSE(ListenUnix(path).ok());
  }
  EXPECT_TRUE(ListenUnix(path).ok());
}

TEST(Stream, ReadOutcomes) {
  auto [left, right] = SocketPair();
  PlainStream reader(left.fd());
  PlainStream writer(right.fd());
  char bytes[16];
  EXPECT_EQ(reader.Read(bytes, 16, 0)->outcome, ReadOutcome::kTimeout);
  WakeEvent wake;
  reader.SetWakeEvent(&wake);
  wake.Signal();
  EXPECT_EQ(reader.Read(bytes, 16, kNoDeadline)->outcome, ReadOutcome::kWoken);
  wake.Clear();
  ASSERT_TRUE(writer.Write("hello", kNoDeadline).ok());
  EXPECT_EQ(reader.Peek(bytes, 1, kNoDeadline)->byte_count, 1u);
  EXPECT_EQ(reader.Read(bytes, 16, kNoDeadline)->byte_count, 5u);
  writer.CloseWrite();
  EXPECT_EQ(reader.Read(bytes, 16, kNoDeadline)->outcome, ReadOutcome::kEnd);
  // Nobody takes it.
  EXPECT_TRUE(writer.Write("x", 0).Is(ErrorCode::kConnectionFailure));
}

TEST(Stream, WritesGiveUpAtTheirDeadline) {
  auto [left, right] = SocketPair();
  PlainStream writer(left.fd());
  const std::string much(64 << 20, 'x');
  EXPECT_TRUE(
      writer.Write(much, SystemClock().MonotonicMicros()).Is(ErrorCode::kConnectionFailure));
}

TEST(Reactor, WatchesPostsAndTimes) {
  auto [left, right] = SocketPair();
  Reactor reactor;
  auto watch = reactor.NewWatch();
  std::promise<Reactor::Event> timed_out;
  watch->Arm(left.fd(), 0, [&](Reactor::Event event) { timed_out.set_value(event); });
  EXPECT_EQ(timed_out.get_future().get(), Reactor::Event::kTimeout);
  std::promise<Reactor::Event> readable;
  watch->Arm(left.fd(), kNoDeadline, [&](Reactor::Event event) { readable.set_value(event); });
  PlainStream(right.fd()).Write("x", kNoDeadline).ok();
  EXPECT_EQ(readable.get_future().get(), Reactor::Event::kReadable);
  // Bytes that wait already count.
  std::promise<void> again;
  watch->Arm(left.fd(), kNoDeadline, [&](Reactor::Event) { again.set_value(); });
  again.get_future().get();
  // Disarmed: no call, though bytes wait.
  std::promise<void> done;
  std::atomic<int> calls{0};
  const int silent = right.fd();
  reactor.Post([&] {
    watch->Arm(silent, kNoDeadline, [&](Reactor::Event) { ++calls; });
    reactor.Post([&] {
      watch->Disarm();
      reactor.PostAt(0, [&] { done.set_value(); });
    });
  });
  done.get_future().get();
  EXPECT_EQ(calls, 0);
  reactor.Stop();
}

TEST(ElasticPool, UrgentTasksPassTheBoundAndStopRunsWhatWaits) {
  ElasticPool pool({.name = "test", .thread_count_max = 1, .idle_us = 1000});
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> runs{0};
  EXPECT_TRUE(pool.Submit([&] {
    open.wait();
    ++runs;
  }));
  EXPECT_TRUE(pool.Submit([&] { ++runs; }));
  std::promise<void> urgent;
  EXPECT_TRUE(pool.Submit([&] { urgent.set_value(); }, true));
  urgent.get_future().get();
  gate.set_value();
  pool.Stop();
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(pool.Submit([] {}));
}

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = MakeSelfSignedCertificate("db.example");
    ASSERT_TRUE(pair.ok()) << pair.status().ToString();
    ASSERT_TRUE(WriteFileAtomically(directory_.path() + "/crt", pair->certificate_pem).ok());
    ASSERT_TRUE(WriteFileAtomically(directory_.path() + "/key", pair->key_pem).ok());
  }

  const TemporaryDirectory directory_;
};

TEST_F(TlsTest, HandshakeBytesAndGoodbye) {
  EXPECT_TRUE(CheckFileIsPrivate(directory_.path() + "/key").ok());
  auto context = TlsContext::Create({.certificate_file = directory_.path() + "/crt",
                                     .key_file = directory_.path() + "/key",
                                     .alpn_protocols = {"postgresql"}});
  ASSERT_TRUE(context.ok()) << context.status().ToString();
  EXPECT_EQ((*context)->server_end_point().size(), 32u);
  auto [ours, theirs] = SocketPair();
  // A client of OpenSSL's own.
  Thread client("client", [fd = theirs.fd()] {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> client_context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(client_context.get()), SSL_free);
    SSL_set_fd(ssl.get(), fd);
    const unsigned char alpn[] = "\x0apostgresql";
    SSL_set_alpn_protos(ssl.get(), alpn, 11);
    const auto retry = [&](auto call) {
      int code;
      while ((code = call()) <= 0) {
        const int error = SSL_get_error(ssl.get(), code);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return code;
      }
      return code;
    };
    EXPECT_EQ(retry([&] { return SSL_connect(ssl.get()); }), 1);
    EXPECT_EQ(retry([&] { return SSL_write(ssl.get(), "ping", 4); }), 4);
    char answer[4];
    EXPECT_EQ(retry([&] { return SSL_read(ssl.get(), answer, 4); }), 4);
    SSL_shutdown(ssl.get());
  });
  auto stream = (*context)->Accept(ours.fd(), Soon());
  ASSERT_TRUE(stream.ok()) << stream.status().ToString();
  EXPECT_TRUE((*stream)->is_encrypted());
  EXPECT_EQ(NegotiatedProtocol(**stream), "postgresql");
  char bytes[16];
  EXPECT_EQ((*stream)->Read(bytes, 2, Soon())->byte_count, 2u);
  EXPECT_TRUE((*stream)->HasBufferedBytes());
  EXPECT_EQ((*stream)->Read(bytes, 16, Soon())->byte_count, 2u);
  ASSERT_TRUE((*stream)->Write("pong", Soon()).ok());
  EXPECT_EQ((*stream)->Read(bytes, 16, Soon())->outcome, ReadOutcome::kEnd);
  (*stream)->CloseWrite();
}

TEST_F(TlsTest, NonsenseAndMissingFilesAreErrors) {
  auto context = TlsContext::Create(
      {.certificate_file = directory_.path() + "/crt", .key_file = directory_.path() + "/key"});
  ASSERT_TRUE(context.ok());
  auto [ours, theirs] = SocketPair();
  ASSERT_TRUE(PlainStream(theirs.fd()).Write("GET / HTTP/1.1\r\n\r\n", Soon()).ok());
  EXPECT_FALSE((*context)->Accept(ours.fd(), Soon()).ok());
  auto [silent, unused] = SocketPair();
  EXPECT_FALSE((*context)->Accept(silent.fd(), 0).ok());
  EXPECT_FALSE(TlsContext::Create({.certificate_file = "/none", .key_file = "/none"}).ok());
  EXPECT_FALSE(TlsContext::Create({.certificate_file = directory_.path() + "/crt",
                                   .key_file = directory_.path() + "/crt"})
                   .ok());
  std::filesystem::permissions(directory_.path() + "/key", std::filesystem::perms(0644));
  EXPECT_TRUE(CheckFileIsPrivate(directory_.path() + "/key").Is(ErrorCode::kInsufficientPrivilege));
}

}  // namespace
}  // namespace helios::sys
