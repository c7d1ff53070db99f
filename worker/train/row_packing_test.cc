#include "worker/train/row_packing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

using Rows = std::vector<std::vector<uint32_t>>;

uint32_t LengthOf(const std::vector<uint32_t>& row, const std::vector<uint32_t>& lengths) {
  uint32_t sum = 0;
  for (const uint32_t i : row) sum += lengths[i];
  return sum;
}

TEST(RowPacking, FillsRowsThatFitExactly) {
  // Longest first: 6 + 4, 5 + 5, 7 + 3.
  const Rows rows = PackRows({4, 5, 6, 3, 7, 5}, 10, 1);
  ASSERT_EQ(rows.size(), 3u);
  for (const auto& row : rows) EXPECT_EQ(LengthOf(row, {4, 5, 6, 3, 7, 5}), 10u);
}

TEST(RowPacking, EverySequenceIsInOneRowThatHasRoomForIt) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const uint32_t count = 1 + static_cast<uint32_t>(RandomBits(seed, 0) % 70);
    const uint32_t room = 1 + static_cast<uint32_t>(RandomBits(seed, 1) % 500);
    const uint32_t multiple = 1 + static_cast<uint32_t>(RandomBits(seed, 2) % 8);
    std::vector<uint32_t> lengths;
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; ++i) {
      lengths.push_back(1 + static_cast<uint32_t>(RandomBits(seed, 3 + i) % room));
      total += lengths.back();
    }
    const Rows rows = PackRows(lengths, room, multiple);
    std::vector<uint32_t> seen;
    for (const auto& row : rows) {
      EXPECT_FALSE(row.empty());
      EXPECT_LE(LengthOf(row, lengths), room);
      seen.insert(seen.end(), row.begin(), row.end());
    }
    std::sort(seen.begin(), seen.end());
    for (uint32_t i = 0; i < count; ++i) ASSERT_EQ(seen[i], i);
    ASSERT_EQ(seen.size(), count);
    // Any two rows of best fit together are longer than the room, so there are at most twice the least.
    EXPECT_LE(rows.size(), 2 * ((total + room - 1) / room) + multiple) << seed;
    EXPECT_EQ(rows, PackRows(lengths, room, multiple));
  }
}

TEST(RowPacking, ShortRowsAreAsManyAsAskedForAndEvenlyFilled) {
  const std::vector<uint32_t> lengths = {40, 10, 30, 20, 20, 30, 10, 40};
  EXPECT_EQ(PackRows(lengths, 200, 1).size(), 1u);
  const Rows rows = PackRows(lengths, 200, 4);
  ASSERT_EQ(rows.size(), 4u);
  for (const auto& row : rows) EXPECT_EQ(LengthOf(row, lengths), 50u);
  EXPECT_EQ(PackRows({5, 5}, 10, 4).size(), 2u);  // no row is empty
}

}  // namespace
}  // namespace bonsai
