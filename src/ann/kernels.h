#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace helios::ann {

// The processor's instructions that kernels are written for, from few to many.
enum class InstructionSet : uint8_t {
  kPortable,    // Whatever the compiler makes of C++.
  kAvx2,        // AVX2, FMA, F16C.
  kAvx512,      // AVX-512 F, BW, DQ, VL.
  kAvx512Vnni,  // With VNNI and VPOPCNTDQ, as from Ice Lake and Zen 4 on.
  kAvx512Bf16,  // With BF16 too, as from Cooper Lake and Zen 4 on.
};
inline constexpr size_t kInstructionSetCount = 5;

// A query for `plane_products` has so many planes at most.
inline constexpr size_t kPlaneCountMax = 8;
// And each of its planes has a multiple of so many words.
inline constexpr size_t kPlaneWords = 8;

// Bits set in both of two vectors, and in at least one.
struct BitCounts {
  uint32_t both = 0;
  uint32_t either = 0;
};

// The inner product of two vectors, and of the right one with itself.
struct Products {
  float both = 0;
  float right = 0;
};

// The inner loops of distances. No alignment is asked for. Floating point sums are taken in another
// order by each set, so they differ in their last digits; the others are exact.
//
// Integer results fit for up to kDimensionsMax dimensions.
struct Kernels {
  InstructionSet instruction_set;

  float (*l2_squared_f32)(const float* left, const float* right, size_t count);
  float (*inner_product_f32)(const float* left, const float* right, size_t count);
  float (*l1_f32)(const float* left, const float* right, size_t count);
  // What cosine wants of a vector that is fetched once.
  Products (*products_f32)(const float* left, const float* right, size_t count);
  // A query in full against a vector of halves.
  float (*l2_squared_f16)(const float* left, const uint16_t* right, size_t count);
  float (*inner_product_f16)(const float* left, const uint16_t* right, size_t count);
  float (*l1_f16)(const float* left, const uint16_t* right, size_t count);

  int32_t (*l2_squared_i8)(const int8_t* left, const int8_t* right, size_t count);
  int32_t (*inner_product_i8)(const int8_t* left, const int8_t* right, size_t count);
  int32_t (*l1_i8)(const int8_t* left, const int8_t* right, size_t count);
  // The inner product of codes: of a query and of a vector in 8 bits.
  int32_t (*inner_product_u8i8)(const uint8_t* left, const int8_t* right, size_t count);
  // The same with each of several vectors, while those `ahead` places on are fetched from memory.
  // Requires: `count` is a multiple of 64.
  void (*inner_products_u8i8)(const uint8_t* left, const int8_t* const* rights, size_t right_count,
                              size_t count, size_t ahead, int32_t* products);

  // The inner product of vectors whose elements are bfloat16. Elements too small for a normal float
  // may count as 0.
  float (*inner_product_bf16)(const uint16_t* left, const uint16_t* right, size_t count);

  // The inner product of whole numbers and bits, for each of several codes, while those `ahead`
  // places on are fetched from memory. Plane p has bit p of all the numbers, in words as the codes
  // have theirs; the planes, lowest first, follow each other after `plane_words` words each.
  // Requires: plane_count <= kPlaneCountMax; `plane_words` is word_count rounded up to a multiple
  // of kPlaneWords.
  void (*plane_products)(const uint64_t* planes, size_t plane_count, size_t plane_words,
                         const uint64_t* const* codes, size_t code_count, size_t word_count,
                         size_t ahead, uint32_t* products);

  // `count` is of words of 64 bits.
  uint32_t (*hamming)(const uint64_t* left, const uint64_t* right, size_t count);
  BitCounts (*bit_counts)(const uint64_t* left, const uint64_t* right, size_t count);
};

// Whether this machine has the instructions.
bool IsSupported(InstructionSet set);
// Requires: IsSupported(set).
const Kernels& KernelsFor(InstructionSet set);
// Those of the largest set that this machine has.
const Kernels& BestKernels();
std::string_view InstructionSetName(InstructionSet set);

}  // namespace helios::ann
