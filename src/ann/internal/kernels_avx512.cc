// 512 bits at a time; what is left over is read under a mask, as zeros, which change no sum.
//
// Two sets: with VNNI, products of bytes are added in fours straight into 32 bits, and words are
// counted by VPOPCNTDQ.

#include <immintrin.h>

#include "ann/internal/kernel_sets.h"

#define HELIOS_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,popcnt")))
#define HELIOS_INLINE_TARGET HELIOS_TARGET __attribute__((always_inline)) inline
#define HELIOS_VNNI_TARGET \
  __attribute__((          \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq,fma,popcnt")))
#define HELIOS_BF16_TARGET                                                                   \
  __attribute__((                                                                            \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq,avx512bf16,fma," \
             "popcnt")))
#define HELIOS_INLINE_VNNI_TARGET HELIOS_VNNI_TARGET __attribute__((always_inline)) inline

namespace helios::ann::internal {
namespace {

constexpr size_t kFloats = 16;
constexpr size_t kWidened = 32;  // Bytes that fill a register once they are 16 bits wide.
constexpr size_t kBytes = 64;
constexpr size_t kWords = 8;

HELIOS_INLINE_TARGET __mmask16 FirstFloats(size_t count) {
  return static_cast<__mmask16>((1u << count) - 1);
}
HELIOS_INLINE_TARGET __m512 Load(const float* from) { return _mm512_loadu_ps(from); }
HELIOS_INLINE_TARGET __m512 Load(const uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
HELIOS_INLINE_TARGET __m512 Load(const float* from, __mmask16 mask) {
  return _mm512_maskz_loadu_ps(mask, from);
}
HELIOS_INLINE_TARGET __m512 Load(const uint16_t* from, __mmask16 mask) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, from));
}

struct Square {
  HELIOS_INLINE_TARGET static __m512 Add(__m512 sum, __m512 left, __m512 right) {
    const __m512 difference = _mm512_sub_ps(left, right);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};
struct Product {
  HELIOS_INLINE_TARGET static __m512 Add(__m512 sum, __m512 left, __m512 right) {
    return _mm512_fmadd_ps(left, right, sum);
  }
};
struct Size {
  HELIOS_INLINE_TARGET static __m512 Add(__m512 sum, __m512 left, __m512 right) {
    return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(left, right)));
  }
};

template <typename Term, typename Right>
HELIOS_TARGET float SumOfTerms(const float* left, const Right* right, size_t count) {
  __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                    _mm512_setzero_ps()};
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
    const __mmask16 mask = FirstFloats(count - index);
    sums[1] = Term::Add(sums[1], Load(left + index, mask), Load(right + index, mask));
  }
  return _mm512_reduce_add_ps(
      _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

HELIOS_TARGET Products ProductsOfFloats(const float* left, const float* right, size_t count) {
  __m512 both[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  __m512 squares[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  size_t index = 0;
  for (; index + 2 * kFloats <= count; index += 2 * kFloats) {
#pragma GCC unroll 2
    for (size_t part = 0; part < 2; ++part) {
      const __m512 floats = Load(right + index + part * kFloats);
      both[part] = Product::Add(both[part], Load(left + index + part * kFloats), floats);
      squares[part] = Product::Add(squares[part], floats, floats);
    }
  }
  for (; index < count; index += kFloats) {
    const __mmask16 mask = count - index < kFloats ? FirstFloats(count - index) : __mmask16{0xffff};
    const __m512 floats = Load(right + index, mask);
    both[0] = Product::Add(both[0], Load(left + index, mask), floats);
    squares[0] = Product::Add(squares[0], floats, floats);
  }
  return {_mm512_reduce_add_ps(_mm512_add_ps(both[0], both[1])),
          _mm512_reduce_add_ps(_mm512_add_ps(squares[0], squares[1]))};
}

HELIOS_INLINE_TARGET __mmask32 FirstWidened(size_t count) {
  return count >= kWidened ? ~__mmask32{0} : (__mmask32{1} << count) - 1;
}
HELIOS_INLINE_TARGET __m512i Widen(const int8_t* from, __mmask32 mask) {
  return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, from));
}
HELIOS_INLINE_TARGET __m512i Widen(const uint8_t* from, __mmask32 mask) {
  return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, from));
}

struct IntegerSquare {
  HELIOS_INLINE_TARGET static __m512i Term(__m512i left, __m512i right) {
    const __m512i difference = _mm512_sub_epi16(left, right);
    return _mm512_madd_epi16(difference, difference);
  }
};
struct IntegerProduct {
  HELIOS_INLINE_TARGET static __m512i Term(__m512i left, __m512i right) {
    return _mm512_madd_epi16(left, right);
  }
};
struct IntegerSize {
  HELIOS_INLINE_TARGET static __m512i Term(__m512i left, __m512i right) {
    const __m512i difference = _mm512_abs_epi16(_mm512_sub_epi16(left, right));
    return _mm512_madd_epi16(difference, _mm512_set1_epi16(1));
  }
};

template <typename Step, typename Left>
HELIOS_TARGET int32_t SumOfIntegers(const Left* left, const int8_t* right, size_t count) {
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  constexpr __mmask32 kAll = ~__mmask32{0};
  size_t index = 0;
  for (; index + 2 * kWidened <= count; index += 2 * kWidened) {
    const size_t next = index + kWidened;
    even =
        _mm512_add_epi32(even, Step::Term(Widen(left + index, kAll), Widen(right + index, kAll)));
    odd = _mm512_add_epi32(odd, Step::Term(Widen(left + next, kAll), Widen(right + next, kAll)));
  }
  for (; index < count; index += kWidened) {
    const __mmask32 mask = FirstWidened(count - index);
    even =
        _mm512_add_epi32(even, Step::Term(Widen(left + index, mask), Widen(right + index, mask)));
  }
  return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

// The high half of a float is all of a bfloat16.
HELIOS_INLINE_TARGET __m512 LoadBf16(const uint16_t* from, __mmask16 mask) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from)), 16));
}

HELIOS_TARGET float InnerProductBf16(const uint16_t* left, const uint16_t* right, size_t count) {
  __m512 sums = _mm512_setzero_ps();
  for (size_t index = 0; index < count; index += kFloats) {
    const __mmask16 mask = count - index < kFloats ? FirstFloats(count - index) : __mmask16{0xffff};
    sums = _mm512_fmadd_ps(LoadBf16(left + index, mask), LoadBf16(right + index, mask), sums);
  }
  return _mm512_reduce_add_ps(sums);
}

HELIOS_INLINE_VNNI_TARGET __mmask64 FirstBytes(size_t count) {
  return count >= kBytes ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
}

HELIOS_VNNI_TARGET int32_t VnniProductU8(const uint8_t* left, const int8_t* right, size_t count) {
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  size_t index = 0;
  for (; index + 2 * kBytes <= count; index += 2 * kBytes) {
    even = _mm512_dpbusd_epi32(even, _mm512_loadu_si512(left + index),
                               _mm512_loadu_si512(right + index));
    odd = _mm512_dpbusd_epi32(odd, _mm512_loadu_si512(left + index + kBytes),
                              _mm512_loadu_si512(right + index + kBytes));
  }
  for (; index < count; index += kBytes) {
    const __mmask64 mask = FirstBytes(count - index);
    even = _mm512_dpbusd_epi32(even, _mm512_maskz_loadu_epi8(mask, left + index),
                               _mm512_maskz_loadu_epi8(mask, right + index));
  }
  return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

// The sum of each of four registers.
HELIOS_INLINE_VNNI_TARGET __m128i SumEach(const __m512i (&sums)[4]) {
  const __m512i first = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[0], sums[1]),
                                         _mm512_unpackhi_epi32(sums[0], sums[1]));
  const __m512i second = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[2], sums[3]),
                                          _mm512_unpackhi_epi32(sums[2], sums[3]));
  const __m512i all =
      _mm512_add_epi32(_mm512_unpacklo_epi64(first, second), _mm512_unpackhi_epi64(first, second));
  const __m256i half =
      _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

// Four vectors at a time share each piece of the query, and their sums are taken together.
HELIOS_VNNI_TARGET void VnniProductsU8(const uint8_t* left, const int8_t* const* rights,
                                       size_t right_count, size_t count, size_t ahead,
                                       int32_t* products) {
  constexpr size_t kTogether = 4;
  for (size_t at = 0; at < ahead && at < right_count; ++at) PrefetchBytes(rights[at], count);
  size_t at = 0;
  for (; at + kTogether <= right_count; at += kTogether) {
    for (size_t next = at + ahead; next < at + ahead + kTogether && next < right_count; ++next) {
      PrefetchBytes(rights[next], count);
    }
    __m512i sums[kTogether] = {_mm512_setzero_si512(), _mm512_setzero_si512(),
                               _mm512_setzero_si512(), _mm512_setzero_si512()};
    for (size_t index = 0; index < count; index += kBytes) {
      const __m512i query = _mm512_loadu_si512(left + index);
#pragma GCC unroll 4
      for (size_t part = 0; part < kTogether; ++part) {
        sums[part] =
            _mm512_dpbusd_epi32(sums[part], query, _mm512_loadu_si512(rights[at + part] + index));
      }
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(products + at), SumEach(sums));
  }
  for (; at < right_count; ++at) products[at] = VnniProductU8(left, rights[at], count);
}

// The instruction wants one side without sign: with 128 added to the left side, 128 times the sum
// of the right side is too much.
HELIOS_VNNI_TARGET int32_t VnniProductI8(const int8_t* left, const int8_t* right, size_t count) {
  const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
  __m512i products = _mm512_setzero_si512();
  __m512i excess = _mm512_setzero_si512();
  for (size_t index = 0; index < count; index += kBytes) {
    const __mmask64 mask = FirstBytes(count - index);
    const __m512i right_bytes = _mm512_maskz_loadu_epi8(mask, right + index);
    const __m512i left_bytes = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, left + index), sign);
    products = _mm512_dpbusd_epi32(products, left_bytes, right_bytes);
    excess = _mm512_dpbusd_epi32(excess, sign, right_bytes);
  }
  return _mm512_reduce_add_epi32(_mm512_sub_epi32(products, excess));
}

HELIOS_INLINE_VNNI_TARGET __mmask8 FirstWords(size_t count) {
  return static_cast<__mmask8>(count >= kWords ? 0xff : (1u << count) - 1);
}

HELIOS_VNNI_TARGET uint32_t VectorHamming(const uint64_t* left, const uint64_t* right,
                                          size_t count) {
  __m512i sum = _mm512_setzero_si512();
  for (size_t word = 0; word < count; word += kWords) {
    const __mmask8 mask = FirstWords(count - word);
    const __m512i differ = _mm512_xor_si512(_mm512_maskz_loadu_epi64(mask, left + word),
                                            _mm512_maskz_loadu_epi64(mask, right + word));
    sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(differ));
  }
  return static_cast<uint32_t>(_mm512_reduce_add_epi64(sum));
}

HELIOS_VNNI_TARGET BitCounts VectorCountBits(const uint64_t* left, const uint64_t* right,
                                             size_t count) {
  __m512i both = _mm512_setzero_si512();
  __m512i either = _mm512_setzero_si512();
  for (size_t word = 0; word < count; word += kWords) {
    const __mmask8 mask = FirstWords(count - word);
    const __m512i left_words = _mm512_maskz_loadu_epi64(mask, left + word);
    const __m512i right_words = _mm512_maskz_loadu_epi64(mask, right + word);
    both = _mm512_add_epi64(both, _mm512_popcnt_epi64(_mm512_and_si512(left_words, right_words)));
    either =
        _mm512_add_epi64(either, _mm512_popcnt_epi64(_mm512_or_si512(left_words, right_words)));
  }
  return {static_cast<uint32_t>(_mm512_reduce_add_epi64(both)),
          static_cast<uint32_t>(_mm512_reduce_add_epi64(either))};
}

HELIOS_INLINE_VNNI_TARGET __m512i PlanesOfWords(const uint64_t* planes, size_t plane_count,
                                                size_t plane_words, __m512i code) {
  __m512i product = _mm512_setzero_si512();
  for (size_t plane = plane_count; plane-- > 0;) {
    const __m512i words = _mm512_loadu_si512(planes + plane * plane_words);
    product = _mm512_add_epi64(_mm512_add_epi64(product, product),
                               _mm512_popcnt_epi64(_mm512_and_si512(words, code)));
  }
  return product;
}

HELIOS_VNNI_TARGET void VectorPlaneProducts(const uint64_t* planes, size_t plane_count,
                                            size_t plane_words, const uint64_t* const* codes,
                                            size_t code_count, size_t word_count, size_t ahead,
                                            uint32_t* products) {
  const __mmask8 rest = FirstWords(word_count - (plane_words - kWords));
  for (size_t at = 0; at < code_count; ++at) {
    if (at + ahead < code_count) PrefetchWords(codes[at + ahead], word_count);
    __m512i sum = _mm512_setzero_si512();
    size_t word = 0;
    for (; word + kWords < plane_words; word += kWords) {
      const __m512i code = _mm512_loadu_si512(codes[at] + word);
      sum = _mm512_add_epi64(sum, PlanesOfWords(planes + word, plane_count, plane_words, code));
    }
    const __m512i code = _mm512_maskz_loadu_epi64(rest, codes[at] + word);
    sum = _mm512_add_epi64(sum, PlanesOfWords(planes + word, plane_count, plane_words, code));
    products[at] = static_cast<uint32_t>(_mm512_reduce_add_epi64(sum));
  }
}

// Pairs of products are added in 32 bits by one instruction.
HELIOS_BF16_TARGET float Bf16Product(const uint16_t* left, const uint16_t* right, size_t count) {
  __m512 even = _mm512_setzero_ps();
  __m512 odd = _mm512_setzero_ps();
  size_t index = 0;
  for (; index + 2 * kWidened <= count; index += 2 * kWidened) {
    const size_t next = index + kWidened;
    even = _mm512_dpbf16_ps(even, (__m512bh)_mm512_loadu_si512(left + index),
                            (__m512bh)_mm512_loadu_si512(right + index));
    odd = _mm512_dpbf16_ps(odd, (__m512bh)_mm512_loadu_si512(left + next),
                           (__m512bh)_mm512_loadu_si512(right + next));
  }
  for (; index < count; index += kWidened) {
    const __mmask32 mask =
        count - index >= kWidened ? ~__mmask32{0} : (__mmask32{1} << (count - index)) - 1;
    even = _mm512_dpbf16_ps(even, (__m512bh)_mm512_maskz_loadu_epi16(mask, left + index),
                            (__m512bh)_mm512_maskz_loadu_epi16(mask, right + index));
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
}

}  // namespace

namespace {

constexpr Kernels kWithoutVnni = {
    .instruction_set = InstructionSet::kAvx512,
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

constexpr Kernels WithVnni(Kernels kernels) {
  kernels.instruction_set = InstructionSet::kAvx512Vnni;
  kernels.inner_product_i8 = VnniProductI8;
  kernels.inner_product_u8i8 = VnniProductU8;
  kernels.inner_products_u8i8 = VnniProductsU8;
  kernels.plane_products = VectorPlaneProducts;
  kernels.hamming = VectorHamming;
  kernels.bit_counts = VectorCountBits;
  return kernels;
}

constexpr Kernels WithBf16(Kernels kernels) {
  kernels.instruction_set = InstructionSet::kAvx512Bf16;
  kernels.inner_product_bf16 = Bf16Product;
  return kernels;
}

}  // namespace

// Computed by the compiler: who runs before main may ask for them.
constinit const Kernels kAvx512Kernels = kWithoutVnni;
constinit const Kernels kAvx512VnniKernels = WithVnni(kWithoutVnni);
constinit const Kernels kAvx512Bf16Kernels = WithBf16(WithVnni(kWithoutVnni));

}  // namespace helios::ann::internal
