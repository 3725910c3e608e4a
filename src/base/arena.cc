#include "base/arena.h"

#include <algorithm>

namespace helios {

namespace {
// Blocks double up to this size, so that a large arena has few blocks and a small one wastes
// little.
constexpr size_t kBlockBytesMax = size_t{1} << 20;
}  // namespace

char* Arena::AllocateSlow(size_t bytes) {
  const size_t block_bytes = std::max(bytes, next_block_bytes_);
  blocks_.push_back({std::unique_ptr<char[]>(new char[block_bytes]), block_bytes});
  allocated_bytes_ += block_bytes;
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kBlockBytesMax);
  char* result = blocks_.back().bytes.get();
  next_ = result + bytes;
  end_ = result + block_bytes;
  return result;
}

void Arena::Reset() {
  if (blocks_.empty()) return;
  Block last = std::move(blocks_.back());
  blocks_.clear();
  next_ = last.bytes.get();
  end_ = next_ + last.byte_count;
  allocated_bytes_ = last.byte_count;
  blocks_.push_back(std::move(last));
}

}  // namespace helios
