// Sweeps in the scheduler: variants run, rungs end, the best go on, and the varied job takes the best output.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/input_resolution.h"
#include "coordinator/scheduler/scheduled_world.h"
#include "coordinator/scheduler/sweep_expansion.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr char kGrid[] = R"(
  jobs { name: "pre" pretrain { tokens: "TOKENS" tokenizer: "TOKENIZER" steps: 90 } }
  jobs { name: "out" export { model: "@pre" } }
  sweeps { job: "pre" metric: "loss" parameters { field: "pretrain.seed" values: ["1", "2", "3", "4"] }
)";

class SchedulerSweepTest : public testing::Test {
 protected:
  SchedulerSweepTest() { world_.SetCpus("w", 8); }

  void Submit(const std::string& rest = "") {
    v1::Pipeline pipeline;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(absl::StrCat(kGrid, rest, "}"), &pipeline));
    auto expanded = ExpandSweeps(pipeline);
    ASSERT_TRUE(expanded.ok()) << expanded.status();
    PipelineSubmitted event;
    event.request_id = "request";
    event.inputs = ResolveInputs(*expanded);
    event.pipeline = *std::move(expanded);
    ASSERT_EQ(world_.Refusal(event), absl::OkStatus());
    world_.Sync("w");
  }

  // The attempt of the job reports the loss and a checkpoint, and then that it is done.
  void End(const std::string& name, double loss) {
    const std::string id = "p1/" + name;
    v1::RankReport report = Exited(id, static_cast<uint32_t>(world_.job(id).attempts_size()), 0,
                                   v1::RankReport::DONE, world_.MakeArtifact("model"));
    v1::Metric& metric = *report.mutable_sample()->add_metrics();
    metric.set_name("loss");
    metric.set_value(loss);
    report.mutable_checkpoint()->set_manifest_id(world_.MakeArtifact("checkpoint"));
    report.mutable_checkpoint()->set_step(10);
    reports_.push_back(report);
    Sync();
  }
  void FailFor(const std::string& name) {
    const std::string id = "p1/" + name;
    reports_.push_back(Exited(id, 1, 0, v1::RankReport::BAD_INPUT, "", "no such file"));
    Sync();
  }
  // The worker runs all that is running, and says what has exited.
  void Sync() {
    std::vector<v1::RankReport> ranks = std::exchange(reports_, {});
    for (const auto& [id, job] : world_.records().jobs) {
      if (job.state() != v1::RUNNING) continue;
      const bool told = std::any_of(ranks.begin(), ranks.end(),
                                    [&](const v1::RankReport& report) { return report.job_id() == id; });
      if (!told) ranks.push_back(Running(id, static_cast<uint32_t>(job.attempts_size())));
    }
    world_.Sync("w", ranks);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const std::string& id : world_.records().pipelines.at("p1").job_ids()) names.push_back(id.substr(3));
    return names;
  }

  ScheduledWorld world_;
  std::vector<v1::RankReport> reports_;
};

TEST_F(SchedulerSweepTest, TheVariedJobTakesTheBestOutputOnceAllHaveEnded) {
  Submit();
  EXPECT_EQ(world_.state("p1/pre-0"), v1::RUNNING);
  EXPECT_EQ(world_.state("p1/pre"), v1::WAITING);
  End("pre-0", 3.0);
  End("pre-1", 1.0);
  End("pre-2", 2.0);
  EXPECT_EQ(world_.state("p1/pre"), v1::WAITING);
  EXPECT_EQ(world_.job("p1/pre-1").result(0).value(), 1.0) << "a result is durable when its attempt ends";
  FailFor("pre-3");
  EXPECT_EQ(world_.state("p1/pre"), v1::DONE) << world_.job("p1/pre").reason();
  EXPECT_EQ(world_.job("p1/pre").output_id(), world_.job("p1/pre-1").output_id());
  EXPECT_EQ(world_.job("p1/pre").reason(), "took pre-1: loss 1, the best of 4");
  EXPECT_EQ(world_.job("p1/pre").attempts_size(), 0);
  EXPECT_EQ(world_.job("p1/pre-0").reason(), "rank 3 of 3 by loss (3)");
  EXPECT_EQ(world_.job("p1/out").inputs(0).artifact_id(), world_.job("p1/pre-1").output_id());
  EXPECT_NE(world_.state("p1/out"), v1::WAITING);
  EXPECT_THAT(world_.Story("p1/pre").back(), HasSubstr("done with artifact"));
}

TEST_F(SchedulerSweepTest, HalvingLetsTheBestGoOnFromTheirOwnCheckpoints) {
  Submit("step_field: 'pretrain.stop_after_steps' rung_steps: [10, 30, 90] eta: 2");
  for (int i = 0; i < 4; ++i) End(absl::StrCat("pre-", i), 4.0 - i);
  EXPECT_THAT(Names(), ElementsAre("pre-0", "pre-1", "pre-2", "pre-3", "pre", "out", "pre-3-r1", "pre-2-r1"));
  const v1::JobRecord& best = world_.job("p1/pre-3-r1");
  EXPECT_EQ(best.spec().pretrain().stop_after_steps(), 30u);
  EXPECT_EQ(best.spec().sweep().rung(), 1u);
  EXPECT_EQ(best.inputs(0).artifact_id(), "TOKENS");
  ASSERT_EQ(best.checkpoints_size(), 1);
  EXPECT_EQ(best.checkpoints(0).manifest_id(), world_.job("p1/pre-3").checkpoints(0).manifest_id());
  EXPECT_THAT(
      world_.job("p1/pre-0").reason(),
      HasSubstr("rank 4 of 4 by loss (4) at pretrain.stop_after_steps 10: ends here; the best 2 go on"));
  const v1::SynchronizeResponse told = world_.Sync("w");
  ASSERT_GT(told.desired_size(), 0);
  EXPECT_EQ(told.desired(0).resume_size(), 1) << "it resumes from the rung before";

  world_.Restart();
  Sync();
  End("pre-3-r1", 0.5);
  End("pre-2-r1", 0.7);
  EXPECT_THAT(Names().back(), "pre-3-r2");
  EXPECT_EQ(world_.state("p1/pre"), v1::WAITING);
  End("pre-3-r2", 0.25);
  EXPECT_EQ(world_.state("p1/pre"), v1::DONE);
  EXPECT_EQ(world_.job("p1/pre").output_id(), world_.job("p1/pre-3-r2").output_id());
  EXPECT_EQ(world_.job("p1/pre").reason(), "took pre-3-r2: loss 0.25, the best of 4");
}

TEST_F(SchedulerSweepTest, FailsWhereNoVariantHasAResultAndGoesOnAfterARetry) {
  Submit();
  for (int i = 0; i < 4; ++i) FailFor(absl::StrCat("pre-", i));
  EXPECT_EQ(world_.state("p1/pre"), v1::FAILED);
  EXPECT_THAT(world_.job("p1/pre").reason(), HasSubstr("of 4 variants 0 are done"));
  EXPECT_EQ(world_.state("p1/out"), v1::FAILED);
  world_.Retry("p1");
  EXPECT_EQ(world_.state("p1/pre"), v1::WAITING);
  Sync();
  for (int i = 0; i < 4; ++i) End(absl::StrCat("pre-", i), i);
  EXPECT_EQ(world_.state("p1/pre"), v1::DONE);
  EXPECT_EQ(world_.job("p1/pre").output_id(), world_.job("p1/pre-0").output_id());
}

TEST_F(SchedulerSweepTest, CancellingTheVariedJobCancelsItsVariants) {
  Submit();
  const v1::CancelResponse response = world_.Cancel("p1/pre");
  EXPECT_THAT(std::vector<std::string>(response.job_ids().begin(), response.job_ids().end()),
              UnorderedElementsAre("p1/pre", "p1/out", "p1/pre-0", "p1/pre-1", "p1/pre-2", "p1/pre-3"));
  EXPECT_EQ(world_.state("p1/pre"), v1::CANCELLED);
  EXPECT_EQ(world_.state("p1/pre-0"), v1::CANCELLING);
}

TEST_F(SchedulerSweepTest, AJobThatSelectsNeverRuns) {
  Submit();
  for (int i = 0; i < 4; ++i) End(absl::StrCat("pre-", i), i);
  EXPECT_EQ(world_.job("p1/pre").attempts_size(), 0);
  for (const auto& entry : world_.history("p1/pre")) EXPECT_NE(entry.state(), v1::READY);
}

}  // namespace
}  // namespace bonsai
