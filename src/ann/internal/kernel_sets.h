#pragma once

#include "ann/kernels.h"

namespace helios::ann::internal {

// The lines of a code; a long one's rest the processor fetches by itself.
inline void PrefetchBytes(const int8_t* bytes, size_t count) {
  constexpr size_t kLineBytes = 64;
  constexpr size_t kLinesMax = 8;
  const size_t end = count < kLinesMax * kLineBytes ? count : kLinesMax * kLineBytes;
  for (size_t at = 0; at < end; at += kLineBytes) __builtin_prefetch(bytes + at);
}

inline void PrefetchWords(const uint64_t* words, size_t count) {
  PrefetchBytes(reinterpret_cast<const int8_t*>(words), count * sizeof(uint64_t));
}

// One after the other, for sets without instructions to gain by more.
template <int32_t (*Product)(const uint8_t*, const int8_t*, size_t)>
void ProductsInTurn(const uint8_t* left, const int8_t* const* rights, size_t right_count,
                    size_t count, size_t ahead, int32_t* products) {
  for (size_t at = 0; at < right_count; ++at) {
    if (at + ahead < right_count) PrefetchBytes(rights[at + ahead], count);
    products[at] = Product(left, rights[at], count);
  }
}

// Bits are counted by one instruction a word, which every set from AVX2 on has.
uint32_t CountDifferingBits(const uint64_t* left, const uint64_t* right, size_t count);
BitCounts CountCommonBits(const uint64_t* left, const uint64_t* right, size_t count);
void CountPlaneProducts(const uint64_t* planes, size_t plane_count, size_t plane_words,
                        const uint64_t* const* codes, size_t code_count, size_t word_count,
                        size_t ahead, uint32_t* products);

// Only functions are compiled for more instructions, never whole files: an inline function of a
// header must not be, because the linker keeps any one of its copies for the whole program.
extern const Kernels kPortableKernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512VnniKernels;
extern const Kernels kAvx512Bf16Kernels;

}  // namespace helios::ann::internal
