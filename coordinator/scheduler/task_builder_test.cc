#include "coordinator/scheduler/task_builder.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

v1::JobRecord Job() {
  v1::JobRecord job;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(id: "p1/b" spec { name: "b" benchmark { target: "host" } }
         inputs { field: "benchmark.bundle" artifact_id: "x" }
         attempts { number: 1 placements { worker_id: "w" } }
         attempts { number: 2 placements { rank: 0 worker_id: "w" device_id: "local" }
                              placements { rank: 1 worker_id: "w" } }
         checkpoints { manifest_id: "new" step: 9 attempt: 2 }
         checkpoints { manifest_id: "old" step: 7 attempt: 1 })",
      &job));
  return job;
}

TEST(TaskBuilderTest, WritesDownTheLastAttempt) {
  v1::WorkerOffer offer;
  offer.add_devices()->set_id("local");
  offer.mutable_devices(0)->set_transport("local");
  const v1::Task task = BuildTask(Job(), 0, offer, "1.0", absl::Seconds(30));
  EXPECT_EQ(task.job_id(), "p1/b");
  EXPECT_EQ(task.attempt(), 2u);
  EXPECT_EQ(task.ranks(), 2u);
  EXPECT_EQ(task.spec().name(), "b");
  EXPECT_EQ(task.inputs(0).artifact_id(), "x");
  EXPECT_EQ(task.device().transport(), "local");
  EXPECT_EQ(task.code_version(), "1.0");
  EXPECT_FALSE(BuildTask(Job(), 1, offer, "1.0", absl::Seconds(30)).has_device());
  EXPECT_EQ(BuildTask(Job(), 0, v1::WorkerOffer(), "", absl::Seconds(30)).device().id(), "local")
      << "no longer offered";
}

TEST(TaskBuilderTest, TheJobsGraceGoesBeforeTheDefault) {
  v1::JobRecord job = Job();
  EXPECT_EQ(BuildTask(job, 0, {}, "", absl::Seconds(30)).grace_seconds(), 30u);
  job.mutable_spec()->set_grace_seconds(7);
  EXPECT_EQ(BuildTask(job, 0, {}, "", absl::Seconds(30)).grace_seconds(), 7u);
}

TEST(TaskBuilderTest, ResumesFromEarlierAttemptsOnly) {
  const v1::Task task = BuildTask(Job(), 0, v1::WorkerOffer(), "", absl::Seconds(30));
  ASSERT_EQ(task.resume_size(), 1);
  EXPECT_EQ(task.resume(0).manifest_id(), "old");
}

}  // namespace
}  // namespace bonsai
