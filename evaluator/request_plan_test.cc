#include "evaluator/request_plan.h"

#include <algorithm>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::vector<ModelRequest> Refer(const std::vector<ScoreRequest>& scores,
                                const std::vector<GenerateRequest>& generates = {}) {
  std::vector<ModelRequest> requests;
  for (const ScoreRequest& score : scores) requests.push_back({.score = &score});
  for (const GenerateRequest& generate : generates) requests.push_back({.generate = &generate});
  return requests;
}

// `questions` questions behind one prefix of 100 tokens, each with 10 tokens of its own and 4 choices.
std::vector<ScoreRequest> Questions(int32_t questions) {
  std::vector<ScoreRequest> requests;
  for (int32_t question = 0; question < questions; ++question) {
    for (int32_t choice = 0; choice < 4; ++choice) {
      ScoreRequest request;
      request.context.assign(100, 7);
      request.context.insert(request.context.end(), 10, 100 + question);
      request.continuation = {choice, choice, 50};
      requests.push_back(request);
    }
  }
  return requests;
}

TEST(RequestPlan, ComputesEachEdgeOfTheTrieOnce) {
  const std::vector<ScoreRequest> requests = Questions(5);
  const RequestPlan plan(Refer(requests));
  ASSERT_EQ(plan.size(), 20u);
  EXPECT_EQ(plan.tokens_read(), 20u * 112);
  EXPECT_EQ(plan.tokens_to_compute(), 100u + 5 * (10 + 4 * 2));
  std::set<std::vector<int32_t>> prefixes;
  for (const ScoreRequest& request : requests) {
    std::vector<int32_t> read = request.context;
    read.insert(read.end(), request.continuation.begin(), request.continuation.end() - 1);
    for (size_t i = 1; i <= read.size(); ++i) prefixes.emplace(read.begin(), read.begin() + i);
  }
  EXPECT_EQ(plan.tokens_to_compute(), prefixes.size());
}

TEST(RequestPlan, AsksOnceWhatIsAskedTwice) {
  const std::vector<ScoreRequest> scores = {{{1, 2}, {3}}, {{1}, {2, 3}}, {{1, 2}, {3}}, {{1, 2}, {4}}};
  const std::vector<GenerateRequest> generates = {
      {{1, 2}, {"."}, 5}, {{1, 2}, {"."}, 6}, {{1, 2}, {"."}, 5}, {{1, 2}, {"!"}, 5}};
  const RequestPlan plan(Refer(scores, generates));
  // The second score reads the same tokens as the first one, but asks for two of them.
  EXPECT_EQ(plan.size(), 6u);
  EXPECT_EQ(plan.entry_of(0), plan.entry_of(2));
  EXPECT_EQ(plan.entry_of(4), plan.entry_of(6));
  EXPECT_EQ(plan.tokens_to_compute(), 2u);
  size_t answered = 0;
  for (size_t entry = 0; entry < plan.size(); ++entry) {
    for (size_t request : plan.asked_by(entry)) {
      EXPECT_EQ(plan.entry_of(request), entry);
      ++answered;
    }
  }
  EXPECT_EQ(answered, 8u);
}

TEST(RequestPlan, DoesNotDependOnTheOrderOfTheRequests) {
  std::vector<ScoreRequest> scores = Questions(9);
  scores.push_back(scores[3]);
  const std::vector<GenerateRequest> generates = {{{7, 7}, {"a"}, 3}, {{7, 7}, {"b"}, 3}, {{7}, {}, 3}};
  const std::vector<ModelRequest> requests = Refer(scores, generates);
  const RequestPlan plan(requests);
  for (uint32_t seed = 0; seed < 5; ++seed) {
    std::vector<ModelRequest> shuffled = requests;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed));
    const RequestPlan other(shuffled);
    ASSERT_EQ(other.size(), plan.size());
    for (size_t i = 0; i < plan.size(); ++i) {
      EXPECT_TRUE(other.entry(i) == plan.entry(i)) << i;
      EXPECT_EQ(other.shared(i), plan.shared(i));
    }
    EXPECT_EQ(other.Cut(4), plan.Cut(4));
  }
}

TEST(RequestPlan, CutsBetweenQuestionsIntoEvenParts) {
  const std::vector<ScoreRequest> requests = Questions(40);
  const RequestPlan plan(Refer(requests));
  for (size_t parts : {1, 2, 3, 4, 7}) {
    const std::vector<size_t> cuts = plan.Cut(parts);
    ASSERT_EQ(cuts.size(), parts + 1);
    EXPECT_EQ(cuts.front(), 0u);
    EXPECT_EQ(cuts.back(), plan.size());
    const double even = static_cast<double>(plan.tokens_to_compute()) / static_cast<double>(parts);
    for (size_t i = 0; i < parts; ++i) {
      EXPECT_EQ(cuts[i] % 4, 0u) << "within a question, at " << cuts[i];
      double tokens = 0;
      for (size_t entry = cuts[i]; entry < cuts[i + 1]; ++entry)
        tokens += static_cast<double>(plan.fresh(entry));
      EXPECT_NEAR(tokens, even, even / 4 + 9);
    }
  }
}

TEST(RequestPlan, MorePartsThanEntriesLeaveSomeEmpty) {
  const std::vector<ScoreRequest> requests = {{{1}, {2}}, {{3}, {4}}};
  const std::vector<size_t> cuts = RequestPlan(Refer(requests)).Cut(5);
  EXPECT_EQ(cuts.size(), 6u);
  EXPECT_TRUE(std::is_sorted(cuts.begin(), cuts.end()));
  EXPECT_EQ(cuts.back(), 2u);
  const RequestPlan nothing({});
  EXPECT_EQ(nothing.tokens_to_compute(), 0u);
  EXPECT_EQ(nothing.Cut(2), (std::vector<size_t>{0, 0, 0}));
}

}  // namespace
}  // namespace bonsai
