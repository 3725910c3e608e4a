#pragma once

#include "types/vector.h"

namespace helios::compute {

// The rows of `chunk` in memory of their own: an execution may reuse its chunk's at the next call.
Chunk CopyRows(const Chunk& chunk);

}  // namespace helios::compute
