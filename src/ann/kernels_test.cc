#include "ann/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "ann/bfloat16.h"
#include "ann/vector.h"

namespace helios::ann {
namespace {

// Around each boundary of the unrolled loops, and the most.
constexpr size_t kCounts[] = {1,  2,  3,  7,  8,  9,   15,  16,  17,  31,  32,   33,
                              47, 63, 64, 65, 96, 127, 128, 129, 384, 768, 1536, kDimensionsMax};

// Every set of this machine, against ExactDistance.
class KernelsTest : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!IsSupported(GetParam())) {
      GTEST_SKIP() << "this machine has no " << InstructionSetName(GetParam());
    }
    kernels_ = &KernelsFor(GetParam());
  }

  std::vector<float> RandomFloats(size_t count) {
    std::normal_distribution<float> distribution;
    std::vector<float> floats(count);
    for (float& value : floats) value = distribution(random_);
    return floats;
  }
  template <typename Integer>
  std::vector<Integer> RandomIntegers(size_t count) {
    std::uniform_int_distribution<int> distribution(std::numeric_limits<Integer>::min(),
                                                    std::numeric_limits<Integer>::max());
    std::vector<Integer> integers(count);
    for (Integer& value : integers) value = static_cast<Integer>(distribution(random_));
    return integers;
  }
  std::vector<uint64_t> RandomWords(size_t count) {
    std::vector<uint64_t> words(count);
    for (uint64_t& word : words) word = random_();
    return words;
  }

  const Kernels* kernels_ = nullptr;
  std::mt19937_64 random_{42};
};

std::vector<uint16_t> Halves(const std::vector<float>& floats) {
  std::vector<uint16_t> halves;
  halves.reserve(floats.size());
  for (const float value : floats) halves.push_back(ToHalf(value));
  return halves;
}

std::vector<float> Floats(const std::vector<uint16_t>& halves) {
  std::vector<float> floats;
  floats.reserve(halves.size());
  for (const uint16_t half : halves) floats.push_back(FromHalf(half));
  return floats;
}

double Squared(double value) { return value * value; }

TEST_P(KernelsTest, FloatsAgreeWithTheDefinition) {
  for (const size_t count : kCounts) {
    const std::vector<float> left = RandomFloats(count);
    const std::vector<float> right = RandomFloats(count);
    const VectorRef a = Float32Vector(left);
    const VectorRef b = Float32Vector(right);
    // An error of each addition, in units of what is added up.
    const double tolerance = 1e-6 * static_cast<double>(count) + 1e-6;
    EXPECT_NEAR(kernels_->l2_squared_f32(left.data(), right.data(), count),
                Squared(ExactDistance(a, b, Metric::kL2)), tolerance)
        << count;
    EXPECT_NEAR(-kernels_->inner_product_f32(left.data(), right.data(), count),
                ExactDistance(a, b, Metric::kInnerProduct), tolerance)
        << count;
    EXPECT_NEAR(kernels_->l1_f32(left.data(), right.data(), count),
                ExactDistance(a, b, Metric::kL1), tolerance)
        << count;
    const Products products = kernels_->products_f32(left.data(), right.data(), count);
    EXPECT_NEAR(-products.both, ExactDistance(a, b, Metric::kInnerProduct), tolerance) << count;
    EXPECT_NEAR(-products.right, ExactDistance(b, b, Metric::kInnerProduct), tolerance) << count;
  }
}

TEST_P(KernelsTest, HalvesAgreeWithTheDefinition) {
  for (const size_t count : kCounts) {
    const std::vector<float> left = RandomFloats(count);
    const std::vector<uint16_t> right = Halves(RandomFloats(count));
    const std::vector<float> right_floats = Floats(right);
    const VectorRef a = Float32Vector(left);
    const VectorRef b = Float32Vector(right_floats);
    const double tolerance = 1e-6 * static_cast<double>(count) + 1e-6;
    EXPECT_NEAR(kernels_->l2_squared_f16(left.data(), right.data(), count),
                Squared(ExactDistance(a, b, Metric::kL2)), tolerance);
    EXPECT_NEAR(-kernels_->inner_product_f16(left.data(), right.data(), count),
                ExactDistance(a, b, Metric::kInnerProduct), tolerance);
    EXPECT_NEAR(kernels_->l1_f16(left.data(), right.data(), count),
                ExactDistance(a, b, Metric::kL1), tolerance);
  }
}

TEST_P(KernelsTest, BytesAreExact) {
  for (const size_t count : kCounts) {
    const std::vector<int8_t> left = RandomIntegers<int8_t>(count);
    const std::vector<int8_t> right = RandomIntegers<int8_t>(count);
    const VectorRef a = Int8Vector(left);
    const VectorRef b = Int8Vector(right);
    EXPECT_EQ(kernels_->l2_squared_i8(left.data(), right.data(), count),
              std::lround(Squared(ExactDistance(a, b, Metric::kL2))));
    EXPECT_EQ(kernels_->inner_product_i8(left.data(), right.data(), count),
              std::lround(-ExactDistance(a, b, Metric::kInnerProduct)));
    EXPECT_EQ(kernels_->l1_i8(left.data(), right.data(), count),
              std::lround(ExactDistance(a, b, Metric::kL1)));
  }
}

TEST_P(KernelsTest, Bfloat16AgreesWithTheDefinition) {
  for (const size_t count : kCounts) {
    std::vector<uint16_t> left;
    std::vector<uint16_t> right;
    double expected = 0;
    double sizes = 0;
    for (const float value : RandomFloats(count)) left.push_back(ToBfloat16(value));
    for (const float value : RandomFloats(count)) right.push_back(ToBfloat16(value));
    for (size_t at = 0; at < count; ++at) {
      const double term = static_cast<double>(FromBfloat16(left[at])) * FromBfloat16(right[at]);
      expected += term;
      sizes += std::abs(term);
    }
    EXPECT_NEAR(kernels_->inner_product_bf16(left.data(), right.data(), count), expected,
                1e-6 * sizes + 1e-6)
        << count;
  }
}

TEST_P(KernelsTest, ProductsOfPlanesAreExact) {
  for (const size_t word_count : {1, 2, 6, 7, 8, 9, 15, 16, 17, 24, 250}) {
    const size_t plane_words = (word_count + kPlaneWords - 1) / kPlaneWords * kPlaneWords;
    for (size_t plane_count = 1; plane_count <= kPlaneCountMax; ++plane_count) {
      const std::vector<uint64_t> planes = RandomWords(plane_words * plane_count);
      // One code of nothing, one of everything, and others; behind a code's end lies the next.
      constexpr size_t kCodeCount = 7;
      std::vector<uint64_t> words = RandomWords(word_count * kCodeCount);
      std::fill_n(words.begin(), word_count, uint64_t{0});
      std::fill_n(words.begin() + static_cast<std::ptrdiff_t>(word_count), word_count,
                  ~uint64_t{0});
      std::vector<const uint64_t*> codes;
      std::vector<uint32_t> expected(kCodeCount);
      for (size_t code = 0; code < kCodeCount; ++code) {
        codes.push_back(words.data() + code * word_count);
        for (size_t bit = 0; bit < word_count * 64; ++bit) {
          for (size_t plane = 0; plane < plane_count; ++plane) {
            const uint64_t both = codes[code][bit / 64] & planes[plane * plane_words + bit / 64];
            if ((both >> (bit % 64) & 1) != 0) expected[code] += 1u << plane;
          }
        }
      }
      std::vector<uint32_t> products(kCodeCount);
      kernels_->plane_products(planes.data(), plane_count, plane_words, codes.data(), kCodeCount,
                               word_count, 3, products.data());
      EXPECT_EQ(products, expected) << word_count << " words, " << plane_count << " planes";
    }
  }
}

TEST_P(KernelsTest, ProductsOfCodesAreExact) {
  for (const size_t count : kCounts) {
    const std::vector<uint8_t> left = RandomIntegers<uint8_t>(count);
    const std::vector<int8_t> right = RandomIntegers<int8_t>(count);
    int32_t expected = 0;
    for (size_t index = 0; index < count; ++index) expected += left[index] * right[index];
    EXPECT_EQ(kernels_->inner_product_u8i8(left.data(), right.data(), count), expected) << count;
  }
}

// The largest sums that there are, of which pairs would not fit into 16 bits.
TEST_P(KernelsTest, ExtremeBytesDoNotOverflow) {
  const std::vector<int8_t> low(kDimensionsMax, -128);
  const std::vector<int8_t> high(kDimensionsMax, 127);
  const std::vector<uint8_t> full(kDimensionsMax, 255);
  constexpr int32_t kCount = kDimensionsMax;
  EXPECT_EQ(kernels_->l2_squared_i8(low.data(), high.data(), kCount), 255 * 255 * kCount);
  EXPECT_EQ(kernels_->l1_i8(low.data(), high.data(), kCount), 255 * kCount);
  EXPECT_EQ(kernels_->inner_product_i8(low.data(), low.data(), kCount), 128 * 128 * kCount);
  EXPECT_EQ(kernels_->inner_product_i8(low.data(), high.data(), kCount), -128 * 127 * kCount);
  EXPECT_EQ(kernels_->inner_product_u8i8(full.data(), low.data(), kCount), -255 * 128 * kCount);
  EXPECT_EQ(kernels_->inner_product_u8i8(full.data(), high.data(), kCount), 255 * 127 * kCount);
}

TEST_P(KernelsTest, ExtremeFloatsKeepTheirOrder) {
  const std::vector<float> tiny(33, std::numeric_limits<float>::denorm_min());
  const std::vector<float> zero(33, 0.0f);
  const std::vector<float> negative_zero(33, -0.0f);
  const std::vector<float> huge(33, 1e19f);
  EXPECT_EQ(kernels_->l2_squared_f32(zero.data(), negative_zero.data(), 33), 0);
  EXPECT_EQ(kernels_->l2_squared_f32(tiny.data(), tiny.data(), 33), 0);
  EXPECT_GT(kernels_->l1_f32(tiny.data(), zero.data(), 33), 0);
  // Beyond the largest float: farther than anything else, and not NaN.
  EXPECT_EQ(kernels_->l2_squared_f32(huge.data(), zero.data(), 33),
            std::numeric_limits<float>::infinity());
}

TEST_P(KernelsTest, BitsAreCounted) {
  for (const size_t count : {size_t{1}, size_t{2}, size_t{7}, size_t{8}, size_t{9}, size_t{24},
                             size_t{kBitDimensionsMax / 64}}) {
    const std::vector<uint64_t> left = RandomWords(count);
    const std::vector<uint64_t> right = RandomWords(count);
    const auto dimensions = static_cast<uint32_t>(count * 64);
    const VectorRef a = BitVector(left, dimensions);
    const VectorRef b = BitVector(right, dimensions);
    EXPECT_EQ(kernels_->hamming(left.data(), right.data(), count),
              ExactDistance(a, b, Metric::kHamming));
    const BitCounts counts = kernels_->bit_counts(left.data(), right.data(), count);
    EXPECT_DOUBLE_EQ(1 - static_cast<double>(counts.both) / counts.either,
                     ExactDistance(a, b, Metric::kJaccard));
  }
}

INSTANTIATE_TEST_SUITE_P(All, KernelsTest,
                         testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2,
                                         InstructionSet::kAvx512, InstructionSet::kAvx512Vnni,
                                         InstructionSet::kAvx512Bf16),
                         [](const testing::TestParamInfo<InstructionSet>& test) {
                           std::string name;
                           for (const char letter : InstructionSetName(test.param)) {
                             if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
                               name += letter;
                             }
                           }
                           return name;
                         });

TEST_P(KernelsTest, ProductsWithManyAreThoseWithEach) {
  constexpr size_t kVectorCount = 37;  // Not a multiple of those that are taken together.
  for (const size_t count : {64, 128, 384, 1536}) {
    const auto left = RandomIntegers<uint8_t>(count);
    std::vector<std::vector<int8_t>> rights;
    std::vector<const int8_t*> pointers;
    rights.reserve(kVectorCount);
    pointers.reserve(kVectorCount);
    for (size_t at = 0; at < kVectorCount; ++at) rights.push_back(RandomIntegers<int8_t>(count));
    for (const auto& right : rights) pointers.push_back(right.data());
    for (const size_t right_count : {size_t{1}, size_t{4}, size_t{7}, kVectorCount}) {
      std::vector<int32_t> products(right_count);
      kernels_->inner_products_u8i8(left.data(), pointers.data(), right_count, count, 6,
                                    products.data());
      for (size_t at = 0; at < right_count; ++at) {
        ASSERT_EQ(products[at], kernels_->inner_product_u8i8(left.data(), pointers[at], count));
      }
    }
  }
}

}  // namespace
}  // namespace helios::ann
