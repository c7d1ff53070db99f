#include "coordinator/scheduler/checkpoint_retention.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>

#include "coordinator/scheduler/checkpoint_list.h"

namespace bonsai {
namespace {

v1::StorageConfig Policy(const std::string& text = "") {
  v1::StorageConfig policy;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &policy)) << text;
  return policy;
}

bool Add(v1::JobRecord& job, uint32_t attempt, uint64_t step, const v1::StorageConfig& policy = Policy(),
         double loss = -1) {
  v1::Checkpoint checkpoint;
  checkpoint.set_manifest_id(std::to_string(attempt) + "/" + std::to_string(step));
  checkpoint.set_attempt(attempt);
  checkpoint.set_step(step);
  if (loss >= 0) {
    checkpoint.add_metrics()->set_name("loss");
    checkpoint.mutable_metrics(0)->set_value(loss);
  }
  return AddCheckpoint(checkpoint, policy, job);
}

std::string Kept(const v1::JobRecord& job) {
  std::string text;
  for (const auto& checkpoint : job.checkpoints()) text += checkpoint.manifest_id() + " ";
  return text;
}

void StartAttempt(v1::JobRecord& job, uint32_t attempt) {
  job.set_state(v1::RUNNING);
  job.add_attempts()->set_number(attempt);
}

TEST(CheckpointRetentionTest, KeepsTheBestByAMetricBesides) {
  const v1::StorageConfig policy =
      Policy("checkpoints_latest: 1 checkpoints_best: 2 checkpoint_metric: 'loss'");
  v1::JobRecord job;
  Add(job, 1, 10, policy, 5.0);
  Add(job, 1, 20, policy, 3.0);
  Add(job, 1, 30, policy, 2.0);
  Add(job, 1, 40, policy, 4.0);
  EXPECT_EQ(Kept(job), "1/40 1/30 1/20 ");
  Add(job, 1, 50, policy, 2.5);
  Add(job, 1, 60, policy, 9.0);
  EXPECT_EQ(Kept(job), "1/60 1/50 1/30 ") << "40 is neither newest nor best, 20 is best no more";
  Add(job, 1, 70, policy);
  EXPECT_EQ(Kept(job), "1/70 1/50 1/30 ") << "without the metric it is none of the best";
  Add(job, 1, 80, policy, std::numeric_limits<double>::infinity());
  EXPECT_EQ(Kept(job), "1/80 1/50 1/30 ");
}

TEST(CheckpointRetentionTest, OfEqualOnesTheNewerIsBetterAndHigherMayBe) {
  const v1::StorageConfig policy = Policy(
      "checkpoints_latest: 1 checkpoints_best: 1 checkpoint_metric: 'loss' "
      "checkpoint_metric_higher_is_better: true");
  v1::JobRecord job;
  Add(job, 1, 10, policy, 5.0);
  Add(job, 1, 20, policy, 5.0);
  Add(job, 1, 30, policy, 4.0);
  EXPECT_EQ(Kept(job), "1/30 1/20 ");
}

TEST(CheckpointRetentionTest, KeepsOneForEachMultipleOfSoManySteps) {
  const v1::StorageConfig policy = Policy("checkpoints_latest: 1 checkpoints_every: 100");
  v1::JobRecord job;
  for (uint64_t step = 50; step <= 350; step += 50) Add(job, 1, step, policy);
  EXPECT_EQ(Kept(job), "1/350 1/300 1/200 1/100 ");
  Add(job, 2, 300, policy);
  EXPECT_EQ(Kept(job), "2/300 1/200 1/100 ") << "of the same step the newer";
}

TEST(CheckpointRetentionTest, SpacedOnesAreBounded) {
  const v1::StorageConfig policy = Policy("checkpoints_every: 1");
  v1::JobRecord job;
  for (uint64_t step = 1; step <= kSpacedCheckpointsMax + 10; ++step) Add(job, 1, step, policy);
  EXPECT_EQ(job.checkpoints_size(), kSpacedCheckpointsMax);
}

TEST(CheckpointRetentionTest, WhatARunningAttemptMayResumeFromStays) {
  const v1::StorageConfig policy = Policy("checkpoints_latest: 1");
  v1::JobRecord job;
  StartAttempt(job, 1);
  Add(job, 1, 10, policy);
  Add(job, 1, 20, policy);
  EXPECT_EQ(Kept(job), "1/20 ");
  StartAttempt(job, 2);
  Add(job, 2, 30, policy);
  Add(job, 2, 40, policy);
  EXPECT_EQ(Kept(job), "2/40 1/20 ") << "attempt 2 was handed 1/20";
  StartAttempt(job, 3);
  RetainCheckpoints(policy, job);
  EXPECT_EQ(Kept(job), "2/40 ");
}

TEST(CheckpointRetentionTest, AJobThatEndedKeepsNoneOrTheNewestForARetry) {
  for (const auto& [state, kept] :
       {std::pair(v1::DONE, ""), std::pair(v1::FAILED, "1/40 "), std::pair(v1::CANCELLED, "1/40 ")}) {
    v1::JobRecord job;
    for (uint64_t step : {20, 30, 40}) Add(job, 1, step);
    job.set_state(state);
    RetainEndedCheckpoints(job);
    EXPECT_EQ(Kept(job), kept);
  }
  v1::JobRecord variant;
  for (uint64_t step : {20, 30, 40}) Add(variant, 1, step);
  variant.mutable_spec()->mutable_sweep()->set_job("train");
  variant.set_state(v1::DONE);
  RetainEndedCheckpoints(variant);
  EXPECT_EQ(Kept(variant), "1/40 1/30 1/20 ") << "a later rung goes on from there";
  v1::JobRecord none;
  none.set_state(v1::FAILED);
  RetainEndedCheckpoints(none);
  EXPECT_EQ(Kept(none), "");
}

}  // namespace
}  // namespace bonsai
