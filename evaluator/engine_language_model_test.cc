#include "evaluator/engine_language_model.h"

#include <algorithm>
#include <random>

#include "edge_runtime/engine/sampler.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/request_plan.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

absl::Status Ignore(uint64_t) { return absl::OkStatus(); }

std::unique_ptr<edge::Model> LoadFixture(const std::string& config_json, const std::string& weights) {
  std::string error;
  auto model = edge::Model::FromSafetensors(
      config_json, {reinterpret_cast<const uint8_t*>(weights.data()), weights.size()}, &error);
  EXPECT_NE(model, nullptr) << error;
  return model;
}

// Requests of many lengths that share prefixes with each other, as questions with the same beginning do.
std::vector<ScoreRequest> SharedPrefixRequests() {
  std::mt19937 random(7);
  std::vector<int32_t> trunk(40);
  for (int32_t& id : trunk) id = static_cast<int32_t>(random() % 265);
  std::vector<ScoreRequest> requests;
  for (int i = 0; i < 90; ++i) {
    ScoreRequest request;
    request.context.assign(trunk.begin(), trunk.begin() + 1 + random() % trunk.size());
    for (size_t tail = random() % 4; tail > 0; --tail) request.context.push_back(random() % 265);
    for (size_t length = 1 + random() % 8; length > 0; --length)
      request.continuation.push_back(random() % 265);
    requests.push_back(std::move(request));
  }
  return requests;
}

class EngineLanguageModelTest : public testing::Test {
 protected:
  std::unique_ptr<EngineLanguageModel> Create(int threads) {
    auto model = EngineLanguageModel::Create(*model_, threads);
    EXPECT_TRUE(model.ok()) << model.status();
    return *std::move(model);
  }

  std::vector<Score> ScoreAll(EngineLanguageModel& model, std::span<const ScoreRequest> requests) {
    absl::StatusOr<std::vector<Score>> scores = model.ScoreAll(requests, Ignore);
    EXPECT_TRUE(scores.ok()) << scores.status();
    return *std::move(scores);
  }

  // The score by definition: a fresh session, one token at a time.
  Score ScorePlainly(const ScoreRequest& request) {
    std::string error;
    const auto session = edge::Session::Create(*model_, edge::SessionOptions{}, &error);
    std::vector<float> logits(model_->config().vocab_size);
    for (int32_t token : request.context) {
      EXPECT_TRUE(session->Forward(std::vector<int32_t>{token}, logits, &error)) << error;
    }
    Score score{.loglikelihood = 0, .is_greedy = true};
    for (int32_t token : request.continuation) {
      EXPECT_TRUE(AddToken(logits, token, &score));
      EXPECT_TRUE(session->Forward(std::vector<int32_t>{token}, logits, &error)) << error;
    }
    return score;
  }

  // The text by definition: a fresh session, one token at a time.
  std::string GeneratePlainly(const GenerateRequest& request, const edge::Tokenizer& tokenizer) {
    std::string error;
    const auto session = edge::Session::Create(*model_, edge::SessionOptions{}, &error);
    std::vector<float> logits(model_->config().vocab_size);
    std::vector<int32_t> fresh = request.context;
    const auto text = GenerateText(request, tokenizer, 65 - static_cast<int64_t>(request.context.size()),
                                   [&]() -> absl::StatusOr<int32_t> {
                                     EXPECT_TRUE(session->Forward(fresh, logits, &error)) << error;
                                     fresh = {edge::GreedyToken(logits)};
                                     return fresh.front();
                                   });
    EXPECT_TRUE(text.ok()) << text.status();
    return *text;
  }

  const std::string config_json_ = edge::WriteHuggingFaceConfig(edge::FixtureConfig(), "float32");
  const std::string weights_ = edge::FixtureWeights(edge::FixtureConfig(), 3);
  const std::unique_ptr<edge::Model> model_ = LoadFixture(config_json_, weights_);
};

TEST_F(EngineLanguageModelTest, ScoresAsATokenByTokenRunDoes) {
  const std::vector<ScoreRequest> requests = SharedPrefixRequests();
  const std::vector<Score> scores = ScoreAll(*Create(1), requests);
  ASSERT_EQ(scores.size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(scores[i], ScorePlainly(requests[i])) << i;
}

TEST_F(EngineLanguageModelTest, ScoresDoNotDependOnOrderBatchOrThreads) {
  const std::vector<ScoreRequest> requests = SharedPrefixRequests();
  const std::vector<Score> expected = ScoreAll(*Create(1), requests);
  for (int threads : {1, 2, 5}) {
    const auto model = Create(threads);
    for (size_t batch : {size_t{1}, size_t{7}, requests.size()}) {
      std::vector<Score> scores;
      for (size_t i = 0; i < requests.size(); i += batch) {
        const size_t count = std::min(batch, requests.size() - i);
        for (const Score& score : ScoreAll(*model, std::span(requests).subspan(i, count)))
          scores.push_back(score);
      }
      EXPECT_EQ(scores, expected) << threads << " threads, batches of " << batch;
    }
    std::vector<size_t> order(requests.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937(threads));
    std::vector<ScoreRequest> shuffled;
    for (size_t i : order) shuffled.push_back(requests[i]);
    const std::vector<Score> scores = ScoreAll(*model, shuffled);
    for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ(scores[i], expected[order[i]]);
  }
}

TEST_F(EngineLanguageModelTest, SharedPrefixesAreComputedOnce) {
  std::vector<ScoreRequest> requests;
  for (int32_t letter = 0; letter < 5; ++letter) {
    requests.push_back({std::vector<int32_t>(50, 9), {260 + letter}});
  }
  const auto model = Create(1);
  ScoreAll(*model, requests);
  // The prompt once: all letters are read off its last token's logits.
  EXPECT_EQ(model->tokens_computed(), 50u);
  // A later batch goes on from there, but for the token whose logits are wanted again.
  ScoreAll(*model, std::vector<ScoreRequest>{{std::vector<int32_t>(50, 9), {7}}});
  EXPECT_EQ(model->tokens_computed(), 50u + 1u);
}

TEST_F(EngineLanguageModelTest, EachEdgeOfTheTrieIsComputedOnce) {
  std::vector<ScoreRequest> requests = SharedPrefixRequests();
  requests.push_back(requests[3]);
  std::vector<ModelRequest> asked;
  for (const ScoreRequest& request : requests) asked.push_back({.score = &request});
  const auto model = Create(1);
  ScoreAll(*model, requests);
  EXPECT_EQ(model->tokens_computed(), RequestPlan(asked).tokens_to_compute());
}

TEST_F(EngineLanguageModelTest, TextsDoNotDependOnOrderBatchOrThreads) {
  std::string error;
  const std::string bytes = edge::FixtureTokenizer();
  const auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &error);
  ASSERT_NE(tokenizer, nullptr) << error;
  std::vector<GenerateRequest> requests;
  for (const ScoreRequest& request : SharedPrefixRequests())
    requests.push_back({request.context,
                        requests.size() % 3 == 0 ? std::vector<std::string>{"a"} : std::vector<std::string>{},
                        static_cast<int32_t>(1 + requests.size() % 30)});
  requests.push_back(requests[5]);
  std::vector<std::string> expected;
  for (const GenerateRequest& request : requests) expected.push_back(GeneratePlainly(request, *tokenizer));
  for (int threads : {1, 4}) {
    const auto model = Create(threads);
    std::vector<size_t> order(requests.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937(threads));
    std::vector<GenerateRequest> shuffled;
    for (size_t i : order) shuffled.push_back(requests[i]);
    uint64_t last = 0;
    const auto texts = model->GenerateAll(shuffled, *tokenizer, [&](uint64_t done) {
      last = done;
      return absl::OkStatus();
    });
    ASSERT_TRUE(texts.ok()) << texts.status();
    EXPECT_EQ(last, requests.size());
    for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ((*texts)[i], expected[order[i]]);
  }
}

TEST_F(EngineLanguageModelTest, ReadsUpToTheModelsLimitAndNoFurther) {
  const auto model = Create(1);
  ASSERT_EQ(model->positions_max(), 64);
  const ScoreRequest full = {std::vector<int32_t>(60, 5), {1, 2, 3, 4, 5}};
  EXPECT_LT(ScoreAll(*model, std::vector<ScoreRequest>{full})[0].loglikelihood, 0);
  ScoreRequest beyond = full;
  beyond.context.push_back(5);
  EXPECT_EQ(model->ScoreAll(std::vector<ScoreRequest>{beyond}, Ignore).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EngineLanguageModelTest, StopsWhenProgressSaysSo) {
  for (int threads : {1, 3}) {
    const absl::Status status =
        Create(threads)
            ->ScoreAll(
                SharedPrefixRequests(),
                [](uint64_t done) { return done < 10 ? absl::OkStatus() : absl::CancelledError("stop"); })
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  }
}

TEST_F(EngineLanguageModelTest, ProgressReachesTheNumberOfRequests) {
  const std::vector<ScoreRequest> requests = SharedPrefixRequests();
  uint64_t calls = 0, last = 0;
  const auto scores = Create(2)->ScoreAll(requests, [&](uint64_t done) {
    EXPECT_EQ(done, ++calls);
    last = done;
    return absl::OkStatus();
  });
  EXPECT_TRUE(scores.ok());
  EXPECT_EQ(last, requests.size());
}

TEST(EngineLanguageModel, RefusesAModelThatGivesNoNumbers) {
  std::string weights = edge::FixtureWeights(edge::FixtureConfig(), 3);
  // NaN in the last weights of the file: the final norm, or the output projection.
  for (size_t i = weights.size() - 64; i < weights.size(); ++i) weights[i] = '\xff';
  const std::string config_json = edge::WriteHuggingFaceConfig(edge::FixtureConfig(), "float32");
  const auto model = LoadFixture(config_json, weights);
  const auto language_model = EngineLanguageModel::Create(*model, 1);
  ASSERT_TRUE(language_model.ok());
  const absl::Status status =
      (*language_model)->ScoreAll(std::vector<ScoreRequest>{{{1}, {2}}}, Ignore).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

}  // namespace
}  // namespace bonsai
