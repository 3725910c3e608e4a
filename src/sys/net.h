#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace helios::sys {

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_ = -1;
};

// Interrupts a thread that waits for a socket. Thread safety: all calls, from any thread.
class WakeEvent {
 public:
  WakeEvent();
  void Signal();
  void Clear();
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

// An end of a connection.
struct PeerAddress {
  std::string host;  // Numeric; "[local]" for a Unix socket.
  uint16_t port = 0;
  bool is_local_socket = false;
  std::string ToString() const;
};

// A connected stream socket, non-blocking.
class Socket {
 public:
  Socket() = default;
  explicit Socket(FileDescriptor fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  void Close() { fd_.Close(); }
  // This end.
  PeerAddress LocalAddress() const;
  // Ends the connection under a thread that reads or writes: its call fails.
  void Shutdown();
  // Throws away what has arrived, without waiting: closing a socket that holds unread bytes would
  // take back what was sent last.
  void DiscardReceived();

 private:
  FileDescriptor fd_;
};

struct KeepaliveOptions {
  int idle_seconds = 60;
  int interval_seconds = 10;
  int count = 6;
  int user_timeout_ms = 0;  // 0: the system's.
};

// A socket that accepts connections.
class ListeningSocket {
 public:
  ListeningSocket(FileDescriptor fd, std::string address, uint16_t port)
      : fd_(std::move(fd)), address_(std::move(address)), port_(port) {}
  int fd() const { return fd_.get(); }
  // What was asked for, and the port that was got.
  const std::string& address() const { return address_; }
  uint16_t port() const { return port_; }

  struct Accepted {
    Socket socket;
    PeerAddress peer;
  };
  enum class Outcome : uint8_t { kAccepted, kNone, kOutOfDescriptors };
  // Takes a waiting connection, if there is one, and makes it ready for use: no delay, keepalive.
  Outcome Accept(const KeepaliveOptions& keepalive, Accepted* accepted);

 private:
  FileDescriptor fd_;
  std::string address_;
  uint16_t port_;
};

// Listens on every address that `host` ("127.0.0.1", "::1", "localhost", "*") stands for; port 0
// takes a free one, the same for all. 58030 with a hint when the port is taken or may not be used.
Result<std::vector<ListeningSocket>> ListenTcp(std::string_view host, uint16_t port);
// Replaces a dead server's socket file; a live server's is an error.
Result<ListeningSocket> ListenUnix(const std::string& path);
// Whether `host` stands for loopback addresses alone.
bool IsLoopbackHost(std::string_view host);

// Blocks until connected.
Result<Socket> ConnectTcp(std::string_view host, uint16_t port, int64_t deadline_us);
// Two connected sockets, for tests.
std::pair<Socket, Socket> SocketPair();

}  // namespace helios::sys
