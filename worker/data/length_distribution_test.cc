#include "worker/data/length_distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace bonsai {
namespace {

TEST(LengthDistribution, QuantilesAreExactForShortLengthsAndWithinAHundredthForLongOnes) {
  std::mt19937_64 random(3);
  std::vector<uint64_t> lengths;
  LengthDistribution distribution;
  for (int i = 0; i < 5000; ++i) {
    lengths.push_back(random() >> (24 + random() % 40));
    distribution.Add(lengths.back());
  }
  std::sort(lengths.begin(), lengths.end());
  for (double q : {0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0}) {
    const size_t rank = std::max<size_t>(1, static_cast<size_t>(std::ceil(q * 5000)));
    const uint64_t exact = lengths[rank - 1];
    const uint64_t told = distribution.Quantile(q);
    EXPECT_GE(told, exact) << q;
    EXPECT_LE(told, exact < 256 ? exact : exact + exact / 128) << q;
  }
  EXPECT_EQ(distribution.count(), 5000u);
  EXPECT_EQ(distribution.smallest(), lengths.front());
  EXPECT_EQ(distribution.largest(), lengths.back());
}

TEST(LengthDistribution, EveryPowerOfTwoHasItsLengths) {
  LengthDistribution distribution;
  for (uint64_t length : {0, 1, 2, 3, 4, 7, 8, 255, 256, 511, 512, 1023, 1024}) distribution.Add(length);
  const auto powers = distribution.PowersOfTwo();
  EXPECT_EQ(powers[0], 2u);
  EXPECT_EQ(powers[1], 2u);
  EXPECT_EQ(powers[2], 2u);
  EXPECT_EQ(powers[3], 1u);
  EXPECT_EQ(powers[7], 1u);
  EXPECT_EQ(powers[8], 2u);
  EXPECT_EQ(powers[9], 2u);
  EXPECT_EQ(powers[10], 1u);
  distribution.Add(UINT64_MAX);
  EXPECT_EQ(distribution.PowersOfTwo()[39], 1u);
}

TEST(LengthDistribution, OfNothingIsZero) {
  const LengthDistribution empty;
  EXPECT_EQ(empty.Quantile(0.5), 0u);
  EXPECT_EQ(empty.smallest(), 0u);
  EXPECT_EQ(empty.mean(), 0);
  LengthDistribution loaded;
  ASSERT_TRUE(loaded.Load(empty.Save()).ok());
  loaded.Add(7);
  EXPECT_EQ(loaded.smallest(), 7u);
}

TEST(LengthDistribution, GoesOnWhereItWasSaved) {
  LengthDistribution whole, first, second;
  for (uint64_t i = 0; i < 400; ++i) {
    whole.Add(i * i);
    if (i < 170) first.Add(i * i);
  }
  ASSERT_TRUE(second.Load(first.Save()).ok());
  for (uint64_t i = 170; i < 400; ++i) second.Add(i * i);
  EXPECT_EQ(second.Save().SerializeAsString(), whole.Save().SerializeAsString());
  EXPECT_EQ(second.count(), 400u);

  v1::LengthCounts broken = first.Save();
  broken.set_buckets(1, 1 << 30);
  EXPECT_EQ(second.Load(broken).code(), absl::StatusCode::kDataLoss);
  broken = first.Save();
  broken.add_buckets(5000);
  EXPECT_EQ(second.Load(broken).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace bonsai
