// Schedules in the scheduler: what is due is submitted, once, with the time of the next in the same batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

SchedulePut EveryHour() {
  SchedulePut put;
  put.schedule.set_name("hourly");
  put.schedule.set_cron("0 * * * *");
  v1::JobSpec& job = *put.schedule.mutable_pipeline()->add_jobs();
  job.set_name("a");
  job.mutable_data();
  put.actor = {"ann", "red", false};
  return put;
}

size_t Pipelines(const ScheduledWorld& world) { return world.records().pipelines.size(); }

TEST(SchedulerScheduleTest, SubmitsWhenItsDeadlineComesAndNeverTwice) {
  ScheduledWorld world;
  ASSERT_EQ(world.Refusal(EveryHour()), absl::OkStatus());
  ASSERT_EQ(world.scheduler().ListSchedules().size(), 1u);
  world.PassDeadline();
  ASSERT_EQ(Pipelines(world), 1u);
  const v1::PipelineRecord& pipeline = world.records().pipelines.at("p1");
  EXPECT_EQ(pipeline.tenant(), "red");
  EXPECT_EQ(pipeline.submitter(), "schedule hourly");
  EXPECT_EQ(world.Story("p1/a").front(), "schedule hourly: submitted");
  EXPECT_EQ(world.records().schedules.at("hourly").last_pipeline_id(), "p1");
  world.Apply(DeadlineReached{});
  world.Restart();
  world.Apply(DeadlineReached{});
  EXPECT_EQ(Pipelines(world), 1u);
}

TEST(SchedulerScheduleTest, TheSubmissionAndTheNextTimeAreOneBatch) {
  ScheduledWorld world;
  ASSERT_EQ(world.Refusal(EveryHour()), absl::OkStatus());
  world.Advance(*world.scheduler().NextDeadline() - world.now());
  const std::vector<Action> actions = world.Apply(DeadlineReached{});
  int pipelines = 0, schedules = 0;
  for (const Action& action : actions) {
    pipelines += std::holds_alternative<PutPipeline>(action);
    if (const auto* put = std::get_if<PutSchedule>(&action)) {
      ++schedules;
      EXPECT_GT(put->record.next_unix_ms(), absl::ToUnixMillis(world.now()));
    }
  }
  EXPECT_EQ(pipelines, 1);
  EXPECT_EQ(schedules, 1);
}

TEST(SchedulerScheduleTest, WaitsForTheEndOfTheLastPipeline) {
  ScheduledWorld world;
  ASSERT_EQ(world.Refusal(EveryHour()), absl::OkStatus());
  world.PassDeadline();
  world.Advance(absl::Hours(5));
  world.Apply(DeadlineReached{});
  EXPECT_EQ(Pipelines(world), 1u);
  EXPECT_THAT(world.records().schedules.at("hourly").last_problem(), testing::HasSubstr("p1 has not ended"));
  world.Cancel("p1");
  EXPECT_EQ(Pipelines(world), 2u) << "the end of the last one lets the next go";
}

TEST(SchedulerScheduleTest, ARemovedScheduleSubmitsNothing) {
  ScheduledWorld world;
  ASSERT_EQ(world.Refusal(EveryHour()), absl::OkStatus());
  EXPECT_TRUE(absl::IsNotFound(world.Refusal(ScheduleDeleted{"daily", {}})));
  ASSERT_EQ(world.Refusal(ScheduleDeleted{"hourly", {}}), absl::OkStatus());
  EXPECT_TRUE(world.records().schedules.empty());
  EXPECT_EQ(world.scheduler().NextDeadline(), std::nullopt);
  world.Advance(absl::Hours(5));
  world.Apply(DeadlineReached{});
  EXPECT_EQ(Pipelines(world), 0u);
}

// Every hour one evaluation of a fixed model, compared with the one before.
SchedulePut EvaluateEveryHour(const std::string& model) {
  SchedulePut put = EveryHour();
  v1::JobSpec& job = *put.schedule.mutable_pipeline()->mutable_jobs(0);
  job.mutable_evaluate()->set_model(model);
  job.mutable_evaluate()->set_compare_with("@last:a");
  return put;
}

std::string InputOf(const v1::JobRecord& job, const std::string& field) {
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (input.field() == field) return input.artifact_id();
  }
  return "none";
}

TEST(SchedulerScheduleTest, AnInputStandsForTheLastRunsOutput) {
  ScheduledWorld world;
  const std::string model = world.MakeArtifact("model");
  v1::ArtifactRecord record;
  record.set_id(model);
  record.set_kind("model");
  world.Apply(ArtifactImported{record, {"ann", "red", false}});
  ASSERT_EQ(world.Refusal(EvaluateEveryHour(model)), absl::OkStatus());
  world.PassDeadline();
  EXPECT_EQ(InputOf(world.job("p1/a"), "evaluate.compare_with"), "none") << "nothing came before the first";
  EXPECT_EQ(world.job("p1/a").spec().evaluate().compare_with(), "");
  world.Sync("w1");
  const std::string first = world.MakeArtifact("evaluation");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, first)});
  ASSERT_EQ(world.state("p1/a"), v1::DONE);
  world.Restart();
  world.PassDeadline();
  ASSERT_EQ(Pipelines(world), 2u);
  EXPECT_EQ(InputOf(world.job("p2/a"), "evaluate.compare_with"), first);
  EXPECT_EQ(world.job("p2/a").spec().evaluate().compare_with(), first);
  world.Cancel("p2");
  world.PassDeadline();
  EXPECT_EQ(InputOf(world.job("p3/a"), "evaluate.compare_with"), first)
      << "the newest run in which it is done";
}

TEST(SchedulerScheduleTest, RefusesWhatIsNoCron) {
  ScheduledWorld world;
  SchedulePut put = EveryHour();
  put.schedule.set_cron("every hour");
  EXPECT_TRUE(absl::IsInvalidArgument(world.Refusal(put)));
}

}  // namespace
}  // namespace bonsai
