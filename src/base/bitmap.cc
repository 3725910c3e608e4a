#include "base/bitmap.h"

#include <roaring/roaring.h>

#include <algorithm>

namespace helios {
namespace {

constexpr uint32_t kWordBits = 64;
// A Roaring bitmap has a container for each 2^16 values.
constexpr uint32_t kContainerBits = 16;
constexpr size_t kContainerWords = (size_t{1} << kContainerBits) / kWordBits;

void SetBit(uint32_t at, std::span<uint64_t> words) {
  if (at / kWordBits < words.size()) words[at / kWordBits] |= uint64_t{1} << (at % kWordBits);
}

// The bits from `first` to `last`, both included.
void SetRun(uint32_t first, uint32_t last, std::span<uint64_t> words) {
  const auto bit_count = static_cast<uint32_t>(words.size() * kWordBits);
  if (first >= bit_count) return;
  last = std::min(last, bit_count - 1);
  const uint64_t from_first = ~uint64_t{0} << (first % kWordBits);
  const uint64_t to_last = ~uint64_t{0} >> (kWordBits - 1 - last % kWordBits);
  uint64_t* const first_word = &words[first / kWordBits];
  uint64_t* const last_word = &words[last / kWordBits];
  if (first_word == last_word) {
    *first_word |= from_first & to_last;
    return;
  }
  *first_word |= from_first;
  std::fill(first_word + 1, last_word, ~uint64_t{0});
  *last_word |= to_last;
}

void SetContainer(const void* container, uint8_t type, std::span<uint64_t> words) {
  switch (type) {
    case BITSET_CONTAINER_TYPE_CODE: {
      const uint64_t* const bits = static_cast<const bitset_container_t*>(container)->array;
      std::transform(words.begin(), words.end(), bits, words.begin(), std::bit_or<>());
      return;
    }
    case ARRAY_CONTAINER_TYPE_CODE: {
      const auto* const array = static_cast<const array_container_t*>(container);
      for (int32_t at = 0; at < array->cardinality; ++at) SetBit(array->array[at], words);
      return;
    }
    case RUN_CONTAINER_TYPE_CODE: {
      const auto* const runs = static_cast<const run_container_t*>(container);
      for (int32_t at = 0; at < runs->n_runs; ++at) {
        const uint32_t first = runs->runs[at].value;
        SetRun(first, first + runs->runs[at].length, words);
      }
      return;
    }
    default:
      return;
  }
}

}  // namespace

CompressedBitmap::CompressedBitmap() : bitmap_(roaring_bitmap_create()) {}

CompressedBitmap::CompressedBitmap(std::span<const uint32_t> ordinals)
    : bitmap_(roaring_bitmap_of_ptr(ordinals.size(), ordinals.data())) {}

void CompressedBitmap::Free::operator()(roaring_bitmap_s* bitmap) const {
  roaring_bitmap_free(bitmap);
}

void CompressedBitmap::Add(uint32_t ordinal) { roaring_bitmap_add(bitmap_.get(), ordinal); }

void CompressedBitmap::AddRange(uint32_t first, uint32_t end) {
  roaring_bitmap_add_range(bitmap_.get(), first, end);
}

void CompressedBitmap::Compress() { roaring_bitmap_run_optimize(bitmap_.get()); }

uint64_t CompressedBitmap::size() const { return roaring_bitmap_get_cardinality(bitmap_.get()); }

bool CompressedBitmap::Contains(uint32_t ordinal) const {
  return roaring_bitmap_contains(bitmap_.get(), ordinal);
}

CompressedBitmap CompressedBitmap::Intersect(const CompressedBitmap& other) const {
  return CompressedBitmap(roaring_bitmap_and(bitmap_.get(), other.bitmap_.get()));
}

size_t CompressedBitmap::memory_bytes() const {
  return roaring_bitmap_portable_size_in_bytes(bitmap_.get());
}

void CompressedBitmap::ListBelow(uint32_t end, std::vector<uint32_t>* ordinals) const {
  const size_t before = ordinals->size();
  ordinals->resize(before + size());
  roaring_bitmap_to_uint32_array(bitmap_.get(), ordinals->data() + before);
  const auto first = ordinals->begin() + static_cast<std::ptrdiff_t>(before);
  ordinals->erase(std::lower_bound(first, ordinals->end(), end), ordinals->end());
}

// Container by container: one ordinal at a time takes ten times as long where many are set.
void CompressedBitmap::SetBits(std::span<uint64_t> words) const {
  const roaring_array_t& array = bitmap_->high_low_container;
  for (int32_t at = 0; at < array.size; ++at) {
    const size_t first_word = array.keys[at] * kContainerWords;
    if (first_word >= words.size()) return;
    uint8_t type = array.typecodes[at];
    const void* const container = container_unwrap_shared(array.containers[at], &type);
    SetContainer(container, type,
                 words.subspan(first_word, std::min(kContainerWords, words.size() - first_word)));
  }
}

}  // namespace helios
