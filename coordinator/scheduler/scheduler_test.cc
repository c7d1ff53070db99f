// Submission, order, placement, cancellation. Attempts and recovery have files of their own.
#include "coordinator/scheduler/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Runs the job's only rank on w1 to its end.
void Finish(ScheduledWorld& world, const std::string& job_id, const std::string& output_kind = "corpus") {
  const uint32_t attempt = world.job(job_id).attempts_size();
  world.Sync("w1", {Exited(job_id, attempt, 0, v1::RankReport::DONE, world.MakeArtifact(output_kind))});
  ASSERT_EQ(world.state(job_id), v1::DONE) << world.job(job_id).reason();
}

TEST(SchedulerTest, RunsAJobOnAWorkerWithRoomAndPublishesItsOutput) {
  ScheduledWorld world;
  EXPECT_EQ(world.Submit({DataJob("a")}), "p1");
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 1 rank 0");
  EXPECT_EQ(world.state("p1/a"), v1::RUNNING);
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "p1/a attempt 1 rank 0");
  const std::string output = world.MakeArtifact("corpus");
  EXPECT_EQ(Names(world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, output)})), "");
  EXPECT_EQ(world.state("p1/a"), v1::DONE);
  EXPECT_EQ(world.job("p1/a").output_id(), output);
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::SUCCEEDED);
  ASSERT_EQ(world.records().artifacts.count(output), 1u);
  EXPECT_EQ(world.records().artifacts.at(output).job_id(), "p1/a");
  EXPECT_EQ(world.records().artifacts.at(output).sequence(), 1u);
}

TEST(SchedulerTest, GivesTheOutputsOfJobsToThoseThatWaitForThem) {
  ScheduledWorld world;
  world.SetCpus("w1", 4);
  world.Submit({{"name: 'c' pack {}", {"a", "b"}}, DataJob("a"), {"name: 'b' tokenizer {}", {"a"}}});
  EXPECT_EQ(world.state("p1/c"), v1::WAITING);
  EXPECT_EQ(world.scheduler().ExplainPending("p1/c"), "waits for p1/a, p1/b");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 1 rank 0");
  Finish(world, "p1/a");
  EXPECT_EQ(world.scheduler().ExplainPending("p1/c"), "waits for p1/b");
  EXPECT_EQ(world.state("p1/b"), v1::RUNNING);
  EXPECT_EQ(world.job("p1/b").inputs(0).artifact_id(), "corpus-1");
  Finish(world, "p1/b", "tokenizer");
  const auto response = world.Sync("w1");
  ASSERT_EQ(Names(response), "p1/c attempt 1 rank 0");
  const v1::Task& task = response.desired(0);
  ASSERT_EQ(task.inputs_size(), 2);
  EXPECT_EQ(task.inputs(0).artifact_id(), "corpus-1");
  EXPECT_EQ(task.inputs(1).artifact_id(), "tokenizer-2");
  EXPECT_EQ(task.ranks(), 1u);
}

TEST(SchedulerTest, AnswersTheSameRequestTheSameWayEvenAfterARestart) {
  ScheduledWorld world;
  PipelineSubmitted event;
  event.request_id = "r";
  event.pipeline.add_jobs()->set_name("b");
  event.pipeline.add_jobs()->set_name("a");
  event.inputs.resize(2);
  event.inputs[0].emplace_back().set_job_id("a");
  const auto response = [&] {
    for (const Action& action : world.Apply(event)) {
      if (const auto* reply = std::get_if<ReplySubmitted>(&action)) return reply->response;
    }
    return v1::SubmitPipelineResponse();
  };
  const auto first = response();
  EXPECT_THAT(first.order(), ElementsAre("a", "b"));
  EXPECT_THAT(first.job_ids(), ElementsAre("p1/b", "p1/a"));
  EXPECT_EQ(response().SerializeAsString(), first.SerializeAsString());
  world.Restart();
  EXPECT_EQ(response().SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(world.records().pipelines.size(), 1u);
  EXPECT_EQ(world.Submit({DataJob("a")}), "p2");
}

TEST(SchedulerTest, RefusesAPipelineThatWasNotChecked) {
  ScheduledWorld world({.jobs_per_pipeline_max = 1});
  PipelineSubmitted event;
  event.pipeline.add_jobs()->set_name("a");
  EXPECT_EQ(world.Refusal(event).code(), absl::StatusCode::kInvalidArgument);
  event.inputs.resize(1);
  event.inputs[0].emplace_back().set_job_id("nobody");
  EXPECT_THAT(std::string(world.Refusal(event).message()), HasSubstr("nobody"));
  event.pipeline.add_jobs()->set_name("b");
  EXPECT_THAT(std::string(world.Refusal(event).message()), HasSubstr("at most 1"));
  EXPECT_THAT(world.records().jobs, IsEmpty());
  EXPECT_EQ(world.records().counters, Counters());
}

TEST(SchedulerTest, PlacesAGangOverSeveralWorkersOrNotAtAll) {
  ScheduledWorld world;
  world.SetCpus("w1", 2);
  world.SetCpus("w2", 1);
  world.Submit({{"name: 'g' resources { ranks: 3 } pretrain {}", {}}});
  EXPECT_EQ(Names(world.Sync("w1")), "");
  EXPECT_EQ(world.scheduler().ExplainPending("p1/g"),
            "needs 1 cpu and 512 MiB of memory for each of 3 ranks; the connected workers hold 2 such ranks "
            "when they "
            "run nothing else");
  EXPECT_EQ(Names(world.Sync("w2")), "p1/g attempt 1 rank 2");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/g attempt 1 rank 0, p1/g attempt 1 rank 1");
  EXPECT_EQ(world.scheduler().ExplainPending("p1/g"), "");
}

TEST(SchedulerTest, LetsASmallJobPassABigOneOnlyWhereItDoesNotDelayIt) {
  ScheduledWorld world;
  world.SetCpus("w1", 2);
  world.SetCpus("w2", 1);
  world.Submit({DataJob("small")});
  EXPECT_EQ(Names(world.Sync("w1")), "p1/small attempt 1 rank 0");
  world.Submit({DataJob("big", "resources { cpus: 2 }")});
  world.Submit({DataJob("passes")});
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/small", 1)})), "p1/small attempt 1 rank 0")
      << "the free cpu is kept for big";
  EXPECT_THAT(world.scheduler().ExplainPending("p2/big"), HasSubstr("room is kept for it on w1"));
  EXPECT_EQ(world.scheduler().ExplainPending("p3/passes"), "waits for room that is kept for an older job");
  EXPECT_EQ(Names(world.Sync("w2")), "p3/passes attempt 1 rank 0");
  const auto next =
      world.Sync("w1", {Exited("p1/small", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  EXPECT_EQ(Names(next), "p2/big attempt 1 rank 0");
}

TEST(SchedulerTest, GivesADeviceToOneJobAtATime) {
  ScheduledWorld world;
  world.SetCpus("w1", 8);
  v1::Device& device = *world.offer("w1").add_devices();
  device.set_id("board");
  device.set_target("duo-64m");
  device.set_emulated(true);
  const std::string benchmark = " benchmark { target: 'duo-64m' }";
  world.Submit({{"name: 'a'" + benchmark, {}}, {"name: 'b'" + benchmark, {}}});
  const auto response = world.Sync("w1");
  ASSERT_EQ(Names(response), "p1/a attempt 1 rank 0");
  EXPECT_EQ(response.desired(0).device().id(), "board");
  EXPECT_TRUE(response.desired(0).device().emulated());
  const auto workers = world.scheduler().ListWorkers(world.now());
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0].devices(0).leased_by(), "p1/a");
  EXPECT_EQ(workers[0].cpus_free(), 7u);
  EXPECT_THAT(workers[0].running(), ElementsAre("p1/a attempt 1 rank 0"));
  Finish(world, "p1/a", "benchmark");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/b attempt 1 rank 0");
}

TEST(SchedulerTest, SaysWhyAReadyJobCannotRun) {
  ScheduledWorld world;
  world.Submit({DataJob("cpus", "resources { ranks: 2 cpus: 2 }"),
                DataJob("memory", "resources { memory_bytes: 99 }"),
                DataJob("gpus", "resources { gpus: 1 }"),
                {"name: 'device' benchmark { target: 'duo-64m' }", {}},
                {"name: 'kind' sft {}", {}}});
  Scheduler& scheduler = world.scheduler();
  EXPECT_EQ(scheduler.ExplainPending("p1/cpus"), "no worker is connected");
  v1::WorkerOffer& offer = world.offer("w1");
  offer.clear_kinds();
  offer.add_kinds("data");
  offer.add_kinds("benchmark");
  offer.set_memory_bytes(98);
  world.Sync("w1");
  EXPECT_EQ(scheduler.ExplainPending("p1/cpus"),
            "needs 2 cpus for each of 2 ranks; the largest worker has 1");
  EXPECT_EQ(scheduler.ExplainPending("p1/memory"), "needs 99 bytes of memory; the largest worker has 98");
  offer.set_memory_bytes(uint64_t{1} << 40);
  world.Sync("w1");
  EXPECT_EQ(scheduler.ExplainPending("p1/gpus"), "needs 1 gpu; the largest worker has 0");
  EXPECT_EQ(scheduler.ExplainPending("p1/device"),
            "needs a duo-64m device; no connected worker has any device");
  EXPECT_EQ(scheduler.ExplainPending("p1/kind"), "no connected worker has a runner for sft jobs");
  EXPECT_EQ(scheduler.ExplainPending("p1/nobody"), "");
  world.SetLeaving("w1");
  world.Sync("w1");
  EXPECT_EQ(scheduler.ExplainPending("p1/cpus"), "every connected worker is leaving or cordoned");
}

TEST(SchedulerTest, GivesALeavingWorkerNothingNew) {
  ScheduledWorld world;
  world.SetCpus("w1", 4);
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.SetLeaving("w1");
  world.Sync("w1", {Running("p1/a", 1)});
  world.Submit({DataJob("b")});
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "p1/a attempt 1 rank 0");
  EXPECT_EQ(world.state("p2/b"), v1::READY);
}

TEST(SchedulerTest, CancelsAWaitingJobAtOnceAndARunningOneWhenItsRanksAreGone) {
  ScheduledWorld world;
  world.Submit(
      {DataJob("a"), {"name: 'b' tokenizer {}", {"a"}}, {"name: 'c' pack {}", {"b"}}, DataJob("other")});
  world.Sync("w1");
  EXPECT_THAT(world.Cancel("p1/a").job_ids(), ElementsAre("p1/a", "p1/b", "p1/c"));
  EXPECT_EQ(world.state("p1/a"), v1::CANCELLING);
  EXPECT_EQ(world.state("p1/b"), v1::CANCELLED);
  EXPECT_EQ(world.state("p1/c"), v1::CANCELLED);
  EXPECT_EQ(world.scheduler().ExplainPending("p1/a"), "is being cancelled; waits for rank 0 on w1 to stop");
  const std::string output = world.MakeArtifact("corpus");
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
  EXPECT_EQ(world.state("p1/a"), v1::CANCELLING);
  EXPECT_EQ(Names(world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, output)})),
            "p1/other attempt 1 rank 0");
  EXPECT_EQ(world.state("p1/a"), v1::CANCELLED);
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::CANCELLED);
  EXPECT_EQ(world.records().artifacts.count(output), 0u) << "a cancelled job publishes nothing";
}

TEST(SchedulerTest, CancelsAWholePipelineAndNothingTwice) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  Finish(world, "p1/a");
  EXPECT_THAT(world.Cancel("p1").job_ids(), ElementsAre("p1/b"));
  world.Sync("w1");
  EXPECT_EQ(world.state("p1/a"), v1::DONE);
  EXPECT_EQ(world.state("p1/b"), v1::CANCELLED);
  EXPECT_THAT(world.Cancel("p1").job_ids(), IsEmpty());
  EXPECT_THAT(world.Cancel("p1/a").job_ids(), IsEmpty());
  EXPECT_EQ(world.Refusal(CancelRequested{"p9"}).code(), absl::StatusCode::kNotFound);
}

TEST(SchedulerTest, ToldOfADoneJobItLeavesThoseThatNeedItAlone) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), {"name: 'b' tokenizer {}", {"a"}}});
  world.Sync("w1");
  Finish(world, "p1/a");
  EXPECT_THAT(world.Cancel("p1/a").job_ids(), IsEmpty());
  EXPECT_EQ(world.state("p1/b"), v1::RUNNING);
}

TEST(SchedulerTest, AsksAWorkerBackSoonerWhileSomethingIsToChangeForIt) {
  ScheduledWorld world;
  for (int i = 1; i <= 300; ++i) world.Sync(absl::StrCat("w", i));
  EXPECT_EQ(world.Sync("w1").next_synchronize_ms(), 1000);
  world.Submit({DataJob("a")});
  EXPECT_LE(world.Sync("w1").next_synchronize_ms(), 200) << "it is to start a rank";
  EXPECT_EQ(world.Sync("w1", {Running("p1/a", 1)}).next_synchronize_ms(), 1000);
  world.Cancel("p1/a");
  EXPECT_LE(world.Sync("w1", {Running("p1/a", 1)}).next_synchronize_ms(), 200) << "it is to stop a rank";
}

TEST(SchedulerTest, AsksFewWorkersBackMoreOftenThanMany) {
  ScheduledWorld world;
  EXPECT_EQ(world.Sync("w1").next_synchronize_ms(), 100);
  for (int i = 2; i <= 100; ++i) world.Sync(absl::StrCat("w", i));
  EXPECT_EQ(world.Sync("w1").next_synchronize_ms(), 500);
}

TEST(SchedulerTest, RefusesARequestThatMakesNoSense) {
  ScheduledWorld world;
  WorkerSynchronized event;
  EXPECT_THAT(std::string(world.Refusal(event).message()), HasSubstr("worker_id"));
  event.request.set_worker_id("w1");
  EXPECT_THAT(std::string(world.Refusal(event).message()), HasSubstr("session"));
  event.request.set_session("s");
  event.request.mutable_offer()->add_devices()->set_id("d");
  event.request.mutable_offer()->add_devices()->set_id("d");
  EXPECT_THAT(std::string(world.Refusal(event).message()), HasSubstr("\"d\" is there twice"));
  EXPECT_THAT(world.scheduler().ListWorkers(world.now()), IsEmpty());
}

}  // namespace
}  // namespace bonsai
