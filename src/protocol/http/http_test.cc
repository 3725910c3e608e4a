#include <gtest/gtest.h>

#include "protocol/http/internal/request_parser.h"
#include "protocol/http/operations.h"
#include "protocol/http/router.h"
#include "protocol/http/server.h"
#include "sys/stream.h"

namespace helios::protocol::http {
namespace {

class HttpTest : public ::testing::Test {
 protected:
  HttpTest() : runner_(reactor_, {.thread_count_max = 4}) {
    router_.Add("GET", "/hello",
                [](const Request& request) { return Response{.body = "hi " + request.query}; });
    router_.Add("POST", "/echo", [](const Request& request) {
      return Response{.body = std::string(request.Header("x-thing")) + request.body};
    });
    router_.Add("GET", "/tree/",
                [](const Request& request) { return Response{.body = request.path}; });
    AddOperationRoutes(
        sys::Metrics(), [this] { return readiness_; }, &router_);
    server_ = std::make_unique<Server>(
        router_, runner_, ServerOptions{.header_bytes_max = 1000, .body_bytes_max = 1000});
  }
  ~HttpTest() override {
    runner_.Stop();
    reactor_.Stop();
  }

  void Connect() {
    auto [ours, theirs] = sys::SocketPair();
    client_ = std::move(theirs);
    runner_.Start(server_->NewConnection({std::move(ours), {.host = "test"}}, {}),
                  sys::kNoDeadline);
  }
  void Send(std::string_view bytes) {
    ASSERT_TRUE(sys::PlainStream(client_.fd()).Write(bytes, Deadline()).ok());
  }
  // All that comes up to `end`, or to the end of the connection.
  std::string Receive(std::string_view end = {}) {
    sys::PlainStream stream(client_.fd());
    std::string text;
    char byte;
    while (end.empty() || !text.ends_with(end)) {
      auto read = stream.Read(&byte, 1, Deadline());
      if (!read.ok() || read->outcome != sys::ReadOutcome::kBytes) break;
      text.push_back(byte);
    }
    return text;
  }
  std::string Once(std::string_view request) {
    Connect();
    Send(request);
    return Receive();
  }
  static int64_t Deadline() {
    return sys::SystemClock().MonotonicMicros() + 20 * sys::kMicrosPerSecond;
  }

  Readiness readiness_;
  Router router_;
  sys::Reactor reactor_;
  ConnectionRunner runner_;
  std::unique_ptr<Server> server_;
  sys::Socket client_;
};

TEST_F(HttpTest, RequestsOfOneConnection) {
  Connect();
  Send("GET /hello?you HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(Receive("hi you").starts_with("HTTP/1.1 200 OK\r\n"));
  // Pipelined, and cut in pieces.
  Send("POST /echo HTTP/1.1\r\nHost: x\r\nX-Thing: T\r\nContent-Length: 4\r\n\r\nbodyGET /tr");
  EXPECT_NE(Receive("Tbody").find("Connection: keep-alive"), std::string::npos);
  Send("ee/a%20b HTTP/1.1\r\nHost: x\r\n\r\n");
  Receive("/tree/a b");
  Send("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string head = Receive();
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_NE(head.find("Connection: close"), std::string::npos);
}

TEST_F(HttpTest, ChunkedBodiesAndContinue) {
  Connect();
  Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  EXPECT_EQ(Receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  Send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_NE(Receive("abcde").find("200 OK"), std::string::npos);
}

TEST_F(HttpTest, Refusals) {
  EXPECT_TRUE(Once("GET /none HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Once("GET /%zz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404"));
  const std::string not_allowed = Once("DELETE /hello HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(not_allowed.starts_with("HTTP/1.1 405"));
  EXPECT_NE(not_allowed.find("Allow: GET, HEAD"), std::string::npos);
  EXPECT_TRUE(Once("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(Once("GET /hello HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 431"));
  EXPECT_TRUE(
      Once("POST /echo HTTP/1.1\r\nContent-Length: 2000\r\n\r\n").starts_with("HTTP/1.1 413"));
}

TEST_F(HttpTest, HealthAndMetrics) {
  EXPECT_TRUE(Once("GET /health/liveness HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
  readiness_ = {false, "starting"};
  EXPECT_TRUE(Once("GET /health/readiness HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 503"));
  readiness_ = {true, ""};
  EXPECT_TRUE(Once("GET /health/readiness HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_NE(Once("GET /metrics HTTP/1.0\r\n\r\n").find("heliosdb_http_requests_total"),
            std::string::npos);
}

TEST_F(HttpTest, ConnectionsEndOnRequest) {
  Connect();
  Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  Receive("hi ");
  runner_.AskAllToEnd(Error(ErrorCode::kAdminShutdown).Message("bye"));
  EXPECT_EQ(Receive(), "");
}

}  // namespace
}  // namespace helios::protocol::http
