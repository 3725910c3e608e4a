#pragma once

#include <functional>
#include <string>

#include "protocol/http/router.h"
#include "sys/metrics.h"

namespace helios::protocol::http {

// What the readiness probe reports.
struct Readiness {
  bool is_ready = false;
  std::string reason;  // Why not.
};

// Adds /metrics (Prometheus text), /health/liveness and /health/readiness. `registry` and what
// `readiness` refers to outlive the router.
void AddOperationRoutes(const sys::MetricsRegistry& registry, std::function<Readiness()> readiness,
                        Router* router);

}  // namespace helios::protocol::http
