// Runs of a small model over a pattern that it can learn, at any number of ranks, with what they read
// counted: for tests of training runs.
#ifndef BONSAI_WORKER_TRAIN_PATTERN_RUN_TESTING_H_
#define BONSAI_WORKER_TRAIN_PATTERN_RUN_TESTING_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "runner/fake_runner_context.h"
#include "worker/train/low_rank_model.h"
#include "worker/train/random_bits.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_run.h"

namespace bonsai {

inline constexpr int32_t kVocabulary = 40;
inline constexpr int64_t kPositions = 12;
inline constexpr uint32_t kBatch = 7;  // divisible by none of the numbers of ranks but one
inline constexpr uint32_t kSteps = 20;

inline edge::ModelConfig PatternConfig() {
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

// Batches [first, end) hold what the pattern never does.
struct SpoiledBatches {
  uint64_t first = UINT64_MAX;
  uint64_t end = UINT64_MAX;
};

// Rows of a pattern that can be learned. Row r is asked for only some of its positions, so that ranks do not
// have equally many targets.
class PatternSource final : public BatchSource {
 public:
  explicit PatternSource(Ledger& ledger, const SpoiledBatches& spoiled = {})
      : ledger_(ledger), spoiled_(spoiled) {}

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
        const int64_t stride = step >= spoiled_.first && step < spoiled_.end ? 5 : 3;
        const uint64_t target = (start + 3 * i + stride) % kVocabulary;
        buffer->targets[at] = i < first + row ? -1 : static_cast<int32_t>(target);
      }
    }
    return absl::OkStatus();
  }

 private:
  Ledger& ledger_;
  const SpoiledBatches spoiled_;
};

inline TrainingPlan PatternPlan() {
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

class PatternRunTest : public testing::Test {
 protected:
  PatternRunTest()
      : home_(FakeRunnerContext::Create(testing::TempDir())),
        layout_(*ParameterLayout::Create(PatternConfig())) {}

  // All ranks of an attempt, which resumes from `resume` and is asked to leave after `stop_step`.
  AttemptResult Attempt(uint32_t ranks, const std::vector<v1::CheckpointWritten>& resume = {},
                        uint64_t stop_step = UINT64_MAX) {
    std::vector<std::unique_ptr<FakeRunnerContext>> contexts;
    std::vector<absl::StatusOr<TrainOutcome>> outcomes(ranks, absl::UnknownError("did not run"));
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      const bool reads_home = shares_folder_ || rank == 0;
      contexts.push_back(
          FakeRunnerContext::Create(testing::TempDir(), reads_home ? home_->task().storage_dir() : ""));
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
    // They have met; what they do next goes by the address alone.
    context.mutable_task().set_rendezvous_address(rendezvous_address_);
    PatternSource source(ledger_, spoiled_);
    Ledger unread;
    PatternSource held_out(unread);
    std::vector<float> initial(layout_.size());
    InitializeParameters(layout_, 5, absl::MakeSpan(initial));
    RunSources sources = {source};
    if (validates_) sources.validation = &held_out, sources.validation_rows = kBatch;
    if (adapter_rank_ == 0) {
      return TrainModel(context, **group, layout_, plan_, sources, std::move(initial), nullptr,
                        Place(**group));
    }
    LowRankModel model(layout_, std::move(initial), {adapter_rank_, 8}, static_cast<int>(cpus_));
    std::vector<float> adapters(model.layout().size());
    model.Initialize(6, absl::MakeSpan(adapters));
    return TrainModel(context, **group, model.layout(), plan_, sources, std::move(adapters), &model);
  }

  // What holds the model of an attempt; null: what a task without a GPU gets.
  virtual std::unique_ptr<TrainedModel> Place(RankGroup&) { return nullptr; }

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
  TrainingPlan plan_ = PatternPlan();
  SpoiledBatches spoiled_;
  bool validates_ = false;
  std::string rendezvous_address_;  // as if the ranks had met there
  bool shares_folder_ = true;       // else each rank has a storage folder of its own
  uint32_t cpus_ = 1;
  uint32_t adapter_rank_ = 0;  // 0: all parameters are trained
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_PATTERN_RUN_TESTING_H_
