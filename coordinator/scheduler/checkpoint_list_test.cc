#include "coordinator/scheduler/checkpoint_list.h"

#include <gtest/gtest.h>

#include <limits>

namespace bonsai {
namespace {

bool Add(v1::JobRecord& job, uint32_t attempt, uint64_t step) {
  v1::Checkpoint checkpoint;
  checkpoint.set_manifest_id(std::to_string(attempt) + "/" + std::to_string(step));
  checkpoint.set_attempt(attempt);
  checkpoint.set_step(step);
  return AddCheckpoint(checkpoint, v1::StorageConfig(), job);
}

std::string Kept(const v1::JobRecord& job) {
  std::string text;
  for (const auto& checkpoint : job.checkpoints()) text += checkpoint.manifest_id() + " ";
  return text;
}

TEST(CheckpointListTest, KeepsTheNewestFirst) {
  v1::JobRecord job;
  for (uint64_t step : {10, 30, 20, 40}) EXPECT_TRUE(Add(job, 1, step));
  EXPECT_EQ(Kept(job), "1/40 1/30 1/20 ");
  EXPECT_FALSE(Add(job, 1, 40)) << "it is there";
  EXPECT_FALSE(Add(job, 1, 5)) << "too old to be kept";
}

TEST(CheckpointListTest, ALaterAttemptThatHadToGoBackIsNewer) {
  v1::JobRecord job;
  for (uint64_t step : {100, 200, 300}) Add(job, 1, step);
  EXPECT_TRUE(Add(job, 2, 50)) << "it started over, for none of the others verified";
  EXPECT_EQ(Kept(job), "2/50 1/300 1/200 ");
}

TEST(CheckpointListTest, RecordsABoundedNumberOfSoundMetrics) {
  v1::CheckpointWritten written;
  written.set_manifest_id("a");
  written.set_step(7);
  const auto add = [&](const std::string& name, double value) {
    v1::Metric& metric = *written.add_metrics();
    metric.set_name(name);
    metric.set_value(value);
  };
  add("not finite", std::numeric_limits<double>::infinity());
  add(std::string(65, 'x'), 1);
  for (int i = 0; i < 20; ++i) add("loss", i);
  const v1::Checkpoint checkpoint = CheckpointOf(written, 3);
  EXPECT_EQ(checkpoint.manifest_id(), "a");
  EXPECT_EQ(checkpoint.step(), 7u);
  EXPECT_EQ(checkpoint.attempt(), 3u);
  ASSERT_EQ(checkpoint.metrics_size(), 16);
  EXPECT_EQ(checkpoint.metrics(0).name(), "loss");
  EXPECT_EQ(checkpoint.metrics(15).value(), 15);
}

}  // namespace
}  // namespace bonsai
