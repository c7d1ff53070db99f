// The tables of the verbs that steer and explain, as people see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "client/forecast_view.h"
#include "client/history_view.h"
#include "client/schedule_view.h"
#include "client/usage_view.h"
#include "client/worker_view.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

class ControlViewsTest : public testing::Test {
 protected:
  ControlViewsTest() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  // 2026-11-21 02:30:00 UTC
  const absl::Time now_ = absl::FromUnixSeconds(1795228200);
  int64_t In(absl::Duration duration) const { return absl::ToUnixMillis(now_ + duration); }
};

TEST_F(ControlViewsTest, AMomentIsSaidFromHereAndByTheClock) {
  EXPECT_EQ(FormatMoment(0, now_), "-");
  EXPECT_EQ(FormatMoment(In(absl::Milliseconds(300)), now_), "now");
  EXPECT_EQ(FormatMoment(In(absl::Seconds(185)), now_), "in 3m05s (02:33:05)");
  EXPECT_EQ(FormatMoment(In(-absl::Seconds(60)), now_), "1m00s ago (02:29:00)");
  EXPECT_EQ(FormatMoment(In(absl::Hours(24)), now_), "in 1d00h (2026-11-22 02:30)");
}

TEST_F(ControlViewsTest, ADryRunSaysWhetherWhereWhenAndWhy) {
  v1::SubmitPipelineResponse response;
  v1::JobForecast* data = response.add_forecasts();
  data->set_job("data");
  data->set_can_run(true);
  data->set_start_unix_ms(In(absl::ZeroDuration()));
  data->set_end_unix_ms(In(absl::Seconds(20)));
  data->add_worker_ids("w1");
  data->set_estimated_from("the mean of 3 earlier data jobs");
  v1::JobForecast* train = response.add_forecasts();
  train->set_job("pretrain");
  train->set_why("needs 64 cpus; the largest worker has 2");
  EXPECT_EQ(
      RenderForecasts(response, now_, 100),
      "JOB       RUNNABLE  WHERE  START  END                WHY\n"
      "data      yes       w1     now    in 20s (02:30:20)  estimated from the mean of 3 earlier data jobs\n"
      "pretrain  NO        -      -      -                  needs 64 cpus; the largest worker has 2\n");
  EXPECT_EQ(RenderForecasts(v1::SubmitPipelineResponse(), now_, 100), "");
}

TEST_F(ControlViewsTest, AnExplanationHasTheReasonTheForecastAndTheDetails) {
  v1::ExplainJobResponse response;
  response.set_state(v1::READY);
  response.set_reason("waits for 2 cpus");
  response.mutable_forecast()->set_can_run(true);
  response.mutable_forecast()->set_start_unix_ms(In(absl::Seconds(90)));
  response.mutable_forecast()->set_why("waits for 2 cpus");
  response.mutable_forecast()->set_estimated_from("running jobs' own estimates");
  response.add_details("3 jobs are before it in queue default");
  const std::string text = RenderExplanation("p1/a", response, now_, 80);
  EXPECT_THAT(text, testing::StartsWith("p1/a is ready: waits for 2 cpus\n"));
  EXPECT_THAT(text, HasSubstr("  runnable        yes\n"));
  EXPECT_THAT(text, HasSubstr("  starts          in 1m30s (02:31:30)\n"));
  EXPECT_THAT(text, HasSubstr("  estimated from  running jobs' own estimates\n"));
  EXPECT_THAT(text, HasSubstr("3 jobs are before it in queue default\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("why"))) << "the reason is not said twice";
}

TEST_F(ControlViewsTest, AHistoryIsALineForEachThing) {
  v1::GetHistoryResponse response;
  v1::HistoryEntry* entry = response.add_entries();
  entry->set_number(1);
  entry->set_unix_ms(In(absl::Milliseconds(7)));
  entry->set_actor("ann");
  entry->set_what("submitted");
  entry->set_state(v1::READY);
  entry = response.add_entries();
  entry->set_number(2);
  entry->set_unix_ms(In(absl::Seconds(1)));
  entry->set_actor("scheduler");
  entry->set_what("preempted");
  entry->set_why("p2/big has priority 5");
  entry->set_state(v1::READY);
  EXPECT_EQ(RenderHistory(response, 100),
            "NR  WHEN                     WHO        THEN   WHAT AND WHY\n"
            " 1  2026-11-21 02:30:00.007  ann        ready  submitted\n"
            " 2  2026-11-21 02:30:01.000  scheduler  ready  preempted: p2/big has priority 5\n");
}

TEST_F(ControlViewsTest, ASchedulesLineHasItsNextTimeAndItsLastProblem) {
  v1::ListSchedulesResponse response;
  v1::ScheduleRecord* schedule = response.add_schedules();
  schedule->set_name("nightly");
  schedule->set_cron("0 3 * * *");
  schedule->set_next_unix_ms(In(absl::Minutes(30)));
  schedule->set_actor("ann");
  schedule->set_last_problem("p3 has not ended");
  EXPECT_EQ(RenderSchedules(response, now_, 120),
            "SCHEDULE  CRON (UTC)  NEXT                  LAST  CATCH UP  WHO  PROBLEM\n"
            "nightly   0 3 * * *   in 30m00s (03:00:00)  -     latest    ann  p3 has not ended\n");
}

TEST_F(ControlViewsTest, UsageIsOfWhatATenantMayHold) {
  v1::GetUsageResponse response;
  v1::TenantUsage* usage = response.add_tenants();
  usage->set_tenant("red");
  usage->set_weight(1);
  usage->set_cpus(3);
  usage->set_cpus_max(8);
  usage->set_gpus(1);
  const std::string text = RenderUsage(response, 120);
  EXPECT_THAT(text, HasSubstr("3 of 8"));
  EXPECT_THAT(text, HasSubstr("red"));
}

TEST_F(ControlViewsTest, AWorkersStateSaysWhatAnOperatorSaidOfIt) {
  v1::ListWorkersResponse response;
  v1::WorkerStatus* worker = response.add_workers();
  worker->set_worker_id("w1");
  worker->set_live(true);
  worker->mutable_record()->set_cordoned(true);
  worker->mutable_record()->set_drained(true);
  worker->mutable_record()->set_reason("new disk");
  EXPECT_THAT(RenderWorkerTable(response, 120), HasSubstr("drained (new disk)"));
}

}  // namespace
}  // namespace bonsai
