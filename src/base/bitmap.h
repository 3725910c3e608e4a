#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct roaring_bitmap_s;

namespace helios {

// A set of row ids or other ordinals of 32 bits: a Roaring bitmap, of CRoaring. Few among many take
// two bytes each, long runs nearly nothing, and the rest no more than a bit.
//
// Thread safety: const calls, from any thread, beside no others.
class CompressedBitmap {
 public:
  CompressedBitmap();
  explicit CompressedBitmap(std::span<const uint32_t> ordinals);
  // Takes over a bitmap that CRoaring made, and frees it in the end.
  explicit CompressedBitmap(roaring_bitmap_s* bitmap) : bitmap_(bitmap) {}

  void Add(uint32_t ordinal);
  // From the first to before the end.
  void AddRange(uint32_t first, uint32_t end);
  // Keeps long runs as such, where that is shorter.
  void Compress();

  uint64_t size() const;
  bool Contains(uint32_t ordinal) const;
  CompressedBitmap Intersect(const CompressedBitmap& other) const;
  size_t memory_bytes() const;

  // Appends them, from the least, without those of `end` and above.
  void ListBelow(uint32_t end, std::vector<uint32_t>* ordinals) const;
  // Sets their bits, as far as there are words: bit i of word i / 64 is the ordinal i's.
  void SetBits(std::span<uint64_t> words) const;

 private:
  struct Free {
    void operator()(roaring_bitmap_s* bitmap) const;
  };
  std::unique_ptr<roaring_bitmap_s, Free> bitmap_;
};

}  // namespace helios
