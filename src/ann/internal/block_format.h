#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ann/snapshot.h"
#include "base/status.h"

namespace helios::ann::internal {

static_assert(std::endian::native == std::endian::little, "on disk: docs/formats/ann.md");

inline constexpr size_t kBlockPageBytes = 4096;
inline constexpr uint32_t kBlockFormatVersion = 1;

// What a block holds: one chunk of an array, or the root, which says what the arrays mean.
enum class BlockKind : uint32_t {
  kRoot = 1,
  kLive = 2,
  kDead = 3,
  kNodes = 4,
  kLinks = 5,
  kUpperLinks = 6,
  kCodes = 7,  // And the further arrays of a code from here on.
  kBiases = 8,
};
inline constexpr uint32_t kBlockKindEnd = 9;

// The start of a block's first page; the rest of the page is zeros, and the payload follows, filled
// up with zeros to whole pages.
struct BlockHeader {
  char magic[8] = {};
  uint32_t version = 0;
  BlockKind kind = BlockKind::kRoot;
  uint64_t number = 0;  // Which chunk of the array.
  uint64_t epoch = 0;   // Of the save that wrote it.
  uint64_t payload_bytes = 0;
  uint32_t payload_crc = 0;  // Of the payload's pages.
  uint32_t header_crc = 0;   // Of the first page, with 0 in this place.
  uint64_t reserved[2] = {};
};
static_assert(sizeof(BlockHeader) == 64, "on disk: docs/formats/ann.md");

// The payload of the root, which ends a stream; what the code has learnt follows it.
struct RootRecord {
  uint64_t since_epoch = 0;  // Older changes are in earlier streams.
  uint64_t epoch = 0;
  uint64_t block_count = 0;  // Of the stream, with the root.
  uint64_t seed = 0;
  uint32_t dimension_count = 0;
  uint32_t m = 0;
  uint32_t ef_construction = 0;
  uint32_t ordinal_count = 0;  // What lives and is dead is below it.
  uint32_t link_bound = 0;     // Links may lead up to here, to what was not in yet.
  uint32_t upper_count = 0;    // Rows of upper links.
  uint32_t entry = 0;
  uint32_t prefetch_distance = 0;
  uint8_t element_type = 0;
  uint8_t metric = 0;
  uint8_t codes = 0;
  uint8_t is_trained = 0;
  uint32_t trained_bytes = 0;
  double costs[4] = {};  // Those of planner.h, in its order.
};
static_assert(sizeof(RootRecord) == 104, "on disk: docs/formats/ann.md");

// How a chunk of the nodes says what is not one; a node's level otherwise.
inline constexpr int32_t kDuplicateLevel = -1;  // The other number is the node that stands for it.
inline constexpr int32_t kGoneLevel = -2;       // Deleted while it was saved.

// Of a block's first page, with zeros in the checksum's place. Requires: a whole page.
uint32_t HeaderCrcOf(std::span<const std::byte> page);
// "links 3": as errors name it.
std::string BlockName(BlockKind kind, uint64_t number);
// XX002, saying which block and what about it.
Status CorruptBlock(std::string_view block, std::string_view what);

// Gives blocks to a sink.
//
// Thread safety: none.
class BlockWriter {
 public:
  // Requires: the sink outlives it.
  explicit BlockWriter(const BlockSink& sink) : sink_(sink) {}

  // Room for the payload of the next block, zeros; valid until Write.
  std::span<std::byte> Begin(size_t payload_bytes);
  Status Write(BlockKind kind, uint64_t number, uint64_t epoch);
  uint64_t block_count() const { return block_count_; }

 private:
  const BlockSink& sink_;
  std::vector<std::byte> buffer_;
  size_t payload_bytes_ = 0;
  uint64_t block_count_ = 0;
};

struct Block {
  BlockHeader header;
  std::span<std::byte> payload;
  std::string name() const { return BlockName(header.kind, header.number); }
};

// Takes a stream apart, and checks of each block all that can be told without the others.
//
// Thread safety: none. Lifetime: the bytes outlive it and the blocks.
class BlockReader {
 public:
  explicit BlockReader(std::span<std::byte> bytes) : bytes_(bytes) {}

  bool at_end() const { return offset_ == bytes_.size(); }
  // Requires: !at_end().
  Result<Block> Next();
  uint64_t block_count() const { return block_count_; }

 private:
  std::string Place() const;

  const std::span<std::byte> bytes_;
  size_t offset_ = 0;
  uint64_t block_count_ = 0;
};

}  // namespace helios::ann::internal
