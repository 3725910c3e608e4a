#include "server/version.h"

#include <fmt/core.h>

namespace helios::server {

std::string VersionText() {
  return fmt::format("HeliosDB 0.1.0 ({} {}, x86_64)", "GCC", __VERSION__);
}

}  // namespace helios::server
