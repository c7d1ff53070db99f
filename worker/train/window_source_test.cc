#include "worker/train/window_source.h"

#include <gtest/gtest.h>

#include <set>

namespace bonsai {
namespace {

constexpr uint32_t kPositions = 4;
constexpr uint64_t kWindows = 40;

class WindowSourceTest : public testing::Test {
 protected:
  WindowSourceTest() {
    std::string folder = testing::TempDir() + "/windows.XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    auto writer = PackedShardWriter::Create(folder, 1 << 20);
    EXPECT_TRUE(writer.ok()) << writer.status();
    std::vector<uint16_t> ids(kWindows * kPositions + 1);
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint16_t>(i);
    EXPECT_TRUE((*writer)->Append(ids).ok());
    const auto shards = (*writer)->Close();
    EXPECT_TRUE(shards.ok()) << shards.status();
    std::vector<std::string> paths;
    for (const std::string& shard : *shards) paths.push_back(folder + "/" + shard);
    auto tokens = PackedTokens::Open(paths, /*vocab_size=*/1000);
    EXPECT_TRUE(tokens.ok()) << tokens.status();
    tokens_ = *std::move(tokens);
  }

  // The first tokens of the windows that a step reads.
  std::vector<int32_t> Starts(WindowSource& source, uint64_t step) {
    RowBuffer buffer;
    const int64_t rows = source.SizeOf(step).rows;
    EXPECT_TRUE(source.Fill(step, 0, rows, &buffer).ok());
    std::vector<int32_t> starts;
    for (int64_t row = 0; row < rows; ++row) starts.push_back(buffer.tokens[row * kPositions]);
    return starts;
  }

  std::unique_ptr<PackedTokens> tokens_;
};

TEST_F(WindowSourceTest, RampGrowsEvenlyAndReadsEveryWindowOnce) {
  v1::BatchRamp ramp;
  ramp.set_initial_sequences(2);
  ramp.set_steps(4);
  const auto source = WindowSource::Create(*tokens_, {kPositions, 6, 1, ramp}, "tokens");
  ASSERT_TRUE(source.ok()) << source.status();
  std::vector<int64_t> rows;
  std::set<int32_t> seen;
  for (uint64_t step = 0; step < 8; ++step) {
    rows.push_back((*source)->SizeOf(step).rows);
    for (const int32_t start : Starts(**source, step)) EXPECT_TRUE(seen.insert(start).second) << step;
  }
  EXPECT_EQ(rows, (std::vector<int64_t>{2, 3, 4, 5, 6, 6, 6, 6}));
  EXPECT_EQ(seen.size(), 38u);
  EXPECT_EQ((*source)->SizeOf(3).targets, 5u * kPositions);
}

TEST_F(WindowSourceTest, WithoutARampEveryStepIsTheSame) {
  const auto source = WindowSource::Create(*tokens_, {kPositions, 8, 1, {}}, "tokens");
  ASSERT_TRUE(source.ok()) << source.status();
  std::set<int32_t> seen;
  for (uint64_t step = 0; step < 5; ++step) {
    EXPECT_EQ((*source)->SizeOf(step).rows, 8);
    for (const int32_t start : Starts(**source, step)) seen.insert(start);
  }
  EXPECT_EQ(seen.size(), kWindows);
}

}  // namespace
}  // namespace bonsai
