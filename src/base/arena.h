#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace helios {

// Memory that is freed all at once. Allocations are aligned to 8 bytes and never move.
//
// Thread safety: none.
class Arena {
 public:
  explicit Arena(size_t first_block_bytes = 4096) : next_block_bytes_(first_block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  char* Allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > static_cast<size_t>(end_ - next_)) [[unlikely]]
      return AllocateSlow(bytes);
    char* result = next_;
    next_ += bytes;
    return result;
  }

  std::string_view Copy(std::string_view bytes) {
    char* to = Allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }

  // Bytes held, used or not.
  size_t allocated_bytes() const { return allocated_bytes_; }

  // Forgets every allocation; keeps the newest block for reuse.
  void Reset();

 private:
  char* AllocateSlow(size_t bytes);

  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t byte_count;
  };
  std::vector<Block> blocks_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t next_block_bytes_;
  size_t allocated_bytes_ = 0;
};

}  // namespace helios
