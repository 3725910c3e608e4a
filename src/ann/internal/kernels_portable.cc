// Loops that a compiler turns into what vector instructions the oldest supported processor has.
// Sums are kept in several lanes, because the compiler may not reorder floating point additions.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "ann/bfloat16.h"
#include "ann/internal/kernel_sets.h"
#include "ann/vector.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kLanes = 8;

float AsFloat(float value) { return value; }
float AsFloat(uint16_t half) { return FromHalf(half); }

template <typename Right, typename Term>
float SumOfTerms(const float* left, const Right* right, size_t count, Term term) {
  std::array<float, kLanes> sums = {};
  size_t index = 0;
  for (; index + kLanes <= count; index += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] += term(left[index + lane], AsFloat(right[index + lane]));
    }
  }
  float sum = 0;
  for (; index < count; ++index) sum += term(left[index], AsFloat(right[index]));
  for (const float lane : sums) sum += lane;
  return sum;
}

float Square(float left, float right) { return (left - right) * (left - right); }
float Product(float left, float right) { return left * right; }
float Size(float left, float right) { return std::abs(left - right); }

template <typename Right>
float L2Squared(const float* left, const Right* right, size_t count) {
  return SumOfTerms(left, right, count, Square);
}

template <typename Right>
float InnerProduct(const float* left, const Right* right, size_t count) {
  return SumOfTerms(left, right, count, Product);
}

template <typename Right>
float L1(const float* left, const Right* right, size_t count) {
  return SumOfTerms(left, right, count, Size);
}

Products ProductsOfFloats(const float* left, const float* right, size_t count) {
  return {InnerProduct(left, right, count), InnerProduct(right, right, count)};
}

int32_t L2SquaredI8(const int8_t* left, const int8_t* right, size_t count) {
  int32_t sum = 0;
  for (size_t index = 0; index < count; ++index) {
    const int32_t difference = left[index] - right[index];
    sum += difference * difference;
  }
  return sum;
}

template <typename Left>
int32_t InnerProductI8(const Left* left, const int8_t* right, size_t count) {
  int32_t sum = 0;
  for (size_t index = 0; index < count; ++index) sum += left[index] * right[index];
  return sum;
}

int32_t L1I8(const int8_t* left, const int8_t* right, size_t count) {
  int32_t sum = 0;
  for (size_t index = 0; index < count; ++index) sum += std::abs(left[index] - right[index]);
  return sum;
}

float InnerProductBf16(const uint16_t* left, const uint16_t* right, size_t count) {
  std::array<float, kLanes> sums = {};
  for (size_t index = 0; index < count; ++index) {
    sums[index % kLanes] += FromBfloat16(left[index]) * FromBfloat16(right[index]);
  }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

void PlaneProducts(const uint64_t* planes, size_t plane_count, size_t plane_words,
                   const uint64_t* const* codes, size_t code_count, size_t word_count, size_t ahead,
                   uint32_t* products) {
  for (size_t at = 0; at < code_count; ++at) {
    if (at + ahead < code_count) PrefetchWords(codes[at + ahead], word_count);
    uint32_t product = 0;
    for (size_t plane = plane_count; plane-- > 0;) {
      const uint64_t* const words = planes + plane * plane_words;
      uint32_t bits = 0;
      for (size_t word = 0; word < word_count; ++word) {
        bits += static_cast<uint32_t>(std::popcount(codes[at][word] & words[word]));
      }
      product = 2 * product + bits;
    }
    products[at] = product;
  }
}

uint32_t Hamming(const uint64_t* left, const uint64_t* right, size_t count) {
  uint32_t sum = 0;
  for (size_t word = 0; word < count; ++word) {
    sum += static_cast<uint32_t>(std::popcount(left[word] ^ right[word]));
  }
  return sum;
}

BitCounts CountBits(const uint64_t* left, const uint64_t* right, size_t count) {
  BitCounts counts;
  for (size_t word = 0; word < count; ++word) {
    counts.both += static_cast<uint32_t>(std::popcount(left[word] & right[word]));
    counts.either += static_cast<uint32_t>(std::popcount(left[word] | right[word]));
  }
  return counts;
}

}  // namespace

const Kernels kPortableKernels = {
    .instruction_set = InstructionSet::kPortable,
    .l2_squared_f32 = L2Squared<float>,
    .inner_product_f32 = InnerProduct<float>,
    .l1_f32 = L1<float>,
    .products_f32 = ProductsOfFloats,
    .l2_squared_f16 = L2Squared<uint16_t>,
    .inner_product_f16 = InnerProduct<uint16_t>,
    .l1_f16 = L1<uint16_t>,
    .l2_squared_i8 = L2SquaredI8,
    .inner_product_i8 = InnerProductI8<int8_t>,
    .l1_i8 = L1I8,
    .inner_product_u8i8 = InnerProductI8<uint8_t>,
    .inner_products_u8i8 = ProductsInTurn<InnerProductI8<uint8_t>>,
    .inner_product_bf16 = InnerProductBf16,
    .plane_products = PlaneProducts,
    .hamming = Hamming,
    .bit_counts = CountBits,
};

}  // namespace helios::ann::internal
