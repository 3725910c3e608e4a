#include "ann/vector_source.h"

#include <algorithm>

namespace helios::ann {
namespace {

constexpr size_t kLineBytes = 64;
// The processor's own prefetcher follows after that many.
constexpr size_t kLinesMax = 8;

}  // namespace

void FlatVectors::Prefetch(uint32_t ordinal) const {
  const char* vector = first_ + static_cast<size_t>(ordinal) * bytes_;
  const size_t bytes = std::min(bytes_, kLinesMax * kLineBytes);
  for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(vector + at);
}

}  // namespace helios::ann
