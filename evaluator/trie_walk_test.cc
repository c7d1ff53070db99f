#include "evaluator/trie_walk.h"

#include <map>
#include <random>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::vector<ModelRequest> Refer(const std::vector<ScoreRequest>& scores) {
  std::vector<ModelRequest> requests;
  for (const ScoreRequest& score : scores) requests.push_back({.score = &score});
  return requests;
}

// Follows the walk as a session does, and checks that each lookup stands behind the tokens that its request
// has before it.
void CheckWalk(const RequestPlan& plan, size_t begin, size_t end, std::vector<int32_t> path) {
  const TrieWalk walk = WalkTrie(plan, begin, end, path);
  std::map<size_t, size_t> asked;  // by entry, how much of its continuation
  size_t next = 0;
  for (size_t row = 0; row < walk.tokens.size(); ++row) {
    ASSERT_LE(walk.positions[row], static_cast<int32_t>(path.size()));
    path.resize(walk.positions[row]);
    path.push_back(walk.tokens[row]);
    for (; next < walk.lookups.size() && walk.lookups[next].row == row; ++next) {
      const Lookup& lookup = walk.lookups[next];
      const ScoreRequest& request = *plan.entry(lookup.entry).score;
      const size_t done = asked[lookup.entry]++;
      std::vector<int32_t> before = request.context;
      before.insert(before.end(), request.continuation.begin(), request.continuation.begin() + done);
      EXPECT_EQ(path, before);
      EXPECT_EQ(lookup.token, request.continuation[done]);
      EXPECT_EQ(lookup.last, done + 1 == request.continuation.size());
    }
  }
  EXPECT_EQ(next, walk.lookups.size());
  for (size_t entry = begin; entry < end; ++entry)
    EXPECT_EQ(asked[entry], plan.entry(entry).score->continuation.size());
}

TEST(TrieWalk, AsksEveryTokenBehindWhatIsBeforeIt) {
  std::mt19937 random(5);
  std::vector<ScoreRequest> requests;
  for (int i = 0; i < 200; ++i) {
    ScoreRequest request;
    for (size_t length = 1 + random() % 6; length > 0; --length) request.context.push_back(random() % 2);
    for (size_t length = 1 + random() % 4; length > 0; --length) request.continuation.push_back(random() % 3);
    requests.push_back(request);
  }
  const RequestPlan plan(Refer(requests));
  CheckWalk(plan, 0, plan.size(), {});
  for (int i = 0; i < 50; ++i) {
    std::vector<int32_t> cached(random() % 8);
    for (int32_t& id : cached) id = random() % 2;
    const size_t begin = random() % plan.size(), end = begin + 1 + random() % (plan.size() - begin);
    CheckWalk(plan, begin, end, cached);
  }
}

TEST(TrieWalk, GoesOverEachEdgeOnce) {
  const std::vector<ScoreRequest> requests = {{{1, 2, 3}, {4}}, {{1, 2, 3}, {5, 6}}, {{1, 2, 4}, {5}}};
  const RequestPlan plan(Refer(requests));
  const TrieWalk walk = WalkTrie(plan, 0, 3, {});
  EXPECT_EQ(walk.tokens, (std::vector<int32_t>{1, 2, 3, 5, 4}));
  EXPECT_EQ(walk.positions, (std::vector<int32_t>{0, 1, 2, 3, 2}));
  EXPECT_EQ(walk.lookups.size(), 4u);
}

TEST(TrieWalk, KeepsWhatTheSessionHas) {
  const std::vector<ScoreRequest> requests = {{{1, 2, 3}, {4}}, {{1, 2, 3}, {5, 6}}};
  const RequestPlan plan(Refer(requests));
  // The logits behind 3 are wanted, so it is computed again.
  EXPECT_EQ(WalkTrie(plan, 0, 2, std::vector<int32_t>{1, 2, 3, 9}).tokens, (std::vector<int32_t>{3, 5}));
  EXPECT_EQ(WalkTrie(plan, 0, 2, std::vector<int32_t>{1, 9}).tokens, (std::vector<int32_t>{2, 3, 5}));
}

}  // namespace
}  // namespace bonsai
