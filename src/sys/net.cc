#include "sys/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "sys/internal/poll_wait.h"

namespace helios::sys {
namespace {

// Connections that the kernel completes before we accept them.
constexpr int kBacklog = 1024;

struct AddressInfoDeleter {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};
using AddressInfo = std::unique_ptr<addrinfo, AddressInfoDeleter>;

Result<AddressInfo> Resolve(std::string_view host, uint16_t port, int flags) {
  addrinfo wanted = {};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  const std::string name(host);
  const bool is_any = name == "*" || name.empty();
  addrinfo* found = nullptr;
  const int code =
      getaddrinfo(is_any ? nullptr : name.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (code != 0) {
    return Error(ErrorCode::kConfigFileError)
        .Message("could not resolve address \"{}\": {}", host, gai_strerror(code));
  }
  return AddressInfo(found);
}

void SetOption(int fd, int level, int option, int value) {
  // Options are improvements: a kernel that lacks one serves all the same.
  (void)setsockopt(fd, level, option, &value, sizeof(value));
}

uint16_t PortOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return 0;
}

PeerAddress DescribePeer(const sockaddr_storage& address) {
  PeerAddress peer;
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof(text));
  } else if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
              sizeof(text));
  } else {
    peer.host = "[local]";
    peer.is_local_socket = true;
    return peer;
  }
  peer.host = text;
  peer.port = PortOf(address);
  return peer;
}

Status ListenError(std::string_view address, uint16_t port, int error) {
  auto status = Error(ErrorCode::kIoError)
                    .Message("could not listen on {}:{}: {}", address, port, std::strerror(error))
                    .ToStatus();
  if (error == EADDRINUSE) {
    status.mutable_info().hint =
        "Is another server running on this port? Choose another one, or 0 for any free port.";
  } else if (error == EACCES) {
    status.mutable_info().hint = "Ports below 1024 need privileges. Choose a higher one.";
  } else if (error == EADDRNOTAVAIL) {
    status.mutable_info().hint = "This machine does not have that address.";
  }
  return status;
}

// `*error` is the system's number when there is no socket.
Result<ListeningSocket> ListenOne(const addrinfo& info, std::string_view host, uint16_t port,
                                  int* error) {
  FileDescriptor fd(socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    *error = errno;
    return ListenError(host, port, *error);
  }
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (info.ai_family == AF_INET6) SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  sockaddr_storage address = {};
  std::memcpy(&address, info.ai_addr, info.ai_addrlen);
  if (info.ai_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  }
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), info.ai_addrlen) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    *error = errno;
    return ListenError(host, port, *error);
  }
  socklen_t length = sizeof(address);
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    *error = errno;
    return ListenError(host, port, *error);
  }
  return ListeningSocket(std::move(fd), DescribePeer(address).host, PortOf(address));
}

}  // namespace

void FileDescriptor::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

PeerAddress Socket::LocalAddress() const {
  sockaddr_storage address = {};
  socklen_t length = sizeof(address);
  if (getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return DescribePeer(address);
}

void Socket::Shutdown() { shutdown(fd(), SHUT_RDWR); }

void Socket::DiscardReceived() {
  constexpr int kPiecesMax = 64;
  char piece[16384];
  for (int i = 0; i < kPiecesMax && recv(fd(), piece, sizeof(piece), MSG_DONTWAIT) > 0; ++i) {
  }
}

WakeEvent::WakeEvent() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { HELIOS_CHECK(fd_.valid()); }

void WakeEvent::Signal() {
  const uint64_t one = 1;
  // A full counter is as good as a signal.
  [[maybe_unused]] const ssize_t written = write(fd_.get(), &one, sizeof(one));
}

void WakeEvent::Clear() {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = read(fd_.get(), &count, sizeof(count));
}

std::string PeerAddress::ToString() const {
  return is_local_socket ? host : fmt::format("{}:{}", host, port);
}

ListeningSocket::Outcome ListeningSocket::Accept(const KeepaliveOptions& keepalive,
                                                 Accepted* accepted) {
  sockaddr_storage address = {};
  socklen_t length = sizeof(address);
  int fd;
  do {
    fd = accept4(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    // A client that left again, or a signal, says nothing about the others in the queue.
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) {
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return exhausted ? Outcome::kOutOfDescriptors : Outcome::kNone;
  }
  accepted->socket = Socket(FileDescriptor(fd));
  accepted->peer = DescribePeer(address);
  if (!accepted->peer.is_local_socket) {
    SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive.idle_seconds);
    SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive.interval_seconds);
    SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive.count);
    if (keepalive.user_timeout_ms > 0) {
      SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, keepalive.user_timeout_ms);
    }
  }
  return Outcome::kAccepted;
}

Result<std::vector<ListeningSocket>> ListenTcp(std::string_view host, uint16_t port) {
  HELIOS_TRY(AddressInfo info, Resolve(host, port, AI_PASSIVE));
  std::vector<ListeningSocket> sockets;
  Status first_error;
  for (const addrinfo* next = info.get(); next != nullptr; next = next->ai_next) {
    if (next->ai_family != AF_INET && next->ai_family != AF_INET6) continue;
    const uint16_t wanted = sockets.empty() ? port : sockets.front().port();
    int error = 0;
    auto socket = ListenOne(*next, host, wanted, &error);
    if (socket.ok()) {
      sockets.push_back(std::move(socket).value());
    } else if (error == EADDRINUSE) {
      return std::move(socket).status();
    } else if (first_error.ok()) {
      first_error = std::move(socket).status();
    }
  }
  // A name such as "localhost" may have an IPv6 address that the machine does not serve: one will
  // do.
  if (!sockets.empty()) return sockets;
  if (!first_error.ok()) return first_error;
  return Error(ErrorCode::kConfigFileError).Message("\"{}\" is no address to listen on", host);
}

Result<ListeningSocket> ListenUnix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error(ErrorCode::kConfigFileError)
        .Message("socket path \"{}\" is too long (at most {} bytes)", path,
                 sizeof(address.sun_path) - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (connect(probe.get(), generic, sizeof(address)) == 0) {
    return Error(ErrorCode::kIoError).Message("another server listens on socket \"{}\"", path);
  }
  struct stat existing;
  if (lstat(path.c_str(), &existing) == 0 && S_ISSOCK(existing.st_mode)) unlink(path.c_str());
  if (bind(fd.get(), generic, sizeof(address)) != 0 || listen(fd.get(), kBacklog) != 0) {
    return Error(ErrorCode::kIoError)
        .Message("could not listen on socket \"{}\": {}", path, std::strerror(errno));
  }
  return ListeningSocket(std::move(fd), path, 0);
}

bool IsLoopbackHost(std::string_view host) {
  auto info = Resolve(host, 1, AI_PASSIVE);
  if (!info.ok()) return false;
  for (const addrinfo* next = info->get(); next != nullptr; next = next->ai_next) {
    if (next->ai_family == AF_INET) {
      const auto& address = *reinterpret_cast<const sockaddr_in*>(next->ai_addr);
      if (ntohl(address.sin_addr.s_addr) >> 24 != 127) return false;
    } else if (next->ai_family == AF_INET6) {
      const auto& address = *reinterpret_cast<const sockaddr_in6*>(next->ai_addr);
      if (!IN6_IS_ADDR_LOOPBACK(&address.sin6_addr)) return false;
    }
  }
  return true;
}

Result<Socket> ConnectTcp(std::string_view host, uint16_t port, int64_t deadline_us) {
  HELIOS_TRY(AddressInfo info, Resolve(host, port, 0));
  int error = 0;
  for (const addrinfo* next = info.get(); next != nullptr; next = next->ai_next) {
    FileDescriptor fd(socket(next->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    error = connect(fd.get(), next->ai_addr, next->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      if (internal::PollFor(fd.get(), internal::Direction::kWrite, -1, deadline_us) ==
          internal::PollOutcome::kTimeout) {
        error = ETIMEDOUT;
        continue;
      }
      socklen_t length = sizeof(error);
      getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    }
    if (error != 0) continue;
    SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    return Socket(std::move(fd));
  }
  return Error(ErrorCode::kConnectionFailure)
      .Message("could not connect to {}:{}: {}", host, port, std::strerror(error));
}

std::pair<Socket, Socket> SocketPair() {
  int fds[2];
  HELIOS_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  return {Socket(FileDescriptor(fds[0])), Socket(FileDescriptor(fds[1]))};
}

}  // namespace helios::sys
