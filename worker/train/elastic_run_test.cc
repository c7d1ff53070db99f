// A run whose number of ranks changes from attempt to attempt.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "runner/fake_runner_context.h"
#include "worker/train/random_bits.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_run.h"

namespace bonsai {
namespace {

constexpr int32_t kVocabulary = 40;
constexpr int64_t kPositions = 12;
constexpr uint32_t kBatch = 7;  // divisible by none of the numbers of ranks but one
constexpr uint32_t kSteps = 20;

edge::ModelConfig Config() {
  edge::ModelConfig config;
  config.dim = 16;
  config.hidden_dim = 32;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = 2;
  config.head_dim = 8;
  config.vocab_size = kVocabulary + 90;  // more than the pattern has: an embedding of two units of a ShardMap
  config.max_seq_len = kPositions;
  return config;
}

// Counts how often a row of a step was asked for.
class Ledger {
 public:
  void Count(uint64_t step, int64_t row) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++rows_[{step, row}];
  }
  void Clear() { rows_.clear(); }

  void ExpectEachOnce(uint64_t first_step, uint64_t end_step) const {
    EXPECT_EQ(rows_.size(), (end_step - first_step) * kBatch);
    for (uint64_t step = first_step; step < end_step; ++step) {
      for (int64_t row = 0; row < kBatch; ++row) {
        const auto found = rows_.find({step, row});
        EXPECT_EQ(found == rows_.end() ? 0 : found->second, 1) << "row " << row << " of step " << step;
      }
    }
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<uint64_t, int64_t>, int> rows_;
};

// Rows of a pattern that can be learned. Row r is asked for only some of its positions, so that ranks do not
// have equally many targets.
class PatternSource final : public BatchSource {
 public:
  explicit PatternSource(Ledger& ledger, uint64_t spoiled_step = UINT64_MAX)
      : ledger_(ledger), spoiled_step_(spoiled_step) {}

  Size SizeOf(uint64_t) override {
    uint64_t targets = 0;
    for (int64_t row = 0; row < kBatch; ++row) targets += static_cast<uint64_t>(kPositions - row);
    return {kBatch, kBatch * kPositions, targets};
  }

  absl::Status Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) override {
    buffer->rows = rows;
    buffer->positions = kPositions;
    buffer->tokens.resize(rows * kPositions);
    buffer->targets.resize(rows * kPositions);
    for (int64_t row = 0; row < rows; ++row) {
      ledger_.Count(step, first + row);
      const uint64_t start = RandomBits(step, static_cast<uint64_t>(first + row));
      for (int64_t i = 0; i < kPositions; ++i) {
        const int64_t at = row * kPositions + i;
        buffer->tokens[at] = static_cast<int32_t>((start + 3 * i) % kVocabulary);
        // What the pattern never holds, at the step that is spoiled.
        const int64_t stride = step == spoiled_step_ ? 5 : 3;
        const uint64_t target = (start + 3 * i + stride) % kVocabulary;
        buffer->targets[at] = i < first + row ? -1 : static_cast<int32_t>(target);
      }
    }
    return absl::OkStatus();
  }

 private:
  Ledger& ledger_;
  const uint64_t spoiled_step_;
};

TrainingPlan Plan() {
  TrainingPlan plan;
  plan.kind = "pretrain";
  plan.optimizer.set_learning_rate(0.01f);
  plan.optimizer.set_clip_norm(1);
  plan.steps = plan.end_steps = kSteps;
  plan.batch_sequences = kBatch;
  plan.fingerprint = "the run";
  return plan;
}

struct AttemptResult {
  absl::StatusOr<TrainOutcome> outcome;
  std::vector<v1::CheckpointWritten> checkpoints;
};

class ElasticRunTest : public testing::Test {
 protected:
  ElasticRunTest()
      : home_(FakeRunnerContext::Create(testing::TempDir())), layout_(*ParameterLayout::Create(Config())) {}

  // All ranks of an attempt, which resumes from `resume` and is asked to leave after `stop_step`.
  AttemptResult Attempt(uint32_t ranks, const std::vector<v1::CheckpointWritten>& resume = {},
                        uint64_t stop_step = UINT64_MAX) {
    std::vector<std::unique_ptr<FakeRunnerContext>> contexts;
    std::vector<absl::StatusOr<TrainOutcome>> outcomes(ranks, absl::UnknownError("did not run"));
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      contexts.push_back(FakeRunnerContext::Create(testing::TempDir(), home_->task().storage_dir()));
      v1::Task& task = contexts[rank]->mutable_task();
      task.set_rank(rank);
      task.set_ranks(ranks);
      task.mutable_spec()->mutable_resources()->set_cpus(cpus_);
      task.set_rendezvous_dir(contexts[0]->task().rendezvous_dir());
      for (auto it = resume.rbegin(); it != resume.rend(); ++it) {
        contexts[rank]->AddResume(it->manifest_id(), it->step());
      }
    }
    contexts[0]->RequestStopAtStep(stop_step);
    std::vector<std::thread> threads;
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      threads.emplace_back([&, rank] {
        outcomes[rank] = Train(*contexts[rank]);
        if (outcomes[rank].status().code() == absl::StatusCode::kCancelled) {
          for (const auto& context : contexts) context->RequestStop();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (uint32_t rank = 1; rank < ranks; ++rank) {
      EXPECT_EQ(outcomes[rank].status().code(), outcomes[0].status().code()) << outcomes[rank].status();
    }
    return {outcomes[0], contexts[0]->checkpoints()};
  }

  absl::StatusOr<TrainOutcome> Train(FakeRunnerContext& context) {
    const auto group = RankGroup::Join(context.task(), absl::Seconds(60));
    if (!group.ok()) return group.status();
    context.mutable_task().set_rendezvous_address(rendezvous_address_);
    PatternSource source(ledger_, spoiled_step_);
    std::vector<float> initial(layout_.size());
    InitializeParameters(layout_, 5, absl::MakeSpan(initial));
    return TrainModel(context, **group, layout_, plan_, {source}, std::move(initial));
  }

  // Leaves after `stop_step`; what was asked for since `first_step` was asked for once.
  std::vector<v1::CheckpointWritten> Leave(uint32_t ranks, const std::vector<v1::CheckpointWritten>& resume,
                                           uint64_t first_step, uint64_t stop_step) {
    ledger_.Clear();
    const AttemptResult result = Attempt(ranks, resume, stop_step);
    EXPECT_EQ(result.outcome.status().code(), absl::StatusCode::kCancelled) << result.outcome.status();
    if (result.checkpoints.size() != 1) ADD_FAILURE() << result.checkpoints.size() << " checkpoints";
    if (!result.checkpoints.empty()) ledger_.ExpectEachOnce(first_step, result.checkpoints[0].step());
    return result.checkpoints;
  }

  const std::unique_ptr<FakeRunnerContext> home_;
  const ParameterLayout layout_;
  Ledger ledger_;
  TrainingPlan plan_ = Plan();
  uint64_t spoiled_step_ = UINT64_MAX;
  uint32_t cpus_ = 1;
  std::string rendezvous_address_;  // as if the ranks had met there, and shared no folder
};

std::vector<v1::Optimizer> Optimizers() {
  std::vector<v1::Optimizer> optimizers(3, Plan().optimizer);
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
  spoiled_step_ = 62;
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
