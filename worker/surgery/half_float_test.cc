#include "worker/surgery/half_float.h"

#include <bit>
#include <cmath>
#include <limits>

#include "edge_runtime/model/safetensors.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

float Widened(uint16_t bits) {
  edge::TensorView view = {edge::DType::kF16, {1}, {reinterpret_cast<const uint8_t*>(&bits), 2}};
  float value = 0;
  edge::CopyToFloat(view, 0, {&value, 1});
  return value;
}

TEST(HalfFloat, EveryHalfFloatComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = Widened(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(HalfFloatBits(value), bits);
  }
}

// Between every two neighbours: just below the middle, the middle (to even), just above.
TEST(HalfFloat, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float below = Widened(static_cast<uint16_t>(bits));
    const float middle = below + (Widened(static_cast<uint16_t>(bits + 1)) - below) / 2;
    ASSERT_EQ(HalfFloatBits(std::nextafter(middle, 0.f)), bits);
    ASSERT_EQ(HalfFloatBits(middle), bits % 2 == 0 ? bits : bits + 1);
    ASSERT_EQ(HalfFloatBits(std::nextafter(middle, 1e9f)), bits + 1);
  }
}

TEST(HalfFloat, TheEndsOfTheRange) {
  EXPECT_EQ(HalfFloatBits(65504), 0x7bff);
  EXPECT_EQ(HalfFloatBits(65519), 0x7bff);
  EXPECT_EQ(HalfFloatBits(-65520), 0xfc00);
  EXPECT_EQ(HalfFloatBits(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_EQ(HalfFloatBits(std::numeric_limits<float>::quiet_NaN()) & 0x7e00, 0x7e00);
  EXPECT_EQ(HalfFloatBits(-0.f), 0x8000);
  EXPECT_EQ(HalfFloatBits(std::numeric_limits<float>::denorm_min()), 0);
}

}  // namespace
}  // namespace bonsai
