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
  metrics.CountAttempt(v1::AttemptRecord::LOST);
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

}  // namespace
}  // namespace bonsai
