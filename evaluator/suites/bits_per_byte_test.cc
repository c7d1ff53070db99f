#include "evaluator/suites/bits_per_byte.h"

#include <cmath>

#include "evaluator/byte_tokenizer.h"
#include "evaluator/fake_language_model.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Texts = std::vector<std::string>;

absl::Status Ignore(uint64_t) { return absl::OkStatus(); }

double Metric(const v1::SuiteResult& result, absl::string_view name) {
  for (const v1::MetricResult& metric : result.metrics()) {
    if (metric.name() == name) return metric.value();
  }
  return std::nan("");
}

TEST(BitsPerByte, AUniformModelNeedsTheLogarithmOfItsVocabulary) {
  FakeLanguageModel model = FakeLanguageModel::Uniform(259, 8);
  const Texts texts = {"one two three", "", "four"};
  const auto suite = BitsPerByteSuite::Create(ByteTokenizer(), model.positions_max(), texts);
  ASSERT_TRUE(suite.ok()) << suite.status();
  const auto scores = model.ScoreAll((*suite)->requests(), Ignore);
  ASSERT_TRUE(scores.ok()) << scores.status();
  const v1::SuiteResult result = (*suite)->Judge({.scores = *scores, .texts = {}}).result;
  EXPECT_EQ(result.suite(), "bits_per_byte");
  EXPECT_EQ(result.documents(), 3u);
  EXPECT_NEAR(Metric(result, "bits_per_byte"), std::log2(259.0), 1e-6);
  EXPECT_NEAR(Metric(result, "byte_perplexity"), 259.0, 1e-3);
  // 17 bytes; 3 + 1 + 1 words.
  EXPECT_NEAR(std::log(Metric(result, "word_perplexity")), 17 * std::log(259.0) / 5, 1e-6);
  EXPECT_EQ(result.notes(0), "17 bytes, 5 words, 17 tokens");
  for (const v1::MetricResult& metric : result.metrics()) EXPECT_TRUE(metric.lower_is_better());
}

TEST(BitsPerByte, DocumentsDoNotSeeEachOther) {
  FakeLanguageModel model = FakeLanguageModel::Uniform(259, 4);
  const auto suite = BitsPerByteSuite::Create(ByteTokenizer(), model.positions_max(), Texts{"abcdef", "gh"});
  ASSERT_TRUE(suite.ok());
  const std::span<const ScoreRequest> requests = (*suite)->requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].context, std::vector<int32_t>{1});
  EXPECT_EQ(ByteTokenizer().Decode(requests[1].context), "bcd");
  EXPECT_EQ(ByteTokenizer().Decode(requests[1].continuation), "ef");
  EXPECT_EQ(requests[2].context, std::vector<int32_t>{1});
}

TEST(BitsPerByte, TheFloorIsTheLowerOfXzsFigures) {
  v1::SuiteResult result;
  result.add_metrics()->set_name("bits_per_byte");
  BitsPerByteSuite::AddXzFigures({.alone = 2.8, .after_reference = 2.34}, &result);
  EXPECT_EQ(result.metrics(0).floor(), 2.34);
  EXPECT_EQ(result.metrics(0).floor_name(), "xz -9e after the reference text");
  EXPECT_EQ(Metric(result, "xz_bits_per_byte"), 2.8);
  EXPECT_EQ(Metric(result, "xz_after_reference_bits_per_byte"), 2.34);

  v1::SuiteResult alone;
  alone.add_metrics()->set_name("bits_per_byte");
  BitsPerByteSuite::AddXzFigures({.alone = 2.8, .after_reference = std::nullopt}, &alone);
  EXPECT_EQ(alone.metrics(0).floor(), 2.8);
  EXPECT_EQ(alone.metrics(0).floor_name(), "xz -9e");
  EXPECT_EQ(alone.metrics_size(), 2);
}

TEST(BitsPerByte, RefusesACorpusWithoutText) {
  EXPECT_EQ(BitsPerByteSuite::Create(ByteTokenizer(), 8, Texts{}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BitsPerByteSuite::Create(ByteTokenizer(), 8, Texts{""}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bonsai
