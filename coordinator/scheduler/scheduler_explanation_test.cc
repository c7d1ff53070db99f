// Why a job is where it is, when it is likely to start, and dry runs.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::RankReport WithEta(const std::string& job_id, uint32_t attempt, double eta_seconds) {
  v1::RankReport report = Running(job_id, attempt);
  report.mutable_progress()->set_step(30);
  report.mutable_progress()->set_total_steps(100);
  report.mutable_progress()->set_eta_seconds(eta_seconds);
  return report;
}

v1::ExplainJobResponse Explain(ScheduledWorld& world, const std::string& job_id) {
  const auto response = world.scheduler().Explain(world.now(), job_id);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? *response : v1::ExplainJobResponse();
}

// In seconds from now; -1 if it is not known.
double StartsIn(ScheduledWorld& world, const v1::JobForecast& forecast) {
  if (forecast.start_unix_ms() == 0) return -1;
  return absl::ToDoubleSeconds(absl::FromUnixMillis(forecast.start_unix_ms()) - world.now());
}

TEST(ExplanationTest, AJobThatWaitsForRoomStartsWhenTheRunningOneSaysItEnds) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  world.Sync("w1", {WithEta("p1/a", 1, 90)});
  const v1::ExplainJobResponse response = Explain(world, "p1/b");
  EXPECT_EQ(response.state(), v1::READY);
  EXPECT_THAT(response.reason(), HasSubstr("waits for room"));
  EXPECT_NEAR(StartsIn(world, response.forecast()), 90, 1);
  EXPECT_TRUE(response.forecast().can_run());
  EXPECT_THAT(response.forecast().worker_ids(), ElementsAre("w1"));
  EXPECT_EQ(response.forecast().estimated_from(), "running jobs' own estimates");
  EXPECT_EQ(response.forecast().end_unix_ms(), 0) << "how long it takes itself is not known";
  EXPECT_THAT(response.details(), Contains("w1 has 0 of its 1 cpus free, 1 are needed"));
  const v1::ExplainJobResponse running = Explain(world, "p1/a");
  EXPECT_THAT(running.details(), Contains("it is at 30 of 100 steps; 1m30s to go, it said"));
  EXPECT_THAT(running.details(), Contains(HasSubstr("attempt 1 runs on w1 since 1970-01-12T")));
  EXPECT_EQ(absl::FromUnixMillis(running.forecast().end_unix_ms()), world.now() + absl::Seconds(90));
}

TEST(ExplanationTest, WhatIsNotKnownIsNotGuessed) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  world.Sync("w1", {Running("p1/a", 1)});
  EXPECT_EQ(StartsIn(world, Explain(world, "p1/b").forecast()), -1);
  EXPECT_TRUE(Explain(world, "p1/b").forecast().can_run());
}

TEST(ExplanationTest, ATimeLimitOrEarlierJobsOfTheKindGiveAnEstimateToo) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "time_limit_seconds: 600"), DataJob("b")});
  world.Sync("w1");
  world.Advance(absl::Seconds(5));
  world.Sync("w1", {Running("p1/a", 1)});
  const v1::JobForecast limited = Explain(world, "p1/b").forecast();
  EXPECT_NEAR(StartsIn(world, limited), 595, 1);
  EXPECT_EQ(limited.estimated_from(), "time limits");
  world.Advance(absl::Seconds(5));
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  world.Submit({DataJob("c")});
  world.Restart();
  world.Sync("w1", {Running("p1/b", 1)});
  world.Advance(absl::Seconds(4));
  world.Sync("w1", {Running("p1/b", 1)});
  const v1::JobForecast mean = Explain(world, "p2/c").forecast();
  EXPECT_NEAR(StartsIn(world, mean), 6, 1) << "data jobs took 10 s, and b has run for 4";
  EXPECT_EQ(mean.estimated_from(), "the mean of 1 earlier data jobs");
  EXPECT_NEAR(absl::ToDoubleSeconds(absl::FromUnixMillis(mean.end_unix_ms()) - world.now()), 16, 1);
}

TEST(ExplanationTest, AGangStartsWhenAllThatStandBeforeItAreThrough) {
  ScheduledWorld world;
  world.SetCpus("w1", 2);
  world.SetCpus("w2", 2);
  world.Submit({DataJob("a", "resources { cpus: 2 }"), DataJob("b", "resources { cpus: 2 }")});
  world.Sync("w1");
  world.Sync("w2");
  world.Submit({{"name: 'g' resources { ranks: 2 cpus: 2 } pretrain {}", {}}});
  world.Sync("w1", {WithEta("p1/a", 1, 30)});
  world.Sync("w2", {WithEta("p1/b", 1, 70)});
  const v1::JobForecast forecast = Explain(world, "p2/g").forecast();
  EXPECT_NEAR(StartsIn(world, forecast), 70, 1);
  EXPECT_THAT(forecast.worker_ids(), ElementsAre("w1", "w2"));
}

TEST(ExplanationTest, SaysWhatEachWorkerLacks) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "resources { cpus: 2 labels { key: 'zone' value: 'east' } }")});
  for (const char* id : {"w1", "w2", "w3", "w4"}) (*world.offer(id).mutable_labels())["zone"] = "east";
  world.Sync("w1");
  (*world.offer("w2").mutable_labels())["zone"] = "west";
  world.Sync("w2");
  v1::WorkerOffer& third = world.offer("w3");
  third.clear_kinds();
  third.add_kinds("sft");
  world.Sync("w3");
  world.SetWorker("w4", v1::SetWorkerRequest::CORDON);
  world.Sync("w4");
  EXPECT_THAT(Explain(world, "p1/a").details(),
              ElementsAre("number 1 of 1 jobs that wait for room",
                          "tenant default holds 0 cpus and 0 gpus; it has used 0% of late, and is due 100%",
                          "w1 has 1 cpus, 2 are needed", "w2 has the label zone=west, not east",
                          "w3 has no runner for data jobs", "w4 is cordoned by anonymous: new disk"));
  EXPECT_FALSE(Explain(world, "p1/a").forecast().can_run());
}

TEST(ExplanationTest, TellsWhereAJobStandsAndWhatItsTenantIsDue) {
  v1::TenantConfig red;
  red.set_name("red");
  red.set_weight(3);
  red.set_cpus_max(8);
  ScheduledWorld world({.tenants = {red}});
  world.SetActor({"ada", "red", false});
  world.Submit({DataJob("a"), DataJob("b"), DataJob("c", "priority: 5")});
  world.Sync("w1");
  EXPECT_EQ(world.state("p1/c"), v1::RUNNING);
  world.SetActor({"bob", "blue", false});
  world.Submit({DataJob("x", "priority: 1")});
  EXPECT_THAT(Explain(world, "p2/x").details(), Contains("number 1 of 3 jobs that wait for room"));
  EXPECT_THAT(Explain(world, "p1/b").details(), Contains("number 3 of 3 jobs that wait for room"));
  EXPECT_THAT(Explain(world, "p1/b").details(),
              Contains(HasSubstr("tenant red holds 1 of at most 8 cpus and 0 gpus;")));
  EXPECT_THAT(Explain(world, "p1/b").details(), Contains(HasSubstr("and is due 75%")));
}

TEST(ExplanationTest, TellsTheTroublesOfAJob) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), {"name: 'b' tokenizer {}", {"a"}}});
  world.Sync("w1");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::FAILED, "", "disk full")});
  const v1::ExplainJobResponse response = Explain(world, "p1/a");
  EXPECT_THAT(response.reason(), HasSubstr("backs off until"));
  EXPECT_THAT(response.details(), Contains("1 of 3 tries failed"));
  EXPECT_THAT(response.details(), Contains("avoids w1 while others will do"));
  EXPECT_THAT(response.details(), Contains(HasSubstr("ended after 0: failed, rank 0 on w1: disk full")));
  EXPECT_NEAR(StartsIn(world, response.forecast()), 1, 0.3);
  const v1::ExplainJobResponse waits = Explain(world, "p1/b");
  EXPECT_EQ(waits.reason(), "waits for p1/a");
  EXPECT_THAT(waits.details(), Contains(HasSubstr("field of a comes from p1/a, which is ready: backs off")));
  EXPECT_EQ(world.scheduler().Explain(world.now(), "p9/x").status().code(), absl::StatusCode::kNotFound);
}

TEST(ExplanationTest, AskingChangesNothing) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  world.Sync("w1", {WithEta("p1/a", 1, 5)});
  Explain(world, "p1/b");
  for (const Action& action : world.Apply(DeadlineReached{}))
    EXPECT_FALSE(std::holds_alternative<PutJob>(action));
  EXPECT_EQ(world.state("p1/b"), v1::READY);
}

PipelineSubmitted DryRun(const std::vector<std::string>& specs) {
  PipelineSubmitted event;
  for (const std::string& spec : specs) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(spec, event.pipeline.add_jobs()));
    event.inputs.emplace_back();
  }
  return event;
}

TEST(ForecastTest, SaysWhetherWhereAndWhenEachJobWouldRun) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  for (int i = 0; i < 4; ++i) {
    world.Advance(absl::Seconds(5));
    world.Sync("w1", {Running("p1/a", 1)});
  }
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  PipelineSubmitted event = DryRun({"name: 'x' data {}", "name: 'y' tokenizer {}", "name: 'z' data {}",
                                    "name: 'big' data {} resources { cpus: 9 }"});
  event.inputs[1].emplace_back().set_job_id("x");
  const auto forecasts = world.scheduler().Forecast(world.now(), event);
  ASSERT_EQ(forecasts.size(), 4u);
  EXPECT_EQ(forecasts[0].job(), "x");
  EXPECT_EQ(StartsIn(world, forecasts[0]), 0);
  EXPECT_THAT(forecasts[0].worker_ids(), ElementsAre("w1"));
  EXPECT_EQ(forecasts[0].why(), "");
  EXPECT_NEAR(StartsIn(world, forecasts[1]), 20, 1) << "when x is done, as long as data jobs take";
  EXPECT_EQ(forecasts[1].why(), "waits for x");
  EXPECT_EQ(StartsIn(world, forecasts[2]), -1) << "behind y, whose end is not known";
  EXPECT_FALSE(forecasts[3].can_run());
  EXPECT_THAT(forecasts[3].why(), HasSubstr("needs 9 cpus; the largest worker has 1"));
  EXPECT_EQ(world.Submit({DataJob("next")}), "p2") << "nothing was submitted";
}

TEST(ForecastTest, AnEmptyClusterCanRunNothing) {
  ScheduledWorld world;
  const auto forecasts = world.scheduler().Forecast(world.now(), DryRun({"name: 'x' data {}"}));
  ASSERT_EQ(forecasts.size(), 1u);
  EXPECT_FALSE(forecasts[0].can_run());
  EXPECT_EQ(forecasts[0].start_unix_ms(), 0);
  EXPECT_EQ(forecasts[0].why(), "no worker is connected");
  EXPECT_THAT(forecasts[0].worker_ids(), IsEmpty());
}

}  // namespace
}  // namespace bonsai
