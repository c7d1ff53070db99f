#include "edge_runtime/engine/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bonsai::edge {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(SamplerTest, GreedyTakesTheFirstOfTheGreatest) {
  EXPECT_EQ(GreedyToken(std::vector<float>{1, 3, 3, 2}), 1);
  EXPECT_EQ(GreedyToken(std::vector<float>{kNan, -5, kNan, -4}), 3);
  EXPECT_EQ(GreedyToken(std::vector<float>{kNan, kNan}), 0);
  Sampler sampler({.temperature = 0});
  EXPECT_EQ(sampler.Next(std::vector<float>{1, 3, 2}), 1);
}

TEST(SamplerTest, TheSameSeedGivesTheSameTokens) {
  const std::vector<float> logits = {0.1f, 0.2f, 0.3f, 0.0f, -0.1f};
  const auto draw = [&](uint64_t seed) {
    Sampler sampler({.temperature = 1.0f, .top_p = 0.9f, .seed = seed});
    std::vector<int32_t> ids;
    for (int i = 0; i < 50; ++i) ids.push_back(sampler.Next(logits));
    return ids;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
  EXPECT_EQ(draw(0), draw(1));
}

// llama2.c's generator from seed 123, worked out with exact integers: its first coins.
TEST(SamplerTest, DrawsTheCoinsOfLlama2c) {
  const int tokens = 4096;
  const std::vector<float> flat(tokens, 0.0f);
  Sampler sampler({.temperature = 1.0f, .top_p = 1.0f, .seed = 123});
  uint64_t state = 123;
  for (int i = 0; i < 20; ++i) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    const uint32_t word = static_cast<uint32_t>((state * 0x2545F4914F6CDD1Dull) >> 32);
    EXPECT_EQ(sampler.Next(flat), static_cast<int32_t>((word >> 8) / 16777216.0 * tokens));
  }
}

TEST(SamplerTest, DrawsByProbability) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  Sampler sampler({.temperature = 1.0f, .top_p = 1.0f, .seed = 3});
  int counts[3] = {};
  for (int i = 0; i < 16000; ++i) ++counts[sampler.Next(logits)];
  EXPECT_NEAR(counts[0], 2000, 200);
  EXPECT_NEAR(counts[1], 4000, 250);
  EXPECT_NEAR(counts[2], 10000, 300);
}

TEST(SamplerTest, TopPLeavesOutTheUnlikely) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(7.0f)};
  Sampler sampler({.temperature = 1.0f, .top_p = 0.8f, .seed = 3});
  int counts[3] = {};
  for (int i = 0; i < 9000; ++i) ++counts[sampler.Next(logits)];
  EXPECT_EQ(counts[0], 0);
  EXPECT_NEAR(counts[1], 2000, 200);
}

TEST(SamplerTest, SurvivesLogitsThatAreNotNumbers) {
  for (const float top_p : {0.5f, 1.0f}) {
    Sampler sampler({.temperature = 1.0f, .top_p = top_p, .seed = 3});
    for (const float value : {kNan, INFINITY, -INFINITY}) {
      const int32_t id = sampler.Next(std::vector<float>{1.0f, value, 2.0f});
      EXPECT_GE(id, 0);
      EXPECT_LT(id, 3);
    }
  }
}

}  // namespace
}  // namespace bonsai::edge
