#pragma once

#include <string>

#include "compute/internal/session_impl.h"

namespace helios::compute {

// The first rows of a query that a schema change makes itself; it takes no locks and checks no
// privileges.
Result<Chunk> RunOwnQuery(SessionImpl& session, const std::string& text);

}  // namespace helios::compute
