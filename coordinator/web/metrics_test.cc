#include "coordinator/web/metrics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, CountsJobsByStateWithZeroForTheRest) {
  Metrics metrics;
  metrics.SetJobs({{v1::RUNNING, 3}});
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_jobs{state=\"RUNNING\"} 3\n"));
  metrics.SetJobs({{v1::DONE, 3}});
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_jobs{state=\"RUNNING\"} 0\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_jobs{state=\"DONE\"} 3\n"));
}

TEST(MetricsTest, CountsOnlyWhatLiveWorkersHold) {
  Metrics metrics;
  v1::WorkerStatus live;
  live.set_live(true);
  live.add_running("p1/pretrain attempt 1 rank 0");
  v1::DeviceStatus* device = live.add_devices();
  device->mutable_device()->set_target("duo-64m");
  device->set_leased_by("p1/benchmark");
  v1::WorkerStatus gone;
  gone.add_running("p1/data attempt 1 rank 0");
  metrics.SetWorkers({live, gone});
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("bonsai_workers{live=\"true\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_workers{live=\"false\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_leases 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_devices{leased=\"true\",target=\"duo-64m\"} 1\n"));
}

TEST(MetricsTest, PrintsCountersAndHistograms) {
  Metrics metrics;
  metrics.CountPipeline();
  v1::AttemptRecord lost;
  lost.set_outcome(v1::AttemptRecord::LOST);
  lost.set_started_unix_ms(1000);
  lost.set_ended_unix_ms(21000);
  metrics.CountEndedAttempt("pretrain", lost);
  metrics.ObserveCommit(absl::Milliseconds(4), 7);
  metrics.ObserveRpc("GetJob", "NOT_FOUND", absl::Milliseconds(1));
  metrics.CountLogBytes(100);
  metrics.CountArtifactCheck("refused");
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("bonsai_pipelines_submitted_total 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_attempts_total{outcome=\"LOST\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_commit_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_commit_events_sum 7\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_rpcs_total{code=\"NOT_FOUND\",method=\"GetJob\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_log_bytes_total 100\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_artifact_checks_total{result=\"refused\"} 1\n"));
}

TEST(MetricsTest, ALostAttemptIsAnEvictionAndAFailedOneIsNot) {
  Metrics metrics;
  v1::AttemptRecord attempt;
  attempt.set_outcome(v1::AttemptRecord::PREEMPTED);
  attempt.set_started_unix_ms(1000);
  attempt.set_ended_unix_ms(21000);
  metrics.CountEndedAttempt("pretrain", attempt);
  attempt.set_outcome(v1::AttemptRecord::FAILED);
  metrics.CountEndedAttempt("pretrain", attempt);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("bonsai_evictions_total{reason=\"PREEMPTED\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_evictions_total{reason=\"HUNG\"} 0\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("reason=\"FAILED\"")));
  EXPECT_THAT(text, HasSubstr("bonsai_attempt_seconds_sum{kind=\"pretrain\"} 40\n"));
}

TEST(MetricsTest, ShowsWhatWaitsAndForgetsWhatDoesNotAnyMore) {
  Metrics metrics;
  JobCensus census;
  census.pending[{"night", "red", "room"}] = 3;
  census.running[{"", ""}] = 2;
  v1::JobStatus status;
  status.mutable_job()->set_id("p1/pretrain");
  status.mutable_sample()->set_step(50);
  v1::Metric* loss = status.mutable_sample()->add_metrics();
  loss->set_name("loss");
  loss->set_value(2.5);
  census.measured.push_back(status);
  metrics.SetCensus(census);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("bonsai_pending_jobs{queue=\"night\",reason=\"room\",tenant=\"red\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_running_jobs{queue=\"default\",tenant=\"default\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_job_loss{job_id=\"p1/pretrain\"} 2.5\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_job_step{job_id=\"p1/pretrain\"} 50\n"));
  metrics.SetCensus({});
  EXPECT_THAT(metrics.Text(), testing::Not(HasSubstr("p1/pretrain")));
  EXPECT_THAT(metrics.Text(), testing::Not(HasSubstr("night")));
}

TEST(MetricsTest, BoundsTheNamesOfTenants) {
  Metrics metrics;
  JobCensus census;
  for (int i = 0; i < 300; ++i) census.running[{"default", "tenant-" + std::to_string(i)}] = 1;
  metrics.SetCensus(census);
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_running_jobs{queue=\"default\",tenant=\"other\"} 200\n"));
}

TEST(MetricsTest, CountsWhatIsFreeOfWorkers) {
  Metrics metrics;
  v1::WorkerStatus worker;
  worker.set_live(true);
  worker.set_cpus(8);
  worker.set_cpus_free(3);
  worker.set_gpus(2);
  worker.set_gpus_free(2);
  worker.add_gpu_devices()->set_unhealthy("an uncorrected error");
  worker.mutable_record()->set_cordoned(true);
  metrics.SetWorkers({worker});
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("bonsai_cpus{state=\"leased\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_gpus{state=\"unhealthy\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_gpus{state=\"free\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bonsai_workers_cordoned 1\n"));
}

}  // namespace
}  // namespace bonsai
