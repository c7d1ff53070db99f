#include "worker/train/training_plan.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace bonsai {
namespace {

v1::Task TaskOf(const std::string& text) {
  v1::Task task;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &task));
  return task;
}

constexpr char kSft[] =
    "ranks: 3 inputs { field: 'sft.model' artifact_id: 'm' } spec { sft { optimizer { learning_rate: 0.5 } "
    "steps: 7 batch_sequences: 4 seq_len: 9 seed: 5 checkpoint_every_steps: 2 } ";

constexpr char kPretrain[] =
    "spec { pretrain { optimizer { learning_rate: 0.5 } steps: 7 batch_sequences: 4 seed: 6 ";

TEST(TrainingPlan, PretrainAndSftFillTheSameFields) {
  const absl::StatusOr<TrainingPlan> sft = PlanOf(TaskOf(std::string(kSft) + "}"));
  ASSERT_TRUE(sft.ok()) << sft.status();
  EXPECT_EQ(sft->kind, "sft");
  EXPECT_EQ(sft->steps, 7u);
  EXPECT_EQ(sft->batch_sequences, 4u);
  EXPECT_EQ(sft->end_steps, 7u);
  EXPECT_EQ(sft->seq_len, 9u);
  EXPECT_EQ(sft->seed, 5u);
  EXPECT_EQ(sft->checkpoint_every_steps, 2u);
  EXPECT_EQ(sft->optimizer.learning_rate(), 0.5f);
  const absl::StatusOr<TrainingPlan> pretrain = PlanOf(TaskOf(std::string(kPretrain) + "} }"));
  ASSERT_TRUE(pretrain.ok()) << pretrain.status();
  EXPECT_EQ(pretrain->kind, "pretrain");
  EXPECT_EQ(pretrain->seed, 6u);
  EXPECT_NE(pretrain->fingerprint, sft->fingerprint);
  EXPECT_EQ(PlanOf(TaskOf("spec { pack {} }")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TrainingPlan, WhereItRunsIsNoPartOfTheFingerprint) {
  const std::string here = PlanOf(TaskOf(std::string(kSft) + "}"))->fingerprint;
  EXPECT_EQ(PlanOf(TaskOf(std::string(kSft) +
                          "name: 'x' priority: 5 max_attempts: 2 time_limit_seconds: 3 grace_seconds: 4 "
                          "resources { cpus: 2 max_ranks: 4 } } attempt: 2"))
                ->fingerprint,
            here);
  v1::Task other = TaskOf(std::string(kSft) + "}");
  other.mutable_inputs(0)->set_artifact_id("n");
  EXPECT_NE(PlanOf(other)->fingerprint, here);
}

TEST(TrainingPlan, WhoKeepsTheMomentsIsNoPartOfTheFingerprint) {
  v1::Task task = TaskOf(std::string(kPretrain) + "} }");
  const std::string whole = PlanOf(task)->fingerprint;
  EXPECT_FALSE(PlanOf(task)->shard_optimizer);
  task.mutable_spec()->mutable_pretrain()->set_shard_optimizer(true);
  EXPECT_TRUE(PlanOf(task)->shard_optimizer);
  EXPECT_EQ(PlanOf(task)->fingerprint, whole);
}

TEST(TrainingPlan, MayEndBeforeItsStepsAndIsTheSameRun) {
  v1::Task task = TaskOf(std::string(kSft) + "}");
  const std::string whole = PlanOf(task)->fingerprint;
  task.mutable_spec()->mutable_sft()->set_stop_after_steps(3);
  EXPECT_EQ(PlanOf(task)->steps, 7u);
  EXPECT_EQ(PlanOf(task)->end_steps, 3u);
  EXPECT_EQ(PlanOf(task)->fingerprint, whole);
  task.mutable_spec()->mutable_sft()->set_stop_after_steps(8);
  EXPECT_TRUE(
      absl::StrContains(PlanOf(task).status().message(), "sft.stop_after_steps is 8; valid: at most"));
}

TEST(TrainingPlan, NeedsARowForEachRank) {
  v1::Task task = TaskOf(std::string(kSft) + "}");
  task.set_ranks(4);
  EXPECT_TRUE(PlanOf(task).ok());
  task.set_ranks(5);
  const absl::Status status = PlanOf(task).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), "sft.batch_sequences is 4; valid: at least one for each"))
      << status;
}

TEST(TrainingPlan, PositionsAreBounded) {
  TrainingPlan plan = *PlanOf(TaskOf(std::string(kSft) + "}"));
  EXPECT_EQ(*PositionsOf(plan, 9, "max_seq_len"), 9u);
  EXPECT_TRUE(absl::StrContains(PositionsOf(plan, 8, "max_seq_len").status().message(),
                                "sft.seq_len is 9; valid: at most max_seq_len, 8"));
  plan.seq_len = 0;
  EXPECT_EQ(*PositionsOf(plan, 8, "max_seq_len"), 8u);
  EXPECT_TRUE(absl::StrContains(PositionsOf(plan, 1u << 27, "max_seq_len").status().message(),
                                "sft.batch_sequences is 4"));
}

TEST(TrainingPlan, RecipeThatCannotBeIsRefusedByName) {
  const auto message = [](absl::string_view more) {
    return std::string(PlanOf(TaskOf(absl::StrCat(kPretrain, more, "} }"))).status().message());
  };
  EXPECT_EQ(message("batch_ramp { initial_sequences: 2 steps: 5 } z_loss: 0.1 gradient_parts: 8"), "");
  for (const auto& [more, problem] : std::vector<std::pair<std::string, std::string>>{
           {"batch_ramp { steps: 5 }", "pretrain.batch_ramp.initial_sequences is 0; valid: 1, one for each"},
           {"batch_ramp { initial_sequences: 999 steps: 5 }", "initial_sequences is 999"},
           {"batch_ramp { initial_sequences: 2 steps: 4000000 }", "pretrain.batch_ramp.steps is 4000000"},
           {"z_loss: -1", "pretrain.z_loss is -1; valid: 0 to 1"},
           {"guard { spike_factor: 1 }", "pretrain.guard.spike_factor is 1; valid: above 1"},
           {"guard { skips_max: 2 }", "pretrain.guard.skips_max is 2; valid: 0 unless"},
           {"gradient_parts: 3", "pretrain.gradient_parts is 3; valid: 0, or a power of two"},
           {"gradient_parts: 2048", "pretrain.gradient_parts is 2048"}}) {
    EXPECT_TRUE(absl::StrContains(message(more), problem)) << message(more);
  }
}

TEST(TrainingPlan, PartsAreAlignedSubtreesOfTheRanksThatWork) {
  EXPECT_EQ(WorkingRanks(8, 6), 4);
  EXPECT_EQ(WorkingRanks(2, 6), 2);
  for (int rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(PartsOf(8, 6, rank).begin, 2 * rank);
    EXPECT_EQ(PartsOf(8, 6, rank).end, 2 * rank + 2);
  }
  EXPECT_EQ(PartsOf(8, 6, 4).begin, PartsOf(8, 6, 4).end);
}

TEST(TrainingPlan, EveryRowIsOneRanks) {
  for (int64_t rows = 1; rows < 12; ++rows) {
    for (int ranks = 1; ranks <= rows; ++ranks) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const RowShare share = ShareOf(rows, ranks, rank);
        EXPECT_EQ(share.begin, next);
        EXPECT_GE(share.end - share.begin, rows / ranks);
        EXPECT_LE(share.end - share.begin, rows / ranks + 1);
        next = share.end;
      }
      EXPECT_EQ(next, rows);
    }
  }
}

TEST(TrainingPlan, TheGpuTakesWhatItCanAndSaysWhatItCannot) {
  const std::string gpus = " gpu_ids: 'GPU-1' gpu_ids: 'GPU-2'";
  const absl::StatusOr<TrainingPlan> plain = PlanOf(TaskOf(std::string(kPretrain) + "} }" + gpus));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->gpu_id, "GPU-1");
  EXPECT_EQ(WhyNotOnGpu(*plain), "");
  const absl::StatusOr<TrainingPlan> tree =
      PlanOf(TaskOf(std::string(kPretrain) + "gradient_parts: 4 } }" + gpus));
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_TRUE(absl::StrContains(WhyNotOnGpu(*tree), "pretrain.gradient_parts is 4")) << WhyNotOnGpu(*tree);
  const absl::StatusOr<TrainingPlan> sft = PlanOf(TaskOf(std::string(kSft) + "}" + gpus));
  ASSERT_TRUE(sft.ok()) << sft.status();
  EXPECT_TRUE(absl::StrContains(WhyNotOnGpu(*sft), "sft runs on the CPU")) << WhyNotOnGpu(*sft);
}

}  // namespace
}  // namespace bonsai
