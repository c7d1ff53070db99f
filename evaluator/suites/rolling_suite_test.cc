#include "evaluator/suites/rolling_suite.h"

#include <cmath>

#include "evaluator/byte_tokenizer.h"
#include "evaluator/suites/suite_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

v1::Suite Rolling() {
  const auto suite = ParseSuite("t", R"(
      name: "letters" profile: "own" version: "1" request: ROLLING prompt: "{text|body}"
      metrics { name: "bits" measure: "bits_per_byte" })");
  EXPECT_TRUE(suite.ok()) << suite.status();
  return suite.ok() ? *suite : v1::Suite();
}

TEST(RollingSuite, MeasuresTheTextThatItsPromptMakes) {
  std::vector<v1::Document> documents(2);
  documents[0].set_text("abcd");
  documents[1].set_record(R"({"body": "efgh"})");
  const auto suite = RollingSuite::Create(Rolling(), "", documents, ByteTokenizer(), 100);
  ASSERT_TRUE(suite.ok()) << suite.status();
  ASSERT_EQ((*suite)->requests().size(), 2u);
  const std::vector<Score> scores = {{-4 * std::log(2.0)}, {-12 * std::log(2.0)}};
  const Judgement judgement = (*suite)->Judge({.scores = scores, .texts = {}});
  EXPECT_EQ(judgement.result.suite(), "letters");
  EXPECT_EQ(judgement.result.profile(), "own: 1");
  EXPECT_EQ(judgement.result.suite_sha256().size(), 64u);
  ASSERT_EQ(judgement.result.metrics_size(), 1);
  EXPECT_EQ(judgement.result.metrics(0).name(), "bits");
  EXPECT_DOUBLE_EQ(judgement.result.metrics(0).value(), 2);
}

TEST(RollingSuite, ADocumentWithoutTheTextIsNamed) {
  std::vector<v1::Document> documents(1);
  documents[0].set_id("odd");
  documents[0].set_record("{}");
  EXPECT_THAT(RollingSuite::Create(Rolling(), "", documents, ByteTokenizer(), 100).status().message(),
              HasSubstr("letters: document \"odd\": no field \"text|body\""));
  EXPECT_THAT(RollingSuite::Create(Rolling(), "part", documents, ByteTokenizer(), 100).status().message(),
              HasSubstr("subset \"part\" is none"));
}

}  // namespace
}  // namespace bonsai
