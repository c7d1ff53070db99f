#include "client/watch_view.h"

#include <cmath>

#include "client/job_lines.h"
#include "client/job_table.h"
#include "client/text_layout.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1000100);

v1::JobStatus Job(const std::string& name, v1::JobState state, const std::string& reason = "") {
  v1::JobStatus status;
  status.mutable_job()->set_id("p1/" + name);
  status.mutable_job()->mutable_spec()->set_name(name);
  status.mutable_job()->set_state(state);
  status.mutable_job()->set_reason(reason);
  status.mutable_job()->set_submitted_unix_ms(1000000000);
  if (state == v1::RUNNING || state == v1::DONE) {
    auto* attempt = status.mutable_job()->add_attempts();
    attempt->set_number(1);
    attempt->set_started_unix_ms(1000010000);
  }
  if (HasEnded(state)) status.mutable_job()->set_ended_unix_ms(1000040000);
  if (state == v1::DONE) status.mutable_job()->set_output_id("0123456789abcdef");
  return status;
}

v1::JobStatus Training(double loss = 4.2134) {
  v1::JobStatus status = Job("pretrain", v1::RUNNING);
  status.mutable_progress()->set_step(312);
  status.mutable_progress()->set_total_steps(500);
  status.mutable_progress()->set_unit("steps");
  status.mutable_progress()->set_eta_seconds(72);
  auto* metric = status.mutable_sample()->add_metrics();
  metric->set_name("loss");
  metric->set_value(loss);
  metric = status.mutable_sample()->add_metrics();
  metric->set_name("tokens_per_second");
  metric->set_value(12345);
  return status;
}

Screen Wide(size_t columns) {
  Screen screen;
  screen.columns = columns;
  return screen;
}

std::vector<v1::JobStatus> Mixed() {
  return {Job("corpus", v1::DONE), Training(), Job("sft", v1::WAITING, "waits for p1/pretrain"),
          Job("evaluate_pretrained", v1::FAILED,
              "bits_per_byte.corpus: document 17 of documents.binpb is cut off: 120 bytes of 4096"),
          Job("build", v1::CANCELLED)};
}

TEST(WatchViewTest, DrawsABarPerJobAt80Columns) {
  EXPECT_THAT(RenderWatch("p1", Mixed(), kNow, Wide(80), false),
              ElementsAre("p1: 5 jobs: 1 done, 1 FAILED, 1 cancelled, 1 running, 1 waiting, 1m40s",
                          "corpus              done      [########################] in 30s",
                          "pretrain            running   [####---] 312/500 loss 4.213 12.3k tok/s ETA 1m12s",
                          "sft                 waiting   waits for p1/pretrain",
                          "evaluate_pretrained FAILED    bits_per_byte.corpus: document 17 of",
                          "                              documents.binpb is cut off: 120 bytes of 4096",
                          "build               cancelled "));
}

TEST(WatchViewTest, DrawsABarPerJobAt120Columns) {
  EXPECT_THAT(
      RenderWatch("p1", Mixed(), kNow, Wide(120), false),
      ElementsAre(
          "p1: 5 jobs: 1 done, 1 FAILED, 1 cancelled, 1 running, 1 waiting, 1m40s",
          "corpus              done      [########################] in 30s",
          "pretrain            running   [###############---------] 312/500 steps  loss 4.213  12.3k tok/s  "
          "ETA 1m12s",
          "sft                 waiting   waits for p1/pretrain",
          "evaluate_pretrained FAILED    bits_per_byte.corpus: document 17 of documents.binpb is cut off: "
          "120 "
          "bytes of 4096",
          "build               cancelled "));
}

TEST(WatchViewTest, NeverIsWiderThanTheTerminal) {
  for (size_t columns = 40; columns < 140; ++columns) {
    for (bool unicode : {false, true}) {
      Screen screen = Wide(columns);
      screen.unicode = unicode;
      for (const std::string& line : RenderWatch("p1", Mixed(), kNow, screen, false)) {
        EXPECT_LE(DisplayWidth(line), columns) << line;
      }
    }
  }
}

TEST(WatchViewTest, ShowsALossThatIsNotANumberAndLeavesOutWhatIsNotKnown) {
  v1::JobStatus job = Training(std::nan(""));
  job.mutable_progress()->set_eta_seconds(-1);
  EXPECT_THAT(ProgressParts(job), ElementsAre("312/500 steps", "loss NaN", "12.3k tok/s"));
  job.clear_progress();
  job.mutable_sample()->clear_metrics();
  EXPECT_THAT(ProgressParts(job), IsEmpty());
  EXPECT_THAT(RenderWatch("p1", {job}, kNow, Wide(80), false)[1], HasSubstr("starting"));
  job.mutable_progress()->set_eta_seconds(std::nan(""));
  job.mutable_progress()->set_step(5);
  EXPECT_THAT(ProgressParts(job), ElementsAre("5"));
}

TEST(WatchViewTest, SumsUpDoneAndWaitingJobsWhereRowsAreFew) {
  std::vector<v1::JobStatus> jobs;
  for (int i = 0; i < 20; ++i) jobs.push_back(Job("d" + std::to_string(i), v1::DONE));
  for (int i = 0; i < 20; ++i) jobs.push_back(Job("w" + std::to_string(i), v1::WAITING));
  jobs.push_back(Job("bad", v1::FAILED, "why"));
  Screen screen = Wide(60);
  screen.rows = 12;
  EXPECT_THAT(
      RenderWatch("p1", jobs, kNow, screen, false),
      ElementsAre("p1: 41 jobs: 20 done, 1 FAILED, 20 waiting, 1m40s",
                  "20 done: d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11...",
                  "20 waiting: w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, ...", "bad  FAILED    why"));
  EXPECT_EQ(RenderWatch("p1", jobs, kNow, screen, true).size(), 42u);
}

TEST(WatchViewTest, NeverIsHigherThanTheTerminal) {
  std::vector<v1::JobStatus> jobs;
  for (int i = 0; i < 100; ++i) jobs.push_back(Training());
  for (size_t rows = 6; rows < 50; ++rows) {
    Screen screen = Wide(80);
    screen.rows = rows;
    EXPECT_LT(RenderWatch("p1", jobs, kNow, screen, false).size(), rows);
  }
}

TEST(WatchViewTest, ColoursTheStateWordAlone) {
  Screen screen = Wide(80);
  screen.colour = true;
  EXPECT_EQ(RenderWatch("p1", {Job("a", v1::FAILED, "why")}, kNow, screen, false)[1],
            "a    \x1b[31;1mFAILED   \x1b[0m why");
}

TEST(WatchViewTest, SaysWhyAnAttemptIsNotTheFirst) {
  v1::JobStatus job = Training();
  job.mutable_job()->mutable_attempts(0)->set_outcome(v1::AttemptRecord::LOST);
  job.mutable_job()->add_attempts()->set_number(2);
  EXPECT_EQ(WhyText(job.job()), "attempt 2: attempt 1 was lost with its worker");
}

TEST(WatchLogTest, SaysChangesAtOnceAndProgressEveryTenSeconds) {
  WatchLog log(absl::UTCTimeZone());
  v1::JobStatus job = Job("pretrain", v1::WAITING, "waits for p1/pack");
  EXPECT_THAT(log.Update(job, kNow), ElementsAre("13:48:20 p1/pretrain waiting: waits for p1/pack"));
  EXPECT_THAT(log.Update(job, kNow + absl::Seconds(30)), IsEmpty());
  job = Training();
  EXPECT_THAT(log.Update(job, kNow + absl::Seconds(31)), ElementsAre("13:48:51 p1/pretrain running"));
  EXPECT_THAT(log.Update(job, kNow + absl::Seconds(32)), IsEmpty());
  EXPECT_THAT(log.Update(job, kNow + absl::Seconds(41)),
              ElementsAre("13:49:01 p1/pretrain 312/500 steps  loss 4.213  12.3k tok/s  ETA 1m12s"));
  EXPECT_THAT(log.Update(job, kNow + absl::Seconds(55)), IsEmpty()) << "nothing is new";
  job = Job("pretrain", v1::FAILED, "loss is NaN at step 313");
  EXPECT_THAT(log.Update(job, kNow + absl::Seconds(56)),
              ElementsAre("13:49:16 p1/pretrain FAILED: loss is NaN at step 313"));
}

TEST(JobTableTest, ShowsEveryJobAndWrapsReasons) {
  v1::ListJobsResponse response;
  for (v1::JobStatus& status : Mixed()) *response.add_jobs() = status;
  EXPECT_EQ(RenderJobTable(response, kNow, 80),
            "JOB                     STATE      TRIES   TIME  PROGRESS, OUTPUT OR REASON\n"
            "p1/corpus               done           1    30s  -> 0123456789ab\n"
            "p1/pretrain             running        1  1m30s  312/500 steps loss 4.213 12.3k\n"
            "                                                 tok/s ETA 1m12s\n"
            "p1/sft                  waiting        0         waits for p1/pretrain\n"
            "p1/evaluate_pretrained  FAILED         0         bits_per_byte.corpus: document\n"
            "                                                 17 of documents.binpb is cut\n"
            "                                                 off: 120 bytes of 4096\n"
            "p1/build                cancelled      0\n");
  EXPECT_EQ(RenderJobTable({}, kNow, 80), "no jobs; submit a pipeline with `bonsai submit FILE`\n");
}

v1::JobStatus Measured() {
  v1::JobStatus status = Training();
  for (const auto& [name, value] :
       {std::pair{"grad_norm", 0.834}, std::pair{"model_flops_utilization", 0.4123},
        std::pair{"data_wait_share", 0.001}, std::pair{"memory_bytes", 536870912.0},
        std::pair{"validation_loss", 4.3125}}) {
    auto* metric = status.mutable_sample()->add_metrics();
    metric->set_name(name);
    metric->set_value(value);
  }
  return status;
}

LossCurves Falling() {
  LossCurves curves;
  for (int step = 0; step < 100; ++step) {
    v1::Sample sample;
    sample.set_step(step);
    sample.add_metrics()->set_name("loss");
    sample.mutable_metrics(0)->set_value(8 - 0.04 * step);
    curves["p1/pretrain"].Add(sample);
  }
  return curves;
}

TEST(RenderWatch, ATrainingJobHasItsFiguresAndItsCurveWhereThereIsRoom) {
  Screen screen = Wide(100);
  screen.unicode = true;
  const std::vector<v1::JobStatus> jobs = {Job("corpus", v1::DONE), Measured()};
  std::vector<std::string> lines = RenderWatch("p1", jobs, kNow, screen, false, Falling());
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_THAT(lines[3],
              HasSubstr("  validation 4.312  gradient 0.8340  MFU 41.2%  data wait 0.1%  memory 512.0 MiB"));
  EXPECT_THAT(lines[4], HasSubstr(" 7.640 \xE2\xA0\x89"));
  EXPECT_THAT(lines[6], HasSubstr("4.040 "));
  for (const std::string& line : lines) EXPECT_LE(DisplayWidth(line), 100u);
  screen.columns = 44;
  for (const std::string& line : RenderWatch("p1", jobs, kNow, screen, false, Falling())) {
    EXPECT_LE(DisplayWidth(line), 44u) << line;
  }
  screen = Wide(100);
  EXPECT_EQ(RenderWatch("p1", jobs, kNow, screen, false, Falling()).size(), 4u);  // without the characters
  screen.unicode = true;
  screen.rows = 6;  // the curve gives way to the jobs
  lines = RenderWatch("p1", jobs, kNow, screen, false, Falling());
  EXPECT_EQ(lines.size(), 4u);
}

TEST(WatchLog, ProgressOfATrainingJobHasItsFigures) {
  WatchLog log(absl::UTCTimeZone());
  log.Update(Measured(), kNow);
  const std::vector<std::string> lines = log.Update(Measured(), kNow + absl::Seconds(11));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0],
              HasSubstr("loss 4.213  12.3k tok/s  ETA 1m12s  validation 4.312  gradient 0.8340  MFU 41.2%"));
}

}  // namespace
}  // namespace bonsai
