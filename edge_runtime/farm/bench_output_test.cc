#include "edge_runtime/farm/bench_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kLine[] =
    R"({"prefill_tokens":5,"prefill_seconds":0.25,"decode_tokens":2,"decode_seconds":0.5,"token_ids":[7,8,9],)"
    R"("peak_rss_bytes":1048576,"threads":1,"kernels":"scalar"})";

TEST(BenchOutput, ReadsEachRun) {
  auto runs = ParseBenchOutput(std::string(kLine) + "\n" + kLine + "\n");
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[1].prefill_tokens, 5);
  EXPECT_DOUBLE_EQ((*runs)[1].prefill_seconds, 0.25);
  EXPECT_EQ((*runs)[1].decode_tokens, 2);
  EXPECT_THAT((*runs)[1].token_ids, ElementsAre(7, 8, 9));
  EXPECT_EQ((*runs)[1].peak_rss_bytes, 1048576u);
  EXPECT_EQ((*runs)[1].kernels, "scalar");
}

TEST(BenchOutput, NamesLineAndKeyOfWhatIsWrong) {
  const struct {
    std::string from, to, message;
  } cases[] = {
      {"\"prefill_tokens\":5", "\"prefill_tokens\":-5",
       "line 2 of the bench output: key \"prefill_tokens\" is"},
      {"\"prefill_tokens\":5,", "", "key \"prefill_tokens\" is missing"},
      {"0.25", "0", "key \"prefill_seconds\" is"},
      {"0.5", "\"x\"", "key \"decode_seconds\" is"},
      {"[7,8,9]", "[7,-1]", "key \"token_ids\" is"},
      {"[7,8,9]", "7", "key \"token_ids\" is"},
      {"{", "[", "not JSON"},
  };
  for (const auto& c : cases) {
    std::string line = kLine;
    line.replace(line.find(c.from), c.from.size(), c.to);
    const absl::Status status = ParseBenchOutput(std::string(kLine) + "\n" + line + "\n").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace bonsai
