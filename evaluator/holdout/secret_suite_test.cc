#include "evaluator/holdout/secret_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OpenSuite : public Suite {
 public:
  std::span<const ScoreRequest> requests() const override { return requests_; }
  Judgement Judge(const Answers& answers) const override {
    Judgement judgement;
    judgement.items.emplace_back().set_prompt("treasure");
    v1::MetricResult* metric = judgement.result.add_metrics();
    metric->set_value(answers.scores[0].loglikelihood);
    return judgement;
  }

 private:
  const std::vector<ScoreRequest> requests_ = {{.context = {1}, .continuation = {2}}};
};

TEST(SecretSuite, AsksAsTheSuiteDoesAndTellsRoundedFigures) {
  const auto suite = SecretSuite::Wrap(std::make_unique<OpenSuite>(), 0.25);
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_TRUE((*suite)->secret());
  EXPECT_FALSE(OpenSuite().secret());
  EXPECT_EQ((*suite)->requests().size(), 1u);
  const std::vector<Score> scores = {{.loglikelihood = 0.123456}};
  const Judgement judgement = (*suite)->Judge({.scores = scores, .texts = {}});
  EXPECT_TRUE(judgement.items.empty());
  EXPECT_TRUE(judgement.result.holdout());
  EXPECT_EQ(judgement.result.metrics(0).value(), 0.1235);
  EXPECT_EQ(judgement.result.overlap(), 0.25);
}

TEST(SecretSuite, KeepsWhatAnErrorSaysToItself) {
  const auto suite =
      SecretSuite::Wrap(absl::InvalidArgumentError("document 3: \"treasure\" is no choice"), {});
  EXPECT_EQ(suite.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(suite.status().message(), Not(HasSubstr("treasure")));
}

}  // namespace
}  // namespace bonsai
