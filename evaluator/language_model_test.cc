#include "evaluator/language_model.h"

#include <cmath>
#include <limits>

#include "evaluator/fake_language_model.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

absl::Status Ignore(uint64_t) { return absl::OkStatus(); }

TEST(AddToken, AddsTheLogarithmOfTheSoftmax) {
  const std::vector<float> logits = {0.0f, std::log(3.0f), -1000.0f, 0.0f};
  Score score{.loglikelihood = -1, .is_greedy = true};
  ASSERT_TRUE(AddToken(logits, 1, &score));
  EXPECT_NEAR(score.loglikelihood, -1 + std::log(3.0 / 5.0), 1e-6);
  EXPECT_TRUE(score.is_greedy);
  ASSERT_TRUE(AddToken(logits, 0, &score));
  EXPECT_NEAR(score.loglikelihood, -1 + std::log(3.0 / 25.0), 1e-6);
  EXPECT_FALSE(score.is_greedy);
}

TEST(AddToken, OfEqualsTheFirstIsGreedy) {
  const std::vector<float> logits = {1.0f, 2.0f, 2.0f};
  Score first{.is_greedy = true};
  Score second{.is_greedy = true};
  ASSERT_TRUE(AddToken(logits, 1, &first));
  ASSERT_TRUE(AddToken(logits, 2, &second));
  EXPECT_TRUE(first.is_greedy);
  EXPECT_FALSE(second.is_greedy);
}

TEST(AddToken, HugeLogitsDoNotOverflow) {
  const std::vector<float> logits = {3e38f, -3e38f};
  Score score{.is_greedy = true};
  ASSERT_TRUE(AddToken(logits, 0, &score));
  EXPECT_EQ(score.loglikelihood, 0);
}

TEST(AddToken, RefusesNumbersThatAreNotFinite) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (size_t place : {0u, 1u, 2u}) {
      std::vector<float> logits = {1.0f, 2.0f, 3.0f};
      logits[place] = bad;
      Score score;
      EXPECT_FALSE(AddToken(logits, 1, &score)) << bad << " at " << place;
    }
  }
}

TEST(CheckRequests, NamesTheRequestAndWhatIsWrong) {
  const ScoreRequest good = {{1, 2}, {3}};
  ASSERT_TRUE(CheckRequests(std::vector<ScoreRequest>{good}, 4, 2).ok());
  const struct {
    ScoreRequest request;
    const char* message;
  } kCases[] = {
      {{{}, {1}}, "score request 1: the context is empty"},
      {{{1}, {}}, "score request 1: the continuation is empty"},
      {{{1, 2}, {3, 3}}, "score request 1: 3 tokens to read; the model reads at most 2"},
      {{{1}, {4}}, "score request 1: token id 4 is not in a vocabulary of 4"},
      {{{-1}, {1}}, "score request 1: token id -1 is not in a vocabulary of 4"},
  };
  for (const auto& bad : kCases) {
    const absl::Status status = CheckRequests(std::vector<ScoreRequest>{good, bad.request}, 4, 2);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), bad.message);
  }
}

TEST(FakeLanguageModel, ScoresEachTokenGivenThoseBeforeIt) {
  // Token 2 is likely after a 1, token 0 otherwise.
  FakeLanguageModel model(3, 8, [](std::span<const int32_t> tokens) {
    std::vector<float> logits(3, 0.0f);
    logits[tokens.back() == 1 ? 2 : 0] = std::log(8.0f);
    return logits;
  });
  const std::vector<ScoreRequest> requests = {{{0, 1}, {2, 0}}, {{0}, {2}}};
  const absl::StatusOr<std::vector<Score>> scores = model.ScoreAll(requests, Ignore);
  ASSERT_TRUE(scores.ok());
  EXPECT_NEAR((*scores)[0].loglikelihood, 2 * std::log(0.8), 1e-6);
  EXPECT_TRUE((*scores)[0].is_greedy);
  EXPECT_NEAR((*scores)[1].loglikelihood, std::log(0.1), 1e-6);
  EXPECT_FALSE((*scores)[1].is_greedy);
}

TEST(FakeLanguageModel, StopsWhenProgressSaysSo) {
  FakeLanguageModel model = FakeLanguageModel::Uniform(4, 8);
  const std::vector<ScoreRequest> requests(3, ScoreRequest{{1}, {2}});
  const absl::Status status =
      model
          .ScoreAll(requests,
                    [](uint64_t done) { return done < 2 ? absl::OkStatus() : absl::CancelledError("x"); })
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(model.asked().size(), 2u);
}

}  // namespace
}  // namespace bonsai
