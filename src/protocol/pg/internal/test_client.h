#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/pg/internal/fake_engine.h"
#include "protocol/pg/server.h"

namespace helios::protocol::pg {

// Frontend messages as bytes, for tests.
std::string Frame(char type, std::string_view body);
std::string Startup(const std::vector<std::pair<std::string, std::string>>& parameters,
                    uint32_t version = 3u << 16);
std::string QueryMessage(std::string_view sql);
std::string ParseMessageBytes(std::string_view name, std::string_view sql,
                              const std::vector<Oid>& types = {});
// Parameters as text, unless the formats say otherwise; "\\N" is NULL.
std::string BindMessageBytes(std::string_view portal, std::string_view statement,
                             const std::vector<std::string>& parameters = {},
                             const std::vector<int16_t>& parameter_formats = {},
                             const std::vector<int16_t>& result_formats = {});
std::string DescribeBytes(char kind, std::string_view name);
std::string ExecuteBytes(std::string_view portal, int32_t max_rows = 0);
inline std::string SyncBytes() { return Frame('S', ""); }

// The client's end of a socket pair.
class TestClient {
 public:
  explicit TestClient(sys::Socket socket) : socket_(std::move(socket)), stream_(socket_.fd()) {}

  void Send(std::string_view bytes);
  struct Message {
    char type = 0;
    std::string body;
  };
  // Fails the test, and returns type 0, when nothing comes for long or the server hangs up.
  Message Receive();
  std::string ReceiveBytes(size_t byte_count);
  // Types of the messages up to the one of type `last`: "TDDCZ".
  std::string ReceiveUntil(char last);
  // What was received by the last ReceiveUntil.
  const std::vector<Message>& messages() const { return messages_; }
  // The first one of this type there; an empty body if there was none.
  std::string Body(char type) const;
  // The field of an error or notice among them.
  std::string Field(char type, char field) const;
  // Whether the server hangs up, with nothing said before.
  bool AtEnd();
  void Close() { socket_.Close(); }
  void CloseWrite() { stream_.CloseWrite(); }
  int fd() const { return socket_.fd(); }

 private:
  sys::Socket socket_;
  sys::PlainStream stream_;
  std::vector<Message> messages_;
};

// A PostgreSQL server over a fake engine, without a listening socket.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {.auth = AuthMethod::kTrust, .linger_us = 1000});
  ~TestServer();
  // A new connection that has said nothing yet.
  std::unique_ptr<TestClient> Connect(int64_t login_timeout_us = 60 * sys::kMicrosPerSecond);
  // One that is logged in as "u" and idle.
  std::unique_ptr<TestClient> Login();

  FakeEngine engine;
  sys::Reactor reactor;
  ConnectionRunner runner;
  Server server;
};

}  // namespace helios::protocol::pg
