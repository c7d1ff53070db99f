#include "worker/train/packed_matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

std::vector<float> Random(uint64_t key, int64_t count) {
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(RandomBits(key, i) % 20001) / 10000.0f - 1.0f;
  }
  return values;
}

struct Shape {
  int64_t m, n, k;
  Transpose a, b;
};

float At(const std::vector<float>& x, int64_t row, int64_t col, int64_t stride, Transpose transpose) {
  return transpose == Transpose::kYes ? x[col * stride + row] : x[row * stride + col];
}

// Sizes that no block divides, strides with gaps, and sums onto what is there.
TEST(PackedMatmul, IsTheProductInBothPrecisionsFromAnyThread) {
  for (const Shape& s :
       {Shape{7, 37, 19, Transpose::kNo, Transpose::kNo}, Shape{70, 129, 65, Transpose::kNo, Transpose::kYes},
        Shape{33, 16, 100, Transpose::kYes, Transpose::kNo},
        Shape{1, 1, 1, Transpose::kYes, Transpose::kYes}}) {
    const int64_t a_stride = (s.a == Transpose::kYes ? s.m : s.k) + 3,
                  b_stride = (s.b == Transpose::kYes ? s.k : s.n) + 5, c_stride = s.n + 2;
    const std::vector<float> a = Random(1, (s.a == Transpose::kYes ? s.k : s.m) * a_stride),
                             b = Random(2, (s.b == Transpose::kYes ? s.n : s.k) * b_stride),
                             begin = Random(3, s.m * c_stride);
    for (const v1::Precision precision : {v1::F32, v1::BF16}) {
      PackedMatrix packed(precision);
      packed.Pack(s.k, s.n, {b.data(), b_stride, s.b});
      const double tolerance = precision == v1::BF16 ? 0.02 * std::sqrt(s.k) : 1e-4;
      for (const float keep : {0.0f, 1.0f}) {
        std::vector<float> c = begin;
        std::thread([&] {
          Multiply(s.m, {a.data(), a_stride, s.a}, packed, keep, c.data(), c_stride);
        }).join();
        for (int64_t i = 0; i < s.m; ++i) {
          for (int64_t j = 0; j < s.n; ++j) {
            double want = double{keep} * begin[i * c_stride + j];
            for (int64_t l = 0; l < s.k; ++l) {
              want += double{At(a, i, l, a_stride, s.a)} * At(b, l, j, b_stride, s.b);
            }
            ASSERT_NEAR(c[i * c_stride + j], want, tolerance) << i << " " << j;
          }
          for (int64_t j = s.n; j < c_stride; ++j) ASSERT_EQ(c[i * c_stride + j], begin[i * c_stride + j]);
        }
      }
    }
  }
}

TEST(PackedMatmul, PacksAgainInAnotherSize) {
  PackedMatrix packed;
  const std::vector<float> b = {1, 2, 3, 4, 5, 6}, a = {1, 1, 1};
  std::vector<float> c(3);
  packed.Pack(2, 3, {b.data(), 3});
  Multiply(1, {a.data(), 2}, packed, 0, c.data(), 3);
  EXPECT_EQ(c, (std::vector<float>{5, 7, 9}));
  packed.Pack(3, 2, {b.data(), 2});
  Multiply(1, {a.data(), 3}, packed, 0, c.data(), 2);
  EXPECT_EQ(c, (std::vector<float>{9, 12, 9}));
}

}  // namespace
}  // namespace bonsai
