#include "server/embedded.h"

namespace helios::server {

Result<std::unique_ptr<EmbeddedNode>> EmbeddedNode::Open(const ServerConfig&, uint16_t) {
  return Error(ErrorCode::kFeatureNotSupported).Message("this build holds no engine");
}

}  // namespace helios::server
