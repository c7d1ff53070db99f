#include "worker/train/keyed_permutation.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace bonsai {
namespace {

TEST(KeyedPermutation, MeetsEverySampleOnce) {
  for (const uint64_t size : {1, 2, 3, 4, 5, 16, 17, 100, 1000, 4097}) {
    const KeyedPermutation permutation(size, 7);
    std::set<uint64_t> seen;
    for (uint64_t place = 0; place < size; ++place) {
      const uint64_t sample = permutation.At(place);
      EXPECT_LT(sample, size);
      seen.insert(sample);
    }
    EXPECT_EQ(seen.size(), size);
  }
}

TEST(KeyedPermutation, DependsOnTheKey) {
  const KeyedPermutation a(1000, 1), b(1000, 2), again(1000, 1);
  int same = 0;
  for (uint64_t place = 0; place < 1000; ++place) {
    same += a.At(place) == b.At(place);
    EXPECT_EQ(a.At(place), again.At(place));
  }
  EXPECT_LT(same, 20);
}

TEST(KeyedPermutation, LeavesFewSamplesWhereTheyWere) {
  const KeyedPermutation permutation(4096, 3);
  int fixed = 0, neighbours = 0;
  for (uint64_t place = 0; place + 1 < 4096; ++place) {
    fixed += permutation.At(place) == place;
    neighbours += permutation.At(place) + 1 == permutation.At(place + 1);
  }
  EXPECT_LT(fixed, 20);
  EXPECT_LT(neighbours, 20);
}

TEST(SampleAt, GivesEachEpochItsOwnOrder) {
  std::vector<uint64_t> first, second;
  for (uint64_t place = 0; place < 50; ++place) {
    first.push_back(SampleAt(place, 50, 9));
    second.push_back(SampleAt(place + 50, 50, 9));
  }
  EXPECT_NE(first, second);
  EXPECT_EQ(std::set<uint64_t>(first.begin(), first.end()).size(), 50u);
  EXPECT_EQ(std::set<uint64_t>(second.begin(), second.end()).size(), 50u);
}

}  // namespace
}  // namespace bonsai
