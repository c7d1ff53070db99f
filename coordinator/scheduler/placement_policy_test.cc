#include "coordinator/scheduler/placement_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

namespace bonsai {
namespace {

using Maker = std::function<std::unique_ptr<PlacementPolicy>()>;

// What every policy keeps to.
class PolicyContractTest : public testing::TestWithParam<Maker> {};

TEST_P(PolicyContractTest, PlacesTheLargestGangThatFitsOrNone) {
  const auto policy = GetParam()();
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<Candidate> candidates;
    uint64_t room = 0;
    for (uint32_t i = 0; i < random() % 6; ++i) {
      Candidate candidate{i + 10, static_cast<uint32_t>(random() % 4 + 1), {}, 0, 0, random() % 2 == 0};
      candidate.free.cpus = candidate.ranks + random() % 3;
      candidate.preferred = static_cast<uint32_t>(random() % 2);
      candidate.cached = static_cast<uint32_t>(random() % 2);
      room += candidate.ranks;
      candidates.push_back(candidate);
    }
    const uint32_t least = static_cast<uint32_t>(random() % 6 + 1);
    const uint32_t wanted = least + static_cast<uint32_t>(random() % 6);
    const auto shares = policy->Choose(least, wanted, {0, 1, 0}, candidates);
    uint64_t placed = 0;
    std::map<uint32_t, uint32_t> by_worker;
    for (const Share& share : shares) {
      EXPECT_GT(share.ranks, 0u);
      EXPECT_TRUE(by_worker.emplace(share.worker, share.ranks).second) << "a worker is there twice";
      placed += share.ranks;
    }
    for (const Candidate& candidate : candidates) EXPECT_LE(by_worker[candidate.worker], candidate.ranks);
    EXPECT_EQ(placed, room < least ? 0 : std::min<uint64_t>(room, wanted));
    std::shuffle(candidates.begin(), candidates.end(), random);
    EXPECT_EQ(policy->Choose(least, wanted, {0, 1, 0}, candidates), shares)
        << "the candidates' order matters";
  }
}

TEST_P(PolicyContractTest, AvoidsWhereItFailedAndPrefersLabelsThenInputs) {
  const auto policy = GetParam()();
  const Candidate failed{1, 1, {0, 4, 0}, 9, 9, true};
  const Candidate plain{2, 1, {0, 4, 0}, 0, 0, false};
  const Candidate cached{3, 1, {0, 4, 0}, 0, 2, false};
  const Candidate labelled{4, 1, {0, 4, 0}, 1, 0, false};
  const auto chosen = [&](std::vector<Candidate> candidates) {
    return policy->Choose(1, 1, {0, 1, 0}, candidates)[0].worker;
  };
  EXPECT_EQ(chosen({failed, plain}), 2u);
  EXPECT_EQ(chosen({failed, plain, cached}), 3u);
  EXPECT_EQ(chosen({failed, plain, cached, labelled}), 4u);
}

INSTANTIATE_TEST_SUITE_P(Policies, PolicyContractTest,
                         testing::Values(MakePackingPolicy, MakeSpreadingPolicy));

TEST(PackingPolicyTest, KeepsWholeWorkersWhole) {
  const auto policy = MakePackingPolicy();
  const std::vector<Candidate> candidates = {
      {1, 8, {0, 8, 0}}, {2, 3, {0, 3, 0}}, {3, 2, {0, 2, 0}}, {4, 2, {1, 2, 0}}};
  EXPECT_EQ(policy->Choose(1, 1, {0, 1, 0}, candidates), std::vector<Share>({{3, 1}}));
  EXPECT_EQ(policy->Choose(3, 3, {0, 1, 0}, candidates), std::vector<Share>({{2, 3}}));
  EXPECT_EQ(policy->Choose(10, 10, {0, 1, 0}, candidates), std::vector<Share>({{1, 8}, {3, 2}}));
}

TEST(SpreadingPolicyTest, TakesTheEmptiestWorkerForEachRank) {
  const auto shares = MakeSpreadingPolicy()->Choose(2, 3, {0, 1, 0}, {{1, 4, {0, 4, 0}}, {2, 3, {0, 3, 0}}});
  EXPECT_EQ(shares, std::vector<Share>({{1, 2}, {2, 1}}));
}

}  // namespace
}  // namespace bonsai
