#pragma once

#include <vector>

#include "hidb/storage_service.h"
#include "kv/kv_store.h"

namespace helios::storage {

// Cuts `range` of a space into about `part_count` ranges of similar size: adjacent, in order,
// together the whole range. Fewer when there is little data.
std::vector<hidb::KeyRange> SplitBySize(kv::KvStore& store, hidb::SpaceId space,
                                        const hidb::KeyRange& range, size_t part_count);

}  // namespace helios::storage
