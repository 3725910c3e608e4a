// The test client's code; the dialogue tests use it.

#include "protocol/pg/internal/test_client.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "protocol/pg/messages.h"

namespace helios::protocol::pg {
namespace {

// Generous: only a failing test waits for it.
constexpr int64_t kPatienceUs = 20 * sys::kMicrosPerSecond;

int64_t Deadline() { return sys::SystemClock().MonotonicMicros() + kPatienceUs; }

std::string Text(std::string_view text) { return std::string(text) + '\0'; }

}  // namespace

std::string Frame(char type, std::string_view body) {
  std::string bytes(1, type);
  AppendBigEndian(&bytes, static_cast<uint32_t>(body.size() + 4));
  return bytes.append(body);
}

std::string Startup(const std::vector<std::pair<std::string, std::string>>& parameters,
                    uint32_t version) {
  std::string body;
  AppendBigEndian(&body, version);
  for (const auto& [name, value] : parameters) body += Text(name) + Text(value);
  body.push_back('\0');
  std::string bytes;
  AppendBigEndian(&bytes, static_cast<uint32_t>(body.size() + 4));
  return bytes + body;
}

std::string QueryMessage(std::string_view sql) { return Frame('Q', Text(sql)); }

std::string ParseMessageBytes(std::string_view name, std::string_view sql,
                              const std::vector<Oid>& types) {
  std::string body = Text(name) + Text(sql);
  AppendBigEndian(&body, static_cast<uint16_t>(types.size()));
  for (const Oid type : types) AppendBigEndian(&body, type);
  return Frame('P', body);
}

std::string BindMessageBytes(std::string_view portal, std::string_view statement,
                             const std::vector<std::string>& parameters,
                             const std::vector<int16_t>& parameter_formats,
                             const std::vector<int16_t>& result_formats) {
  std::string body = Text(portal) + Text(statement);
  AppendBigEndian(&body, static_cast<uint16_t>(parameter_formats.size()));
  for (const int16_t format : parameter_formats) AppendBigEndian(&body, format);
  AppendBigEndian(&body, static_cast<uint16_t>(parameters.size()));
  for (const std::string& parameter : parameters) {
    if (parameter == "\\N") {
      AppendBigEndian<int32_t>(&body, -1);
    } else {
      AppendBigEndian(&body, static_cast<int32_t>(parameter.size()));
      body += parameter;
    }
  }
  AppendBigEndian(&body, static_cast<uint16_t>(result_formats.size()));
  for (const int16_t format : result_formats) AppendBigEndian(&body, format);
  return Frame('B', body);
}

std::string DescribeBytes(char kind, std::string_view name) {
  return Frame('D', std::string(1, kind) + Text(name));
}

std::string ExecuteBytes(std::string_view portal, int32_t max_rows) {
  std::string body = Text(portal);
  AppendBigEndian(&body, max_rows);
  return Frame('E', body);
}

void TestClient::Send(std::string_view bytes) {
  const Status status = stream_.Write(bytes, Deadline());
  EXPECT_TRUE(status.ok()) << status.ToString();
}

std::string TestClient::ReceiveBytes(size_t byte_count) {
  std::string bytes(byte_count, '\0');
  size_t have = 0;
  while (have < byte_count) {
    auto read = stream_.Read(bytes.data() + have, byte_count - have, Deadline());
    if (!read.ok() || read->outcome != sys::ReadOutcome::kBytes) {
      ADD_FAILURE() << "the server said " << have << " bytes instead of " << byte_count;
      return {};
    }
    have += read->byte_count;
  }
  return bytes;
}

TestClient::Message TestClient::Receive() {
  const std::string head = ReceiveBytes(5);
  if (head.empty()) return {};
  const auto length = LoadBigEndian<uint32_t>(head.data() + 1);
  return {head[0], length > 4 ? ReceiveBytes(length - 4) : ""};
}

std::string TestClient::ReceiveUntil(char last) {
  messages_.clear();
  std::string types;
  while (types.empty() || types.back() != last) {
    messages_.push_back(Receive());
    if (messages_.back().type == 0) break;
    types.push_back(messages_.back().type);
  }
  return types;
}

std::string TestClient::Body(char type) const {
  for (const Message& message : messages_) {
    if (message.type == type) return message.body;
  }
  return {};
}

std::string TestClient::Field(char type, char field) const {
  const std::string body = Body(type);
  for (size_t at = 0; at < body.size() && body[at] != '\0'; at = body.find('\0', at) + 1) {
    if (body[at] == field) return body.c_str() + at + 1;
  }
  return {};
}

bool TestClient::AtEnd() {
  char byte;
  auto read = stream_.Read(&byte, 1, Deadline());
  return !read.ok() || read->outcome == sys::ReadOutcome::kEnd;
}

TestServer::TestServer(ServerOptions options)
    : runner(reactor, {.thread_count_max = 16}), server(engine, runner, options) {}

TestServer::~TestServer() {
  runner.Stop();
  reactor.Stop();
}

std::unique_ptr<TestClient> TestServer::Connect(int64_t login_timeout_us) {
  auto [ours, theirs] = sys::SocketPair();
  sys::ListeningSocket::Accepted accepted{std::move(ours),
                                          {.host = "[local]", .is_local_socket = true}};
  const int64_t deadline_us = sys::SystemClock().MonotonicMicros() + login_timeout_us;
  runner.Start(server.NewConnection(std::move(accepted), {}, deadline_us), deadline_us);
  return std::make_unique<TestClient>(std::move(theirs));
}

std::unique_ptr<TestClient> TestServer::Login() {
  auto client = Connect();
  client->Send(Startup({{"user", "u"}}));
  EXPECT_EQ(client->ReceiveUntil('Z'), "RSSKZ");
  return client;
}

}  // namespace helios::protocol::pg
