#include "evaluator/request_digest.h"

#include <set>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(RequestDigest, TellsApartAllThatChangesAnAnswer) {
  const std::vector<ScoreRequest> scores = {{{1, 2}, {3}}, {{1}, {2, 3}}, {{1, 2, 3}, {}}, {{1, 2}, {4}}};
  const std::vector<GenerateRequest> generates = {{{1, 2}, {"ab"}, 3},
                                                  {{1, 2}, {"a", "b"}, 3},
                                                  {{1, 2}, {}, 3},
                                                  {{1, 2}, {"ab"}, 4},
                                                  {{2, 1}, {"ab"}, 3}};
  std::set<std::string> digests;
  for (const ScoreRequest& score : scores) digests.insert(RequestDigest({.score = &score}));
  for (const GenerateRequest& generate : generates) digests.insert(RequestDigest({.generate = &generate}));
  EXPECT_EQ(digests.size(), scores.size() + generates.size());
}

// Stored answers are found again by a later version.
TEST(RequestDigest, StaysAsItIs) {
  const ScoreRequest score = {{1, 70000}, {2}};
  const GenerateRequest generate = {{1, 70000}, {"\n"}, 64};
  EXPECT_EQ(RequestDigest({.score = &score}),
            "2b501b4f6a6b7adc18400de319527b7d4af8e16365f3d9571d29c2a7ec043deb");
  EXPECT_EQ(RequestDigest({.generate = &generate}),
            "4336bfe0d2c77d3a932483deb997aa9b3c7b60819a317daec4b122e5154d9e2f");
}

}  // namespace
}  // namespace bonsai
