// A run whose number of ranks changes from attempt to attempt.
#include <cmath>
#include <tuple>

#include "worker/train/pattern_run_testing.h"

namespace bonsai {
namespace {

using ElasticRunTest = PatternRunTest;

std::vector<v1::Optimizer> Optimizers() {
  std::vector<v1::Optimizer> optimizers(3, PatternPlan().optimizer);
  optimizers[1].mutable_muon()->set_learning_rate(0.01f);
  optimizers[2].mutable_muon()->set_learning_rate(0.01f);
  optimizers[2].mutable_muon()->set_normalize_rows(true);
  return optimizers;
}

TEST_F(ElasticRunTest, TwentyStepsAreTenAndTenBitForBit) {
  for (const uint32_t ranks : {1, 2, 3}) {
    const AttemptResult whole = Attempt(ranks);
    ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
    const std::vector<v1::CheckpointWritten> half = Leave(ranks, {}, 0, 10);
    ASSERT_EQ(half.size(), 1u);
    ASSERT_LT(half[0].step(), 13u);
    const AttemptResult resumed = Attempt(ranks, half);
    ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
    EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters) << ranks;
    EXPECT_EQ(resumed.outcome->state.losses, whole.outcome->state.losses);
    EXPECT_EQ(resumed.outcome->tokens, whole.outcome->tokens);
  }
}

TEST_F(ElasticRunTest, FourThenTwoThenOneRankSeeEverySampleOnceAndKeepTheLoss) {
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  const std::vector<v1::CheckpointWritten> four = Leave(4, {}, 0, 6);
  ASSERT_EQ(four.size(), 1u);
  const std::vector<v1::CheckpointWritten> two = Leave(2, four, four[0].step(), 13);
  ASSERT_EQ(two.size(), 1u);
  ledger_.Clear();
  const AttemptResult one = Attempt(1, two);
  ASSERT_TRUE(one.outcome.ok()) << one.outcome.status();
  ledger_.ExpectEachOnce(two[0].step(), kSteps);
  const std::vector<float>&got = one.outcome->state.losses, &want = whole.outcome->state.losses;
  ASSERT_EQ(got.size(), size_t{kSteps});
  EXPECT_LT(got.back(), got.front() - 0.5f);
  for (size_t step = 0; step < kSteps; ++step) EXPECT_NEAR(got[step], want[step], 1e-4) << step;
}

TEST_F(ElasticRunTest, WithGradientPartsAnyNumberOfRanksAndThreadsGivesTheSameBits) {
  plan_.gradient_parts = 8;
  plan_.optimizer.mutable_muon()->set_learning_rate(0.01f);
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  for (const uint32_t ranks : {2, 3, 4, 8}) {
    cpus_ = ranks == 2 ? 3 : 1;
    const AttemptResult result = Attempt(ranks);
    ASSERT_TRUE(result.outcome.ok()) << result.outcome.status();
    EXPECT_TRUE(result.outcome->state.parameters == whole.outcome->state.parameters) << ranks;
    EXPECT_EQ(result.outcome->state.losses, whole.outcome->state.losses) << ranks;
  }
  // And so do four ranks, then two, then one.
  cpus_ = 1;
  const std::vector<v1::CheckpointWritten> four = Leave(4, {}, 0, 6);
  ASSERT_EQ(four.size(), 1u);
  const std::vector<v1::CheckpointWritten> two = Leave(2, four, four[0].step(), 13);
  ASSERT_EQ(two.size(), 1u);
  const AttemptResult one = Attempt(1, two);
  ASSERT_TRUE(one.outcome.ok()) << one.outcome.status();
  EXPECT_TRUE(one.outcome->state.parameters == whole.outcome->state.parameters);
}

TEST_F(ElasticRunTest, RanksWithSharesOfTheMomentsTrainAsThoseThatHaveAllOfThem) {
  for (const v1::Optimizer& optimizer : Optimizers()) {
    plan_.optimizer = optimizer;
    for (const uint32_t ranks : {1, 2, 3, 4}) {
      cpus_ = ranks == 2 ? 2 : 1;
      plan_.shard_optimizer = false;
      const AttemptResult whole = Attempt(ranks);
      ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
      plan_.shard_optimizer = true;
      const AttemptResult sharded = Attempt(ranks);
      ASSERT_TRUE(sharded.outcome.ok()) << sharded.outcome.status();
      // Of three ranks or more, Gloo's ring adds each value in an order of its own, and an owner in the
      // tree's.
      if (ranks <= 2) {
        EXPECT_TRUE(sharded.outcome->state.parameters == whole.outcome->state.parameters) << ranks;
      }
      for (size_t step = 0; step < kSteps; ++step) {
        const float want = whole.outcome->state.losses[step];
        EXPECT_NEAR(sharded.outcome->state.losses[step], want, ranks <= 2 ? 0 : 1e-4) << ranks << " " << step;
      }
    }
  }
}

TEST_F(ElasticRunTest, AdaptersTrainAlikeAtAnyNumberOfRanksAndWithSharesOfTheMoments) {
  adapter_rank_ = 4;
  plan_.optimizer.set_learning_rate(0.005f);
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  const std::vector<float>& want = whole.outcome->state.losses;
  ASSERT_LT(want.back(), want.front() - 0.02f);  // little, as the embedding stays random
  for (const uint32_t ranks : {2, 3}) {
    plan_.shard_optimizer = false;
    const AttemptResult result = Attempt(ranks);
    ASSERT_TRUE(result.outcome.ok()) << result.outcome.status();
    plan_.shard_optimizer = true;
    const AttemptResult sharded = Attempt(ranks);
    ASSERT_TRUE(sharded.outcome.ok()) << sharded.outcome.status();
    if (ranks == 2) {
      EXPECT_TRUE(sharded.outcome->state.parameters == result.outcome->state.parameters);
    }
    for (size_t step = 0; step < kSteps; ++step) {
      EXPECT_NEAR(result.outcome->state.losses[step], want[step], 1e-4) << ranks << " " << step;
      EXPECT_NEAR(sharded.outcome->state.losses[step], want[step], 1e-4) << ranks << " " << step;
    }
  }
  // Two ranks with shares, then one that has all.
  plan_.shard_optimizer = true;
  const std::vector<v1::CheckpointWritten> two = Leave(2, {}, 0, 9);
  ASSERT_EQ(two.size(), 1u);
  plan_.shard_optimizer = false;
  const AttemptResult one = Attempt(1, two);
  ASSERT_TRUE(one.outcome.ok()) << one.outcome.status();
  EXPECT_NEAR(one.outcome->state.losses.back(), want.back(), 1e-4);
}

TEST_F(ElasticRunTest, WithGradientPartsSharesOfTheMomentsChangeNoBit) {
  plan_.gradient_parts = 8;
  for (const v1::Optimizer& optimizer : Optimizers()) {
    plan_.optimizer = optimizer;
    plan_.shard_optimizer = false;
    const AttemptResult whole = Attempt(1);
    ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
    plan_.shard_optimizer = true;
    for (const uint32_t ranks : {1, 2, 3, 4}) {
      const AttemptResult sharded = Attempt(ranks);
      ASSERT_TRUE(sharded.outcome.ok()) << sharded.outcome.status();
      EXPECT_TRUE(sharded.outcome->state.parameters == whole.outcome->state.parameters) << ranks;
      EXPECT_EQ(sharded.outcome->state.losses, whole.outcome->state.losses) << ranks;
    }
    // Four with shares, then two with, three without, two with: the checkpoints of each are the next one's.
    std::vector<v1::CheckpointWritten> last = Leave(4, {}, 0, 4);
    for (const auto& [ranks, shard, stop] : {std::tuple{2u, true, 8u}, {3u, false, 12u}}) {
      ASSERT_EQ(last.size(), 1u);
      plan_.shard_optimizer = shard;
      last = Leave(ranks, last, last[0].step(), stop);
    }
    ASSERT_EQ(last.size(), 1u);
    plan_.shard_optimizer = true;
    const AttemptResult resumed = Attempt(2, last);
    ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
    EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters);
  }
}

TEST_F(ElasticRunTest, FourRanksWithSharesThenTwoThenOneWithoutKeepTheLoss) {
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  plan_.shard_optimizer = true;
  const std::vector<v1::CheckpointWritten> four = Leave(4, {}, 0, 6);
  ASSERT_EQ(four.size(), 1u);
  const std::vector<v1::CheckpointWritten> two = Leave(2, four, four[0].step(), 13);
  ASSERT_EQ(two.size(), 1u);
  plan_.shard_optimizer = false;
  const AttemptResult one = Attempt(1, two);
  ASSERT_TRUE(one.outcome.ok()) << one.outcome.status();
  for (size_t step = 0; step < kSteps; ++step) {
    EXPECT_NEAR(one.outcome->state.losses[step], whole.outcome->state.losses[step], 1e-4) << step;
  }
}

TEST_F(ElasticRunTest, WhereRanksShareNoFolderRankZeroWritesTheMomentsOfAll) {
  plan_.shard_optimizer = true;
  const AttemptResult whole = Attempt(2);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  rendezvous_address_ = "127.0.0.1:1";
  const std::vector<v1::CheckpointWritten> half = Leave(2, {}, 0, 10);
  ASSERT_EQ(half.size(), 1u);
  const AttemptResult resumed = Attempt(2, half);
  ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
  EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters);
}

TEST_F(ElasticRunTest, UpdateOfASpikeIsLeftOutAlsoAfterAResume) {
  plan_.steps = plan_.end_steps = 70;
  plan_.guard.set_action(v1::Guard::SKIP);
  plan_.guard.set_spike_factor(2);
  spoiled_ = {62, 63};
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  const std::vector<float>& losses = whole.outcome->state.losses;
  ASSERT_EQ(losses.size(), 70u);
  for (size_t step = 0; step < losses.size(); ++step) EXPECT_EQ(std::isnan(losses[step]), step == 62) << step;
  const std::vector<v1::CheckpointWritten> most = Leave(1, {}, 0, 60);
  ASSERT_EQ(most.size(), 1u);
  const AttemptResult resumed = Attempt(1, most);
  ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
  EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters);

  plan_.guard.set_action(v1::Guard::STOP);
  const absl::Status stopped = Attempt(1).outcome.status();
  EXPECT_EQ(stopped.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(stopped.message().find("at step 63 (learning rate 0.01), and pretrain.guard.action is STOP"),
            std::string::npos)
      << stopped;
}

TEST_F(ElasticRunTest, CheckpointOfTwoRanksIsReadByOneAndByThree) {
  const AttemptResult whole = Attempt(2);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  const std::vector<v1::CheckpointWritten> two = Leave(2, {}, 0, 9);
  ASSERT_EQ(two.size(), 1u);
  for (const uint32_t ranks : {1, 3}) {
    ledger_.Clear();
    const AttemptResult resumed = Attempt(ranks, two);
    ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
    ledger_.ExpectEachOnce(two[0].step(), kSteps);
    for (size_t step = 0; step < kSteps; ++step) {
      EXPECT_NEAR(resumed.outcome->state.losses[step], whole.outcome->state.losses[step], 1e-4) << step;
    }
  }
}

}  // namespace
}  // namespace bonsai
