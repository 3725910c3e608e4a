// 256 bits at a time; what is left over is copied into a block that ends in zeros, which change no
// sum. Bytes are widened to 16 bits, whose products are added in pairs into 32.

#include <immintrin.h>

#include <cstring>

#include "ann/internal/kernel_sets.h"

#define HELIOS_TARGET __attribute__((target("avx2,fma,f16c,popcnt")))
// The same, and always a part of the function that calls it.
#define HELIOS_INLINE_TARGET HELIOS_TARGET __attribute__((always_inline)) inline

namespace helios::ann::internal {
namespace {

constexpr size_t kFloats = 8;
constexpr size_t kBytes = 16;  // Widened, they fill a register.

HELIOS_INLINE_TARGET __m256 Load(const float* from) { return _mm256_loadu_ps(from); }
HELIOS_INLINE_TARGET __m256 Load(const uint16_t* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

HELIOS_INLINE_TARGET float Sum(__m256 lanes) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

HELIOS_INLINE_TARGET int32_t Sum(__m256i lanes) {
  const __m128i half =
      _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  const __m128i quarter = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32(quarter, 0xb1)));
}

struct Square {
  HELIOS_INLINE_TARGET static __m256 Add(__m256 sum, __m256 left, __m256 right) {
    const __m256 difference = _mm256_sub_ps(left, right);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
};
struct Product {
  HELIOS_INLINE_TARGET static __m256 Add(__m256 sum, __m256 left, __m256 right) {
    return _mm256_fmadd_ps(left, right, sum);
  }
};
struct Size {
  HELIOS_INLINE_TARGET static __m256 Add(__m256 sum, __m256 left, __m256 right) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return _mm256_add_ps(sum, _mm256_andnot_ps(sign, _mm256_sub_ps(left, right)));
  }
};

template <typename Term, typename Right>
HELIOS_TARGET float SumOfTerms(const float* left, const Right* right, size_t count) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                    _mm256_setzero_ps()};
  size_t index = 0;
  for (; index + 4 * kFloats <= count; index += 4 * kFloats) {
#pragma GCC unroll 4
    for (size_t part = 0; part < 4; ++part) {
      const size_t at = index + part * kFloats;
      sums[part] = Term::Add(sums[part], Load(left + at), Load(right + at));
    }
  }
  for (; index + kFloats <= count; index += kFloats) {
    sums[0] = Term::Add(sums[0], Load(left + index), Load(right + index));
  }
  if (index < count) {
    float left_rest[kFloats] = {};
    Right right_rest[kFloats] = {};
    std::memcpy(left_rest, left + index, (count - index) * sizeof(float));
    std::memcpy(right_rest, right + index, (count - index) * sizeof(Right));
    sums[1] = Term::Add(sums[1], Load(left_rest), Load(right_rest));
  }
  return Sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

HELIOS_TARGET Products ProductsOfFloats(const float* left, const float* right, size_t count) {
  __m256 both[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  __m256 squares[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  size_t index = 0;
  for (; index + 2 * kFloats <= count; index += 2 * kFloats) {
#pragma GCC unroll 2
    for (size_t part = 0; part < 2; ++part) {
      const __m256 floats = Load(right + index + part * kFloats);
      both[part] = Product::Add(both[part], Load(left + index + part * kFloats), floats);
      squares[part] = Product::Add(squares[part], floats, floats);
    }
  }
  for (; index < count; index += kFloats) {
    float left_rest[kFloats] = {};
    float right_rest[kFloats] = {};
    const size_t rest = count - index < kFloats ? count - index : kFloats;
    std::memcpy(left_rest, left + index, rest * sizeof(float));
    std::memcpy(right_rest, right + index, rest * sizeof(float));
    both[0] = Product::Add(both[0], Load(left_rest), Load(right_rest));
    squares[0] = Product::Add(squares[0], Load(right_rest), Load(right_rest));
  }
  return {Sum(_mm256_add_ps(both[0], both[1])), Sum(_mm256_add_ps(squares[0], squares[1]))};
}

HELIOS_INLINE_TARGET __m256i Widen(const int8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
HELIOS_INLINE_TARGET __m256i Widen(const uint8_t* from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

struct IntegerSquare {
  HELIOS_INLINE_TARGET static __m256i Term(__m256i left, __m256i right) {
    const __m256i difference = _mm256_sub_epi16(left, right);
    return _mm256_madd_epi16(difference, difference);
  }
};
struct IntegerProduct {
  HELIOS_INLINE_TARGET static __m256i Term(__m256i left, __m256i right) {
    return _mm256_madd_epi16(left, right);
  }
};
struct IntegerSize {
  HELIOS_INLINE_TARGET static __m256i Term(__m256i left, __m256i right) {
    const __m256i difference = _mm256_abs_epi16(_mm256_sub_epi16(left, right));
    return _mm256_madd_epi16(difference, _mm256_set1_epi16(1));
  }
};

template <typename Step, typename Left>
HELIOS_TARGET int32_t SumOfIntegers(const Left* left, const int8_t* right, size_t count) {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  size_t index = 0;
  for (; index + 2 * kBytes <= count; index += 2 * kBytes) {
    even = _mm256_add_epi32(even, Step::Term(Widen(left + index), Widen(right + index)));
    odd = _mm256_add_epi32(odd,
                           Step::Term(Widen(left + index + kBytes), Widen(right + index + kBytes)));
  }
  for (; index < count; index += kBytes) {
    Left left_rest[kBytes] = {};
    int8_t right_rest[kBytes] = {};
    const size_t rest = count - index < kBytes ? count - index : kBytes;
    std::memcpy(left_rest, left + index, rest);
    std::memcpy(right_rest, right + index, rest);
    even = _mm256_add_epi32(even, Step::Term(Widen(left_rest), Widen(right_rest)));
  }
  return Sum(_mm256_add_epi32(even, odd));
}

// The high half of a float is all of a bfloat16.
HELIOS_INLINE_TARGET __m256 LoadBf16(const uint16_t* from) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

HELIOS_TARGET float InnerProductBf16(const uint16_t* left, const uint16_t* right, size_t count) {
  constexpr size_t kHalves = 8;
  __m256 sums = _mm256_setzero_ps();
  size_t index = 0;
  for (; index + kHalves <= count; index += kHalves) {
    sums = _mm256_fmadd_ps(LoadBf16(left + index), LoadBf16(right + index), sums);
  }
  if (index < count) {
    uint16_t left_rest[kHalves] = {};
    uint16_t right_rest[kHalves] = {};
    std::memcpy(left_rest, left + index, (count - index) * sizeof(uint16_t));
    std::memcpy(right_rest, right + index, (count - index) * sizeof(uint16_t));
    sums = _mm256_fmadd_ps(LoadBf16(left_rest), LoadBf16(right_rest), sums);
  }
  return Sum(sums);
}

}  // namespace

HELIOS_TARGET void CountPlaneProducts(const uint64_t* planes, size_t plane_count,
                                      size_t plane_words, const uint64_t* const* codes,
                                      size_t code_count, size_t word_count, size_t ahead,
                                      uint32_t* products) {
  for (size_t at = 0; at < code_count; ++at) {
    if (at + ahead < code_count) PrefetchWords(codes[at + ahead], word_count);
    int64_t product = 0;
    for (size_t plane = plane_count; plane-- > 0;) {
      const uint64_t* const words = planes + plane * plane_words;
      product *= 2;
      for (size_t word = 0; word < word_count; ++word) {
        product += _mm_popcnt_u64(codes[at][word] & words[word]);
      }
    }
    products[at] = static_cast<uint32_t>(product);
  }
}

// One instruction a word: on these processors faster than counting by tables of nibbles while the
// words are few.
HELIOS_TARGET uint32_t CountDifferingBits(const uint64_t* left, const uint64_t* right,
                                          size_t count) {
  int64_t sum = 0;
  for (size_t word = 0; word < count; ++word) sum += _mm_popcnt_u64(left[word] ^ right[word]);
  return static_cast<uint32_t>(sum);
}

HELIOS_TARGET BitCounts CountCommonBits(const uint64_t* left, const uint64_t* right, size_t count) {
  int64_t both = 0;
  int64_t either = 0;
  for (size_t word = 0; word < count; ++word) {
    both += _mm_popcnt_u64(left[word] & right[word]);
    either += _mm_popcnt_u64(left[word] | right[word]);
  }
  return {static_cast<uint32_t>(both), static_cast<uint32_t>(either)};
}

const Kernels kAvx2Kernels = {
    .instruction_set = InstructionSet::kAvx2,
    .l2_squared_f32 = SumOfTerms<Square, float>,
    .inner_product_f32 = SumOfTerms<Product, float>,
    .l1_f32 = SumOfTerms<Size, float>,
    .products_f32 = ProductsOfFloats,
    .l2_squared_f16 = SumOfTerms<Square, uint16_t>,
    .inner_product_f16 = SumOfTerms<Product, uint16_t>,
    .l1_f16 = SumOfTerms<Size, uint16_t>,
    .l2_squared_i8 = SumOfIntegers<IntegerSquare, int8_t>,
    .inner_product_i8 = SumOfIntegers<IntegerProduct, int8_t>,
    .l1_i8 = SumOfIntegers<IntegerSize, int8_t>,
    .inner_product_u8i8 = SumOfIntegers<IntegerProduct, uint8_t>,
    .inner_products_u8i8 = ProductsInTurn<SumOfIntegers<IntegerProduct, uint8_t>>,
    .inner_product_bf16 = InnerProductBf16,
    .plane_products = CountPlaneProducts,
    .hamming = CountDifferingBits,
    .bit_counts = CountCommonBits,
};

}  // namespace helios::ann::internal
