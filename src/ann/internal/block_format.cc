#include "ann/internal/block_format.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"

namespace helios::ann::internal {
namespace {

constexpr char kMagic[8] = {'H', 'D', 'B', 'A', 'N', 'N', '\r', '\n'};

size_t PagesBytes(size_t bytes) {
  return (bytes + kBlockPageBytes - 1) / kBlockPageBytes * kBlockPageBytes;
}

uint32_t CrcOf(std::span<const std::byte> bytes) {
  return Crc32c({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

uint32_t HeaderCrcOf(std::span<const std::byte> page) {
  std::byte copy[kBlockPageBytes];
  std::memcpy(copy, page.data(), kBlockPageBytes);
  std::memset(copy + offsetof(BlockHeader, header_crc), 0, sizeof(BlockHeader::header_crc));
  return CrcOf(copy);
}

std::string BlockName(BlockKind kind, uint64_t number) {
  switch (kind) {
    case BlockKind::kRoot:
      return "root";
    case BlockKind::kLive:
      return fmt::format("live {}", number);
    case BlockKind::kDead:
      return fmt::format("dead {}", number);
    case BlockKind::kNodes:
      return fmt::format("nodes {}", number);
    case BlockKind::kLinks:
      return fmt::format("links {}", number);
    case BlockKind::kUpperLinks:
      return fmt::format("upper links {}", number);
    case BlockKind::kCodes:
      return fmt::format("codes {}", number);
    case BlockKind::kBiases:
      return fmt::format("biases {}", number);
  }
  return fmt::format("{} of kind {}", number, static_cast<uint32_t>(kind));
}

Status CorruptBlock(std::string_view block, std::string_view what) {
  return Error(ErrorCode::kIndexCorrupted)
      .Message("block \"{}\" of the vector index is corrupted: {}", block, what);
}

std::span<std::byte> BlockWriter::Begin(size_t payload_bytes) {
  payload_bytes_ = payload_bytes;
  buffer_.assign(kBlockPageBytes + PagesBytes(payload_bytes), std::byte{0});
  return std::span(buffer_).subspan(kBlockPageBytes, payload_bytes);
}

Status BlockWriter::Write(BlockKind kind, uint64_t number, uint64_t epoch) {
  HELIOS_CHECK(!buffer_.empty());
  BlockHeader header;
  std::copy(std::begin(kMagic), std::end(kMagic), header.magic);
  header.version = kBlockFormatVersion;
  header.kind = kind;
  header.number = number;
  header.epoch = epoch;
  header.payload_bytes = payload_bytes_;
  header.payload_crc = CrcOf(std::span(buffer_).subspan(kBlockPageBytes));
  std::memcpy(buffer_.data(), &header, sizeof(header));
  header.header_crc = HeaderCrcOf(std::span(buffer_).first(kBlockPageBytes));
  std::memcpy(buffer_.data(), &header, sizeof(header));
  ++block_count_;
  return sink_(buffer_);
}

std::string BlockReader::Place() const { return fmt::format("at byte {}", offset_); }

Result<Block> BlockReader::Next() {
  const std::span<std::byte> rest = bytes_.subspan(offset_);
  if (rest.size() < kBlockPageBytes) {
    return CorruptBlock(Place(), "the stream ends within the header");
  }
  const std::span<std::byte> page = rest.first(kBlockPageBytes);
  Block block;
  std::memcpy(&block.header, page.data(), sizeof(block.header));
  const BlockHeader& header = block.header;
  if (!std::equal(std::begin(kMagic), std::end(kMagic), header.magic)) {
    return CorruptBlock(Place(), "it does not begin as a block does");
  }
  // First of all, so that a damaged version is not taken for a later one.
  const uint32_t crc = HeaderCrcOf(page);
  if (crc != header.header_crc) {
    return CorruptBlock(Place(), fmt::format("checksum of the header is {:08x} instead of {:08x}",
                                             crc, header.header_crc));
  }
  if (header.version > kBlockFormatVersion) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("block \"{}\" of the vector index was written by a newer server", Place())
        .Detail("Its format is {}; this server knows formats up to {}.", header.version,
                kBlockFormatVersion);
  }
  if (header.version == 0) return CorruptBlock(Place(), "there is no format 0");
  const auto kind = static_cast<uint32_t>(header.kind);
  if (kind == 0 || kind >= kBlockKindEnd) {
    return CorruptBlock(Place(), fmt::format("there is no kind {}", kind));
  }
  const size_t payload_max = rest.size() - kBlockPageBytes;
  if (header.payload_bytes > payload_max || PagesBytes(header.payload_bytes) > payload_max) {
    return CorruptBlock(block.name(), fmt::format("it has {} bytes, but the stream ends after {}",
                                                  header.payload_bytes, payload_max));
  }
  const std::span<std::byte> pages =
      rest.subspan(kBlockPageBytes, PagesBytes(header.payload_bytes));
  const uint32_t payload_crc = CrcOf(pages);
  if (payload_crc != header.payload_crc) {
    return CorruptBlock(block.name(), fmt::format("checksum is {:08x} instead of {:08x}",
                                                  payload_crc, header.payload_crc));
  }
  block.payload = pages.first(header.payload_bytes);
  offset_ += kBlockPageBytes + pages.size();
  ++block_count_;
  return block;
}

}  // namespace helios::ann::internal
