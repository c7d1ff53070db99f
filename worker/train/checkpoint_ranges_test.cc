#include "worker/train/checkpoint_ranges.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

std::string Encoded(const std::vector<OwnedRange>& ranges) { return EncodeRanges(ranges); }

TEST(CheckpointRanges, AreReadAsTheyWereWritten) {
  const std::vector<OwnedRange> ranges = {{0, 10, 2}, {10, 11, 0}, {11, uint64_t{5} << 33, 1}};
  const auto read = DecodeRanges(Encoded(ranges), uint64_t{5} << 33, 3);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*read)[i].begin, ranges[i].begin);
    EXPECT_EQ((*read)[i].end, ranges[i].end);
    EXPECT_EQ((*read)[i].owner, ranges[i].owner);
  }
}

TEST(CheckpointRanges, OnesThatDoNotHoldEveryValueOnceAreRefused) {
  const auto code = [](const std::string& bytes) { return DecodeRanges(bytes, 20, 2).status().code(); };
  EXPECT_EQ(code(Encoded({{0, 12, 1}, {12, 20, 0}})), absl::StatusCode::kOk);
  for (const std::vector<OwnedRange>& ranges :
       std::vector<std::vector<OwnedRange>>{{},
                                            {{0, 12, 1}},               // ends too soon
                                            {{0, 12, 1}, {12, 21, 0}},  // ends too late
                                            {{0, 12, 1}, {13, 20, 0}},  // leaves one out
                                            {{0, 12, 1}, {11, 20, 0}},  // has one twice
                                            {{0, 12, 1}, {12, 12, 0}, {12, 20, 0}},
                                            {{1, 20, 0}},
                                            {{0, 12, 2}, {12, 20, 0}},  // of no part
                                            {{0, 12, -1}, {12, 20, 0}}}) {
    EXPECT_EQ(code(Encoded(ranges)), absl::StatusCode::kDataLoss) << ranges.size();
  }
  EXPECT_EQ(code(Encoded({{0, 20, 1}}) + "x"), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace bonsai
