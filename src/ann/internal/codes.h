#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ann/distance.h"
#include "ann/internal/chunked_rows.h"
#include "ann/vector.h"

namespace helios::ann::internal {

// A vector that others are compared with, in whatever form its codes want.
struct CodeQuery {
  std::vector<float> floats;
  std::vector<uint8_t> bytes;
  std::vector<uint16_t> halves;
  float scale = 1;
  float offset = 0;
  std::optional<DistanceTo> full;
  // For codes of differences from centers: of each center, the square of how far it is.
  std::vector<float> center_squares;
  std::vector<float> center_ranks;
  std::vector<uint64_t> planes;
  float low = 0;
  float error = 0;
};

// The form of vectors that walks and scans compare: small, resident, and only nearly exact. Ranks
// order as distances do; those of one query may be compared with each other.
//
// Thread safety: Prepare…, Rank, Prefetch, from any thread. Encode, from any thread for different
// ordinals, none of which is ranked meanwhile. Train, before anything else.
class Codes {
 public:
  virtual ~Codes() = default;

  // Learns where the elements lie. Requires: checked vectors, at least one.
  virtual void Train(std::span<const VectorRef> sample) = 0;
  virtual void Grow(uint32_t ordinal_count) = 0;
  virtual void Encode(uint32_t ordinal, const VectorRef& vector) = 0;

  virtual void Prepare(const VectorRef& vector, CodeQuery* query) const = 0;
  // The query is what the ordinal's code says.
  virtual void PrepareStored(uint32_t ordinal, CodeQuery* query) const = 0;
  // Requires: ranks.size() >= ordinals.size().
  virtual void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                    std::span<float> ranks) const = 0;
  // How many vectors ahead of the one that it compares Rank fetches.
  virtual void SetPrefetchDistance(size_t ordinal_count) = 0;

  virtual size_t prefetch_distance() const = 0;

  // --- What a snapshot keeps ---
  // The rows by ordinal. One for each kind of block from BlockKind::kCodes on.
  virtual std::vector<ChunkedRows*> arrays() = 0;
  // What Train has learnt, as docs/formats/ann.md has it.
  virtual std::string Trained() const = 0;
  // Takes the place of Train. False when the bytes are not what Trained returns.
  virtual bool SetTrained(std::string_view bytes) = 0;
  // Which of the arrays has what Encode never writes in the row.
  virtual std::optional<size_t> FindBadArray(uint32_t ordinal) const = 0;
  // Encode has changed the row, and the ordinal is in now.
  void Mark(uint32_t ordinal) {
    for (ChunkedRows* const array : arrays()) array->Mark(ordinal);
  }

  virtual size_t memory_bytes() const = 0;
};

}  // namespace helios::ann::internal
