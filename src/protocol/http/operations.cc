#include "protocol/http/operations.h"

#include <fmt/core.h>

namespace helios::protocol::http {

void AddOperationRoutes(const sys::MetricsRegistry& registry, std::function<Readiness()> readiness,
                        Router* router) {
  router->Add("GET", "/metrics", [&registry](const Request&) {
    return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                    .body = registry.Expose()};
  });
  // Alive is who can answer at all.
  router->Add("GET", "/health/liveness", [](const Request&) {
    return Response{.content_type = "application/json", .body = "{\"status\":\"alive\"}\n"};
  });
  router->Add("GET", "/health/readiness", [readiness = std::move(readiness)](const Request&) {
    const Readiness state = readiness();
    if (state.is_ready) {
      return Response{.content_type = "application/json", .body = "{\"status\":\"ready\"}\n"};
    }
    return Response{
        .status = 503,
        .content_type = "application/json",
        .body = fmt::format("{{\"status\":\"not ready\",\"reason\":\"{}\"}}\n", state.reason)};
  });
}

}  // namespace helios::protocol::http
