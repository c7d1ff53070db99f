// A run that is looked after: validated on a schedule, its best model kept, sent back from a spike.
#include <cmath>

#include "worker/train/pattern_run_testing.h"

namespace bonsai {
namespace {

class WatchedRunTest : public PatternRunTest {
 protected:
  // 70 steps with a checkpoint after each ten; the batch after 62 is a spike.
  void PlanASpike() {
    plan_.steps = plan_.end_steps = 70;
    plan_.checkpoint_every_steps = 10;
    plan_.guard.set_action(v1::Guard::REWIND);
    plan_.guard.set_spike_factor(2);
    spoiled_ = {62, 63};
  }

  // 20 steps, validated after each third; from step 12 on they teach something else.
  void PlanAWrongTurn() {
    plan_.validate_every_steps = 3;
    plan_.keep_best = true;
    plan_.checkpoint_every_steps = 4;
    validates_ = true;
    spoiled_ = {12, UINT64_MAX};
  }
};

TEST_F(WatchedRunTest, ASpikeSendsTheRunBackAndOtherRowsAreRead) {
  PlanASpike();
  for (const uint32_t ranks : {1, 3}) {
    ledger_.Clear();
    const AttemptResult result = Attempt(ranks);
    ASSERT_TRUE(result.outcome.ok()) << result.outcome.status();
    const TrainState& state = result.outcome->state;
    EXPECT_EQ(state.record.rewinds, std::vector<Rewind>({{62, 60}}));
    ASSERT_EQ(state.losses.size(), 70u);
    for (size_t step = 50; step < 70; ++step) EXPECT_LT(state.losses[step], state.losses[0] / 2) << step;
    // The steps 60, 61 and 62 were taken again, with the three batches after the spike.
    ledger_.ExpectEachOnce(0, 73);
    EXPECT_EQ(result.outcome->tokens, 70u * kBatch * kPositions);
  }
}

TEST_F(WatchedRunTest, ARewoundRunThatIsInterruptedComesToTheSameBits) {
  PlanASpike();
  for (const uint32_t ranks : {1, 2}) {
    const AttemptResult whole = Attempt(ranks);
    ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
    // It died between the rewind and the next checkpoint: the newest one is of before.
    ASSERT_EQ(whole.checkpoints.size(), 6u);
    const AttemptResult replayed = Attempt(ranks, whole.checkpoints);
    ASSERT_TRUE(replayed.outcome.ok()) << replayed.outcome.status();
    EXPECT_TRUE(replayed.outcome->state.parameters == whole.outcome->state.parameters);
    EXPECT_EQ(replayed.outcome->state.losses, whole.outcome->state.losses);
    // It was asked to leave behind the rewind.
    const AttemptResult left = Attempt(ranks, {}, 65);
    ASSERT_EQ(left.outcome.status().code(), absl::StatusCode::kCancelled) << left.outcome.status();
    ASSERT_GE(left.checkpoints.back().step(), 65u);
    ledger_.Clear();
    const AttemptResult resumed = Attempt(ranks, left.checkpoints);
    ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
    EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters);
    EXPECT_EQ(resumed.outcome->state.record.rewinds, std::vector<Rewind>({{62, 60}}));
    EXPECT_EQ(resumed.outcome->tokens, whole.outcome->tokens);
    ledger_.ExpectEachOnce(left.checkpoints.back().step() + 3, 73);
  }
}

TEST_F(WatchedRunTest, RanksWithSharesOfTheMomentsGoBackAsThoseThatHaveAllOfThem) {
  PlanASpike();
  plan_.gradient_parts = 4;  // so that any number of ranks gives the same bits
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  plan_.shard_optimizer = true;
  for (const uint32_t ranks : {2, 3}) {
    const AttemptResult sharded = Attempt(ranks);
    ASSERT_TRUE(sharded.outcome.ok()) << sharded.outcome.status();
    EXPECT_EQ(sharded.outcome->state.record.rewinds, std::vector<Rewind>({{62, 60}}));
    EXPECT_EQ(sharded.outcome->state.losses, whole.outcome->state.losses) << ranks;
    EXPECT_TRUE(sharded.outcome->state.parameters == whole.outcome->state.parameters) << ranks;
  }
}

TEST_F(WatchedRunTest, RanksThatShareNoFolderHaveTheCheckpointFromRankZero) {
  PlanASpike();
  const AttemptResult shared = Attempt(3);
  ASSERT_TRUE(shared.outcome.ok()) << shared.outcome.status();
  shares_folder_ = false;
  rendezvous_address_ = "127.0.0.1:1";
  const AttemptResult apart = Attempt(3);
  ASSERT_TRUE(apart.outcome.ok()) << apart.outcome.status();
  EXPECT_EQ(apart.outcome->state.record.rewinds, std::vector<Rewind>({{62, 60}}));
  EXPECT_TRUE(apart.outcome->state.parameters == shared.outcome->state.parameters);
}

TEST_F(WatchedRunTest, WithoutACheckpointTheRunGoesBackToItsStart) {
  PlanASpike();
  plan_.checkpoint_every_steps = 0;
  const AttemptResult result = Attempt(2);
  ASSERT_TRUE(result.outcome.ok()) << result.outcome.status();
  EXPECT_EQ(result.outcome->state.record.rewinds, std::vector<Rewind>({{62, 0}}));
  EXPECT_EQ(result.outcome->state.losses.size(), 70u);
  ledger_.ExpectEachOnce(0, 63 + 70);
}

TEST_F(WatchedRunTest, RewindsAreBounded) {
  PlanASpike();
  spoiled_.end = UINT64_MAX;
  plan_.guard.set_rewinds_max(2);
  const absl::Status status = Attempt(1).outcome.status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("pretrain.guard.rewinds_max, 2, were made before it: a lower pretrain."),
            std::string::npos)
      << status;
}

TEST_F(WatchedRunTest, ValidatesOnItsScheduleAndAtTheEnd) {
  PlanAWrongTurn();
  const AttemptResult result = Attempt(2);
  ASSERT_TRUE(result.outcome.ok()) << result.outcome.status();
  std::vector<uint64_t> steps;
  for (const RunRecord::Validation& v : result.outcome->state.record.validations) steps.push_back(v.step);
  EXPECT_EQ(steps, std::vector<uint64_t>({3, 6, 9, 12, 15, 18, 20}));
  validates_ = false;  // nothing is held out: nothing to measure
  const AttemptResult without = Attempt(1);
  ASSERT_TRUE(without.outcome.ok()) << without.outcome.status();
  EXPECT_FALSE(without.outcome->validation_loss.has_value());
  EXPECT_EQ(without.outcome->model_step, 20u);
}

TEST_F(WatchedRunTest, TheBestModelIsKeptThroughAnyInterruption) {
  PlanAWrongTurn();
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  // Momentum carries the model on for a little after the wrong turn.
  ASSERT_EQ(whole.outcome->model_step, 15u);
  EXPECT_EQ(whole.outcome->state.step, kSteps);
  const auto& validations = whole.outcome->state.record.validations;
  for (const RunRecord::Validation& v : validations) {
    EXPECT_EQ(v.loss > *whole.outcome->validation_loss, v.step != 15) << v.step;
  }
  // From each checkpoint alone: 4, 8 and 12 are before the best step, 16 comes after it.
  ASSERT_EQ(whole.checkpoints.size(), 4u);
  for (const v1::CheckpointWritten& checkpoint : whole.checkpoints) {
    const AttemptResult resumed = Attempt(1, {checkpoint});
    ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
    EXPECT_EQ(resumed.outcome->model_step, 15u);
    EXPECT_EQ(resumed.outcome->state.record.validations, validations);
    EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters) << checkpoint.step();
  }
  // Asked to leave after the very step: what was due then is made up for.
  const AttemptResult left = Attempt(1, {}, 14);
  ASSERT_EQ(left.outcome.status().code(), absl::StatusCode::kCancelled) << left.outcome.status();
  ASSERT_EQ(left.checkpoints.back().step(), 15u);
  const AttemptResult resumed = Attempt(1, left.checkpoints);
  ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
  EXPECT_EQ(resumed.outcome->state.record.validations, validations);
  EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters);
  // And they are what a run has that ends there.
  plan_.end_steps = 15;
  EXPECT_TRUE(Attempt(1).outcome->state.parameters == whole.outcome->state.parameters);
}

TEST_F(WatchedRunTest, WithoutKeepBestTheModelIsTheLast) {
  PlanAWrongTurn();
  plan_.keep_best = false;
  const AttemptResult result = Attempt(1);
  ASSERT_TRUE(result.outcome.ok()) << result.outcome.status();
  EXPECT_EQ(result.outcome->model_step, kSteps);
  EXPECT_EQ(*result.outcome->validation_loss, result.outcome->state.record.validations.back().loss);
}

}  // namespace
}  // namespace bonsai
