#include "edge_runtime/engine/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace bonsai::edge {
namespace {

std::vector<float> Random(size_t count, uint32_t seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

// Every table but the scalar one that this CPU runs.
std::vector<const Kernels*> FastKernels() {
  std::vector<const Kernels*> list;
  for (const Kernels* kernels : {Avx2Kernels(), Avx512Kernels()}) {
    if (kernels != nullptr) list.push_back(kernels);
  }
  return list;
}

std::vector<float> Multiply(const Kernels& kernels, size_t rows, size_t columns, size_t tokens,
                            uint32_t seed) {
  const size_t weight_stride = columns + 3, input_stride = columns + 1, out_stride = rows + 2;
  const std::vector<float> weights = Random(rows * weight_stride, seed),
                           inputs = Random(tokens * input_stride, seed + 1);
  std::vector<float> out(tokens * out_stride, -7.0f);
  kernels.multiply({weights.data(), weight_stride, rows, inputs.data(), input_stride, tokens, columns,
                    out.data(), out_stride});
  return out;
}

TEST(KernelsTest, TheScalarProductIsTheProduct) {
  const size_t rows = 5, columns = 37, tokens = 3;
  const std::vector<float> out = Multiply(*ScalarKernels(), rows, columns, tokens, 1);
  const std::vector<float> weights = Random(rows * (columns + 3), 1),
                           inputs = Random(tokens * (columns + 1), 2);
  for (size_t t = 0; t < tokens; ++t) {
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (size_t i = 0; i < columns; ++i)
        sum += double{weights[r * (columns + 3) + i]} * inputs[t * (columns + 1) + i];
      EXPECT_NEAR(out[t * (rows + 2) + r], sum, 1e-5);
    }
    EXPECT_EQ(out[t * (rows + 2) + rows], -7.0f);  // nothing is written beyond the rows
  }
}

TEST(KernelsTest, EveryTableGivesTheBitsOfTheScalarOneOnOddShapes) {
  for (const Kernels* kernels : FastKernels()) {
    for (const size_t columns : {1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 64, 100, 288, 767}) {
      for (const size_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 16, 19}) {
        for (const size_t tokens : {1, 2, 3, 5}) {
          const uint32_t seed = static_cast<uint32_t>(columns * 1000 + rows * 10 + tokens);
          ASSERT_EQ(Bits(Multiply(*kernels, rows, columns, tokens, seed)),
                    Bits(Multiply(*ScalarKernels(), rows, columns, tokens, seed)))
              << kernels->name << " " << rows << "x" << columns << ", " << tokens << " tokens";
        }
      }
    }
  }
}

TEST(KernelsTest, SoftmaxSiluAndSoftCapGiveTheBitsOfTheScalarOnes) {
  for (const Kernels* kernels : FastKernels()) {
    for (size_t count = 1; count < 70; ++count) {
      for (const float scale : {0.5f, 20.0f, 200.0f}) {
        std::vector<float> a = Random(count, static_cast<uint32_t>(count), scale), b = a,
                           up = Random(count, 5);
        kernels->softmax(a.data(), count);
        ScalarKernels()->softmax(b.data(), count);
        ASSERT_EQ(Bits(a), Bits(b)) << kernels->name << " softmax of " << count;
        a = b = Random(count, static_cast<uint32_t>(count) + 1, scale);
        kernels->silu_multiply(a.data(), up.data(), count);
        ScalarKernels()->silu_multiply(b.data(), up.data(), count);
        ASSERT_EQ(Bits(a), Bits(b)) << kernels->name << " silu of " << count;
        a = b = Random(count, static_cast<uint32_t>(count) + 2, scale);
        kernels->soft_cap(a.data(), count, 7.3f);
        ScalarKernels()->soft_cap(b.data(), count, 7.3f);
        ASSERT_EQ(Bits(a), Bits(b)) << kernels->name << " soft cap of " << count;
      }
    }
  }
}

TEST(KernelsTest, SumExpGivesTheBitsOfTheScalarOneAndTheSum) {
  for (size_t count = 1; count < 100; ++count) {
    std::vector<float> values = Random(count, static_cast<uint32_t>(count), 8.0f);
    float greatest = 0;
    double sum = 0, exact = 0;
    ScalarKernels()->sum_exp(values.data(), count, &greatest, &sum);
    EXPECT_EQ(greatest, *std::max_element(values.begin(), values.end()));
    for (const float value : values) exact += std::exp(double{value} - greatest);
    EXPECT_NEAR(sum / exact, 1.0, 3e-7) << count;
    for (const Kernels* kernels : FastKernels()) {
      float other_greatest = 0;
      double other_sum = 0;
      kernels->sum_exp(values.data(), count, &other_greatest, &other_sum);
      EXPECT_EQ(other_greatest, greatest) << kernels->name << " " << count;
      EXPECT_EQ(std::bit_cast<uint64_t>(other_sum), std::bit_cast<uint64_t>(sum))
          << kernels->name << " " << count;
    }
  }
}

TEST(KernelsTest, SumExpOfNotANumberIsNone) {
  std::vector<const Kernels*> all = FastKernels();
  all.push_back(ScalarKernels());
  for (const Kernels* kernels : all) {
    for (const float wrong : {NAN, INFINITY}) {
      for (const size_t at : {size_t{0}, size_t{7}, size_t{20}}) {
        std::vector<float> values(21, 1.0f);
        values[at] = wrong;
        float greatest = 0;
        double sum = 0;
        kernels->sum_exp(values.data(), values.size(), &greatest, &sum);
        EXPECT_FALSE(std::isfinite(sum)) << kernels->name << " " << wrong << " at " << at;
      }
    }
  }
}

TEST(KernelsTest, SoftmaxSumsToOne) {
  std::vector<float> values = Random(1000, 3, 5.0f);
  ScalarKernels()->softmax(values.data(), values.size());
  double sum = 0;
  for (const float value : values) sum += value;
  EXPECT_NEAR(sum, 1.0, 1e-5);
}

TEST(KernelsTest, ExpIsWithinTwoUnitsInTheLastPlace) {
  double worst = 0;
  for (float x = -86.0f; x <= 88.0f; x += 0.00137f) {
    const double exact = std::exp(double{x});
    const double unit = std::nextafter(static_cast<float>(exact), INFINITY) - static_cast<float>(exact);
    worst = std::max(worst, std::abs(double{ReferenceExp(x)} - exact) / unit);
  }
  EXPECT_LT(worst, 2.0);
  EXPECT_EQ(ReferenceExp(0.0f), 1.0f);
  EXPECT_EQ(ReferenceExp(-1000.0f), 0.0f);
  EXPECT_EQ(ReferenceExp(-INFINITY), 0.0f);
  EXPECT_EQ(ReferenceExp(1000.0f), INFINITY);
  EXPECT_TRUE(std::isnan(ReferenceExp(NAN)));
}

TEST(KernelsTest, TanhIsWithinNineUnitsInTheLastPlace) {
  double worst = 0;
  for (float x = -12.0f; x <= 12.0f; x += 0.000137f) {
    const double exact = std::tanh(double{x});
    const float rounded = std::abs(static_cast<float>(exact));
    const double unit = rounded - std::nextafter(rounded, 0.0f);
    if (unit > 0) worst = std::max(worst, std::abs(double{ReferenceTanh(x)} - exact) / unit);
  }
  EXPECT_LT(worst, 9.0);
  EXPECT_EQ(ReferenceTanh(0.0f), 0.0f);
  EXPECT_EQ(ReferenceTanh(1e-30f), 1e-30f);
  EXPECT_EQ(ReferenceTanh(INFINITY), 1.0f);
  EXPECT_EQ(ReferenceTanh(-INFINITY), -1.0f);
  EXPECT_TRUE(std::isnan(ReferenceTanh(NAN)));
}

TEST(KernelsTest, NotANumberStaysOne) {
  for (const Kernels* kernels : {ScalarKernels(), SelectKernels(KernelSet::kAuto, nullptr)}) {
    std::vector<float> gate = {NAN, 1.0f}, up = {1.0f, INFINITY};
    kernels->silu_multiply(gate.data(), up.data(), 2);
    EXPECT_TRUE(std::isnan(gate[0]));
    EXPECT_TRUE(std::isinf(gate[1]));
  }
}

TEST(KernelsTest, RefusesKernelsThatTheCpuLacks) {
  std::string error;
  EXPECT_EQ(SelectKernels(KernelSet::kScalar, &error), ScalarKernels());
  EXPECT_EQ(SelectKernels(KernelSet::kAvx2, &error), Avx2Kernels());
  EXPECT_EQ(SelectKernels(KernelSet::kAvx512, &error), Avx512Kernels());
  EXPECT_EQ(error.empty(), Avx512Kernels() != nullptr && Avx2Kernels() != nullptr);
}

}  // namespace
}  // namespace bonsai::edge
