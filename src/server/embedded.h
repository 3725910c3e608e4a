#pragma once

#include <memory>

#include "base/status.h"
#include "compute/session.h"
#include "server/config.h"

namespace helios::server {

// All roles in this process: the storage node under the data directory and the engine above it,
// joined by direct calls.
//
// Lifetime: closed by the destructor, engine first; nobody may hold a session by then.
class EmbeddedNode {
 public:
  virtual ~EmbeddedNode() = default;
  virtual compute::Engine& engine() = 0;

  // `pg_port` is what the server listens on, for SHOW. Requires: the data directory is there and
  // locked.
  static Result<std::unique_ptr<EmbeddedNode>> Open(const ServerConfig& config, uint16_t pg_port);
};

}  // namespace helios::server
