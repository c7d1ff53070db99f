#include "evaluator/cpython_random.h"

#include <algorithm>
#include <utility>

#include "gtest/gtest.h"

// Every expected number was printed by CPython 3.11.
namespace bonsai {
namespace {

using Indices = std::vector<size_t>;

TEST(CpythonRandom, WordsAfterASeedAreCpythons) {
  const std::vector<std::pair<uint64_t, std::vector<uint64_t>>> expected = {
      {0, {3626764237, 1654615998, 3255389356, 3823568514}},
      {1, {577090037, 2444712010, 3639700191, 3445702192}},
      {1234, {4150886329, 3342196574, 1892932127, 501869158}},
      {uint64_t{1} << 32, {485306839, 1508871100, 1794561286, 4014597330}},
      {(uint64_t{1} << 40) + 7, {2635837658, 3209733218, 3500038837, 4028389051}},
  };
  for (const auto& [seed, words] : expected) {
    CpythonRandom random(seed);
    for (uint64_t word : words) EXPECT_EQ(random.GetRandBits(32), word) << seed;
  }
}

TEST(CpythonRandom, FloatsAreCpythonsToTheLastBit) {
  CpythonRandom random(1234);
  for (double expected : {0.9664535356921388, 0.4407325991753527, 0.007491470058587191, 0.9109759624491242}) {
    EXPECT_EQ(random.Random(), expected);
  }
}

TEST(CpythonRandom, BitsOfAnyNumberUpToSixtyFour) {
  CpythonRandom random(42);
  const std::vector<std::pair<int, uint64_t>> expected = {
      {1, 1}, {5, 3}, {31, 53710184}, {32, 3184935163}, {33, 1181241943}, {64, 2574020394472462046}};
  for (const auto& [bits, value] : expected) EXPECT_EQ(random.GetRandBits(bits), value) << bits;
}

TEST(CpythonRandom, NumbersBelowABoundRedrawAsCpythonDoes) {
  CpythonRandom random(7);
  const std::vector<std::pair<uint64_t, uint64_t>> expected = {{1, 0},
                                                               {2, 0},
                                                               {3, 1},
                                                               {10, 0},
                                                               {1000, 74},
                                                               {uint64_t{1} << 32, 404285457},
                                                               {(uint64_t{1} << 33) + 5, 2503055453}};
  for (const auto& [bound, value] : expected) EXPECT_EQ(random.RandBelow(bound), value) << bound;
}

// One stream through both of sample's ways (a pool up to a size that grows with the count, then a set).
TEST(CpythonRandom, SamplesAreCpythonsOnBothSidesOfThePoolsLimit) {
  CpythonRandom random(1234);
  EXPECT_EQ(random.Sample(10, 3), (Indices{7, 1, 0}));
  EXPECT_EQ(random.Sample(7473, 5), (Indices{742, 7462, 6610, 4769, 286}));
  EXPECT_EQ(random.Sample(7473, 5), (Indices{5501, 5677, 687, 806, 6279}));
  EXPECT_EQ(random.Sample(21, 5), (Indices{11, 7, 0, 18, 17}));
  EXPECT_EQ(random.Sample(22, 5), (Indices{11, 20, 19, 15, 14}));
  EXPECT_EQ(random.Sample(85, 6), (Indices{19, 11, 23, 14, 1, 64}));
  EXPECT_EQ(random.Sample(86, 6), (Indices{62, 31, 8, 85, 69, 59}));
  EXPECT_EQ(random.Sample(12, 12), (Indices{1, 9, 11, 8, 0, 2, 4, 7, 6, 10, 3, 5}));
  EXPECT_EQ(random.Sample(30, 0), Indices{});
  EXPECT_EQ(random.GetRandBits(32), 1070100198u) << "a sample of none draws nothing";
}

TEST(CpythonRandom, ChoicesAreCpythons) {
  CpythonRandom random(3);
  EXPECT_EQ(random.Choices(1000, 8), (Indices{237, 544, 369, 603, 625, 65, 13, 837}));
  EXPECT_EQ(random.Choices(1, 2), (Indices{0, 0}));
  EXPECT_EQ(random.GetRandBits(32), 4276262006u);
}

// 120,007 indices and more, folded as value = value * 1000003 + number modulo 2^64; CPython did the same.
TEST(CpythonRandom, ManyDrawsFromManySeedsAgreeWithCpython) {
  uint64_t folded = 0;
  size_t indices = 0;
  const auto add = [&folded](uint64_t number) { folded = folded * 1000003 + number; };
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CpythonRandom random(seed * seed * 7919);
    for (int i = 0; i < 60; ++i) {
      const size_t population = random.RandBelow(3000) + 1;
      const size_t count = random.RandBelow(std::min<size_t>(population, 40) + 1);
      Indices drawn = random.Sample(population, count);
      const Indices chosen = random.Choices(population, 20);
      drawn.insert(drawn.end(), chosen.begin(), chosen.end());
      for (size_t index : drawn) add(index);
      indices += drawn.size();
      add(static_cast<uint64_t>(random.Random() * 0x1p53));
      add(random.GetRandBits(1 + i));
    }
  }
  EXPECT_EQ(indices, 120007u);
  EXPECT_EQ(folded, 2821036255444208507u);
}

}  // namespace
}  // namespace bonsai
