#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "protocol/pg/channel.h"
#include "types/io.h"
#include "types/vector.h"

namespace helios::protocol::pg {

// Writes the rows as DataRow messages straight from their vectors into the channel's buffer, and
// sends that whenever it is full. Format codes: none is text for all, one holds for all, else one a
// column. An error leaves no half of a message behind.
Status SendDataRows(const Chunk& rows, std::span<const int16_t> formats, const TextFormat& format,
                    Channel& channel);

}  // namespace helios::protocol::pg
